"""The cell models as equations that Brian integrates."""

from typing import NamedTuple

import numpy as np

from distsim.models.cell_model import Parameters

__all__ = ["BRIAN_NAMES", "IS_HELD", "JUMP", "MODELS", "Brian2Model", "is_singular"]

# numbers are in PyNN's units; i_in is i_offset and what is injected
MEMBRANE = """
v_rest : 1
v_reset : 1
v_thresh : 1
tau_m : 1
capacitance : 1
i_in : 1
n_refractory : integer
"""
SYNAPSES = """
tau_syn_E : 1
tau_syn_I : 1
"""
REVERSAL = """
e_rev_E : 1
e_rev_I : 1
"""
# a cell that has spiked stays at v_reset for n_refractory steps
IS_HELD = "timestep(t - lastspike, dt) <= n_refractory"

CURR = """
dv/dt = ((v_rest - v) / tau_m + (isyn_exc + isyn_inh + i_in) / capacitance) / ms
    : 1 (unless refractory)
"""
COND = """
dv/dt = ((v_rest - v) / tau_m
         + (gsyn_exc * (e_rev_E - v) + gsyn_inh * (e_rev_I - v) + i_in) / capacitance) / ms
    : 1 (unless refractory)
"""
EXPONENTIAL = """
d{x}syn_exc/dt = -{x}syn_exc / tau_syn_E / ms : 1
d{x}syn_inh/dt = -{x}syn_inh / tau_syn_I / ms : 1
"""
# a drive of 1 makes an alpha function whose peak is 1
ALPHA = """
d{x}syn_exc/dt = (e_drive * drive_exc - {x}syn_exc) / tau_syn_E / ms : 1
d{x}syn_inh/dt = (e_drive * drive_inh - {x}syn_inh) / tau_syn_I / ms : 1
ddrive_exc/dt = -drive_exc / tau_syn_E / ms : 1
ddrive_inh/dt = -drive_inh / tau_syn_I / ms : 1
"""
DELTA = """
dv/dt = ((v_rest - v) / tau_m + i_in / capacitance) / ms : 1 (unless refractory)
jump_exc : 1
jump_inh : 1
"""
# what arrives while a cell is refractory is lost
JUMP = """
v += (jump_exc + jump_inh) * int(not_refractory)
jump_exc = 0
jump_inh = 0
"""


class Brian2Model(NamedTuple):
    """A model in Brian's words; variables have the names of `CellModel.states`.

    Attributes
    ----------
    equations : str
    method : str
        How Brian integrates them.
    """

    equations: str
    method: str = "exact"


MODELS = {
    "IF_curr_exp": Brian2Model(CURR + EXPONENTIAL.format(x="i") + MEMBRANE + SYNAPSES),
    "IF_curr_alpha": Brian2Model(CURR + ALPHA.format(x="i") + MEMBRANE + SYNAPSES),
    "IF_curr_delta": Brian2Model(DELTA + MEMBRANE),
    "IF_cond_exp": Brian2Model(
        COND + EXPONENTIAL.format(x="g") + MEMBRANE + SYNAPSES + REVERSAL, "rk4"
    ),
    "IF_cond_alpha": Brian2Model(
        COND + ALPHA.format(x="g") + MEMBRANE + SYNAPSES + REVERSAL, "rk4"
    ),
}

# PyNN's names that are units in Brian
BRIAN_NAMES = {"cm": "capacitance"}
# the exact solution divides by their difference from tau_m; where that is less, it is not used
TAUS = ("tau_syn_E", "tau_syn_I")
LEAST_DIFFERENCE = 0.1


def is_singular(parameters: Parameters) -> bool:
    """Return whether the exact solution divides by too small a difference for some cell.

    Parameters
    ----------
    parameters : mapping of str to ndarray of float64, shape (n_local,)

    Returns
    -------
    bool
    """
    tau_m = parameters["tau_m"]
    taus = [parameters[name] for name in TAUS if name in parameters]
    return any(bool((np.abs(tau / tau_m - 1.0) < LEAST_DIFFERENCE).any()) for tau in taus)
