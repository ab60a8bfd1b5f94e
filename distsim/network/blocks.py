"""The local cells of one population: parameters, state, what is recorded of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.declared import declares
from distsim.errors import ParameterError
from distsim.models import CellModel
from distsim.network.records import ProbeSet, SpikeRecord

__all__ = ["CellBlock", "Column", "SourceBlock", "lists_of"]

Integers = NDArray[np.int64]
# gids, of which one may be there several times in a row or not at all, and values of each
Column = tuple[Integers, NDArray[Any]]


@declares(
    stored="parameters spikes", remade="is_changed", described="first_gid indices n_local gids"
)
class SourceBlock:
    """The local cells of one population of spike sources.

    Parameters
    ----------
    first_gid : int
        Of the population.
    indices : ndarray of int64, shape (n_local,)
        Indices in the population of this rank's cells, ascending.

    Attributes
    ----------
    parameters : dict of str to ndarray, shape (n_local,)
        To be read by engines; `get` and `set` are for all others.
    spikes : SpikeRecord
    """

    def __init__(self, first_gid: int, indices: Integers) -> None:
        self.first_gid = first_gid
        self.indices = indices
        self.n_local = indices.size
        self.gids = first_gid + indices
        self.parameters: dict[str, NDArray[Any]] = {}
        self.spikes = SpikeRecord(self.gids)
        self.is_changed = True

    def touch(self) -> None:
        """Say that parameters were changed."""
        self.is_changed = True

    def get(self, name: str) -> NDArray[Any]:
        """Return a parameter of all cells, shape (n_local,)."""
        return self.parameters[name]

    def set(self, name: str, positions: Integers, values: Any) -> None:
        """Set a parameter of some cells.

        Parameters
        ----------
        name : str
        positions : ndarray of int64, shape (n,)
            Of the cells in the block.
        values : ndarray, shape (n,), or a row for each cell where one has several numbers

        Raises
        ------
        ParameterError
            If a value is no number.
        """
        column = self.parameters.setdefault(name, np.zeros(self.n_local))
        try:
            column[positions] = np.reshape(values, (-1, *column.shape[1:]))
        except (TypeError, ValueError) as error:
            raise ParameterError(f"cannot set {name} to {values!r}: {error}") from error
        self.touch()

    def columns(self) -> dict[str, Column]:
        """Return all that can be set of the cells, by name; gids ascend."""
        return {name: (self.gids, values) for name, values in self.parameters.items()}

    def take_column(self, name: str, gids: Integers, values: NDArray[Any]) -> None:
        """Set what `columns` has under a name, of all cells."""
        self.parameters[name][:] = values
        self.touch()


def lists_of(gids: Integers, wanted: Integers, values: NDArray[Any]) -> list[NDArray[Any]]:
    """Return the values of each of some cells, from a `Column`.

    Examples
    --------
    >>> lists_of(np.array([3, 3, 5]), np.array([3, 4, 5]), np.array([0.1, 0.2, 0.3]))
    [array([0.1, 0.2]), array([], dtype=float64), array([0.3])]
    """
    first, end = (np.searchsorted(gids, wanted, side=side) for side in ("left", "right"))
    return [values[low:high].copy() for low, high in zip(first, end, strict=True)]


@declares(stored="state refractory probes", remade="first_lid", described="model")
class CellBlock(SourceBlock):
    """The local cells of one population of model neurons.

    Parameters
    ----------
    model : CellModel
    first_gid, indices
        As for `SourceBlock`.

    Attributes
    ----------
    state : ndarray of float64, shape (n_states, n_local)
        A view of the group's state once that is built.
    refractory : ndarray of int32, shape (n_local,)
    first_lid : int
        Local index in the group of the block's first cell.
    probes : list of ProbeSet
    """

    def __init__(self, model: CellModel, first_gid: int, indices: Integers) -> None:
        super().__init__(first_gid, indices)
        self.model = model
        self.parameters = {
            parameter.name: parameter.of_cells(self.n_local)
            for parameter in (*model.parameters, *model.fixed)
        }
        self.state = np.zeros((len(model.states), self.n_local))
        self.refractory = np.zeros(self.n_local, np.int32)
        self.first_lid = 0
        self.probes: list[ProbeSet] = []

    def get_state(self, variable: str) -> NDArray[np.float64]:
        """Return a state variable of all cells, as the engine gave it last, shape (n_local,)."""
        return self.state[self.model.state_row(variable)]

    def set_state(self, variable: str, positions: Any, values: NDArray[np.float64]) -> None:
        """Set a state variable of some cells; `positions` is an index of numpy's."""
        self.state[self.model.state_row(variable), positions] = values

    def clear_state(self) -> None:
        """Set all state variables to zero."""
        self.state[:] = 0.0
