"""Fixed numbers of connections: exact numbers, no duplicates, evenness."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from distsim.connectivity.fixed_number import FixedNumberPost, FixedNumberPre, FixedTotalNumber
from distsim.errors import ConnectivityError
from distsim.partitioning.streams import Purpose, Stream

STREAM = Stream.of(9, Purpose.CONNECT, 3)


def same_index(cells):
    return cells


def every_third(cells):
    return np.where(cells % 3 == 0, cells // 3, -1)


def matrix_of(rule):
    """Return how often each pair is connected, shape (n_pre, n_post)."""
    rows = rule.rows(np.arange(rule.n_post))
    targets = np.repeat(np.arange(rule.n_post), np.diff(rows.indptr))
    matrix = np.zeros((rule.n_pre, rule.n_post), np.int64)
    np.add.at(matrix, (rows.sources, targets), 1)
    return matrix


def is_even(counts, is_candidate):
    """Tell whether no candidate is connected twice more often than another."""
    return counts.size == 0 or np.ptp(counts[is_candidate]) <= 1


cases = st.tuples(
    st.integers(2, 40),
    st.integers(0, 120),
    st.booleans(),
    st.sampled_from([None, same_index, every_third]),
    st.integers(0, 1000),
)


@settings(max_examples=150, deadline=None)
@given(cases)
def test_every_target_has_its_number_of_sources(case):
    n_cells, n, again, own, seed = case
    rule = FixedNumberPre(n_cells, n_cells, n, again, STREAM._replace(seed=seed), own)
    matrix = matrix_of(rule)
    assert (matrix.sum(axis=0) == n).all()
    if not again:
        cells = np.arange(n_cells)
        for target in cells:
            is_candidate = cells != (own(cells)[target] if own else -1)
            assert is_even(matrix[:, target], is_candidate)


@settings(max_examples=150, deadline=None)
@given(cases)
def test_every_source_has_its_number_of_targets(case):
    n_cells, n, again, own, seed = case
    rule = FixedNumberPost(n_cells, n_cells, n, again, STREAM._replace(seed=seed), own)
    matrix = matrix_of(rule)
    assert (matrix.sum(axis=1) == n).all()
    if not again:
        cells = np.arange(n_cells)
        for source in cells:
            is_candidate = cells != (own(cells)[source] if own else -1)
            assert is_even(matrix[source], is_candidate)


@settings(max_examples=150, deadline=None)
@given(cases)
def test_the_total_is_exact(case):
    n_cells, n, again, own, seed = case
    cells, shape = np.arange(n_cells), (n_cells, n_cells)
    is_candidate = np.broadcast_to(cells[:, None] != own(cells) if own else True, shape)
    total, n_pairs = n * 7, int(is_candidate.sum())
    arguments = (n_cells, n_cells, total, again, STREAM._replace(seed=seed), own)
    if total > n_pairs and not (again and n_pairs):
        with pytest.raises(ConnectivityError, match=f"n = {total} .* {n_pairs} pairs"):
            FixedTotalNumber(*arguments)
        return
    matrix = matrix_of(FixedTotalNumber(*arguments))
    assert matrix.sum() == total
    assert matrix[~is_candidate].sum() == 0
    assert again or matrix.max(initial=0) <= 1


@settings(max_examples=30, deadline=None)
@given(st.booleans())
def test_numbers_can_differ_between_the_cells(again):
    pre = FixedNumberPre(50, 60, lambda targets: targets // 2, again, STREAM)
    assert matrix_of(pre).sum(axis=0).tolist() == [target // 2 for target in range(60)]
    post = FixedNumberPost(50, 60, lambda sources: sources * 2, again, STREAM)
    assert matrix_of(post).sum(axis=1).tolist() == [source * 2 for source in range(50)]
    assert pre.mean_indegree == pytest.approx(14.5)
    assert post.mean_indegree == pytest.approx(49 * 50 / 60)


@pytest.mark.parametrize("own", [None, same_index, every_third])
def test_indegrees_of_a_fixed_outdegree_are_binomial_with_replacement(own):
    n_cells, n = 1500, 90
    matrix = matrix_of(FixedNumberPost(n_cells, n_cells, n, True, STREAM, None))
    indegrees = matrix.sum(axis=0)
    p = 1 / n_cells
    edges = np.unique(stats.binom.ppf(np.linspace(0.05, 0.95, 19), n * n_cells, p))
    observed = np.bincount(np.searchsorted(edges, indegrees), minlength=edges.size + 1)
    expected = np.diff(np.concatenate([[0], stats.binom.cdf(edges, n * n_cells, p), [1]]))
    assert stats.chisquare(observed, expected * n_cells).pvalue > 1e-4
    # pairs are connected a Poisson number of times, whatever is left out
    matrix = matrix_of(FixedNumberPost(n_cells, n_cells, n, True, STREAM, own))
    counts = np.bincount(matrix.ravel(), minlength=4)[:4]
    probabilities = stats.binom.pmf(np.arange(4), n, 1 / n_cells)
    n_excluded = 0 if own is None else int((own(np.arange(n_cells)) >= 0).sum())
    counts[0] -= n_excluded
    expected = probabilities * (n_cells**2 - n_excluded)
    assert np.abs((counts - expected)[1:] / np.sqrt(expected[1:])).max() < 5


@pytest.mark.parametrize("n", [3, 25, 90])
@pytest.mark.parametrize("again", [True, False])
def test_every_pair_is_as_probable_as_another(n, again):
    total = np.zeros((12, 100), np.int64)
    n_seeds = 300
    for seed in range(n_seeds):
        stream = STREAM._replace(seed=seed)
        total += matrix_of(FixedNumberPost(12, 100, n, again, stream, same_index))
    is_own = np.eye(12, 100, dtype=bool)
    assert (total[is_own] == 0).all()
    # each of 99 pairs of a source: mean n / 99, variance by the way of drawing
    p = n / 99
    variance = n_seeds * (n * (1 / 99) * (98 / 99) if again else p * (1 - p))
    z = (total[~is_own] - n_seeds * p) / np.sqrt(variance)
    # the numbers of a source have a fixed sum: one degree of freedom less for each source
    chi_square = (z**2).sum() * 98 / 99
    assert stats.chi2.sf(chi_square, 12 * 98) > 1e-4
    assert stats.chi2.cdf(chi_square, 12 * 98) > 1e-4


@pytest.mark.parametrize("again", [True, False])
def test_pairs_of_a_fixed_total_are_equally_probable(again):
    total = sum(
        matrix_of(FixedTotalNumber(12, 30, 100, again, STREAM._replace(seed=seed), every_third))
        for seed in range(400)
    )
    is_own = np.arange(12)[:, None] == every_third(np.arange(30))
    assert (total[is_own] == 0).all()
    n_pairs = int((~is_own).sum())
    mean = 400 * 100 / n_pairs
    p = 100 / n_pairs
    variance = 400 * (p * (1 - 1 / n_pairs) if again else p * (1 - p))
    chi_square = ((total[~is_own] - mean) ** 2).sum() / variance * (n_pairs - 1) / n_pairs
    assert stats.chi2.sf(chi_square, n_pairs - 1) > 1e-4
    assert stats.chi2.cdf(chi_square, n_pairs - 1) > 1e-4


def test_indegrees_of_a_fixed_total_are_binomial():
    rule = FixedTotalNumber(800, 3000, 240_000, True, STREAM)
    indegrees = np.diff(rule.rows(np.arange(3000)).indptr)
    edges = np.unique(stats.binom.ppf(np.linspace(0.05, 0.95, 19), 240_000, 1 / 3000))
    cumulative = np.concatenate([[0], stats.binom.cdf(edges, 240_000, 1 / 3000), [1]])
    observed = np.bincount(np.searchsorted(edges, indegrees), minlength=edges.size + 1)
    assert stats.chisquare(observed, np.diff(cumulative) * 3000).pvalue > 1e-4


@pytest.mark.parametrize("n", [3, 40, 700])
@pytest.mark.parametrize("again", [True, False])
def test_the_ranks_parts_of_a_fixed_outdegree_make_the_whole(n, again):
    n_post = 5000
    rule = FixedNumberPost(80, n_post, n, again, STREAM, same_index)
    whole = rule.rows(np.arange(n_post))
    owners = np.random.default_rng(1).integers(3, size=n_post)
    clustered = np.concatenate([np.arange(7, 90), [2000], np.arange(4000, n_post, 17)])
    parts = [np.arange(1300, 3100), np.arange(2, n_post, 3), np.flatnonzero(owners == 1), clustered]
    for targets in parts:
        rows = rule.rows(targets)
        assert (np.diff(rows.indptr) == np.diff(whole.indptr)[targets]).all()
        expected = [whole.sources[whole.indptr[j] : whole.indptr[j + 1]] for j in targets]
        assert rows.sources.tolist() == np.concatenate(expected).tolist()


def test_room_for_synapses_grows():
    # the numbers of the sources are far above the mean where the asked-for target is a favourite
    rule = FixedNumberPost(3000, 3, 2, True, STREAM)
    matrix = matrix_of(rule)
    assert matrix.sum() == 6000
    uneven = FixedNumberPost(
        40, 4000, lambda sources: np.where(sources == 0, 4000, 1), False, STREAM
    )
    for target in range(0, 4000, 400):
        rows = uneven.rows(np.array([target]))
        assert rows.sources[0] == 0


@pytest.mark.parametrize("kind", [FixedNumberPre, FixedNumberPost, FixedTotalNumber])
def test_wrong_numbers_are_errors(kind):
    with pytest.raises(ConnectivityError, match="n = -1 connections"):
        kind(3, 3, -1, True, STREAM)
    with pytest.raises(ConnectivityError, match=r"n = 1\.5 connections"):
        kind(3, 3, 1.5, True, STREAM)


@pytest.mark.parametrize("kind", [FixedNumberPre, FixedNumberPost, FixedTotalNumber])
@pytest.mark.parametrize("again", [True, False])
def test_connections_without_candidates_are_errors(kind, again):
    with pytest.raises(ConnectivityError, match="allow self connections"):
        kind(1, 1, 2, again, STREAM, same_index).rows(np.arange(1))
    assert kind(1, 1, 0, again, STREAM, same_index).rows(np.arange(1)).sources.size == 0
