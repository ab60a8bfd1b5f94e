"""Directed exchange: a rank has, in order, the spikes of all sources with targets on it."""

import numpy as np
import pytest

from distsim.engines.native import directed as module
from distsim.engines.native.directed import DirectedExchange
from distsim.engines.native.exchange import SpikeExchange
from distsim.engines.native.messages import NO_SPIKES, Traffic
from distsim.engines.native.routes import find_routes
from distsim.partitioning import Partition
from distsim.partitioning.placement import RoundRobin

N_CELLS = 60


def partition_of(n_ranks):
    return Partition().with_population(RoundRobin(N_CELLS, n_ranks))


def spikes_of(rng, n_spikes, step):
    """Return unsorted spikes of distinct cells in two steps."""
    gids = rng.permutation(N_CELLS)[:n_spikes]
    return (step + rng.integers(0, 2, n_spikes)) << 32 | gids


@pytest.mark.parametrize("n_ranks", [1, 2, 3, 7])
@pytest.mark.parametrize("capacity", [1, 4, 64])
@pytest.mark.parametrize("density", [0.0, 0.3, 1.0])
def test_it_gives_what_an_allgather_gives_of_the_wanted_sources(
    monkeypatch, on_ranks, n_ranks, capacity, density
):
    monkeypatch.setattr(module, "PERIOD", 4)
    rng = np.random.default_rng(n_ranks)
    partition = partition_of(n_ranks)
    wants = rng.random((n_ranks, N_CELLS)) < density
    wants[0] = False  # a rank without targets
    # silence, bursts of all cells, small ones in between, so that messages shrink and grow again
    sizes = [0, 1, 3, N_CELLS, 0, 5, 9, 2, 0, 0, 1, 0, 2, 0, 0, 0, N_CELLS, 30, 3]
    epochs = [spikes_of(rng, size, 2 * epoch) for epoch, size in enumerate(sizes)]

    def run(comm):
        is_wanted = wants[comm.rank]
        routes = find_routes(comm, partition, np.flatnonzero(is_wanted))
        directed, to_all = DirectedExchange(comm, routes, capacity), SpikeExchange(comm)
        found = []
        for keys in epochs:
            mine = keys[partition.rank_of(keys & 0xFFFFFFFF) == comm.rank]
            everything = to_all.exchange(mine)
            found.append((directed.exchange(mine), everything[is_wanted[everything & 0xFFFFFFFF]]))
        directed.free()
        return found

    for rank, found in enumerate(on_ranks(n_ranks, run)):
        assert len(found) == len(epochs)
        for ours, expected in found:
            np.testing.assert_array_equal(ours, expected)
        assert any(ours.size for ours, _ in found) == wants[rank].any()


def test_what_is_returned_is_not_overwritten(on_ranks):
    def run(comm):
        exchange = DirectedExchange(comm, find_routes(comm, partition_of(2), np.arange(N_CELLS)))
        first = exchange.exchange(np.array([comm.rank]))
        exchange.exchange(np.array([7 - comm.rank]))
        return first

    for first in on_ranks(2, run):
        assert first.tolist() == [0, 1]


def test_messages_go_to_neighbours_only_and_what_is_beyond_their_size_to_one(on_ranks):
    # in a ring: each rank wants the cells of the one before
    def run(comm):
        wanted = np.arange((comm.rank - 1) % 4, N_CELLS, 4)
        exchange = DirectedExchange(comm, find_routes(comm, partition_of(4), wanted), 2)
        own = np.arange(comm.rank, N_CELLS, 4)
        counts = []
        for keys in (own[:1], NO_SPIKES, own[:5] if comm.rank == 2 else own[:2], own[:4]):
            exchange.exchange(keys)
            traffic = exchange.traffic
            counts.append((traffic.n_collectives, traffic.n_messages, traffic.n_bytes // 8))
        return counts

    small = [(1, 1, 3), (2, 2, 6)]
    expected = [(3, 3, 9), (4, 5, 14)]  # then two beyond two spikes
    burst = [(3, 4, 12), (4, 5, 23)]  # three beyond two spikes, then a message for ten
    found = on_ranks(4, run)
    assert found == [small + expected] * 2 + [small + burst] + [small + expected]


def test_traffic_goes_on_where_it_was(on_ranks):
    def run(comm):
        routes = find_routes(comm, partition_of(2), np.arange(N_CELLS))
        exchange = DirectedExchange(comm, routes, 2, Traffic(5, 6, 7))
        exchange.exchange(NO_SPIKES)
        return exchange.traffic

    assert on_ranks(2, run) == [Traffic(6, 7, 7 + 8 * 3)] * 2
