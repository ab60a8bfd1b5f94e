"""What is wrong in a model written for one cell: said with the line of the function it is in."""

import math
import re
from collections.abc import Iterable, Sequence
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR, CO_VARARGS, CO_VARKEYWORDS
from keyword import iskeyword
from numbers import Real
from pathlib import Path
from types import FunctionType
from typing import Any

import numba
from numba import types

from distsim.errors import ParameterError, did_you_mean
from distsim.models.cell_model import Bound, CellModel, Parameter, Receptor, State
from distsim.models.functions import (
    Given,
    argument_names,
    compiled,
    function_error,
    plain,
    returned_counts,
    written_names,
)

__all__ = [
    "check_function",
    "check_items",
    "check_names",
    "check_number",
    "check_once",
    "check_parameter",
    "check_record",
    "explain",
]

# files whose lines are not the user's
LIBRARIES = str(Path(numba.__file__).parent), str(Path(__file__).parents[1]), "<distsim>"
NOT_PLAIN = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR | CO_VARARGS | CO_VARKEYWORDS

# functions that return one number, most of them whether something is so
CONDITIONS = "is_spiking", "is_stiff", "pieces"
# of what a function takes and is no number of a cell
KINDS = {"is_refractory": types.boolean, "piece": types.int64, "n_pieces": types.float64}

# --- the record --------------------------------------------------------------------------------


def check_record(record: CellModel) -> None:
    """Raise if parameters, states or receptors of a model cannot be."""
    check_items(
        record.name,
        "a cell type",
        (
            ("parameters", Parameter, record.parameters),
            ("states", State, record.states),
            ("receptors", Receptor, record.receptors),
        ),
    )
    for what, items in (("parameters", record.parameters), ("states", record.states)):
        if not items:
            raise ParameterError(f"{record.name} has no {what}; give one at least")
        check_once(record.name, [item.name for item in items])
    for state in record.states:
        check_number(state.initial, f"the initial {state.name} of {record.name}")
        if state.name == "spikes":
            raise ParameterError(
                f"a state of {record.name} is called 'spikes', as spikes are; call it otherwise"
            )
    for parameter in record.parameters:
        check_parameter(parameter, record)
    record.check({p.name: p.of_cells(1) for p in record.parameters})
    _check_receptors(record)


def _check_name(name: Any, what: str) -> None:
    if not (isinstance(name, str) and name.isidentifier() and not iskeyword(name)):
        raise ParameterError(f"{name!r} cannot be the name of {what}; give one that Python takes")


def check_items(name: Any, what: str, groups: Iterable[tuple[str, Any, Any]]) -> None:
    """Raise if the name of a model, or one of its parts, cannot be.

    Parameters
    ----------
    name : object
    what : str
        What it is the name of.
    groups : iterable of (str, type, sequence)
        What parts are called, of what type they must be, and they themselves.
    """
    _check_name(name, what)
    for kinds, kind, items in groups:
        for item in items:
            if not isinstance(item, kind):
                raise ParameterError(f"{kinds} of {name} hold {item!r}; give a {kind.__name__}")
            if kind is not Receptor:
                _check_name(item.name, f"one of the {kinds} of {name}")


def check_number(value: Any, what: str) -> None:
    """Raise if something is no finite number."""
    if not isinstance(value, Real) or isinstance(value, bool) or not math.isfinite(value):
        raise ParameterError(f"{what} is {value!r}; give a finite number", value=value)


def check_parameter(parameter: Parameter, record: Any) -> None:
    """Raise if default, bound or limit of a parameter of a model cannot be."""
    what = f"{parameter.name} of {record.name}"
    several = parameter.default if isinstance(parameter.default, tuple) else (parameter.default,)
    for number in several:
        check_number(number, f"the default of {what}")
    if not isinstance(parameter.bound, Bound):
        raise ParameterError(
            f"the bound of {what} is {parameter.bound!r}; give one of {', '.join(map(str, Bound))}"
        )
    if parameter.below and parameter.below not in record.parameter_names:
        hint = did_you_mean(parameter.below, record.parameter_names)
        raise ParameterError(f"{what} must be below '{parameter.below}', no parameter; {hint}")


def _check_receptors(record: CellModel) -> None:
    names = [receptor.name for receptor in record.receptors]
    for receptor in record.receptors:
        if receptor.state not in record.state_names:
            raise ParameterError(
                f"receptor '{receptor.name}' of {record.name} adds to '{receptor.state}'; "
                f"{did_you_mean(receptor.state, record.state_names)}"
            )
        if names.count(receptor.name) > 1:
            raise ParameterError(f"receptor '{receptor.name}' of {record.name} is there twice")


def check_names(record: CellModel, names: Sequence[str]) -> None:
    """Raise if two things that functions can take have the same name."""
    for name in names:
        _check_name(name, f"what functions of {record.name} take")
    check_once(record.name, names)


def check_once(model: str, names: Sequence[str]) -> None:
    """Raise if two things of a model have the same name."""
    for name in names:
        if names.count(name) > 1:
            raise ParameterError(f"'{name}' of {model} is there twice; call one otherwise")


# --- functions ---------------------------------------------------------------------------------


def check_function(
    given: Given, record: Any, known: Iterable[str], returned: Sequence[str]
) -> None:
    """Raise if a function cannot be called with what a model has, or writes what it may not.

    Parameters
    ----------
    given : Given
    record : CellModel or SynapseModel
    known : iterable of str
        What a function can take.
    returned : sequence of str
        What it must return.
    """
    function = plain(given.function)
    if not isinstance(function, FunctionType):
        raise ParameterError(
            f"{given.key} of {given.model} is {given.function!r}; give a plain Python function, "
            "made by def or lambda"
        )
    code = function.__code__
    if code.co_flags & NOT_PLAIN or code.co_kwonlyargcount:
        raise function_error(
            given, "must take its arguments by position, each by its name, and return at once"
        )
    for name in argument_names(function):
        if name not in known:
            hint = did_you_mean(name, known)
            text = f"takes '{name}', which is neither a state variable nor a parameter; {hint}"
            raise function_error(given, text)
    constant = {*argument_names(function), *record.parameter_names} - {*record.state_names}
    for name, line in written_names(function).items():
        if name in constant:
            what = "a parameter" if name in record.parameter_names else "the same in each step"
            text = (
                f"assigns to '{name}', which is {what} and cannot change; call what it computes "
                "otherwise, or make it a state variable"
            )
            raise function_error(given, text, line)
    if given.key not in CONDITIONS:
        for count, line in returned_counts(function):
            if count != len(returned):
                raise _wrong_return(given, f"{count} values", returned, line)


def _wrong_return(
    given: Given, returned: str, states: Sequence[str], line: int = 0
) -> ParameterError:
    wanted = "the state variable" if len(states) == 1 else f"all {len(states)} values"
    names = ", ".join(f"'{name}'" for name in states)
    return function_error(given, f"returns {returned}; it must return {wanted}, {names}", line)


# --- what Numba says ---------------------------------------------------------------------------


def explain(given: Given, states: Sequence[str]) -> None:
    """Raise if a function cannot be compiled, or returns what a model cannot take."""
    function = compiled(given.function)
    kinds = tuple(KINDS.get(name, types.float64) for name in argument_names(given.function))
    try:
        function.compile(kinds)
    except Exception as error:  # Numba has many
        file, line = _users_line(error)
        text = f"cannot be compiled: {_cause(str(error))}"
        raise function_error(given, text, line, file) from None
    returned = function.overloads[kinds].signature.return_type
    if given.key in CONDITIONS:
        if not isinstance(returned, types.Number | types.Boolean):
            raise function_error(
                given,
                f"returns {_kind(returned)}; it must return "
                + ("a number" if given.key == "pieces" else "True or False"),
            )
        return
    is_tuple = isinstance(returned, types.BaseTuple)
    items = list(returned) if is_tuple else [returned]
    if len(items) != len(states) or is_tuple != (len(states) > 1):
        raise _wrong_return(given, _kind(returned), states)
    for name, item in zip(states, items, strict=True):
        if not isinstance(item, types.Integer | types.Float | types.Boolean):
            raise function_error(given, f"returns {_kind(item)} for '{name}'; give a real number")


def _kind(kind: Any) -> str:
    if isinstance(kind, types.BaseTuple):
        return f"{len(kind)} values" if len(kind) != 1 else "a tuple of 1 value"
    if isinstance(kind, types.Number):
        return f"1 value ({kind})"
    return f"'{kind}'"


def _users_line(error: Exception) -> tuple[str, int]:
    """Return file and line of the innermost function that is no library's; '' and 0 if unknown."""
    places = re.findall(r"(?:\bat|\bfrom) ([^\n]+?) \((\d+)\)", str(error))
    place = getattr(error, "loc", None)
    if place is not None and place.line is not None:
        places.append((place.filename, place.line))
    for file, line in places:
        if file != "None" and not file.startswith(LIBRARIES):
            return file, int(line)
    return "", 0


def _cause(text: str) -> str:
    """Return in a line what Numba says in many."""
    if "NRT required" in text or "Only accept returning of array" in text:
        return "it makes an array, a list or a text, and may make numbers and tuples only"
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("Failed in nopython")]
    cause = lines[0] if lines else "Numba does not say why"
    if cause.startswith("No implementation of function"):
        call = next((line.removeprefix(">>> ") for line in lines if line.startswith(">>> ")), "")
        reason = re.search(r"UnsupportedError: (.+)", text)
        cause = reason[1] if reason else f"there is no {call}"
    return re.sub(r"\.? Raised from .*", "", cause)
