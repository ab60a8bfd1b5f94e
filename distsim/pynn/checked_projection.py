"""What weights and delays of a projection may be, and which receptor type follows from them."""

from dataclasses import replace
from typing import Any

import numpy as np
from pyNN import common
from pyNN.standardmodels.base import excitatory_receptor_types, inhibitory_receptor_types

from distsim.connectivity import Bounds, Connections, Constant
from distsim.partitioning.distributions import quantile
from distsim.pynn.projection_errors import as_pynns_error
from distsim.pynn.random_numbers import detached
from distsim.pynn.rule_connector import RuleConnector
from distsim.pynn.simulator import state
from distsim.pynn.synapse_values import function_values, has_numpy_rng

__all__ = ["CheckedProjection"]


class CheckedProjection(common.Projection):
    """What a projection checks; `Projection` has the rest."""

    _bounds: Bounds

    def _guess_receptor_type(self) -> None:
        """Take the receptor type by the sign of the weights, where there are two or more."""
        if len(self.post.receptor_types) == 1:
            (self.receptor_type,) = self.post.receptor_types
            return
        weight = self.synapse_type.parameter_space["weight"]
        connector = self._connector
        if isinstance(connector, RuleConnector) and connector.column("weight") is not None:
            is_negative = bool((connector.first_value("weight") < 0).any())
            self.receptor_type = self._receptor_of_sign(is_negative)
            return
        base = weight.base_value
        if hasattr(base, "parameters") and not has_numpy_rng(weight):
            median = quantile(base.name, base.parameters, np.array([0.5]))
            self.receptor_type = self._receptor_of_sign(bool(median[0] < 0))
        elif 0 in self.shape:
            self.receptor_type = self.post.receptor_types[0]
        elif has_numpy_rng(weight):
            # what the first connection will get
            values = detached(base).next(1)
            is_negative = bool((weight._apply_operations(values) < 0).any())
            self.receptor_type = self._receptor_of_sign(is_negative)
        elif callable(base):
            # of the last pair, as PyNN has it
            pre, post = (np.array([n - 1], np.int64) for n in self.shape)
            values = function_values(base, self, pre, post)
            is_negative = bool((weight._apply_operations(values) < 0).any())
            self.receptor_type = self._receptor_of_sign(is_negative)
        else:
            super()._guess_receptor_type()

    def _receptor_of_sign(self, is_negative: bool) -> str:
        """Return the receptor type of weights with a sign: the second of several if negative."""
        names = list(self.post.receptor_types)
        return names[int(is_negative and len(names) > 1)]

    def _own_bounds(self) -> Bounds:
        """Return what weights and delays may be."""
        if self.synapse_type.record.is_electrical:
            return Bounds(str(self.label), state.dt, 1, "electrical")
        whose = "conductance-based or excitatory"
        sign = 1
        receptor = str(self.receptor_type)
        is_conductance = all(part.celltype.is_conductance(receptor) for part in self.post.parts)
        if not is_conductance and receptor not in excitatory_receptor_types:
            is_inhibitory = receptor in inhibitory_receptor_types
            whose, sign = "inhibitory current-based", -int(is_inhibitory)
        return Bounds(str(self.label), state.dt, sign if self._connector.safe else 0, whose)

    def _checked(self, connections: Connections) -> Connections:
        """Return connections that are checked as they are made; constant values are at once."""
        if isinstance(connections.weight, Constant):
            self.check_weights(connections.weight.value)
        if isinstance(connections.delay, Constant):
            self.check_delays(connections.delay.value)
        constant = {
            n: v.value for n, v in connections.parameters.items() if isinstance(v, Constant)
        }
        if isinstance(connections.weight, Constant):
            constant["weight"] = connections.weight.value
        self.synapse_type.record.check(constant, str(self.label))
        return replace(connections, bounds=self._bounds, progress=self._connector.callback)

    def check_weights(self, weights: Any) -> None:
        """Raise if weights are no 32-bit numbers, or have the wrong sign for the receptor type.

        Raises
        ------
        ProjectionError
        """
        with as_pynns_error():
            self._bounds.check_weights(weights)

    def check_delays(self, delays: Any) -> None:
        """Raise if a delay is shorter than the time step, or has no number of steps.

        Raises
        ------
        ProjectionError
        """
        with as_pynns_error():
            self._bounds.check_delays(delays)
