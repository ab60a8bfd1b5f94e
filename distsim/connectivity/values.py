"""Values of synapses (weights, delays) for the rows that a rule gave.

As with rules, the values of one target's synapses depend on the target alone, not on which others
were asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from distsim.compiled import KEPT
from distsim.connectivity.rows import Ints, Rows
from distsim.errors import ConnectivityError
from distsim.partitioning.distributions import quantile
from distsim.partitioning.streams import Stream, uniforms

__all__ = [
    "Constant",
    "Derived",
    "Drawn",
    "DrawnOnGrid",
    "Matrix",
    "OfDistance",
    "OfIndices",
    "PerEntry",
    "Values",
]

Floats = NDArray[np.float64]


class Values(Protocol):
    """What gives each synapse a value."""

    def values(self, targets: Ints, rows: Rows) -> float | Floats:
        """Return the value of each synapse in `rows`, or one for all of them."""


@dataclass(frozen=True)
class Constant:
    """One value for all synapses.

    Parameters
    ----------
    value : float
    """

    value: float

    def values(self, targets: Ints, rows: Rows) -> float:
        """Return the value.

        Parameters
        ----------
        targets : ndarray of int64, shape (n_targets,)
        rows : Rows
        """
        return float(self.value)


@dataclass(frozen=True)
class Drawn:
    """Values of a random distribution, synapse k of a target taking number k of its sequence.

    Parameters
    ----------
    name : str
        Name of the distribution, see `distsim.partitioning.distributions`.
    parameters : dict of str to float
        Its parameters.
    stream : Stream
        Random numbers, by target.

    Raises
    ------
    ParameterError
        If the distribution or a parameter cannot be.
    """

    name: str
    parameters: Mapping[str, Any]
    stream: Stream

    def __post_init__(self) -> None:
        quantile(self.name, self.parameters, np.empty(0))

    def values(self, targets: Ints, rows: Rows) -> Floats:
        """Return a random value for each synapse.

        Parameters
        ----------
        targets : ndarray of int64, shape (n_targets,)
        rows : Rows

        Returns
        -------
        ndarray of float64, shape (n_synapses,)
        """
        u = uniforms(self.stream, targets, np.diff(rows.indptr))
        return quantile(self.name, self.parameters, u)


# grids with more points than this are not tabulated
MAX_TABLE = 4096
N_GUIDES = 1024


class DrawnOnGrid:
    """Values of a random distribution, rounded to multiples of a step.

    The quantile function rises with its argument, so rounding it gives a staircase; its edges are
    found once, and a value is then looked up instead of computed.

    Parameters
    ----------
    name, parameters, stream
        As for `Drawn`.
    step : float
    """

    def __init__(
        self, name: str, parameters: Mapping[str, Any], stream: Stream, step: float
    ) -> None:
        self.drawn = Drawn(name, parameters, stream)
        self.step = step
        self._edges: Floats | None = None

    def values(self, targets: Ints, rows: Rows) -> Floats:
        """Return a random multiple of the step for each synapse.

        Parameters
        ----------
        targets : ndarray of int64, shape (n_targets,)
        rows : Rows

        Returns
        -------
        ndarray of float64, shape (n_synapses,)
        """
        if self._edges is None:
            self._tabulate()
        if self._edges is None:
            return np.rint(self.drawn.values(targets, rows) / self.step) * self.step
        u = uniforms(self.drawn.stream, targets, np.diff(rows.indptr))
        _look_up(u, self._edges, self._guides, float(self._first), self.step)
        return u

    def _multiples(self, u: Floats) -> Floats:
        """Return the multiples of the step nearest to some quantiles."""
        return np.rint(quantile(self.drawn.name, self.drawn.parameters, u) / self.step)

    def _tabulate(self) -> None:
        """Find by bisection from which probability on each multiple is exceeded."""
        first, last = self._multiples(np.array([2.0**-53, 1.0 - 2.0**-53]))
        if not last - first < MAX_TABLE:
            return
        multiples = np.arange(first, last)
        low = np.zeros(multiples.size)
        high = np.ones(multiples.size)
        for _ in range(53):
            middle = 0.5 * (low + high)
            is_beyond = self._multiples(middle) > multiples
            low, high = np.where(is_beyond, low, middle), np.where(is_beyond, middle, high)
        self._first = first
        self._edges = high
        self._guides = np.searchsorted(high, np.arange(N_GUIDES) / N_GUIDES, side="right")


@njit(**KEPT)
def _look_up(u, edges, guides, first, step):
    """Replace each probability by its multiple of the step."""
    for k in range(u.size):
        place = guides[np.uint64(u[k] * N_GUIDES)]
        while place < edges.size and u[k] >= edges[place]:
            place += 1
        u[k] = (first + place) * step


class Matrix:
    """Values from a table of all pairs.

    Parameters
    ----------
    array : array of float, shape (n_pre, n_post)
        Value of the connection from each source to each target.

    Raises
    ------
    ConnectivityError
        If the array has not two dimensions.
    """

    def __init__(self, array: ArrayLike) -> None:
        self._table = np.asarray(array, np.float64)
        if self._table.ndim != 2:
            raise ConnectivityError(
                f"the matrix of values has shape {self._table.shape}; give (n_pre, n_post)",
                shape=self._table.shape,
            )

    def values(self, targets: Ints, rows: Rows) -> Floats:
        """Return the table's value for each synapse.

        Parameters
        ----------
        targets : ndarray of int64, shape (n_targets,)
        rows : Rows

        Returns
        -------
        ndarray of float64, shape (n_synapses,)
        """
        return self._table[rows.sources, np.repeat(targets, np.diff(rows.indptr))]


@dataclass(frozen=True)
class OfDistance:
    """Values that are a function of the distance between the two cells.

    Parameters
    ----------
    function : callable
        Value for an array of distances, elementwise.
    distances : callable
        ``distances(targets, indptr, sources)`` is the distance for each synapse.
    """

    function: Callable[[Floats], ArrayLike]
    distances: Callable[[Ints, Ints, NDArray[Any]], Floats]

    def values(self, targets: Ints, rows: Rows) -> Floats:
        """Return the function's value for each synapse.

        Parameters
        ----------
        targets : ndarray of int64, shape (n_targets,)
        rows : Rows

        Returns
        -------
        ndarray of float64, shape (n_synapses,)
        """
        distances = self.distances(targets, rows.indptr, rows.sources)
        given = np.asarray(self.function(distances), np.float64)
        return np.array(np.broadcast_to(given, rows.sources.shape))


@dataclass(frozen=True)
class OfIndices:
    """Values that are a function of the indices of both cells.

    Parameters
    ----------
    function : callable
        Value for arrays of the indices of sources and targets, elementwise.
    """

    function: Callable[[Ints, Ints], ArrayLike]

    def values(self, targets: Ints, rows: Rows) -> Floats:
        """Return the function's value for each synapse.

        Parameters
        ----------
        targets : ndarray of int64, shape (n_targets,)
        rows : Rows

        Returns
        -------
        ndarray of float64
        """
        post = np.repeat(targets, np.diff(rows.indptr))
        return np.asarray(self.function(rows.sources.astype(np.int64), post), np.float64)


@dataclass(frozen=True)
class Derived:
    """Values to which functions are applied, such as arithmetic with numbers.

    Parameters
    ----------
    base : Values
    operations : sequence of (callable, float or None)
        Each is called with the values, and a number if there is one.
    """

    base: Values
    operations: Sequence[tuple[Callable[..., Any], Any]]

    def values(self, targets: Ints, rows: Rows) -> float | Floats:
        """Return the value of each synapse, or one for all of them.

        Parameters
        ----------
        targets : ndarray of int64, shape (n_targets,)
        rows : Rows
        """
        result = self.base.values(targets, rows)
        for function, argument in self.operations:
            result = function(result) if argument is None else function(result, argument)
        return result


class PerEntry:
    """A value for each entry of the user's list.

    Parameters
    ----------
    values : array of float, shape (n_entries,)
    """

    def __init__(self, values: ArrayLike) -> None:
        self._table = np.asarray(values, np.float64)

    def values(self, targets: Ints, rows: Rows) -> Floats:
        """Return the value of each synapse's entry.

        Parameters
        ----------
        targets : ndarray of int64, shape (n_targets,)
        rows : Rows

        Returns
        -------
        ndarray of float64, shape (n_synapses,)

        Raises
        ------
        ConnectivityError
            If the rows do not come from a list.
        """
        if rows.entries is None:
            raise ConnectivityError(
                "values by entry need a rule that is a list of connections; use `Listed`"
            )
        return self._table[rows.entries]
