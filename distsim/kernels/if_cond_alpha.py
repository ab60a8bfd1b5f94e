"""Integrate-and-fire cells with alpha-shaped synaptic conductances."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.kernels.coefficients import at
from distsim.kernels.conductance import NODE_1, NODE_2, gauss_step
from distsim.kernels.epoch import register_update
from distsim.kernels.membrane import BLOCK, count_down
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
    for first in range(0, v.size, BLOCK):
        end = min(first + BLOCK, v.size)
        _update_v(cells.state, cells.refractory, c, first, end)
        _decay(g_exc, d_exc, cells.inputs[0], c.dt, (c.decay_exc, c.peak_exc), first, end)
        _decay(g_inh, d_inh, cells.inputs[1], c.dt, (c.decay_inh, c.peak_inh), first, end)
        count_down(cells.refractory, first, end)
    return fire(cells, c)


@njit(cache=True, nogil=True, error_model="numpy")
def _update_v(state, refractory, c, first, end):
    """Advance the potentials of some cells; those of refractory ones stay."""
    v, g_exc, g_inh, d_exc, d_inh = state[0], state[1], state[2], state[3], state[4]
    time_1, time_2 = NODE_1 * c.dt, NODE_2 * c.dt
    for i in range(np.uint64(first), np.uint64(end)):
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


@njit(cache=True, nogil=True)
def _decay(g, d, inputs, dt, coefficients, first, end):
    """Let a conductance and its drive decay by a step, and take in what arrived."""
    decay, peak = coefficients
    for i in range(np.uint64(first), np.uint64(end)):
        g[i] = at(decay, i) * (g[i] + dt * d[i])
        d[i] = at(decay, i) * d[i] + at(peak, i) * inputs[i]
        inputs[i] = 0.0


register_update(IFCondAlpha, step_if_cond_alpha)
