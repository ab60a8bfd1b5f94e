"""Cells with any number of receptors: leaky integrate-and-fire, and adaptive exponential.

All post-synaptic responses are linear: a response of value y, which another variable d drives or
none, is after some time ``keep y + rise d``. So the loops are the same for all of them, and go over
as many as there are; no combination of receptors is compiled anew.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.kernels.adaptive import adaptive_step
from distsim.kernels.coefficients import at, at_row
from distsim.kernels.conductance import exponential_step, gauss_step
from distsim.kernels.epoch import register_update
from distsim.kernels.membrane import BLOCK, count_down
from distsim.kernels.options import KERNEL
from distsim.kernels.threshold import fire

__all__ = ["AdaptivePoint", "ConductancePoint", "CurrentPoint", "Currents", "Responses"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Responses(NamedTuple):
    """All receptors of a model whose synapses open conductances, or bring currents.

    Attributes
    ----------
    value_row, drive_row : ndarray of int64, shape (n_receptors,)
        Rows of the state with the conductance [uS] or current [nA], and with what drives it; -1
        where nothing does.
    pull : ndarray of float64, shape (n_receptors,)
        1 for a conductance, 0 for a current.
    e_syn : ndarray of float64, shape (n_receptors, n_local) or (n_receptors,)
        Reversal potential of a conductance [mV]; 1 for a current.
    tau, tau_rise, slope : ndarray of float64, likewise
        See `exponential_step`; slope is 0 where nothing drives.
    keep_1, rise_1, keep_2, rise_2 : ndarray of float64, likewise
        What makes the value at two times within a step of the value and the drive before it.
    keep, rise, drive_keep : ndarray of float64, likewise
        At the step's end, and what is left of the drive.
    synapses : ndarray of float64, shape (n_receptors, 6)
        Scratch: for `exponential_step`.
    """

    value_row: Integers
    drive_row: Integers
    pull: Floats
    e_syn: Floats
    tau: Floats
    tau_rise: Floats
    slope: Floats
    keep_1: Floats
    rise_1: Floats
    keep_2: Floats
    rise_2: Floats
    keep: Floats
    rise: Floats
    drive_keep: Floats
    synapses: Floats


class Currents(NamedTuple):
    """All receptors of a model whose synapses bring currents; see `Responses`.

    Attributes
    ----------
    to_v, drive_to_v : ndarray of float64, shape (n_receptors, n_local) or (n_receptors,)
        What a step makes of v [mV/nA] by the current, and by what drives it.
    """

    value_row: Integers
    drive_row: Integers
    to_v: Floats
    drive_to_v: Floats
    keep: Floats
    rise: Floats
    drive_keep: Floats


class CurrentPoint(NamedTuple):
    """Coefficients of a leaky cell under currents, each of shape (n_local,), or a number."""

    drive: Floats
    drive_rest: Floats
    drive_gain: Floats
    keep: Floats
    v_thresh: Floats
    v_reset: Floats
    refractory_steps: NDArray[np.int32]
    responses: Currents


class ConductancePoint(NamedTuple):
    """Coefficients of a leaky cell under conductances, each of shape (n_local,), or a number.

    `g_max` [uS] is the largest conductance of a Gauss step.
    """

    dt: float
    drive: Floats
    drive_rest: Floats
    drive_gain: Floats
    leak: Floats
    elastance: Floats
    g_max: Floats
    v_thresh: Floats
    v_reset: Floats
    refractory_steps: NDArray[np.int32]
    responses: Responses


class AdaptivePoint(NamedTuple):
    """Coefficients of an adaptive exponential cell, each of shape (n_local,), or a number.

    A spike is seen at `v_thresh`; the exponential grows from `v_exponential` [mV] on.
    """

    dt: float
    drive: Floats
    drive_rest: Floats
    drive_gain: Floats
    cm: Floats
    g_leak: Floats
    v_rest: Floats
    v_exponential: Floats
    delta: Floats
    a: Floats
    b: Floats
    tau_w: Floats
    v_thresh: Floats
    v_reset: Floats
    refractory_steps: NDArray[np.int32]
    responses: Responses


# --- responses ---------------------------------------------------------------------------------


@njit(**KERNEL)
def _advance_responses(state, r, first, end):
    """Advance all responses of some cells by a step."""
    for k in range(r.value_row.size):
        value = state[r.value_row[k]]
        if r.drive_row[k] < 0:
            for i in range(np.uint64(first), np.uint64(end)):
                value[i] *= at_row(r.keep, k, i)
        else:
            drive = state[r.drive_row[k]]
            for i in range(np.uint64(first), np.uint64(end)):
                value[i] = at_row(r.keep, k, i) * value[i] + at_row(r.rise, k, i) * drive[i]
                drive[i] *= at_row(r.drive_keep, k, i)


@njit(**KERNEL)
def _drive_of(state, r, k, i):
    """Return what drives a response of a cell; 0 if nothing does."""
    return state[r.drive_row[k], i] if r.drive_row[k] >= 0 else 0.0


@njit(**KERNEL)
def _values(state, r, k, i):
    """Return a response of a cell at the two times within the step."""
    y, d = state[r.value_row[k], i], _drive_of(state, r, k, i)
    y_1 = at_row(r.keep_1, k, i) * y
    y_2 = at_row(r.keep_2, k, i) * y
    if r.drive_row[k] < 0:
        return y_1, y_2
    return y_1 + at_row(r.rise_1, k, i) * d, y_2 + at_row(r.rise_2, k, i) * d


# --- leaky cells under currents ----------------------------------------------------------------


@njit(**KERNEL)
def step_currents(cells, c):
    """Advance leaky cells under synaptic currents by one step with exact integration [1]_.

    Parameters
    ----------
    cells : Cells
        State row 0 is v [mV]; updated in place.
    c : CurrentPoint

    References
    ----------
    .. [1] S. Rotter and M. Diesmann, Biol. Cybern. 81, 381-402 (1999).
    """
    v, refractory, r = cells.state[0], cells.refractory, c.responses
    for first in range(0, v.size, BLOCK):
        end = min(first + BLOCK, v.size)
        for i in range(np.uint64(first), np.uint64(end)):
            v[i] = v[i] if refractory[i] > 0 else v[i] * at(c.keep, i)
        for k in range(r.value_row.size):
            _add_current(v, cells.state, refractory, r, k, first, end)
        for i in range(np.uint64(first), np.uint64(end)):
            v[i] = v[i] if refractory[i] > 0 else v[i] + at(c.drive, i)
        _advance_responses(cells.state, r, first, end)
        count_down(refractory, first, end)


@njit(**KERNEL)
def _add_current(v, state, refractory, r, k, first, end):
    """Add what a synaptic current makes of v in a step."""
    value = state[r.value_row[k]]
    if r.drive_row[k] < 0:
        for i in range(np.uint64(first), np.uint64(end)):
            free = v[i] + value[i] * at_row(r.to_v, k, i)
            v[i] = v[i] if refractory[i] > 0 else free
    else:
        drive = state[r.drive_row[k]]
        for i in range(np.uint64(first), np.uint64(end)):
            by_drive = drive[i] * at_row(r.drive_to_v, k, i)
            free = v[i] + (by_drive + value[i] * at_row(r.to_v, k, i))
            v[i] = v[i] if refractory[i] > 0 else free


# --- leaky cells under conductances ------------------------------------------------------------


@njit(**KERNEL, error_model="numpy")
def step_conductances(cells, c):
    """Advance leaky cells by one step: conductances and currents exactly, v by `gauss_step`.

    Cells whose total conductance may rise above `g_max` make an `exponential_step`, in which
    currents have their means.

    Parameters
    ----------
    cells : Cells
        State row 0 is v [mV]; updated in place.
    c : ConductancePoint
    """
    v, refractory, r = cells.state[0], cells.refractory, c.responses
    for first in range(0, v.size, BLOCK):
        end = min(first + BLOCK, v.size)
        for i in range(np.uint64(first), np.uint64(end)):
            if refractory[i] == 0:
                v[i] = _after_step(cells.state, i, c)
        _advance_responses(cells.state, r, first, end)
        count_down(refractory, first, end)


@njit(**KERNEL, error_model="numpy")
def _after_step(state, i, c):
    """Return v of a cell after a step."""
    r, f = c.responses, at(c.elastance, i)
    largest = 0.0
    rate_1 = rate_2 = at(c.leak, i)
    drive_1 = drive_2 = at(c.drive, i)
    for k in range(r.value_row.size):
        y_1, y_2 = _values(state, r, k, i)
        y_1, y_2 = f * y_1, f * y_2
        rate_1 += r.pull[k] * y_1
        rate_2 += r.pull[k] * y_2
        drive_1 += y_1 * at_row(r.e_syn, k, i)
        drive_2 += y_2 * at_row(r.e_syn, k, i)
        rising = at_row(r.slope, k, i) * c.dt * _drive_of(state, r, k, i)
        largest += r.pull[k] * (state[r.value_row[k], i] + rising)
    if largest > at(c.g_max, i):
        return _after_stiff_step(state, i, c)
    return gauss_step(state[0, i], c.dt, rate_1, drive_1, rate_2, drive_2)


@njit(**KERNEL, error_model="numpy")
def _after_stiff_step(state, i, c):
    """Return v of a cell after a step under large conductances."""
    r, f = c.responses, at(c.elastance, i)
    drive, n_synapses = at(c.drive, i), 0
    for k in range(r.value_row.size):
        if r.pull[k] > 0.0:
            synapse = r.synapses[n_synapses]
            n_synapses += 1
            synapse[0] = f * state[r.value_row[k], i]
            synapse[1] = f * _drive_of(state, r, k, i)
            synapse[2], synapse[3] = at_row(r.tau, k, i), at_row(r.tau_rise, k, i)
            synapse[4], synapse[5] = at_row(r.slope, k, i), at_row(r.e_syn, k, i)
        else:
            y_1, y_2 = _values(state, r, k, i)
            drive += 0.5 * f * (y_1 + y_2)
    return exponential_step(state[0, i], c.dt, at(c.leak, i), drive, r.synapses[:n_synapses])


# --- adaptive exponential cells ----------------------------------------------------------------


@njit(**KERNEL, error_model="numpy")
def step_adaptive(cells, c):
    """Advance adaptive exponential cells by one `adaptive_step`.

    Parameters
    ----------
    cells : Cells
        State rows 0 and 1 are v [mV] and w [nA]; updated in place.
    c : AdaptivePoint
    """
    v, w, r = cells.state[0], cells.state[1], c.responses
    for first in range(0, v.size, BLOCK):
        end = min(first + BLOCK, v.size)
        for i in range(np.uint64(first), np.uint64(end)):
            g_0 = g_1 = g_2 = 0.0
            i_0 = i_1 = i_2 = at(c.drive, i)
            for k in range(r.value_row.size):
                y_0 = cells.state[r.value_row[k], i]
                y_1, y_2 = _values(cells.state, r, k, i)
                pull, e_syn = r.pull[k], at_row(r.e_syn, k, i)
                g_0, g_1, g_2 = g_0 + pull * y_0, g_1 + pull * y_1, g_2 + pull * y_2
                i_0, i_1, i_2 = i_0 + e_syn * y_0, i_1 + e_syn * y_1, i_2 + e_syn * y_2
            cell = (
                at(c.cm, i), at(c.g_leak, i), at(c.v_rest, i), at(c.v_exponential, i),
                at(c.delta, i), at(c.v_thresh, i), at(c.a, i), at(c.tau_w, i),
            )  # fmt: skip
            v[i], w[i] = adaptive_step(
                v[i], w[i], c.dt, (g_0, i_0), (g_1, i_1), (g_2, i_2),
                at(c.v_reset, i), cells.refractory[i] > 0, cell,
            )  # fmt: skip
        _advance_responses(cells.state, r, first, end)
        count_down(cells.refractory, first, end)


@njit(**KERNEL)
def settle_adaptive(cells, c):
    """Let cells spike, and those that do adapt; see `fire`."""
    n_spiking = fire(cells, c)
    w = cells.state[1]
    for k in range(n_spiking):
        i = cells.spiking[k]
        w[i] += at(c.b, i)
    return n_spiking


register_update(CurrentPoint, step_currents)
register_update(ConductancePoint, step_conductances)
register_update(AdaptivePoint, step_adaptive, settle_adaptive)
