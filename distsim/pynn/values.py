"""Evaluating PyNN's lazy arrays for this rank's cells only."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN.parameters import LazyArray
from pyNN.random import RandomDistribution

from distsim.errors import ParameterError
from distsim.partitioning.distributions import quantile
from distsim.partitioning.streams import Purpose, uniforms
from distsim.pynn.random_numbers import is_rank_local
from distsim.pynn.simulator import state

__all__ = ["as_function", "evaluate"]


def as_function(value: Any) -> Any:
    """Return the function of distance that a text means; what is no text is returned as it is.

    Parameters
    ----------
    value : str or object
        An expression in `d`, in which numpy's functions are known.

    Raises
    ------
    ParameterError
        If the expression cannot be evaluated.

    Examples
    --------
    >>> float(as_function("exp(-d / 100)")(0.0))
    1.0
    """
    if not isinstance(value, str):
        return value
    try:
        function = eval(f"lambda d: {value}", {**vars(np), "np": np})
        function(np.ones(1))
    except Exception as error:
        raise ParameterError(
            f"'{value}' is not a function of distance: {error}; write an expression in 'd', such "
            "as '0.1 * exp(-d / 100)'"
        ) from error
    return function


def evaluate(
    value: LazyArray,
    positions: NDArray[np.int64],
    cells: NDArray[np.int64],
    address: tuple[Purpose, int, int, int],
) -> NDArray[Any]:
    """Return the elements of a one-dimensional lazy array at some positions.

    Parameters
    ----------
    value : LazyArray
        One value per cell of a population, view or assembly.
    positions : ndarray of int64, shape (n,)
        Which elements.
    cells : ndarray of int64, shape (n,)
        Indices of those cells in their population: a random value depends on these alone.
    address : tuple
        Purpose, population number, variant and revision of the stream of random values.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    ParameterError
        If a value is not of the wanted type.
    """
    base = value.base_value
    if isinstance(base, RandomDistribution):
        drawn = _draw(base, value.shape[0], positions, cells, address)
        return np.asarray(value._apply_operations(drawn, positions))
    if positions.size == 0:
        return np.zeros(0, value.dtype if value.dtype in (float, int, bool) else object)
    try:
        values = value[positions]
    except (TypeError, ValueError) as error:
        raise ParameterError(f"cannot make one value per cell of {base!r}: {error}") from error
    if np.ndim(values) == 0:
        full = np.empty(positions.size, object if not np.isscalar(values) else type(values))
        full[:] = values
        return full
    return np.asarray(values)


def _draw(
    distribution: RandomDistribution,
    size: int,
    positions: NDArray[np.int64],
    cells: NDArray[np.int64],
    address: tuple[Purpose, int, int, int],
) -> NDArray[np.float64]:
    """Return the random values of some cells."""
    rng = distribution.rng
    if is_rank_local(rng):
        stream = state.stream(*address, seed=rng.seed)
        return quantile(distribution.name, distribution.parameters, uniforms(stream, cells))
    if rng.parallel_safe:
        return np.asarray(distribution.next(size))[positions]
    return np.asarray(distribution.next(positions.size))
