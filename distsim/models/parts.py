"""Parameters, states and receptors that several cell models have."""

from distsim.models.cell_model import Bound, Parameter, Receptor, State

__all__ = [
    "ALPHA_SHAPED",
    "DECAYING",
    "THRESHOLD",
    "conductances",
    "currents",
    "drives",
    "membrane",
    "potential",
    "receptors",
    "reversal_potentials",
    "synaptic_times",
]


# equations that several models have
THRESHOLD = "where v >= v_thresh: a spike; v = v_reset for tau_refrac"
DECAYING = (
    "d{x}_exc/dt = -{x}_exc / tau_syn_E, a spike adds its weight",
    "d{x}_inh/dt = -{x}_inh / tau_syn_I, likewise",
)
ALPHA_SHAPED = (
    "d{x}_exc/dt = (e drive_exc - {x}_exc) / tau_syn_E",
    "ddrive_exc/dt = -drive_exc / tau_syn_E, a spike adds its weight, which is the peak of {x}_exc",
    "{x}_inh, drive_inh likewise, with tau_syn_I",
)


def membrane(
    v_rest: float = -65.0,
    cm: float = 1.0,
    tau_m: float = 20.0,
    v_reset: float = -65.0,
    v_thresh: float = -50.0,
    peak: str = "v_thresh",
) -> tuple[Parameter, ...]:
    """Return the parameters of a leaky membrane with threshold, by their defaults.

    Parameters
    ----------
    v_rest, cm, tau_m, v_reset, v_thresh : float
        [mV], [nF], [ms]
    peak : str
        The potential at which a spike is seen.
    """
    return (
        Parameter("v_rest", "mV", v_rest, "resting potential"),
        Parameter("cm", "nF", cm, "capacitance", Bound.POSITIVE),
        Parameter("tau_m", "ms", tau_m, "time constant of the membrane", Bound.POSITIVE),
        Parameter(
            "tau_refrac",
            "ms",
            0.1,
            "refractory period, rounded up to whole steps",
            Bound.NOT_NEGATIVE,
        ),
        Parameter("i_offset", "nA", 0.0, "constant current"),
        Parameter("v_reset", "mV", v_reset, "reset potential", below=peak),
        Parameter("v_thresh", "mV", v_thresh, "threshold"),
    )


def synaptic_times(exc: float = 5.0, inh: float = 5.0) -> tuple[Parameter, ...]:
    """Return the time constants of PyNN's two kinds of synapses, by their defaults [ms]."""
    return (
        Parameter("tau_syn_E", "ms", exc, "time constant of excitatory synapses", Bound.POSITIVE),
        Parameter("tau_syn_I", "ms", inh, "time constant of inhibitory synapses", Bound.POSITIVE),
    )


def reversal_potentials(exc: float = 0.0, inh: float = -70.0) -> tuple[Parameter, ...]:
    """Return the reversal potentials of PyNN's two kinds of synapses, by their defaults [mV]."""
    return (
        Parameter("e_rev_E", "mV", exc, "reversal potential of excitatory synapses"),
        Parameter("e_rev_I", "mV", inh, "reversal potential of inhibitory synapses"),
    )


def potential(initial: float = -65.0) -> tuple[State, ...]:
    """Return the membrane potential."""
    return (State("v", "mV", initial),)


def currents() -> tuple[State, ...]:
    """Return the synaptic currents of both receptor types."""
    return State("isyn_exc", "nA"), State("isyn_inh", "nA")


def conductances() -> tuple[State, ...]:
    """Return the synaptic conductances of both receptor types."""
    return State("gsyn_exc", "uS"), State("gsyn_inh", "uS")


def drives(unit: str) -> tuple[State, ...]:
    """Return what drives synapses of alpha shape; a weight of 1 gives a peak of 1."""
    return (
        State("drive_exc", unit, is_recordable=False),
        State("drive_inh", unit, is_recordable=False),
    )


def receptors(exc: str, inh: str) -> tuple[Receptor, ...]:
    """Return PyNN's two receptor types, by the states that they add weights to."""
    return Receptor("excitatory", exc), Receptor("inhibitory", inh)
