"""Texts of what a script has given: equal on two ranks exactly where the things are equal.

No text holds an address, nor depends on the order of a set or dict; arrays give a checksum.
"""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from pathlib import PurePath
from types import CodeType
from typing import Any

import numpy as np
import pyNN.random
from numpy.typing import NDArray
from pyNN import common
from pyNN.connectors import Connector
from pyNN.models import BaseModelType
from pyNN.parameters import ArrayParameter, LazyArray, ParameterSpace
from pyNN.space import BaseStructure, Shape, Space

__all__ = ["describe"]

# as many values are shown; of more, the first
N_SHOWN = 6


def describe(value: Any) -> str:
    """Return a text of anything that a script may give.

    Parameters
    ----------
    value : object
        What has no text of its own gives the name of its class.

    Examples
    --------
    >>> describe({"tau_m": 15, "v": [1.0, 2.5]})
    '{tau_m: 15, v: [1.0, 2.5]}'
    >>> describe(np.arange(40.0))
    'array of 40 float64 [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, ...] (checksum 0cb21650)'
    """
    for kinds, describe_kind in KINDS:
        if isinstance(value, kinds):
            return describe_kind(value)
    if callable(value):
        return _function(value)
    return type(value).__name__


def _number(value: Any) -> str:
    """Return the shortest text of a number; the same for numpy's and Python's."""
    if isinstance(value, bool | np.bool_ | int | np.integer):
        return repr(value.item() if isinstance(value, np.generic) else value)
    return repr(complex(value) if isinstance(value, complex | np.complexfloating) else float(value))


def _array(value: NDArray[Any]) -> str:
    array = np.asarray(value)
    if array.dtype == object:
        return _items(array.reshape(-1).tolist())
    shown = ", ".join(describe(x) for x in array.reshape(-1)[:N_SHOWN])
    shape = "x".join(str(n) for n in array.shape)
    if array.size <= N_SHOWN:
        return f"array of {shape} {array.dtype} [{shown}]"
    checksum = _checksum(np.ascontiguousarray(array).view(np.uint8).data)
    return f"array of {shape} {array.dtype} [{shown}, ...] (checksum {checksum})"


def _items(values: Iterable[Any]) -> str:
    items = list(values)
    if len(items) > N_SHOWN and all(isinstance(item, ArrayParameter) for item in items):
        sizes = [np.size(item.value) for item in items]
        joined = np.concatenate([np.ravel(np.asarray(item.value)) for item in items])
        return f"{len(items)} sequences of {_array(np.array(sizes))}, in all {_array(joined)}"
    if len(items) > N_SHOWN:
        try:
            array = np.array(items)
        except (TypeError, ValueError):  # a ragged list, or objects that are no numbers
            array = np.array(None)
        if array.dtype.kind in "biufc":
            return _array(array)
    texts = [describe(item) for item in items]
    if len(texts) <= N_SHOWN:
        return f"[{', '.join(texts)}]"
    checksum = _checksum("\n".join(texts).encode())
    return f"{len(texts)} of [{', '.join(texts[:N_SHOWN])}, ...] (checksum {checksum})"


def _mapping(value: Mapping[Any, Any]) -> str:
    texts = sorted(f"{key}: {describe(item)}" for key, item in value.items())
    return f"{{{', '.join(texts)}}}"


def _set(value: Iterable[Any]) -> str:
    return f"{{{', '.join(sorted(describe(item) for item in value))}}}"


def _lazy(value: LazyArray) -> str:
    text = describe(value.base_value)
    for function, argument in value.operations:
        text += f" {_function(function)}" + ("" if argument is None else f" {describe(argument)}")
    return text


def _distribution(value: Any) -> str:
    parameters = value.parameters or {}
    shown = ", ".join(f"{name}={describe(p)}" for name, p in sorted(parameters.items()))
    return f"RandomDistribution('{value.name}', {shown}, rng={describe(value.rng)})"


def _rng(value: Any) -> str:
    """Return seed and state of a generator whose numbers have to be the same on every rank."""
    name = type(value).__name__
    if not getattr(value, "parallel_safe", True) or value.seed is None:
        return f"{name}()"
    generator = getattr(value, "rng", None)
    if not isinstance(generator, np.random.RandomState):
        return f"{name}({value.seed})"
    kind, keys, *rest = generator.get_state(legacy=True)
    state = np.asarray(keys).tobytes() + repr((kind, *rest)).encode()
    return f"{name}({value.seed}, state {_checksum(state)})"


def _model(value: BaseModelType) -> str:
    return f"{_class(type(value))}({_space(value.parameter_space)})"


def _class(value: type) -> str:
    """Return the name of a class; of a cell type that was written as functions, their checksum."""
    checksum = getattr(getattr(value, "record", None), "checksum", "")
    return f"{value.__qualname__} (functions {checksum})" if checksum else value.__qualname__


def _space(value: ParameterSpace) -> str:
    return ", ".join(f"{name}={describe(item)}" for name, item in sorted(value.items()))


def _attributes(value: Any) -> str:
    """Return the attributes of one of PyNN's small objects."""
    given = vars(value)
    if "distributed" in given:  # each rank has rows of its own
        given = {k: v for k, v in given.items() if k not in ("conn_list", "column_names")}
    texts = [f"{k}={describe(v)}" for k, v in sorted(given.items()) if not k.startswith("_")]
    return f"{type(value).__name__}({', '.join(texts)})"


def _cells(value: Any) -> str:
    """Return which cells a population, view or assembly has."""
    parts = []
    for part in value.parts:
        text = f"'{part.root.label}' of {part.root.size}"
        if part is not part.root:
            text = f"{_array(part.indices())} of {text}"
        parts.append(text)
    return " + ".join(parts)


def _function(value: Callable[..., Any]) -> str:
    """Return name and code of a function, and the numbers and texts that it finds outside."""
    name = getattr(value, "__qualname__", type(value).__name__)
    code = getattr(value, "__code__", None)
    if code is None:
        return name
    found = {key: value.__globals__.get(key) for key in code.co_names}
    for key, cell in zip(code.co_freevars, value.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # not set yet
            found[key] = cell.cell_contents
    plain = {key: x for key, x in found.items() if isinstance(x, bool | int | float | str)}
    outside = f" with {_mapping(plain)}" if plain else ""
    return f"{name} (code {_checksum(_code(code))}{outside})"


def _code(code: CodeType) -> bytes:
    constants = [_code(c) if isinstance(c, CodeType) else c for c in code.co_consts]
    texts = [describe(c) if isinstance(c, frozenset) else repr(c) for c in constants]
    return code.co_code + repr((texts, code.co_names)).encode()


def _checksum(data: Any) -> str:
    return blake2b(data, digest_size=4).hexdigest()


# the first that fits is taken
KINDS: list[tuple[Any, Callable[[Any], str]]] = [
    ((str, bytes, type(None)), repr),
    (common.IDMixin, lambda value: f"cell {int(value)}"),
    ((bool, int, float, complex, np.number, np.bool_), _number),
    (np.ndarray, _array),
    ((list, tuple, range), _items),
    (Mapping, _mapping),
    ((set, frozenset), _set),
    (type, _class),
    (PurePath, lambda value: repr(str(value))),
    (ArrayParameter, lambda value: f"Sequence({describe(value.value)})"),
    (LazyArray, _lazy),
    (ParameterSpace, _space),
    (pyNN.random.RandomDistribution, _distribution),
    (pyNN.random.AbstractRNG, _rng),
    (BaseModelType, _model),
    ((common.BasePopulation, common.Assembly), _cells),
    (common.Projection, lambda value: f"'{value.label}'"),
    ((Connector, BaseStructure, Shape, Space), _attributes),
]
