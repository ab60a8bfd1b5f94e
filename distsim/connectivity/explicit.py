"""Rules that the user wrote out: a list of pairs, a matrix."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from distsim.connectivity.rows import Ints, Rows, check_sizes, empty_rows
from distsim.errors import ConnectivityError

__all__ = ["Listed", "Masked", "checked_indices", "gather"]

_BLOCK_CANDIDATES = 2**22


class Listed:
    """A list of pairs, which can contain a pair more than once.

    Parameters
    ----------
    n_pre, n_post : int
        Number of presynaptic, postsynaptic cells.
    sources, targets : array of int, shape (n_entries,)
        Index of the presynaptic, of the postsynaptic cell of each entry.
    only : ndarray of int64, optional
        Targets that will be asked for; entries of others are checked, and not held.

    Raises
    ------
    ConnectivityError
        If an index is out of range or not a whole number, or the lengths differ.
    """

    def __init__(
        self,
        n_pre: int,
        n_post: int,
        sources: ArrayLike,
        targets: ArrayLike,
        only: Ints | None = None,
    ) -> None:
        check_sizes(n_pre, n_post)
        self.n_pre = n_pre
        self.n_post = n_post
        checked_sources = checked_indices("source", sources, n_pre)
        checked_targets = checked_indices("target", targets, n_post)
        if checked_sources.shape != checked_targets.shape:
            raise ConnectivityError(
                f"{checked_sources.size} sources and {checked_targets.size} targets; "
                "give one of each for every connection",
                n_sources=checked_sources.size,
                n_targets=checked_targets.size,
            )
        self._n_targets = n_post if only is None else only.size
        # sorted by target; the order in the list is kept within a target
        if only is None:
            self._entries = np.argsort(checked_targets, kind="stable")
        else:
            held = np.flatnonzero(np.isin(checked_targets, only))
            self._entries = held[np.argsort(checked_targets[held], kind="stable")]
        self._sources = checked_sources[self._entries].astype(np.int32)
        self._targets = checked_targets[self._entries]

    @property
    def targets(self) -> Ints:
        """The target of each connection, ascending."""
        return self._targets

    @property
    def mean_indegree(self) -> float:
        """Synapses per target."""
        return self._sources.size / max(self._n_targets, 1)

    def rows(self, targets: Ints) -> Rows:
        """Return the connections of some targets, in the order of the list.

        Parameters
        ----------
        targets : ndarray of int64, shape (n_targets,)
            Indices of postsynaptic cells, ascending.

        Returns
        -------
        Rows
        """
        indptr, places = gather(self._targets, targets)
        return Rows(indptr, self._sources[places], self._entries[places])


class Masked:
    """A matrix of who connects to whom.

    Parameters
    ----------
    array : array of bool, shape (n_pre, n_post)
        True where there is a connection.

    Raises
    ------
    ConnectivityError
        If the array has not two dimensions.
    """

    def __init__(self, array: ArrayLike) -> None:
        self._mask = np.asarray(array, bool)
        if self._mask.ndim != 2:
            raise ConnectivityError(
                f"the connection matrix has shape {self._mask.shape}; give (n_pre, n_post)",
                shape=self._mask.shape,
            )
        check_sizes(self.n_pre, self.n_post)

    @property
    def n_pre(self) -> int:
        """Number of presynaptic cells."""
        return self._mask.shape[0]

    @property
    def n_post(self) -> int:
        """Number of postsynaptic cells."""
        return self._mask.shape[1]

    @cached_property
    def mean_indegree(self) -> float:
        """Synapses per target."""
        return float(np.count_nonzero(self._mask)) / max(self.n_post, 1)

    def rows(self, targets: Ints) -> Rows:
        """Return the connections of some targets; sources ascend in each row.

        Parameters
        ----------
        targets : ndarray of int64, shape (n_targets,)
            Indices of postsynaptic cells, ascending.

        Returns
        -------
        Rows
        """
        n_block = max(1, _BLOCK_CANDIDATES // max(self.n_pre, 1))
        blocks = [targets[first : first + n_block] for first in range(0, targets.size, n_block)]
        counts = [np.count_nonzero(self._mask[:, block], axis=0) for block in blocks]
        rows = empty_rows(np.concatenate([np.empty(0, np.int64), *counts]).astype(np.int64))
        n = 0
        for block in blocks:
            sources = np.nonzero(self._mask[:, block].T)[1]
            rows.sources[n : n + sources.size] = sources
            n += sources.size
        return rows


def gather(sorted_targets: Ints, targets: Ints) -> tuple[Ints, Ints]:
    """Return where the synapses of some targets lie in a list sorted by target.

    Parameters
    ----------
    sorted_targets : ndarray of int64, shape (n_synapses,)
        Target of each synapse, ascending.
    targets : ndarray of int64, shape (n_targets,)
        The targets asked for.

    Returns
    -------
    indptr : ndarray of int64, shape (n_targets + 1,)
        Bounds of the rows.
    places : ndarray of int64, shape (n,)
        Their places in the list, row after row.
    """
    firsts = np.searchsorted(sorted_targets, targets, side="left")
    lasts = np.searchsorted(sorted_targets, targets, side="right")
    indptr = np.concatenate([[0], np.cumsum(lasts - firsts)]).astype(np.int64)
    places = np.arange(indptr[-1]) + np.repeat(firsts - indptr[:-1], lasts - firsts)
    return indptr, places


def checked_indices(side: str, indices: ArrayLike, n_cells: int) -> Ints:
    """Return indices of a list as integers.

    Parameters
    ----------
    side : {'source', 'target'}
    indices : array of int, shape (n_entries,)
    n_cells : int

    Raises
    ------
    ConnectivityError
        If an index is out of range or not a whole number.
    """
    given: NDArray[Any] = np.asarray(indices)
    if given.ndim != 1:
        raise ConnectivityError(
            f"{side} indices have shape {given.shape}; give a one-dimensional list",
            shape=given.shape,
        )
    if given.size == 0:
        return np.empty(0, np.int64)
    is_wrong = ~((given >= 0) & (given < n_cells) & (given == np.floor(given)))
    if is_wrong.any():
        entry = int(np.argmax(is_wrong))
        value = given[entry].item()
        raise ConnectivityError(
            f"entry {entry} of the connection list: {side} index {value} is not a cell; "
            f"give a whole number from 0 to {n_cells - 1}",
            entry=entry,
            value=value,
        )
    return given.astype(np.int64)
