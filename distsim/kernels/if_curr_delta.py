"""Integrate-and-fire cells whose potential jumps at each spike, by exact integration."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.kernels.coefficients import at
from distsim.kernels.epoch import register_update
from distsim.kernels.threshold import fire

__all__ = ["IFCurrDelta", "step_if_curr_delta"]


class IFCurrDelta(NamedTuple):
    """Coefficients of IF_curr_delta, each of shape (n_local,) or a number.

    See `distsim.models.propagators`.
    """

    drive: NDArray[np.float64]
    drive_rest: NDArray[np.float64]
    drive_gain: NDArray[np.float64]
    p22: NDArray[np.float64]
    v_thresh: NDArray[np.float64]
    v_reset: NDArray[np.float64]
    refractory_steps: NDArray[np.int32]


@njit(cache=True, nogil=True)
def step_if_curr_delta(cells, c):
    """Advance leaky integrate-and-fire cells by one step with exact integration [1]_.

    Input that arrives while a cell is refractory is lost.

    Parameters
    ----------
    cells : Cells
        State row: v [mV]; input [mV]; updated in place.
    c : IFCurrDelta

    Returns
    -------
    int
        Number of cells that spike; their local indices are in ``cells.spiking``.

    References
    ----------
    .. [1] S. Rotter and M. Diesmann, Biol. Cybern. 81, 381-402 (1999).
    """
    v = cells.state[0]
    in_exc, in_inh, refractory = cells.inputs[0], cells.inputs[1], cells.refractory
    for i in range(v.size):
        free = v[i] * at(c.p22, i) + at(c.drive, i) + (in_exc[i] + in_inh[i])
        v[i] = v[i] if refractory[i] > 0 else free
        refractory[i] -= np.int32(refractory[i] > 0)
        in_exc[i] = 0.0
        in_inh[i] = 0.0
    return fire(cells, c)


register_update(IFCurrDelta, step_if_curr_delta)
