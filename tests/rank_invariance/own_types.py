"""Cell types of the user's own: a quadratic cell that adapts, and one with three receptors."""

import numpy as np

import distsim as sim
from distsim.models import Bound, Parameter, Receptor, State

# leak of a `Shunted` cell [uS]
G_LEAK = 0.05


def slopes(v, w, current, cm, k, v_rest, v_crit, tau_w):
    """Return dv/dt [mV/ms] and dw/dt [nA/ms]."""
    return (k * (v - v_rest) * (v - v_crit) - w + current) / cm, -w / tau_w


def quadratic_step(v, w, i_syn, dt, i_injected, cm, k, v_rest, v_crit, tau_w, i_offset, half_decay):
    """Return the state a step later, by Runge and Kutta's method of order 4."""
    constant, half = i_offset + i_injected, 0.5 * dt
    i_middle = i_syn * half_decay
    i_end = i_middle * half_decay
    cell = cm, k, v_rest, v_crit, tau_w
    dv_1, dw_1 = slopes(v, w, constant + i_syn, *cell)
    dv_2, dw_2 = slopes(v + half * dv_1, w + half * dw_1, constant + i_middle, *cell)
    dv_3, dw_3 = slopes(v + half * dv_2, w + half * dw_2, constant + i_middle, *cell)
    dv_4, dw_4 = slopes(v + dt * dv_3, w + dt * dw_3, constant + i_end, *cell)
    v += dt / 6.0 * (dv_1 + 2.0 * dv_2 + 2.0 * dv_3 + dv_4)
    w += dt / 6.0 * (dw_1 + 2.0 * dw_2 + 2.0 * dw_3 + dw_4)
    return v, w, i_end


def is_at_peak(v, v_peak):
    """Return whether the cell spikes."""
    return v >= v_peak


def reset(w, i_syn, v_reset, b):
    """Return the state after a spike."""
    return v_reset, w + b, i_syn


QUADRATIC = {
    "parameters": (
        Parameter("cm", "nF", 0.1, "capacitance", Bound.POSITIVE),
        Parameter("k", "uS/mV", 0.0007, "curvature", Bound.POSITIVE),
        Parameter("v_rest", "mV", -60.0, "resting potential", below="v_crit"),
        Parameter("v_crit", "mV", -40.0, "potential above which v runs off"),
        Parameter("v_peak", "mV", 35.0, "potential at which a spike is seen"),
        Parameter("v_reset", "mV", -50.0, "reset potential", below="v_peak"),
        Parameter("b", "nA", 0.01, "adaptation current that a spike adds"),
        Parameter("tau_w", "ms", 300.0, "time constant of adaptation", Bound.POSITIVE),
        Parameter("tau_syn", "ms", 3.0, "time constant of the synapses", Bound.POSITIVE),
        Parameter("i_offset", "nA", 0.0, "constant current"),
    ),
    "states": (State("v", "mV", -60.0), State("w", "nA"), State("i_syn", "nA")),
    "receptors": (Receptor("synapse", "i_syn"),),
    "derive": lambda p, dt: {"half_decay": np.exp(-0.5 * dt / p["tau_syn"])},
    "step": quadratic_step,
    "is_spiking": is_at_peak,
    "spike": reset,
    "title": "Quadratic integrate-and-fire cell with slow adaptation.",
}
Quadratic = sim.cell_type("Quadratic", **QUADRATIC)


def shunted(e_exc, e_inh):
    """Return the functions of a cell, of which some find these reversal potentials outside."""

    def step(v, g_exc, g_inh, dt, cm, is_refractory, i_offset, keep):
        total = G_LEAK + g_exc + g_inh
        final = (G_LEAK * -65.0 + g_exc * e_exc + g_inh * e_inh + i_offset) / total
        x = 0.5 * dt * total / cm
        free = final + (v - final) * (1.0 - x) / (1.0 + x)
        return (v if is_refractory else free), g_exc * keep, g_inh * keep

    return {
        "step": step,
        "is_spiking": lambda v: v >= -50.0,
        "spike": lambda g_exc, g_inh: (-65.0, g_exc, g_inh),
    }


Shunted = sim.cell_type(
    "Shunted",
    parameters=(
        Parameter("cm", "nF", 1.0, "capacitance", Bound.POSITIVE),
        Parameter("i_offset", "nA", 0.0, "constant current"),
        Parameter("tau_refrac", "ms", 2.0, "refractory period", Bound.NOT_NEGATIVE),
        Parameter("tau_syn", "ms", 4.0, "time constant of the synapses", Bound.POSITIVE),
    ),
    states=(State("v", "mV", -65.0), State("g_exc", "uS"), State("g_inh", "uS")),
    # not in the order of PyNN's types, and two for one state
    receptors=(
        Receptor("inhibitory", "g_inh"),
        Receptor("slow", "g_inh"),
        Receptor("excitatory", "g_exc"),
    ),
    derive=lambda p, dt: {"keep": np.exp(-dt / p["tau_syn"])},
    **shunted(0.0, -75.0),
)
