"""NEURON's synapses with variables: which mechanism each model is, and what that calls its values.

A mechanism is between the source and the synapse of the target. As on Brian, it is told of a spike
of the source when that arrives at the target, and of one of the target twice the dendritic part of
the delay after it was made: then both are as far from each other as at the synapse, and what is
handed on is what there was when the spike was there.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.engines.described import DynamicSynapses
from distsim.engines.pending import PAIR, VOGELS, rules_of
from distsim.models.short_term import (
    MULTI_QUANTAL,
    SIMPLE_STOCHASTIC,
    STOCHASTIC_TSODYKS_MARKRAM,
    TSODYKS_MARKRAM,
)
from distsim.models.stdp import stdp_model
from distsim.models.synapse_model import SynapseModel

__all__ = ["SYNAPSES", "NeuronSynapse"]

Floats = NDArray[np.float64]

# what PlasticSynapse calls the rows of `rules_of`
RULE = (
    *("rule", "tau_source", "tau_target", "rise", "fall", "mu_rise", "mu_fall"),
    *("w_min", "w_max"),
)


class NeuronSynapse(NamedTuple):
    """What NEURON has for a synapse model.

    Attributes
    ----------
    mechanism : str
    parameters : mapping of str to str or float
        By the mechanism's name: distsim's, or a number.
    variables : mapping of str to str
        By distsim's name: the mechanism's.
    rule : float
        Of synapses that learn: `PAIR` or `VOGELS`.
    exponents : tuple of 2 (str or float)
        Of `Learning.rules`: numbers or parameters.
    """

    mechanism: str
    parameters: Mapping[str, str | float] = MappingProxyType({})
    variables: Mapping[str, str] = MappingProxyType({})
    rule: float = PAIR
    exponents: tuple[str | float, str | float] = (0.0, 0.0)

    def translate(self, dynamic: DynamicSynapses, dt: float) -> dict[str, Any]:
        """Return the mechanisms' parameters, each a number or one for each synapse.

        Parameters
        ----------
        dynamic : DynamicSynapses
        dt : float
            [ms]
        """
        if dynamic.pathway.synapse.is_learning:
            rows = self.rules(dynamic, dt)
            columns = [row[0] if row.size == 1 else row for row in rows]
            return {**dict(zip(RULE, columns, strict=True)), "dendritic": dynamic.dendritic}
        return {
            name: dynamic.values[given] if isinstance(given, str) else given
            for name, given in self.parameters.items()
        }

    def rules(self, dynamic: DynamicSynapses, dt: float) -> Floats:
        """Return what `Learning.rules` is for synapses that learn."""
        plus, minus = (dynamic.values[e] if isinstance(e, str) else e for e in self.exponents)
        return rules_of(dynamic, dt, self.rule, (plus, minus))


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


def _learning(rule: float, plus: str | float, minus: str | float) -> NeuronSynapse:
    return NeuronSynapse("PlasticSynapse", rule=rule, exponents=(plus, minus))


SYNAPSES: dict[SynapseModel, NeuronSynapse] = {
    stdp_model("SpikePairRule", "AdditiveWeightDependence"): _learning(PAIR, 0.0, 0.0),
    stdp_model("SpikePairRule", "MultiplicativeWeightDependence"): _learning(PAIR, 1.0, 1.0),
    stdp_model("SpikePairRule", "AdditivePotentiationMultiplicativeDepression"): _learning(
        PAIR, 0.0, 1.0
    ),
    stdp_model("SpikePairRule", "GutigWeightDependence"): _learning(PAIR, "mu_plus", "mu_minus"),
    stdp_model("Vogels2011Rule", "AdditiveWeightDependence"): _learning(VOGELS, 0.0, 0.0),
    TSODYKS_MARKRAM: NeuronSynapse(
        "DepressingSynapse",
        _same("U", "tau_rec", "tau_facil", "tau_psc"),
        _same("u", "x", "y", "released"),
    ),
    # one site that is always ready
    SIMPLE_STOCHASTIC: NeuronSynapse(
        "QuantalSynapse", {"U": "p", "n": 1.0, "tau_rec": 0.0, "tau_facil": 0.0}
    ),
    STOCHASTIC_TSODYKS_MARKRAM: NeuronSynapse(
        "QuantalSynapse", {**_same("U", "tau_rec", "tau_facil"), "n": 1.0}, {"u": "u", "r": "a"}
    ),
    MULTI_QUANTAL: NeuronSynapse(
        "QuantalSynapse", _same("U", "n", "tau_rec", "tau_facil"), _same("u", "a")
    ),
}
