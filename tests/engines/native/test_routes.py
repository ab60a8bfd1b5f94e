"""Routes: each rank learns which ranks have targets of its cells, and only that."""

import numpy as np
import pytest

from distsim.engines.native.routes import find_routes
from distsim.partitioning import Partition
from distsim.partitioning.placement import Block, RoundRobin


def partition_of(sizes, n_ranks):
    """Return populations in blocks and dealt in turn."""
    partition = Partition()
    for k, size in enumerate(sizes):
        kind = Block if k % 2 == 0 else RoundRobin
        partition = partition.with_population(kind(size, n_ranks, shift=k))
    return partition


@pytest.mark.parametrize(("n_ranks", "sizes"), [(1, (9,)), (2, (7, 0, 30)), (5, (2, 1)), (4, ())])
@pytest.mark.parametrize("piece", [1, 4, 1000])
def test_each_cell_is_routed_to_the_ranks_that_want_it(on_ranks, n_ranks, sizes, piece):
    partition = partition_of(sizes, n_ranks)
    rng = np.random.default_rng(3)
    wants = rng.random((n_ranks, sum(sizes))) < 0.4
    # a rank that wants nothing, a cell that nobody wants
    wants[-1] = wants[:, :1] = False

    def run(comm):
        return find_routes(comm, partition, np.flatnonzero(wants[comm.rank]), piece)

    for rank, routes in enumerate(on_ranks(n_ranks, run)):
        assert routes.gids.tolist() == sorted(partition.local_gids(rank))
        ranks = np.append(routes.receivers, rank)
        for cell, gid in enumerate(routes.gids):
            entries = routes.neighbour[routes.first[cell] : routes.first[cell + 1]]
            assert sorted(ranks[entries]) == np.flatnonzero(wants[:, gid]).tolist()
        others = np.arange(n_ranks) != rank
        owners = partition.rank_of(np.flatnonzero(wants[rank]))
        assert routes.senders.tolist() == sorted(set(owners.tolist()) - {rank})
        receives = wants[:, routes.gids].any(axis=1) & others
        assert routes.receivers.tolist() == np.flatnonzero(receives).tolist()
        assert routes.neighbour.dtype == np.uint16
