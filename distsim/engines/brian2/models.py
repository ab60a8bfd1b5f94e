"""The cell models as equations that Brian integrates."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from distsim.models import (
    EIF_COND_ALPHA_ISFA_ISTA,
    EIF_COND_EXP_ISFA_ISTA,
    GIF_COND_EXP,
    HH_COND_EXP,
    IF_COND_ALPHA,
    IF_COND_EXP,
    IF_COND_EXP_GSFA_GRR,
    IF_CURR_ALPHA,
    IF_CURR_DELTA,
    IF_CURR_EXP,
    IF_FACETS_HARDWARE1,
    IZHIKEVICH,
    CellModel,
)
from distsim.models.cell_model import Parameters, columns
from distsim.models.if_cond import with_tau_m

__all__ = [
    "ADEXP",
    "ADEXP_SPIKE",
    "COND",
    "EXACT",
    "LARGEST_DECAY",
    "MEMBRANE",
    "MODELS",
    "TWO_CONDUCTANCES",
    "Brian2Model",
    "brian_name",
    "is_singular",
]

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
# a step of the exact solution (Rotter & Diesmann, 1999), with what decays within it, and what
# a current that decays has done to v at its end
EXACT_STEP = """
_h = dt / ms
_of_m = exp(-_h / tau_m)
_of_exc = exp(-_h / tau_syn_E)
_of_inh = exp(-_h / tau_syn_I)
_rate_exc = 1 / tau_m - 1 / tau_syn_E
_rate_inh = 1 / tau_m - 1 / tau_syn_I
_from_exc = (_of_exc - _of_m) / _rate_exc
_from_inh = (_of_inh - _of_m) / _rate_inh
{charges}
_rest = v_rest + i_in * tau_m / capacitance
_v = _rest + (v - _rest) * _of_m + (_exc + _inh) / capacitance
v = _v * int(not_refractory) + v * (1 - int(not_refractory))
{decays}
"""
EXPONENTIAL_STEP = EXACT_STEP.format(
    charges="""
_exc = isyn_exc * _from_exc
_inh = isyn_inh * _from_inh
""",
    decays="""
isyn_exc = isyn_exc * _of_exc
isyn_inh = isyn_inh * _of_inh
""",
)
ALPHA_STEP = EXACT_STEP.format(
    charges="""
_slope_exc = e_drive * drive_exc / tau_syn_E
_slope_inh = e_drive * drive_inh / tau_syn_I
_exc = isyn_exc * _from_exc + _slope_exc * (_h * _of_exc - _from_exc) / _rate_exc
_inh = isyn_inh * _from_inh + _slope_inh * (_h * _of_inh - _from_inh) / _rate_inh
""",
    decays="""
isyn_exc = (isyn_exc + _slope_exc * _h) * _of_exc
isyn_inh = (isyn_inh + _slope_inh * _h) * _of_inh
drive_exc = drive_exc * _of_exc
drive_inh = drive_inh * _of_inh
""",
)
TWO_CONDUCTANCES = "gsyn_exc * (e_rev_E - v) + gsyn_inh * (e_rev_I - v)"
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


ADEXP = """
dv/dt = ((v_rest - v + delta_T * exp((clip(v, -inf, v_spike) - v_thresh) / delta_T)) / tau_m
         + (gsyn_exc * (e_rev_E - v) + gsyn_inh * (e_rev_I - v) - w + i_in) / capacitance) / ms
    : 1 (unless refractory)
dw/dt = (0.001 * a * (v - v_rest) - w) / tau_w / ms : 1
a : 1
b : 1
delta_T : 1
tau_w : 1
v_spike : 1
"""
SPIKE_CONDUCTANCES = """
dv/dt = ((v_rest - v) / tau_m
         + (gsyn_exc * (e_rev_E - v) + gsyn_inh * (e_rev_I - v)
            + 0.001 * (g_s * (e_rev_sfa - v) + g_r * (e_rev_rr - v)) + i_in) / capacitance) / ms
    : 1 (unless refractory)
dg_s/dt = -g_s / tau_sfa / ms : 1
dg_r/dt = -g_r / tau_rr / ms : 1
q_sfa : 1
e_rev_sfa : 1
tau_sfa : 1
q_rr : 1
e_rev_rr : 1
tau_rr : 1
"""
ESCAPE = """
dv/dt = ((v_rest - v) / tau_m
         + (gsyn_exc * (e_rev_E - v) + gsyn_inh * (e_rev_I - v)
            - eta_1 - eta_2 - eta_3 + i_in) / capacitance) / ms
    : 1 (unless refractory)
i_eta : 1
v_t : 1
v_rest : 1
v_reset : 1
v_t_star : 1
delta_v : 1
lambda0 : 1
tau_m : 1
capacitance : 1
i_in : 1
n_refractory : integer
"""
# currents and shifts of the threshold, of which PyNN shows the sum
DECAYING = """
d{x}_{k}/dt = -{x}_{k} / tau_{x}_{k} / ms : 1
tau_{x}_{k} : 1
a_{x}_{k} : 1
"""
SUMS = """
i_eta = eta_1 + eta_2 + eta_3
v_t = v_t_star + gamma_1 + gamma_2 + gamma_3
"""
ESCAPES = "rand() < -expm1(-lambda0 * exp((v - v_t) / delta_v) * (dt / second))"
KERNELS = [(x, k) for x in ("eta", "gamma") for k in (1, 2, 3)]
# Traub & Miles (1991); x / (exp(x) - 1) is 1 / exprel(x)
CHANNELS = """
dv/dt = (gbar_Na * m**3 * h * (e_rev_Na - v) + gbar_K * n**4 * (e_rev_K - v)
         + g_leak * (e_rev_leak - v) + gsyn_exc * (e_rev_E - v) + gsyn_inh * (e_rev_I - v)
         + i_in) / capacitance / ms : 1
dm/dt = (1.28 / exprel((13 - x) / 4) * (1 - m) - 1.4 / exprel((x - 40) / 5) * m) / ms : 1
dh/dt = (0.128 * exp((17 - x) / 18) * (1 - h) - 4 / (1 + exp((40 - x) / 5)) * h) / ms : 1
dn/dt = (0.16 / exprel((15 - x) / 5) * (1 - n) - 0.5 * exp((10 - x) / 40) * n) / ms : 1
x = v - v_offset : 1
v_before : 1
gbar_Na : 1
gbar_K : 1
g_leak : 1
v_offset : 1
e_rev_Na : 1
e_rev_K : 1
e_rev_leak : 1
capacitance : 1
i_in : 1
"""
# as NEST sees it: the peak, and no other for 2 ms
PEAK = "v >= v_offset + 30 and v < v_before"
IS_AFTER_PEAK = "t - lastspike <= 2 * ms"
# 1 nA is 1000 mV/ms of the model's
QUADRATIC = """
dv/dt = (0.04 * v**2 + 5 * v + 140 - u + 1000 * i_in) / ms : 1
du/dt = a * (b * v - u) / ms : 1
a : 1
b : 1
c : 1
d : 1
i_in : 1
"""


# Brian's own "exact" takes SymPy half a minute for alpha functions, five seconds for exponentials
def exact_exponential(*_: Any) -> str:
    """Return the code of a step of IF_curr_exp."""
    return EXPONENTIAL_STEP


def exact_alpha(*_: Any) -> str:
    """Return the code of a step of IF_curr_alpha."""
    return ALPHA_STEP


class Brian2Model(NamedTuple):
    """A model in Brian's words; variables have the names of `CellModel`, by `brian_name`.

    Attributes
    ----------
    equations : str
    inputs : tuple of str
        Variables to which the weights of each receptor type are added.
    method : str or callable
        How Brian integrates them; what is callable returns the code of a step.
    threshold, reset : str
    refractory : str or bool
        When no other spike is seen.
    before, after : str
        What is done before each step, and after its synapses.
    conductances : tuple of (str, float)
        Variables that pull v, and 1 of theirs in uS.
    translate : callable
        Returns the parameters of the equations for those of a block.
    """

    equations: str
    inputs: tuple[str, ...]
    method: str | Callable[..., str] = "rk4"
    threshold: str = "v >= v_thresh"
    reset: str = "v = v_reset"
    refractory: str | bool = IS_HELD
    before: str = ""
    after: str = ""
    conductances: tuple[tuple[str, float], ...] = ()
    translate: Callable[[Parameters], Parameters] = dict


CURRENTS, DRIVES = ("isyn_exc", "isyn_inh"), ("drive_exc", "drive_inh")
CONDUCTANCES = ("gsyn_exc", "gsyn_inh")
EXPONENTIAL_CONDUCTANCES = EXPONENTIAL.format(x="g") + SYNAPSES + REVERSAL
ALPHA_CONDUCTANCES = ALPHA.format(x="g") + SYNAPSES + REVERSAL
PULLS = (("gsyn_exc", 1.0), ("gsyn_inh", 1.0))
ADEXP_SPIKE: dict[str, Any] = {"threshold": "v >= v_spike", "reset": "v = v_reset\nw += b"}

MODELS: dict[CellModel, Brian2Model] = {
    IF_CURR_EXP: Brian2Model(
        CURR + EXPONENTIAL.format(x="i") + MEMBRANE + SYNAPSES, CURRENTS, exact_exponential
    ),
    IF_CURR_ALPHA: Brian2Model(
        CURR + ALPHA.format(x="i") + MEMBRANE + SYNAPSES, DRIVES, exact_alpha
    ),
    IF_CURR_DELTA: Brian2Model(DELTA + MEMBRANE, ("jump_exc", "jump_inh"), "exact", after=JUMP),
    IF_COND_EXP: Brian2Model(
        COND + MEMBRANE + EXPONENTIAL_CONDUCTANCES, CONDUCTANCES, conductances=PULLS
    ),
    IF_COND_ALPHA: Brian2Model(COND + MEMBRANE + ALPHA_CONDUCTANCES, DRIVES, conductances=PULLS),
    IF_FACETS_HARDWARE1: Brian2Model(
        COND + MEMBRANE + EXPONENTIAL_CONDUCTANCES,
        CONDUCTANCES,
        conductances=PULLS,
        translate=with_tau_m,
    ),
    EIF_COND_EXP_ISFA_ISTA: Brian2Model(
        ADEXP + MEMBRANE + EXPONENTIAL_CONDUCTANCES, CONDUCTANCES, conductances=PULLS, **ADEXP_SPIKE
    ),
    EIF_COND_ALPHA_ISFA_ISTA: Brian2Model(
        ADEXP + MEMBRANE + ALPHA_CONDUCTANCES, DRIVES, conductances=PULLS, **ADEXP_SPIKE
    ),
    IF_COND_EXP_GSFA_GRR: Brian2Model(
        SPIKE_CONDUCTANCES + MEMBRANE + EXPONENTIAL_CONDUCTANCES,
        CONDUCTANCES,
        reset="v = v_reset\ng_s += q_sfa\ng_r += q_rr",
        conductances=(*PULLS, ("g_s", 0.001), ("g_r", 0.001)),
    ),
    GIF_COND_EXP: Brian2Model(
        ESCAPE + "".join(DECAYING.format(x=x, k=k) for x, k in KERNELS) + EXPONENTIAL_CONDUCTANCES,
        CONDUCTANCES,
        threshold=ESCAPES,
        reset="v = v_reset\n" + "\n".join(f"{x}_{k} += a_{x}_{k}" for x, k in KERNELS) + SUMS,
        after=SUMS,
        conductances=PULLS,
        translate=columns,
    ),
    HH_COND_EXP: Brian2Model(
        CHANNELS + EXPONENTIAL_CONDUCTANCES,
        CONDUCTANCES,
        # sodium opens faster than others could follow with common steps
        "exponential_euler",
        threshold=PEAK,
        reset="",
        refractory=IS_AFTER_PEAK,
        before="v_before = v",
    ),
    IZHIKEVICH: Brian2Model(
        QUADRATIC,
        ("v", "v"),
        "euler",
        threshold="v >= 30",
        reset="v = c\nu += d",
        refractory=False,
    ),
}

# a Runge-Kutta step of fourth order damps what decays within more than dt / LARGEST_DECAY, and lets
# all else grow: the largest x with 1 - x + x**2 / 2 - x**3 / 6 + x**4 / 24 <= 1
LARGEST_DECAY = 2.785
EXACT = ("exact", exact_exponential, exact_alpha)
# the exact solution divides by their difference from tau_m; where that is less, it is not used
TAUS = ("tau_syn_E", "tau_syn_I")
LEAST_DIFFERENCE = 0.1


def brian_name(name: str) -> str:
    """Return what Brian calls a parameter or variable of PyNN's.

    Examples
    --------
    >>> brian_name("AMPA.tau_syn")
    'r_AMPA_tau_syn'
    """
    if "." in name:
        receptor, own = name.split(".")
        return f"r_{receptor}_{own}"
    # PyNN's name is a unit in Brian
    return "capacitance" if name == "cm" else name


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
