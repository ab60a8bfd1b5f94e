"""Integrate-and-fire models that adapt: adaptive exponential, and conductances opened by spikes.

The adaptive exponential cells [1]_ make an `adaptive_step`. As NEST has it, with ``delta_T = 0``
spikes are seen at `v_thresh`.

References
----------
.. [1] R. Brette and W. Gerstner, "Adaptive exponential integrate-and-fire model as an effective
   description of neuronal activity", J. Neurophysiol. 94, 3637-3642 (2005).
.. [2] E. Muller, L. Buesing, J. Schemmel and K. Meier, "Spike-frequency adapting neural ensembles",
   Neural Comput. 19, 2958-3010 (2007).
"""

from math import e, exp

import numpy as np

from distsim.kernels.adaptive import is_stiff, runge_kutta_step, stiff_step
from distsim.kernels.conductance import MAX_DECAY, NODE_1, NODE_2, gauss_step
from distsim.models.cell_model import Bound, Parameter, Parameters, State
from distsim.models.one_cell import one_cell_model
from distsim.models.parts import (
    ALPHA_SHAPED,
    DECAYING,
    THRESHOLD,
    conductances,
    drives,
    membrane,
    potential,
    receptors,
    reversal_potentials,
    synaptic_times,
)
from distsim.models.propagators import decay

__all__ = [
    "ADAPTIVE_EXPONENTIAL",
    "BRETTE_GERSTNER",
    "EIF_COND_ALPHA_ISFA_ISTA",
    "EIF_COND_EXP_ISFA_ISTA",
    "IF_COND_EXP_GSFA_GRR",
    "membrane_of",
]

# --- adaptive exponential ----------------------------------------------------------------------


def _synapses(current, g_exc, g_inh, e_rev_E, e_rev_I):
    """Return the total conductance [uS], and the current that does not depend on v [nA]."""
    return g_exc + g_inh, current + g_exc * e_rev_E + g_inh * e_rev_I


def _decayed(gsyn_exc, gsyn_inh, half_decay_exc, half_decay_inh):
    """Return both conductances in the middle and at the end of a step."""
    middle = gsyn_exc * half_decay_exc, gsyn_inh * half_decay_inh
    return middle, (middle[0] * half_decay_exc, middle[1] * half_decay_inh)


def _step_exp(
    v, w, gsyn_exc, gsyn_inh, dt, is_refractory, i_injected,
    cm, g_leak, v_rest, v_reset, v_thresh, delta_T, peak, a_uS, tau_w, e_rev_E, e_rev_I, i_offset,
    half_decay_exc, half_decay_inh,
):  # fmt: skip
    cell = cm, g_leak, v_rest, v_thresh, delta_T, peak, a_uS, tau_w
    current = i_offset + i_injected
    g_1, g_2 = _decayed(gsyn_exc, gsyn_inh, half_decay_exc, half_decay_inh)
    begin = _synapses(current, gsyn_exc, gsyn_inh, e_rev_E, e_rev_I)
    middle = _synapses(current, g_1[0], g_1[1], e_rev_E, e_rev_I)
    end = _synapses(current, g_2[0], g_2[1], e_rev_E, e_rev_I)
    v, w = runge_kutta_step(v, w, dt, begin, middle, end, v_reset, is_refractory, cell)
    return v, w, g_2[0], g_2[1]


def _stiff_step_exp(
    v, w, gsyn_exc, gsyn_inh, dt, is_refractory, i_injected,
    cm, g_leak, v_rest, v_reset, v_thresh, delta_T, peak, a_uS, tau_w, e_rev_E, e_rev_I, i_offset,
    half_decay_exc, half_decay_inh,
):  # fmt: skip
    cell = cm, g_leak, v_rest, v_thresh, delta_T, peak, a_uS, tau_w
    g_1, g_2 = _decayed(gsyn_exc, gsyn_inh, half_decay_exc, half_decay_inh)
    middle = _synapses(i_offset + i_injected, g_1[0], g_1[1], e_rev_E, e_rev_I)
    v, w = stiff_step(v, w, dt, middle, v_reset, is_refractory, cell)
    return v, w, g_2[0], g_2[1]


def _is_stiff_exp(gsyn_exc, gsyn_inh, dt, cm, g_leak, half_decay_exc, half_decay_inh):
    _, end = _decayed(gsyn_exc, gsyn_inh, half_decay_exc, half_decay_inh)
    return is_stiff(dt, (gsyn_exc + gsyn_inh, 0.0), (end[0] + end[1], 0.0), (cm, g_leak))


def _risen(synapses, half):
    """Return both conductances, and what drives them, half a step later."""
    gsyn_exc, gsyn_inh, drive_exc, drive_inh = synapses
    half_decay_exc, half_decay_inh, half_rise_exc, half_rise_inh = half
    drive_exc, drive_inh = drive_exc * half_decay_exc, drive_inh * half_decay_inh
    return (
        gsyn_exc * half_decay_exc + half_rise_exc * drive_exc,
        gsyn_inh * half_decay_inh + half_rise_inh * drive_inh,
        drive_exc,
        drive_inh,
    )


def _step_alpha(
    v, w, gsyn_exc, gsyn_inh, drive_exc, drive_inh, dt, is_refractory, i_injected,
    cm, g_leak, v_rest, v_reset, v_thresh, delta_T, peak, a_uS, tau_w, e_rev_E, e_rev_I, i_offset,
    half_decay_exc, half_decay_inh, half_rise_exc, half_rise_inh,
):  # fmt: skip
    cell = cm, g_leak, v_rest, v_thresh, delta_T, peak, a_uS, tau_w
    half = half_decay_exc, half_decay_inh, half_rise_exc, half_rise_inh
    current = i_offset + i_injected
    g_1 = _risen((gsyn_exc, gsyn_inh, drive_exc, drive_inh), half)
    g_2 = _risen(g_1, half)
    begin = _synapses(current, gsyn_exc, gsyn_inh, e_rev_E, e_rev_I)
    middle = _synapses(current, g_1[0], g_1[1], e_rev_E, e_rev_I)
    end = _synapses(current, g_2[0], g_2[1], e_rev_E, e_rev_I)
    v, w = runge_kutta_step(v, w, dt, begin, middle, end, v_reset, is_refractory, cell)
    return v, w, g_2[0], g_2[1], g_2[2], g_2[3]


def _stiff_step_alpha(
    v, w, gsyn_exc, gsyn_inh, drive_exc, drive_inh, dt, is_refractory, i_injected,
    cm, g_leak, v_rest, v_reset, v_thresh, delta_T, peak, a_uS, tau_w, e_rev_E, e_rev_I, i_offset,
    half_decay_exc, half_decay_inh, half_rise_exc, half_rise_inh,
):  # fmt: skip
    cell = cm, g_leak, v_rest, v_thresh, delta_T, peak, a_uS, tau_w
    half = half_decay_exc, half_decay_inh, half_rise_exc, half_rise_inh
    g_1 = _risen((gsyn_exc, gsyn_inh, drive_exc, drive_inh), half)
    g_2 = _risen(g_1, half)
    middle = _synapses(i_offset + i_injected, g_1[0], g_1[1], e_rev_E, e_rev_I)
    v, w = stiff_step(v, w, dt, middle, v_reset, is_refractory, cell)
    return v, w, g_2[0], g_2[1], g_2[2], g_2[3]


def _is_stiff_alpha(
    gsyn_exc, gsyn_inh, drive_exc, drive_inh, dt, cm, g_leak,
    half_decay_exc, half_decay_inh, half_rise_exc, half_rise_inh,
):  # fmt: skip
    half = half_decay_exc, half_decay_inh, half_rise_exc, half_rise_inh
    end = _risen(_risen((gsyn_exc, gsyn_inh, drive_exc, drive_inh), half), half)
    return is_stiff(dt, (gsyn_exc + gsyn_inh, 0.0), (end[0] + end[1], 0.0), (cm, g_leak))


def _is_at_peak(v, peak):
    return v >= peak


def _spike_exp(w, gsyn_exc, gsyn_inh, v_reset, b):
    return v_reset, w + b, gsyn_exc, gsyn_inh


def _spike_alpha(w, gsyn_exc, gsyn_inh, drive_exc, drive_inh, v_reset, b):
    return v_reset, w + b, gsyn_exc, gsyn_inh, drive_exc, drive_inh


def membrane_of(p: Parameters) -> dict[str, np.ndarray]:
    """Return what `adaptive_step` takes of a membrane and is no parameter."""
    return {
        "g_leak": p["cm"] / p["tau_m"],
        "a_uS": 1e-3 * p["a"],
        "peak": np.where(p["delta_T"] > 0.0, p["v_spike"], p["v_thresh"]),
    }


def _derive(p: Parameters, dt: float) -> dict[str, np.ndarray]:
    tau_exc, tau_inh = p["tau_syn_E"], p["tau_syn_I"]
    return {
        **membrane_of(p),
        "half_decay_exc": decay(0.5 * dt, tau_exc),
        "half_decay_inh": decay(0.5 * dt, tau_inh),
        "half_rise_exc": 0.5 * e * dt / tau_exc,
        "half_rise_inh": 0.5 * e * dt / tau_inh,
    }


ADAPTIVE_EXPONENTIAL = (
    *membrane(-70.6, 0.281, 9.3667, -70.6, -50.4, peak="v_spike"),
    Parameter("v_spike", "mV", -40.0, "potential at which a spike is seen"),
    Parameter(
        "delta_T", "mV", 2.0, "slope of the exponential; 0: there is none", Bound.NOT_NEGATIVE
    ),
    Parameter("tau_w", "ms", 144.0, "time constant of adaptation", Bound.POSITIVE),
    Parameter("a", "nS", 4.0, "adaptation below threshold"),
    Parameter("b", "nA", 0.0805, "adaptation current added by a spike"),
)
TWO_SYNAPSES = synaptic_times() + reversal_potentials(0.0, -80.0)
ADAPTIVE_EQUATIONS = (
    "cm dv/dt = g_leak (v_rest - v) + g_leak delta_T exp((v - v_thresh) / delta_T) - w",
    "           + i_syn + i_offset + i_injected, g_leak = cm / tau_m",
    "tau_w dw/dt = a (v - v_rest) - w",
    "i_syn = gsyn_exc (e_rev_E - v) + gsyn_inh (e_rev_I - v)",
)
ADAPTIVE_SPIKE = (
    "where v >= v_spike, or v_thresh if delta_T = 0: a spike; w += b, v = v_reset for tau_refrac"
)
ADAPTIVE_METHOD = (
    "conductances exactly, v and w by Runge and Kutta's method of order 4; under conductances so "
    "large that v follows them, by an exponential step of order 1"
)
BRETTE_GERSTNER = "Brette & Gerstner (2005), J. Neurophysiol. 94:3637"
EIF_COND_EXP_ISFA_ISTA = one_cell_model(
    "EIF_cond_exp_isfa_ista",
    ADAPTIVE_EXPONENTIAL + TWO_SYNAPSES,
    (*potential(-70.6), State("w", "nA"), *conductances()),
    receptors("gsyn_exc", "gsyn_inh"),
    step=_step_exp,
    is_stiff=_is_stiff_exp,
    stiff_step=_stiff_step_exp,
    is_spiking=_is_at_peak,
    spike=_spike_exp,
    derive=_derive,
    title="Adaptive exponential integrate-and-fire cell with decaying conductances.",
    source=BRETTE_GERSTNER,
    equations=(
        *ADAPTIVE_EQUATIONS,
        *(line.format(x="gsyn") for line in DECAYING),
        ADAPTIVE_SPIKE,
    ),
    method=ADAPTIVE_METHOD,
)
EIF_COND_ALPHA_ISFA_ISTA = one_cell_model(
    "EIF_cond_alpha_isfa_ista",
    ADAPTIVE_EXPONENTIAL + TWO_SYNAPSES,
    (*potential(-70.6), State("w", "nA"), *conductances(), *drives("uS")),
    receptors("drive_exc", "drive_inh"),
    step=_step_alpha,
    is_stiff=_is_stiff_alpha,
    stiff_step=_stiff_step_alpha,
    is_spiking=_is_at_peak,
    spike=_spike_alpha,
    derive=_derive,
    title="Adaptive exponential integrate-and-fire cell with alpha-shaped conductances.",
    source=BRETTE_GERSTNER,
    equations=(
        *ADAPTIVE_EQUATIONS,
        *(line.format(x="gsyn") for line in ALPHA_SHAPED),
        ADAPTIVE_SPIKE,
    ),
    method=ADAPTIVE_METHOD,
)

# --- conductances opened by spikes -------------------------------------------------------------


def _rate_and_drive(g_exc, g_inh, g_s, g_r, leak, rest, per_uS, e_exc, e_inh, e_s, e_r):
    """Return the rate of change of v [1/ms], and what drives it [mV/ms]."""
    exc, inh = per_uS * g_exc, per_uS * g_inh
    sfa, rr = 1e-3 * per_uS * g_s, 1e-3 * per_uS * g_r
    drive = rest + exc * e_exc + inh * e_inh + sfa * e_s + rr * e_r
    return leak + exc + inh + sfa + rr, drive


def _step_gsfa_grr(
    v, g_r, g_s, gsyn_exc, gsyn_inh, dt, is_refractory, i_injected,
    leak, rest, per_uS, e_rev_E, e_rev_I, e_rev_sfa, e_rev_rr,
    decay_exc_1, decay_inh_1, decay_sfa_1, decay_rr_1,
    decay_exc_2, decay_inh_2, decay_sfa_2, decay_rr_2,
    decay_exc, decay_inh, decay_sfa, decay_rr,
):  # fmt: skip
    constant = rest + per_uS * i_injected
    rate_1, drive_1 = _rate_and_drive(
        gsyn_exc * decay_exc_1, gsyn_inh * decay_inh_1, g_s * decay_sfa_1, g_r * decay_rr_1,
        leak, constant, per_uS, e_rev_E, e_rev_I, e_rev_sfa, e_rev_rr,
    )  # fmt: skip
    rate_2, drive_2 = _rate_and_drive(
        gsyn_exc * decay_exc_2, gsyn_inh * decay_inh_2, g_s * decay_sfa_2, g_r * decay_rr_2,
        leak, constant, per_uS, e_rev_E, e_rev_I, e_rev_sfa, e_rev_rr,
    )  # fmt: skip
    if not is_refractory:
        rate = 0.5 * (rate_1 + rate_2)
        if dt * rate > MAX_DECAY:
            # stiff: towards the equilibrium of the mean conductances
            v_equilibrium = 0.5 * (drive_1 + drive_2) / rate
            v = v_equilibrium + (v - v_equilibrium) * exp(-dt * rate)
        else:
            v = gauss_step(v, dt, rate_1, drive_1, rate_2, drive_2)
    return v, g_r * decay_rr, g_s * decay_sfa, gsyn_exc * decay_exc, gsyn_inh * decay_inh


def _is_above(v, v_thresh):
    return v >= v_thresh


def _spike_gsfa_grr(g_r, g_s, gsyn_exc, gsyn_inh, v_reset, q_sfa, q_rr):
    return v_reset, g_r + q_rr, g_s + q_sfa, gsyn_exc, gsyn_inh


def _derive_gsfa_grr(p: Parameters, dt: float) -> dict[str, np.ndarray]:
    times = {"exc": "tau_syn_E", "inh": "tau_syn_I", "sfa": "tau_sfa", "rr": "tau_rr"}
    decays = {f"decay_{key}": decay(dt, p[tau]) for key, tau in times.items()}
    for node, part in ((1, NODE_1), (2, NODE_2)):
        decays |= {f"decay_{key}_{node}": decay(part * dt, p[tau]) for key, tau in times.items()}
    return {
        "leak": 1.0 / p["tau_m"],
        "rest": p["v_rest"] / p["tau_m"] + p["i_offset"] / p["cm"],
        "per_uS": 1.0 / p["cm"],
        **decays,
    }


IF_COND_EXP_GSFA_GRR = one_cell_model(
    "IF_cond_exp_gsfa_grr",
    (
        *(membrane() + synaptic_times() + reversal_potentials()),
        Parameter(
            "tau_sfa", "ms", 100.0, "time constant of spike-frequency adaptation", Bound.POSITIVE
        ),
        Parameter("e_rev_sfa", "mV", -75.0, "reversal potential of spike-frequency adaptation"),
        Parameter("q_sfa", "nS", 15.0, "what a spike adds to its conductance"),
        Parameter("tau_rr", "ms", 2.0, "time constant of relative refractoriness", Bound.POSITIVE),
        Parameter("e_rev_rr", "mV", -75.0, "reversal potential of relative refractoriness"),
        Parameter("q_rr", "nS", 3000.0, "what a spike adds to its conductance"),
    ),
    (*potential(), State("g_r", "nS"), State("g_s", "nS"), *conductances()),
    receptors("gsyn_exc", "gsyn_inh"),
    step=_step_gsfa_grr,
    is_spiking=_is_above,
    spike=_spike_gsfa_grr,
    derive=_derive_gsfa_grr,
    title="Leaky integrate-and-fire cell whose spikes open two more conductances.",
    source="Muller et al. (2007), Neural Computation 19:2958",
    equations=(
        "dv/dt = (v_rest - v) / tau_m + (i_syn + i_adapt + i_offset + i_injected) / cm",
        "i_syn = gsyn_exc (e_rev_E - v) + gsyn_inh (e_rev_I - v)",
        "i_adapt = g_s (e_rev_sfa - v) + g_r (e_rev_rr - v)",
        *(line.format(x="gsyn") for line in DECAYING),
        "dg_s/dt = -g_s / tau_sfa, dg_r/dt = -g_r / tau_rr",
        f"{THRESHOLD}, g_s += q_sfa, g_r += q_rr",
    ),
    method=(
        "conductances exactly, v by a Gauss method of order 4; under conductances so large that v "
        "follows them, by an exponential step of order 1"
    ),
)
