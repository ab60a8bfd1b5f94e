"""Messages of spikes that begin with their count: writing one, and joining many in order."""

import numpy as np
from numba import njit

from distsim.kernels.options import KERNEL

__all__ = ["join", "pack", "sort"]


@njit(**KERNEL)
def pack(logged, given, message):
    """Write the number of spikes, and as many of them as there is room for.

    Parameters
    ----------
    logged, given : ndarray of int64
        Spikes of cells and of sources: the message has these, then those.
    message : ndarray of int64
        In place.
    """
    n_logged, n = logged.size, logged.size + given.size
    message[0] = n
    for k in range(min(n_logged, message.size - 1)):
        message[1 + k] = logged[k]
    for k in range(n_logged, min(n, message.size - 1)):
        message[1 + k] = given[k - n_logged]


@njit(**KERNEL)
def join(words, start, largest, joined):
    """Write the spikes of all messages in order.

    Parameters
    ----------
    words : ndarray of int64
    start : ndarray of int64, shape (n_slots + 1,)
        See `Slots`; `words` begins with the slot at ``start[0]``.
    largest : ndarray of int64, shape (n_slots,)
        Raised in place to the counts of the messages.
    joined : ndarray of int64
        With room for all that the slots can hold; in place.

    Returns
    -------
    int
        Number of spikes; -1, and nothing is written, if a message was too large for its slot.
    """
    is_whole = True
    for slot in range(largest.size):
        count = words[start[slot] - start[0]]
        largest[slot] = max(largest[slot], count)
        is_whole &= count < start[slot + 1] - start[slot]
    if not is_whole:
        return -1
    # no literal, for which another version of `sort` would be compiled
    n, last, is_sorted = np.int64(0), np.int64(-1), True
    for slot in range(largest.size):
        first = start[slot] - start[0]
        for place in range(first + 1, first + 1 + words[first]):
            key = words[place]
            is_sorted &= key >= last
            last = key
            joined[n] = key
            n += 1
    if not is_sorted:
        sort(joined, n)
    return n


@njit(**KERNEL)
def sort(keys, n):
    """Sort the first `n` keys in place, by Shell's method.

    Messages are mostly sorted, each for itself: of two it takes less than half as long as Numba's
    quicksort, of eight as long; and it is compiled in a tenth of the time.

    Parameters
    ----------
    keys : ndarray of int64
    n : int
    """
    gap = 1
    while gap < n // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for end in range(gap, n):
            key, place = keys[end], end
            while place >= gap and keys[place - gap] > key:
                keys[place] = keys[place - gap]
                place -= gap
            keys[place] = key
        gap //= 3
