"""Quantile functions against scipy.stats, drawn numbers against the distributions."""

import numpy as np
import pyNN.random
import pytest
from scipy import stats

from distsim.errors import ParameterError
from distsim.partitioning.distributions import DISTRIBUTIONS, quantile
from distsim.partitioning.streams import Purpose, Stream, uniforms

# from the smallest to the largest number that a stream can give
TAILS = np.array([2.0**-53, 1e-12, 1e-6, 0.01, 0.3, 0.5, 0.7, 0.99, 1 - 1e-6, 1 - 2.0**-53])

CONTINUOUS = [
    ("gamma", {"k": 0.3, "theta": 5.0}, stats.gamma(0.3, scale=5.0)),
    ("gamma", {"k": 20.0, "theta": 0.1}, stats.gamma(20.0, scale=0.1)),
    ("exponential", {"beta": 3.0}, stats.expon(scale=3.0)),
    ("lognormal", {"mu": 1.0, "sigma": 0.5}, stats.lognorm(0.5, scale=np.e)),
    ("normal", {"mu": -65.0, "sigma": 5.0}, stats.norm(-65.0, 5.0)),
    ("uniform", {"low": -2.0, "high": 3.0}, stats.uniform(-2.0, 5.0)),
    ("uniform", {"low": 3.0, "high": -2.0}, stats.uniform(-2.0, 5.0)),
]
DISCRETE = [
    ("binomial", {"n": 10, "p": 0.3}, stats.binom(10, 0.3)),
    ("binomial", {"n": 1000, "p": 0.99}, stats.binom(1000, 0.99)),
    ("binomial", {"n": 10**9, "p": 1e-9}, stats.binom(10**9, 1e-9)),
    ("poisson", {"lambda_": 0.01}, stats.poisson(0.01)),
    ("poisson", {"lambda_": 5.5}, stats.poisson(5.5)),
    ("poisson", {"lambda_": 1e5}, stats.poisson(1e5)),
    ("uniform_int", {"low": -3, "high": 4}, stats.randint(-3, 4)),
]
INTERVALS = [
    (-1.0, 2.0),
    (0.0, np.inf),
    (-np.inf, np.inf),
    (-np.inf, -30.0),
    (5.0, np.inf),
    (10.0, 10.5),
    (-40.0, -39.0),
    (-1e-3, 1e-3),
]


def drawn(n, seed=1):
    return uniforms(Stream.of(seed, Purpose.PARAMETER, 0), np.arange(n))


def test_the_distributions_are_those_of_pynn():
    known = {name: tuple(entry.ranges) for name, entry in DISTRIBUTIONS.items()}
    of_pynn = dict(pyNN.random.available_distributions)
    # sPyNNaker's, which adds it when it is imported
    of_pynn.pop("exponential_clipped", None)
    assert known == of_pynn


@pytest.mark.parametrize(("name", "parameters", "reference"), CONTINUOUS)
def test_continuous_quantiles_are_those_of_scipy(name, parameters, reference):
    u = np.concatenate([TAILS, drawn(1000)])
    is_descending = name == "uniform" and parameters["low"] > parameters["high"]
    expected = reference.ppf(1 - u if is_descending else u)
    np.testing.assert_allclose(quantile(name, parameters, u), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("name", "parameters", "reference"), DISCRETE)
def test_discrete_quantiles_are_those_of_scipy(name, parameters, reference):
    # without the last tail, where the CDF differs from 1 by a rounding error
    u = np.concatenate([TAILS[:-1], drawn(1000)])
    assert quantile(name, parameters, u).tolist() == reference.ppf(u).tolist()


@pytest.mark.parametrize(("name", "parameters", "reference"), CONTINUOUS)
def test_drawn_numbers_follow_the_continuous_distribution(name, parameters, reference):
    assert stats.kstest(quantile(name, parameters, drawn(20000)), reference.cdf).pvalue > 1e-4


@pytest.mark.parametrize(("name", "parameters", "reference"), DISCRETE)
def test_drawn_numbers_follow_the_discrete_distribution(name, parameters, reference):
    values, counts = np.unique(quantile(name, parameters, drawn(20000)), return_counts=True)
    is_bin = counts >= 20
    expected = reference.pmf(values[is_bin]) * 20000
    observed = np.append(counts[is_bin], 20000 - counts[is_bin].sum())
    expected = np.append(expected, 20000 - expected.sum())
    if is_bin.sum() > 1 and expected[-1] > 1:
        assert stats.chisquare(observed, expected).pvalue > 1e-4


@pytest.mark.parametrize(("low", "high"), INTERVALS)
def test_clipped_normal_is_the_truncated_one_in_the_tails_too(low, high):
    u = np.concatenate([TAILS, drawn(1000)])
    parameters = {"mu": 3.0, "sigma": 2.0, "low": 3 + 2 * low, "high": 3 + 2 * high}
    values = (quantile("normal_clipped", parameters, u) - 3) / 2
    assert (values >= low - 1e-9).all()
    assert (values <= high + 1e-9).all()
    # the exact CDF at the value, by complementary tails
    np.testing.assert_allclose(stats.truncnorm.cdf(values, low, high), u, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(stats.truncnorm.sf(values, low, high), 1 - u, rtol=1e-4, atol=1e-9)


def test_clipped_normal_keeps_small_probabilities_on_both_sides():
    values = quantile("normal_clipped", {"mu": 0, "sigma": 1, "low": -9, "high": 9}, TAILS)
    np.testing.assert_allclose(values, stats.norm.ppf(TAILS), rtol=1e-2)
    np.testing.assert_allclose(values[1:-2], stats.norm.ppf(TAILS)[1:-2], rtol=1e-8)


def test_normal_clipped_to_boundary_moves_the_tails_to_the_boundaries():
    u = drawn(1000)
    parameters = {"mu": 0.0, "sigma": 1.0, "low": -0.5, "high": 1.0}
    expected = np.clip(stats.norm.ppf(u), -0.5, 1.0)
    np.testing.assert_allclose(
        quantile("normal_clipped_to_boundary", parameters, u), expected, rtol=1e-13
    )


@pytest.mark.parametrize("kappa", [1e-3, 0.5, 4.0, 40.0])
def test_vonmises_quantiles_invert_the_cdf_of_scipy(kappa):
    u = np.concatenate([TAILS, drawn(2000)])
    theta = quantile("vonmises", {"mu": 0.0, "kappa": kappa}, u)
    np.testing.assert_allclose(stats.vonmises.cdf(theta, kappa), u, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kappa", [1e6, 1e10])
def test_narrow_vonmises_is_nearly_normal(kappa):
    theta = quantile("vonmises", {"mu": 0.0, "kappa": kappa}, TAILS)
    np.testing.assert_allclose(
        theta, stats.norm.ppf(TAILS) / np.sqrt(kappa), rtol=10 / kappa, atol=1e-15
    )


def test_vonmises_without_concentration_is_uniform_and_wraps():
    theta = quantile("vonmises", {"mu": 3.0, "kappa": 0.0}, drawn(5000))
    assert stats.kstest(theta, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 1e-4
    assert quantile("vonmises", {"mu": 3.0, "kappa": 1.0}, [0.9])[0] < 0


@pytest.mark.parametrize(
    ("name", "parameters", "value"),
    [
        ("normal", {"mu": 2.0, "sigma": 0.0}, 2.0),
        ("lognormal", {"mu": 0.0, "sigma": 0}, 1.0),
        ("normal_clipped", {"mu": 2.0, "sigma": 0.0, "low": 1.0, "high": np.inf}, 2.0),
        ("normal_clipped_to_boundary", {"mu": 2.0, "sigma": 0.0, "low": 3.0, "high": 4.0}, 3.0),
        ("normal_clipped", {"mu": 2.0, "sigma": 1.0, "low": 1.0, "high": 1.0}, 1.0),
        ("binomial", {"n": 5, "p": 0.0}, 0.0),
        ("binomial", {"n": 5, "p": 1.0}, 5.0),
        ("binomial", {"n": 0, "p": 0.5}, 0.0),
        ("poisson", {"lambda_": 0.0}, 0.0),
        ("gamma", {"k": 0.0, "theta": 1.0}, 0.0),
        ("exponential", {"beta": 0.0}, 0.0),
        ("uniform", {"low": 2.0, "high": 2.0}, 2.0),
        ("uniform_int", {"low": 2, "high": 3}, 2.0),
    ],
)
def test_degenerate_distributions_give_their_one_value(name, parameters, value):
    assert quantile(name, parameters, TAILS).tolist() == [value] * TAILS.size


@pytest.mark.parametrize("name", list(DISTRIBUTIONS))
def test_no_numbers_asked_for_give_none(name):
    defaults = {"n": 5, "p": 0.5, "low": 0, "high": 2}
    parameters = {key: defaults.get(key, 1) for key in DISTRIBUTIONS[name].ranges}
    assert quantile(name, parameters, np.empty(0)).shape == (0,)


def test_very_wide_discrete_distributions_need_no_table():
    u = drawn(1000)
    values = quantile("poisson", {"lambda_": 1e14}, u)
    np.testing.assert_allclose((values - 1e14) / 1e7, stats.norm.ppf(u), atol=1e-5)


def test_an_unknown_distribution_is_an_error_with_a_hint():
    with pytest.raises(ParameterError, match="did you mean 'normal'"):
        quantile("normals", {"mu": 0, "sigma": 1}, [0.5])


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("normal", {"mu": 0, "sigm": 1}, "'normal' has no parameter 'sigm'; did you mean 'sigma'"),
        ("normal", {"mu": 0}, "'normal' lacks its parameter 'sigma'"),
        ("normal", {"mu": 0, "sigma": -1}, "'sigma' of distribution 'normal' is -1; .* >= 0"),
        ("normal", {"mu": np.nan, "sigma": 1}, "'mu' .* is nan"),
        ("normal", {"mu": "a", "sigma": 1}, "'mu' .* is 'a'"),
        ("binomial", {"n": 2.5, "p": 1}, "'n' .* is 2.5; give a whole number >= 0"),
        ("binomial", {"n": 2, "p": 1.1}, "'p' .* is 1.1; give a finite number from 0 to 1"),
        ("uniform_int", {"low": 2, "high": 2}, "'high' .* is 2; give a whole number > low = 2"),
        ("normal_clipped", {"mu": 0, "sigma": 1, "low": 2, "high": 1}, "'high' .* is 1"),
        ("normal_clipped", {"mu": 0, "sigma": 0, "low": 2, "high": 3}, "'mu' .* sigma = 0"),
        ("uniform", {"low": 0, "high": np.inf}, "'high' .* is inf"),
    ],
)
def test_wrong_parameters_are_named(name, parameters, message):
    with pytest.raises(ParameterError, match=message):
        quantile(name, parameters, [0.5])
