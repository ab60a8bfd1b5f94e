"""Poisson drive: sources with one target each, whose spikes are drawn in the step they arrive."""

import numpy as np
from numba import njit

from distsim.kernels.options import KERNEL
from distsim.kernels.poisson import draw_count
from distsim.partitioning.streams import Stream, word_block

__all__ = ["drive"]


@njit(**KERNEL)
def drive(step, drives, inputs):
    """Add to `inputs` what arrives at `step` from all sets of sources.

    Parameters
    ----------
    step : int
        The step that is being made.
    drives : Drives
    inputs : ndarray of float64, shape (n_receptors, n_local)
        Updated in place.

    Returns
    -------
    int
        Number of synaptic events.
    """
    n_events = 0
    for s in range(drives.delay.size):
        stamp = step - drives.delay[s]
        first, end = drives.first[s], drives.first[s + 1]
        if stamp < 1 or first == end:
            continue
        stream = Stream(drives.stream[0], drives.stream[1], drives.stream[2])
        buffer = inputs[drives.receptor[s]]
        if not drives.is_regular[s]:
            n_events += _drive_each(stamp, stream, drives, first, end, buffer)
        elif drives.begin[first] < stamp <= drives.end[first]:
            table = drives.table[first]
            cdf = drives.cdf[drives.start[table] : drives.start[table + 1]]
            weight = drives.weight[first:end]
            gid, lid = drives.gid[first], drives.lid[first]
            targets = buffer[lid : lid + end - first]
            n_events += _drive_row(
                stamp, stream, gid, cdf, weight, drives.words, drives.counts, targets
            )
    return n_events


@njit(**KERNEL)
def _drive_each(stamp, stream, drives, first, end, buffer):
    """Draw one source after another."""
    n_events = 0
    for k in range(first, end):
        if drives.begin[k] < stamp <= drives.end[k]:
            table = drives.table[k]
            begin, stop = drives.start[table], drives.start[table + 1]
            count = draw_count(stream, drives.gid[k], stamp, drives.cdf, begin, stop)
            buffer[drives.lid[k]] += count * drives.weight[k]
            n_events += count
    return n_events


@njit(**KERNEL)
def _drive_row(stamp, stream, first_gid, cdf, weight, words, counts, targets):
    """Draw sources in a row, 64 at a time, in loops that the compiler vectorises."""
    n_events = 0
    end_gid = first_gid + targets.size
    for group in range(first_gid >> 8, (end_gid - 1 >> 8) + 1):
        for i in range(64):
            w0, w1, w2, w3 = word_block(stream, (group << 6) + i, stamp)
            words[0, i], words[1, i], words[2, i], words[3, i] = w0, w1, w2, w3
        for lane in range(4):
            row = (group << 8) + (lane << 6)
            low, high = max(first_gid, row), min(end_gid, row + 64)
            if low < high:
                _count(words, lane, cdf, counts)
                n_events += _add(counts, weight, targets, row - first_gid, low - row, high - row)
    return n_events


@njit(**KERNEL)
def _count(words, lane, cdf, counts):
    """Invert the distribution function for 64 words, up to where none of them reaches."""
    lane = np.uint64(lane)
    for i in range(64):
        counts[i] = 0
    k, n_beyond = 0, np.int32(64)
    while n_beyond > 0 and k + 4 <= cdf.size:
        n_beyond = np.int32(0)
        # four edges at a time, so that counts and words are seldom read and written
        edge_0, edge_1, edge_2, edge_3 = cdf[k], cdf[k + 1], cdf[k + 2], cdf[k + 3]
        for i in range(np.uint64(64)):
            word = words[lane, i]
            is_beyond = np.int32(word >= edge_3)
            n_reached = np.int32(word >= edge_0) + np.int32(word >= edge_1)
            counts[i] += n_reached + np.int32(word >= edge_2) + is_beyond
            n_beyond += is_beyond
        k += 4
    while n_beyond > 0 and k < cdf.size:
        n_beyond = np.int32(0)
        edge = cdf[k]
        for i in range(np.uint64(64)):
            is_beyond = np.int32(words[lane, i] >= edge)
            counts[i] += is_beyond
            n_beyond += is_beyond
        k += 1


@njit(**KERNEL)
def _add(counts, weight, targets, shift, low, high):
    """Add the spikes of sources to their targets; return the number of spikes.

    The sources are ``low <= i < high`` of 64; their targets and weights are at ``shift + i``.
    """
    n_events = 0
    for i in range(np.uint64(low), np.uint64(high)):
        place = np.uint64(shift) + i
        targets[place] += counts[i] * weight[place]
        n_events += counts[i]
    return n_events
