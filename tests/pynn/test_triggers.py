"""When a checkpoint is made by itself."""

import time

import pytest

import distsim as sim
from distsim.pynn.triggers import STOPPED


def wait(t):
    """Let a run take ten times as long as its own time."""
    time.sleep(0.01)
    return t + 1.0


def test_a_job_ends_with_a_checkpoint_when_its_time_is_almost_over(tmp_path, monkeypatch):
    path = tmp_path / "run.h5"
    monkeypatch.setenv("SLURM_JOB_END_TIME", str(int(time.time()) + 2))
    sim.setup(checkpoint=path, log=False)
    sim.Population(2, sim.IF_curr_exp(i_offset=1.0))
    with pytest.raises(SystemExit) as caught:
        sim.run(1e6, callbacks=[wait])
    assert caught.value.code == STOPPED
    assert path.exists()
    assert sim.get_current_time() < 1e6


def test_the_end_of_a_job_that_is_over_counts_no_longer(tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_END_TIME", str(int(time.time()) - 1))
    sim.setup(checkpoint=tmp_path / "run.h5", log=False)
    sim.Population(2, sim.IF_curr_exp(i_offset=1.0))
    assert sim.run(20.0, callbacks=[wait]) == 20.0
