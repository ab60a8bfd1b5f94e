"""Delivery of spikes by arrival time.

There is no ring buffer of future input: a spike waits in a `Queue` as a pointer to the next run of
its row, and at each step exactly the runs that arrive then are added to one small input buffer.
"""

import numpy as np
from numba import njit

from distsim.kernels.arrays import Queue

__all__ = [
    "DONE",
    "compact",
    "deliver",
    "empty_queue",
    "enqueue_rows",
    "enqueue_spikes",
    "skip_arrived",
]

DONE = np.int64(2**62)


def empty_queue(capacity: int) -> Queue:
    """Return a queue with room for `capacity` rows and none in it."""
    return Queue(
        arrival=np.full(capacity, DONE, np.int64),
        stamp=np.zeros(capacity, np.int64),
        run=np.zeros(capacity, np.int64),
        run_end=np.zeros(capacity, np.int64),
        receptor=np.zeros(capacity, np.uint8),
        multiplicity=np.ones(capacity),
        bounds=np.zeros(2, np.int64),
    )


@njit(cache=True, nogil=True)
def deliver(step, queue, connectome, inputs):
    """Add to the input buffers all that arrives at `step`.

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
    n_events = 0
    head, tail = int(queue.bounds[0]), int(queue.bounds[1])
    for entry in range(head, tail):
        if queue.arrival[entry] != step:
            continue
        run = queue.run[entry]
        begin, end = int(connectome.run_start[run]), int(connectome.run_start[run + 1])
        buffer = inputs[queue.receptor[entry]]
        multiplicity = queue.multiplicity[entry]
        for k in range(begin, end):
            buffer[connectome.target[k]] += multiplicity * connectome.weight[k]
        n_events += int(multiplicity) * (end - begin)
        # the entry waits for the next run of its row, if there is one
        run += 1
        queue.run[entry] = run
        if run < queue.run_end[entry]:
            queue.arrival[entry] = queue.stamp[entry] + np.int64(connectome.run_delay[run])
        else:
            queue.arrival[entry] = DONE
    while head < tail and queue.arrival[head] == DONE:
        head += 1
    if head == tail:
        head = tail = 0
    queue.bounds[0], queue.bounds[1] = head, tail
    return n_events


@njit(cache=True)
def _append_row(queue, connectome, row, stamp, multiplicity):
    """Append one row to the queue, which must have room."""
    entry = queue.bounds[1]
    first = connectome.row_start[row]
    queue.stamp[entry] = stamp
    queue.run[entry] = first
    queue.run_end[entry] = connectome.row_start[row + 1]
    queue.receptor[entry] = connectome.row_receptor[row]
    queue.multiplicity[entry] = multiplicity
    queue.arrival[entry] = stamp + np.int64(connectome.run_delay[first])
    queue.bounds[1] = entry + 1


@njit(cache=True)
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


@njit(cache=True)
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
        gid = keys[k] & np.int64(0xFFFFFFFF)
        stamp = keys[k] >> np.int64(32)
        row = np.searchsorted(connectome.row_source, gid)
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


@njit(cache=True)
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
            roomier.multiplicity[count] = queue.multiplicity[entry]
            count += 1
    roomier.bounds[0], roomier.bounds[1] = 0, count


@njit(cache=True)
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
