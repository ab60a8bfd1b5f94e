"""Threshold, reset and refractory period, the same in all integrate-and-fire models."""

import numpy as np
from numba import njit

from distsim.kernels.coefficients import at
from distsim.kernels.options import KERNEL

__all__ = ["fire"]
# cells that are looked at one by one if one of them is above threshold
LOOK = 128


@njit(**KERNEL)
def fire(cells, c):
    """Reset the cells at or above threshold and make them refractory.

    Parameters
    ----------
    cells : Cells
        State row 0 is v [mV]; `state`, `refractory` and `spiking` are updated in place.
    c : NamedTuple of arrays
        Has `v_thresh`, `v_reset` [mV] and `refractory_steps`.

    Returns
    -------
    int
        Number of cells that spike; their local indices are in ``cells.spiking``, ascending.
    """
    v = cells.state[0]
    n_spiking = 0
    for first in range(0, v.size, LOOK):
        end = min(first + LOOK, v.size)
        # cells seldom spike: count in a loop that the compiler vectorises, look if there are some
        n_above = 0
        for i in range(np.uint64(first), np.uint64(end)):
            n_above += v[i] >= at(c.v_thresh, i)
        if n_above == 0:
            continue
        for i in range(first, end):
            if v[i] >= at(c.v_thresh, i):
                v[i] = at(c.v_reset, i)
                cells.refractory[i] = at(c.refractory_steps, i)
                cells.spiking[n_spiking] = i
                n_spiking += 1
    return n_spiking
