"""Membrane responses to currents and to single spikes, against closed forms."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import distsim as sim

MEMBRANE = {"v_rest": -65.0, "v_thresh": 1e3, "cm": 0.5, "tau_m": 20.0}
SYNAPSES = {"tau_syn_E": 1.5, "tau_syn_I": 7.0}
REVERSAL = {"e_rev_E": 0.0, "e_rev_I": -80.0}
PARAMETERS = {
    "IF_curr_exp": MEMBRANE | SYNAPSES,
    "IF_curr_alpha": MEMBRANE | SYNAPSES,
    "IF_curr_delta": MEMBRANE,
    "IF_cond_exp": MEMBRANE | SYNAPSES | REVERSAL,
    "IF_cond_alpha": MEMBRANE | SYNAPSES | REVERSAL,
}
TAU_M, CM, V_REST = MEMBRANE["tau_m"], MEMBRANE["cm"], MEMBRANE["v_rest"]
SPIKE, DELAY = 5.0, 1.5


def charged(times, begin, amplitude):
    """Return v - v_rest under a constant current from `begin` on [mV]."""
    since = np.clip(times - begin, 0.0, None)
    return -amplitude * TAU_M / CM * np.expm1(-since / TAU_M)


# for the exact models the error is rounding: 1000 steps of 1e-14 mV beside 60 mV; for the others
# 0.5 / 720 * (dt / tau_m)**4, from the stability function of the two-stage Gauss method
@pytest.mark.parametrize("model", PARAMETERS)
def test_constant_current_charges_the_membrane_exponentially(drive_cell, model):
    course = drive_cell(model, PARAMETERS[model] | {"i_offset": 1.5}, 100.0)
    expected = charged(course.times, 0.0, 1.5)
    np.testing.assert_allclose(course.v - V_REST, expected, rtol=1e-10, atol=60.0 * 1e-12)


@pytest.mark.parametrize("model", PARAMETERS)
def test_v_decays_to_rest_with_tau_m(drive_cell, model):
    course = drive_cell(model, PARAMETERS[model], 60.0, v_init=-60.0)
    expected = 5.0 * np.exp(-course.times / TAU_M)
    np.testing.assert_allclose(course.v - V_REST, expected, rtol=1e-10)


@pytest.mark.parametrize("model", PARAMETERS)
def test_dc_source_flows_from_start_to_stop(drive_cell, model):
    def source():
        return sim.DCSource(amplitude=0.8, start=10.0, stop=35.5)

    course = drive_cell(model, PARAMETERS[model], 80.0, currents=[source])
    expected = charged(course.times, 10.0, 0.8) - charged(course.times, 35.5, 0.8)
    np.testing.assert_allclose(course.v - V_REST, expected, rtol=1e-10, atol=1e-11)
    # the first sample that the current changes is one step after its start
    assert np.flatnonzero(np.abs(course.v - V_REST) > 1e-9)[0] == 101


@pytest.mark.parametrize("model", PARAMETERS)
def test_step_current_source_changes_at_its_times(drive_cell, model):
    times, amplitudes = [0.0, 12.3, 20.0, 50.0], [0.2, 1.0, -0.5, 0.0]

    def source():
        return sim.StepCurrentSource(times=times, amplitudes=amplitudes)

    course = drive_cell(model, PARAMETERS[model], 80.0, currents=[source])
    changes = np.diff([0.0, *amplitudes])
    expected = sum(
        charged(course.times, t, change) for t, change in zip(times, changes, strict=True)
    )
    np.testing.assert_allclose(course.v - V_REST, expected, rtol=1e-10, atol=1e-11)


def test_currents_into_one_cell_add_up(drive_cell):
    sources = [
        lambda: sim.DCSource(amplitude=0.4, start=5.0, stop=30.0),
        lambda: sim.DCSource(amplitude=-0.1, start=20.0, stop=60.0),
        lambda: sim.StepCurrentSource(times=[20.0, 40.0], amplitudes=[0.3, 0.0]),
    ]
    parameters = PARAMETERS["IF_curr_exp"] | {"i_offset": 0.2}
    course = drive_cell("IF_curr_exp", parameters, 80.0, currents=sources)
    changes = [
        (0.0, 0.2), (5.0, 0.4), (30.0, -0.4), (20.0, -0.1), (60.0, 0.1), (20.0, 0.3), (40.0, -0.3)
    ]  # fmt: skip
    expected = sum(charged(course.times, t, change) for t, change in changes)
    np.testing.assert_allclose(course.v - V_REST, expected, rtol=1e-10, atol=1e-11)


def psp_exp(t, weight, tau_s):
    """Return the response to a current that decays exponentially from `weight` [mV]."""
    if tau_s == TAU_M:
        return weight / CM * t * np.exp(-t / TAU_M)
    rate = 1.0 / TAU_M - 1.0 / tau_s
    return weight / CM * (np.exp(-t / tau_s) - np.exp(-t / TAU_M)) / rate


def psp_alpha(t, weight, tau_s):
    """Return the response to an alpha current with peak `weight` at `tau_s` [mV]."""
    slope = weight * np.e / tau_s / CM
    if tau_s == TAU_M:
        return slope * t**2 / 2.0 * np.exp(-t / TAU_M)
    rate = 1.0 / tau_s - 1.0 / TAU_M
    rise = np.exp(-t / TAU_M) - np.exp(-t / tau_s) * (1.0 + rate * t)
    return slope * rise / rate**2


@pytest.mark.parametrize("receptor", ["excitatory", "inhibitory"])
@pytest.mark.parametrize("tau_s", [1.5, 20.0, 33.0])
@pytest.mark.parametrize(
    ("model", "response"), [("IF_curr_exp", psp_exp), ("IF_curr_alpha", psp_alpha)]
)
def test_response_to_one_current_pulse(
    drive_cell, spikes_through, model, response, tau_s, receptor
):
    weight = 0.75 if receptor == "excitatory" else -0.75
    name = "tau_syn_E" if receptor == "excitatory" else "tau_syn_I"
    pulse = spikes_through([SPIKE], weight, DELAY, receptor)
    course = drive_cell(model, PARAMETERS[model] | {name: tau_s}, 120.0, [pulse])
    since = np.clip(course.times - SPIKE - DELAY, 0.0, None)
    expected = response(since, weight, tau_s)
    # a step rounds v, of 65 mV, to 1e-14 mV; errors are forgotten within tau_m, 200 steps
    assert np.abs(course.v - V_REST - expected).max() < 200 * np.spacing(65.0)
    assert np.abs(course.v - V_REST - expected).max() < 1e-10 * np.abs(expected).max()


@pytest.mark.parametrize(("receptor", "weight"), [("excitatory", 3.0), ("inhibitory", -3.0)])
def test_response_to_one_voltage_jump(drive_cell, spikes_through, receptor, weight):
    pulse = spikes_through([SPIKE], weight, DELAY, receptor)
    course = drive_cell("IF_curr_delta", MEMBRANE, 80.0, [pulse])
    since = course.times - SPIKE - DELAY
    expected = np.where(since > -1e-9, weight * np.exp(-since / TAU_M), 0.0)
    assert np.abs(course.v - V_REST - expected).max() < 200 * np.spacing(65.0)


def conductance(model, t, weight, tau_s):
    """Return the conductance at a time after the spike arrived [uS]."""
    if model == "IF_cond_exp":
        return weight * np.exp(-t / tau_s)
    return weight * np.e * t / tau_s * np.exp(-t / tau_s)


@pytest.mark.parametrize(
    ("receptor", "e_rev", "tau_s"), [("excitatory", 0.0, 1.5), ("inhibitory", -80.0, 7.0)]
)
@pytest.mark.parametrize("model", ["IF_cond_exp", "IF_cond_alpha"])
def test_response_to_one_conductance_pulse(
    drive_cell, spikes_through, model, receptor, e_rev, tau_s
):
    weight, dt = 0.0625, 0.0125
    pulse = spikes_through([SPIKE], weight, DELAY, receptor)
    course = drive_cell(model, PARAMETERS[model], 40.0, [pulse], dt=dt)
    begin = round((SPIKE + DELAY) / dt)
    times = course.times[begin:] - course.times[begin]

    def slope(t, v):
        return (V_REST - v) / TAU_M + conductance(model, t, weight, tau_s) * (e_rev - v) / CM

    exact = solve_ivp(
        slope, (0.0, times[-1]), [V_REST], "DOP853", times, rtol=1e-12, atol=1e-12, max_step=0.5
    ).y[0]
    # Gauss's method of order 4 errs in a step by at most (dt * rate)**5 / 720 of the span of v,
    # where rate bounds all rates; errors are forgotten within tau_m
    rate = 1.0 / TAU_M + weight / CM + 1.0 / tau_s
    bound = (dt * rate) ** 5 / 720.0 * abs(e_rev - V_REST) * TAU_M / dt
    # the reference errs by rtol at 65 mV in each of its steps
    reference_error = 1e-12 * 65.0 * 40.0 / 0.5
    assert np.abs(course.v[begin:] - exact).max() < bound + reference_error
    np.testing.assert_array_equal(course.v[:begin], V_REST)


def test_inhibition_moves_v_towards_its_reversal_potential(drive_cell, spikes_through):
    pulse = spikes_through([SPIKE], 50.0, DELAY, "inhibitory")
    course = drive_cell("IF_cond_exp", PARAMETERS["IF_cond_exp"], 30.0, [pulse])
    # however strong the conductance, v stays between rest and reversal potential
    assert course.v.min() >= -80.0
    assert course.v.min() < -79.0
