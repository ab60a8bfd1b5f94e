"""Rules without chance: all to all, one to one."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from distsim.compiled import KEPT
from distsim.connectivity.rows import Ints, Own, Rows, check_sizes, empty_rows, own_of

__all__ = ["AllToAll", "OneToOne", "dense_rows"]


@dataclass(frozen=True)
class AllToAll:
    """Every source to every target.

    Parameters
    ----------
    n_pre, n_post : int
        Number of presynaptic, postsynaptic cells.
    own : callable, optional
        ``own(targets)`` is the index of the same cell among the sources, or -1; it is left out.
    lower : bool
        Keep only pairs with source index > target index.

    Raises
    ------
    ConnectivityError
        If a size is out of range.
    """

    n_pre: int
    n_post: int
    own: Own | None = None
    lower: bool = False

    def __post_init__(self) -> None:
        check_sizes(self.n_pre, self.n_post)

    @property
    def mean_indegree(self) -> float:
        """Synapses per target, an upper estimate."""
        return float(self.n_pre)

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
        return dense_rows(self.n_pre, targets, own_of(self.own, targets), self.lower)


@dataclass(frozen=True)
class OneToOne:
    """Source i to target i, as far as there are both.

    Parameters
    ----------
    n_pre, n_post : int
        Number of presynaptic, postsynaptic cells.

    Raises
    ------
    ConnectivityError
        If a size is out of range.
    """

    n_pre: int
    n_post: int

    def __post_init__(self) -> None:
        check_sizes(self.n_pre, self.n_post)

    @property
    def mean_indegree(self) -> float:
        """Synapses per target, an upper estimate."""
        return 1.0

    def rows(self, targets: Ints) -> Rows:
        """Return the connections of some targets.

        Parameters
        ----------
        targets : ndarray of int64, shape (n_targets,)
            Indices of postsynaptic cells, ascending.

        Returns
        -------
        Rows
        """
        rows = empty_rows((targets < self.n_pre).astype(np.int64))
        rows.sources[:] = targets[targets < self.n_pre]
        return rows


def dense_rows(n_pre: int, targets: Ints, own: Ints, lower: bool = False) -> Rows:
    """Return all candidates of each target, ascending.

    Parameters
    ----------
    n_pre : int
        Number of presynaptic cells.
    targets : ndarray of int64, shape (n_targets,)
        Indices of postsynaptic cells, ascending.
    own : ndarray of int64, shape (n_targets,)
        Source to leave out, or -1.
    lower : bool
        Keep only sources with a larger index than the target's.

    Returns
    -------
    Rows
    """
    firsts = np.minimum(targets + 1, n_pre) if lower else np.zeros(targets.size, np.int64)
    rows = empty_rows(n_pre - firsts - (own >= firsts))
    _fill_dense(n_pre, firsts, own, rows.sources)
    return rows


@njit(**KEPT)
def _fill_dense(n_pre, firsts, own, sources):
    """Write the sources from `firsts[i]` on, without `own[i]`, for each target."""
    k = 0
    for i in range(firsts.size):
        for source in range(firsts[i], n_pre):
            if source != own[i]:
                sources[k] = source
                k += 1
