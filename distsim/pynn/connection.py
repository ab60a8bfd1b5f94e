"""The connections of a projection on this rank, as arrays and as single objects."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN import common

from distsim.pynn.checks import plain_numbers
from distsim.pynn.simulator import state

__all__ = ["Connection", "LocalConnections"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class LocalConnections:
    """The connections of a projection on this rank, as arrays."""

    def __init__(self, sources: Integers, targets: Integers, values: dict[str, Floats]) -> None:
        self.sources = sources
        self.targets = targets
        self.values = values
        self.is_read_by_engine = False

    @classmethod
    def of(cls, projection: Any) -> "LocalConnections":
        """Return the local connections of a projection, as they were described."""
        targets = projection.post.local_positions
        names = ["weight", "delay", *projection.pathway.connections.parameters]
        columns: list[list[NDArray[Any]]] = [[] for _ in range(2 + len(names))]
        for chunk in projection.pathway.chunks():
            n = chunk.sources.size
            columns[0].append(chunk.sources.astype(np.int64))
            columns[1].append(targets[chunk.target_positions])
            each = {"weight": chunk.weights, "delay": chunk.delays, **chunk.parameters}
            for k, name in enumerate(names):
                columns[2 + k].append(np.broadcast_to(np.asarray(each[name]), n))
        sources, places = (np.concatenate([np.zeros(0, np.int64), *c]) for c in columns[:2])
        values = [np.concatenate([np.zeros(0), *c]) for c in columns[2:]]
        return cls(sources, places, dict(zip(names, values, strict=True)))

    def column(self, projection: Any, name: str, dt: float) -> Floats:
        """Return an attribute of the connections; delays as the simulation rounds them."""
        name = {"weights": "weight", "delays": "delay"}.get(name, name)
        if name == "delay":
            projection.synapse_type.check_name(name)
            return np.round(np.rint(self.values["delay"] / dt) * dt, 9)
        if name not in self.values:
            for variable in projection.pathway.synapse.initial_variables:
                if variable.name == name:
                    return np.full(self.sources.size, variable.initial)
            projection.synapse_type.check_name(name)
        return self.values[name]


class Connection(common.Connection):
    """One connection of this rank.

    Parameters
    ----------
    projection : Projection
    index : int
        Its place among the projection's connections on this rank.
    """

    def __init__(self, projection: Any, index: int) -> None:
        self._projection = projection
        self._index = index

    @property
    def presynaptic_index(self) -> int:
        """Index of the source cell in the source population."""
        return int(self._projection._local_connections().sources[self._index])

    @property
    def postsynaptic_index(self) -> int:
        """Index of the target cell in the target population."""
        return int(self._projection._local_connections().targets[self._index])

    @property
    def presynaptic_cell(self) -> Any:
        """The source cell."""
        return self._projection.pre[self.presynaptic_index]

    @property
    def postsynaptic_cell(self) -> Any:
        """The target cell."""
        return self._projection.post[self.postsynaptic_index]

    source = presynaptic_cell
    target = postsynaptic_cell

    @property
    def weight(self) -> float:
        """Weight [nA, uS or mV]."""
        return self._value("weight")

    @weight.setter
    def weight(self, value: float) -> None:
        value = plain_numbers(value, f"weight in projection '{self._projection.label}'")
        self._projection.check_weights(value)
        self._projection.set_one(self._index, "weight", value)

    @property
    def delay(self) -> float:
        """Delay [ms]."""
        return self._value("delay")

    @delay.setter
    def delay(self, value: float) -> None:
        self._projection.synapse_type.check_name("delay")
        value = plain_numbers(value, f"delay in projection '{self._projection.label}'")
        self._projection.check_delays(value)
        self._projection.set_one(self._index, "delay", value)

    def _value(self, name: str) -> float:
        """Return what the connection has now."""
        projection = self._projection
        local = projection._local_connections()
        live = state.simulation.read_synapses(projection.pathway, [name])
        column = live[name] if live else local.column(projection, name, state.dt)
        return float(column[self._index])

    def __getattr__(self, name: str) -> float:
        if name.startswith("_"):
            raise AttributeError(name)
        synapse = self._projection.pathway.synapse
        if name not in (*synapse.parameter_names, *synapse.variable_names):
            raise AttributeError(f"a connection has no '{name}'")
        return self._value(name)

    def as_tuple(self, *attribute_names: str) -> tuple[Any, ...]:
        """Return some attributes."""
        return tuple(getattr(self, name) for name in attribute_names)
