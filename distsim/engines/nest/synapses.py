"""NEST's synapse models: its names and units for PyNN's."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from distsim.errors import EngineError
from distsim.models.functions import argument_names
from distsim.models.short_term import MULTI_QUANTAL, SIMPLE_STOCHASTIC, TSODYKS_MARKRAM
from distsim.models.stdp import stdp_model
from distsim.models.synapse_model import SynapseModel

__all__ = ["SYNAPSES", "NestSynapse"]

# in place of an amplitude or a time constant of 0, by which NEST divides
NEARLY_ZERO = 1e-100
SHORTEST = 1e-12


class NestSynapse(NamedTuple):
    """What NEST calls a synapse model, its parameters and variables.

    Attributes
    ----------
    nest_name : str
    parameters : mapping of str to str or callable
        By NEST's name: distsim's, or a function that takes by name distsim's parameters,
        ``weight``, and ``unit``: 1 in NEST's unit of weights, with its sign.
    variables : mapping of str to str
        NEST's names of variables that it shows as they are.
    initial : mapping of str to str or callable
        What variables are at first, where NEST would begin otherwise.
    allowed : mapping of str to (callable, str)
        By parameter: whether NEST can have it, and what it must be.
    """

    nest_name: str
    parameters: Mapping[str, str | Callable[..., Any]]
    variables: Mapping[str, str] = MappingProxyType({})
    initial: Mapping[str, str | Callable[..., Any]] = MappingProxyType({})
    allowed: Mapping[str, tuple[Callable[[Any], Any], str]] = MappingProxyType({})

    def translate(self, values: Mapping[str, Any], label: str) -> dict[str, Any]:
        """Return NEST's parameters.

        Parameters
        ----------
        values : mapping of str to float or ndarray of float64
            All of distsim's, with 'weight' and 'unit'.
        label : str
            Of the projection.

        Raises
        ------
        EngineError
            If NEST cannot have some value.
        """
        for name, (is_allowed, words) in self.allowed.items():
            each = np.atleast_1d(values[name])
            wrong = each[~is_allowed(each)]
            if wrong.size:
                raise EngineError(
                    f"{name} = {wrong[0]:g} of the synapses of '{label}': in NEST it must be "
                    f"{words}; give that, or use engine 'native'"
                )
        return called(self.parameters, values)

    def affected(self, names: set[str]) -> list[str]:
        """Return NEST's parameters that depend on some of distsim's."""
        each = self.parameters.items()
        return [key for key, given in each if names & {*_taken(given)}]


def called(
    parameters: Mapping[str, str | Callable[..., Any]], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return values by their names, and what functions give of what they take by name."""
    return {
        key: values[given] if isinstance(given, str) else given(*(values[n] for n in _taken(given)))
        for key, given in parameters.items()
    }


def _taken(given: str | Callable[..., Any]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else argument_names(given)


def _positive(value: Any) -> Any:
    return value > 0.0


def _not_negative(value: Any) -> Any:
    return value >= 0.0


def _zero(value: Any) -> Any:
    return value == 0.0


def _whole(value: Any) -> Any:
    return (value >= 1.0) & (value == np.rint(value))


def _sites(n: Any) -> Any:
    return np.rint(n).astype(np.int64) if np.ndim(n) else round(n)


def _weight(weight: Any, unit: Any) -> Any:
    return weight * unit


def _largest(w_max: Any, unit: Any) -> Any:
    return w_max * unit


def _amplitude(A_plus: Any) -> Any:
    return np.where(np.equal(A_plus, 0.0), NEARLY_ZERO, A_plus)[()]


def _ratio(A_plus: Any, A_minus: Any) -> Any:
    return A_minus / _amplitude(A_plus)


# from 0 on: NEST bounds a weight on the side to which a spike of each side moves it
BOUNDS = {
    "w_min": (_zero, "0"),
    "w_max": (_positive, "above 0"),
}


def _pair(mu_plus: str | Callable[..., Any], mu_minus: str | Callable[..., Any]) -> NestSynapse:
    return NestSynapse(
        "stdp_synapse",
        {
            "weight": _weight,
            "Wmax": _largest,
            "tau_plus": "tau_plus",
            "lambda": _amplitude,
            "alpha": _ratio,
            "mu_plus": mu_plus,
            "mu_minus": mu_minus,
        },
        allowed={
            **BOUNDS,
            "A_plus": (_not_negative, "0 or more"),
            "A_minus": (_not_negative, "0 or more"),
        },
    )


def _powers(plus: float, minus: float) -> NestSynapse:
    return _pair(lambda: plus, lambda: minus)


SYNAPSES: dict[SynapseModel, NestSynapse] = {
    stdp_model("SpikePairRule", "AdditiveWeightDependence"): _powers(0.0, 0.0),
    stdp_model("SpikePairRule", "MultiplicativeWeightDependence"): _powers(1.0, 1.0),
    stdp_model("SpikePairRule", "AdditivePotentiationMultiplicativeDepression"): _powers(0.0, 1.0),
    stdp_model("SpikePairRule", "GutigWeightDependence"): _pair("mu_plus", "mu_minus"),
    stdp_model("Vogels2011Rule", "AdditiveWeightDependence"): NestSynapse(
        "vogels_sprekeler_synapse",
        {
            "weight": _weight,
            "Wmax": _largest,
            "tau": "tau",
            "eta": lambda eta, unit: eta * abs(unit),
            "alpha": lambda rho, tau: 2.0 * rho * tau,
        },
        allowed={**BOUNDS, "eta": (_not_negative, "0 or more")},
    ),
    TSODYKS_MARKRAM: NestSynapse(
        "tsodyks_synapse",
        {
            "weight": _weight,
            "U": "U",
            "tau_rec": "tau_rec",
            "tau_fac": "tau_facil",
            "tau_psc": lambda tau_psc: np.maximum(tau_psc, SHORTEST),
        },
        variables={"u": "u", "x": "x", "y": "y"},
    ),
    SIMPLE_STOCHASTIC: NestSynapse(
        "bernoulli_synapse", {"weight": _weight, "p_transmit": lambda p: p}
    ),
    MULTI_QUANTAL: NestSynapse(
        "quantal_stp_synapse",
        {
            # NEST transmits the weight once for each site that releases
            "weight": lambda weight, unit, n: weight * unit / n,
            "n": _sites,
            "U": "U",
            "tau_rec": "tau_rec",
            "tau_fac": "tau_facil",
        },
        variables={"u": "u", "a": "a"},
        # a first spike finds the utilisation as it is
        initial={"u": "U", "a": _sites},
        allowed={"n": (_whole, "a whole number from 1 on")},
    ),
}
