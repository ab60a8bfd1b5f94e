"""Functions for one cell: what they find outside, their checksum, copies that Numba compiles.

A copy keeps the numbers and functions that were there when it was made. So what is compiled, maybe
later, is what the checksum is of, under which the machine code is kept.
"""

import contextlib
import dis
import linecache
from collections.abc import Iterator, Mapping
from enum import Enum
from hashlib import blake2b
from itertools import pairwise
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numba.core.dispatcher import Dispatcher
from numba.extending import register_jitable

from distsim.errors import ParameterError

__all__ = [
    "Given",
    "argument_names",
    "checksum",
    "compiled",
    "found_outside",
    "function_error",
    "plain",
    "returned_counts",
    "written_names",
]

# a call that is left in a loop keeps it from being vectorised
OPTIONS: dict[str, Any] = {
    "no_cfunc_wrapper": True,
    "nogil": True,
    "error_model": "numpy",
    "_nrt": False,
    "forceinline": True,
}
# packages whose functions are known by their names
LIBRARIES = ("numba", "numpy", "scipy")
PLAIN = (bool, int, float, complex, str, bytes, type(None), np.generic, Enum)


class Given(NamedTuple):
    """A function that a model was given, for messages.

    Attributes
    ----------
    function : callable
    key : str
        What the model calls it, such as 'step'.
    model : str
        Name of the model.
    """

    function: Any
    key: str
    model: str


def plain(function: Any) -> FunctionType:
    """Return the Python function that a function is compiled from."""
    return function.py_func if isinstance(function, Dispatcher) else function


def argument_names(function: Any) -> tuple[str, ...]:
    """Return the names of the arguments of a function."""
    code = plain(function).__code__
    return code.co_varnames[: code.co_argcount]


def function_error(given: Given, text: str, line: int = 0, file: str = "") -> ParameterError:
    """Return an error that shows the line of a function that it is about.

    Parameters
    ----------
    given : Given
    text : str
        What is wrong.
    line : int
        0: where the function begins.
    file : str
        If not that of the function.

    Returns
    -------
    ParameterError
    """
    code = plain(given.function).__code__
    name = given.key if code.co_name == "<lambda>" else code.co_name
    file, line = file or code.co_filename, line or code.co_firstlineno
    shown = linecache.getline(file, line).strip()
    message = f"{name}() of {given.model} ({file}, line {line}) {text}"
    return ParameterError(message + (f"\n    {shown}" if shown else ""))


# --- what a function is made of ----------------------------------------------------------------


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of a function, and of those within it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def found_outside(function: FunctionType) -> dict[str, Any]:
    """Return what a function finds outside of itself, by name; of modules, as in ``np.exp``."""
    names = {name for code in _codes(function.__code__) for name in code.co_names}
    scope = function.__globals__
    found = {name: scope[name] for name in names if name in scope}
    cells = function.__closure__ or ()
    for name, cell in zip(function.__code__.co_freevars, cells, strict=True):
        with contextlib.suppress(ValueError):  # not set yet
            found[name] = cell.cell_contents
    modules = [item for item in found.items() if isinstance(item[1], ModuleType)]
    waiting = sorted(modules, key=lambda item: item[0])
    seen = {id(module) for _, module in waiting}
    while waiting:
        prefix, module = waiting.pop()
        for name in sorted(names & vars(module).keys()):
            value = vars(module)[name]
            found[f"{prefix}.{name}"] = value
            if isinstance(value, ModuleType) and id(value) not in seen:
                seen.add(id(value))
                waiting.append((f"{prefix}.{name}", value))
    return found


def checksum(*values: Any) -> str:
    """Return a checksum of functions, of all that they call, and of the numbers that they find.

    Parameters
    ----------
    *values : object
        Functions, numbers, texts, arrays, and tuples, lists, mappings and sets of them.

    Returns
    -------
    str
        The same in each process, wherever the functions stand in their files.
    """
    digest, seen = blake2b(digest_size=8), set[int]()

    def add(value: Any) -> None:
        digest.update(f"{type(value).__name__}(".encode())
        if isinstance(value, Dispatcher):
            add(dict(value.targetoptions))
            add(value.py_func)
        elif isinstance(value, FunctionType) and not _is_of_library(value):
            if id(value) not in seen:
                seen.add(id(value))
                add((value.__code__, value.__defaults__, value.__kwdefaults__))
                add(found_outside(value))
        elif isinstance(value, CodeType):
            digest.update(value.co_code)
            add((value.co_consts, value.co_names, value.co_varnames))
        elif isinstance(value, np.ndarray):
            digest.update(f"{value.dtype.str} {value.shape}".encode() + value.tobytes())
        elif isinstance(value, tuple | list):
            for item in value:
                add(item)
        elif isinstance(value, Mapping):
            for key in sorted(value, key=str):
                add((str(key), value[key]))
        elif isinstance(value, set | frozenset):
            digest.update(repr(sorted(map(repr, value))).encode())
        elif isinstance(value, PLAIN):
            digest.update(repr(value).encode())
        else:
            name = getattr(value, "__qualname__", getattr(value, "__name__", ""))
            digest.update(f"{getattr(value, '__module__', '')} {name}".encode())
        digest.update(b")")

    add(values)
    return digest.hexdigest()


def _is_of_library(function: FunctionType) -> bool:
    return str(function.__module__).partition(".")[0] in LIBRARIES


def written_names(function: Any) -> dict[str, int]:
    """Return the names that a function assigns to, each with the first line that does so."""
    written: dict[str, int] = {}
    code = plain(function).__code__
    for instruction in dis.get_instructions(code):
        if instruction.opname.startswith(("STORE_FAST", "STORE_DEREF", "STORE_GLOBAL")):
            names = instruction.argval
            is_single = isinstance(names, str) or instruction.opname == "STORE_FAST_LOAD_FAST"
            positions = instruction.positions
            line = (positions.lineno if positions else None) or code.co_firstlineno
            for name in [names] if isinstance(names, str) else names[: 1 if is_single else None]:
                written.setdefault(name, line)
    return written


def returned_counts(function: Any) -> Iterator[tuple[int, int]]:
    """Yield how many values a function returns, and the line, where it lists them."""
    for before, instruction in pairwise(dis.get_instructions(plain(function).__code__)):
        if (before.opname, instruction.opname) == ("BUILD_TUPLE", "RETURN_VALUE"):
            positions = before.positions
            yield int(before.arg or 0), (positions.lineno if positions else None) or 0


# --- what is compiled --------------------------------------------------------------------------


def compiled(function: Any, done: dict[FunctionType, Any] | None = None) -> Any:
    """Return a function for compiled code, with all that it calls.

    Parameters
    ----------
    function : callable
        Plain Python; one that is compiled already is returned.
    done : dict, optional
        What has been made of functions so far.
    """
    if isinstance(function, Dispatcher):
        return function
    done = {} if done is None else done
    if function not in done:
        scope = {"__builtins__": __builtins__, "__name__": function.__module__}
        code, freevars = function.__code__, function.__code__.co_freevars
        cells = tuple(CellType() for _ in freevars)
        copy = FunctionType(code, scope, function.__name__, function.__defaults__, cells)
        copy.__kwdefaults__, copy.__module__ = function.__kwdefaults__, function.__module__
        # before what it finds, which may be itself
        done[function] = njit(**OPTIONS)(copy)
        for name, value in found_outside(function).items():
            is_plain = isinstance(value, FunctionType) and not _is_of_library(value)
            if "." in name:
                if is_plain:
                    _let_call(value)
                continue
            kept = compiled(value, done) if is_plain else value
            if name in freevars:
                cells[freevars.index(name)].cell_contents = kept
            else:
                scope[name] = kept
    return done[function]


def _let_call(function: FunctionType) -> None:
    """Let compiled code call a function of a module, and what that calls."""
    if function not in _callable:
        _callable.add(function)
        register_jitable(**OPTIONS)(function)
        for helper in found_outside(function).values():
            if isinstance(helper, FunctionType) and not _is_of_library(helper):
                _let_call(helper)


# functions of modules that compiled code may call
_callable: set[FunctionType] = set()
