"""Cells under large conductances, long steps and short time constants: bounds and exact courses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from scipy.integrate import solve_ivp

from distsim.kernels.arrays import Cells
from distsim.kernels.conductance import exponential_step
from distsim.kernels.epoch import settle, update
from distsim.models import CELL_MODELS

CONDUCTANCE = ["IF_cond_exp", "IF_cond_alpha"]
V_REST, E_REV_E, E_REV_I = -65.0, 0.0, -80.0
PARAMETERS = {
    "v_rest": V_REST,
    "cm": 1.0,
    "tau_m": 20.0,
    "tau_refrac": 0.0,
    "i_offset": 0.0,
    "v_reset": -65.0,
    "v_thresh": 1e4,
    "tau_syn_E": 5.0,
    "tau_syn_I": 10.0,
    "e_rev_E": E_REV_E,
    "e_rev_I": E_REV_I,
}


@njit
def step_of(cells, coefficients):
    """Make one step as an epoch does; return the number of spikes."""
    update(cells, coefficients)
    return settle(cells, coefficients)


def course(model, dt, n_steps, exc=0.0, inh=0.0, v_init=V_REST, **changed):
    """Return v and the steps of spikes of a cell that conductances reach at step 0."""
    native = CELL_MODELS[model]
    parameters = {name: np.array([value]) for name, value in (PARAMETERS | changed).items()}
    cells = Cells.of(np.zeros((len(native.states), 1)))
    coefficients = native.coefficients(
        {name: parameters[name] for name in native.parameter_names}, dt
    )
    cells.state[0] = v_init
    cells.state[native.receptor_rows, 0] = exc, inh
    v, spikes = [v_init], []
    for step in range(1, n_steps + 1):
        if step_of(cells, coefficients):
            spikes.append(step)
        v.append(cells.state[0, 0])
    return np.array(v), spikes


def exact_course(model, dt, n_steps, exc=0.0, inh=0.0, v_init=V_REST, **changed):
    """Return v by an implicit method at a tolerance of 1e-10, piece by piece."""
    p = PARAMETERS | changed

    def rates(t):
        shapes = [t / p[f"tau_syn_{k}"] for k in "EI"]
        peaks = [x * np.exp(1.0 - x) if model == "IF_cond_alpha" else np.exp(-x) for x in shapes]
        return exc * peaks[0] / p["cm"], inh * peaks[1] / p["cm"]

    def slope(t, v):
        g_exc, g_inh = rates(t)
        passive = (p["v_rest"] - v) / p["tau_m"] + p["i_offset"] / p["cm"]
        return passive + g_exc * (p["e_rev_E"] - v) + g_inh * (p["e_rev_I"] - v)

    def jacobian(t, v):
        return [[-1.0 / p["tau_m"] - sum(rates(t))]]

    times = dt * np.arange(n_steps + 1)
    return solve_ivp(
        slope,
        (0.0, times[-1]),
        [v_init],
        "Radau",
        times,
        rtol=1e-10,
        atol=1e-10,
        jac=jacobian,
        max_step=min(p["tau_syn_E"], p["tau_syn_I"]),
    ).y[0]


@pytest.mark.parametrize("model", CONDUCTANCE)
@pytest.mark.parametrize(
    ("dt", "weight"), [(0.1, 1e3), (1.0, 100.0), (1.0, 1e3), (0.1, 1e6), (1.0, 1e6)]
)
def test_a_large_conductance_makes_a_cell_spike_in_the_step_after_its_arrival(model, dt, weight):
    # an alpha function of peak w has the charge w e dt**2 / (2 tau_syn) in the first step
    _, spikes = course(model, dt, 3, weight, v_thresh=-50.0)
    assert spikes[0] == 1


@pytest.mark.parametrize("model", CONDUCTANCE)
@pytest.mark.parametrize("tau_m", [0.05, 0.01, 1e-3, 1e-6])
def test_a_passive_membrane_relaxes_exactly_at_any_step(model, tau_m):
    # v_rest plus i_offset tau_m / cm = -40 mV
    v, _ = course(model, 1.0, 4, tau_m=tau_m, cm=0.05, i_offset=25.0 * 0.05 / tau_m)
    exact = -40.0 - 25.0 * np.exp(-np.arange(5) / tau_m)
    np.testing.assert_allclose(v, exact, rtol=1e-14)


@pytest.mark.parametrize("model", CONDUCTANCE)
def test_intervals_are_those_of_the_refractory_period_where_the_membrane_is_fast(model):
    # a period of 1 ms is 3 steps, and one more charges the membrane
    _, spikes = course(
        model, 1 / 3, 41, tau_m=0.01, cm=0.01, tau_refrac=1.0, i_offset=30.0, v_thresh=-50.0
    )
    assert set(np.diff(spikes)) == {4}


@pytest.mark.parametrize("model", CONDUCTANCE)
@pytest.mark.parametrize(
    "changed",
    [
        {"dt": 0.1, "exc": 50.0},
        {"dt": 1.0, "exc": 3.0, "inh": 1.0},
        {"dt": 1.0, "exc": 10.0, "inh": 30.0},
        {"dt": 1.0, "exc": 1e5, "inh": 1e3},
        {"dt": 1.0, "exc": 100.0, "tau_syn_E": 0.05},
        {"dt": 1.0, "exc": 2.0, "inh": 5.0, "tau_syn_E": 0.01, "tau_syn_I": 0.3},
        {"dt": 1.0, "exc": 1.0, "inh": 0.5, "tau_m": 0.05, "i_offset": 500.0},
        {"dt": 0.1, "exc": 0.01, "inh": 0.02, "cm": 1e-3},
    ],
)
def test_v_follows_the_exact_course_where_conductances_are_large(model, changed):
    found, _ = course(model, n_steps=20, **changed)
    exact = exact_course(model, n_steps=20, **changed)
    # a parabola through E over half a synaptic time constant: its third derivative there is at most
    # that of a logistic function, 1/8, of the span of 80 mV, on x (x - x_1) (x - x_2) below 0.05
    assert np.abs(found - exact).max() < 0.5**3 / 6 * 80.0 / 8 * 0.05


numbers = st.floats(-4.0, 4.0).map(lambda x: 10.0**x)


@settings(deadline=None, max_examples=100)
@given(
    model=st.sampled_from(CONDUCTANCE),
    dt=st.floats(-2.0, 1.0).map(lambda x: 10.0**x),
    weights=st.tuples(*[st.one_of(st.just(0.0), st.floats(-3, 7).map(lambda x: 10.0**x))] * 2),
    tau_m=numbers,
    tau_syn=st.tuples(numbers, numbers),
    cm=numbers,
    shift=st.floats(-100.0, 100.0),
    v_init=st.floats(-80.0, 0.0),
)
def test_v_stays_between_its_equilibria(model, dt, weights, tau_m, tau_syn, cm, shift, v_init):
    v, _ = course(
        model,
        dt,
        30,
        *weights,
        v_init=v_init,
        tau_m=tau_m,
        tau_syn_E=tau_syn[0],
        tau_syn_I=tau_syn[1],
        cm=cm,
        i_offset=shift * cm / tau_m,
    )
    equilibria = V_REST + shift, E_REV_E, E_REV_I, v_init
    # a mean with positive weights, but for roundings of the 200 mV that are spanned
    rounding = 100 * np.spacing(200.0)
    assert np.all(v >= min(equilibria) - rounding)
    assert np.all(v <= max(equilibria) + rounding)


@pytest.mark.parametrize("g", [0.0, 1e-12, 1e-3, 1.0])
def test_an_exponential_step_is_exact_for_constant_rates(g):
    # synapses that decay by 1e-12 of themselves in the step
    exc, inh = (g, 0.0, 1e12, 1e12, 0.0, E_REV_E), (0.5 * g, 0.0, 1e12, 1e12, 0.0, E_REV_I)
    for leak in (1e-3, 0.1, 3.0, 100.0):
        rate = leak + 1.5 * g
        equilibrium = (leak * V_REST + 0.5 * g * E_REV_I) / rate
        exact = equilibrium + (-20.0 - equilibrium) * np.exp(-rate)
        found = exponential_step(-20.0, 1.0, leak, leak * V_REST, (exc, inh))
        assert abs(found - exact) < 1e-10


@pytest.mark.parametrize("is_alpha", [False, True])
def test_an_exponential_step_is_of_order_four(is_alpha):
    def end(n):
        # a rate above zero at the onset, so that steps are not divided
        g, d, v = 0.5, float(is_alpha), V_REST
        dt = 4.0 / n
        for _ in range(n):
            exc = g, d, 8.0, 8.0, np.e / 8.0, E_REV_E
            inh = 0.0, 0.0, 8.0, 8.0, np.e / 8.0, E_REV_I
            v = exponential_step(v, dt, 1.0, V_REST, (exc, inh))
            decay = np.exp(-dt / 8.0)
            g, d = decay * (g + np.e * dt / 8.0 * d), decay * d
        return v

    exact = end(1024)
    steps = np.array([32, 64, 128])
    errors = [abs(end(n) - exact) for n in steps]
    assert abs(-np.polyfit(np.log(steps), np.log(errors), 1)[0] - 4.0) < 0.1
