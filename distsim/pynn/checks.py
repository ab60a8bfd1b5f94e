"""What a value of a parameter or variable may be: checked where users give it, by name."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pyNN.errors
from lazyarray import VectorizedIterable, larray
from numpy.typing import NDArray
from pyNN.parameters import ArrayParameter, Sequence
from pyNN.random import RandomDistribution

from distsim.errors import ParameterError
from distsim.kernels.spike_keys import LAST_STEP
from distsim.pynn.random_numbers import distribution_on_streams

__all__ = [
    "DimensionsError",
    "InvalidValueError",
    "check_numbers",
    "check_times",
    "checked_steps",
    "is_lazy",
    "is_several",
    "name_list",
    "plain_numbers",
    "plain_rows",
    "plain_times",
]


class InvalidValueError(ParameterError, pyNN.errors.InvalidParameterValueError):
    """A value that a parameter or variable cannot take."""


class DimensionsError(ParameterError, pyNN.errors.InvalidDimensionsError):
    """As many values as there are not cells."""


def is_lazy(value: Any) -> bool:
    """Return whether a value is evaluated later: a distribution, function or iterator."""
    kinds = larray | RandomDistribution | VectorizedIterable | Iterator
    return callable(value) or isinstance(value, kinds)


def is_several(value: Any) -> bool:
    """Return whether a value holds several numbers."""
    return isinstance(value, ArrayParameter | list | tuple) or np.ndim(value) > 0


def name_list(names: Any, what: str) -> list[Any]:
    """Return a name, or several, as a list.

    Parameters
    ----------
    names : str or iterable of str
    what : str
        The argument that they are given as.

    Raises
    ------
    ParameterError
        If they are neither.

    Examples
    --------
    >>> name_list("v", "variables")
    ['v']
    """
    if isinstance(names, str):
        return [names]
    if not isinstance(names, Iterable):
        raise ParameterError(f"{what} = {names!r}; give a name, or a list of names")
    return list(names)


def plain_numbers(value: Any, what: str, units: str | None = None) -> Any:
    """Return a number as a float, and an array or list of numbers as an array of floats.

    Parameters
    ----------
    value : object
        What is evaluated later is returned as it is.
    what : str
        Name of the parameter, and whose it is.
    units : str, optional
        To which a quantity with units is converted.

    Returns
    -------
    float, ndarray of float64, or `value`

    Raises
    ------
    InvalidValueError
        If there is anything but real numbers.

    Examples
    --------
    >>> plain_numbers([1, 2], "tau_m of IF_curr_exp")
    array([1., 2.])
    """
    if is_lazy(value):
        return distribution_on_streams(value)
    array = _as_array(_without_units(value, what, units), what)
    if array.dtype.kind == "O" and array.ndim:
        for item in array.flat:
            plain_numbers(item, what, units)
    elif array.dtype.kind not in "iuf":
        raise _no_number(value, what)
    numbers = array.astype(np.float64, copy=False)
    return numbers if array.ndim else float(numbers)


def plain_times(value: Any, what: str, units: str | None = "ms") -> Any:
    """Return times of all cells as a `Sequence`, or those of each cell as a list of them.

    Parameters
    ----------
    value : object
        What is evaluated later is returned as it is.
    what : str
        Name of the parameter, and whose it is.
    units : str, optional
        To which quantities with units are converted: those of what is a list for each cell, but
        not of times.

    Returns
    -------
    Sequence, list of Sequence, or `value`

    Raises
    ------
    InvalidValueError
        If there is anything but times, or a table of them.
    """
    if isinstance(value, RandomDistribution):
        raise InvalidValueError(
            f"{what} are several numbers in each cell, and cannot be drawn from a "
            "RandomDistribution; give one Sequence per cell"
        )
    if is_lazy(value):
        return distribution_on_streams(value)
    if isinstance(value, ArrayParameter):
        return Sequence(np.ravel(plain_numbers(value.value, what, units)))
    if isinstance(value, np.ndarray) and value.ndim > 1:
        raise InvalidValueError(
            f"{what} is an array of shape {value.shape}; give one Sequence per cell, such as "
            "[Sequence(row) for row in times]"
        )
    if isinstance(value, list | tuple | np.ndarray) and any(map(is_several, value)):
        for item in value:
            if not is_several(item):
                raise InvalidValueError(
                    f"{what} holds both single times and lists of times; give one Sequence per cell"
                )
        return [plain_times(item, what, units) for item in value]
    return Sequence(np.atleast_1d(plain_numbers(value, what, units)))


def plain_rows(value: Any, what: str, n_numbers: int, units: str | None = None) -> Any:
    """Return the numbers of a parameter that has several in each cell.

    Parameters
    ----------
    value : object
        Those of all cells, or a list of those of each; a function of the index is returned as it
        is.
    what : str
        Name of the parameter, and whose it is.
    n_numbers : int
        As many a cell has.
    units : str, optional
        To which a quantity with units is converted.

    Returns
    -------
    ArrayParameter, list of ArrayParameter, or `value`

    Raises
    ------
    InvalidValueError

    Examples
    --------
    >>> plain_rows((1, 10, 100), "tau_eta of GIF_cond_exp", 3)
    ArrayParameter([  1.  10. 100.])
    """
    if isinstance(value, RandomDistribution):
        raise InvalidValueError(
            f"{what} has {n_numbers} numbers in each cell, and cannot be drawn from a "
            "RandomDistribution; give a list of them for each cell"
        )
    if is_lazy(value):
        return value
    if isinstance(value, list | tuple | np.ndarray) and len(value) and all(map(is_several, value)):
        return [plain_rows(item, what, n_numbers, units) for item in value]
    row = value.value if isinstance(value, ArrayParameter) else value
    numbers = np.atleast_1d(plain_numbers(row, what, units))
    if numbers.shape != (n_numbers,):
        given = f"{numbers.size} numbers" if numbers.ndim == 1 else f"shape {numbers.shape}"
        raise InvalidValueError(
            f"{what} is given as {given}; give {n_numbers} for each cell, or a list of such lists"
        )
    return ArrayParameter(numbers)


def check_numbers(numbers: Any, what: str, highest: float = np.inf) -> None:
    """Raise if a number is not finite, or too large.

    Parameters
    ----------
    numbers : float or ndarray of float64
    what : str
        Name of the parameter, and whose it is.
    highest : float
        Largest absolute value.

    Raises
    ------
    InvalidValueError
    """
    wrong = ~(np.abs(numbers) <= min(highest, np.finfo(np.float64).max))
    if np.any(wrong):
        bad = float(np.extract(wrong, numbers)[0])
        limit = f" of at most {highest:g}" if np.isfinite(highest) else ""
        raise InvalidValueError(f"{what} is {bad:g}; give finite numbers{limit}", value=bad)


def checked_steps(interval: Any, dt: float) -> int:
    """Return of how many time steps a sampling interval is.

    Parameters
    ----------
    interval : float
        [ms]
    dt : float
        [ms]

    Raises
    ------
    ParameterError
        If it is no multiple of the time step.

    Examples
    --------
    >>> checked_steps(0.5, dt=0.1)
    5
    """
    is_number = isinstance(interval, int | float | np.number) and np.isfinite(interval)
    steps = interval / dt if is_number else 0.0
    if not (steps >= 1 - 1e-6 and abs(steps - round(steps)) < 1e-6):
        raise ParameterError(
            f"sampling_interval = {interval} ms must be a multiple of the time step, {dt:g} ms",
            sampling_interval=interval,
        )
    return round(steps)


def check_times(trains: Any, what: str, dt: float) -> None:
    """Raise if spike times are not finite, negative, too large or not ascending.

    Parameters
    ----------
    trains : Sequence, or ndarray of Sequence
        Times of one cell, or of several [ms].
    what : str
        Name of the parameter, and whose it is.
    dt : float
        [ms]

    Raises
    ------
    InvalidValueError
    """
    trains = [np.ravel(train.value) for train in np.ravel(trains)]
    times = np.concatenate([np.zeros(0), *trains])
    last = LAST_STEP * dt
    wrong = ~((times >= 0) & (times <= last))
    if wrong.any():
        bad = float(times[np.argmax(wrong)])
        raise InvalidValueError(
            f"{what} holds {bad:g} ms; times must be finite, not below 0, and at most {last:g} ms "
            f"at dt = {dt:g} ms",
            value=bad,
        )
    falls = np.diff(times) < 0
    ends = np.cumsum([train.size for train in trains])
    # from one train to the next, times may fall
    falls[ends[(ends > 0) & (ends < times.size)] - 1] = False
    if falls.any():
        k = int(np.argmax(falls))
        raise InvalidValueError(
            f"{what} holds {times[k]:g} ms before {times[k + 1]:g} ms; give times in ascending "
            "order: sorted(times)"
        )


def _without_units(value: Any, what: str, units: str | None) -> Any:
    """Return the number of a quantity in the units that are meant."""
    if not hasattr(value, "rescale"):
        return value
    try:
        return value.rescale(units).magnitude
    except Exception as error:
        raise InvalidValueError(f"{what} = {value!r}: give plain numbers in {units}") from error


def _as_array(value: Any, what: str) -> NDArray[Any]:
    """Return anything as an array; one of objects where it is no number."""
    if hasattr(value, "toarray"):
        return np.asarray(value.toarray())
    if isinstance(value, Mapping | set | frozenset | ArrayParameter):
        raise _no_number(value, what)
    try:
        return np.asarray(value)
    except ValueError as error:
        raise InvalidValueError(
            f"{what} = {value!r} is a list of lists of different lengths; give numbers"
        ) from error


def _no_number(value: Any, what: str) -> InvalidValueError:
    return InvalidValueError(
        f"{what} = {value!r} is no real number; give a number, one per cell, a RandomDistribution "
        "or a function",
        value=value,
    )
