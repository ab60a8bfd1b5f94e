"""The choice of an exchange: by name, or by where the targets are."""

import numpy as np
import pytest

from distsim.engines.native.choice import choose_exchange
from distsim.engines.native.messages import Traffic
from distsim.partitioning import Partition
from distsim.partitioning.placement import Block


def chosen(on_ranks, kind, n_ranks, n_per_rank, wanted):
    """Return the names that the ranks chose; `wanted(rank, gids)` says what a rank needs."""
    partition = Partition().with_population(Block(n_ranks * n_per_rank, n_ranks))

    def run(comm):
        gids = np.arange(partition.n_cells)
        sources = gids[wanted(comm.rank, gids)]
        return choose_exchange(kind, comm, partition, sources, 1.0, Traffic()).name

    return set(on_ranks(n_ranks, run))


def nothing(rank, gids):
    return gids < 0


def everything(rank, gids):
    return gids >= 0


@pytest.mark.parametrize("kind", ["allgather", "directed"])
@pytest.mark.parametrize("wanted", [nothing, everything])
def test_a_named_one_is_taken(on_ranks, kind, wanted):
    assert chosen(on_ranks, kind, 3, 4, wanted) == {kind}


def test_few_ranks_and_dense_connections_are_for_the_allgather(on_ranks):
    assert chosen(on_ranks, "auto", 4, 10, nothing) == {"allgather"}
    assert chosen(on_ranks, "auto", 32, 10, everything) == {"allgather"}


def test_many_ranks_with_few_neighbours_are_for_the_directed_one(on_ranks):
    def ring(rank, gids):
        return gids // 1000 == (rank - 1) % 16

    assert chosen(on_ranks, "auto", 16, 1000, ring) == {"directed"}


def test_one_rank_with_many_neighbours_decides_for_all(on_ranks):
    def star(rank, gids):
        return everything(rank, gids) if rank == 3 else nothing(rank, gids)

    assert chosen(on_ranks, "auto", 32, 10, star) == {"allgather"}
