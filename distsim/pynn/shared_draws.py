"""Synapse parameters from a seeded generator that something of the projection draws from before.

PyNN draws each parameter from a copy of the generator, so that weights repeat the numbers by which
the connector has chosen, and delays those of the weights. Here a parameter whose generator the
connector has, or a parameter before it, is drawn when those have been, from where they left it.
"""

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN.parameters import LazyArray, ParameterSpace

from distsim.pynn.random_numbers import detached
from distsim.pynn.synapse_values import has_numpy_rng

__all__ = ["SharedDraws", "values_drawn_later", "with_detached"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class SharedDraws:
    """What is drawn for connections when all of them are known.

    Parameters
    ----------
    parameters : dict of str to LazyArray
        Each of a random distribution; in the order in which they are drawn.
    """

    def __init__(self, parameters: dict[str, LazyArray]) -> None:
        self._parameters = parameters
        self._rows: list[tuple[Integers, int, bool]] = []

    def note(self, sources: Integers, target: int, is_local: bool) -> None:
        """Note the next connections: those onto one cell, of this rank or of another."""
        self._rows.append((sources, target, is_local))

    def values(self, shape: tuple[int, int]) -> dict[str, Floats]:
        """Draw for all connections, in the order noted; return the values of this rank's.

        Parameters
        ----------
        shape : tuple of int
            Number of sources, and of targets.
        """
        found = {}
        for name, value in self._parameters.items():
            value.shape = shape
            mine = [np.zeros(0)]
            for sources, target, is_local in self._rows:
                numbers = value.base_value.next(sources.size)
                if is_local:
                    mine.append(value._apply_operations(numbers, (sources, target)))
            found[name] = np.concatenate(mine)
        return found


def values_drawn_later(synapse_type: Any, connector: Any) -> dict[str, LazyArray]:
    """Return the parameters whose generator the connector has, or a parameter before.

    Parameters
    ----------
    synapse_type : SynapseType
    connector : Connector
    """
    before = {id(getattr(connector, "rng", None))}
    before.add(id(getattr(getattr(connector, "n", None), "rng", None)))
    later = {}
    # as PyNN's code has them
    for name, value in synapse_type.native_parameters.items():
        if has_numpy_rng(value):
            if id(value.base_value.rng) in before:
                later[name] = value
            before.add(id(value.base_value.rng))
    return later


def with_detached(synapse_type: Any, names: Any) -> Any:
    """Return a synapse type whose named parameters leave their generators as they are."""
    if not names:
        return synapse_type
    others = {}
    for name in names:
        others[name] = copy.copy(synapse_type.parameter_space[name])
        others[name].base_value = detached(others[name].base_value)
    plain = copy.copy(synapse_type)
    plain.parameter_space = ParameterSpace(
        {**dict(synapse_type.parameter_space.items()), **others}, plain.get_schema(), None
    )
    return plain
