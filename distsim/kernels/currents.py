"""The currents that flow from a step on: piecewise constant ones, sines, and noise."""

from math import floor, pi, sin

from numba import njit

from distsim.compiled import KEPT
from distsim.kernels.options import KERNEL
from distsim.partitioning.normal import normal_quantile
from distsim.partitioning.streams import Stream, uniform53, word_block

__all__ = ["fill_noise", "fill_sine", "is_changing", "renew"]


@njit(**KERNEL)
def _sine_at(sines, w, step):
    """Return a sine's current that flows from a step to the next: that of its beginning."""
    if not sines.first[w] <= step < sines.end[w]:
        return 0.0
    cycles = (step * sines.dt[w] - sines.start[w]) * sines.frequency[w] / 1000.0
    cycles += sines.phase[w] / 360.0
    return sines.offset[w] + sines.amplitude[w] * sin(2.0 * pi * (cycles - floor(cycles)))


@njit(**KERNEL)
def _interval_at(noises, w, step):
    """Return the number of the interval of a noise in which a step lies; -1: it does not flow."""
    if not noises.first[w] <= step < noises.end[w]:
        return -1
    return (step - noises.first[w]) // noises.interval[w]


@njit(**KERNEL)
def _noise_in(noises, w, interval):
    """Return a noise's current in an interval of it."""
    if interval < 0:
        return 0.0
    stream = Stream(noises.stream[w, 0], noises.stream[w, 1], noises.stream[w, 2])
    w0, w1, w2, w3 = word_block(stream, noises.gid[w], interval // 2)
    p = uniform53(w0, w1) if interval % 2 == 0 else uniform53(w2, w3)
    return noises.mean[w] + noises.stdev[w] * normal_quantile(p)


@njit(**KEPT)
def fill_sine(sines, steps, out):
    """Write the current of the first sine from each step to the next.

    Parameters
    ----------
    sines : Sines
    steps : ndarray of int64, shape (n,)
    out : ndarray of float64, shape (n,)
        [nA]; changed in place.
    """
    for k in range(steps.size):
        out[k] = _sine_at(sines, 0, steps[k])


@njit(**KEPT)
def fill_noise(noises, steps, out):
    """Write the current of the first noise from each step to the next.

    Parameters
    ----------
    noises : Noises
    steps : ndarray of int64, shape (n,), ascending
    out : ndarray of float64, shape (n,)
        [nA]; changed in place.
    """
    before, value = -1, 0.0
    for k in range(steps.size):
        interval = _interval_at(noises, 0, steps[k])
        if interval != before:
            before, value = interval, _noise_in(noises, 0, interval)
        out[k] = value


@njit(**KERNEL)
def _set_level(currents, source, value, n_due):
    """Let a current have a value from now on; return how many courses are due."""
    if value == currents.level[source]:
        return n_due
    currents.level[source] = value
    for k in range(currents.course_start[source], currents.course_start[source + 1]):
        course = currents.course[k]
        if not currents.is_due[course]:
            currents.is_due[course] = True
            currents.due[n_due] = course
            n_due += 1
    return n_due


@njit(**KERNEL)
def is_changing(step, currents):
    """Return whether any current may be another from `step` on than before."""
    k = currents.position[0]
    n_waves = currents.sines.source.size + currents.noises.source.size
    return n_waves > 0 or (k < currents.step.size and currents.step[k] <= step)


@njit(**KERNEL)
def renew(step, currents):
    """Give each current the value that it has from `step` on.

    Parameters
    ----------
    step : int
    currents : Currents
        `level`, `position`, `is_due`, `due` and `noises.held` are updated in place.

    Returns
    -------
    int
        How many courses have changed; the first so many of `due`.
    """
    n_due = 0
    k = currents.position[0]
    while k < currents.step.size and currents.step[k] <= step:
        n_due = _set_level(currents, currents.source[k], currents.value[k], n_due)
        k += 1
    currents.position[0] = k
    sines, noises = currents.sines, currents.noises
    for w in range(sines.source.size):
        n_due = _set_level(currents, sines.source[w], _sine_at(sines, w, step), n_due)
    for w in range(noises.source.size):
        interval = _interval_at(noises, w, step)
        if interval != noises.held[w]:
            noises.held[w] = interval
            n_due = _set_level(currents, noises.source[w], _noise_in(noises, w, interval), n_due)
    return n_due
