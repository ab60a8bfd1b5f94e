"""Delivery of spikes by arrival time.

There is no ring buffer of future input: a spike waits in a `Queue` as a pointer to the next run of
its row, and at each step exactly the runs that arrive then are added to the cells.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.compiled import KEPT
from distsim.kernels.arrays import Queue
from distsim.kernels.options import KERNEL
from distsim.kernels.prefetch import prefetch
from distsim.kernels.spike_keys import gid_of_key, step_of_key

__all__ = [
    "DONE",
    "await_next",
    "collect_due",
    "compact",
    "deliver",
    "drop_first",
    "empty_queue",
    "enqueue_most",
    "enqueue_rows",
    "enqueue_spikes",
    "find_row",
    "first_target",
    "first_weight",
    "guide_rows",
    "run_size",
    "skip_arrived",
]

DONE = np.int64(2**62)
# runs that are fetched ahead of the one that is delivered; 4 to 16 measure alike
AHEAD = 6


def empty_queue(capacity: int) -> Queue:
    """Return a queue with room for `capacity` rows and none in it."""
    return Queue(
        arrival=np.full(capacity, DONE, np.int64),
        stamp=np.zeros(capacity, np.int64),
        run=np.zeros(capacity, np.int64),
        run_end=np.zeros(capacity, np.int64),
        receptor=np.zeros(capacity, np.uint8),
        weight=np.zeros(capacity, np.float32),
        multiplicity=np.ones(capacity),
        due=np.zeros(capacity + 1, np.int64),
        bounds=np.zeros(2, np.int64),
    )


def guide_rows(row_source: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return where to begin to look for the rows of a source, for some sources in equal distance.

    There are about as many as there are rows, at most twice as many.

    Parameters
    ----------
    row_source : ndarray of int64, shape (n_rows,), ascending

    Returns
    -------
    guide, guide_origin
        As in `Connectome`.
    """
    if not row_source.size:
        return np.zeros(1, np.uint32), np.zeros(2, np.int64)
    first, last = int(row_source[0]), int(row_source[-1])
    shift = max(0, ((last - first + 1) // row_source.size).bit_length() - 1)
    gids = first + (np.arange(((last - first) >> shift) + 2) << shift)
    guide = np.searchsorted(row_source, gids).astype(np.uint32)
    return guide, np.array([first, shift], np.int64)


@njit(**KERNEL)
def find_row(connectome, gid):
    """Return the first row of a source, or of the one after where it has none."""
    place = gid - connectome.guide_origin[0] >> connectome.guide_origin[1]
    if place < 0 or place + 1 >= connectome.guide.size:
        return np.int64(0 if place < 0 else connectome.row_source.size)
    low, high = np.int64(connectome.guide[place]), np.int64(connectome.guide[place + 1])
    while low < high:
        middle = (low + high) // 2
        if connectome.row_source[middle] < gid:
            low = middle + 1
        else:
            high = middle
    return low


@njit(**KEPT, inline="always")
def run_size(connectome, begin, end, has_weights):
    """Return how many targets a run of words ``begin:end`` holds."""
    n_words = end - begin
    if connectome.target.itemsize == 4:
        return n_words // 2 if has_weights else n_words
    # n 16-bit targets take ceil(n / 2) words, n weights n words
    return 2 * n_words // 3 if has_weights else 2 * n_words


@njit(**KEPT, inline="always")
def first_target(connectome, begin):
    """Return where the targets of a run begin."""
    # no division: only so does the compiler see that the place is not negative
    return begin if connectome.target.itemsize == 4 else 2 * begin


@njit(**KEPT, inline="always")
def first_weight(connectome, begin, n):
    """Return where the weights of a run of n targets begin."""
    return begin + (n if connectome.target.itemsize == 4 else (n + 1) // 2)


@njit(**KERNEL)
def deliver(step, queue, connectome, inputs):
    """Add to `inputs` all that arrives at `step`.

    Parameters
    ----------
    step : int
        The step that is being made.
    queue : Queue
        Each entry whose run arrives moves on to its next run; in place.
    connectome : Connectome
    inputs : ndarray of float64, shape (n_receptors, n_local)
        Updated in place.

    Returns
    -------
    int
        Number of synaptic events: spikes times the synapses that each reaches now.
    """
    # arrays by local names: looking them up in the loop would count references each time
    arrival, due, run_of, weight_of = queue.arrival, queue.due, queue.run, queue.weight
    run_start, run_delay = connectome.run_start, connectome.run_delay
    target, weight = connectome.target, connectome.weight
    n_local = inputs.shape[1]
    head, tail = int(queue.bounds[0]), int(queue.bounds[1])
    n_due = collect_due(step, arrival, head, tail, due)
    n_events = 0
    for k in range(-AHEAD, n_due):
        # memory takes longer than adding: have a run ahead fetched meanwhile
        if k + AHEAD < n_due:
            run = run_of[due[k + AHEAD]]
            for word in range(np.int64(run_start[run]), np.int64(run_start[run + 1]), 16):
                prefetch(weight, word)
        if k < 0:
            continue
        entry = due[k]
        run, receptor = run_of[entry], queue.receptor[entry]
        begin, end = np.int64(run_start[run]), np.int64(run_start[run + 1])
        multiplicity, common = queue.multiplicity[entry], weight_of[entry]
        n = run_size(connectome, begin, end, np.isnan(common))
        first = first_target(connectome, begin)
        if np.isnan(common):
            place = first_weight(connectome, begin, n)
            for j in range(n):
                inputs[receptor, target[first + j]] += multiplicity * weight[place + j]
        else:
            # a local index that no cell has only fills up the last word
            n -= target[first + n - 1] == n_local
            for j in range(n):
                inputs[receptor, target[first + j]] += multiplicity * common
        n_events += int(multiplicity) * n
        await_next(queue, entry, run_delay)
    drop_first(queue)
    return n_events


@njit(**KEPT, inline="always")
def await_next(queue, entry, run_delay):
    """Have an entry, whose run has arrived, wait for the next run of its row, if there is one."""
    run = queue.run[entry] + 1
    queue.run[entry] = run
    is_last = run >= queue.run_end[entry]
    queue.arrival[entry] = DONE if is_last else queue.stamp[entry] + np.int64(run_delay[run])


@njit(**KEPT, inline="always")
def drop_first(queue):
    """Drop the first entries of a queue, as far as they are done."""
    head, tail = queue.bounds[0], queue.bounds[1]
    while head < tail and queue.arrival[head] == DONE:
        head += 1
    if head == tail:
        head = tail = 0
    queue.bounds[0], queue.bounds[1] = head, tail


@njit(**KERNEL)
def collect_due(step, arrival, first, end, due):
    """List the entries ``first:end`` whose run arrives at `step`; return their number."""
    n_due = 0
    for entry in range(first, end):
        due[n_due] = entry
        n_due += arrival[entry] == step
    return n_due


@njit(**KERNEL)
def _append_row(queue, connectome, row, stamp, multiplicity):
    """Append one row to the queue, which must have room."""
    entry = queue.bounds[1]
    first = connectome.row_start[row]
    queue.stamp[entry] = stamp
    queue.run[entry] = first
    queue.run_end[entry] = connectome.row_start[row + 1]
    queue.receptor[entry] = connectome.row_receptor[row]
    queue.weight[entry] = connectome.row_weight[row]
    queue.multiplicity[entry] = multiplicity
    queue.arrival[entry] = stamp + np.int64(connectome.run_delay[first])
    queue.bounds[1] = entry + 1


@njit(**KERNEL)
def enqueue_rows(queue, connectome, first_row, end_row, stamp, multiplicity):
    """Append the rows ``first_row:end_row`` of one source that spiked at `stamp`.

    Parameters
    ----------
    queue : Queue
        With room for the rows; in place.
    connectome : Connectome
    first_row, end_row : int
    stamp : int
    multiplicity : float
    """
    for row in range(first_row, end_row):
        _append_row(queue, connectome, row, stamp, multiplicity)


@njit(**KERNEL)
def enqueue_spikes(queue, connectome, keys, first):
    """Append the rows of the spikes `keys[first:]`, as many as there is room for.

    Parameters
    ----------
    queue : Queue
        In place.
    connectome : Connectome
    keys : ndarray of int64
        Sorted spikes ``step << 32 | gid`` of the whole network.
    first : int

    Returns
    -------
    int
        Position of the first spike not appended; ``keys.size`` when all were.
    """
    n_receptors = 256  # a source has at most one row per receptor type
    n_rows = connectome.row_source.size
    room = queue.arrival.size
    for k in range(first, keys.size):
        gid = gid_of_key(keys[k])
        stamp = step_of_key(keys[k])
        row = find_row(connectome, gid)
        if queue.bounds[1] + min(n_receptors, n_rows - row) > room:
            end = row
            while end < n_rows and connectome.row_source[end] == gid:
                end += 1
            if queue.bounds[1] + end - row > room:
                return k
        while row < n_rows and connectome.row_source[row] == gid:
            _append_row(queue, connectome, row, stamp, 1.0)
            row += 1
    return keys.size


@njit(**KERNEL)
def enqueue_most(queue, connectome, keys, first):
    """Append the rows of the spikes `keys[first:]`; where there is no room, drop what is done.

    Ends early where the queue is more than half full of rows that wait; see `enqueue_spikes`.
    """
    n_queued = enqueue_spikes(queue, connectome, keys, first)
    while n_queued < keys.size:
        compact(queue, queue)
        before = n_queued
        if 2 * queue.bounds[1] <= queue.arrival.size:
            n_queued = enqueue_spikes(queue, connectome, keys, n_queued)
        if n_queued == before:
            break
    return n_queued


@njit(**KERNEL)
def compact(queue, roomier):
    """Copy the entries that still wait into another queue, in order.

    Parameters
    ----------
    queue : Queue
    roomier : Queue
        Empty, with room for them; in place. May be `queue` itself.
    """
    count = 0
    for entry in range(queue.bounds[0], queue.bounds[1]):
        if queue.arrival[entry] != DONE:
            roomier.arrival[count] = queue.arrival[entry]
            roomier.stamp[count] = queue.stamp[entry]
            roomier.run[count] = queue.run[entry]
            roomier.run_end[count] = queue.run_end[entry]
            roomier.receptor[count] = queue.receptor[entry]
            roomier.weight[count] = queue.weight[entry]
            roomier.multiplicity[count] = queue.multiplicity[entry]
            count += 1
    roomier.bounds[0], roomier.bounds[1] = 0, count


@njit(**KERNEL)
def skip_arrived(queue, connectome, step):
    """Move each entry on past the runs that arrived at `step` or before.

    Parameters
    ----------
    queue : Queue
        In place.
    connectome : Connectome
    step : int
    """
    for entry in range(queue.bounds[0], queue.bounds[1]):
        run = queue.run[entry]
        while run < queue.run_end[entry] and queue.arrival[entry] <= step:
            run += 1
            if run < queue.run_end[entry]:
                queue.arrival[entry] = queue.stamp[entry] + np.int64(connectome.run_delay[run])
        queue.run[entry] = run
        if run == queue.run_end[entry]:
            queue.arrival[entry] = DONE
