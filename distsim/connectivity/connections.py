"""The connections of a projection, in chunks of bounded size."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from distsim.connectivity.explicit import gather
from distsim.connectivity.rows import Ints, Rule
from distsim.connectivity.values import Values
from distsim.errors import ConnectivityError

__all__ = ["Chunk", "Connections", "Materialised"]

Floats = NDArray[np.float64]


class Chunk(NamedTuple):
    """Some synapses, sorted by target.

    Attributes
    ----------
    target_positions : ndarray of int64, shape (n,)
        Positions in the array of targets that was asked for.
    sources : ndarray of int, shape (n,)
        Indices in the presynaptic population.
    weights : float, ndarray of float64 of shape (n,), or None
        One for all, or one each [nA or uS]; None if not wanted.
    delays : float or ndarray of float64, shape (n,)
        One for all, or one each [ms].
    """

    target_positions: Ints
    sources: NDArray[Any]
    weights: float | Floats | None
    delays: float | Floats


@dataclass(frozen=True)
class Connections:
    """Connections that a rule makes whenever they are needed.

    Parameters
    ----------
    rule : Rule
        Who connects to whom.
    weight, delay : Values
        Weight [nA or uS] and delay [ms] of each synapse.
    chunk_size : int
        Synapses to make at once, about.
    """

    rule: Rule
    weight: Values
    delay: Values
    chunk_size: int = 2**20

    def chunks(self, targets: Ints, want_weights: bool = True) -> Iterator[Chunk]:
        """Make the connections of some targets; the same ones each time.

        Parameters
        ----------
        targets : ndarray of int64, shape (n_targets,)
            Indices of postsynaptic cells, ascending.
        want_weights : bool
            False saves the making of weights.

        Yields
        ------
        Chunk
            Never empty; in the order of the targets.
        """
        targets = np.ascontiguousarray(targets, np.int64)
        n_slice = self._n_targets_per_chunk()
        for first in range(0, targets.size, n_slice):
            part = targets[first : first + n_slice]
            rows = self.rule.rows(part)
            if rows.sources.size == 0:
                continue
            positions = np.repeat(np.arange(first, first + part.size), np.diff(rows.indptr))
            weights = self.weight.values(part, rows) if want_weights else None
            yield Chunk(positions, rows.sources, weights, self.delay.values(part, rows))

    def _n_targets_per_chunk(self) -> int:
        """Return how many targets have about `chunk_size` synapses."""
        # some rules have a large cost for each call
        chunk_size = max(self.chunk_size, getattr(self.rule, "min_chunk", 0))
        return max(1, int(chunk_size / max(self.rule.mean_indegree, 0.01)))


class Materialised:
    """Connections that exist as arrays.

    Parameters
    ----------
    targets, sources : array of int, shape (n_synapses,)
        Indices in the postsynaptic and presynaptic populations, in any order.
    weights : float or array of float, shape (n_synapses,)
        Weight [nA or uS].
    delays : float or array of float, shape (n_synapses,)
        Delay [ms].
    chunk_size : int
        Synapses to give at once, about.

    Raises
    ------
    ConnectivityError
        If the lengths differ.

    Attributes
    ----------
    targets, sources, weights, delays
        The same, sorted by target; the given order is kept within a target.
    """

    def __init__(
        self,
        targets: ArrayLike,
        sources: ArrayLike,
        weights: float | ArrayLike,
        delays: float | ArrayLike,
        chunk_size: int = 2**20,
    ) -> None:
        self.targets = np.asarray(targets, np.int64)
        self.sources = np.asarray(sources)
        self.weights = _float_or_array(weights)
        self.delays = _float_or_array(delays)
        self.chunk_size = chunk_size
        columns = (self.sources, self.weights, self.delays)
        for name, column in zip(("sources", "weights", "delays"), columns, strict=True):
            if not isinstance(column, float) and column.shape != self.targets.shape:
                raise ConnectivityError(
                    f"{name} have shape {column.shape}, targets {self.targets.shape}; "
                    "give one for each synapse",
                    shape=column.shape,
                )
        if (np.diff(self.targets) < 0).any():
            self._take(np.argsort(self.targets, kind="stable"))

    def chunks(self, targets: Ints, want_weights: bool = True) -> Iterator[Chunk]:
        """Give the connections of some targets.

        Parameters
        ----------
        targets : ndarray of int64, shape (n_targets,)
            Indices of postsynaptic cells, ascending.
        want_weights : bool
            False leaves the weights out.

        Yields
        ------
        Chunk
            Never empty; in the order of the targets.
        """
        indptr, places = gather(self.targets, np.asarray(targets, np.int64))
        positions = np.repeat(np.arange(indptr.size - 1), np.diff(indptr))
        for first in range(0, places.size, self.chunk_size):
            part = slice(first, first + self.chunk_size)
            yield Chunk(
                positions[part],
                self.sources[places[part]],
                _pick(self.weights, places[part]) if want_weights else None,
                _pick(self.delays, places[part]),
            )

    def _take(self, order: Ints) -> None:
        """Bring the synapses into another order."""
        self.targets, self.sources = self.targets[order], self.sources[order]
        self.weights, self.delays = _pick(self.weights, order), _pick(self.delays, order)


def _float_or_array(values: float | ArrayLike) -> float | Floats:
    """Return one float, or an array of them."""
    array = np.asarray(values, np.float64)
    return array if array.ndim else float(array)


def _pick(values: float | Floats, places: Ints) -> float | Floats:
    """Return the values at some places, one for all staying one for all."""
    return values if isinstance(values, float) else values[places]
