"""Integrate-and-fire cells with alpha-shaped synaptic currents, by exact integration."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.kernels.coefficients import at
from distsim.kernels.epoch import register_update
from distsim.kernels.options import KERNEL

__all__ = ["IFCurrAlpha", "step_if_curr_alpha"]


class IFCurrAlpha(NamedTuple):
    """Coefficients of IF_curr_alpha, each of shape (n_local,) or a number.

    See `distsim.models.propagators`.
    """

    drive: NDArray[np.float64]
    drive_rest: NDArray[np.float64]
    drive_gain: NDArray[np.float64]
    p33: NDArray[np.float64]
    p32_exc: NDArray[np.float64]
    p32_inh: NDArray[np.float64]
    p31_exc: NDArray[np.float64]
    p31_inh: NDArray[np.float64]
    p21_exc: NDArray[np.float64]
    p21_inh: NDArray[np.float64]
    p11_exc: NDArray[np.float64]
    p11_inh: NDArray[np.float64]
    v_thresh: NDArray[np.float64]
    v_reset: NDArray[np.float64]
    refractory_steps: NDArray[np.int32]


@njit(**KERNEL)
def step_if_curr_alpha(cells, c):
    """Advance leaky integrate-and-fire cells by one step with exact integration [1]_.

    A weight is the peak of the alpha function, reached `tau_syn` after the spike arrives.

    Parameters
    ----------
    cells : Cells
        State rows: v [mV], isyn_exc, isyn_inh [nA], and what drives them [nA]; updated in place.
    c : IFCurrAlpha

    References
    ----------
    .. [1] S. Rotter and M. Diesmann, Biol. Cybern. 81, 381-402 (1999).
    """
    v, i_exc, i_inh = cells.state[0], cells.state[1], cells.state[2]
    d_exc, d_inh = cells.state[3], cells.state[4]
    refractory = cells.refractory
    for i in range(v.size):
        free = v[i] * at(c.p33, i) + at(c.drive, i)
        free += d_exc[i] * at(c.p31_exc, i) + i_exc[i] * at(c.p32_exc, i)
        free += d_inh[i] * at(c.p31_inh, i) + i_inh[i] * at(c.p32_inh, i)
        v[i] = v[i] if refractory[i] > 0 else free
        refractory[i] -= np.int32(refractory[i] > 0)
        i_exc[i] = d_exc[i] * at(c.p21_exc, i) + i_exc[i] * at(c.p11_exc, i)
        i_inh[i] = d_inh[i] * at(c.p21_inh, i) + i_inh[i] * at(c.p11_inh, i)
        d_exc[i] = d_exc[i] * at(c.p11_exc, i)
        d_inh[i] = d_inh[i] * at(c.p11_inh, i)


register_update(IFCurrAlpha, step_if_curr_alpha)
