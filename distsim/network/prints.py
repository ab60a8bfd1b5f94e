"""Checksums of what belongs to cells or connections: sums, so that ranks may have any parts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["mixed", "print_of"]

FACTORS = [np.uint64(f) for f in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)]


def mixed(*words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return one word of some, in which each bit depends on all theirs."""
    result = np.zeros(words[0].shape, np.uint64)
    for word in words:
        result = (result ^ word) * FACTORS[0]
        result ^= result >> np.uint64(32)
        result = result * FACTORS[1] + FACTORS[2]
        result ^= result >> np.uint64(29)
    return result


def print_of(gids: NDArray[np.int64], values: NDArray[Any]) -> np.uint64:
    """Return a checksum of values of cells, to be added up over the ranks modulo 2**64.

    Parameters
    ----------
    gids : ndarray of int64, shape (n,), ascending
        Several values of one cell are told apart by their order.
    values : ndarray, shape (n, ...)
        Taken as numbers of 64 bits; equal only where all bits are.
    """
    if not values.size:
        return np.uint64(0)
    words = np.ascontiguousarray(values, np.float64).view(np.uint64).reshape(gids.size, -1)
    numbers = np.arange(gids.size) - np.searchsorted(gids, gids)
    columns = [np.ascontiguousarray(column) for column in words.T]
    keys = gids.astype(np.uint64), numbers.astype(np.uint64)
    return mixed(*keys, *columns).sum(dtype=np.uint64)
