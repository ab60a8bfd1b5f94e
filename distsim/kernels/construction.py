"""Building a connectome in two passes: count the synapses of each run, then put each in place."""

import numpy as np
from numba import njit

__all__ = ["count_synapses", "place_synapses"]


@njit(cache=True, nogil=True)
def count_synapses(counts, rows, delay_steps):
    """Count synapses per (row, delay).

    Parameters
    ----------
    counts : ndarray of uint32, shape (n_rows, n_delays)
        Updated in place.
    rows : ndarray of int64, shape (n,)
    delay_steps : ndarray of int64, shape (n,)
    """
    for k in range(rows.size):
        counts[rows[k], delay_steps[k]] += np.uint32(1)


@njit(cache=True, nogil=True)
def place_synapses(cursors, rows, delay_steps, lids, weights, target, weight):
    """Write synapses to the next free places of their runs.

    Parameters
    ----------
    cursors : ndarray of int64, shape (n_rows, n_delays)
        Next free place of each run; updated in place.
    rows, delay_steps, lids : ndarray of int64, shape (n,)
    weights : ndarray of float64, shape (n,)
    target : ndarray of uint16 or uint32, shape (n_synapses,)
        In place.
    weight : ndarray of float32, shape (n_synapses,)
        In place.
    """
    for k in range(rows.size):
        place = cursors[rows[k], delay_steps[k]]
        cursors[rows[k], delay_steps[k]] = place + 1
        target[place] = lids[k]
        weight[place] = weights[k]
