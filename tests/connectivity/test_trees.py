"""Trees: each rank's part of a division fits the others'; grouping by target."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from distsim.connectivity.trees import Sizes, divide_total, group
from distsim.partitioning.streams import Purpose, Stream

STREAM = Stream.of(2, Purpose.TREE, 0)
NONE = np.empty(0, np.int32)


def divided(n, sizes, targets, with_replacement, stream=STREAM):
    counts = np.zeros(targets.size, np.int64)
    divide_total(stream, n, sizes, targets, with_replacement, counts)
    return counts


@settings(deadline=None)
@given(
    st.integers(0, 1000), st.integers(1, 50), st.integers(20, 30), st.booleans(), st.integers(1, 5)
)
def test_the_ranks_parts_add_up(n, n_post, n_pre, with_replacement, n_ranks):
    sizes = Sizes(n_post, n_pre, NONE)
    n = n if with_replacement else min(n, n_pre * n_post)
    whole = divided(n, sizes, np.arange(n_post), with_replacement)
    assert whole.sum() == n
    for rank in range(n_ranks):
        local = np.arange(rank, n_post, n_ranks)
        assert (divided(n, sizes, local, with_replacement) == whole[local]).all()


@pytest.mark.parametrize("with_replacement", [True, False])
def test_parts_have_the_variance_of_their_distribution(with_replacement):
    n_post, n_pre, n = 7, 20, 60
    sizes = Sizes(n_post, n_pre, NONE)
    counts = np.array(
        [
            divided(n, sizes, np.arange(n_post), with_replacement, STREAM._replace(seed=seed))
            for seed in range(4000)
        ]
    )
    reference = (
        stats.binom(n, 1 / n_post)
        if with_replacement
        else stats.hypergeom(n_pre * n_post, n_pre, n)
    )
    for target in range(n_post):
        observed = np.bincount(counts[:, target], minlength=21)
        expected = reference.pmf(np.arange(observed.size)) * 4000
        is_bin = expected > 5
        observed = np.append(observed[is_bin], observed[~is_bin].sum())
        expected = np.append(expected[is_bin], 4000 - expected[is_bin].sum())
        assert stats.chisquare(observed, expected).pvalue > 1e-4


def test_targets_with_fewer_candidates_get_less():
    excluded = np.concatenate([[0], np.cumsum([0, 10, 5])]).astype(np.int32)
    assert divided(15, Sizes(3, 10, excluded), np.arange(3), False).tolist() == [10, 0, 5]
    counts = divided(30_000, Sizes(3, 10, excluded), np.arange(3), True)
    assert counts[1] == 0
    assert stats.binomtest(int(counts[0]), 30_000, 2 / 3).pvalue > 1e-4


def test_large_totals_are_divided_exactly():
    n_post = n_pre = 10**6
    counts = divided(10**11, Sizes(n_post, n_pre, NONE), np.arange(64), False)
    assert abs(counts.mean() - 1e5) < 5 * np.sqrt(1e5 / 64)
    assert (divided(10**12, Sizes(n_post, n_pre, NONE), np.arange(64), False) == n_pre).all()


@given(st.lists(st.integers(0, 6), max_size=50))
def test_grouping_is_a_stable_sort_by_target(positions):
    positions = np.array(positions, np.int32)
    numbers = np.arange(positions.size, dtype=np.int32)
    indptr, grouped = np.zeros(8, np.int64), np.empty_like(numbers)
    group(positions, numbers, indptr, grouped)
    assert grouped.tolist() == np.argsort(positions, kind="stable").tolist()
    assert np.diff(indptr).tolist() == np.bincount(positions, minlength=7).tolist()
