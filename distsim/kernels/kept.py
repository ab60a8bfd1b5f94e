"""What stays of a connectome when some of its projections change: kept runs, rewritten weights."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.compiled import KEPT
from distsim.kernels.construction import find_run
from distsim.kernels.delivery import find_row, first_target, first_weight, run_size

__all__ = ["Dropped", "copy_kept", "count_kept", "print_of_rows", "rewrite_weights"]


class Dropped(NamedTuple):
    """Which synapses of a connectome do not stay: those of some projections.

    Attributes
    ----------
    receptors : ndarray of int64, shape (n,)
        Row of the state that each projection adds to.
    firsts, ends : ndarray of int64, shape (n,)
        Its sources have gids ``first <= gid < end``.
    are_targets : ndarray of bool, shape (n, n_local)
        The local indices of its targets.
    """

    receptors: NDArray[np.int64]
    firsts: NDArray[np.int64]
    ends: NDArray[np.int64]
    are_targets: NDArray[np.bool_]


@njit(**KEPT, nogil=True)
def _matching(dropped, gid, receptor, matching):
    """List the dropped projections that a row may have synapses of; return their number."""
    n = 0
    for k in range(dropped.receptors.size):
        matching[n] = k
        is_same = dropped.receptors[k] == receptor
        n += is_same and dropped.firsts[k] <= gid < dropped.ends[k]
    return n


@njit(**KEPT, nogil=True)
def _stays(dropped, matching, n_matching, lid):
    """Return whether none of some projections has a target."""
    n_found = 0
    for k in range(n_matching):
        n_found += dropped.are_targets[matching[k], lid]
    return n_found == 0


@njit(**KEPT, nogil=True)
def _n_targets(connectome, n_local, run, has_weights):
    """Return how many synapses a run has."""
    begin, end = np.int64(connectome.run_start[run]), np.int64(connectome.run_start[run + 1])
    n = run_size(connectome, begin, end, has_weights)
    if not has_weights and n and connectome.target.itemsize == 2:
        n -= connectome.target[first_target(connectome, begin) + n - 1] == n_local
    return n


@njit(**KEPT, nogil=True)
def _mixed(word):
    """Return a word of 64 bits in which each bit depends on all of another."""
    word ^= word >> np.uint64(32)
    word *= np.uint64(0xD6E8FEB86659FD93)
    word ^= word >> np.uint64(32)
    word *= np.uint64(0xD6E8FEB86659FD93)
    return word ^ (word >> np.uint64(32))


@njit(**KEPT, nogil=True)
def print_of_rows(connectome, n_local):
    """Return a sum over the synapses of numbers that depend on source, receptor and delay.

    Parameters
    ----------
    connectome : Connectome
    n_local : int
        Cells that it was made for.

    Returns
    -------
    uint64
    """
    total = np.uint64(0)
    for row in range(connectome.row_source.size):
        has_weights = np.isnan(connectome.row_weight[row])
        key = np.uint64(connectome.row_source[row]) << np.uint64(24)
        key |= np.uint64(connectome.row_receptor[row]) << np.uint64(16)
        for run in range(connectome.row_start[row], connectome.row_start[row + 1]):
            n = np.uint64(_n_targets(connectome, n_local, run, has_weights))
            total += n * _mixed(key | np.uint64(connectome.run_delay[run]))
    return total


@njit(**KEPT, nogil=True)
def count_kept(connectome, n_local, dropped, sizes):
    """Count the synapses of each run that stay.

    Parameters
    ----------
    connectome : Connectome
    n_local : int
        Cells that it was made for.
    dropped : Dropped
    sizes : ndarray of int64, shape (n_runs,)
        In place.
    """
    target = connectome.target
    matching = np.zeros(dropped.receptors.size + 1, np.int64)
    for row in range(connectome.row_source.size):
        gid, receptor = connectome.row_source[row], connectome.row_receptor[row]
        n_matching = _matching(dropped, gid, receptor, matching)
        has_weights = np.isnan(connectome.row_weight[row])
        for run in range(connectome.row_start[row], connectome.row_start[row + 1]):
            n = _n_targets(connectome, n_local, run, has_weights)
            sizes[run] = n
            if n_matching:
                first = first_target(connectome, np.int64(connectome.run_start[run]))
                for j in range(first, first + n):
                    sizes[run] -= not _stays(dropped, matching, n_matching, target[j])


@njit(**KEPT, nogil=True)
def copy_kept(connectome, n_local, dropped, sizes, places, placement):
    """Put the synapses that stay in their new places, before any other of the same run.

    Parameters
    ----------
    connectome : Connectome
        The earlier one.
    n_local : int
        Cells that it was made for.
    dropped : Dropped
    sizes : ndarray of int64, shape (n_runs,)
        How many synapses of each run stay.
    places : ndarray of int64, shape (n_rows,)
        Of the earlier rows in `Placement.row_of`; negative for those of which nothing stays.
    placement : Placement
        Updated in place.
    """
    target, weight = connectome.target, connectome.weight
    new_target, new_weight, slots = placement.target, placement.weight, placement.slots
    matching = np.zeros(dropped.receptors.size + 1, np.int64)
    for row in range(connectome.row_source.size):
        if places[row] < 0:
            continue
        gid, receptor = connectome.row_source[row], connectome.row_receptor[row]
        n_matching = _matching(dropped, gid, receptor, matching)
        common = connectome.row_weight[row]
        has_weights = np.isnan(common)
        new_row = np.int64(placement.row_of[places[row]])
        wants_weights = np.isnan(placement.row_weights[new_row])
        for run in range(connectome.row_start[row], connectome.row_start[row + 1]):
            if sizes[run] == 0:
                continue
            n = _n_targets(connectome, n_local, run, has_weights)
            begin = np.int64(connectome.run_start[run])
            first, first_w = first_target(connectome, begin), first_weight(connectome, begin, n)
            new_run = _run_in(placement, new_row, connectome.run_delay[run])
            place, place_w = np.int64(slots[2 * new_run]), np.int64(slots[2 * new_run + 1])
            for j in range(n):
                lid = target[first + j]
                if n_matching and not _stays(dropped, matching, n_matching, lid):
                    continue
                new_target[place] = lid
                place += 1
                if wants_weights:
                    new_weight[place_w] = weight[first_w + j] if has_weights else common
                    place_w += 1
            slots[2 * new_run], slots[2 * new_run + 1] = place, place_w


@njit(**KEPT, nogil=True)
def _run_in(placement, row, delay):
    """Return the number by which a run has its slots."""
    if placement.n_delays > 0:
        return row * placement.n_delays + np.int64(delay)
    return np.int64(find_run(placement.row_start, placement.run_delay, row, delay))


@njit(**KEPT, nogil=True)
def rewrite_weights(connectome, cursors, receptor, gids, steps, lids, weights):
    """Write other weights of synapses where they are.

    Parameters
    ----------
    connectome : Connectome
        In place.
    cursors : ndarray of uint32, shape (n_runs,)
        How much of each run was looked at before, 0 at first; in place.
    receptor : int
    gids, lids : ndarray of int64, shape (n,)
        Sources and targets, in the order in which the synapses were placed. No other projection
        may have synapses of the same sources, targets and receptor.
    steps : ndarray of uint16, shape (n,)
        Delays.
    weights : ndarray of float32, shape (n,)

    Returns
    -------
    bool
        False where the synapses of a row have no weights of their own, or are not there.
    """
    for k in range(gids.size):
        row = np.int64(find_row(connectome, gids[k]))
        while connectome.row_receptor[row] != receptor:
            row += 1
        if not np.isnan(connectome.row_weight[row]):
            return False
        run = find_run(connectome.row_start, connectome.run_delay, row, steps[k])
        begin, end = np.int64(connectome.run_start[run]), np.int64(connectome.run_start[run + 1])
        n = run_size(connectome, begin, end, True)
        first, j = first_target(connectome, begin), np.int64(cursors[run])
        while j < n and connectome.target[first + j] != lids[k]:
            j += 1
        if j == n:
            return False
        connectome.weight[first_weight(connectome, begin, n) + j] = weights[k]
        cursors[run] = j + 1
    return True
