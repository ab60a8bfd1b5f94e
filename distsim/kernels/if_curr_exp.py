"""Integrate-and-fire cells with exponential synaptic currents, by exact integration."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.kernels.coefficients import at
from distsim.kernels.epoch import register_update
from distsim.kernels.options import KERNEL

__all__ = ["IFCurrExp", "step_if_curr_exp"]


class IFCurrExp(NamedTuple):
    """Coefficients of IF_curr_exp, each of shape (n_local,) or a number.

    See `distsim.models.propagators`.
    """

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


@njit(**KERNEL)
def step_if_curr_exp(cells, c):
    """Advance leaky integrate-and-fire cells by one step with exact integration [1]_.

    Parameters
    ----------
    cells : Cells
        State rows: v [mV], isyn_exc [nA], isyn_inh [nA]; updated in place.
    c : IFCurrExp

    References
    ----------
    .. [1] S. Rotter and M. Diesmann, Biol. Cybern. 81, 381-402 (1999).
    """
    v, i_exc, i_inh = cells.state[0], cells.state[1], cells.state[2]
    refractory = cells.refractory
    for i in range(np.uint64(v.size)):
        free = v[i] * at(c.p22, i) + i_exc[i] * at(c.p21_exc, i)
        free += i_inh[i] * at(c.p21_inh, i)
        free += at(c.drive, i)
        v[i] = v[i] if refractory[i] > 0 else free
        i_exc[i] *= at(c.p11_exc, i)
        i_inh[i] *= at(c.p11_inh, i)
        refractory[i] -= np.int32(refractory[i] > 0)


register_update(IFCurrExp, step_if_curr_exp)
