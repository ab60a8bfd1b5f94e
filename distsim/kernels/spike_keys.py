"""A spike as one number: the step in front of 32 bits for the gid, so that sorting sorts by both.

All functions take numbers or arrays, in Python and in compiled code alike.
"""

from typing import Any

import numpy as np
from numba.extending import register_jitable

__all__ = ["GID_BITS", "LAST_STEP", "gid_of_key", "spike_key", "step_of_key"]

GID_BITS = 32
# keys have 63 bits, and one step stays free
LAST_STEP = 2**31 - 2


@register_jitable
def spike_key(step: Any, gid: Any) -> Any:
    """Return the key of a spike.

    Parameters
    ----------
    step, gid : int, or ndarray of int64
        With a gid of 0: below all keys of this step, above all of the one before.

    Examples
    --------
    >>> key = spike_key(7, 3)
    >>> int(step_of_key(key)), int(gid_of_key(key))
    (7, 3)
    """
    return np.int64(step) << np.int64(GID_BITS) | gid


@register_jitable
def step_of_key(key: Any) -> Any:
    """Return the step of a spike, or of each of an array."""
    return key >> np.int64(GID_BITS)


@register_jitable
def gid_of_key(key: Any) -> Any:
    """Return the gid of a spike, or of each of an array."""
    return key & np.int64(2**GID_BITS - 1)
