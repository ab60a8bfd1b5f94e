"""PyNN's random distributions on distsim's rank-local streams.

A `RandomDistribution` without an `rng` is drawn from the streams of `distsim.partitioning`, each
rank only for its own cells. One with a seeded `pyNN.random.NumpyRNG` keeps PyNN's meaning: every
rank draws all numbers, in PyNN's order.
"""

from typing import Any

import numpy as np
import pyNN.random
from numpy.typing import NDArray

from distsim.errors import ParameterError, did_you_mean
from distsim.partitioning.distributions import quantile
from distsim.partitioning.streams import Purpose, Stream, uniforms

__all__ = ["NativeRNG", "RandomDistribution", "is_rank_local", "numpy_rng"]


class NativeRNG(pyNN.random.NativeRNG):
    """The streams of distsim, as an RNG object.

    Parameters
    ----------
    seed : int, optional
        Default: the seed given to `setup()`.
    parallel_safe : bool
        As PyNN's other back ends have it; numbers are the same on any number of ranks either way.
    """

    parallel_safe = True

    def __init__(self, seed: int | None = None, parallel_safe: bool = True) -> None:
        super().__init__(seed)
        self._n_drawn = 0

    def next(
        self,
        n: int | None = None,
        distribution: str | None = None,
        parameters: dict[str, Any] | None = None,
        mask: NDArray[Any] | None = None,
    ) -> Any:
        """Return the next `n` numbers of this object, the same on every rank.

        Parameters are those of `pyNN.random.AbstractRNG.next`.
        """
        if n is not None and n < 0:
            raise ParameterError(f"n = {n}: the number of samples must be 0 or more")
        count = 1 if n is None else n
        stream = Stream.of(self.seed or 0, Purpose.SAMPLE, 0)
        u = uniforms(stream, np.zeros(1, np.int64), counts=count, firsts=self._n_drawn)
        self._n_drawn += count
        values = quantile(distribution or "uniform", parameters or {"low": 0.0, "high": 1.0}, u)
        if n is None:
            return values[0]
        return values if mask is None else values[mask]


class RandomDistribution(pyNN.random.RandomDistribution):
    """Random numbers from a given distribution.

    Parameters
    ----------
    distribution : str
        A name of `pyNN.random.available_distributions`.
    parameters_pos : tuple, optional
        The distribution's parameters in order.
    rng : pyNN.random.AbstractRNG, optional
        Default: rank-local streams.
    **parameters_named
        The distribution's parameters by name.

    Raises
    ------
    ParameterError
        If the distribution or a parameter is unknown or missing.

    Examples
    --------
    >>> RandomDistribution("normal", mu=-65.0, sigma=1.0).parameters
    {'mu': -65.0, 'sigma': 1.0}
    """

    def __init__(
        self,
        distribution: str,
        parameters_pos: tuple[Any, ...] | None = None,
        rng: pyNN.random.AbstractRNG | None = None,
        **parameters_named: Any,
    ) -> None:
        _check(distribution, parameters_pos, parameters_named)
        super().__init__(distribution, parameters_pos, rng or NativeRNG(), **parameters_named)


def _check(name: str, positional: Any, named: dict[str, Any]) -> None:
    known = pyNN.random.available_distributions
    if name not in known:
        raise ParameterError(f"unknown distribution '{name}'; {did_you_mean(name, known)}")
    expected = known[name]
    usage = f"RandomDistribution('{name}', {', '.join(f'{p}=...' for p in expected)})"
    if isinstance(positional, dict):
        raise ParameterError(
            f"the parameters of '{name}' were given as a dict; give them by name: {usage}"
        )
    if positional is not None and named:
        raise ParameterError(f"parameters were given both by position and by name; write {usage}")
    if positional is not None and len(positional) != len(expected):
        raise ParameterError(f"'{name}' takes {len(expected)} parameters; write {usage}")
    for parameter in named:
        if parameter not in expected:
            raise ParameterError(
                f"unknown parameter '{parameter}' of distribution '{name}'; write {usage}",
                name=parameter,
            )
    if positional is None and set(named) != set(expected):
        missing = ", ".join(f"'{p}'" for p in expected if p not in named)
        raise ParameterError(f"distribution '{name}' lacks {missing}; write {usage}")


def is_rank_local(rng: Any) -> bool:
    """Return whether numbers of `rng` come from distsim's streams.

    That is so for `NativeRNG`, and for a NumpyRNG without a seed, such as PyNN's own
    RandomDistribution makes by default: its numbers would differ from rank to rank.
    """
    if isinstance(rng, pyNN.random.NativeRNG):
        return True
    return isinstance(rng, pyNN.random.NumpyRNG) and rng.seed is None


def numpy_rng(seed: int, number: int) -> pyNN.random.NumpyRNG:
    """Return a NumpyRNG that is the same on every rank, for what is drawn once and by all.

    Parameters
    ----------
    seed : int
        The user's seed.
    number : int
        Which of several.
    """
    stream = Stream.of(seed, Purpose.POSITION, number)
    return pyNN.random.NumpyRNG(seed=int(uniforms(stream, np.zeros(1, np.int64))[0] * 2**31))
