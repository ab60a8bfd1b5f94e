"""Values of synapses (weights, delays) for the rows that a rule gave.

As with rules, the values of one target's synapses depend on the target alone, not on which others
were asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from distsim.connectivity.rows import Ints, Rows
from distsim.errors import ConnectivityError
from distsim.partitioning.distributions import quantile
from distsim.partitioning.streams import Stream, uniforms

__all__ = ["Constant", "Drawn", "Matrix", "OfDistance", "PerEntry", "Values"]

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
