"""Placements: how the cells of one population are split over the ranks.

Cells are numbered by their index in the population. `Block` and `RoundRobin` answer every question
by arithmetic and hold no table of cells; only `Given`, the user's own choice, holds one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from distsim.errors import PartitionError, did_you_mean

__all__ = ["Block", "Given", "Placement", "PlacementFunction", "RoundRobin", "place"]

PlacementFunction = Callable[[int, int, int], ArrayLike]
"""``f(first_gid, n_cells, n_ranks)`` -> rank of each cell."""


class Placement(Protocol):
    """A split of cells, numbered from 0, over ranks."""

    @property
    def n_cells(self) -> int:
        """Number of cells."""

    @property
    def n_ranks(self) -> int:
        """Number of ranks."""

    def rank_of(self, indices: ArrayLike) -> NDArray[np.int64]:
        """Return the rank that owns each cell."""

    def local_indices(self, rank: int) -> NDArray[np.int64]:
        """Return the cells of `rank`, ascending."""

    def n_local(self, rank: int) -> int:
        """Return how many cells `rank` owns."""

    def local_positions(self, indices: ArrayLike) -> NDArray[np.int64]:
        """Return the position of each cell among its owner's local indices."""


@dataclass(frozen=True)
class Block:
    """A contiguous block of cells for each rank, the sizes differing by one at most.

    Parameters
    ----------
    n_cells : int
        Number of cells, >= 0.
    n_ranks : int
        Number of ranks, >= 1.
    shift : int
        Rank of the first block.

    Raises
    ------
    PartitionError
        If a size is out of range.

    Examples
    --------
    >>> Block(n_cells=5, n_ranks=2).rank_of([0, 1, 2, 3, 4])
    array([0, 0, 0, 1, 1])
    """

    n_cells: int
    n_ranks: int
    shift: int = 0

    def __post_init__(self) -> None:
        _check_sizes(self.n_cells, self.n_ranks)

    def rank_of(self, indices: ArrayLike) -> NDArray[np.int64]:
        """Return the rank that owns each cell.

        Parameters
        ----------
        indices : int or array of int

        Returns
        -------
        ndarray of int64
        """
        return (self._block_of(indices) + self.shift) % self.n_ranks

    def local_indices(self, rank: int) -> NDArray[np.int64]:
        """Return the cells of a rank, ascending.

        Parameters
        ----------
        rank : int

        Returns
        -------
        ndarray of int64, shape (n_local,)
        """
        return np.arange(*self._bounds(rank), dtype=np.int64)

    def n_local(self, rank: int) -> int:
        """Return how many cells a rank owns.

        Parameters
        ----------
        rank : int
        """
        first, last = self._bounds(rank)
        return last - first

    def local_positions(self, indices: ArrayLike) -> NDArray[np.int64]:
        """Return the position of each cell among its owner's local indices.

        Parameters
        ----------
        indices : int or array of int

        Returns
        -------
        ndarray of int64
        """
        first = -(-self._block_of(indices) * self.n_cells // self.n_ranks)
        return np.asarray(indices, np.int64) - first

    def _block_of(self, indices: ArrayLike) -> NDArray[np.int64]:
        """Return the number of each cell's block, before the shift."""
        return np.asarray(indices, np.int64) * self.n_ranks // max(self.n_cells, 1)

    def _bounds(self, rank: int) -> tuple[int, int]:
        """Return the first cell of a rank, and the first one after."""
        _check_rank(rank, self.n_ranks)
        block = (rank - self.shift) % self.n_ranks
        # the smallest index with index * n_ranks // n_cells >= block
        return (
            -(-block * self.n_cells // self.n_ranks),
            -(-(block + 1) * self.n_cells // self.n_ranks),
        )


@dataclass(frozen=True)
class RoundRobin:
    """Cells dealt to the ranks in turn.

    Parameters
    ----------
    n_cells : int
        Number of cells, >= 0.
    n_ranks : int
        Number of ranks, >= 1.
    shift : int
        Rank of the first cell, modulo `n_ranks`.

    Raises
    ------
    PartitionError
        If a size is out of range.

    Examples
    --------
    >>> RoundRobin(n_cells=5, n_ranks=2).rank_of([0, 1, 2, 3, 4])
    array([0, 1, 0, 1, 0])
    """

    n_cells: int
    n_ranks: int
    shift: int = 0

    def __post_init__(self) -> None:
        _check_sizes(self.n_cells, self.n_ranks)

    def rank_of(self, indices: ArrayLike) -> NDArray[np.int64]:
        """Return the rank that owns each cell.

        Parameters
        ----------
        indices : int or array of int

        Returns
        -------
        ndarray of int64
        """
        return (np.asarray(indices, np.int64) + self.shift) % self.n_ranks

    def local_indices(self, rank: int) -> NDArray[np.int64]:
        """Return the cells of a rank, ascending.

        Parameters
        ----------
        rank : int

        Returns
        -------
        ndarray of int64, shape (n_local,)
        """
        _check_rank(rank, self.n_ranks)
        first = (rank - self.shift) % self.n_ranks
        return np.arange(first, self.n_cells, self.n_ranks, dtype=np.int64)

    def n_local(self, rank: int) -> int:
        """Return how many cells a rank owns.

        Parameters
        ----------
        rank : int
        """
        _check_rank(rank, self.n_ranks)
        first = (rank - self.shift) % self.n_ranks
        return len(range(first, self.n_cells, self.n_ranks))

    def local_positions(self, indices: ArrayLike) -> NDArray[np.int64]:
        """Return the position of each cell among its owner's local indices.

        Parameters
        ----------
        indices : int or array of int

        Returns
        -------
        ndarray of int64
        """
        return np.asarray(indices, np.int64) // self.n_ranks


@dataclass(frozen=True, eq=False)
class Given:
    """A rank for each cell, chosen by the user.

    Parameters
    ----------
    ranks : array of int, shape (n_cells,)
        Rank of each cell.
    n_ranks : int
        Number of ranks, >= 1.

    Raises
    ------
    PartitionError
        If `ranks` is not a list of integers in ``0 .. n_ranks - 1``.

    Notes
    -----
    Holds a table of all cells, O(n_cells) on every rank.
    """

    ranks: NDArray[np.int64]
    n_ranks: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "ranks", _checked_ranks(self.ranks, self.n_ranks))

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return self.ranks.size

    def rank_of(self, indices: ArrayLike) -> NDArray[np.int64]:
        """Return the rank that owns each cell.

        Parameters
        ----------
        indices : int or array of int

        Returns
        -------
        ndarray of int64
        """
        return np.asarray(self.ranks[np.asarray(indices, np.int64)])

    def local_indices(self, rank: int) -> NDArray[np.int64]:
        """Return the cells of a rank, ascending.

        Parameters
        ----------
        rank : int

        Returns
        -------
        ndarray of int64, shape (n_local,)
        """
        _check_rank(rank, self.n_ranks)
        return np.flatnonzero(self.ranks == rank).astype(np.int64)

    def n_local(self, rank: int) -> int:
        """Return how many cells a rank owns.

        Parameters
        ----------
        rank : int
        """
        _check_rank(rank, self.n_ranks)
        return int(np.count_nonzero(self.ranks == rank))

    def local_positions(self, indices: ArrayLike) -> NDArray[np.int64]:
        """Return the position of each cell among its owner's local indices.

        Parameters
        ----------
        indices : int or array of int

        Returns
        -------
        ndarray of int64
        """
        return np.asarray(self._positions[np.asarray(indices, np.int64)])

    @cached_property
    def _positions(self) -> NDArray[np.int64]:
        """Position of every cell among its owner's local indices."""
        order = np.argsort(self.ranks, kind="stable")
        firsts = np.cumsum(np.bincount(self.ranks, minlength=self.n_ranks))
        firsts = np.concatenate(([0], firsts[:-1]))
        positions = np.empty(self.n_cells, np.int64)
        positions[order] = np.arange(self.n_cells) - firsts[self.ranks[order]]
        return positions


def place(
    kind: str | PlacementFunction, first_gid: int, n_cells: int, n_ranks: int, ordinal: int
) -> Placement:
    """Return the placement of a population.

    Parameters
    ----------
    kind : {"block", "round_robin"} or callable
        How to place it; a callable ``f(first_gid, n_cells, n_ranks)`` returns a rank for each cell.
    first_gid : int
        The population's first gid; the first rank of a round robin.
    n_cells : int
        Number of cells.
    n_ranks : int
        Number of ranks.
    ordinal : int
        How many populations came before; the first rank of blocks, so that small populations do
        not all land on rank 0.

    Raises
    ------
    PartitionError
        If the name is unknown, or the callable returns anything but one rank for each cell.
    """
    if callable(kind):
        ranks = np.asarray(kind(first_gid, n_cells, n_ranks))
        if ranks.shape != (n_cells,):
            raise PartitionError(
                f"the placement function returned ranks of shape {ranks.shape} for a population of "
                f"{n_cells} cells; return one rank for each cell",
                shape=ranks.shape,
                n_cells=n_cells,
            )
        return Given(ranks, n_ranks)
    if kind == "block":
        return Block(n_cells, n_ranks, shift=ordinal)
    if kind == "round_robin":
        return RoundRobin(n_cells, n_ranks, shift=first_gid)
    raise PartitionError(
        f"unknown partition '{kind}'; {did_you_mean(kind, ['block', 'round_robin'])}",
        kind=kind,
    )


def _check_sizes(n_cells: int, n_ranks: int) -> None:
    """Raise unless the sizes can be."""
    if n_cells < 0:
        raise PartitionError(f"n_cells = {n_cells} is negative; give 0 or more", n_cells=n_cells)
    if n_ranks < 1:
        raise PartitionError(f"n_ranks = {n_ranks}; give at least 1", n_ranks=n_ranks)


def _check_rank(rank: int, n_ranks: int) -> None:
    """Raise unless the rank exists."""
    if not 0 <= rank < n_ranks:
        raise PartitionError(
            f"rank {rank} does not exist; ranks are 0 to {n_ranks - 1}", rank=rank, n_ranks=n_ranks
        )


def _checked_ranks(ranks: ArrayLike, n_ranks: int) -> NDArray[np.int64]:
    """Return a read-only int64 copy of the user's ranks, checked."""
    given = np.asarray(ranks)
    _check_sizes(given.size, n_ranks)
    if given.ndim != 1 or (given.size and not np.issubdtype(given.dtype, np.integer)):
        raise PartitionError(
            f"ranks have shape {given.shape} and type {given.dtype}; "
            "give a one-dimensional list of integers, one for each cell",
            shape=given.shape,
        )
    wrong = np.flatnonzero((given < 0) | (given >= n_ranks))
    if wrong.size:
        index, value = int(wrong[0]), int(given[wrong[0]])
        raise PartitionError(
            f"ranks[{index}] = {value} is not a rank; allowed are 0 to {n_ranks - 1}; "
            f"choose one of these for cell {index} of the population",
            index=index,
            value=value,
            n_ranks=n_ranks,
        )
    checked = given.astype(np.int64)
    checked.flags.writeable = False
    return checked
