"""Propagators of exact integration of linear cells [1]_.

A current that decays with `tau_s` drives a membrane with `tau_m`. With
``delta = h (1 / tau_s - 1 / tau_m)`` all its effects over a step h are written by the functions
``phi_1(delta) = (exp(delta) - 1) / delta`` and
``phi_2(delta) = (exp(delta) - 1 - delta) / delta**2``, which have no singularity where the time
constants are equal or nearly so.

References
----------
.. [1] S. Rotter and M. Diesmann, "Exact digital simulation of time-invariant linear systems with
   applications to neuronal modeling", Biol. Cybern. 81, 381-402 (1999).
"""

from math import factorial

import numpy as np
from numpy.typing import NDArray

__all__ = ["constant_to_v", "current_drive_to_v", "current_to_v", "decay"]

Array = NDArray[np.float64]


def decay(h: float | Array, tau: Array) -> Array:
    """Return ``exp(-h / tau)``.

    Parameters
    ----------
    h : float
        Step [ms].
    tau : ndarray
        Time constant [ms].

    Returns
    -------
    ndarray
    """
    return np.exp(-h / tau)


def constant_to_v(h: float, tau_m: Array, cm: Array) -> Array:
    """Return the change of v in one step per constant current [mV/nA].

    Parameters
    ----------
    h : float
        Step [ms].
    tau_m, cm : ndarray
        [ms], [nF]

    Returns
    -------
    ndarray
    """
    return -tau_m / cm * np.expm1(-h / tau_m)


def current_to_v(h: float, tau_m: Array, cm: Array, tau_s: Array) -> Array:
    """Return the change of v in one step per current at its beginning [mV/nA].

    The current decays as ``exp(-t / tau_s)``.

    Parameters
    ----------
    h : float
        Step [ms].
    tau_m, cm, tau_s : ndarray
        [ms], [nF], [ms]

    Returns
    -------
    ndarray
    """
    return h / cm * _decaying_phi(1, h, tau_m, tau_s)


def current_drive_to_v(h: float, tau_m: Array, cm: Array, tau_s: Array) -> Array:
    """Return the change of v in one step per drive of an alpha current [mV ms/nA].

    The current of a drive d is ``d t exp(-t / tau_s)``.

    Parameters
    ----------
    h : float
        Step [ms].
    tau_m, cm, tau_s : ndarray
        [ms], [nF], [ms]

    Returns
    -------
    ndarray
    """
    return h**2 / cm * _decaying_phi(2, h, tau_m, tau_s)


def _decaying_phi(order: int, h: float, tau_m: Array, tau_s: Array) -> Array:
    """Return ``exp(-h / tau_s)`` times phi_1 or phi_2, with no exponential that grows.

    It is taken from the series where the quotient would cancel.
    """
    delta = np.asarray(h / tau_s - h / tau_m, np.float64)
    series = np.zeros_like(delta)
    small = np.clip(delta, -0.5, 0.5)
    for k in reversed(range(18)):
        series = series * small + 1.0 / factorial(k + order)
    below, above = np.minimum(delta, -0.5), np.maximum(delta, 0.5)
    # exp(-h / tau_s) = exp(-h / tau_m) exp(-delta)
    if order == 1:
        quotients = np.expm1(below) / below, -np.expm1(-above) / above
    else:
        quotients = (
            (np.expm1(below) - below) / below / below,
            (-np.expm1(-above) - above * np.exp(-above)) / above / above,
        )
    falling = decay(h, tau_s) * np.where(delta < -0.5, quotients[0], series)
    return np.where(delta > 0.5, decay(h, tau_m) * quotients[1], falling)
