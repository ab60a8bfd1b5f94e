"""Evaluating PyNN's lazy arrays for this rank's cells only."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

import numpy as np
from lazyarray import VectorizedIterable, larray
from numpy.typing import NDArray
from pyNN.parameters import ArrayParameter, LazyArray
from pyNN.random import RandomDistribution

from distsim.connectivity import DistanceExpression
from distsim.errors import ParameterError
from distsim.partitioning.distributions import quantile
from distsim.pynn.checks import (
    DimensionsError,
    InvalidValueError,
    is_several,
    plain_numbers,
    plain_times,
)
from distsim.pynn.random_numbers import is_rank_local

__all__ = ["as_function", "check_length", "check_pure", "evaluate", "is_asked", "lazy_numbers"]

Integers = NDArray[np.int64]

# at which functions of distance are tried
DISTANCES = np.linspace(0.5, 100.0, 64)


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
        function = DistanceExpression(value)
        function(np.ones(1))
    except Exception as error:
        raise ParameterError(
            f"'{value}' is not a function of distance: {error}; write an expression in 'd', such "
            "as '0.1 * exp(-d / 100)'"
        ) from error
    return function


def check_pure(
    function: Callable[..., Any], what: str, arguments: Sequence[NDArray[Any]] = (DISTANCES,)
) -> None:
    """Raise if a function of distances, or of indices, answers the same question in two ways.

    Each rank calls it for the connections of its own cells alone, so that random numbers of
    numpy's, or a count of calls, would give others on another number of ranks.

    Parameters
    ----------
    function : callable
    what : str
        What it gives.
    arguments : sequence of ndarray
        With which it is called, twice.

    Raises
    ------
    ParameterError
    """
    answers = []
    with np.errstate(all="ignore"):
        for _ in range(2):
            # what it cannot take is said when it is asked for the values of connections
            with suppress(Exception):
                answers.append(np.asarray(function(*arguments)))
    if len(answers) == 2 and not _are_same(*answers):
        raise ParameterError(
            f"{what}: {_source(function)} gives other values when it is called again; each rank "
            "calls it for its own connections alone, so it must depend on its arguments only. For "
            "random values give a RandomDistribution, or an array of all of them"
        )


def _are_same(first: NDArray[Any], second: NDArray[Any]) -> bool:
    is_float = first.dtype.kind == second.dtype.kind == "f"
    return np.array_equal(first, second, equal_nan=is_float)


def lazy_numbers(value: Any, size: int, what: str, units: str | None = None) -> LazyArray:
    """Return numbers of cells as a lazy array.

    Parameters
    ----------
    value : object
        One number, one per cell, a distribution or a function of the index.
    size : int
        Number of cells.
    what : str
        Name of the parameter or variable, and whose it is.
    units : str, optional
        To which a quantity with units is converted.

    Raises
    ------
    InvalidValueError, DimensionsError
    """
    plain = plain_numbers(value, what, units)
    check_length(plain, size, what)
    return LazyArray(plain, shape=(size,), dtype=float)


def check_length(value: Any, size: int, what: str) -> None:
    """Raise if an array or list has not one value per cell.

    Raises
    ------
    DimensionsError
    """
    shape = np.shape(value) if isinstance(value, list | np.ndarray) else ()
    if shape not in ((), (size,)):
        given = f"{shape[0]} values" if len(shape) == 1 else f"an array of shape {shape}"
        raise DimensionsError(
            f"{what} is {given} for {size} cells; give one value, or a list of one per cell"
        )


def evaluate(
    value: LazyArray,
    positions: Integers,
    draw: Callable[[RandomDistribution], Any],
    what: str,
    check: Callable[[NDArray[Any]], None],
    units: str | None = "ms",
) -> NDArray[Any]:
    """Return the elements of a one-dimensional lazy array at some positions.

    Parameters
    ----------
    value : LazyArray
        One value per cell of a population, view or assembly.
    positions : ndarray of int64, shape (n,)
        Which elements: those of this rank.
    draw : callable
        ``draw(distribution)`` returns the values of a rank-local distribution at these positions.
    what : str
        Name of the parameter, and whose it is.
    check : callable
        Raises if values cannot be; called with those of all cells where they are known.
    units : str, optional
        Of the items, where values are lists.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    InvalidValueError, DimensionsError
        If there is anything but one value, or one per cell, on every rank alike.

    Notes
    -----
    A function, an iterator and a seeded rng are asked for the values of all cells, in the order of
    their indices, on every rank alike, since what they answer may depend on what they were asked
    before: O(size) on each rank. Constants, arrays and rank-local distributions cost O(n).
    """
    base, size = value.base_value, value.shape[0]
    is_times = isinstance(value.dtype, type) and issubclass(value.dtype, ArrayParameter)
    if isinstance(base, RandomDistribution) and is_rank_local(base.rng):
        check(_extremes(base))
        elements = draw(base)
    else:
        every = _every(base, size, what, is_times, units)
        check(every)
        elements = every[positions] if every.ndim else np.full(positions.size, every)
    for function, argument in value.operations:
        if isinstance(argument, larray):
            if argument.shape is None:
                argument.shape = value.shape
            argument = evaluate(argument, positions, draw, what, lambda values: None)
        elif np.ndim(argument):
            argument = np.asarray(argument)[positions]
        elements = np.asarray(
            function(elements) if argument is None else function(elements, argument)
        )
    if value.operations:
        check(elements)
    return elements


def is_asked(base: Any) -> bool:
    """Return whether values of cells are asked of a function or iterator."""
    if isinstance(base, RandomDistribution):
        return False
    return callable(base) or isinstance(base, VectorizedIterable | Iterator)


def _every(base: Any, size: int, what: str, is_times: bool, units: str | None) -> NDArray[Any]:
    """Return the values of all cells, or one of no dimension for all of them."""
    if isinstance(base, RandomDistribution):
        given = base.next(size)
    elif callable(base):
        given = _called(base, size, what)
    elif isinstance(base, VectorizedIterable):
        given = base.next(size)
    elif isinstance(base, Iterator):
        given = list(islice(base, size))
    else:
        given = base
    every = _each(given, size, what, units) if is_times else np.asarray(plain_numbers(given, what))
    if every.ndim and every.shape != (size,):
        raise DimensionsError(
            f"{what}: {_source(base)} gives an array of shape {every.shape} for {size} cells; give "
            "one value, or one per cell"
        )
    return every


def _called(function: Callable[[Any], Any], size: int, what: str) -> Any:
    """Return what a function of the index gives for all indices; of each, if it gives but one."""
    if size == 0:
        return []
    try:
        given = function(np.arange(size))
        if isinstance(given, ArrayParameter):
            given = [function(index) for index in range(size)]
    except (TypeError, ValueError) as error:
        raise InvalidValueError(
            f"{what}: cannot make one value per cell of {_source(function)}, which is called with "
            f"an array of the indices of all cells: {error}"
        ) from error
    return given


def _each(given: Any, size: int, what: str, units: str | None) -> NDArray[Any]:
    """Return lists of times, or of other numbers, as an array of `Sequence`."""
    if isinstance(given, list | tuple | np.ndarray) and not any(map(is_several, given)):
        # no constant: those are sequences by now
        if len(given) != size:
            raise DimensionsError(
                f"{what}: {len(given)} numbers for {size} cells; give one Sequence per cell"
            )
        given = [[time] for time in given]
    times = plain_times(given, what, units)
    every = np.empty(len(times) if isinstance(times, list) else (), object)
    every[...] = times
    return every


def _extremes(distribution: RandomDistribution) -> NDArray[np.float64]:
    """Return the lowest and highest number that can be drawn."""
    ends = np.array([2.0**-53, 1.0 - 2.0**-53])
    with np.errstate(over="ignore"):
        return quantile(distribution.name, distribution.parameters, ends)


def _source(base: Any) -> str:
    if callable(base):
        return f"function '{getattr(base, '__name__', type(base).__name__)}'"
    return f"what was given ({type(base).__name__})"
