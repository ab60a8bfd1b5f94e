"""Jobs that are ended, and go on: by a signal, and by the death of a rank."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from distsim.pynn.triggers import STOPPED

SCRIPT = Path(__file__).parent / "pynn" / "scripts" / "long_run.py"
# [s]
PATIENCE = 120.0


class Job:
    """A job of several ranks that writes checkpoints, resumed if there is one."""

    def __init__(self, n_ranks, folder, *times, script=SCRIPT):
        self.checkpoint = folder / "run.h5"
        self.log = folder / f"log{n_ranks}"
        options = ["-n", str(n_ranks), "--checkpoint", str(self.checkpoint), "--resume"]
        options += ["--checkpoint-every", "250", str(script), str(folder / "run.npz"), *times]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "distsim", "run", *options], stdout=log, stderr=log
            )

    def wait_for(self, happened):
        """Wait until something has happened."""
        end = time.monotonic() + PATIENCE
        try:
            while not happened():
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < end, self.log.read_text()
                time.sleep(0.05)
        except AssertionError:
            self.process.kill()
            self.process.wait()
            raise

    def wait(self):
        """Return the exit status."""
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()


def test_a_job_that_is_stopped_and_then_killed_ends_as_if_it_had_never_been(tmp_path):
    whole = tmp_path / "whole"
    whole.mkdir()
    assert Job(1, whole, "2500").wait() == 0

    hold = tmp_path / "hold"
    hold.touch()
    first = Job(2, tmp_path, "2500")
    first.wait_for(first.checkpoint.exists)
    first.process.send_signal(signal.SIGTERM)
    assert first.wait() == STOPPED, first.log.read_text()
    assert "stopped at t = " in first.log.read_text()

    second = Job(3, tmp_path, "2500")
    before = first.checkpoint.stat().st_ino
    second.wait_for(lambda: second.checkpoint.stat().st_ino != before)
    (rank,) = re.findall(r"process (\d+)", second.log.read_text())
    os.kill(int(rank), signal.SIGKILL)
    assert second.wait() not in (0, STOPPED)
    assert re.search("signal 9|Killed|killed", second.log.read_text())
    # what it was writing when it ended would have no name
    assert not [path for path in tmp_path.iterdir() if "part" in path.name]
    hold.unlink()

    last = Job(1, tmp_path, "2500")
    assert last.wait() == 0, last.log.read_text()
    assert "going on from" in last.log.read_text()
    assert_same_outcome(tmp_path, whole)


def assert_same_outcome(folder, whole):
    with np.load(folder / "run.npz") as ours, np.load(whole / "run.npz") as expected:
        assert sorted(ours) == ["spikes", "v", "weights"]
        for name, values in expected.items():
            np.testing.assert_array_equal(ours[name], values)


@pytest.mark.slow
def test_ten_pieces_on_other_ranks_each_are_one_run(tmp_path):
    whole = tmp_path / "whole"
    whole.mkdir()
    assert Job(4, whole, "3000").wait() == 0
    for k, n_ranks in enumerate([2, 1, 3, 4, 2, 1, 4, 3, 2]):
        job = Job(n_ranks, tmp_path, "3000", f"{300.0 * (k + 1)}")
        assert job.wait() == STOPPED, job.log.read_text()
    last = Job(3, tmp_path, "3000")
    assert last.wait() == 0, last.log.read_text()
    assert_same_outcome(tmp_path, whole)


@pytest.mark.slow
def test_what_was_begun_on_two_ranks_goes_on_on_any(tmp_path):
    whole, begun = tmp_path / "whole", tmp_path / "begun"
    for folder in (whole, begun):
        folder.mkdir()
    assert Job(2, whole, "1500").wait() == 0
    assert Job(2, begun, "1500", "700").wait() == STOPPED
    for n_ranks in (1, 3, 4):
        folder = tmp_path / f"{n_ranks}"
        folder.mkdir()
        shutil.copy(begun / "run.h5", folder)
        job = Job(n_ranks, folder, "1500")
        assert job.wait() == 0, job.log.read_text()
        assert_same_outcome(folder, whole)


FAILING = """
import distsim as sim
from distsim import lockstep
from distsim.io import snapshots

# a rank that failed waits so long for the others [s]
lockstep.FAILURE_DELAY = 1.0
sim.setup(timestep=0.1)
cells = sim.Population(5, sim.IF_curr_exp(i_offset=1.0))
sim.run(1.0)

def fail(*arguments):
    raise MemoryError("no memory for rows")

if sim.rank() == 1:
    snapshots.collect_rows = fail
sim.run(500.0)
"""


def test_an_error_of_one_rank_while_it_stores_ends_all(tmp_path):
    script = tmp_path / "failing.py"
    script.write_text(FAILING)
    job = Job(2, tmp_path, script=script)
    assert job.wait() not in (0, STOPPED)
    assert "MemoryError: no memory for rows" in job.log.read_text()
    assert not job.checkpoint.exists()


OTHERS = {
    "recordings.h5": "it has recordings, which distsim.io.open() reads",
    "weights.h5": "it has values of connections, which distsim.io.read_connection_values() reads",
    "another.h5": "another program has written it",
    "text.h5": "it is no HDF5 file",
    "empty.h5": "it is empty",
    "folder.h5": "it is a folder",
    "cut.h5": "is damaged, or was changed by another program",
}

WRITER = """
import distsim as sim

sim.setup(timestep=0.1, log=False)
cells = sim.Population(3, sim.IF_curr_exp(i_offset=1.0))
learning = sim.STDPMechanism(sim.SpikePairRule(), sim.AdditiveWeightDependence())
projection = sim.Projection(cells, cells, sim.AllToAllConnector(), learning)
cells.record("spikes")
projection.record("weight", sampling_interval=1.0)
sim.run(5.0)
sim.checkpoint("cut.h5")
cells.write_data("recordings.h5")
projection.write_data("weights.h5")
"""


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Return a folder of files that are no checkpoints."""
    folder = tmp_path_factory.mktemp("others")
    subprocess.run([sys.executable, "-P", "-c", WRITER], cwd=folder, check=True, timeout=PATIENCE)
    cut = folder / "cut.h5"
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    (folder / "text.h5").write_text("no checkpoint")
    (folder / "empty.h5").touch()
    (folder / "folder.h5").mkdir()
    with h5py.File(folder / "another.h5", "w") as file:
        file["values"] = [1.0]
        # as SONATA's
        file.attrs["magic"] = 0x0A7A
        file.attrs["kind"] = "spikes"
    (folder / "model.py").write_text("import distsim as sim\nsim.setup(log=False)\nsim.run(1.0)\n")
    return folder


def refused(folder, n_ranks, *options):
    """Return the one line that says why a job does not resume."""
    command = [sys.executable, "-P", "-m", "distsim", "run", "-n", str(n_ranks), "--resume"]
    job = subprocess.run(
        [*command, *options, "model.py"],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=PATIENCE,
    )
    assert job.returncode == 1, job.stderr
    assert "Traceback" not in job.stderr
    lines = [line for line in job.stderr.splitlines() if line.startswith("distsim: ")]
    return next(line for line in lines if "ranks share" not in line)


@pytest.mark.parametrize(
    ("name", "n_ranks"),
    [*((name, 1) for name in OTHERS), ("text.h5", 2), ("recordings.h5", 3), ("cut.h5", 2)],
)
def test_what_is_no_checkpoint_is_refused_in_one_line(others, name, n_ranks):
    line = refused(others, n_ranks, "--checkpoint", name)
    assert f"'{others / name}'" in line
    assert OTHERS[name] in line
    # and what to do
    assert ("run the simulation again" if name == "cut.h5" else "give a file that") in line


@pytest.mark.parametrize("n_ranks", [1, 2, 3])
def test_resuming_without_the_name_of_a_checkpoint_is_refused(others, n_ranks):
    assert "--checkpoint FILE" in refused(others, n_ranks)


LATE = """
import sys, time
from pathlib import Path
from mpi4py import MPI

folder = Path(sys.argv[1])
(folder / f"begun{MPI.COMM_WORLD.rank}").touch()
while not (folder / "go").exists():
    time.sleep(0.05)
import distsim as sim

sim.setup(timestep=0.1, log=False)
sim.Population(3, sim.IF_curr_exp())
sim.run(1e6)
"""


def test_signals_wait_until_a_script_has_set_up(tmp_path):
    script, checkpoint = tmp_path / "late.py", tmp_path / "late.h5"
    script.write_text(LATE)
    command = [sys.executable, "-P", "-m", "distsim", "run", "-n", "2", "--checkpoint", checkpoint]
    job = subprocess.Popen([*command, script, tmp_path], stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + PATIENCE
        while len(list(tmp_path.glob("begun?"))) < 2:
            assert time.monotonic() < end
            time.sleep(0.05)
        for number in (signal.SIGUSR1, signal.SIGTERM):
            job.send_signal(number)
            time.sleep(0.5)
        assert job.poll() is None
        (tmp_path / "go").touch()
        _, errors = job.communicate(timeout=PATIENCE)
    finally:
        job.kill()
    assert job.returncode == STOPPED, errors
    assert checkpoint.exists()
