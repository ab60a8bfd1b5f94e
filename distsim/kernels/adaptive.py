"""One step of an adaptive exponential integrate-and-fire cell [1]_.

It is integrated by Runge and Kutta's method of order 4, with the synaptic conductances known
exactly at the beginning, middle and end of the step; where those are so large that v follows them
within a step, by an exponential step. As NEST has it, the potential counts as its peak where it is
above, so that the exponential cannot run off. While a cell is refractory it stays at `v_reset`, and
adapts.

References
----------
.. [1] R. Brette and W. Gerstner, "Adaptive exponential integrate-and-fire model as an effective
   description of neuronal activity", J. Neurophysiol. 94, 3637-3642 (2005).
"""

from numba import njit

from distsim.kernels.conductance import MAX_DECAY
from distsim.kernels.exponential import LARGEST_EXPONENT, exp
from distsim.kernels.options import KERNEL

__all__ = ["adaptive_step", "is_stiff", "runge_kutta_step", "stiff_step"]

# in place of a slope of 0, which a factor of 0 goes with
SMALLEST_SLOPE = 1e-300


@njit(**KERNEL, error_model="numpy", forceinline=True)
def adaptive_step(v, w, dt, begin, middle, end, v_reset, is_refractory, cell):
    """Return v [mV] and w [nA] after a step.

    Parameters
    ----------
    v, w : float
        [mV], [nA]
    dt : float
        [ms]
    begin, middle, end : tuple of 2 float
        Synapses at three times: their conductance g [uS], and a current I [nA] that holds all that
        does not depend on v, so that they and the injected current make ``I - g v``.
    v_reset : float
        [mV]
    is_refractory : bool
    cell : tuple of 8 float
        cm [nF], g_leak [uS], v_rest, v_thresh, delta_T, peak [mV], a [uS], tau_w [ms].

    Returns
    -------
    tuple of 2 float
    """
    if is_stiff(dt, begin, end, cell):
        return stiff_step(v, w, dt, middle, v_reset, is_refractory, cell)
    return runge_kutta_step(v, w, dt, begin, middle, end, v_reset, is_refractory, cell)


@njit(**KERNEL, error_model="numpy", forceinline=True)
def is_stiff(dt, begin, end, cell):
    """Return whether conductances are so large that v follows them within a step."""
    return dt * (cell[1] + begin[0] + end[0]) > MAX_DECAY * cell[0]


@njit(**KERNEL, error_model="numpy", forceinline=True)
def runge_kutta_step(v, w, dt, begin, middle, end, v_reset, is_refractory, cell):
    """Return v and w of a cell that is not stiff, without branches; see `adaptive_step`."""
    half = 0.5 * dt
    dv_1, dw_1 = _slopes(v, w, begin, cell)
    dv_2, dw_2 = _slopes(v + half * dv_1, w + half * dw_1, middle, cell)
    dv_3, dw_3 = _slopes(v + half * dv_2, w + half * dw_2, middle, cell)
    dv_4, dw_4 = _slopes(v + dt * dv_3, w + dt * dw_3, end, cell)
    free_v = v + dt / 6.0 * (dv_1 + 2.0 * dv_2 + 2.0 * dv_3 + dv_4)
    free_w = w + dt / 6.0 * (dw_1 + 2.0 * dw_2 + 2.0 * dw_3 + dw_4)
    held_w = _follow(w, v_reset, dt, cell)
    return v_reset if is_refractory else free_v, held_w if is_refractory else free_w


@njit(**KERNEL, error_model="numpy", forceinline=True)
def stiff_step(v, w, dt, synapses, v_reset, is_refractory, cell):
    """Return v and w of a cell whose v follows the conductances; see `adaptive_step`."""
    cm, g_leak, v_rest, peak = cell[0], cell[1], cell[2], cell[5]
    x = min(v, peak)
    g = g_leak + synapses[0]
    final = (g_leak * v_rest - w + synapses[1] + _spike_current(x, cell)) / g
    v = final + (v - final) * exp(-dt * g / cm)
    mean = v_reset if is_refractory else 0.5 * (x + min(v, peak))
    return v_reset if is_refractory else v, _follow(w, mean, dt, cell)


@njit(**KERNEL, error_model="numpy", forceinline=True)
def _follow(w, v, dt, cell):
    """Return w after a step at a potential."""
    target = cell[6] * (v - cell[2])
    return target + (w - target) * exp(-dt / cell[7])


@njit(**KERNEL, error_model="numpy", forceinline=True)
def _spike_current(v, cell):
    """Return the current of the exponential [nA]; v is at most the peak."""
    # with a slope of 0 the peak is the threshold, so that this is no more than 1 times 0
    slope = max(cell[4], SMALLEST_SLOPE)
    return cell[1] * cell[4] * exp(min((v - cell[3]) / slope, LARGEST_EXPONENT))


@njit(**KERNEL, error_model="numpy", forceinline=True)
def _slopes(v, w, synapses, cell):
    """Return dv/dt [mV/ms] and dw/dt [nA/ms] of a cell that is not refractory."""
    cm, g_leak, v_rest, peak, a, tau_w = cell[0], cell[1], cell[2], cell[5], cell[6], cell[7]
    v = min(v, peak)
    current = g_leak * (v_rest - v) + _spike_current(v, cell)
    dv = (current - w + synapses[1] - synapses[0] * v) / cm
    return dv, (a * (v - v_rest) - w) / tau_w
