"""Post-synaptic responses: peaks, exact courses, and what is nearly singular."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from distsim.kernels import conductance
from distsim.models.responses import COND_BETA, RESPONSES, peak_slope, rise

times = st.floats(-3.0, 3.0).map(lambda x: 10.0**x)


def values(response, tau, tau_rise):
    """Return parameters of one cell."""
    names = {response.tau: tau} | ({response.tau_rise: tau_rise} if response.tau_rise else {})
    return {name: np.array([value]) for name, value in names.items()}


@pytest.mark.parametrize(
    ("tau_rise", "tau_decay"), [(0.2, 1.7), (1.7, 0.2), (1e-3, 50.0), (3.0, 3.1)]
)
def test_a_beta_function_peaks_at_1_where_the_closed_form_has_it(tau_rise, tau_decay):
    p = values(COND_BETA, tau_decay, tau_rise)
    at = np.log(tau_decay / tau_rise) / (1 / tau_rise - 1 / tau_decay)
    around = [COND_BETA.after(h, p)[1][0] for h in (0.99 * at, at, 1.01 * at)]
    assert around[1] == pytest.approx(1.0, rel=1e-14)
    assert around[0] < around[1] > around[2]


@pytest.mark.parametrize("difference", [0.0, 1e-15, 1e-12, 1e-9, 1e-6])
def test_nearly_equal_time_constants_make_an_alpha_function(difference):
    tau = np.array([2.0])
    for h in (1e-6, 0.1, 2.0, 20.0):
        alpha = np.e * h / 2.0 * np.exp(-h / 2.0)
        beta = COND_BETA.after(h, values(COND_BETA, 2.0, 2.0 * (1.0 + difference)))[1][0]
        # by the geometric mean of the time constants, to first order in their difference
        assert beta == pytest.approx(alpha, rel=1e-14 + difference * (1.0 + h))
    assert peak_slope(tau, tau)[0] == pytest.approx(np.e / 2.0, rel=1e-15)


@settings(deadline=None)
@given(tau=times, tau_rise=times, h=times)
def test_kernels_and_coefficients_have_the_same_function(tau, tau_rise, h):
    found = rise(h, np.array([tau]), np.array([tau_rise]))[0]
    # an exponent of up to 745 is rounded before it is taken
    assert found == pytest.approx(conductance.rise(h, tau, tau_rise), rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("name", RESPONSES)
@settings(deadline=None)
@given(tau=st.floats(0.5, 50.0), tau_rise=st.floats(0.5, 50.0), h=st.floats(0.01, 5.0))
def test_a_response_is_the_solution_of_its_equations(name, tau, tau_rise, h):
    response = RESPONSES[name]
    p = values(response, tau, tau_rise)
    slope = response.slope(p)[0]
    rates = [-1.0 / each[0] for each in response.times(p)]
    exact = expm(h * np.array([[rates[0], slope], [0.0, rates[1]]]))
    keep, risen = (each[0] for each in response.after(h, p))
    assert keep == pytest.approx(exact[0, 0], rel=1e-12)
    assert risen == pytest.approx(exact[0, 1], rel=1e-11, abs=1e-14)
    assert (slope > 0.0) == response.is_driven == (len(response.states) == 2)


def test_conductances_have_a_reversal_potential():
    for response in RESPONSES.values():
        names = [parameter.name for parameter in response.parameters]
        assert response.is_conductance == ("e_syn" in names) == response.name.startswith("Cond")
        assert response.states[0].unit == ("uS" if response.is_conductance else "nA")
