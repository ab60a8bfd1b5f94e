"""Propagators against closed forms in 60 digits, equal and nearly equal time constants included."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from distsim.models import propagators

EPS = np.finfo(float).eps
TIMES = st.floats(0.05, 200.0)
STEPS = st.sampled_from([0.0125, 0.1, 1.0])


def exact(h, tau_m, cm, tau_s):
    """Return exp(-h/tau_s), and the three effects on v, of the given doubles, as Decimals.

    By ``integral_0^h exp(-(h - s) / tau_m) f(s) ds / cm`` for f = 1, exp(-s / tau_s) and
    s exp(-s / tau_s), integrated by parts.
    """
    h, tau_m, cm, tau_s = map(Decimal, (h, tau_m, cm, tau_s))
    decay_m, decay_s = (-h / tau_m).exp(), (-h / tau_s).exp()
    constant = tau_m / cm * (1 - decay_m)
    rate = 1 / tau_s - 1 / tau_m
    if rate == 0:
        return decay_s, constant, h / cm * decay_m, h**2 / 2 / cm * decay_m
    current = (decay_m - decay_s) / rate / cm
    drive = (decay_m - decay_s * (1 + rate * h)) / rate**2 / cm
    return decay_s, constant, current, drive


def check(h, tau_m, cm, tau_s):
    arrays = np.array([tau_m]), np.array([cm])
    found = (
        propagators.decay(h, np.array([tau_s])),
        propagators.constant_to_v(h, *arrays),
        propagators.current_to_v(h, *arrays, np.array([tau_s])),
        propagators.current_drive_to_v(h, *arrays, np.array([tau_s])),
    )
    # an exponential of x errs by x * EPS, through its argument; expm1(x) - x loses a factor
    # 1 / (x / 2), at most 4 for the x > 0.5 where it is used
    with localcontext(prec=60):
        for values, reference in zip(found, exact(h, tau_m, cm, tau_s), strict=True):
            error = abs(Decimal(values.item()) / reference - 1)
            largest = 1.0 + h / tau_m + h / tau_s
            assert error < Decimal(16 * EPS * largest)


@settings(deadline=None, max_examples=300)
@given(STEPS, TIMES, st.floats(0.01, 10.0), TIMES)
def test_propagators_equal_the_closed_forms(h, tau_m, cm, tau_s):
    check(h, tau_m, cm, tau_s)


@pytest.mark.parametrize("h", [0.0125, 0.1, 1.0])
@pytest.mark.parametrize("tau_m", [1.0, 10.0, 20.0])
@pytest.mark.parametrize(
    "difference", [0.0, 1e-15, -1e-14, 1e-12, -1e-10, 1e-8, -1e-6, 1e-4, 1e-2, -0.3]
)
def test_equal_and_nearly_equal_time_constants(h, tau_m, difference):
    check(h, tau_m, 0.7, tau_m * (1.0 + difference))


@pytest.mark.parametrize("side", [-1e-12, 0.0, 1e-12])
@pytest.mark.parametrize("delta", [-0.5, 0.5])
def test_series_and_quotient_agree_where_they_meet(delta, side):
    # h / tau_s - h / tau_m = delta
    h, tau_m = 1.0, 1.25
    check(h, tau_m, 1.0, 1.0 / (delta + side + h / tau_m))


@pytest.mark.parametrize("tau_s", [0.5, 2.0, 9.99999, 10.0, 10.00001, 80.0])
@pytest.mark.parametrize("h", [0.1, 1.0])
def test_propagators_are_the_exponential_of_the_system_matrix(h, tau_s):
    tau_m, cm = 10.0, 0.25
    # d(drive, current, v, constant) / dt
    system = np.array(
        [
            [-1 / tau_s, 0, 0, 0],
            [1, -1 / tau_s, 0, 0],
            [0, 1 / cm, -1 / tau_m, 1 / cm],
            [0, 0, 0, 0],
        ]
    )
    step = expm(system * h)
    arrays = np.array([tau_m]), np.array([cm])
    expected = {
        (0, 0): propagators.decay(h, np.array([tau_s])),
        (1, 0): h * propagators.decay(h, np.array([tau_s])),
        (2, 0): propagators.current_drive_to_v(h, *arrays, np.array([tau_s])),
        (2, 1): propagators.current_to_v(h, *arrays, np.array([tau_s])),
        (2, 2): propagators.decay(h, np.array([tau_m])),
        (2, 3): propagators.constant_to_v(h, *arrays),
    }
    for place, value in expected.items():
        # the reference is good to some roundings of its largest entry
        assert abs(step[place] - value[0]) < 64 * EPS * np.abs(step).max()


def test_propagators_work_cell_by_cell():
    tau_m, cm, tau_s = np.array([10.0, 20.0]), np.array([1.0, 0.5]), np.array([10.0, 3.0])
    both = propagators.current_to_v(0.1, tau_m, cm, tau_s)
    for k in range(2):
        one = propagators.current_to_v(0.1, tau_m[k : k + 1], cm[k : k + 1], tau_s[k : k + 1])
        assert both[k] == one[0]


@pytest.mark.parametrize(
    ("tau_m", "tau_s"), [(10.0, 1e-5), (1e-5, 10.0), (1e-4, 1e-6), (1e9, 1e-9)]
)
def test_propagators_of_time_constants_far_below_a_step_are_finite_and_right(tau_m, tau_s):
    found = [
        function(1.0, *(np.array([value]) for value in (tau_m, 0.5, tau_s))).item()
        for function in (propagators.current_to_v, propagators.current_drive_to_v)
    ]
    with localcontext(prec=60):
        _, _, *expected = exact(1.0, tau_m, 0.5, tau_s)
        # what is below the smallest number is 0
        for value, reference in zip(found, expected, strict=True):
            assert abs(Decimal(value) - reference) <= reference * Decimal("1e-13") + Decimal(
                "5e-324"
            )
