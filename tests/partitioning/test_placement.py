"""Placements: every cell on one rank, and the arithmetic agrees with a count."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distsim.errors import PartitionError
from distsim.partitioning.placement import Block, Given, RoundRobin, place


@st.composite
def placements(draw):
    n_ranks = draw(st.integers(1, 9))
    n_cells = draw(st.integers(0, 60))
    shift = draw(st.integers(0, 100))
    kind = draw(st.sampled_from(["block", "round_robin", "given"]))
    if kind == "given":
        return Given(
            draw(st.lists(st.integers(0, n_ranks - 1), min_size=n_cells, max_size=n_cells)), n_ranks
        )
    return (Block if kind == "block" else RoundRobin)(n_cells, n_ranks, shift)


@given(placements())
def test_every_cell_has_exactly_one_rank(placement):
    parts = [placement.local_indices(rank) for rank in range(placement.n_ranks)]
    assert sorted(np.concatenate(parts).tolist()) == list(range(placement.n_cells))
    for rank, part in enumerate(parts):
        assert part.dtype == np.int64
        assert (np.diff(part) > 0).all()
        assert (placement.rank_of(part) == rank).all()
        assert placement.n_local(rank) == part.size


@given(placements())
def test_local_positions_are_a_bijection_on_each_rank(placement):
    for rank in range(placement.n_ranks):
        local = placement.local_indices(rank)
        assert placement.local_positions(local).tolist() == list(range(local.size))


@given(st.integers(0, 200), st.integers(1, 30), st.integers(0, 40))
def test_blocks_are_contiguous_and_even(n_cells, n_ranks, shift):
    placement = Block(n_cells, n_ranks, shift)
    indices = np.arange(n_cells)
    expected = (indices * n_ranks // max(n_cells, 1) + shift) % n_ranks
    assert placement.rank_of(indices).tolist() == expected.tolist()
    sizes = [placement.n_local(rank) for rank in range(n_ranks)]
    assert max(sizes) - min(sizes) <= 1


def test_round_robin_deals_in_turn():
    assert RoundRobin(5, 3, shift=4).rank_of(np.arange(5)).tolist() == [1, 2, 0, 1, 2]


def test_blocks_of_small_populations_start_on_different_ranks():
    ranks = [int(place("block", 0, 1, 4, ordinal).rank_of(0)) for ordinal in range(5)]
    assert ranks == [0, 1, 2, 3, 0]


def test_the_name_or_function_chooses_the_placement():
    assert place("round_robin", 7, 3, 2, 0) == RoundRobin(3, 2, shift=7)
    assert place("block", 7, 3, 2, 5) == Block(3, 2, shift=5)
    by_function = place(
        lambda first, n, n_ranks: [(first + i) % n_ranks for i in range(n)], 3, 2, 2, 0
    )
    assert by_function.rank_of([0, 1]).tolist() == [1, 0]


def test_an_unknown_placement_is_an_error_with_a_hint():
    with pytest.raises(PartitionError, match="did you mean 'block'"):
        place("blocks", 0, 3, 2, 0)


def test_a_function_must_return_one_rank_for_each_cell():
    with pytest.raises(PartitionError, match=r"shape \(2,\) for a population of 3"):
        place(lambda first, n, n_ranks: [0, 0], 0, 3, 2, 0)


@pytest.mark.parametrize("value", [-1, 4])
def test_a_rank_out_of_range_names_cell_value_and_range(value):
    with pytest.raises(PartitionError, match=rf"ranks\[2\] = {value} .* 0 to 3") as caught:
        Given([0, 3, value, 9], 4)
    assert (caught.value.index, caught.value.value) == (2, value)


@pytest.mark.parametrize("ranks", [[0.5, 1.0], [[0, 1]]])
def test_ranks_must_be_a_list_of_integers(ranks):
    with pytest.raises(PartitionError, match="one-dimensional list of integers"):
        Given(ranks, 2)


def test_sizes_and_ranks_are_checked():
    with pytest.raises(PartitionError, match="n_cells = -1"):
        Block(-1, 2)
    with pytest.raises(PartitionError, match="n_ranks = 0"):
        RoundRobin(3, 0)
    for placement in (Block(3, 2), RoundRobin(3, 2), Given([0, 1, 1], 2)):
        with pytest.raises(PartitionError, match="rank 2 does not exist"):
            placement.n_local(2)


def test_given_ranks_do_not_follow_the_users_array():
    ranks = np.array([0, 1, 1])
    placement = Given(ranks, 2)
    ranks[0] = 1
    assert placement.rank_of(0) == 0
