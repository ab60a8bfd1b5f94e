"""Recordings to write, ways to split them over ranks, and ranks that are threads."""

import threading
from collections import defaultdict
from queue import Queue

import h5py
import numpy as np
import pytest

from distsim.io import PopulationData, PopulationInfo, SegmentData, SignalData, SpikeData

TIMEOUT = 60.0


class ThreadComm:
    """One rank's end of a communicator between threads: the buffer calls that io makes."""

    def __init__(self, rank, n_ranks, queues):
        self._rank, self._n_ranks, self._queues = rank, n_ranks, queues
        self.largest = 0

    def Get_rank(self):  # noqa: N802
        """Return the rank of this thread."""
        return self._rank

    def Get_size(self):  # noqa: N802
        """Return the number of threads."""
        return self._n_ranks

    def Send(self, buf, dest, tag):  # noqa: N802
        """Send an array, note its size."""
        self.largest = max(self.largest, buf.nbytes)
        # like a rendezvous: return only when the message has been taken
        taken = threading.Event()
        self._queues[self._rank, dest].put((tag, buf.copy(), taken))
        assert taken.wait(TIMEOUT)

    def Recv(self, buf, source, tag):  # noqa: N802
        """Receive into an array of the size that was sent."""
        sent_tag, sent, taken = self._queues[source, self._rank].get(timeout=TIMEOUT)
        assert (sent_tag, sent.dtype, sent.shape) == (tag, buf.dtype, buf.shape)
        buf[...] = sent
        taken.set()


def run_on_ranks(n_ranks, action):
    """Return what ``action(comm)`` returned or raised on each of the threads."""
    queues = defaultdict(Queue)
    for pair in np.ndindex(n_ranks, n_ranks):
        queues[pair] = Queue()
    outcomes = [None] * n_ranks

    def run(rank):
        try:
            outcomes[rank] = action(ThreadComm(rank, n_ranks, queues))
        except Exception as error:  # the tests look at it
            outcomes[rank] = error

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(n_ranks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
        assert not thread.is_alive()
    return outcomes


@pytest.fixture(name="run_on_ranks", scope="session")
def run_on_ranks_fixture():
    return run_on_ranks


def split_segment(segment, rank, n_ranks, seed):
    """Return what `rank` would have recorded, each cell on a rank drawn by chance."""
    populations = []
    for info, spikes, signals in segment.populations:
        owner = np.random.default_rng([seed, info.first_gid]).integers(0, n_ranks, info.size)
        populations.append(
            PopulationData(
                info,
                None if spikes is None else _split_spikes(spikes, owner == rank),
                [_split_signal(signal, owner == rank) for signal in signals],
            )
        )
    return SegmentData(
        segment.index, segment.t_start, segment.t_stop, segment.annotations, populations
    )


def _split_spikes(spikes, is_mine):
    kept = is_mine[spikes.senders]
    node_ids = spikes.node_ids[is_mine[spikes.node_ids]]
    return SpikeData(node_ids, spikes.times[kept], spikes.senders[kept])


def _split_signal(signal, is_mine):
    kept = is_mine[signal.node_ids]
    return SignalData(
        signal.variable,
        signal.units,
        signal.node_ids[kept],
        np.ascontiguousarray(signal.data[:, kept]),
        signal.t_start,
        signal.sampling_interval,
    )


@pytest.fixture(name="split_segment", scope="session")
def split_segment_fixture():
    return split_segment


def make_spikes(rng, size, n_recorded, n_spikes):
    """Return spikes of some cells on a coarse grid of times, so that many coincide."""
    node_ids = np.sort(rng.choice(size, n_recorded, replace=False)).astype(np.int64)
    senders = rng.choice(node_ids, n_spikes) if n_recorded else np.empty(0, dtype=np.int64)
    times = rng.integers(0, 100, senders.size) * 0.1
    order = np.lexsort((senders, times))
    return SpikeData(node_ids, times[order], senders[order])


def make_signal(rng, variable, units, size, n_recorded, n_samples):
    node_ids = np.sort(rng.choice(size, n_recorded, replace=False)).astype(np.int64)
    return SignalData(variable, units, node_ids, rng.normal(size=(n_samples, n_recorded)), 0.0, 0.1)


@pytest.fixture(name="make_spikes", scope="session")
def make_spikes_fixture():
    return make_spikes


@pytest.fixture(name="make_signal", scope="session")
def make_signal_fixture():
    return make_signal


@pytest.fixture
def segments():
    """Two segments of three populations, one of them recorded from nothing."""
    rng = np.random.default_rng(1)
    exc = PopulationInfo("exc", 300, 0, {"layer": 4, "axis": [0, 1]}, "IF_curr_exp")
    quiet = PopulationInfo("quiet", 5, 300)
    inh = PopulationInfo("layer 2/3.ünh", 75, 305, {"layer": 5}, "IF_cond_exp")
    made = []
    for index in range(2):
        populations = [
            PopulationData(
                exc,
                make_spikes(rng, 300, 200, 3000),
                [
                    make_signal(rng, "v", "mV", 300, 250, 700),
                    make_signal(rng, "gsyn_exc", "uS", 300, 11, 700),
                ],
            ),
            PopulationData(quiet, None, []),
            PopulationData(
                inh,
                make_spikes(rng, 75, 75, 40),
                [make_signal(rng, "v", "mV", 75, 3, 700)],
            ),
        ]
        made.append(SegmentData(index, 0.0, 70.0, {"trial": index}, populations))
    return made


def datasets_of(path):
    """Return dtype, shape, chunks and bytes of each dataset, and the attributes of everything."""
    found = {}

    def note(name, item):
        attributes = {key: np.asarray(value).tolist() for key, value in item.attrs.items()}
        found[name] = attributes
        if isinstance(item, h5py.Dataset):
            found[name] = (attributes, item.dtype, item.shape, item.chunks, item[...].tobytes())

    with h5py.File(path) as file:
        note("/", file)
        file.visititems(note)
    return found


@pytest.fixture(name="datasets_of", scope="session")
def datasets_of_fixture():
    return datasets_of
