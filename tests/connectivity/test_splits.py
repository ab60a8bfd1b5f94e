"""Binomial and hypergeometric numbers from one uniform number, against scipy.stats."""

import numpy as np
import pytest
from numba import njit
from scipy import stats

from distsim.connectivity.splits import binomial, hypergeometric
from distsim.partitioning.streams import Purpose, Stream, uniforms

N_DRAWS = 20000


@njit
def binomials(u, n, p):
    out = np.empty(u.size, np.int64)
    for i in range(u.size):
        out[i] = binomial(u[i], n, p)
    return out


@njit
def hypergeometrics(u, good, bad, n_sample):
    out = np.empty(u.size, np.int64)
    for i in range(u.size):
        out[i] = hypergeometric(u[i], good, bad, n_sample)
    return out


def uniform_numbers(seed):
    return uniforms(Stream.of(seed, Purpose.TREE, 0), np.arange(N_DRAWS))


def even_numbers(n):
    return (np.arange(n) + 0.5) / n


def chi_square_p(values, distribution, n_bins=40):
    """Return the p-value of values in bins of about equal probability."""
    edges = np.unique(distribution.ppf(np.arange(1, n_bins) / n_bins))
    cumulative = np.concatenate([[0.0], distribution.cdf(edges), [1.0]])
    observed = np.bincount(np.searchsorted(edges, values), minlength=edges.size + 1)
    expected = np.diff(cumulative) * values.size
    is_large = expected > 5
    observed = np.append(observed[is_large], observed[~is_large].sum())
    expected = np.append(expected[is_large], expected[~is_large].sum())
    if expected[-1] == 0:
        assert observed[-1] == 0
        observed, expected = observed[:-1], expected[:-1]
    return stats.chisquare(observed, expected * observed.sum() / expected.sum()).pvalue


@pytest.mark.parametrize(
    ("n", "p"),
    [(1, 0.3), (7, 0.5), (20, 0.01), (100, 0.97), (10_000, 0.5), (10**9, 1e-8), (10**9, 0.3)],
)
def test_binomial_numbers_follow_the_distribution(n, p):
    u = uniform_numbers(1)[: 2000 if n > 10**8 else None]
    assert chi_square_p(binomials(u, n, p), stats.binom(n, p)) > 1e-4


@pytest.mark.parametrize(
    ("good", "bad", "n_sample"),
    [
        (1, 1, 1),
        (5, 5, 4),
        (30, 3, 20),
        (500, 501, 77),
        (3, 10**6, 10**5),
        (10**6, 10**6, 10**6),
        (6 * 10**9, 10**9, 10**9),
        (4 * 10**8, 6 * 10**8, 999_999_900),
    ],
)
def test_hypergeometric_numbers_follow_the_distribution(good, bad, n_sample):
    u = uniform_numbers(2)[: 2000 if good > 10**8 else None]
    distribution = stats.hypergeom(good + bad, good, n_sample)
    assert chi_square_p(hypergeometrics(u, good, bad, n_sample), distribution) > 1e-4


@pytest.mark.parametrize(("n", "p"), [(3, 0.2), (15, 0.6), (16, 0.5), (40, 0.9)])
def test_even_uniforms_give_each_binomial_number_its_share(n, p):
    n_uniforms = 200_000
    counts = np.bincount(binomials(even_numbers(n_uniforms), n, p), minlength=n + 1)
    # an interval holds its length times n_uniforms points, give or take one
    expected = stats.binom.pmf(np.arange(n + 1), n, p) * n_uniforms
    assert np.abs(counts - expected).max() <= 1 + 1e-6


@pytest.mark.parametrize(("good", "bad", "n_sample"), [(3, 4, 5), (20, 30, 25), (2, 100, 50)])
def test_even_uniforms_give_each_hypergeometric_number_its_share(good, bad, n_sample):
    n_uniforms = 200_000
    values = hypergeometrics(even_numbers(n_uniforms), good, bad, n_sample)
    counts = np.bincount(values, minlength=good + 1)
    expected = stats.hypergeom.pmf(np.arange(good + 1), good + bad, good, n_sample) * n_uniforms
    assert np.abs(counts - expected).max() <= 1 + 1e-6


@pytest.mark.parametrize("u", [2.0**-53, 0.5, 1 - 2.0**-53])
def test_what_is_certain_does_not_depend_on_chance(u):
    assert binomial(u, 10, 0.0) == 0
    assert binomial(u, 10, 1.0) == 10
    assert binomial(u, 0, 0.5) == 0
    assert hypergeometric(u, 10, 20, 0) == 0
    assert hypergeometric(u, 10, 20, 30) == 10
    assert hypergeometric(u, 0, 20, 15) == 0
    assert hypergeometric(u, 10, 0, 7) == 7
    assert hypergeometric(u, 10, 20, 29) in (9, 10)


@pytest.mark.parametrize("u", [2.0**-53, 1 - 2.0**-53])
@pytest.mark.parametrize("n", [1, 17, 1000, 10**9])
@pytest.mark.parametrize("p", [1e-300, 1e-12, 0.5, 1 - 1e-12])
def test_extreme_uniforms_stay_in_range(u, n, p):
    assert 0 <= binomial(u, n, p) <= n
    good = max(1, int(n * p))
    assert 0 <= hypergeometric(u, good, 2 * n, n) <= min(n, good)
