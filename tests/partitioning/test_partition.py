"""The partition of several populations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distsim.errors import PartitionError
from distsim.partitioning.partition import Partition
from distsim.partitioning.placement import Block, RoundRobin, place


@st.composite
def partitions(draw):
    n_ranks = draw(st.integers(1, 8))
    partition = Partition()
    for ordinal, n_cells in enumerate(draw(st.lists(st.integers(0, 20), max_size=6))):
        kind = draw(st.sampled_from(["block", "round_robin"]))
        placement = place(kind, partition.n_cells, n_cells, n_ranks, ordinal)
        partition = partition.with_population(placement)
    return partition, n_ranks


@given(partitions())
def test_every_gid_has_exactly_one_rank(drawn):
    partition, n_ranks = drawn
    parts = [partition.local_gids(rank) for rank in range(n_ranks)]
    assert sorted(np.concatenate(parts).tolist()) == list(range(partition.n_cells))
    for rank, gids in enumerate(parts):
        assert gids.dtype == np.int64
        assert (np.diff(gids) > 0).all()
        assert (partition.rank_of(gids) == rank).all()
        assert partition.n_local(rank) == gids.size


@given(partitions())
def test_gids_belong_to_the_population_in_whose_range_they_lie(drawn):
    partition, _ = drawn
    sizes = [placement.n_cells for placement in partition.placements]
    expected = np.repeat(np.arange(len(sizes)), sizes)
    assert partition.population_of(np.arange(partition.n_cells)).tolist() == expected.tolist()


def test_adding_a_population_leaves_the_partition_as_it_was():
    first = Partition().with_population(Block(3, 2))
    second = first.with_population(RoundRobin(2, 2))
    assert (first.n_cells, second.n_cells) == (3, 5)
    assert second.first_gids.tolist() == [0, 3, 5]
    assert second.rank_of([0, 2, 3, 4]).tolist() == [0, 1, 0, 1]


def test_a_single_gid_has_a_rank():
    assert Partition().with_population(Block(4, 2)).rank_of(3) == 1


def test_an_empty_partition_owns_nothing():
    assert Partition().n_cells == 0
    assert Partition().local_gids(0).tolist() == []


@pytest.mark.parametrize("gid", [-1, 3])
def test_an_unknown_gid_is_an_error(gid):
    with pytest.raises(PartitionError, match=f"gid {gid} does not exist"):
        Partition().with_population(Block(3, 2)).rank_of([0, gid])


def test_placements_must_be_for_the_same_number_of_ranks():
    with pytest.raises(PartitionError, match="2 and 3 ranks"):
        Partition().with_population(Block(3, 2)).with_population(Block(3, 3))
