"""Integrate-and-fire models with current-based synapses: IF_curr_exp, _alpha and _delta."""

import numpy as np

from distsim.kernels.if_curr_alpha import IFCurrAlpha
from distsim.kernels.if_curr_delta import IFCurrDelta
from distsim.kernels.if_curr_exp import IFCurrExp
from distsim.models import propagators
from distsim.models.cell_model import NativeModel, Parameters, State, refractory_steps
from distsim.models.parts import (
    ALPHA_SHAPED,
    DECAYING,
    THRESHOLD,
    currents,
    drives,
    membrane,
    potential,
    receptors,
    synaptic_times,
)

__all__ = ["IF_CURR_ALPHA", "IF_CURR_DELTA", "IF_CURR_EXP", "constant_drive", "threshold"]


def constant_drive(p: Parameters, dt: float) -> dict[str, np.ndarray]:
    """Return the part of the update that no state enters: v_rest, i_offset, injected currents."""
    gain = propagators.constant_to_v(dt, p["tau_m"], p["cm"])
    rest = -np.expm1(-dt / p["tau_m"]) * p["v_rest"] + gain * p["i_offset"]
    return {"drive": rest.copy(), "drive_rest": rest, "drive_gain": gain}


def threshold(p: Parameters, dt: float) -> dict[str, np.ndarray]:
    """Return threshold, reset and refractory period, as `fire` takes them."""
    return {
        "v_thresh": p["v_thresh"].copy(),
        "v_reset": p["v_reset"].copy(),
        "refractory_steps": refractory_steps(p, dt),
    }


def _exp_coefficients(p: Parameters, dt: float) -> IFCurrExp:
    return IFCurrExp(
        p22=propagators.decay(dt, p["tau_m"]),
        p21_exc=propagators.current_to_v(dt, p["tau_m"], p["cm"], p["tau_syn_E"]),
        p21_inh=propagators.current_to_v(dt, p["tau_m"], p["cm"], p["tau_syn_I"]),
        p11_exc=propagators.decay(dt, p["tau_syn_E"]),
        p11_inh=propagators.decay(dt, p["tau_syn_I"]),
        **constant_drive(p, dt),
        **threshold(p, dt),
    )


def _alpha_coefficients(p: Parameters, dt: float) -> IFCurrAlpha:
    decay_exc = propagators.decay(dt, p["tau_syn_E"])
    decay_inh = propagators.decay(dt, p["tau_syn_I"])
    # of a current that rises to a peak of 1, at its beginning [1/ms]
    slope_exc, slope_inh = np.e / p["tau_syn_E"], np.e / p["tau_syn_I"]
    return IFCurrAlpha(
        p33=propagators.decay(dt, p["tau_m"]),
        p32_exc=propagators.current_to_v(dt, p["tau_m"], p["cm"], p["tau_syn_E"]),
        p32_inh=propagators.current_to_v(dt, p["tau_m"], p["cm"], p["tau_syn_I"]),
        p31_exc=slope_exc * propagators.current_drive_to_v(dt, p["tau_m"], p["cm"], p["tau_syn_E"]),
        p31_inh=slope_inh * propagators.current_drive_to_v(dt, p["tau_m"], p["cm"], p["tau_syn_I"]),
        p21_exc=slope_exc * dt * decay_exc,
        p21_inh=slope_inh * dt * decay_inh,
        p11_exc=decay_exc,
        p11_inh=decay_inh,
        **constant_drive(p, dt),
        **threshold(p, dt),
    )


def _delta_coefficients(p: Parameters, dt: float) -> IFCurrDelta:
    return IFCurrDelta(
        p22=propagators.decay(dt, p["tau_m"]), **constant_drive(p, dt), **threshold(p, dt)
    )


MEMBRANE = "dv/dt = (v_rest - v) / tau_m + (isyn_exc + isyn_inh + i_offset + i_injected) / cm"
EXACT = "exact: Rotter & Diesmann (1999), Biol. Cybern. 81:381"

IF_CURR_EXP = NativeModel(
    "IF_curr_exp",
    membrane() + synaptic_times(),
    potential() + currents(),
    receptors("isyn_exc", "isyn_inh"),
    title="Leaky integrate-and-fire cell with exponentially decaying synaptic currents.",
    equations=(MEMBRANE, *(line.format(x="isyn") for line in DECAYING), THRESHOLD),
    method=EXACT,
    coefficients=_exp_coefficients,
)
IF_CURR_ALPHA = NativeModel(
    "IF_curr_alpha",
    membrane() + synaptic_times(0.5, 0.5),
    potential() + currents() + drives("nA"),
    receptors("drive_exc", "drive_inh"),
    title="Leaky integrate-and-fire cell with alpha-shaped synaptic currents.",
    equations=(MEMBRANE, *(line.format(x="isyn") for line in ALPHA_SHAPED), THRESHOLD),
    method=EXACT,
    coefficients=_alpha_coefficients,
)
IF_CURR_DELTA = NativeModel(
    "IF_curr_delta",
    membrane(),
    (
        *potential(),
        State("jump_exc", "mV", is_recordable=False),
        State("jump_inh", "mV", is_recordable=False),
    ),
    receptors("jump_exc", "jump_inh"),
    title="Leaky integrate-and-fire cell whose potential jumps by the weight [mV] at each spike.",
    equations=(
        "dv/dt = (v_rest - v) / tau_m + (i_offset + i_injected) / cm",
        "a spike adds its weight to v, unless the cell is refractory",
        THRESHOLD,
    ),
    method=EXACT,
    coefficients=_delta_coefficients,
)
