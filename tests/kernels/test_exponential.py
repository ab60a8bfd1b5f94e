"""The exponential function in plain arithmetic, against decimal arithmetic of 40 digits."""

import math
import re
from decimal import Decimal, localcontext

import numpy as np
import pytest
from numba import njit

from distsim.kernels.exponential import EXP_MAX, EXP_MIN, exp

LOG_2 = math.log(2.0)


# not kept: code of a test would hold the function as it was
@njit(error_model="numpy", _nrt=False)
def exp_of_all(x, y):
    """Take the exponential of each number."""
    for i in range(np.uint64(x.size)):
        y[i] = exp(x[i])


def exact(x):
    """Return the exponentials of numbers with 40 digits."""
    with localcontext() as context:
        context.prec = 40
        return [Decimal(value).exp() for value in x.tolist()]


@pytest.mark.parametrize(
    "x",
    [
        pytest.param(np.random.default_rng(1).uniform(EXP_MIN, EXP_MAX, 2000), id="all"),
        pytest.param(np.random.default_rng(2).uniform(-4.0, 4.0, 2000), id="around 0"),
        # where the power of two changes, and the series is longest
        pytest.param(LOG_2 * (np.arange(-1020, 1023) + 0.5), id="between powers of two"),
        pytest.param(LOG_2 * np.arange(-1020.0, 1023.0), id="at powers of two"),
        pytest.param(2.0 ** -np.arange(1.0, 1070.0, 3.0), id="small"),
        pytest.param(np.array([EXP_MIN, EXP_MAX, 0.0, -0.0, 5e-324]), id="ends"),
    ],
)
def test_it_is_right_to_a_unit_in_the_last_place(x):
    y = np.empty_like(x)
    exp_of_all(x, y)
    for given, true in zip(y.tolist(), exact(x), strict=True):
        assert abs(Decimal(given) - true) <= Decimal(math.ulp(float(true)))


def test_it_is_zero_or_infinite_or_no_number_where_it_must_be():
    x = np.array([-708.1, -1e300, -np.inf, 709.1, 1e300, np.inf, np.nan])
    y = np.empty_like(x)
    exp_of_all(x, y)
    np.testing.assert_array_equal(y, [0.0, 0.0, 0.0, np.inf, np.inf, np.inf, np.nan])


def test_the_place_in_an_array_does_not_matter():
    x = np.random.default_rng(3).uniform(-750.0, 750.0, 67)
    alone = np.array([exp(value) for value in x])
    for first in range(9):
        y = np.empty(x.size - first)
        exp_of_all(x[first:], y)
        np.testing.assert_array_equal(y, alone[first:])


def test_loops_with_it_are_vectorised():
    exp_of_all(np.zeros(1), np.zeros(1))
    (code,) = exp_of_all.inspect_llvm().values()
    assert re.search(r"fmul <\d+ x double>", code)
