"""Values of the connections of a projection with their addresses, in the forms that PyNN has."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.errors import did_you_mean
from distsim.pynn.gather import gather_arrays
from distsim.pynn.projection_errors import ProjectionError

__all__ = ["AddressedValues", "histogram"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class AddressedValues(NamedTuple):
    """Values of some connections, ordered by target, then by source.

    Attributes
    ----------
    sources, targets : ndarray of int64, shape (n,)
    columns : list of ndarray of float64, shape (n,)
    """

    sources: Integers
    targets: Integers
    columns: list[Floats]

    def table(self, with_address: bool) -> Floats:
        """Return an array of one row for each connection."""
        shown = [self.sources, self.targets] if with_address else []
        return np.column_stack([*shown, *self.columns]).astype(np.float64)

    def tuples(self, with_address: bool) -> list[Any]:
        """Return a list of one tuple for each connection."""
        shown = [self.sources, self.targets] if with_address else []
        return list(zip(*(column.tolist() for column in (*shown, *self.columns)), strict=True))

    def arrays(self, n_pre: int, cells: Integers, combine: str) -> list[Floats]:
        """Return a matrix for each column, nan where there is no connection.

        Parameters
        ----------
        n_pre : int
        cells : ndarray of int64, shape (n_cells,)
            The targets that the matrix has columns for, ascending; all that there are, or more.
        combine : {'sum', 'min', 'max', 'first', 'last'}
            What stands for several connections between the same two cells.

        Returns
        -------
        list of ndarray of float64, shape (n_pre, n_cells)

        Raises
        ------
        ProjectionError
            If there is no such way to combine them.
        """
        places = self.sources, np.searchsorted(cells, self.targets)
        shape = n_pre, cells.size
        return [_matrix(shape, places, column, combine) for column in self.columns]


def _matrix(
    shape: tuple[int, int], places: tuple[Integers, Integers], values: Floats, combine: str
) -> Floats:
    array = np.full(shape, np.nan)
    if combine == "last":
        array[places] = values
    elif combine == "first":
        # copies, since numpy assigns along negative strides in an order of its own
        backwards = places[0][::-1].copy(), places[1][::-1].copy()
        array[backwards] = values[::-1].copy()
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


def histogram(
    values: Floats, low: float | None, high: float | None, n_bins: int
) -> tuple[Integers, Floats]:
    """Return how many values of all ranks are in each of some bins; every rank must call it.

    Parameters
    ----------
    values : ndarray of float64
        Of this rank.
    low, high : float, optional
        Where the bins begin and end; default: at the smallest and the largest value.
    n_bins : int

    Returns
    -------
    counts : ndarray of int64, shape (n_bins,)
    bounds : ndarray of float64, shape (n_bins + 1,)

    Raises
    ------
    ProjectionError
        If there are no values to find the bounds from.
    """
    extremes = np.array([[values.min(), values.max()]]) if values.size else np.zeros((0, 2))
    (every,) = gather_arrays(extremes)
    if not every.size and (low is None or high is None):
        raise ProjectionError("there are no connections to find 'min' and 'max' from; give both")
    low = every[:, 0].min() if low is None else low
    high = every[:, 1].max() if high is None else high
    bounds = np.linspace(low, high, n_bins + 1)
    (counts,) = gather_arrays(np.histogram(values, bounds)[0][None].astype(np.int64))
    return counts.sum(axis=0), bounds
