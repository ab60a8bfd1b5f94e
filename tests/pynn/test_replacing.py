"""Files that a run must not write over."""

import pytest

import distsim as sim
from distsim.errors import FileWriteError


def recorded(task, file, monkeypatch, array="7"):
    """Write a file as a task of an array job does."""
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", array)
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", task)
    sim.setup(log=False)
    cells = sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0]))
    cells.record("spikes")
    sim.run(2.0)
    cells.write_data(str(file))


def test_a_task_of_an_array_does_not_write_over_the_file_of_another(tmp_path, monkeypatch):
    file = tmp_path / "out.h5"
    file.write_text("of something else")
    recorded("1", file, monkeypatch)
    # the same task again, as after it was put back into the queue
    recorded("1", file, monkeypatch)
    before = file.read_bytes()
    with pytest.raises(FileWriteError, match=r"written by task 1 .* this is task 2; name a file"):
        recorded("2", file, monkeypatch)
    with pytest.raises(FileWriteError, match="written by task 1"):
        sim.Population(1, sim.IF_curr_exp()).record("spikes", to_file=str(file))
    assert file.read_bytes() == before
    recorded("2", tmp_path / "other.h5", monkeypatch)
    # what another job has left
    recorded("2", file, monkeypatch, array="8")
