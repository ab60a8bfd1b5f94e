"""Building a connectome in two passes: count the synapses of each run, then put each in place."""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.compiled import KEPT
from distsim.kernels.prefetch import prefetch

__all__ = [
    "NO_WEIGHT",
    "Placement",
    "RowTable",
    "count_synapses",
    "find_run",
    "list_synapses",
    "place_rest",
    "place_synapses",
    "to_steps",
]

# synapses ahead of the present one whose places are fetched
AHEAD = 12
# of a row that has no synapse yet
NO_WEIGHT = np.float32(np.inf)
# marks, in a bucket, a synapse whose row has one weight for all
NO_OWN_WEIGHT = np.uint32(2**31)


@njit(**KEPT, nogil=True)
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


class RowTable(NamedTuple):
    """The rows that have synapses, as far as they are counted.

    Attributes
    ----------
    row_of : ndarray of int32, shape (n_places,)
        Row of each possible (source, receptor type); -1 where it has no synapse here.
    weight : ndarray of float32, shape (>= n_rows,)
        `NO_WEIGHT`, the weight of all synapses of a row so far, or nan.
    n_rows : ndarray of int64, shape (1,)
    """

    row_of: NDArray[np.int32]
    weight: NDArray[np.float32]
    n_rows: NDArray[np.int64]


@njit(**KEPT, nogil=True)
def count_synapses(counts, rows, weight, gids, offset, steps, positions, lids):
    """Count synapses per (row, delay), and note which rows have one weight.

    Parameters
    ----------
    counts : ndarray of uint32, shape (n_rows, n_delays)
        With room for all rows that there may be; updated in place.
    rows : RowTable
        Sources that are not in it are added; in place.
    weight : float32
        The weight of all these synapses, or nan where each has its own.
    gids : ndarray of int64, shape (n,)
        Sources; their places in `rows` are ``gids + offset``.
    offset : int
    steps : ndarray of uint16, shape (n,)
        Delays.
    positions : ndarray of int64, shape (n,)
        Places of the targets in `lids`.
    lids : ndarray of int64
        Local indices, negative for cells of another group.
    """
    n_delays = counts.shape[1]
    row_of, row_weights = rows.row_of, rows.weight
    n_rows = rows.n_rows[0]
    for k in range(gids.size):
        if k + AHEAD < gids.size:
            later = row_of[gids[k + AHEAD] + offset]
            prefetch(counts, later * n_delays + np.int64(steps[k + AHEAD]))
        if lids[positions[k]] < 0:
            continue
        row = np.int64(row_of[gids[k] + offset])
        if row < 0:
            row = n_rows
            row_of[gids[k] + offset] = row
            n_rows += 1
        counts[row, steps[k]] += np.uint32(1)
        known = row_weights[row]
        if known != weight:
            row_weights[row] = weight if known == NO_WEIGHT else np.float32(np.nan)
    rows.n_rows[0] = n_rows


@njit(**KEPT, nogil=True)
def list_synapses(keys, rows, weight, gids, offset, steps, positions, lids):
    """List the run of each synapse, where a table of counts would be mostly empty.

    Parameters
    ----------
    keys : ndarray of int64, shape (>= n,)
        ``row << 16 | delay`` of each local synapse; in place.
    rows, weight, gids, offset, steps, positions, lids
        As for `count_synapses`.

    Returns
    -------
    int
        Number of local synapses.
    """
    row_of, row_weights = rows.row_of, rows.weight
    n_rows, n_keys = rows.n_rows[0], 0
    for k in range(gids.size):
        if lids[positions[k]] < 0:
            continue
        row = np.int64(row_of[gids[k] + offset])
        if row < 0:
            row = n_rows
            row_of[gids[k] + offset] = row
            n_rows += 1
        keys[n_keys] = row << np.int64(16) | np.int64(steps[k])
        n_keys += 1
        known = row_weights[row]
        if known != weight:
            row_weights[row] = weight if known == NO_WEIGHT else np.float32(np.nan)
    rows.n_rows[0] = n_rows
    return n_keys


class Placement(NamedTuple):
    """Where synapses go in the second pass.

    A synapse put straight into its run would touch three cache lines far from all others. So
    synapses wait in a *bucket* for each block of ``1 << shift`` rows, in the order in which they
    came, until that is full; then all go to their places, of which many share a line.

    Attributes
    ----------
    slots : ndarray of integers, shape (2 * n,)
        Next free places of each run in `target` and `weight`.
    n_delays : int
        Run (row, delay) has slots ``row * n_delays + delay``, or, if 0, its number as a run.
    row_start, run_delay : ndarray
        Of the `Connectome`.
    row_of, row_weights : ndarray
        See `RowTable`.
    target, weight : ndarray
        Of the `Connectome`.
    entries : ndarray of uint32, shape (3 * capacity * n_buckets,)
        Run within the block of rows, local index and weight of each synapse that waits.
    entry_weights : ndarray of float32
        The same memory, of which each third number is a weight.
    filled : ndarray of int64, shape (n_buckets,)
        How many wait in each bucket.
    shift, capacity : int
    """

    slots: NDArray[Any]
    n_delays: int
    row_start: NDArray[np.int64]
    run_delay: NDArray[np.uint16]
    row_of: NDArray[np.int32]
    row_weights: NDArray[np.float32]
    target: NDArray[Any]
    weight: NDArray[np.float32]
    entries: NDArray[np.uint32]
    entry_weights: NDArray[np.float32]
    filled: NDArray[np.int64]
    shift: int
    capacity: int


@njit(**KEPT, nogil=True)
def place_synapses(placement, weight, weights, gids, offset, steps, positions, lids):
    """Put synapses into buckets, and those of full buckets into their runs.

    Parameters
    ----------
    placement : Placement
        Updated in place; `place_rest` ends the pass.
    weight, gids, offset, steps, positions, lids
        As for `count_synapses`.
    weights : ndarray of float64, shape (n,)
        Not read where `weight` is one number.
    """
    # arrays by local names: looking them up in the loop would count references each time
    entries, filled, row_weights = placement.entries, placement.filled, placement.row_weights
    entry_weights, n_delays = placement.entry_weights, placement.n_delays
    row_start, run_delay = placement.row_start, placement.run_delay
    row_of, shift, capacity = placement.row_of, placement.shift, placement.capacity
    is_common = not np.isnan(weight)
    for k in range(gids.size):
        lid = lids[positions[k]]
        if lid < 0:
            continue
        row = np.int64(row_of[gids[k] + offset])
        bucket = row >> shift
        n_waiting = filled[bucket]
        if n_waiting == capacity:
            _empty_bucket(placement, bucket)
            n_waiting = 0
        first_row = bucket << shift
        if n_delays > 0:
            run = np.uint32((row - first_row) * n_delays + np.int64(steps[k]))
        else:
            run = np.uint32(find_run(row_start, run_delay, row, steps[k]) - row_start[first_row])
        place = (bucket * capacity + n_waiting) * 3
        if is_common:
            entries[place] = run if np.isnan(row_weights[row]) else run | NO_OWN_WEIGHT
            entry_weights[place + 2] = weight
        else:
            entries[place] = run
            entry_weights[place + 2] = weights[k]
        entries[place + 1] = np.uint32(lid)
        filled[bucket] = n_waiting + 1


@njit(**KEPT, nogil=True)
def find_run(row_start, run_delay, row, delay):
    """Return the number of a row's run."""
    first, end = row_start[row], row_start[row + 1]
    while end - first > 1:
        middle = (first + end) >> 1
        if run_delay[middle] <= delay:
            first = middle
        else:
            end = middle
    return first


@njit(**KEPT, nogil=True)
def place_rest(placement):
    """Put all synapses that still wait into their runs.

    Parameters
    ----------
    placement : Placement
        Updated in place.
    """
    for bucket in range(placement.filled.size):
        _empty_bucket(placement, bucket)


@njit(**KEPT, nogil=True)
def _empty_bucket(placement, bucket):
    """Write the synapses of a bucket to the next free places of their runs."""
    target, weight, entries = placement.target, placement.weight, placement.entries
    entry_weights, slots = placement.entry_weights, placement.slots
    first_run = np.int64(bucket << placement.shift) * placement.n_delays
    if placement.n_delays == 0 and placement.row_start.size > 1:
        first_run = placement.row_start[bucket << placement.shift]
    first, n = bucket * placement.capacity * 3, placement.filled[bucket]
    for k in range(n):
        if k + AHEAD < n:
            ahead = first_run + np.int64(entries[first + 3 * (k + AHEAD)] & ~NO_OWN_WEIGHT)
            prefetch(target, np.int64(slots[2 * ahead]))
            prefetch(weight, np.int64(slots[2 * ahead + 1]))
        key = entries[first + 3 * k]
        slot = 2 * (first_run + np.int64(key & ~NO_OWN_WEIGHT))
        place = slots[slot]
        slots[slot] = place + 1
        target[place] = entries[first + 3 * k + 1]
        if not key & NO_OWN_WEIGHT:
            place = slots[slot + 1]
            slots[slot + 1] = place + 1
            weight[place] = entry_weights[first + 3 * k + 2]
    placement.filled[bucket] = 0
