"""Integrate-and-fire cells with alpha-shaped synaptic conductances."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.kernels.coefficients import at
from distsim.kernels.conductance import NODE_1, NODE_2, gauss_step
from distsim.kernels.epoch import register_update
from distsim.kernels.threshold import fire

__all__ = ["IFCondAlpha", "step_if_cond_alpha"]


class IFCondAlpha(NamedTuple):
    """Coefficients of IF_cond_alpha, each of shape (n_local,), or a number but `dt`."""

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
    peak_exc: NDArray[np.float64]
    peak_inh: NDArray[np.float64]
    v_thresh: NDArray[np.float64]
    v_reset: NDArray[np.float64]
    refractory_steps: NDArray[np.int32]


@njit(cache=True, nogil=True)
def step_if_cond_alpha(cells, c):
    """Advance the cells by one step: conductances exactly, v by `gauss_step`.

    A weight is the peak of the alpha function, reached `tau_syn` after the spike arrives.

    Parameters
    ----------
    cells : Cells
        State rows: v [mV], gsyn_exc, gsyn_inh [uS], and their drives [uS/ms]; updated in place.
    c : IFCondAlpha

    Returns
    -------
    int
        Number of cells that spike; their local indices are in ``cells.spiking``.
    """
    v, g_exc, g_inh = cells.state[0], cells.state[1], cells.state[2]
    d_exc, d_inh = cells.state[3], cells.state[4]
    in_exc, in_inh, refractory = cells.inputs[0], cells.inputs[1], cells.refractory
    time_1, time_2 = NODE_1 * c.dt, NODE_2 * c.dt
    for i in range(v.size):
        # g(t) = exp(-t / tau) (g + t d), at the two nodes of the step
        exc_1 = at(c.elastance, i) * at(c.decay_exc_1, i) * (g_exc[i] + time_1 * d_exc[i])
        inh_1 = at(c.elastance, i) * at(c.decay_inh_1, i) * (g_inh[i] + time_1 * d_inh[i])
        exc_2 = at(c.elastance, i) * at(c.decay_exc_2, i) * (g_exc[i] + time_2 * d_exc[i])
        inh_2 = at(c.elastance, i) * at(c.decay_inh_2, i) * (g_inh[i] + time_2 * d_inh[i])
        free = gauss_step(
            v[i],
            c.dt,
            at(c.leak, i) + exc_1 + inh_1,
            at(c.drive, i) + exc_1 * at(c.e_rev_exc, i) + inh_1 * at(c.e_rev_inh, i),
            at(c.leak, i) + exc_2 + inh_2,
            at(c.drive, i) + exc_2 * at(c.e_rev_exc, i) + inh_2 * at(c.e_rev_inh, i),
        )
        v[i] = v[i] if refractory[i] > 0 else free
        refractory[i] -= np.int32(refractory[i] > 0)
        g_exc[i] = at(c.decay_exc, i) * (g_exc[i] + c.dt * d_exc[i])
        g_inh[i] = at(c.decay_inh, i) * (g_inh[i] + c.dt * d_inh[i])
        d_exc[i] = at(c.decay_exc, i) * d_exc[i] + at(c.peak_exc, i) * in_exc[i]
        d_inh[i] = at(c.decay_inh, i) * d_inh[i] + at(c.peak_inh, i) * in_inh[i]
        in_exc[i] = 0.0
        in_inh[i] = 0.0
    return fire(cells, c)


register_update(IFCondAlpha, step_if_cond_alpha)
