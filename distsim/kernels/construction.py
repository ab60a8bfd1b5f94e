"""Building a connectome in two passes: count the synapses of each run, then put each in place."""

import numpy as np
from numba import njit

from distsim.kernels.prefetch import prefetch

__all__ = ["NO_WEIGHT", "count_synapses", "place_synapses", "to_steps"]

# synapses ahead of the present one whose places are fetched
AHEAD = 12
# of a row that has no synapse yet
NO_WEIGHT = np.float32(np.inf)


@njit(cache=True, nogil=True)
def to_steps(delays, dt, steps):
    """Write delays in whole steps, to the nearest.

    Parameters
    ----------
    delays : ndarray of float64, shape (n,)
        [ms]
    dt : float
        [ms]
    steps : ndarray of uint16, shape (n,)
        In place.

    Returns
    -------
    bool
        Whether all are from 1 to 65,535 steps.
    """
    n_right = 0
    for k in range(delays.size):
        step = np.rint(delays[k] / dt)
        is_right = 1.0 <= step <= 65535.0
        n_right += is_right
        steps[k] = np.uint16(step) if is_right else np.uint16(0)
    return n_right == delays.size


@njit(cache=True, nogil=True)
def count_synapses(counts, row_weights, weight, gids, offset, steps, positions, lids):
    """Count synapses per (row, delay), and note which rows have one weight.

    Parameters
    ----------
    counts : ndarray of uint32, shape (n_rows, n_delays)
        Updated in place.
    row_weights : ndarray of float32, shape (n_rows,)
        `NO_WEIGHT`, the weight of all synapses of a row so far, or nan; updated in place.
    weight : float32
        The weight of all these synapses, or nan where each has its own.
    gids : ndarray of int64, shape (n,)
        Sources; their rows are ``gids + offset``.
    offset : int
    steps : ndarray of uint16, shape (n,)
        Delays.
    positions : ndarray of int64, shape (n,)
        Places of the targets in `lids`.
    lids : ndarray of int64
        Local indices, negative for cells of another group.
    """
    n_delays = counts.shape[1]
    flat = counts.ravel()
    for k in range(gids.size):
        if k + AHEAD < gids.size:
            prefetch(flat, (gids[k + AHEAD] + offset) * n_delays + np.int64(steps[k + AHEAD]))
        if lids[positions[k]] < 0:
            continue
        row = gids[k] + offset
        counts[row, steps[k]] += np.uint32(1)
        known = row_weights[row]
        if known != weight:
            row_weights[row] = weight if known == NO_WEIGHT else np.float32(np.nan)


@njit(cache=True, nogil=True)
def place_synapses(slots, row_weights, weights, gids, offset, steps, positions, lids, connectome):
    """Write synapses to the next free places of their runs.

    Parameters
    ----------
    slots : ndarray of integers, shape (n_rows, n_delays, 2)
        Next free places in `connectome.target` and `.weight`; updated in place.
    row_weights, gids, offset, steps, positions, lids
        As for `count_synapses`.
    weights : ndarray of float64, shape (n,)
    connectome : Connectome
        `target` and `weight` are filled in place.
    """
    n_delays, n = slots.shape[1], gids.size
    flat, target, weight = slots.ravel(), connectome.target, connectome.weight
    for k in range(n):
        # slots are fetched first, then the places that they name
        if k + 2 * AHEAD < n:
            later = k + 2 * AHEAD
            prefetch(flat, ((gids[later] + offset) * n_delays + np.int64(steps[later])) * 2)
        if k + AHEAD < n:
            later = k + AHEAD
            row, step = gids[later] + offset, steps[later]
            prefetch(target, np.int64(slots[row, step, 0]))
            prefetch(weight, np.int64(slots[row, step, 1]))
        lid = lids[positions[k]]
        if lid < 0:
            continue
        row, step = gids[k] + offset, steps[k]
        place = slots[row, step, 0]
        slots[row, step, 0] = place + 1
        target[place] = lid
        if np.isnan(row_weights[row]):
            place = slots[row, step, 1]
            slots[row, step, 1] = place + 1
            weight[place] = weights[k]
