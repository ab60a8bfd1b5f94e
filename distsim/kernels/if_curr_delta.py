"""Integrate-and-fire cells whose potential jumps at each spike, by exact integration."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.kernels.coefficients import at
from distsim.kernels.epoch import register_update
from distsim.kernels.membrane import count_down
from distsim.kernels.options import KERNEL
from distsim.kernels.threshold import fire

__all__ = ["IFCurrDelta", "settle_if_curr_delta", "step_if_curr_delta"]


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


@njit(**KERNEL)
def step_if_curr_delta(cells, c):
    """Advance leaky integrate-and-fire cells by one step with exact integration [1]_.

    Parameters
    ----------
    cells : Cells
        State rows: v [mV], updated in place; jumps that arrive [mV], excitatory and inhibitory.
    c : IFCurrDelta

    References
    ----------
    .. [1] S. Rotter and M. Diesmann, Biol. Cybern. 81, 381-402 (1999).
    """
    v, refractory = cells.state[0], cells.refractory
    for i in range(np.uint64(v.size)):
        free = v[i] * at(c.p22, i) + at(c.drive, i)
        v[i] = v[i] if refractory[i] > 0 else free


@njit(**KERNEL)
def settle_if_curr_delta(cells, c):
    """Let the potentials jump by what has arrived, then fire.

    What arrives while a cell is refractory is lost.

    Parameters
    ----------
    cells : Cells
        As for `step_if_curr_delta`; the jumps become zero.
    c : IFCurrDelta

    Returns
    -------
    int
        As from `fire`.
    """
    v, refractory = cells.state[0], cells.refractory
    jump_exc, jump_inh = cells.state[1], cells.state[2]
    for i in range(np.uint64(v.size)):
        jump = jump_exc[i] + jump_inh[i]
        v[i] += 0.0 if refractory[i] > 0 else jump
        jump_exc[i] = 0.0
        jump_inh[i] = 0.0
    count_down(refractory, 0, v.size)
    return fire(cells, c)


register_update(IFCurrDelta, step_if_curr_delta, settle_if_curr_delta)
