"""Binomial and hypergeometric numbers, each from one uniform number.

The search starts at the most probable value and goes outward on both sides, subtracting
probabilities from the uniform number until it is used up; its length is of the order of the
standard deviation. The first probability is computed by Loader's saddle-point expansion [1]_, whose
relative error is a few rounding errors at any size, the others by their ratios.

References
----------
.. [1] C. Loader, "Fast and accurate computation of binomial probabilities" (2000).
"""

import math

import numpy as np
from numba import njit

from distsim.compiled import KEPT

__all__ = ["binomial", "hypergeometric"]

# log(n!) - log(sqrt(2 pi n) (n / e)**n) for n = 0 .. 15; 0 stands for infinity at n = 0
_STIRLING_ERRORS = np.array(
    [
        0.0,
        0.0810614667953272582196702,
        0.0413406959554092940938221,
        0.02767792568499833914878929,
        0.02079067210376509311152277,
        0.01664469118982119216319487,
        0.01387612882307074799874573,
        0.01189670994589177009505572,
        0.010411265261972096497478567,
        0.009255462182712732917728637,
        0.008330563433362871256469318,
        0.007573675487951840794972024,
        0.006942840107209529865664152,
        0.006408994188004207068439631,
        0.005951370112758847735624416,
        0.005554733551962801371038690,
    ]
)

# smaller probabilities than this change nothing in a sum near 1
_NEGLIGIBLE = 1e-20


@njit(**KEPT)
def binomial(u, n, p):
    """Return a binomially distributed number.

    Parameters
    ----------
    u : float
        Uniform number in (0, 1).
    n : int
        Number of trials, >= 0.
    p : float
        Probability of success, 0 <= p <= 1.

    Returns
    -------
    int
        Number of successes.
    """
    if n <= 0 or p <= 0.0:
        return 0
    if p >= 1.0:
        return n
    mode = min(n, int((n + 1) * p))
    low, high = mode, mode
    p_low = _binomial_probability(mode, n, p)
    p_high = p_low
    odds = p / (1.0 - p)
    u -= p_low
    while u > 0.0 and (p_high > _NEGLIGIBLE or p_low > _NEGLIGIBLE):
        p_high *= (n - high) / (high + 1.0) * odds  # zero beyond n
        high += 1
        u -= p_high
        if u <= 0.0:
            return high
        p_low *= low / ((n - low + 1.0) * odds)  # zero below 0
        low -= 1
        u -= p_low
        if u <= 0.0:
            return low
    return mode


@njit(**KEPT)
def hypergeometric(u, good, bad, n_sample):
    """Return a hypergeometrically distributed number.

    Parameters
    ----------
    u : float
        Uniform number in (0, 1).
    good, bad : int
        How many items of either kind there are, >= 0.
    n_sample : int
        How many are drawn without replacement, <= good + bad.

    Returns
    -------
    int
        How many of the drawn are good.
    """
    least, most = max(0, n_sample - bad), min(n_sample, good)
    if least >= most:
        return most
    mode = int((n_sample + 1.0) * (good + 1.0) / (good + bad + 2.0))
    mode = min(most, max(least, mode))
    low, high = mode, mode
    p_low = _hypergeometric_probability(mode, good, bad, n_sample)
    p_high = p_low
    u -= p_low
    while u > 0.0 and (p_high > _NEGLIGIBLE or p_low > _NEGLIGIBLE):
        if high < most:
            p_high *= (float(good - high) / (high + 1.0)) * (
                float(n_sample - high) / (bad - n_sample + high + 1.0)
            )
            high += 1
            u -= p_high
            if u <= 0.0:
                return high
        else:
            p_high = 0.0
        if low > least:
            p_low *= (float(low) / (good - low + 1.0)) * (
                float(bad - n_sample + low) / (n_sample - low + 1.0)
            )
            low -= 1
            u -= p_low
            if u <= 0.0:
                return low
        else:
            p_low = 0.0
    return mode


@njit(**KEPT)
def _binomial_probability(k, n, p):
    """Return the probability of `k` successes in `n` > 0 trials, 0 < p < 1."""
    if k == 0:
        return math.exp(n * math.log1p(-p))
    if k == n:
        return math.exp(n * math.log(p))
    log_ratio = (
        _stirling_error(n)
        - _stirling_error(k)
        - _stirling_error(n - k)
        - _deviance(k, n * p)
        - _deviance(n - k, n * (1.0 - p))
    )
    return math.exp(log_ratio) / math.sqrt(2.0 * math.pi * k * (1.0 - k / n))


@njit(**KEPT)
def _hypergeometric_probability(k, good, bad, n_sample):
    """Return the probability of `k` good ones among 0 < n_sample < good + bad."""
    p = n_sample / float(good + bad)
    return (
        _binomial_probability(k, good, p)
        * _binomial_probability(n_sample - k, bad, p)
        / _binomial_probability(n_sample, good + bad, p)
    )


@njit(**KEPT)
def _stirling_error(n):
    """Return the logarithm of n! over Stirling's approximation."""
    if n < 16:
        return _STIRLING_ERRORS[n]
    x = 1.0 / n
    xx = x * x
    series = 1 / 12 - xx * (1 / 360 - xx * (1 / 1260 - xx * (1 / 1680 - xx / 1188)))
    return x * series


@njit(**KEPT)
def _deviance(x, mean):
    """Return ``x log(x / mean) + mean - x``, without cancellation near the mean."""
    if abs(x - mean) >= 0.1 * (x + mean):
        return x * math.log(x / mean) + mean - x
    v = (x - mean) / (x + mean)
    total = (x - mean) * v
    term = 2.0 * x * v
    v *= v
    for j in range(1, 1000):
        term *= v
        larger = total + term / (2 * j + 1)
        if larger == total:
            break
        total = larger
    return total
