"""Connections by chance: degrees, evenness over the pairs, and a plain-Python version."""

import math

import numpy as np
import pytest
from scipy import stats

from distsim.connectivity.probability import DistanceProbability, FixedProbability
from distsim.errors import ConnectivityError
from distsim.partitioning.streams import Purpose, Stream, word_block

STREAM = Stream.of(11, Purpose.CONNECT, 4)


def naive_row(target, n_pre, p, first, own):
    """Return the sources of one target, number by number."""
    sources, candidate, draw = [], first, 0
    while True:
        word = word_block(STREAM, target, draw // 4)[draw % 4]
        candidate += math.floor(math.log((word + 0.5) * 2.0**-32) * (1 / math.log1p(-p)))
        if candidate >= n_pre:
            return sources
        if candidate != own:
            sources.append(candidate)
        candidate += 1
        draw += 1


def binomial_p_value(counts, n, p):
    """Return the p-value of counts being binomially distributed."""
    edges = np.unique(stats.binom.ppf(np.linspace(0.05, 0.95, 19), n, p))
    expected = np.diff(np.concatenate([[0], stats.binom.cdf(edges, n, p), [1]])) * counts.size
    observed = np.bincount(np.searchsorted(edges, counts), minlength=edges.size + 1)
    return stats.chisquare(observed, expected).pvalue


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("p", [0.001, 0.2, 0.95])
def test_rows_are_those_of_plain_python(p, lower):
    rule = FixedProbability(1200, 1200, p, STREAM, lambda targets: targets, lower)
    rows = rule.rows(np.arange(0, 1200, 100))
    for i, target in enumerate(range(0, 1200, 100)):
        expected = naive_row(target, 1200, p, target + 1 if lower else 0, target)
        assert rows.sources[rows.indptr[i] : rows.indptr[i + 1]].tolist() == expected


@pytest.mark.parametrize("p", [0.01, 0.1, 0.7])
def test_indegrees_and_outdegrees_are_binomial(p):
    rows = FixedProbability(2000, 3000, p, STREAM).rows(np.arange(3000))
    assert binomial_p_value(np.diff(rows.indptr), 2000, p) > 1e-4
    assert binomial_p_value(np.bincount(rows.sources, minlength=2000), 3000, p) > 1e-4


def test_small_probabilities_reach_far_sources():
    rows = FixedProbability(10**6, 10**5, 1e-6, STREAM).rows(np.arange(10**5))
    assert stats.kstest(rows.sources / 1e6, "uniform").pvalue > 1e-4
    assert stats.poisson.sf(rows.sources.size, 1e5) > 1e-4
    assert stats.poisson.cdf(rows.sources.size, 1e5) > 1e-4


def test_probability_0_and_1_are_exact():
    targets = np.arange(5)
    assert FixedProbability(7, 5, 0.0, STREAM).rows(targets).sources.size == 0
    rows = FixedProbability(7, 5, 1.0, STREAM, lambda targets: targets).rows(targets)
    assert np.diff(rows.indptr).tolist() == [6] * 5


def test_no_sources_give_no_connections():
    assert FixedProbability(0, 5, 0.5, STREAM).rows(np.arange(5)).sources.size == 0
    rule = DistanceProbability(0, 5, lambda targets: np.empty((targets.size, 0)), STREAM)
    assert rule.rows(np.arange(5)).sources.size == 0


def test_rows_grow_beyond_the_expected_size():
    # one target after another of those with the most sources, which nobody expects
    rule = FixedProbability(4000, 40000, 0.5, STREAM)
    indegrees = np.diff(rule.rows(np.arange(40000)).indptr)
    richest = np.sort(np.argsort(indegrees)[-1000:])
    rows = rule.rows(richest)
    assert np.diff(rows.indptr).tolist() == indegrees[richest].tolist()


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_a_probability_out_of_range_is_an_error(p):
    with pytest.raises(ConnectivityError, match="give a number from 0 to 1"):
        FixedProbability(1, 1, p, STREAM)


def test_each_pair_has_its_own_probability():
    n_pre, n_post = 500, 4000
    p = np.linspace(-0.1, 1.1, n_pre)
    rule = DistanceProbability(
        n_pre, n_post, lambda targets: np.broadcast_to(p, (targets.size, n_pre)), STREAM
    )
    rows = rule.rows(np.arange(n_post))
    counts = np.bincount(rows.sources, minlength=n_pre)
    clipped = np.clip(p, 0, 1)
    assert (counts[clipped == 0] == 0).all()
    assert (counts[clipped == 1] == n_post).all()
    inside = (clipped > 0) & (clipped < 1)
    z = (counts - n_post * clipped)[inside] / np.sqrt(n_post * (clipped * (1 - clipped))[inside])
    assert stats.kstest(z, "norm").pvalue > 1e-4


def test_blocks_of_candidates_do_not_show():
    n_pre = 2**19
    rule = DistanceProbability(
        n_pre, 9, lambda targets: np.full((targets.size, n_pre), 0.001), STREAM
    )
    rows = rule.rows(np.arange(9))
    for target in (0, 3, 8):
        alone = rule.rows(np.array([target])).sources
        assert (
            alone.tolist() == rows.sources[rows.indptr[target] : rows.indptr[target + 1]].tolist()
        )


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda targets: np.zeros(targets.size), r"shape \(3,\); return .* \(3, 4\)"),
        (lambda targets: np.full((targets.size, 4), np.nan), "cell 0 to cell 0 is not a number"),
    ],
)
def test_wrong_probabilities_are_an_error(function, message):
    with pytest.raises(ConnectivityError, match=message):
        DistanceProbability(4, 3, function, STREAM).rows(np.arange(3))
