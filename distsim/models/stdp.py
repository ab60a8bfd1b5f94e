"""Synapses whose weight depends on the times of spikes of both sides.

Weight changes by pairs of spikes, all with all: rules of Song et al. [1]_, van Rossum et al. [2]_,
Gütig et al. [3]_, and Vogels et al. [4]_.

References
----------
.. [1] S. Song, K. D. Miller and L. F. Abbott, "Competitive Hebbian learning through
   spike-timing-dependent synaptic plasticity", Nature Neurosci. 3, 919-926 (2000).
.. [2] M. C. W. van Rossum, G. Q. Bi and G. G. Turrigiano, "Stable Hebbian learning from spike
   timing-dependent plasticity", J. Neurosci. 20, 8812-8821 (2000).
.. [3] R. Gütig, R. Aharonov, S. Rotter and H. Sompolinsky, "Learning input correlations through
   nonlinear temporally asymmetric Hebbian plasticity", J. Neurosci. 23, 3697-3714 (2003).
.. [4] T. P. Vogels, H. Sprekeler, F. Zenke, C. Clopath and W. Gerstner, "Inhibitory plasticity
   balances excitation and inhibition in sensory pathways and memory networks", Science 334,
   1569-1573 (2011).
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from distsim.errors import ParameterError, did_you_mean
from distsim.models.cell_model import Bound, Parameter
from distsim.models.synapse_model import SynapseModel, Trace, synapse_model

__all__ = ["DEPENDENCES", "RULES", "stdp_model"]

BOUNDS = (
    Parameter("w_min", "nA or uS", 0.0, "smallest weight", below="w_max"),
    Parameter("w_max", "nA or uS", 1.0, "largest weight"),
)


class Dependence(NamedTuple):
    """How the change of a weight depends on the weight.

    Attributes
    ----------
    potentiated, depressed : callable
        ``f(weight, change, w_min, w_max, mu_plus, mu_minus)``: the weight after a change, which is
        relative to `w_max`.
    parameters : tuple of Parameter
    equation : str
    """

    potentiated: Callable[..., Any]
    depressed: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    equation: str


def _add(weight, change, w_min, w_max, mu_plus, mu_minus):
    return min(max(weight + change * w_max, w_min), w_max)


def _subtract(weight, change, w_min, w_max, mu_plus, mu_minus):
    return min(max(weight - change * w_max, w_min), w_max)


def _rise_to_bound(weight, change, w_min, w_max, mu_plus, mu_minus):
    return min(max(weight + change * (w_max - weight), w_min), w_max)


def _fall_to_bound(weight, change, w_min, w_max, mu_plus, mu_minus):
    return min(max(weight - change * (weight - w_min), w_min), w_max)


def _rise_by_power(weight, change, w_min, w_max, mu_plus, mu_minus):
    left = max(1.0 - weight / w_max, 0.0)
    return min(max(weight + change * w_max * left**mu_plus, w_min), w_max)


def _fall_by_power(weight, change, w_min, w_max, mu_plus, mu_minus):
    left = max((weight - w_min) / w_max, 0.0)
    return min(max(weight - change * w_max * left**mu_minus, w_min), w_max)


DEPENDENCES = {
    "AdditiveWeightDependence": Dependence(
        *(_add, _subtract, BOUNDS), "f_plus = w_max, f_minus = w_max"
    ),
    "MultiplicativeWeightDependence": Dependence(
        *(_rise_to_bound, _fall_to_bound, BOUNDS), "f_plus = w_max - w, f_minus = w - w_min"
    ),
    "AdditivePotentiationMultiplicativeDepression": Dependence(
        *(_add, _fall_to_bound, BOUNDS), "f_plus = w_max, f_minus = w - w_min"
    ),
    "GutigWeightDependence": Dependence(
        *(_rise_by_power, _fall_by_power),
        (
            *BOUNDS,
            Parameter("mu_plus", "", 0.5, "exponent of potentiation", Bound.NOT_NEGATIVE),
            Parameter("mu_minus", "", 0.5, "exponent of depression", Bound.NOT_NEGATIVE),
        ),
        "f_plus = w_max (1 - w/w_max)^mu_plus, f_minus = w_max ((w - w_min)/w_max)^mu_minus",
    ),
}

PAIR = (
    Parameter("tau_plus", "ms", 20.0, "time constant of potentiation", Bound.POSITIVE),
    Parameter("tau_minus", "ms", 20.0, "time constant of depression", Bound.POSITIVE),
    Parameter("A_plus", "", 0.01, "amplitude of potentiation"),
    Parameter("A_minus", "", 0.01, "amplitude of depression"),
)
VOGELS = (
    Parameter("tau", "ms", 20.0, "time constant of the window", Bound.POSITIVE),
    Parameter("eta", "nA or uS", 1e-10, "learning rate"),
    Parameter("rho", "1/ms", 3.0, "target rate", Bound.NOT_NEGATIVE),
)


def _no_power(parameters: Any, dt: float) -> dict[str, Any]:
    """Return the exponents of rules that have none."""
    return {} if "mu_plus" in parameters else {"mu_plus": 0.0, "mu_minus": 0.0}


def _pair_model(name: str, dependence: Dependence) -> SynapseModel:
    rise, fall = dependence.potentiated, dependence.depressed

    def learn(weight, pre_trace, A_plus, w_min, w_max, mu_plus, mu_minus):
        return rise(weight, A_plus * pre_trace, w_min, w_max, mu_plus, mu_minus)

    def arrive(weight, post_trace, A_minus, w_min, w_max, mu_plus, mu_minus):
        weight = fall(weight, A_minus * post_trace, w_min, w_max, mu_plus, mu_minus)
        return weight, weight

    return synapse_model(
        name,
        (*PAIR, *dependence.parameters),
        source_traces=(Trace("pre_trace", "tau_plus"),),
        target_traces=(Trace("post_trace", "tau_minus"),),
        learn=learn,
        arrive=arrive,
        derive=_no_power,
        title="Spike-timing-dependent plasticity of pairs of spikes, all with all.",
        source="Song et al. (2000), Nature Neurosci. 3:919; Morrison et al. (2007)",
        equations=(
            "a spike of the target: w += A_plus f_plus(w) pre_trace",
            "a spike of the source: w -= A_minus f_minus(w) post_trace, then w is transmitted",
            "w stays between w_min and w_max",
            dependence.equation,
            "traces decay with tau_plus, tau_minus; a spike of its side adds 1",
        ),
    )


def _depression_of(parameters: Any, dt: float) -> dict[str, Any]:
    return {"alpha": 2.0 * parameters["rho"] * parameters["tau"]}


def _vogels_model(name: str, dependence: Dependence) -> SynapseModel:
    def learn(weight, pre_trace, eta, w_min, w_max):
        return min(max(weight + eta * pre_trace, w_min), w_max)

    def arrive(weight, post_trace, alpha, eta, w_min, w_max):
        weight = min(max(weight + eta * (post_trace - alpha), w_min), w_max)
        return weight, weight

    return synapse_model(
        name,
        (*VOGELS, *dependence.parameters),
        source_traces=(Trace("pre_trace", "tau"),),
        target_traces=(Trace("post_trace", "tau"),),
        learn=learn,
        arrive=arrive,
        derive=_depression_of,
        title="Inhibitory plasticity by coincident spikes, towards a rate of the target.",
        source="Vogels et al. (2011), Science 334:1569",
        equations=(
            "a spike of the target: w += eta pre_trace",
            "a spike of the source: w += eta (post_trace - 2 rho tau), then w is transmitted",
            "w stays between w_min and w_max",
            "traces decay with tau; a spike of its side adds 1",
        ),
    )


RULES = {"SpikePairRule": _pair_model, "Vogels2011Rule": _vogels_model}


@functools.cache
def stdp_model(rule: str, dependence: str) -> SynapseModel:
    """Return the model of a timing rule with a weight dependence; the same each time.

    Parameters
    ----------
    rule, dependence : str
        PyNN's names; keys of `RULES` and `DEPENDENCES`.

    Raises
    ------
    ParameterError
        If there is no such rule or dependence, or they do not go together.
    """
    for name, known in ((rule, RULES), (dependence, DEPENDENCES)):
        if name not in known:
            raise ParameterError(f"unknown rule '{name}'; {did_you_mean(name, list(known))}")
    if rule == "Vogels2011Rule" and dependence != "AdditiveWeightDependence":
        raise ParameterError(
            f"Vogels2011Rule goes with AdditiveWeightDependence, not with {dependence}"
        )
    return RULES[rule](f"{rule} with {dependence}", DEPENDENCES[dependence])
