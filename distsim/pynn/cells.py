"""Cells as PyNN shows them: arrays of gids, whose `ID` objects are made when one is asked for."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.pynn.simulator import ID, state

__all__ = ["IDArray", "make_id"]

Integers = NDArray[np.int64]


def make_id(gid: int, population: Any) -> ID:
    """Return the cell with a gid, of a population."""
    cell = ID(gid)
    cell.parent = population
    return cell


class IDArray(np.ndarray[Any, np.dtype[np.int64]]):
    """An array of gids, of which single elements and iteration give `ID` objects.

    Parameters
    ----------
    gids : ndarray of int64
    population_of : callable
        Returns the population of a gid.
    """

    def __new__(cls, gids: Integers, population_of: Any) -> "IDArray":
        """Return a view of the gids that knows their populations."""
        array = np.asarray(gids, np.int64).view(cls)
        array.population_of = population_of
        return array

    def __array_finalize__(self, other: Any) -> None:
        self.population_of = getattr(other, "population_of", None)

    def __getitem__(self, key: Any) -> Any:
        item = super().__getitem__(key)
        if isinstance(item, np.integer) and self.population_of is not None:
            return make_id(int(item), self.population_of(int(item)))
        return item

    def __iter__(self) -> Iterator[ID]:
        return (self[k] for k in range(self.size))


def local_mask(n: int, local_positions: Integers) -> NDArray[np.bool_]:
    """Return which of `n` cells are local; all, while PyNN believes in one process."""
    if state.is_one_process:
        return np.ones(n, np.bool_)
    mask = np.zeros(n, np.bool_)
    mask[local_positions] = True
    return mask
