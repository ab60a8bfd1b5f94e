"""Steps that integrate-and-fire models share.

Each loop touches few arrays, because the compiler checks arrays pairwise for overlap before it
vectorises, and gives up where that would be too many checks. Indices are unsigned, because those
that may be negative count from the end, which does not vectorise either. Kernels go through the
cells in blocks that stay in the first-level cache from one loop to the next.
"""

import numpy as np
from numba import njit

from distsim.kernels.coefficients import at
from distsim.kernels.options import KERNEL

__all__ = ["BLOCK", "count_down", "decay"]

BLOCK = 512


@njit(**KERNEL)
def decay(x, factor, first, end):
    """Let a variable of the cells ``first:end`` decay by a step.

    Parameters
    ----------
    x : ndarray of float64, shape (n_local,)
        In place.
    factor : ndarray of float64, or float
    first, end : int
    """
    for i in range(np.uint64(first), np.uint64(end)):
        x[i] *= at(factor, i)


@njit(**KERNEL)
def count_down(refractory, first, end):
    """Shorten the refractory period of the cells ``first:end`` by a step.

    Parameters
    ----------
    refractory : ndarray of int32, shape (n_local,)
        In place.
    first, end : int
    """
    for i in range(np.uint64(first), np.uint64(end)):
        refractory[i] -= np.int32(refractory[i] > 0)
