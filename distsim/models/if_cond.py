"""Integrate-and-fire models with conductance-based synapses.

IF_facets_hardware1 [1]_ is IF_cond_exp with a conductance for its leak, and constants where the
hardware cannot be set.

References
----------
.. [1] D. Bruederle, E. Mueller, A. Davison, E. Muller, J. Schemmel and K. Meier, "Establishing a
   novel modeling tool: a python-based interface for a neuromorphic hardware system", Front.
   Neuroinform. 3, 17 (2009).
"""

import numpy as np

from distsim.kernels.conductance import MAX_DECAY, NODE_1, NODE_2
from distsim.kernels.if_cond_alpha import IFCondAlpha
from distsim.kernels.if_cond_exp import IFCondExp
from distsim.models.cell_model import (
    Bound,
    NativeModel,
    Parameter,
    Parameters,
    refractory_steps,
)
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
    "IF_COND_ALPHA",
    "IF_COND_EXP",
    "IF_FACETS_HARDWARE1",
    "largest_conductance",
    "with_tau_m",
]


def _shared(p: Parameters, dt: float) -> dict[str, np.ndarray]:
    """Return the coefficients that both models have."""
    drive = p["v_rest"] / p["tau_m"] + p["i_offset"] / p["cm"]
    return {
        "drive": drive.copy(),
        "drive_rest": drive,
        "drive_gain": 1.0 / p["cm"],
        "leak": 1.0 / p["tau_m"],
        "elastance": 1.0 / p["cm"],
        "e_rev_exc": p["e_rev_E"].copy(),
        "e_rev_inh": p["e_rev_I"].copy(),
        "decay_exc": decay(dt, p["tau_syn_E"]),
        "decay_inh": decay(dt, p["tau_syn_I"]),
        "decay_exc_1": decay(NODE_1 * dt, p["tau_syn_E"]),
        "decay_inh_1": decay(NODE_1 * dt, p["tau_syn_I"]),
        "decay_exc_2": decay(NODE_2 * dt, p["tau_syn_E"]),
        "decay_inh_2": decay(NODE_2 * dt, p["tau_syn_I"]),
        "tau_syn_exc": p["tau_syn_E"].copy(),
        "tau_syn_inh": p["tau_syn_I"].copy(),
        "g_max": largest_conductance(p, dt, np.minimum(p["tau_syn_E"], p["tau_syn_I"])),
        "v_thresh": p["v_thresh"].copy(),
        "v_reset": p["v_reset"].copy(),
        "refractory_steps": refractory_steps(p, dt),
    }


def largest_conductance(p: Parameters, dt: float, shortest: np.ndarray) -> np.ndarray:
    """Return the synaptic conductance up to which a Gauss step is accurate, -1 if none is [uS].

    Parameters
    ----------
    p : mapping
        Has `cm` and `tau_m`.
    dt : float
        [ms]
    shortest : ndarray
        The shortest time constant of a cell's synapses [ms].
    """
    g_max = p["cm"] * (MAX_DECAY / dt - 1.0 / p["tau_m"])
    return np.where((shortest >= dt) & (g_max >= 0.0), g_max, -1.0)


def _exp_coefficients(p: Parameters, dt: float) -> IFCondExp:
    return IFCondExp(dt=dt, **_shared(p, dt))


def _alpha_coefficients(p: Parameters, dt: float) -> IFCondAlpha:
    return IFCondAlpha(
        dt=dt,
        rise_exc=np.e * dt / p["tau_syn_E"],
        rise_inh=np.e * dt / p["tau_syn_I"],
        **_shared(p, dt),
    )


MEMBRANE = (
    "dv/dt = (v_rest - v) / tau_m + (i_syn + i_offset + i_injected) / cm",
    "i_syn = gsyn_exc (e_rev_E - v) + gsyn_inh (e_rev_I - v)",
)
METHOD = (
    "conductances exactly, v by a Gauss method of order 4; under conductances so large that v "
    "follows them, by an exponential step of order 4"
)

IF_COND_EXP = NativeModel(
    "IF_cond_exp",
    membrane() + synaptic_times() + reversal_potentials(),
    potential() + conductances(),
    receptors("gsyn_exc", "gsyn_inh"),
    title="Leaky integrate-and-fire cell with exponentially decaying synaptic conductances.",
    equations=(*MEMBRANE, *(line.format(x="gsyn") for line in DECAYING), THRESHOLD),
    method=METHOD,
    coefficients=_exp_coefficients,
)
IF_COND_ALPHA = NativeModel(
    "IF_cond_alpha",
    membrane() + synaptic_times(0.3, 0.5) + reversal_potentials(),
    potential() + conductances() + drives("uS"),
    receptors("drive_exc", "drive_inh"),
    title="Leaky integrate-and-fire cell with alpha-shaped synaptic conductances.",
    equations=(*MEMBRANE, *(line.format(x="gsyn") for line in ALPHA_SHAPED), THRESHOLD),
    method=METHOD,
    coefficients=_alpha_coefficients,
)


def with_tau_m(p: Parameters) -> Parameters:
    """Return parameters of IF_facets_hardware1 as IF_cond_exp has them.

    Parameters
    ----------
    p : mapping
        Has `cm` [nF] and `g_leak` [nS].
    """
    others = {name: values for name, values in p.items() if name != "g_leak"}
    return others | {"tau_m": 1000.0 * p["cm"] / p["g_leak"]}


def _facets_coefficients(p: Parameters, dt: float) -> IFCondExp:
    return _exp_coefficients(with_tau_m(p), dt)


IF_FACETS_HARDWARE1 = NativeModel(
    "IF_facets_hardware1",
    (
        Parameter("g_leak", "nS", 40.0, "leak conductance", Bound.POSITIVE),
        *synaptic_times(30.0, 30.0),
        Parameter("v_reset", "mV", -80.0, "reset potential", below="v_thresh"),
        Parameter("e_rev_I", "mV", -80.0, "reversal potential of inhibitory synapses"),
        Parameter("v_rest", "mV", -65.0, "resting potential"),
        Parameter("v_thresh", "mV", -55.0, "threshold"),
    ),
    potential() + conductances(),
    receptors("gsyn_exc", "gsyn_inh"),
    title="Leaky integrate-and-fire cell as in the FACETS hardware of stage 1.",
    source="Bruederle et al. (2009), Front. Neuroinform. 3:17",
    equations=(
        "dv/dt = (g_leak (v_rest - v) + i_syn + i_injected) / cm",
        MEMBRANE[1],
        *(line.format(x="gsyn") for line in DECAYING),
        THRESHOLD,
        "cm = 0.2 nF, tau_refrac = 1 ms, e_rev_E = 0 mV",
    ),
    method=METHOD,
    fixed=(
        Parameter("cm", "nF", 0.2, "capacitance"),
        Parameter("tau_refrac", "ms", 1.0, "refractory period"),
        Parameter("e_rev_E", "mV", 0.0, "reversal potential of excitatory synapses"),
        Parameter("i_offset", "nA", 0.0, "constant current"),
    ),
    coefficients=_facets_coefficients,
)
