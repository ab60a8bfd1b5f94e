"""Post-synaptic responses: what a receptor's spikes make of a conductance or current.

A spike adds its weight to the response, which then decays; or to what drives it, so that it rises
to the weight and decays. A beta function is the difference of two exponentials, an alpha function
the limit where their time constants are equal [1]_.

References
----------
.. [1] A. Roth and M. C. W. van Rossum, "Modeling synapses", in: E. De Schutter (ed.),
   "Computational Modeling Methods for Neuroscientists", MIT Press, 139-160 (2009).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from distsim.models.cell_model import Bound, Parameter, Parameters, State
from distsim.models.propagators import decay

__all__ = [
    "COND_ALPHA",
    "COND_BETA",
    "COND_EXP",
    "CURR_ALPHA",
    "CURR_EXP",
    "RESPONSES",
    "Response",
    "peak_slope",
    "rise",
]

Array = NDArray[np.float64]

REVERSAL = Parameter("e_syn", "mV", 0.0, "reversal potential")
TAU = Parameter("tau_syn", "ms", 5.0, "time constant", Bound.POSITIVE)
TAU_RISE = Parameter("tau_rise", "ms", 0.2, "time constant of the rise", Bound.POSITIVE)
TAU_DECAY = Parameter("tau_decay", "ms", 1.7, "time constant of the decay", Bound.POSITIVE)


@dataclass(frozen=True)
class Response:
    """A kind of post-synaptic response.

    Attributes
    ----------
    name : str
        In short.
    title : str
    parameters : tuple of Parameter
    tau, tau_rise : str
        The parameters that are the time constants of the response, and of what drives it; the
        latter is empty where nothing does.
    """

    name: str
    title: str
    parameters: tuple[Parameter, ...]
    tau: str
    tau_rise: str = ""

    @property
    def is_conductance(self) -> bool:
        """Whether it is a conductance, not a current."""
        return REVERSAL in self.parameters

    @property
    def is_driven(self) -> bool:
        """Whether it rises, rather than to jump."""
        return self.tau_rise != ""

    @property
    def states(self) -> tuple[State, ...]:
        """Its state variables: the response, then what drives it, if anything does."""
        name, unit = ("gsyn", "uS") if self.is_conductance else ("isyn", "nA")
        driven = (State("drive", unit, is_recordable=False),) if self.is_driven else ()
        return State(name, unit), *driven

    def times(self, p: Parameters) -> tuple[Array, Array]:
        """Return tau and tau_rise [ms]; twice the former where nothing drives."""
        return p[self.tau], p[self.tau_rise or self.tau]

    def slope(self, p: Parameters) -> Array:
        """Return the slope at first of what a drive of 1 makes [1/ms]; 0 where nothing drives."""
        tau, tau_rise = self.times(p)
        return peak_slope(tau, tau_rise) if self.is_driven else np.zeros_like(tau)

    def after(self, h: float, p: Parameters) -> tuple[Array, Array]:
        """Return what a response and a drive of 1 make of the response after some time [ms]."""
        tau, tau_rise = self.times(p)
        return decay(h, tau), self.slope(p) * rise(h, tau, tau_rise)


def rise(h: float, tau: Array, tau_rise: Array) -> Array:
    """Return ``(exp(-h / tau) - exp(-h / tau_rise)) / (1 / tau_rise - 1 / tau)`` [ms].

    Where the time constants are equal, or nearly so, its limit ``h exp(-h / tau)``.

    Parameters
    ----------
    h : float
        [ms]
    tau, tau_rise : ndarray
        [ms]
    """
    x = np.abs(h / tau_rise - h / tau)
    return h * decay(h, np.maximum(tau, tau_rise)) * _mean_decay(x)


def peak_slope(tau: Array, tau_rise: Array) -> Array:
    """Return the slope at first of a beta function whose peak is 1 [1/ms].

    `rise` is largest at ``tau log(tau / tau_rise) / (tau / tau_rise - 1)``. An alpha function has
    the slope ``e / tau``.

    Parameters
    ----------
    tau, tau_rise : ndarray
        [ms]

    Examples
    --------
    >>> peak_slope(np.array([2.0]), np.array([2.0])) * 2.0 / np.e
    array([1.])
    """
    x = np.log(tau / tau_rise)
    # x / (exp(x) - 1): the time of the peak over tau, with no exponential that grows
    peak_time = np.exp(-x.clip(0.0)) / _mean_decay(np.abs(x))
    return np.exp(peak_time) / tau_rise


def _mean_decay(x: Array) -> Array:
    """Return ``(1 - exp(-x)) / x``, and 1 at 0."""
    safe = np.where(x > 0.0, x, 1.0)
    return np.where(x > 0.0, -np.expm1(-safe) / safe, 1.0)


CURR_EXP = Response("CurrExp", "Current that jumps and decays exponentially.", (TAU,), "tau_syn")
CURR_ALPHA = Response(
    "CurrAlpha", "Current in the shape of an alpha function.", (TAU,), "tau_syn", "tau_syn"
)
COND_EXP = Response(
    "CondExp", "Conductance that jumps and decays exponentially.", (REVERSAL, TAU), "tau_syn"
)
COND_ALPHA = Response(
    "CondAlpha",
    "Conductance in the shape of an alpha function.",
    (REVERSAL, TAU),
    "tau_syn",
    "tau_syn",
)
COND_BETA = Response(
    "CondBeta",
    "Conductance in the shape of a beta function.",
    (REVERSAL, TAU_RISE, TAU_DECAY),
    "tau_decay",
    "tau_rise",
)
# by name
RESPONSES = {
    response.name: response for response in (CURR_EXP, CURR_ALPHA, COND_EXP, COND_ALPHA, COND_BETA)
}
