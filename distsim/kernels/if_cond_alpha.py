"""Integrate-and-fire cells with alpha-shaped synaptic conductances."""

from math import e
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.kernels.coefficients import at
from distsim.kernels.conductance import NODE_1, NODE_2, exponential_step, gauss_step
from distsim.kernels.epoch import register_update
from distsim.kernels.membrane import BLOCK, count_down
from distsim.kernels.options import KERNEL

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
    rise_exc: NDArray[np.float64]
    rise_inh: NDArray[np.float64]
    tau_syn_exc: NDArray[np.float64]
    tau_syn_inh: NDArray[np.float64]
    g_max: NDArray[np.float64]
    v_thresh: NDArray[np.float64]
    v_reset: NDArray[np.float64]
    refractory_steps: NDArray[np.int32]


@njit(**KERNEL)
def step_if_cond_alpha(cells, c):
    """Advance the cells by one step: conductances exactly, v by `gauss_step`.

    Cells whose total conductance may rise above `g_max` make an `exponential_step`.
    A weight is the peak of the alpha function, reached `tau_syn` after the spike arrives.

    Parameters
    ----------
    cells : Cells
        State rows: v [mV], gsyn_exc, gsyn_inh [uS], and what drives them [uS]; updated in place.
    c : IFCondAlpha
    """
    v, g_exc, g_inh = cells.state[0], cells.state[1], cells.state[2]
    d_exc, d_inh = cells.state[3], cells.state[4]
    for first in range(0, v.size, BLOCK):
        end = min(first + BLOCK, v.size)
        _update_stiff(cells.state, cells.refractory, c, first, end)
        _update_v(cells.state, cells.refractory, c, first, end)
        _decay(g_exc, d_exc, c.decay_exc, c.rise_exc, first, end)
        _decay(g_inh, d_inh, c.decay_inh, c.rise_inh, first, end)
        count_down(cells.refractory, first, end)


@njit(**KERNEL, error_model="numpy")
def _update_stiff(state, refractory, c, first, end):
    """Advance the cells under large conductances, and mark them for `_update_v` as refractory."""
    v, g_exc, g_inh, d_exc, d_inh = state[0], state[1], state[2], state[3], state[4]
    n_stiff = 0
    for i in range(np.uint64(first), np.uint64(end)):
        peak = g_exc[i] + at(c.rise_exc, i) * d_exc[i] + g_inh[i] + at(c.rise_inh, i) * d_inh[i]
        n_stiff += peak > at(c.g_max, i)
    if n_stiff == 0:
        return
    for i in range(first, end):
        peak = g_exc[i] + at(c.rise_exc, i) * d_exc[i] + g_inh[i] + at(c.rise_inh, i) * d_inh[i]
        if peak > at(c.g_max, i) and refractory[i] == 0:
            f = at(c.elastance, i)
            exc = _synapse(f * g_exc[i], f * d_exc[i], at(c.tau_syn_exc, i), at(c.e_rev_exc, i))
            inh = _synapse(f * g_inh[i], f * d_inh[i], at(c.tau_syn_inh, i), at(c.e_rev_inh, i))
            v[i] = exponential_step(v[i], c.dt, at(c.leak, i), at(c.drive, i), (exc, inh))
            # the end of this step takes it back
            refractory[i] = 1


@njit(**KERNEL, inline="always", error_model="numpy")
def _synapse(g, d, tau, e_rev):
    """Return a synapse as `exponential_step` takes it."""
    return g, d, tau, tau, e / tau, e_rev


@njit(**KERNEL, error_model="numpy")
def _update_v(state, refractory, c, first, end):
    """Advance the potentials of some cells; those of refractory ones stay."""
    v, g_exc, g_inh, d_exc, d_inh = state[0], state[1], state[2], state[3], state[4]
    for i in range(np.uint64(first), np.uint64(end)):
        # g(t) = exp(-t / tau) (g + e t / tau d), at the two nodes of the step
        rise_exc, rise_inh = at(c.rise_exc, i) * d_exc[i], at(c.rise_inh, i) * d_inh[i]
        exc_1 = at(c.elastance, i) * at(c.decay_exc_1, i) * (g_exc[i] + NODE_1 * rise_exc)
        inh_1 = at(c.elastance, i) * at(c.decay_inh_1, i) * (g_inh[i] + NODE_1 * rise_inh)
        exc_2 = at(c.elastance, i) * at(c.decay_exc_2, i) * (g_exc[i] + NODE_2 * rise_exc)
        inh_2 = at(c.elastance, i) * at(c.decay_inh_2, i) * (g_inh[i] + NODE_2 * rise_inh)
        free = gauss_step(
            v[i],
            c.dt,
            at(c.leak, i) + exc_1 + inh_1,
            at(c.drive, i) + exc_1 * at(c.e_rev_exc, i) + inh_1 * at(c.e_rev_inh, i),
            at(c.leak, i) + exc_2 + inh_2,
            at(c.drive, i) + exc_2 * at(c.e_rev_exc, i) + inh_2 * at(c.e_rev_inh, i),
        )
        v[i] = v[i] if refractory[i] > 0 else free


@njit(**KERNEL)
def _decay(g, d, decay, rise, first, end):
    """Advance a conductance and what drives it by a step."""
    for i in range(np.uint64(first), np.uint64(end)):
        g[i] = at(decay, i) * (g[i] + at(rise, i) * d[i])
        d[i] = at(decay, i) * d[i]


register_update(IFCondAlpha, step_if_cond_alpha)
