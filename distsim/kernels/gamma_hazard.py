"""The integrated hazard of gamma-distributed intervals, and its inverse.

An interval of shape a and scale 1 survives up to x with probability Q(a, x), the regularized upper
incomplete gamma function. Its integrated hazard is H(x) = -log Q(a, x), which an interval reaches
at an exponentially distributed number of mean 1. All is computed by logarithms, so that an
interval far longer than its mean, as there is when a rate has grown, is as exact as others.
"""

import math

from numba import njit

from distsim.kernels.options import KERNEL

__all__ = ["integrated_hazard", "interval_at"]

# P = 1 - Q is -log Q to all digits below this logarithm
SMALLEST_LOG_P = -37.0


@njit(**KERNEL)
def integrated_hazard(shape, log_gamma, x):
    """Return the integrated hazard of a gamma-distributed interval of scale 1.

    Parameters
    ----------
    shape : float
    log_gamma : float
        Logarithm of the gamma function at `shape`.
    x : float
        Age; below 0 there is no hazard.

    Returns
    -------
    float
    """
    if x <= 0.0:
        return 0.0
    return x if shape == 1.0 else math.exp(_log_hazard(shape, log_gamma, math.log(x)))


@njit(**KERNEL)
def interval_at(shape, log_gamma, hazard):
    """Return the age at which the integrated hazard reaches a value.

    Newton's method on the logarithms: log H is concave in log x for a shape above 1, convex below,
    and straight at both ends, so it converges from anywhere.

    Parameters
    ----------
    shape, log_gamma
        As for `integrated_hazard`.
    hazard : float

    Returns
    -------
    float
    """
    if shape == 1.0 or hazard <= 0.0:
        return max(hazard, 0.0)
    wanted, log_x = math.log(hazard), _first_guess(shape, log_gamma, hazard)
    for _ in range(100):
        log_h = _log_hazard(shape, log_gamma, log_x)
        # d log H / d log x = x f(x) / (Q H) with the density f, between the shape and 1: so it is
        # where at great ages the exponent has lost its digits
        log_xf = shape * log_x - math.exp(log_x) - log_gamma
        slope = math.exp(min(log_xf + math.exp(log_h) - log_h, 100.0))
        change = (log_h - wanted) / min(max(slope, min(shape, 1.0)), max(shape, 1.0))
        log_x -= change
        if abs(change) < 1e-8:
            break
    return math.exp(log_x)


@njit(**KERNEL)
def _log_hazard(shape, log_gamma, log_x):
    """Return log(-log Q(shape, x)): by a series below the mean, a continued fraction above [1]_.

    References
    ----------
    .. [1] W. H. Press et al., Numerical Recipes, 3rd ed., section 6.2 (2007).
    """
    leading = shape * log_x - log_gamma
    x = math.exp(log_x)
    if x < shape + 1.0:
        term = total = 1.0 / shape
        n = shape
        while term > 1e-17 * total:
            n += 1.0
            term *= x / n
            total += term
        log_p = leading - x + math.log(total)
        if log_p < SMALLEST_LOG_P:
            return log_p
        return math.log(-math.log1p(-math.exp(log_p)))
    # Lentz's method; above the mean no denominator vanishes
    b = x + 1.0 - shape
    c, d = 1e300, 1.0 / b
    fraction, factor, k = d, 0.0, 0.0
    while abs(factor - 1.0) > 2.0**-52:
        k += 1.0
        a = k * (shape - k)
        b += 2.0
        d = 1.0 / (a * d + b)
        c = b + a / c
        factor = c * d
        fraction *= factor
    return math.log(x - leading - math.log(fraction))


@njit(**KERNEL)
def _first_guess(shape, log_gamma, hazard):
    """Return log x about where H is `hazard`, by Wilson and Hilferty [1]_, or its leading term.

    References
    ----------
    .. [1] E. B. Wilson and M. M. Hilferty, PNAS 17, 684-688 (1931).
    """
    log_p = math.log(-math.expm1(-hazard))
    if shape < 1.0 and hazard > 1.0:
        return math.log(hazard)
    # the normal quantile, to 1e-2
    t = math.sqrt(2.0 * hazard if hazard > 0.7 else -2.0 * log_p)
    quantile = t - (2.307 + 0.2706 * t) / (1.0 + 0.9923 * t + 0.0448 * t * t)
    if hazard <= 0.7:
        quantile = -quantile
    root = 1.0 - 1.0 / (9.0 * shape) + quantile / (3.0 * math.sqrt(shape))
    if shape >= 1.0 and root > 0.3:
        return math.log(shape) + 3.0 * math.log(root)
    return (log_p + log_gamma + math.log(shape)) / shape
