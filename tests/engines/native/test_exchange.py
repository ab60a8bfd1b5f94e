"""Exchange: every rank has all spikes in order, however many; values come from their owners."""

import numpy as np
import pytest

from distsim.comm.owners import fetch
from distsim.engines.native import exchange as module
from distsim.engines.native.exchange import SpikeExchange
from distsim.engines.native.messages import NO_SPIKES, Traffic


def epochs_of(rng, n_ranks, sizes):
    """Return for each epoch the sorted keys of each rank."""
    return [
        [
            np.sort(epoch << 32 | (rng.choice(1000, size, replace=False) * n_ranks + rank))
            for rank, size in enumerate(rng.permutation(size))
        ]
        for epoch, size in enumerate(sizes)
    ]


@pytest.mark.parametrize("n_ranks", [1, 2, 3, 7])
@pytest.mark.parametrize("capacity", [1, 3, 64])
def test_every_rank_has_all_spikes_in_order(on_ranks, n_ranks, capacity):
    rng = np.random.default_rng(n_ranks)
    # silent epochs, one full to the brim, overflows of all sizes, some again after growth
    largest = [0, 1, capacity, capacity + 1, 2, 500, 0, 300, 900, 5]
    sizes = [np.append(rng.integers(0, n + 1, n_ranks - 1), n).astype(int) for n in largest]
    epochs = epochs_of(rng, n_ranks, sizes)

    def run(comm):
        exchange = SpikeExchange(comm, capacity)
        return [exchange.exchange(epoch[comm.rank]) for epoch in epochs], exchange

    for found, exchange in on_ranks(n_ranks, run):
        for keys, epoch in zip(found, epochs, strict=True):
            np.testing.assert_array_equal(keys, np.sort(np.concatenate(epoch)))
        assert exchange.capacity >= 900


def test_a_message_that_fits_takes_one_collective_and_others_two(on_ranks):
    sizes = [[4, 0], [5, 1], [10, 10], [11, 0]]
    epochs = epochs_of(np.random.default_rng(1), 2, [np.array(size) for size in sizes])

    def run(comm):
        exchange = SpikeExchange(comm, 4)
        counts = []
        for epoch in epochs:
            exchange.exchange(epoch[comm.rank])
            counts.append((exchange.traffic.n_collectives, exchange.capacity))
        return counts

    for counts in on_ranks(2, run):
        # twice the largest of an overflow: the third fits, the fourth does not
        assert counts == [(1, 4), (3, 10), (4, 10), (6, 22)]


def test_messages_that_were_long_far_from_full_become_smaller(monkeypatch, on_ranks):
    monkeypatch.setattr(module, "PERIOD", 8)

    def run(comm):
        exchange = SpikeExchange(comm, 4)
        capacities = []
        for size in [30, *[3] * 15, 40, *[0] * 15]:
            keys = np.arange(size) if comm.rank == 1 else NO_SPIKES
            np.testing.assert_array_equal(exchange.exchange(keys), np.arange(size))
            capacities.append(exchange.capacity)
        return capacities

    for capacities in on_ranks(3, run):
        assert capacities == [60] * 15 + [6] + [80] * 15 + [4]


def test_what_is_returned_is_not_overwritten(on_ranks):
    def run(comm):
        exchange = SpikeExchange(comm, 4)
        first = exchange.exchange(np.array([comm.rank]))
        exchange.exchange(np.array([7]))
        return first

    for first in on_ranks(2, run):
        assert first.tolist() == [0, 1]


@pytest.mark.parametrize(
    # two Allgathers of 1 + 2 numbers to all others, then all spikes but those of the next rank
    ("n_ranks", "traffic"),
    [(1, Traffic(3, 0, 0)), (2, Traffic(3, 3, 8 * (6 + 5))), (4, Traffic(3, 6, 8 * (18 + 7)))],
)
def test_messages_and_bytes_are_counted(on_ranks, n_ranks, traffic):
    def run(comm):
        exchange = SpikeExchange(comm, 2)
        exchange.exchange(np.arange(1))
        exchange.exchange(np.arange(5 if comm.rank == n_ranks - 1 else 1))
        return exchange.traffic

    assert on_ranks(n_ranks, run)[-1] == traffic


@pytest.mark.parametrize("n_ranks", [1, 2, 3, 5])
def test_fetched_values_are_those_of_the_owners_in_the_order_asked(on_ranks, n_ranks):
    rng = np.random.default_rng(4)
    # one rank asks for nothing, others for the same cells in any order
    wanted = [rng.permutation(40)[: 17 * rank] for rank in range(n_ranks)]

    def run(comm):
        def values_of(gids):
            assert (gids % n_ranks == comm.rank).all()
            return np.column_stack([gids * 1.5, gids + 0.25])

        return fetch(comm, wanted[comm.rank], wanted[comm.rank] % n_ranks, values_of)

    for gids, values in zip(wanted, on_ranks(n_ranks, run), strict=True):
        assert values.shape == (gids.size, 2)
        np.testing.assert_array_equal(values, np.column_stack([gids * 1.5, gids + 0.25]))
