"""Order of the method that integrates the conductance-based models."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

CELL = {
    "v_rest": -65.0,
    "v_thresh": 1e3,
    "cm": 0.25,
    "tau_m": 10.0,
    "tau_syn_E": 3.0,
    "tau_syn_I": 6.0,
    "e_rev_E": 0.0,
    "e_rev_I": -80.0,
    "i_offset": 0.1,
}
ORDER = 4
ARRIVAL_E, ARRIVAL_I, END = 8.0, 16.0, 24.0
WEIGHT_E, WEIGHT_I = 0.0625, 0.125
STEPS = np.array([0.8, 0.4, 0.2, 0.1])


def conductance(model, t, weight, tau):
    """Return the conductance at a time after the spike arrived [uS]."""
    if t < 0:
        return 0.0
    shape = np.exp(-t / tau)
    return weight * shape if model == "IF_cond_exp" else weight * np.e * t / tau * shape


def exact_end(model):
    """Return v at the end, integrated piece by piece between the arrivals [mV]."""

    def slope(t, v):
        g_exc = conductance(model, t - ARRIVAL_E, WEIGHT_E, CELL["tau_syn_E"])
        g_inh = conductance(model, t - ARRIVAL_I, WEIGHT_I, CELL["tau_syn_I"])
        current = CELL["i_offset"] + g_exc * (CELL["e_rev_E"] - v) + g_inh * (CELL["e_rev_I"] - v)
        return (CELL["v_rest"] - v) / CELL["tau_m"] + current / CELL["cm"]

    v = [CELL["v_rest"]]
    # the conductance jumps at an arrival: it belongs to the piece that begins there
    for begin, end in ((0.0, ARRIVAL_E), (ARRIVAL_E, ARRIVAL_I), (ARRIVAL_I, END)):
        inside = np.nextafter(end, begin)
        v = solve_ivp(slope, (begin, inside), v, "DOP853", rtol=1e-13, atol=1e-13).y[:, -1]
    return v[0]


@pytest.mark.parametrize("model", ["IF_cond_exp", "IF_cond_alpha"])
def test_error_falls_with_the_declared_order(drive_cell, spikes_through, model):
    exact = exact_end(model)
    errors = []
    for dt in STEPS:
        inputs = [
            spikes_through([ARRIVAL_E - 4.0], WEIGHT_E, 4.0),
            spikes_through([ARRIVAL_I - 4.0], WEIGHT_I, 4.0, "inhibitory"),
        ]
        course = drive_cell(model, CELL, END, inputs, dt=dt)
        errors.append(abs(course.v[-1] - exact))
    # far above the error of the reference, rtol at 65 mV in each of some dozen steps
    assert min(errors) > 100 * 1e-13 * 65.0
    order = np.polyfit(np.log(STEPS), np.log(errors), 1)[0]
    assert abs(order - ORDER) < 0.1
