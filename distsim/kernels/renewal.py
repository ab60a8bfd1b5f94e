"""Renewal sources: spikes whose hazard depends on the age since the last spike, from streams.

All are gamma processes with a dead time, whose parameters are constants in pieces of time. Interval
k of a source ends where the hazard, integrated since the last spike, reaches an exponentially
distributed number that follows from the gid and k alone. So the spikes follow from the parameters:
any rank that needs those of a source draws them again, none is ever sent. The process is not tied
to steps; a spike belongs to the step in which it lies.
"""

import math

import numpy as np
from numba import njit

from distsim.compiled import KEPT
from distsim.kernels.delivery import enqueue_rows
from distsim.kernels.gamma_hazard import integrated_hazard, interval_at
from distsim.kernels.options import KERNEL
from distsim.kernels.poisson import enqueue_poisson
from distsim.kernels.spike_keys import spike_key, step_of_key
from distsim.partitioning.streams import Stream, uniform53, word_block

__all__ = [
    "begin_renewals",
    "carry_over",
    "enqueue_counted",
    "enqueue_drawn",
    "find_next_spikes",
    "log_renewals",
]

NEVER = 2**62


@njit(**KERNEL)
def begin_renewals(step, sources):
    """Begin the processes at a step, or with their first piece, in equilibrium.

    In equilibrium the age has the density S(age) / mean, where S is the survivor function: within
    the dead time it is uniform; the age of a gamma process is a uniform part of an interval of
    shape + 1 (D. R. Cox, Renewal Theory, chapter 5 (1962)).

    Parameters
    ----------
    step : int
    sources : RenewalSources
        In place.
    """
    stream = Stream(sources.stream[0], sources.stream[1], sources.stream[2])
    tables = sources.tables
    for s in range(sources.gid.size):
        piece = _piece_at(tables, sources.table[s], float(step))
        start = max(float(step), tables.time[piece])
        shape, scale, dead = tables.shape[piece], tables.scale[piece], tables.dead[piece]
        age = dead
        if scale < np.inf:
            w0, w1, w2, w3 = word_block(stream, sources.gid[s], 0)
            place, size = uniform53(w0, w1) * (dead + shape * scale), uniform53(w2, w3)
            if place < dead:
                age = place
            else:
                part = (place - dead) / (shape * scale)
                longer = shape + 1.0
                age += part * scale * interval_at(longer, math.lgamma(longer), -math.log(size))
        sources.last[s], sources.since[s] = start - age, start
        sources.interval[s] = 1
        sources.left[s] = _hazard_of_interval(stream, sources.gid[s], 1)
        _find_next(sources, s, step + 1)


@njit(**KERNEL)
def carry_over(step, old, new):
    """Let processes go on from a step with other parameters: the age stays, and what is left.

    Where a source's parameters are what they were, so is everything of it.

    Parameters
    ----------
    step : int
        Up to which the old sources were drawn.
    old : RenewalSources
    new : RenewalSources
        The same sources; in place.
    """
    for s in range(new.gid.size):
        new.last[s], new.since[s] = old.last[s], old.since[s]
        new.left[s], new.interval[s] = old.left[s], old.interval[s]
        if not _has_same_pieces(old, new, s):
            now, last, since = float(step), old.last[s], old.since[s]
            t, left = _walk(old.tables, old.table[s], last, since, old.left[s], now)
            # by a rounding error the next spike may seem to be due
            new.left[s] = 0.0 if t < np.inf else left
            new.since[s] = max(since, now)
        _find_next(new, s, step + 1)


@njit(**KERNEL)
def find_next_spikes(step, sources):
    """Find when each source spikes next after a step, from the rest of its state; in place."""
    for s in range(sources.gid.size):
        _find_next(sources, s, step + 1)


@njit(**KERNEL)
def enqueue_drawn(position, end_step, stream, poisson, tables, renewals, queue, connectome):
    """Append the rows of all drawn sources that spike, step by step, as many as there is room for.

    Parameters
    ----------
    position : ndarray of int64, shape (2,)
        Step and Poisson source to begin with; in place, where to go on.
    end_step : int
        Last step to draw.
    stream, poisson, tables : Stream, PoissonSources, PoissonTables
        As for `enqueue_poisson`.
    renewals : RenewalSources
        Those with targets in this group; in place.
    queue : Queue
        In place.
    connectome : Connectome

    Returns
    -------
    bool
        Whether all is done; otherwise the queue needs room.
    """
    while position[0] <= end_step:
        step = position[0]
        if not enqueue_poisson(position, step, stream, poisson, tables, queue, connectome):
            return False
        if not _enqueue_renewals(step, renewals, queue, connectome):
            position[0], position[1] = step, poisson.gid.size
            return False
    return True


@njit(**KERNEL)
def enqueue_counted(first, keys, counts, first_rows, end_rows, queue, connectome):
    """Append the rows of known spikes from number `first` on, as many as there is room for.

    Parameters
    ----------
    first : int
    keys : ndarray of int64, shape (n,)
        ``step << 32 | gid``, each once.
    counts, first_rows, end_rows : ndarray of int64, shape (n,)
        How many spikes of the source there are in this step; its rows.
    queue : Queue
        In place.
    connectome : Connectome

    Returns
    -------
    int
        Number of the first that was not appended; n when all were.
    """
    for k in range(first, keys.size):
        if queue.bounds[1] + end_rows[k] - first_rows[k] > queue.arrival.size:
            return k
        step = step_of_key(keys[k])
        enqueue_rows(queue, connectome, first_rows[k], end_rows[k], step, float(counts[k]))
    return keys.size


@njit(**KEPT, nogil=True)
def log_renewals(position, end_step, sources, log):
    """Log the spikes of renewal sources, as many as there is room for.

    A source with several spikes in a step is logged as often.

    Parameters
    ----------
    position : ndarray of int64, shape (1,)
        Step to begin with; in place, where to go on.
    end_step : int
        Last step to draw.
    sources : RenewalSources
        In place.
    log : SpikeLog
        In place.

    Returns
    -------
    bool
        Whether all is done; otherwise the log must be emptied.
    """
    stream = Stream(sources.stream[0], sources.stream[1], sources.stream[2])
    while position[0] <= end_step:
        step = position[0]
        for s in range(sources.gid.size):
            while sources.next_step[s] == step:
                if log.filled[0] == log.keys.size:
                    return False
                if sources.begin[s] < step <= sources.end[s]:
                    log.keys[log.filled[0]] = spike_key(step, sources.gid[s])
                    log.filled[0] += 1
                _spike(stream, sources, s)
        position[0] = step + 1
    return True


@njit(**KERNEL)
def _enqueue_renewals(step, sources, queue, connectome):
    """Append the rows of the sources that spike in a step; return whether there was room.

    Those that were appended spike later next: called again, it goes on with the others.
    """
    stream = Stream(sources.stream[0], sources.stream[1], sources.stream[2])
    next_step = sources.next_step
    for s in range(next_step.size):
        if next_step[s] != step:
            continue
        first_row, end_row = sources.first_row[s], sources.end_row[s]
        if queue.bounds[1] + end_row - first_row > queue.arrival.size:
            return False
        count = 0
        while next_step[s] == step:
            count += 1
            _spike(stream, sources, s)
        if sources.begin[s] < step <= sources.end[s]:
            enqueue_rows(queue, connectome, first_row, end_row, step, float(count))
    return True


@njit(**KERNEL)
def _spike(stream, sources, s):
    """Let a source have made its next spike, and find the one after."""
    sources.last[s] = sources.since[s] = sources.next[s]
    sources.interval[s] += 1
    sources.left[s] = _hazard_of_interval(stream, sources.gid[s], sources.interval[s])
    _find_next(sources, s, sources.next_step[s])


@njit(**KERNEL)
def _hazard_of_interval(stream, gid, index):
    """Return the integrated hazard at which an interval ends, of mean 1."""
    w0, w1, _, _ = word_block(stream, gid, index)
    return -math.log(uniform53(w0, w1))


@njit(**KERNEL)
def _find_next(sources, s, first_step):
    """Find when a source spikes next, in `first_step` or later."""
    last, since, left = sources.last[s], sources.since[s], sources.left[s]
    t, _ = _walk(sources.tables, sources.table[s], last, since, left, np.inf)
    sources.next[s] = t
    sources.next_step[s] = max(np.int64(math.ceil(t)), first_step) if t < NEVER else NEVER


@njit(**KERNEL)
def _walk(tables, table, last, since, left, until):
    """Integrate the hazard over the pieces of a process.

    Parameters
    ----------
    tables : RenewalTables
    table : int
    last, since, until : float
        Time of the last spike; times between which to integrate [steps].
    left : float
        Integrated hazard at which the next spike comes, counted from `since`.

    Returns
    -------
    t : float
        When the next spike comes, if not after `until`; otherwise infinite.
    left : float
        What is left at `until`, if there is no spike before.
    """
    piece, end = _piece_at(tables, table, since), tables.first[table + 1]
    # before the first piece there is no hazard
    since = max(since, tables.time[piece])
    while since < until:
        stop = until if piece + 1 == end else min(until, tables.time[piece + 1])
        shape, scale, dead = tables.shape[piece], tables.scale[piece], tables.dead[piece]
        if scale < np.inf:
            log_gamma, origin = tables.log_gamma[piece], last + dead
            before = integrated_hazard(shape, log_gamma, (since - origin) / scale)
            more = np.inf
            if stop < np.inf:
                more = integrated_hazard(shape, log_gamma, (stop - origin) / scale) - before
            if left <= more:
                t = origin + scale * interval_at(shape, log_gamma, before + left)
                return min(max(t, since), stop), 0.0
            left -= more
        since = stop
        piece += 1
    return np.inf, left


@njit(**KERNEL)
def _piece_at(tables, table, t):
    """Return the piece of a process that holds at a time; the first, before it begins."""
    low, high = tables.first[table], tables.first[table + 1]
    while low + 1 < high:
        middle = (low + high) // 2
        if tables.time[middle] <= t:
            low = middle
        else:
            high = middle
    return low


@njit(**KERNEL)
def _has_same_pieces(one, other, s):
    """Return whether a source's parameters are the same in two sets."""
    i, end = one.tables.first[one.table[s]], one.tables.first[one.table[s] + 1]
    k, other_end = other.tables.first[other.table[s]], other.tables.first[other.table[s] + 1]
    if end - i != other_end - k:
        return False
    for _ in range(end - i):
        if (
            one.tables.time[i] != other.tables.time[k]
            or one.tables.shape[i] != other.tables.shape[k]
            or one.tables.scale[i] != other.tables.scale[k]
            or one.tables.dead[i] != other.tables.dead[k]
        ):
            return False
        i += 1
        k += 1
    return True
