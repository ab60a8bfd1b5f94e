"""Kernels that divide a number over all targets, each rank following its own targets' branches.

The targets are halved again and again, at midpoints that depend on their number alone; node 1 is
all of them, the halves of node k are 2 k and 2 k + 1. How a node's number is divided between its
halves is binomially (with replacement) or hypergeometrically (without) distributed, and drawn from
the node's place in a stream. So all ranks agree without talking, and a rank passes over every
branch without targets of its own: the cost is O(local synapses + log n_post), for each source
where each source has a tree.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.compiled import KEPT
from distsim.connectivity.splits import binomial, hypergeometric
from distsim.partitioning.streams import uniform53, word_block

__all__ = ["Outdegrees", "Sizes", "Synapses", "divide_outdegrees", "divide_total", "group"]

_DEPTH = 64
_MAX_BUCKET = 16


class Sizes(NamedTuple):
    """How many candidates there are.

    Attributes
    ----------
    n_post : int
        Number of targets.
    candidates : int
        Sources that each target can have.
    excluded : ndarray of int32, shape (n_post + 1,) or (0,)
        Where that differs: the sum, over the targets before, of what their number is short.
    """

    n_post: int
    candidates: int
    excluded: NDArray[np.int32]


class Outdegrees(NamedTuple):
    """How many targets each source has.

    Attributes
    ----------
    counts : ndarray of int64, shape (n_pre,)
    own : ndarray of int64, shape (n_pre,)
        Target that is no candidate, or -1.
    n_post : int
        Number of targets.
    with_replacement : bool
    """

    counts: NDArray[np.int64]
    own: NDArray[np.int64]
    n_post: int
    with_replacement: bool


class Synapses(NamedTuple):
    """Room for synapses, sorted by source.

    Attributes
    ----------
    positions : ndarray of int32, shape (capacity,)
        Positions in the array of targets.
    sources : ndarray of int32, shape (capacity,)
    """

    positions: NDArray[np.int32]
    sources: NDArray[np.int32]


@njit(**KEPT)
def divide_total(stream, n, sizes, targets, with_replacement, counts):
    """Write how many of `n` synapses each of some targets has.

    Parameters
    ----------
    stream : Stream
        Read at gid = node.
    n : int
        Number of synapses of all targets; without replacement at most that of candidates.
    sizes : Sizes
    targets : ndarray of int64, shape (n_targets,)
        Ascending.
    with_replacement : bool
    counts : ndarray of int64, shape (n_targets,)
        Zero before; changed in place.
    """
    # nodes still to visit: node, its targets lo .. hi - 1, their positions a .. b - 1, its number
    stack = np.empty((_DEPTH, 6), np.int64)
    depth = _push(stack, 0, 1, 0, sizes.n_post, 0, targets.size, n)
    while depth > 0:
        depth -= 1
        node, lo, hi, a, b, number = stack[depth]
        if hi - lo == 1:
            counts[a] = number
            continue
        middle = (lo + hi) // 2
        left, right = _capacity(sizes, lo, middle), _capacity(sizes, middle, hi)
        w0, w1, _, _ = word_block(stream, node, 0)
        n_left = _split(uniform53(w0, w1), number, left, right, with_replacement)
        cut = _first_from(targets, a, b, middle)
        depth = _push(stack, depth, 2 * node, lo, middle, a, cut, n_left)
        depth = _push(stack, depth, 2 * node + 1, middle, hi, cut, b, number - n_left)


@njit(**KEPT)
def divide_outdegrees(streams, outdegrees, targets, start, synapses):
    """Write the synapses that some targets receive, source after source, from `start` on.

    Without replacement, a number above that of the candidates means all of them as often as they
    fit, and a sample without replacement for the rest.

    Parameters
    ----------
    streams : tuple of 2 Stream
        For the nodes, and for the targets drawn one by one; read at gid = source.
    outdegrees : Outdegrees
    targets : ndarray of int64, shape (n_targets,)
        Ascending.
    start : tuple of 2 int
        First source, and number of synapses already written.
    synapses : Synapses
        Changed in place.

    Returns
    -------
    tuple of 2 int
        First source for which space may not suffice, and number of synapses written.
    """
    stack = np.empty((_DEPTH, 6), np.int64)
    bucket = np.empty(_MAX_BUCKET, np.int64)
    positions, sources = synapses
    first, n = start
    for source in range(first, outdegrees.counts.size):
        number, own = outdegrees.counts[source], outdegrees.own[source]
        if n + number > positions.size:
            return source, n
        n_before = n
        n_candidates = outdegrees.n_post - (own >= 0)
        while not outdegrees.with_replacement and number >= n_candidates and number > 0:
            n = _take_all(targets, own, positions, n)
            number -= n_candidates
        depth = _push(stack, 0, 1, 0, outdegrees.n_post, 0, targets.size, number)
        while depth > 0:
            depth -= 1
            node, lo, hi, a, b, number = stack[depth]
            if hi - lo == 1:
                for k in range(number):
                    positions[n + k] = a
                n += number
                continue
            if number <= min(_MAX_BUCKET, 2 * (hi - lo)):
                n_range = hi - lo - (lo <= own < hi)
                _draw_bucket(
                    streams[1], source, lo, n_range, outdegrees.with_replacement, bucket[:number]
                )
                n = _keep_wanted(bucket[:number], lo, own, targets, a, b, positions, n)
                continue
            middle = (lo + hi) // 2
            left = middle - lo - (lo <= own < middle)
            right = hi - middle - (middle <= own < hi)
            w0, w1, _, _ = word_block(streams[0], source, node)
            n_left = _split(uniform53(w0, w1), number, left, right, outdegrees.with_replacement)
            cut = _first_from(targets, a, b, middle)
            depth = _push(stack, depth, 2 * node, lo, middle, a, cut, n_left)
            depth = _push(stack, depth, 2 * node + 1, middle, hi, cut, b, number - n_left)
        sources[n_before:n] = source
    return outdegrees.counts.size, n


@njit(**KEPT)
def group(positions, sources, indptr, grouped):
    """Sort synapses by target, those of one target staying in order.

    Parameters
    ----------
    positions : ndarray of int32, shape (n,)
        Positions of the targets.
    sources : ndarray of int32, shape (n,)
    indptr : ndarray of int64, shape (n_targets + 1,)
        Zero before; becomes the bounds of the rows.
    grouped : ndarray of int32, shape (n,)
        Becomes the sources by target.
    """
    # counting sort: indptr[i + 1] is the next free place of target i, at the end that of i + 1
    for position in positions:
        if position + 2 < indptr.size:
            indptr[position + 2] += 1
    for i in range(2, indptr.size):
        indptr[i] += indptr[i - 1]
    for k in range(positions.size):
        place = indptr[positions[k] + 1]
        grouped[place] = sources[k]
        indptr[positions[k] + 1] = place + 1


@njit(**KEPT)
def _push(stack, depth, node, lo, hi, a, b, number):
    """Put a node on the stack, unless nothing of it is wanted; return the new depth."""
    if number == 0 or a == b:
        return depth
    stack[depth, 0], stack[depth, 1], stack[depth, 2] = node, lo, hi
    stack[depth, 3], stack[depth, 4], stack[depth, 5] = a, b, number
    return depth + 1


@njit(**KEPT)
def _capacity(sizes, lo, hi):
    """Return the number of candidates of targets lo .. hi - 1."""
    capacity = (hi - lo) * sizes.candidates
    if sizes.excluded.size > 0:
        capacity -= np.int64(sizes.excluded[hi]) - np.int64(sizes.excluded[lo])
    return capacity


@njit(**KEPT)
def _split(u, number, left, right, with_replacement):
    """Return how many of `number` fall on the left ones of left + right candidates."""
    if with_replacement:
        return binomial(u, number, left / (left + right))
    return hypergeometric(u, left, right, number)


@njit(**KEPT)
def _take_all(targets, own, positions, n):
    """Write the positions of all targets but `own`; return the number of synapses."""
    for k in range(targets.size):
        if targets[k] != own:
            positions[n] = k
            n += 1
    return n


@njit(**KEPT)
def _draw_bucket(stream, source, lo, n_range, with_replacement, bucket):
    """Fill `bucket` with numbers below `n_range`, two from each block from `lo` on.

    No two nodes of one source share a block, since their ranges of targets are disjoint and a
    bucket holds at most two numbers for each target of its range.
    """
    for k in range(bucket.size):
        w0, w1, w2, w3 = word_block(stream, source, lo + k // 2)
        u = uniform53(w0, w1) if k % 2 == 0 else uniform53(w2, w3)
        if with_replacement:
            bucket[k] = int(u * n_range)
            continue
        # Floyd's algorithm
        bound = n_range - bucket.size + k + 1
        number = int(u * bound)
        for j in range(k):
            if bucket[j] == number:
                number = bound - 1
                break
        bucket[k] = number


@njit(**KEPT)
def _keep_wanted(bucket, lo, own, targets, a, b, positions, n):
    """Write where the bucket's targets lie in ``targets[a:b]``; return the number of synapses."""
    for number in bucket:
        target = lo + number
        if lo <= own <= target:
            target += 1
        k = _first_from(targets, a, b, target)
        if k < b and targets[k] == target:
            positions[n] = k
            n += 1
    return n


@njit(**KEPT)
def _first_from(targets, a, b, target):
    """Return the first place in ``targets[a:b]``, not empty, that is not below `target`."""
    first, last = targets[a], targets[b - 1]
    if target <= first:
        return a
    if target > last:
        return b
    # the targets lie side by side or, mostly, at equal distances
    if last - first == b - 1 - a:
        return a + target - first
    k = a + (target - first) * (b - 1 - a) // (last - first)
    if targets[k] < target:
        a = k + 1
        if targets[a] >= target:
            return a
    else:
        b = k
        if targets[b - 1] < target:
            return b
    while a < b:
        middle = (a + b) // 2
        if targets[middle] < target:
            a = middle + 1
        else:
            b = middle
    return a
