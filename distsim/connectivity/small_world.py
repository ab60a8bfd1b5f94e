"""Small worlds: a lattice some of whose connections lead to cells anywhere.

References
----------
.. [1] D. J. Watts and S. H. Strogatz, "Collective dynamics of 'small-world' networks", Nature 393,
   440-442 (1998).
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.compiled import KEPT
from distsim.connectivity.neighbours import Neighbours
from distsim.connectivity.rows import Ints, Own, own_of
from distsim.partitioning.streams import Purpose, Stream, uniform_at

__all__ = ["SmallWorld"]


@dataclass(frozen=True, eq=False)
class SmallWorld:
    """Connections to near targets, each of which may be led elsewhere [1]_.

    Each connection of a source is moved with a probability of its own, to a target drawn among
    those that the source is not connected to, places that were left included; so a source keeps
    its number of connections, and no pair is connected twice. If all are moved, the targets of
    each source are a sample without replacement of all.

    Parameters
    ----------
    n_post : int
        Number of postsynaptic cells.
    near : Neighbours
        The lattice.
    rewiring : float
        Probability that a connection is moved, 0 to 1.
    stream : Stream
        Random numbers, by source.
    own : callable, optional
        ``own(sources)`` is the index of the same cell among the targets, or -1; it is left out.
    is_one_way : bool
        Whether only one of two cells may connect to the other: the later to the earlier if their
        indices are both even or both odd, else the earlier to the later. So cells of any index
        have about as many cells that they may connect to. Sources and targets must be the same.
    n_connections : int, optional
        A source with more near targets is connected to so many of them, taken at random.

    References
    ----------
    .. [1] D. J. Watts and S. H. Strogatz, Nature 393, 440-442 (1998).
    """

    n_post: int
    near: Neighbours
    rewiring: float
    stream: Stream
    own: Own | None = None
    is_one_way: bool = False
    n_connections: int | None = None

    def targets_of(self, sources: Ints) -> tuple[Ints, Ints]:
        """Return the targets of some sources.

        Parameters
        ----------
        sources : ndarray of int64, shape (n_sources,)

        Returns
        -------
        indptr : ndarray of int64, shape (n_sources + 1,)
        targets : ndarray of int64
            Those of source i are ``targets[indptr[i]:indptr[i + 1]]``.
        """
        own = own_of(self.own, sources)
        indptr, targets = self._lattice(sources, own)
        if self.n_connections is not None:
            choice = self.stream.for_purpose(Purpose.TREE)
            chosen = np.minimum(np.diff(indptr), self.n_connections)
            bounds = np.concatenate([[0], np.cumsum(chosen)]).astype(np.int64)
            targets = _sampled(choice, sources, indptr, targets, bounds)
            indptr = bounds
        _rewire(
            *(self.stream, sources, own, self.is_one_way, indptr, targets),
            (self.rewiring, self.n_post),
        )
        return indptr, targets

    def _lattice(self, sources: Ints, own: Ints) -> tuple[Ints, Ints]:
        """Return the near targets that the flags allow."""
        indptr, targets = self.near.of(sources)
        source = np.repeat(sources, np.diff(indptr))
        is_allowed = targets != np.repeat(own, np.diff(indptr))
        if self.is_one_way:
            is_allowed &= _is_forward(source, targets)
        before = np.concatenate([[0], np.cumsum(is_allowed)]).astype(np.int64)
        return before[indptr], targets[is_allowed]


def _is_forward(source: Ints, target: Ints) -> NDArray[np.bool_]:
    """Return which of two cells may connect to the other."""
    return np.asarray((source > target) == ((source + target) % 2 == 0))


@njit(**KEPT)
def _sampled(stream, sources, indptr, targets, bounds):
    """Return, of each row, as many elements as there is room for between its new bounds."""
    chosen = np.empty(bounds[-1], np.int64)
    for i in range(sources.size):
        row = targets[indptr[i] : indptr[i + 1]].copy()
        for k in range(bounds[i + 1] - bounds[i]):
            other = k + int(uniform_at(stream, sources[i], k) * (row.size - k))
            row[k], row[other] = row[other], row[k]
            chosen[bounds[i] + k] = row[k]
    return chosen


@njit(**KEPT)
def _rewire(stream, sources, own, is_one_way, indptr, targets, chance):
    """Lead connections elsewhere, in place."""
    rewiring, n_post = chance
    is_taken = np.zeros(n_post, np.bool_)
    moved = np.empty(np.diff(indptr).max() if sources.size else 0, np.int64)
    for i in range(sources.size):
        row = targets[indptr[i] : indptr[i + 1]]
        n_moved = 0
        for k in range(row.size):
            if uniform_at(stream, sources[i], k) < rewiring:
                moved[n_moved] = k
                n_moved += 1
            else:
                is_taken[row[k]] = True
        n_allowed = n_post - (own[i] >= 0)
        if is_one_way:
            n_allowed = sources[i] // 2 + (n_post - sources[i]) // 2
        n_free = n_allowed - (row.size - n_moved)
        # trying until a free one is found, or a list of them where there are few
        cell = sources[i], own[i], is_one_way
        if 8 * n_free >= n_post:
            _try_targets(stream, cell, is_taken, row, moved[:n_moved])
        else:
            _choose_free(stream, cell, is_taken, row, moved[:n_moved])
        for target in row:
            is_taken[target] = False


@njit(**KEPT)
def _is_allowed(cell, target):
    """Return whether a source may connect to a target."""
    source, own, is_one_way = cell
    if target == own:
        return False
    return not is_one_way or (source > target) == ((source + target) % 2 == 0)


@njit(**KEPT)
def _try_targets(stream, cell, is_taken, row, moved):
    """Lead the connections in `moved` to free targets; those drawn are taken."""
    draw = row.size
    for k in moved:
        while True:
            target = int(uniform_at(stream, cell[0], draw) * is_taken.size)
            draw += 1
            if not is_taken[target] and _is_allowed(cell, target):
                break
        is_taken[target] = True
        row[k] = target


@njit(**KEPT)
def _choose_free(stream, cell, is_taken, row, moved):
    """Lead the connections in `moved` to free targets, from a list of all of them."""
    free = np.empty(is_taken.size, np.int64)
    n_free = 0
    for target in range(is_taken.size):
        if not is_taken[target] and _is_allowed(cell, target):
            free[n_free] = target
            n_free += 1
    for n in range(moved.size):
        other = n + int(uniform_at(stream, cell[0], row.size + n) * (n_free - n))
        free[n], free[other] = free[other], free[n]
        row[moved[n]] = free[n]
