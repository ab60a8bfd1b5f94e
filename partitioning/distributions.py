"""Quantile functions (inverse CDFs) of the random distributions that PyNN knows.

A number of a distribution is its quantile function at a uniform number, one for one, so that
number k of a cell's sequence depends on nothing but its address in the stream (see `streams`).
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from distsim.errors import ParameterError, did_you_mean
from distsim.partitioning.normal import normal_quantiles

__all__ = ["DISTRIBUTIONS", "quantile"]

Floats = NDArray[np.float64]

_LONGEST_TABLE = 2**20


def quantile(name: str, parameters: Mapping[str, Any], u: ArrayLike) -> Floats:
    """Return the values of a distribution at which its CDF reaches `u`.

    Parameters
    ----------
    name : str
        Name of the distribution, as in ``pyNN.random.available_distributions``.
    parameters : dict of str to float
        Its parameters, all of them, under PyNN's names.
    u : array of float
        Uniform numbers in the open interval (0, 1).

    Returns
    -------
    ndarray of float64, same shape as `u`

    Raises
    ------
    ParameterError
        If the distribution or a parameter is unknown or missing, or a value is not allowed.

    Examples
    --------
    >>> quantile("uniform_int", {"low": 0, "high": 4}, [0.1, 0.3, 0.9])
    array([0., 1., 3.])
    """
    if name not in DISTRIBUTIONS:
        raise ParameterError(
            f"unknown distribution '{name}'; {did_you_mean(name, DISTRIBUTIONS)}", distribution=name
        )
    distribution = DISTRIBUTIONS[name]
    values = _checked(name, distribution, parameters)
    return np.asarray(distribution.function(np.asarray(u, np.float64), *values), np.float64)


def _binomial(u: Floats, n: float, p: float) -> Floats:
    """Return quantiles of the binomial distribution."""
    if p in (0.0, 1.0) or n == 0:
        return np.full(u.shape, n * p)
    sd = np.sqrt(n * p * (1 - p))
    return _discrete(u, lambda k: _special().betaincc(k + 1, n - k, p), n * p, sd, int(n))


def _poisson(u: Floats, lambda_: float) -> Floats:
    """Return quantiles of the Poisson distribution."""
    if lambda_ == 0:
        return np.zeros(u.shape)
    return _discrete(u, lambda k: _special().pdtr(k, lambda_), lambda_, np.sqrt(lambda_), 2**53)


def _discrete(u: Floats, cdf: Callable[[Any], Any], mean: float, sd: float, largest: int) -> Floats:
    """Return the smallest k in 0 .. `largest` with ``cdf(k) >= u``, from a table of the CDF."""
    if u.size == 0:
        return np.zeros(u.shape)
    first = _smallest(u.min(), cdf, mean, sd, largest)
    last = _smallest(u.max(), cdf, mean, sd, largest)
    if last - first < _LONGEST_TABLE:
        table = cdf(np.arange(first, last, dtype=np.float64))
        return first + np.searchsorted(table, u, side="left").astype(np.float64)
    # halve the interval of each number by itself
    low, high = np.full(u.shape, first), np.full(u.shape, last)
    while (low < high).any():
        middle = (low + high) // 2
        is_enough = cdf(middle.astype(np.float64)) >= u
        low, high = np.where(is_enough, low, middle + 1), np.where(is_enough, middle, high)
    return low.astype(np.float64)


def _smallest(u: float, cdf: Callable[[Any], Any], mean: float, sd: float, largest: int) -> int:
    """Return the smallest k in 0 .. `largest` with ``cdf(k) >= u``."""
    low = high = min(max(int(mean + sd * _special().ndtri(u)), 0), largest)
    # go away from the normal approximation in growing steps, until the answer is in low .. high
    step = 1
    while low > 0 and cdf(low - 1) >= u:
        low, step = max(low - step, 0), 2 * step
    step = 1
    while high < largest and cdf(high) < u:
        high, step = min(high + step, largest), 2 * step
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if cdf(middle) >= u else (middle + 1, high)
    return low


def _gamma(u: Floats, k: float, theta: float) -> Floats:
    """Return quantiles of the gamma distribution."""
    return _special().gammaincinv(k, u) * theta if k > 0 else np.zeros(u.shape)


def _exponential(u: Floats, beta: float) -> Floats:
    """Return quantiles of the exponential distribution of mean `beta`."""
    return -beta * np.log1p(-u)


def _normal(u: Floats, mu: float, sigma: float) -> Floats:
    """Return quantiles of the normal distribution."""
    z = normal_quantiles(u)
    z *= sigma
    z += mu
    return z


def _lognormal(u: Floats, mu: float, sigma: float) -> Floats:
    """Return quantiles of the lognormal distribution."""
    return np.exp(_normal(u, mu, sigma))


def _normal_clipped(u: Floats, mu: float, sigma: float, low: float, high: float) -> Floats:
    """Return quantiles of the normal distribution truncated to [low, high]."""
    if sigma == 0 or low == high:
        return np.full(u.shape, np.clip(mu, low, high))
    lower, upper = (low - mu) / sigma, (high - mu) / sigma
    if lower < 0 < upper:
        z = _normal_both_sides(u, lower, upper)
    elif upper <= 0:
        z = _normal_left_tail(u, lower, upper)
    else:
        z = -_normal_left_tail(1 - u, -upper, -lower)
    z *= sigma
    z += mu
    return np.clip(z, low, high, out=z)


def _normal_both_sides(u: Floats, lower: float, upper: float) -> Floats:
    """Return quantiles of the standard normal truncated to ``lower < 0 < upper``."""
    below, above = _special().ndtr(lower), _special().ndtr(-upper)
    return normal_quantiles(u, below, above, _special().ndtr(upper) - below)


def _normal_left_tail(u: Floats, lower: float, upper: float) -> Floats:
    """Return quantiles of the standard normal truncated to ``lower < upper <= 0``, by logarithms.

    The probability below ``x`` is ``cdf(lower) + u * (cdf(upper) - cdf(lower))``; far out both
    CDFs underflow, their logarithms do not.
    """
    log_lower, log_upper = _special().log_ndtr(lower), _special().log_ndtr(upper)
    log_mass = log_upper + np.log(-np.expm1(log_lower - log_upper))
    return _special().ndtri_exp(np.logaddexp(log_lower, np.log(u) + log_mass))


def _normal_clipped_to_boundary(
    u: Floats, mu: float, sigma: float, low: float, high: float
) -> Floats:
    """Return quantiles of the normal distribution with its tails moved to the boundaries."""
    return np.clip(_normal(u, mu, sigma), low, high)


def _uniform(u: Floats, low: float, high: float) -> Floats:
    """Return quantiles of the uniform distribution; as in numpy, `low` may exceed `high`."""
    return low + (high - low) * u


def _uniform_int(u: Floats, low: float, high: float) -> Floats:
    """Return quantiles of the uniform distribution on the integers low .. high - 1."""
    return np.minimum(low + np.floor((high - low) * u), high - 1)


def _vonmises(u: Floats, mu: float, kappa: float) -> Floats:
    """Return quantiles of the von Mises distribution about `mu`, wrapped into [-pi, pi).

    The density is integrated by Gauss-Legendre quadrature on a grid as wide as the distribution;
    Newton's method finds the quantile within its cell.
    """
    half_width = min(np.pi, 12 / np.sqrt(kappa)) if kappa > 0 else np.pi
    nodes = np.linspace(-half_width, 0, 257)
    masses = _vonmises_mass(nodes[:-1], nodes[1:], kappa)
    below = np.concatenate(([0.0], np.cumsum(masses)))
    # by symmetry the left half is enough, where small probabilities are exact
    wanted = np.minimum(u, 1 - u) * (2 * below[-1])
    cell = np.clip(np.searchsorted(below, wanted, side="right") - 1, 0, masses.size - 1)
    left, right = nodes[cell], nodes[cell + 1]
    x = left + (right - left) * np.clip((wanted - below[cell]) / masses[cell], 0, 1)
    for _ in range(6):
        excess = below[cell] + _vonmises_mass(left, x, kappa) - wanted
        x = np.clip(x - excess / _vonmises_density(x, kappa), left, right)
    theta = np.where(u < 0.5, x, -x)
    return (mu + theta + np.pi) % (2 * np.pi) - np.pi


def _vonmises_density(x: Floats, kappa: float) -> Floats:
    """Return ``exp(kappa * (cos(x) - 1))``, without cancellation."""
    return np.exp(-2 * kappa * np.sin(x / 2) ** 2)


def _vonmises_mass(left: Floats, right: Floats, kappa: float) -> Floats:
    """Return the integral of the density from `left` to `right`, by 8-point quadrature."""
    abscissae, weights = np.polynomial.legendre.leggauss(8)
    middle, half = (right + left) / 2, (right - left) / 2
    total = np.zeros(np.shape(middle))
    for abscissa, weight in zip(abscissae, weights, strict=True):
        total += weight * _vonmises_density(middle + half * abscissa, kappa)
    return total * half


class Range(NamedTuple):
    """What a parameter can be: a number in [lowest, highest], perhaps only whole ones."""

    lowest: float = -np.inf
    highest: float = np.inf
    whole: bool = False
    infinite: bool = False

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, (int, float, np.integer, np.floating)):
            return False
        return bool(
            self.lowest <= value <= self.highest
            and (np.isfinite(value) or self.infinite)
            and (not self.whole or value == np.floor(value))
        )

    def __str__(self) -> str:
        kind = (
            "a whole number" if self.whole else "a number" if self.infinite else "a finite number"
        )
        if np.isfinite(self.highest):
            return f"{kind} from {self.lowest:g} to {self.highest:g}"
        return f"{kind} >= {self.lowest:g}" if np.isfinite(self.lowest) else kind


class Distribution(NamedTuple):
    """A quantile function, and what its parameters can be, in order."""

    function: Callable[..., Floats]
    ranges: dict[str, Range]


_ANY = Range()
_POSITIVE = Range(0)
_WHOLE = Range(whole=True)
_BOUND = Range(infinite=True)
_CLIPPED = {"mu": _ANY, "sigma": _POSITIVE, "low": _BOUND, "high": _BOUND}

DISTRIBUTIONS = {
    "binomial": Distribution(_binomial, {"n": Range(0, whole=True), "p": Range(0, 1)}),
    "gamma": Distribution(_gamma, {"k": _POSITIVE, "theta": _POSITIVE}),
    "exponential": Distribution(_exponential, {"beta": _POSITIVE}),
    "lognormal": Distribution(_lognormal, {"mu": _ANY, "sigma": _POSITIVE}),
    "normal": Distribution(_normal, {"mu": _ANY, "sigma": _POSITIVE}),
    "normal_clipped": Distribution(_normal_clipped, _CLIPPED),
    "normal_clipped_to_boundary": Distribution(_normal_clipped_to_boundary, _CLIPPED),
    "poisson": Distribution(_poisson, {"lambda_": Range(0, 1e15)}),
    "uniform": Distribution(_uniform, {"low": _ANY, "high": _ANY}),
    "uniform_int": Distribution(_uniform_int, {"low": _WHOLE, "high": _WHOLE}),
    "vonmises": Distribution(_vonmises, {"mu": _ANY, "kappa": _POSITIVE}),
}
"""Every distribution by its name in PyNN."""


def _checked(name: str, distribution: Distribution, parameters: Mapping[str, Any]) -> list[float]:
    """Return the parameters in order, checked."""
    for parameter in parameters:
        if parameter not in distribution.ranges:
            raise ParameterError(
                f"distribution '{name}' has no parameter '{parameter}'; "
                f"{did_you_mean(parameter, distribution.ranges)}",
                distribution=name,
                parameter=parameter,
            )
    for parameter, allowed in distribution.ranges.items():
        if parameter not in parameters:
            raise ParameterError(
                f"distribution '{name}' lacks its parameter '{parameter}'; give {allowed}",
                distribution=name,
                parameter=parameter,
            )
        if parameters[parameter] not in allowed:
            _refuse(name, parameter, parameters[parameter], str(allowed))
    values = [float(parameters[parameter]) for parameter in distribution.ranges]
    if "low" in distribution.ranges and name != "uniform":
        _check_bounds(name, parameters)
    return values


def _check_bounds(name: str, parameters: Mapping[str, Any]) -> None:
    """Raise unless something lies between the bounds of the distribution."""
    low, high = parameters["low"], parameters["high"]
    if name == "uniform_int":
        if high <= low:
            _refuse(name, "high", high, f"a whole number > low = {low}")
        return
    if high < low:
        _refuse(name, "high", high, f"a number >= low = {low}")
    if name == "normal_clipped" and parameters["sigma"] == 0:
        mu = parameters["mu"]
        if not low <= mu <= high:
            _refuse(name, "mu", mu, f"a number from {low} to {high} where sigma = 0")


def _refuse(name: str, parameter: str, value: object, allowed: str) -> None:
    """Raise for a value that a parameter cannot take."""
    raise ParameterError(
        f"parameter '{parameter}' of distribution '{name}' is {value!r}; give {allowed}",
        distribution=name,
        parameter=parameter,
        value=value,
    )


@cache
def _special() -> Any:
    """Return SciPy's special functions, which take long to be loaded: few networks need them."""
    from scipy import special

    return special
