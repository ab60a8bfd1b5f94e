"""Integrate-and-fire models with current-based synapses: IF_curr_exp, _alpha and _delta."""

import numpy as np

from distsim.kernels.if_curr_alpha import IFCurrAlpha
from distsim.kernels.if_curr_delta import IFCurrDelta
from distsim.kernels.if_curr_exp import IFCurrExp
from distsim.models import propagators
from distsim.models.cell_model import NativeModel, Parameters, check_parameters, refractory_steps

__all__ = ["IF_CURR_ALPHA", "IF_CURR_DELTA", "IF_CURR_EXP"]

MEMBRANE = ("v_rest", "cm", "tau_m", "tau_refrac", "i_offset", "v_reset", "v_thresh")
SYNAPSES = ("tau_syn_E", "tau_syn_I")


def _drive(p: Parameters, dt: float) -> dict[str, np.ndarray]:
    """Return the part of the update that no state enters: v_rest, i_offset, injected currents."""
    gain = propagators.constant_to_v(dt, p["tau_m"], p["cm"])
    rest = -np.expm1(-dt / p["tau_m"]) * p["v_rest"] + gain * p["i_offset"]
    return {"drive": rest.copy(), "drive_rest": rest, "drive_gain": gain}


def _threshold(p: Parameters, dt: float) -> dict[str, np.ndarray]:
    return {
        "v_thresh": p["v_thresh"].copy(),
        "v_reset": p["v_reset"].copy(),
        "refractory_steps": refractory_steps(p, dt),
    }


def _exp_coefficients(p: Parameters, dt: float) -> IFCurrExp:
    check_parameters("IF_curr_exp", p)
    return IFCurrExp(
        p22=propagators.decay(dt, p["tau_m"]),
        p21_exc=propagators.current_to_v(dt, p["tau_m"], p["cm"], p["tau_syn_E"]),
        p21_inh=propagators.current_to_v(dt, p["tau_m"], p["cm"], p["tau_syn_I"]),
        p11_exc=propagators.decay(dt, p["tau_syn_E"]),
        p11_inh=propagators.decay(dt, p["tau_syn_I"]),
        **_drive(p, dt),
        **_threshold(p, dt),
    )


def _alpha_coefficients(p: Parameters, dt: float) -> IFCurrAlpha:
    check_parameters("IF_curr_alpha", p)
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
        **_drive(p, dt),
        **_threshold(p, dt),
    )


def _delta_coefficients(p: Parameters, dt: float) -> IFCurrDelta:
    check_parameters("IF_curr_delta", p)
    return IFCurrDelta(p22=propagators.decay(dt, p["tau_m"]), **_drive(p, dt), **_threshold(p, dt))


IF_CURR_EXP = NativeModel(
    "IF_curr_exp", MEMBRANE + SYNAPSES, ("v", "isyn_exc", "isyn_inh"), "isyn_exc", _exp_coefficients
)
IF_CURR_ALPHA = NativeModel(
    "IF_curr_alpha",
    MEMBRANE + SYNAPSES,
    ("v", "isyn_exc", "isyn_inh", "drive_exc", "drive_inh"),
    "drive_exc",
    _alpha_coefficients,
)
IF_CURR_DELTA = NativeModel(
    "IF_curr_delta", MEMBRANE, ("v", "jump_exc", "jump_inh"), "jump_exc", _delta_coefficients
)
