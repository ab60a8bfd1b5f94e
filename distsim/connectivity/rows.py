"""Rows: the sources of a rank's own targets; and what all connection rules have in common.

A rule gives, for any targets, the sources of each. What it gives for one target depends on the
rule's parameters, its stream and the target's index alone, so every rank makes exactly the
connections of its own targets, and the network is the same on any number of ranks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from distsim.errors import ConnectivityError
from distsim.partitioning.distributions import quantile
from distsim.partitioning.streams import Stream, uniforms

__all__ = [
    "DrawnNumbers",
    "Ints",
    "Number",
    "Own",
    "Rows",
    "Rule",
    "check_sizes",
    "counts_of",
    "empty_rows",
    "mean_count",
    "own_of",
]

Ints = NDArray[np.int64]

Own = Callable[[Ints], Ints]
"""Index, on the other side, of the same cell for each index; -1 where it is not there."""

Number = int | Callable[[Ints], ArrayLike]
"""A number for all cells, or a function of their indices."""

_N_SAMPLES = 1000


class Rows(NamedTuple):
    """The connections of some targets, those of one target after another's.

    Attributes
    ----------
    indptr : ndarray of int64, shape (n_targets + 1,)
        Row i is ``sources[indptr[i]:indptr[i + 1]]``.
    sources : ndarray of int32, shape (n_synapses,)
        Indices in the presynaptic population.
    entries : ndarray of int64, shape (n_synapses,), or None
        Where the rule is the user's list: row numbers in that list.
    """

    indptr: Ints
    sources: NDArray[Any]
    entries: Ints | None = None


class Rule(Protocol):
    """A connection rule."""

    @property
    def n_pre(self) -> int:
        """Number of presynaptic cells."""

    @property
    def n_post(self) -> int:
        """Number of postsynaptic cells."""

    @property
    def mean_indegree(self) -> float:
        """Synapses per target, or an upper estimate; for the size of chunks."""

    def rows(self, targets: Ints) -> Rows:
        """Return the connections of some targets, given ascending."""


def check_sizes(n_pre: int, n_post: int) -> None:
    """Check the sizes of the two populations.

    Parameters
    ----------
    n_pre, n_post : int
        Number of presynaptic, postsynaptic cells.

    Raises
    ------
    ConnectivityError
        If a size is negative or does not fit the random streams' 32-bit cell numbers.
    """
    for name, size in (("n_pre", n_pre), ("n_post", n_post)):
        if not 0 <= size < 2**31:
            raise ConnectivityError(
                f"{name} = {size} cells cannot be connected; populations have 0 to 2**31 - 1 cells",
                **{name: size},
            )


def own_of(own: Own | None, indices: Ints) -> Ints:
    """Return the index of the same cell on the other side, or -1.

    Parameters
    ----------
    own : callable or None
        None where a cell may connect to itself.
    indices : ndarray of int64, shape (n,)

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    if own is None:
        return np.full(indices.size, -1, np.int64)
    return np.ascontiguousarray(own(indices), np.int64)


def counts_of(n: Number, indices: Ints) -> Ints:
    """Return how many connections each of some cells has.

    Parameters
    ----------
    n : int or callable
    indices : ndarray of int64, shape (n_cells,)

    Returns
    -------
    ndarray of int64, shape (n_cells,)

    Raises
    ------
    ConnectivityError
        If a number is negative.
    """
    counts = n(indices) if callable(n) else n
    counts = np.broadcast_to(np.asarray(counts), indices.shape).astype(np.int64)
    wrong = np.flatnonzero(counts < 0)
    if wrong.size:
        cell, value = int(indices[wrong[0]]), int(counts[wrong[0]])
        raise ConnectivityError(
            f"n = {value} connections for cell {cell}; give 0 or more", n=value, cell=cell
        )
    return counts


@dataclass(frozen=True, eq=False)
class DrawnNumbers:
    """Numbers of connections drawn for each cell, rounded.

    Attributes
    ----------
    name : str
        Of the distribution, see `distsim.partitioning.distributions`.
    parameters : dict of str to float
    stream : Stream
        Random numbers, by cell.
    """

    name: str
    parameters: Mapping[str, Any]
    stream: Stream

    def __call__(self, cells: Ints) -> Ints:
        """Return the numbers of some cells."""
        drawn = quantile(self.name, self.parameters, uniforms(self.stream, cells))
        return np.rint(drawn).astype(np.int64)


def mean_count(n: Number, n_cells: int) -> float:
    """Return the mean number of connections of `n_cells` cells, or an estimate from a sample.

    Parameters
    ----------
    n : int or callable
    n_cells : int

    Returns
    -------
    float
    """
    if not callable(n):
        return float(n)
    sample = np.unique(np.linspace(0, max(n_cells - 1, 0), _N_SAMPLES).astype(np.int64))[:n_cells]
    return float(counts_of(n, sample).mean()) if n_cells else 0.0


def empty_rows(counts: Ints) -> Rows:
    """Return rows of the given lengths, the sources yet to be filled in.

    Parameters
    ----------
    counts : ndarray of int64, shape (n_targets,)

    Returns
    -------
    Rows
    """
    indptr = np.zeros(counts.size + 1, np.int64)
    np.cumsum(counts, out=indptr[1:])
    return Rows(indptr, np.empty(indptr[-1], np.int32))
