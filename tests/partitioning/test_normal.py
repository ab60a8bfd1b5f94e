"""Compiled quantiles of the normal distribution, against scipy's."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from distsim.partitioning.normal import normal_quantile, normal_quantiles


def test_quantiles_are_exact_in_both_tails():
    # p itself is rounded by up to 1e-16 above one half, where the density is small
    tail = 10.0 ** -np.linspace(0.4, 300, 5000)
    np.testing.assert_allclose(normal_quantiles(tail), ndtri(tail), rtol=1e-13)
    upper = 1.0 - 10.0 ** -np.linspace(0.4, 12, 500)
    np.testing.assert_allclose(normal_quantiles(upper), ndtri(upper), rtol=1e-13)


def test_quantiles_rise_with_probability_across_the_branches():
    # the branches meet at 0.075, 0.5 and 0.925
    for middle in (0.075, 0.5, 0.925):
        u = middle + np.linspace(-1e-3, 1e-3, 2001)
        assert (np.diff(normal_quantiles(u)) > 0).all()


@pytest.mark.parametrize(("low", "high"), [(-1.5, 2.0), (-0.3, np.inf), (-np.inf, 0.1)])
def test_quantiles_of_an_interval_invert_its_distribution(low, high):
    u = np.linspace(0.001, 0.999, 999)
    below, above = ndtr(low), ndtr(-high)
    z = normal_quantiles(u, below, above, 1.0 - below - above)
    np.testing.assert_allclose((ndtr(z) - below) / (1.0 - below - above), u, rtol=1e-12)


def test_any_shape_is_kept():
    assert normal_quantiles(np.full((2, 3), 0.5)).shape == (2, 3)
    assert normal_quantiles(np.zeros(0)).shape == (0,)


def test_one_quantile_is_the_same_as_among_many():
    p = np.concatenate([np.linspace(1e-4, 1.0 - 1e-4, 4001), [1e-16, 0.075, 0.5, 0.925]])
    assert [normal_quantile(x) for x in p] == normal_quantiles(p).tolist()
