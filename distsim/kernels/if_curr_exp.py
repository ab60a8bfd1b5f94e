"""Integrate-and-fire cells with exponential synaptic currents, by exact integration."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.kernels.epoch import register_update
from distsim.kernels.threshold import fire

__all__ = ["IFCurrExp", "step_if_curr_exp"]


class IFCurrExp(NamedTuple):
    """Coefficients of IF_curr_exp, each of shape (n_local,); see `distsim.models.propagators`."""

    drive: NDArray[np.float64]
    drive_rest: NDArray[np.float64]
    drive_gain: NDArray[np.float64]
    p22: NDArray[np.float64]
    p21_exc: NDArray[np.float64]
    p21_inh: NDArray[np.float64]
    p11_exc: NDArray[np.float64]
    p11_inh: NDArray[np.float64]
    v_thresh: NDArray[np.float64]
    v_reset: NDArray[np.float64]
    refractory_steps: NDArray[np.int32]


@njit(cache=True, nogil=True)
def step_if_curr_exp(cells, c):
    """Advance leaky integrate-and-fire cells by one step with exact integration [1]_.

    Parameters
    ----------
    cells : Cells
        State rows: v [mV], isyn_exc [nA], isyn_inh [nA]; updated in place.
    c : IFCurrExp

    Returns
    -------
    int
        Number of cells that spike; their local indices are in ``cells.spiking``.

    References
    ----------
    .. [1] S. Rotter and M. Diesmann, Biol. Cybern. 81, 381-402 (1999).
    """
    v, i_exc, i_inh = cells.state[0], cells.state[1], cells.state[2]
    in_exc, in_inh, refractory = cells.inputs[0], cells.inputs[1], cells.refractory
    for i in range(v.size):
        free = v[i] * c.p22[i] + i_exc[i] * c.p21_exc[i] + i_inh[i] * c.p21_inh[i] + c.drive[i]
        v[i] = v[i] if refractory[i] > 0 else free
        refractory[i] -= np.int32(refractory[i] > 0)
        i_exc[i] = i_exc[i] * c.p11_exc[i] + in_exc[i]
        i_inh[i] = i_inh[i] * c.p11_inh[i] + in_inh[i]
        in_exc[i] = 0.0
        in_inh[i] = 0.0
    return fire(cells, c)


register_update(IFCurrExp, step_if_curr_exp)
