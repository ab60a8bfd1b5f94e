"""Jobs that are ended, and go on: by a signal, and by the death of a rank."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from distsim.pynn.triggers import STOPPED

SCRIPT = Path(__file__).parent / "pynn" / "scripts" / "long_run.py"
# [s]
PATIENCE = 120.0


class Job:
    """A job of several ranks that writes checkpoints, resumed if there is one."""

    def __init__(self, n_ranks, folder, duration):
        self.checkpoint = folder / "run.h5"
        self.log = folder / f"log{n_ranks}"
        options = ["-n", str(n_ranks), "--checkpoint", str(self.checkpoint), "--resume"]
        options += ["--checkpoint-every", "250", str(SCRIPT), str(folder / "run.npz"), duration]
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
    assert Job(1, whole, "5000").wait() == 0

    hold = tmp_path / "hold"
    hold.touch()
    first = Job(2, tmp_path, "5000")
    first.wait_for(first.checkpoint.exists)
    first.process.send_signal(signal.SIGTERM)
    assert first.wait() == STOPPED, first.log.read_text()
    assert "stopped at t = " in first.log.read_text()

    second = Job(3, tmp_path, "5000")
    before = first.checkpoint.stat().st_ino
    second.wait_for(lambda: second.checkpoint.stat().st_ino != before)
    (rank,) = re.findall(r"process (\d+)", second.log.read_text())
    os.kill(int(rank), signal.SIGKILL)
    assert second.wait() not in (0, STOPPED)
    hold.unlink()

    last = Job(1, tmp_path, "5000")
    assert last.wait() == 0, last.log.read_text()
    assert "going on from" in last.log.read_text()
    with np.load(tmp_path / "run.npz") as ours, np.load(whole / "run.npz") as expected:
        assert sorted(ours) == ["spikes", "v", "weights"]
        for name, values in expected.items():
            np.testing.assert_array_equal(ours[name], values)


def test_resuming_without_the_name_of_a_checkpoint_is_refused(tmp_path):
    command = [sys.executable, "-P", "-m", "distsim", "run", "--resume", str(SCRIPT), "x.npz", "1"]
    job = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=PATIENCE)
    assert job.returncode != 0
    assert "--checkpoint" in job.stderr
