"""The integrated hazard of gamma intervals against SciPy and closed forms, and its inverse."""

import numpy as np
import pytest
from scipy import special

from distsim.kernels.gamma_hazard import integrated_hazard, interval_at

# SciPy's functions hold some 12 digits; with a large shape ours lose those of shape * log(x)
RTOL = 1e-10
SHAPES = [0.01, 0.1, 0.5, 1.0, 1.5, 3.0, 20.0, 1000.0, 10_000.0]
HAZARDS = 10.0 ** np.linspace(-12, 2.5, 59)


def hazards(shape, x):
    log_gamma = special.gammaln(shape)
    return np.array([integrated_hazard(shape, log_gamma, value) for value in x])


def intervals(shape, y):
    log_gamma = special.gammaln(shape)
    return np.array([interval_at(shape, log_gamma, value) for value in y])


@pytest.mark.parametrize("shape", SHAPES)
def test_the_integrated_hazard_is_that_of_scipys_distribution(shape):
    x = intervals(shape, HAZARDS)
    # where one of both probabilities is near 1, its logarithm is known by the other
    below, above = special.gammainc(shape, x), special.gammaincc(shape, x)
    with np.errstate(divide="ignore"):
        expected = np.where(below < 0.5, -np.log1p(-below), -np.log(above))
    known = (x > 1e-290) & (expected < 600)
    assert known.sum() >= 10
    np.testing.assert_allclose(hazards(shape, x)[known], expected[known], rtol=RTOL)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_inverse_gives_back_the_hazard(shape):
    x = intervals(shape, HAZARDS)
    # an interval below the smallest number is none
    known = x > 1e-290
    np.testing.assert_allclose(hazards(shape, x)[known], HAZARDS[known], rtol=RTOL)
    assert (np.diff(x[known]) > 0).all()


def test_an_age_far_beyond_the_mean_has_its_hazard():
    x = np.array([1e3, 1e6, 1e9, 1e12])
    # Q(3, x) = exp(-x) (1 + x + x**2 / 2)
    expected = x - np.log1p(x + 0.5 * x**2)
    np.testing.assert_allclose(hazards(3.0, x), expected, rtol=1e-14)
    np.testing.assert_allclose(intervals(3.0, expected), x, rtol=1e-12)


def test_there_is_no_hazard_before_the_beginning():
    assert hazards(3.0, [-1.0, 0.0]).tolist() == [0.0, 0.0]
    assert intervals(3.0, [0.0, -1e-20]).tolist() == [0.0, 0.0]
    assert intervals(1.0, [0.0, 2.5]).tolist() == [0.0, 2.5]
