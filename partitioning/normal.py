"""Quantiles of the normal distribution, compiled: most weights and delays are drawn by them."""

from math import log, sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.compiled import KEPT

__all__ = ["normal_quantile", "normal_quantiles"]

_BLOCK = 256


@njit(**KEPT, inline="always")
def _central(q):
    """Return the quantile of ``0.5 + q`` for q of at most 0.425 either way."""
    r = 0.180625 - q * q
    a = r * 2509.0809287301226727 + 33430.575583588128105
    a = (a * r + 67265.770927008700853) * r + 45921.953931549871457
    a = (a * r + 13731.693765509461125) * r + 1971.5909503065514427
    a = (a * r + 133.14166789178437745) * r + 3.387132872796366608
    b = r * 5226.495278852545925 + 28729.085735721942674
    b = (b * r + 39307.89580009271061) * r + 21213.794301586595867
    b = (b * r + 5394.1960214247511077) * r + 687.1870074920579083
    b = (b * r + 42.313330701600911252) * r + 1.0
    return q * a / b


@njit(**KEPT)
def _lower_tail(p):
    """Return the quantile of a probability below 0.075."""
    r = sqrt(-log(p))
    if r <= 5.0:
        r -= 1.6
        a = r * 7.7454501427834140764e-4 + 0.0227238449892691845833
        a = (a * r + 0.24178072517745061177) * r + 1.27045825245236838258
        a = (a * r + 3.64784832476320460504) * r + 5.7694972214606914055
        a = (a * r + 4.6303378461565452959) * r + 1.42343711074968357734
        b = r * 1.05075007164441684324e-9 + 5.475938084995344946e-4
        b = (b * r + 0.0151986665636164571966) * r + 0.14810397642748007459
        b = (b * r + 0.68976733498510000455) * r + 1.6763848301838038494
        b = (b * r + 2.05319162663775882187) * r + 1.0
    else:
        r -= 5.0
        a = r * 2.01033439929228813265e-7 + 2.71155556874348757815e-5
        a = (a * r + 0.0012426609473880784386) * r + 0.026532189526576123093
        a = (a * r + 0.29656057182848504891) * r + 1.7848265399172913358
        a = (a * r + 5.4637849111641143699) * r + 6.6579046435011037772
        b = r * 2.04426310338993978564e-15 + 1.4215117583164458887e-7
        b = (b * r + 1.8463183175100546818e-5) * r + 7.868691311456132591e-4
        b = (b * r + 0.0148753612908506148525) * r + 0.13692988092273580531
        b = (b * r + 0.59983220655588793769) * r + 1.0
    return -a / b


@njit(**KEPT)
def normal_quantile(p):
    """Return one quantile, the same to the bit as `normal_quantiles` does.

    Parameters
    ----------
    p : float
        Probability, 0 < p < 1.
    """
    nearer = p if p < 0.5 else 1.0 - p
    q = nearer - 0.5
    below = _central(q) if q >= -0.425 else _lower_tail(nearer)
    return below if p < 0.5 else -below


@njit(**KEPT, inline="always")
def _mass_below(x, below, above, mass):
    """Return the probability that belongs to `x`, from the nearer end, where it is exact."""
    return below + x * mass if x < 0.5 else above + (1.0 - x) * mass


@njit(**KEPT, error_model="numpy")
def _fill(u, below, above, mass, far, out):
    """Write standard normal quantiles; see `normal_quantiles`. `far` is room for a block's."""
    for first in range(0, u.size, _BLOCK):
        x, z = u[first : first + _BLOCK], out[first : first + _BLOCK]
        # all as if near the median, in a loop that the compiler vectorises; then the others
        for k in range(np.uint64(x.size)):
            q = _mass_below(x[k], below, above, mass) - 0.5
            central = _central(min(max(q, -0.425), 0.425))
            z[k] = central if x[k] < 0.5 else -central
        n_far = 0
        for k in range(x.size):
            far[n_far] = k
            n_far += abs(_mass_below(x[k], below, above, mass) - 0.5) > 0.425
        for i in range(n_far):
            k = far[i]
            p = _mass_below(x[k], below, above, mass)
            tail = _lower_tail(p) if p < 0.5 else -_lower_tail(1.0 - p)
            z[k] = tail if x[k] < 0.5 else -tail


def normal_quantiles(
    u: NDArray[np.float64], below: float = 0.0, above: float = 0.0, mass: float = 1.0
) -> NDArray[np.float64]:
    """Return quantiles of the standard normal distribution, or of an interval of it [1]_.

    Parameters
    ----------
    u : ndarray of float64, shape (n,)
        Probabilities, 0 < u < 1.
    below, above : float
        Probability below and above the interval.
    mass : float
        Probability of the interval; ``below + mass + above`` is 1.

    Returns
    -------
    ndarray of float64, shape (n,)
        Exact to about 1e-15, relatively.

    References
    ----------
    .. [1] M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution",
       Appl. Statist. 37, 477-484 (1988), routine PPND16.

    Examples
    --------
    >>> bool(abs(normal_quantiles(np.array([0.975]))[0] - 1.959963984540054) < 1e-15)
    True
    """
    flat = np.ascontiguousarray(u, np.float64).ravel()
    out = np.empty_like(flat)
    _fill(flat, below, above, mass, np.empty(_BLOCK, np.int64), out)
    return out.reshape(np.shape(u))
