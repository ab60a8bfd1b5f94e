"""The batch scripts of slurm/, under a real Slurm."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from cluster import wait_until

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "slurm"
RUN = Path(__file__).parent / "paced_run.py"
# Debian's, which is built for Slurm
SYSTEM_MPI = Path("/usr/lib/x86_64-linux-gnu/libmpi.so.40")
DURATION = "1500"


@pytest.fixture(scope="module")
def whole(cluster, tmp_path_factory):
    """Return what a run on one node gives that nothing has cut."""
    folder = tmp_path_factory.mktemp("whole")
    job = cluster.submit(
        *(SCRIPTS / "single_node.sh", RUN, "run.npz", DURATION),
        options=["--ntasks-per-node=2"],
        folder=folder,
    )
    log = folder / f"{job}.log"
    assert cluster.wait(job, log=log) == ["COMPLETED"], log.read_text()
    assert "on 2 ranks" in log.read_text()
    return np.load(folder / "run.npz")


def assert_same(file, expected):
    with np.load(file) as ours:
        assert sorted(ours) == ["spikes", "v", "weights"]
        assert len(ours["spikes"]) > 1000
        for name, values in expected.items():
            np.testing.assert_array_equal(ours[name], values)


def test_scripts_are_those_that_submit_writes():
    spec = importlib.util.spec_from_file_location("make_scripts", SCRIPTS / "make_scripts.py")
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    assert maker.texts() == {file.name: file.read_text() for file in SCRIPTS.glob("*.sh")}


def test_ranks_on_several_nodes_give_the_same(cluster, tmp_path, whole):
    job = cluster.submit(
        *(SCRIPTS / "several_nodes.sh", RUN, "run.npz", DURATION),
        options=["--ntasks-per-node=1"],
        folder=tmp_path,
    )
    log = tmp_path / f"{job}.log"
    assert cluster.wait(job, log=log) == ["COMPLETED"], log.read_text()
    assert "on 2 ranks" in log.read_text()
    assert_same(tmp_path / "run.npz", whole)


def test_a_job_that_is_cut_twice_ends_as_if_it_had_never_been(cluster, tmp_path, whole):
    job = cluster.submit(
        *(SCRIPTS / "long_job.sh", RUN, "run.npz", DURATION, "0.05"),
        options=["--ntasks-per-node=2"],
        folder=tmp_path,
    )
    log = tmp_path / f"{job}.log"

    def count(text):
        return log.read_text().count(text) if log.exists() else 0

    for cut in (1, 2):
        # as --signal does, in the midst of a run
        at = f"t = {400 * cut} ms"
        wait_until(lambda at=at: count(at), lambda: log.read_text() + cluster.logs())
        cluster.command("scancel", "--batch", "--signal=USR1", job)
        wait_until(lambda cut=cut: count("stopped at") == cut, log.read_text)
    assert cluster.wait(job, log=log) == ["COMPLETED"], log.read_text()
    assert count("going on from") == 2
    assert_same(tmp_path / "run.npz", whole)
    assert cluster.exit_statuses(job) == ["0:0"]


def test_an_array_runs_each_line_in_a_folder_of_its_own(cluster, tmp_path):
    (tmp_path / "model.py").write_text(
        "import os, sys\n"
        "from pathlib import Path\n"
        "from distsim.comm.world import world\n"
        "Path('out.txt').write_text(repr((world().Get_size(), sys.argv[1:])))\n"
        "sys.exit(int(sys.argv[-1]))\n"
    )
    (tmp_path / "list.txt").write_text("--name 'two words' 0\n--name plain 3\n")
    job = cluster.submit(
        *(SCRIPTS / "array.sh", "list.txt", "model.py", "first"),
        options=["--array=1-3"],
        folder=tmp_path,
    )
    assert sorted(cluster.wait(job)) == ["COMPLETED", "FAILED", "FAILED"]
    folder = tmp_path / f"distsim-{job}"
    outputs = [(folder / k / "out.txt").read_text() for k in "12"]
    assert outputs == [
        "(1, ['first', '--name', 'two words', '0'])",
        "(1, ['first', '--name', 'plain', '3'])",
    ]
    assert [(folder / k / "status").read_text() for k in "12"] == ["0\n", "3\n"]
    assert not (folder / "3").exists()
    assert "no line 3 in" in (tmp_path / f"{job}_3.log").read_text()


def submitted(cluster, folder, *words, **variables):
    """Call `distsim submit`; return the job's id, and a function that counts a text in its log."""
    command = (sys.executable, "-P", "-m", "distsim", "submit", RUN, "--name", "run", *words)
    told = cluster.command(*command, folder=folder, **variables)
    job = told.splitlines()[-1].removeprefix("submitted: job ")
    log = folder / f"run-{job}.log"
    return job, lambda text: log.read_text().count(text) if log.exists() else 0


@pytest.mark.slow
def test_ranks_of_srun_get_the_signal_themselves(cluster, tmp_path, whole):
    if not SYSTEM_MPI.exists():
        pytest.skip(f"no {SYSTEM_MPI}")
    words = ["--requeue", "--launch=srun", "--ntasks-per-node=2", "--", "run.npz", DURATION, "0.05"]
    job, count = submitted(cluster, tmp_path, *words, MPI4PY_LIBMPI=str(SYSTEM_MPI))
    wait_until(lambda: count("t = 400 ms"), cluster.logs)
    # as --signal does without B:
    cluster.command("scancel", "--signal=USR2", job)
    wait_until(lambda: count("stopped at"), cluster.logs)
    assert cluster.wait(job) == ["COMPLETED"]
    assert count("going on from") == 1
    assert_same(tmp_path / "run.npz", whole)


@pytest.mark.slow
def test_a_job_goes_on_beyond_its_time_limit(cluster, tmp_path, whole):
    # 75 callbacks, each of 1 s, which are more than a job of a minute is given
    words = ["--requeue", "--time=1", "--ntasks-per-node=2", "--", "run.npz", DURATION, "1"]
    job, count = submitted(cluster, tmp_path, *words)
    assert cluster.wait(job, patience=500.0) == ["COMPLETED"]
    assert count("stopped at") == count("going on from") >= 2
    assert_same(tmp_path / "run.npz", whole)
