"""One file from the recordings of real ranks; to be started under mpiexec."""

import numpy as np
import pytest

from distsim import io
from distsim.errors import FileWriteError
from distsim.io import (
    PopulationData,
    PopulationInfo,
    SegmentData,
    SignalData,
    SpikeData,
    write,
)

N_CELLS, N_SAMPLES, N_SPIKES = 103, 12_000, 20_000


def recording(rank, n_ranks):
    """Return what a rank has recorded if the cells are dealt out in turn, and none to the last."""
    rng = np.random.default_rng(3)
    n_owners = max(1, n_ranks - 1)
    senders = rng.integers(0, N_CELLS, N_SPIKES)
    times = rng.integers(0, 500, N_SPIKES) * 0.1
    order = np.lexsort((senders, times))
    values = rng.normal(size=(N_SAMPLES, N_CELLS))
    node_ids = np.arange(N_CELLS)
    is_mine = node_ids % n_owners == rank
    kept = order[is_mine[senders[order]]]
    spikes = SpikeData(node_ids[is_mine], times[kept], senders[kept])
    signal = SignalData("v", "mV", node_ids[is_mine], values[:, is_mine], 0.0, 0.1)
    info = PopulationInfo("exc", N_CELLS, 10, {"layer": 4}, "IF_curr_exp")
    return [SegmentData(0, 0.0, 1200.0, {}, [PopulationData(info, spikes, [signal])])]


def test_the_ranks_write_one_file(comm, shared_tmp_path):
    path = shared_tmp_path / "run.h5"
    write(path, recording(comm.Get_rank(), comm.Get_size()), {"dt": 0.1}, comm)
    expected = recording(0, 1)[0].populations[0]
    with io.open(path) as file:
        restored = file.segments[0].load().populations[0]
    assert restored.info == expected.info
    for name in ("node_ids", "times", "senders"):
        ours, theirs = getattr(restored.spikes, name), getattr(expected.spikes, name)
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(restored.signals[0].node_ids, expected.signals[0].node_ids)
    np.testing.assert_array_equal(restored.signals[0].data, expected.signals[0].data)


def test_a_file_where_the_folder_should_be_is_the_same_error_on_every_rank(comm, shared_tmp_path):
    if comm.Get_rank() == 0:
        (shared_tmp_path / "file").touch()
    comm.Barrier()
    with pytest.raises(FileWriteError, match="cannot be written") as caught:
        write(
            shared_tmp_path / "file" / "run.h5",
            recording(comm.Get_rank(), comm.Get_size()),
            {},
            comm,
        )
    assert len(set(comm.allgather(str(caught.value)))) == 1
