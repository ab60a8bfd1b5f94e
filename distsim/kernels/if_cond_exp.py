"""Integrate-and-fire cells with exponential synaptic conductances."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.kernels.coefficients import at
from distsim.kernels.conductance import exponential_step, gauss_step
from distsim.kernels.epoch import register_update
from distsim.kernels.membrane import BLOCK, count_down, decay
from distsim.kernels.options import KERNEL

__all__ = ["IFCondExp", "step_if_cond_exp"]


class IFCondExp(NamedTuple):
    """Coefficients of IF_cond_exp, each of shape (n_local,), or a number but `dt`."""

    dt: float
    drive: NDArray[np.float64]
    drive_rest: NDArray[np.float64]
    drive_gain: NDArray[np.float64]
    leak: NDArray[np.float64]
    elastance: NDArray[np.float64]
    e_rev_exc: NDArray[np.float64]
    e_rev_inh: NDArray[np.float64]
    decay_exc: NDArray[np.float64]
    decay_inh: NDArray[np.float64]
    decay_exc_1: NDArray[np.float64]
    decay_inh_1: NDArray[np.float64]
    decay_exc_2: NDArray[np.float64]
    decay_inh_2: NDArray[np.float64]
    tau_syn_exc: NDArray[np.float64]
    tau_syn_inh: NDArray[np.float64]
    g_max: NDArray[np.float64]
    v_thresh: NDArray[np.float64]
    v_reset: NDArray[np.float64]
    refractory_steps: NDArray[np.int32]


@njit(**KERNEL)
def step_if_cond_exp(cells, c):
    """Advance the cells by one step: conductances exactly, v by `gauss_step`.

    Cells whose total conductance is above `g_max` make an `exponential_step`.

    Parameters
    ----------
    cells : Cells
        State rows: v [mV], gsyn_exc [uS], gsyn_inh [uS]; updated in place.
    c : IFCondExp
    """
    v, g_exc, g_inh = cells.state[0], cells.state[1], cells.state[2]
    for first in range(0, v.size, BLOCK):
        end = min(first + BLOCK, v.size)
        _update_stiff(v, g_exc, g_inh, cells.refractory, c, first, end)
        _update_v(v, g_exc, g_inh, cells.refractory, c, first, end)
        decay(g_exc, c.decay_exc, first, end)
        decay(g_inh, c.decay_inh, first, end)
        count_down(cells.refractory, first, end)


@njit(**KERNEL, error_model="numpy")
def _update_stiff(v, g_exc, g_inh, refractory, c, first, end):
    """Advance the cells under large conductances, and mark them for `_update_v` as refractory."""
    n_stiff = 0
    for i in range(np.uint64(first), np.uint64(end)):
        n_stiff += g_exc[i] + g_inh[i] > at(c.g_max, i)
    if n_stiff == 0:
        return
    for i in range(first, end):
        if g_exc[i] + g_inh[i] > at(c.g_max, i) and refractory[i] == 0:
            f = at(c.elastance, i)
            tau_exc, tau_inh = at(c.tau_syn_exc, i), at(c.tau_syn_inh, i)
            exc = f * g_exc[i], 0.0, tau_exc, tau_exc, 0.0, at(c.e_rev_exc, i)
            inh = f * g_inh[i], 0.0, tau_inh, tau_inh, 0.0, at(c.e_rev_inh, i)
            v[i] = exponential_step(v[i], c.dt, at(c.leak, i), at(c.drive, i), (exc, inh))
            # the end of this step takes it back
            refractory[i] = 1


@njit(**KERNEL, error_model="numpy")
def _update_v(v, g_exc, g_inh, refractory, c, first, end):
    """Advance the potentials of some cells; those of refractory ones stay."""
    for i in range(np.uint64(first), np.uint64(end)):
        exc_1 = at(c.elastance, i) * g_exc[i] * at(c.decay_exc_1, i)
        inh_1 = at(c.elastance, i) * g_inh[i] * at(c.decay_inh_1, i)
        exc_2 = at(c.elastance, i) * g_exc[i] * at(c.decay_exc_2, i)
        inh_2 = at(c.elastance, i) * g_inh[i] * at(c.decay_inh_2, i)
        free = gauss_step(
            v[i],
            c.dt,
            at(c.leak, i) + exc_1 + inh_1,
            at(c.drive, i) + exc_1 * at(c.e_rev_exc, i) + inh_1 * at(c.e_rev_inh, i),
            at(c.leak, i) + exc_2 + inh_2,
            at(c.drive, i) + exc_2 * at(c.e_rev_exc, i) + inh_2 * at(c.e_rev_inh, i),
        )
        v[i] = v[i] if refractory[i] > 0 else free


register_update(IFCondExp, step_if_cond_exp)
