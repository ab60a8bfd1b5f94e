"""Kernels that draw the sources of each target, with or without replacement.

Draw k of a target takes word k of its sequence, ``(word * bound) >> 32`` being a number below
`bound`. The few words for which that would be biased are replaced, as Lemire does [1]_, by words
from the end of the sequence.

References
----------
.. [1] D. Lemire, "Fast random integer generation in an interval", ACM Trans. Model. Comput.
   Simul. 29 (2019).
"""

import numpy as np
from numba import int64, njit, uint32, uint64

from distsim.compiled import KEPT
from distsim.partitioning.streams import fill_words, word_block

__all__ = ["draw_with_replacement", "draw_without_replacement"]

_BUFFER_BLOCKS = 64


@njit(**KEPT)
def draw_with_replacement(stream, targets, own, n_pre, indptr, sources):
    """Fill each row with independent, equally probable sources.

    Parameters
    ----------
    stream : Stream
    targets : ndarray of int64, shape (n_targets,)
    own : ndarray of int64, shape (n_targets,)
        Source that is no candidate, or -1.
    n_pre : int
        Number of sources.
    indptr : ndarray of int64, shape (n_targets + 1,)
        Bounds of the rows; rows without candidates must be empty.
    sources : ndarray of int32, shape (n_synapses,)
        Changed in place.
    """
    for i in range(targets.size):
        first, last = indptr[i], indptr[i + 1]
        n_candidates = n_pre - (own[i] >= 0)
        if first == last:
            continue
        if _draw_bounded(stream, targets[i], n_candidates, sources, first, last):
            _redraw_rejected(stream, targets[i], n_candidates, sources, first, last)
        if own[i] >= 0:
            _leave_out(own[i], sources, first, last)


@njit(**KEPT)
def draw_without_replacement(stream, targets, own, n_pre, indptr, sources):
    """Fill each row with different, equally probable sources, by Floyd's algorithm [1]_.

    A row longer than the number of candidates has all of them as often as they fit, and then a
    sample without replacement.

    Parameters
    ----------
    stream : Stream
    targets : ndarray of int64, shape (n_targets,)
    own : ndarray of int64, shape (n_targets,)
        Source that is no candidate, or -1.
    n_pre : int
        Number of sources; the scratch space is one bit for each.
    indptr : ndarray of int64, shape (n_targets + 1,)
        Bounds of the rows; rows without candidates must be empty.
    sources : ndarray of int32, shape (n_synapses,)
        Changed in place.

    References
    ----------
    .. [1] J. Bentley and B. Floyd, Commun. ACM 30, 754-757 (1987).
    """
    is_taken = np.zeros(n_pre // 64 + 1, np.uint64)
    words = np.empty(4 * _BUFFER_BLOCKS, np.uint32)
    for i in range(targets.size):
        first, last = indptr[i], indptr[i + 1]
        n_candidates = n_pre - (own[i] >= 0)
        while last - first >= n_candidates and first < last:
            for candidate in range(n_candidates):
                sources[first + candidate] = candidate
            first += n_candidates
        _floyd(stream, targets[i], n_candidates, is_taken, words, sources[first:last])
        if own[i] >= 0:
            _leave_out(own[i], sources, indptr[i], last)


@njit(**KEPT)
def _draw_bounded(stream, target, bound, sources, first, last):
    """Write numbers below `bound`; return whether any of them is to be replaced."""
    wide_bound = uint64(bound)
    threshold = uint32(uint64(2**32) % wide_bound)
    has_rejected = uint32(0)
    # whole blocks of four words, in a loop that the compiler vectorises, see `fill_words`
    n_blocks = (last - first) // 4
    row = sources[first:last]
    for b in range(uint64(n_blocks)):
        w0, w1, w2, w3 = word_block(stream, target, b)
        product0, product1 = uint64(w0) * wide_bound, uint64(w1) * wide_bound
        product2, product3 = uint64(w2) * wide_bound, uint64(w3) * wide_bound
        has_rejected |= uint32(uint32(product0) < threshold) | uint32(uint32(product1) < threshold)
        has_rejected |= uint32(uint32(product2) < threshold) | uint32(uint32(product3) < threshold)
        place = uint64(4) * b
        row[place] = product0 >> uint64(32)
        row[place + uint64(1)] = product1 >> uint64(32)
        row[place + uint64(2)] = product2 >> uint64(32)
        row[place + uint64(3)] = product3 >> uint64(32)
    for k in range(4 * n_blocks, last - first):
        product = uint64(_word(stream, target, k)) * wide_bound
        has_rejected |= uint32(uint32(product) < threshold)
        sources[first + k] = product >> uint64(32)
    return has_rejected != 0


@njit(**KEPT)
def _redraw_rejected(stream, target, bound, sources, first, last):
    """Replace the numbers that would make the distribution uneven."""
    threshold = uint32(uint64(2**32) % uint64(bound))
    extra = 4 * ((last - first + 3) // 4)
    for k in range(last - first):
        product = uint64(_word(stream, target, k)) * uint64(bound)
        while uint32(product) < threshold:
            product = uint64(_word(stream, target, extra)) * uint64(bound)
            extra += 1
        sources[first + k] = product >> uint64(32)


@njit(**KEPT)
def _floyd(stream, target, n_candidates, is_taken, words, row):
    """Fill a row shorter than the number of candidates; `is_taken` is zero before and after."""
    extra = 4 * ((row.size + 3) // 4)
    for k in range(row.size):
        if k % words.size == 0:
            n_blocks = (min(words.size, row.size - k) + 3) // 4
            fill_words(stream, target, k // 4, n_blocks, words)
        bound = uint64(n_candidates - row.size + k + 1)
        product = uint64(words[k % words.size]) * bound
        if uint32(product) < bound:  # else the word is good whatever the threshold
            threshold = uint32(uint64(2**32) % bound)
            while uint32(product) < threshold:
                product = uint64(_word(stream, target, extra)) * bound
                extra += 1
        candidate = product >> uint64(32)
        if is_taken[candidate >> uint64(6)] >> (candidate & uint64(63)) & uint64(1):
            candidate = bound - uint64(1)
        is_taken[candidate >> uint64(6)] |= uint64(1) << (candidate & uint64(63))
        row[k] = candidate
    for k in range(row.size):
        is_taken[row[k] >> 6] = 0


@njit(**KEPT)
def _leave_out(own, sources, first, last):
    """Turn numbers among the candidates into sources, of which `own` is no candidate."""
    for k in range(first, last):
        sources[k] += sources[k] >= own


@njit(**KEPT)
def _word(stream, target, k):
    """Return word `k` of a target's sequence."""
    w0, w1, w2, w3 = word_block(stream, target, k // 4)
    part = int64(k) % 4
    if part < 2:
        return w0 if part == 0 else w1
    return w2 if part == 2 else w3
