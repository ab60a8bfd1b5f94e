"""The time, as compiled code reads it."""

import time
from typing import Any

from numba import njit, types

__all__ = ["nanoseconds"]

# of the C library; some 50 ns a call
_clock_gettime: Any = types.ExternalFunction(
    "clock_gettime", types.intc(types.intc, types.CPointer(types.int64))
)
_CLOCK = time.CLOCK_MONOTONIC


@njit(cache=True, nogil=True)
def nanoseconds(place):
    """Return the time since some fixed moment [ns].

    Parameters
    ----------
    place : ndarray of int64, shape (2,)
        Overwritten.
    """
    _clock_gettime(_CLOCK, place.ctypes)
    return place[0] * 1_000_000_000 + place[1]
