"""Models written for one cell: plain functions, from which the loops over all cells are made.

A function takes by name what it needs, and the loop hands it over as numbers: state variables,
parameters, what `derive` has derived from them, and

- `dt` [ms],
- `i_injected` [nA], the current that sources inject into the cell,
- `is_refractory`, whether the cell is in its refractory period.

It can call other functions, and uses numbers that are defined outside; Numba compiles all of it. So
it may hold no Python objects but numbers, and make no arrays.
"""

import inspect
import linecache
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from types import CodeType, FunctionType
from typing import Any

import numpy as np
from numba import njit
from numba.core.dispatcher import Dispatcher
from numba.extending import register_jitable
from numpy.typing import NDArray

from distsim.errors import ParameterError, did_you_mean
from distsim.kernels.coefficients import at
from distsim.kernels.epoch import register_update
from distsim.kernels.options import KERNEL
from distsim.models import one_cell_classes
from distsim.models.cell_model import (
    CellModel,
    NativeModel,
    Parameter,
    Parameters,
    Receptor,
    State,
    refractory_steps,
)

__all__ = ["one_cell_model"]

Derive = Callable[[Parameters, float], Mapping[str, NDArray[np.float64]]]

# what a function may take besides states, parameters and what is derived: how the loop writes it
GIVEN = {
    "dt": "c.dt",
    "i_injected": "at(c.drive, i)",
    "is_refractory": "refractory[i] > 0",
}
# cells that are looked at one by one if one of them spikes
LOOK = 128

LOOPS = """
@compiled
def advance_cells(cells, c):
    {rows}
    refractory = cells.refractory
    for i in range(np.uint64(refractory.size)):
        {new} = step({step_arguments})
        {store}
        refractory[i] -= np.int32(refractory[i] > 0)


@compiled
def settle_cells(cells, c):
    {rows}
    refractory = cells.refractory
    n_spiking = 0
    for first in range(0, refractory.size, {look}):
        end = min(first + {look}, refractory.size)
        n_above = 0
        for i in range(np.uint64(first), np.uint64(end)):
            n_above += is_spiking({is_spiking_arguments})
        if n_above == 0:
            continue
        for i in range(first, end):
            if is_spiking({is_spiking_arguments}):
                {new} = spike({spike_arguments})
                {store}
                refractory[i] = at(c.refractory_steps, i)
                cells.spiking[n_spiking] = i
                n_spiking += 1
    return n_spiking
"""


def one_cell_model(
    name: str,
    parameters: tuple[Parameter, ...],
    states: tuple[State, ...],
    receptors: tuple[Receptor, ...],
    *,
    step: Callable[..., Any],
    is_spiking: Callable[..., Any],
    spike: Callable[..., Any],
    derive: Derive = lambda parameters, dt: {},
    title: str = "",
    source: str = "",
) -> NativeModel:
    """Return a model of cells for the native engine, from functions for one cell.

    Parameters
    ----------
    name, parameters, states, receptors, title, source
        As for `CellModel`; the first state variable is v. A parameter `tau_refrac` is the
        refractory period.
    step : callable
        Returns all state variables, in their order, a time step later, before input is added.
    is_spiking : callable
        Returns whether the cell spikes, after input was added.
    spike : callable
        Returns all state variables of a cell that spikes, as they go on.
    derive : callable, optional
        ``derive(parameters, dt)`` returns more that functions can take, by name: arrays of one
        number per cell. Called where parameters change, not in each step.

    Raises
    ------
    ParameterError
        If a function takes something that the model does not have, or a name is there twice.
    """
    record = CellModel(name, parameters, states, receptors, title, source)
    functions = {"step": step, "is_spiking": is_spiking, "spike": spike}
    examples = {parameter.name: np.array([parameter.default]) for parameter in parameters}
    derived = list(derive(examples, 0.1))
    values = [*record.parameter_names, *derived]
    _check_names(record, values)
    arguments = {key: _arguments(f, record, values) for key, f in functions.items()}
    # only what some function takes
    used = [
        n for n in values if any(n in inspect.signature(f).parameters for f in functions.values())
    ]
    fields = ["dt", "drive", "drive_rest", "drive_gain", "refractory_steps", *used]
    identity = f"{name}_{_digest(functions.values(), states, arguments, fields)}"
    coefficients_class = one_cell_classes.get(identity, fields)
    if coefficients_class not in _registered:
        _registered.add(coefficients_class)
        _register(identity, coefficients_class, record, functions, arguments)

    def coefficients(p: Parameters, dt: float) -> Any:
        n_cells = next(iter(p.values())).size
        every = {**p, **derive(p, dt)}
        steps = refractory_steps(p, dt) if "tau_refrac" in p else np.zeros(n_cells, np.int32)
        return coefficients_class(
            dt,
            np.zeros(n_cells),
            np.zeros(n_cells),
            np.ones(n_cells),
            steps,
            *(np.array(every[key], np.float64) for key in used),
        )

    return NativeModel(
        name, parameters, states, receptors, title, source, coefficients=coefficients
    )


# those of models made so far; a model may be made twice of the same functions
_registered: set[type] = set()


def _check_names(record: CellModel, values: list[str]) -> None:
    """Raise if a name is there twice, or a receptor adds to no state variable."""
    names = [*record.state_names, *values, *GIVEN]
    for name in names:
        if names.count(name) > 1:
            raise ParameterError(f"'{name}' of {record.name} is there twice; call one otherwise")
    for receptor in record.receptors:
        if receptor.state not in record.state_names:
            raise ParameterError(
                f"receptor '{receptor.name}' of {record.name} adds to '{receptor.state}'; "
                f"{did_you_mean(receptor.state, record.state_names)}"
            )
    receptors = [receptor.name for receptor in record.receptors]
    for name in receptors:
        if receptors.count(name) > 1:
            raise ParameterError(f"receptor '{name}' of {record.name} is there twice")


def _arguments(function: Callable[..., Any], record: CellModel, values: list[str]) -> str:
    """Return how the loop calls a function."""
    ways = (
        GIVEN
        | {s: f"row_{s}[i]" for s in record.state_names}
        | {n: f"at(c.{n}, i)" for n in values}
    )
    names = list(inspect.signature(function).parameters)
    for name in names:
        if name not in ways:
            code = function.__code__
            raise ParameterError(
                f"{function.__name__}() of {record.name} ({code.co_filename}, line "
                f"{code.co_firstlineno}) takes '{name}', which is neither a state variable nor a "
                f"parameter; {did_you_mean(name, list(ways))}",
                name=name,
            )
    return ", ".join(ways[name] for name in names)


def _register(
    identity: str,
    coefficients_class: type,
    record: CellModel,
    functions: Mapping[str, Callable[..., Any]],
    arguments: Mapping[str, str],
) -> None:
    """Make the loops, and have the engine call them for coefficients of a class."""
    names = record.state_names
    text = LOOPS.format(
        rows="\n    ".join(f"row_{name} = cells.state[{row}]" for row, name in enumerate(names)),
        new=", ".join(f"new_{name}" for name in names) + ("," if len(names) == 1 else ""),
        store="; ".join(f"row_{name}[i] = new_{name}" for name in names),
        look=LOOK,
        **{f"{key}_arguments": text for key, text in arguments.items()},
    )
    # where Numba's messages, and its cache, look for the source
    file = f"<distsim>/one_cell/{identity}.py"
    linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
    compiled = {key: _compiled(function) for key, function in functions.items()}
    scope: dict[str, Any] = {
        "__name__": "distsim.models.one_cell",
        "np": np,
        "compiled": njit(**KERNEL, error_model="numpy"),
    }
    scope |= {"at": at, **compiled}
    exec(compile(text, file, "exec"), scope)
    register_update(coefficients_class, scope["advance_cells"], scope["settle_cells"])


def _compiled(function: Callable[..., Any]) -> Any:
    """Return a function for compiled code, with all that it calls."""
    if isinstance(function, Dispatcher):
        return function
    _let_call(function)
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
    return njit(**options)(function)


def _let_call(function: Callable[..., Any]) -> None:
    """Let compiled code call the plain functions that a function calls, and theirs."""
    for helper in _found_outside(function).values():
        if isinstance(helper, FunctionType) and helper not in _callable:
            _callable.add(helper)
            register_jitable(helper)
            _let_call(helper)


# plain functions that compiled code may call
_callable: set[FunctionType] = set()


def _found_outside(function: Callable[..., Any]) -> dict[str, Any]:
    """Return what a function finds outside of itself, by name."""
    code: Any = function.__code__
    scope = function.__globals__
    found = {name: scope[name] for name in code.co_names if name in scope}
    cells = function.__closure__ or ()
    return found | {n: c.cell_contents for n, c in zip(code.co_freevars, cells, strict=True)}


def _digest(functions: Iterable[Callable[..., Any]], *more: object) -> str:
    """Return a checksum of functions, of all that they call, and of the numbers that they find."""
    digest = blake2b(digest_size=8)

    def add(value: Any, seen: frozenset[int]) -> None:
        function = value.py_func if isinstance(value, Dispatcher) else value
        if not isinstance(function, FunctionType):
            digest.update(repr(value).encode())
        elif id(function) not in seen:
            digest.update(_code(function.__code__))
            for name, other in sorted(_found_outside(function).items()):
                digest.update(name.encode())
                add(other, seen | {id(function)})

    for value in (*functions, *more, LOOPS):
        add(value, frozenset())
    return digest.hexdigest()


def _code(code: CodeType) -> bytes:
    constants = [_code(c) if isinstance(c, CodeType) else c for c in code.co_consts]
    return code.co_code + repr((constants, code.co_names, code.co_varnames)).encode()
