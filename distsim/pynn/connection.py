"""The connections of a projection on this rank, as arrays and as single objects."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN import common

from distsim.errors import did_you_mean
from distsim.pynn.checks import plain_numbers
from distsim.pynn.projection_errors import ProjectionError
from distsim.pynn.simulator import state
from distsim.pynn.standardmodels import unknown_parameter

__all__ = ["Connection", "LocalConnections", "as_array"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class LocalConnections:
    """The connections of a projection on this rank, as arrays."""

    def __init__(
        self, sources: Integers, targets: Integers, weights: Floats, delays: Floats
    ) -> None:
        self.sources = sources
        self.targets = targets
        self.weights = weights
        self.delays = delays
        self.is_read_by_engine = False

    @classmethod
    def of(cls, projection: Any) -> "LocalConnections":
        """Return the local connections of a projection."""
        targets = projection.post.local_positions
        columns: list[list[NDArray[Any]]] = [[], [], [], []]
        for chunk in projection.pathway.chunks():
            n = chunk.sources.size
            columns[0].append(chunk.sources.astype(np.int64))
            columns[1].append(targets[chunk.target_positions])
            columns[2].append(np.broadcast_to(np.asarray(chunk.weights), n))
            columns[3].append(np.broadcast_to(chunk.delays, n))
        types = (np.int64, np.int64, np.float64, np.float64)
        return cls(
            *(np.concatenate([np.zeros(0, t), *c]) for t, c in zip(types, columns, strict=True))
        )

    def column(self, projection: Any, name: str) -> Floats:
        """Return an attribute of the connections; delays as the simulation rounds them."""
        name = name.removesuffix("s")
        if name == "weight":
            return self.weights
        if name == "delay":
            return np.round(np.rint(self.delays / state.dt) * state.dt, 9)
        raise unknown_parameter(name, type(projection.synapse_type))


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
        return float(self._projection._local_connections().weights[self._index])

    @weight.setter
    def weight(self, value: float) -> None:
        value = plain_numbers(value, f"weight in projection '{self._projection.label}'")
        self._projection.check_weights(value)
        self._projection.set_one(self._index, "weight", value)

    @property
    def delay(self) -> float:
        """Delay [ms]."""
        local = self._projection._local_connections()
        return float(local.column(self._projection, "delay")[self._index])

    @delay.setter
    def delay(self, value: float) -> None:
        value = plain_numbers(value, f"delay in projection '{self._projection.label}'")
        self._projection.check_delays(value)
        self._projection.set_one(self._index, "delay", value)

    def as_tuple(self, *attribute_names: str) -> tuple[Any, ...]:
        """Return some attributes."""
        return tuple(getattr(self, name) for name in attribute_names)


def as_array(
    shape: tuple[int, int], sources: Integers, targets: Integers, values: Floats, combine: str
) -> Floats:
    """Return values as a matrix, nan where there is no connection."""
    array = np.full(shape, np.nan)
    places = (sources, targets)
    if combine == "last":
        array[places] = values
    elif combine == "first":
        # copies, since numpy assigns along negative strides in an order of its own
        array[sources[::-1].copy(), targets[::-1].copy()] = values[::-1].copy()
    elif combine == "sum":
        array[places] = 0.0
        np.add.at(array, places, values)
    elif combine in ("min", "max"):
        function = np.fmin if combine == "min" else np.fmax
        function.at(array, places, values)
    else:
        known = ["first", "last", "sum", "min", "max"]
        raise ProjectionError(f"multiple_synapses = '{combine}'; {did_you_mean(combine, known)}")
    return array
