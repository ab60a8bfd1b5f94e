"""How ranks are started within a job of Slurm's, and what is refused there."""

from pathlib import Path

import pytest
from cluster import wait_until

HELLO = """
import os, sys
from distsim.comm.world import library_version, world
comm = world()
ranks = comm.gather((comm.Get_rank(), os.environ["SLURMD_NODENAME"]))
if ranks:
    nodes = {node for _, node in ranks}
    print("counted", comm.Get_size(), "ranks on", len(nodes), library_version())
"""
# Debian's, which is built for Slurm
SYSTEM_MPI = Path("/usr/lib/x86_64-linux-gnu/libmpi.so.40")


@pytest.fixture(scope="module")
def hello(tmp_path_factory):
    script = tmp_path_factory.mktemp("hello") / "hello.py"
    script.write_text(HELLO)
    return script


def in_job(cluster, folder, text, *options, **variables):
    """Return what a batch script with some lines has printed."""
    script = folder / "job.sh"
    script.write_text(f"#!/bin/bash\n{text}\n")
    job = cluster.submit(script, options=options, folder=folder, **variables)
    cluster.wait(job)
    return (folder / f"{job}.log").read_text()


def test_a_job_without_n_has_all_tasks_of_all_nodes(cluster, tmp_path, hello):
    # eight CPUs for Slurm, which are two cores: Open MPI would refuse to bind that many ranks
    told = in_job(cluster, tmp_path, f"distsim run {hello}", "--nodes=2", "--ntasks-per-node=4")
    assert "8 ranks on 2" in told


def test_what_has_no_room_in_a_job_is_refused(cluster, tmp_path, hello):
    lines = [f"distsim run -n 3 {hello}", f"srun -n 1 distsim run -n 2 {hello}"]
    told = in_job(cluster, tmp_path, "\n".join(lines), "--ntasks=2")
    assert "-n 3: the job has 2 tasks" in told
    assert "`distsim run -n 2` within `srun`" in told
    assert "counted" not in told


def test_tasks_that_srun_starts_apart_are_refused(cluster, tmp_path, hello):
    told = in_job(cluster, tmp_path, f"srun --mpi=none python {hello}", "--ntasks=2")
    assert "the launcher started 2 ranks (SLURM_STEP_NUM_TASKS=2)" in told
    assert "srun without `--mpi=pmix`" in told
    assert "counted" not in told


def test_open_mpi_5_is_refused_where_a_node_has_two_names(cluster, tmp_path, hello):
    if "Open MPI v5" not in in_job(cluster, tmp_path, f"distsim run -n 1 {hello}"):
        pytest.skip("another MPI")
    command = f"srun --mpi=pmix env PMIX_HOSTNAME=login python {hello}"
    told = in_job(cluster, tmp_path, command, "--ntasks=3")
    assert "this node is called 'login', and 'n1' by Slurm" in told
    assert "distsim run -n 3" in told
    assert "counted" not in told


@pytest.mark.parametrize("library", ["", SYSTEM_MPI])
def test_srun_starts_ranks_of_an_mpi_that_knows_pmix(cluster, tmp_path, hello, library):
    if library and not library.exists():
        pytest.skip(f"no {library}")
    variables = {"MPI4PY_LIBMPI": str(library)} if library else {}
    command = f"srun --mpi=pmix python {hello}"
    options = ("--nodes=2", "--ntasks-per-node=3")
    told = in_job(cluster, tmp_path, command, *options, **variables)
    assert "6 ranks on 2 Open MPI" in told
    assert ("v4" in told) == bool(library)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), "distsim: SIGTERM from Slurm: cancelled, or at the time limit"),
        (("--full", "--signal=INT"), "distsim: interrupted"),
    ],
)
def test_scancel_leaves_a_line_and_no_ranks(cluster, tmp_path, options, expected):
    model = tmp_path / "endless.py"
    model.write_text(
        "import time\n"
        "from distsim.comm.world import world\n"
        "world()\n"
        "print('started', flush=True)\n"
        "time.sleep(600)\n"
    )
    script = tmp_path / "job.sh"
    script.write_text("#!/bin/bash\nexec distsim run endless.py\n")
    job = cluster.submit(script, options=["--ntasks=3"], folder=tmp_path)
    log = tmp_path / f"{job}.log"
    wait_until(lambda: log.exists() and log.read_text().count("started") == 3, cluster.logs)
    cluster.command("scancel", *options, job)
    cluster.wait(job, log=log)
    wait_until(lambda: not cluster.processes("endless.py"))
    assert expected in log.read_text()
