"""Python values as HDF5 attributes, and back."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from distsim.errors import ParameterError
from distsim.io import schema

_STORABLE_KINDS = "biufc"


def encode(values: Mapping[str, Any], owner: str, prefix: str = "") -> dict[str, Any]:
    """Return values as attributes that HDF5 can store.

    Numbers, text and arrays of numbers stay what they are; lists, dicts, None and the like become
    JSON, and the name of the attribute says so.

    Parameters
    ----------
    values : mapping of str to object
        What is to be stored.
    owner : str
        What the values belong to, for the message of an error.
    prefix : str, optional
        Put before each name.

    Returns
    -------
    dict of str to object
        Attribute names and values.

    Raises
    ------
    ParameterError
        If a name is no text, or a value is neither storable nor JSON.

    Examples
    --------
    >>> encode({"layer": 4, "axis": [0, 1]}, "population 'exc'", prefix="annotation.")
    {'annotation.layer': 4, 'json:annotation.axis': array(b'[0, 1]', dtype='|S6')}
    """
    attributes = {}
    for name, value in values.items():
        _check_name(name, owner)
        full = prefix + name
        if not _is_storable(value) or full.startswith(schema.JSON_MARK):
            full, value = schema.JSON_MARK + full, _to_json(name, value, owner)
        attributes[full] = fixed(value) if isinstance(value, str) else value
    return attributes


def fixed(text: str) -> NDArray[np.bytes_]:
    """Return a text as an attribute of fixed length, which HDF5 keeps where its checksums are."""
    data = text.encode("utf-8")
    return np.array(data, h5py.string_dtype("utf-8", max(len(data), 1)))


def decode(attributes: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the values that `encode` made attributes of.

    Parameters
    ----------
    attributes : mapping of str to object
        Attributes of an HDF5 object.
    prefix : str, optional
        Only names with this prefix are taken; it is removed.

    Returns
    -------
    dict of str to object
        The values. Tuples have become lists, numpy scalars Python's numbers.

    Examples
    --------
    >>> decode({"annotation.layer": 4, "json:annotation.axis": "[0, 1]"}, prefix="annotation.")
    {'layer': 4, 'axis': [0, 1]}
    """
    values = {}
    for name, stored in attributes.items():
        is_json = name.startswith(schema.JSON_MARK)
        full = name.removeprefix(schema.JSON_MARK)
        if full.startswith(prefix):
            values[full.removeprefix(prefix)] = json.loads(stored) if is_json else _plain(stored)
    return values


def without(
    values: Mapping[str, Any], names: Iterable[str], prefixes: tuple[str, ...]
) -> dict[str, Any]:
    """Return the values whose name is not listed and has none of the prefixes.

    Parameters
    ----------
    values : mapping of str to object
        Decoded attributes.
    names : iterable of str
        Names to leave out.
    prefixes : tuple of str
        Names that begin so are left out too.

    Returns
    -------
    dict of str to object
        The rest.

    Examples
    --------
    >>> without({"magic": 1, "segment.index": 0, "dt": 0.1}, ["magic"], ("segment.",))
    {'dt': 0.1}
    """
    left_out = set(names)
    return {
        name: value
        for name, value in values.items()
        if name not in left_out and not name.startswith(prefixes)
    }


def joined(annotations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return annotations of several things as those of all together.

    Parameters
    ----------
    annotations : sequence of mapping of str to object

    Returns
    -------
    dict of str to object
        One value for each name where all agree, else the list of the values.

    Examples
    --------
    >>> joined([{"layer": 4, "region": "V1"}, {"layer": 4, "region": "V2", "side": "left"}])
    {'layer': 4, 'region': ['V1', 'V2'], 'side': [None, 'left']}
    """
    names = dict.fromkeys(name for values in annotations for name in values)
    together = {}
    for name in names:
        values = [single.get(name) for single in annotations]
        agree = all(_are_equal(values[0], value) for value in values[1:])
        together[name] = values[0] if agree else values
    return together


def _is_storable(value: Any) -> bool:
    """Return whether HDF5 holds the value and gives it back as it was."""
    if isinstance(value, str):
        return "\0" not in value and _is_unicode(value)
    if isinstance(value, bool | float | complex):
        return True
    if isinstance(value, int):
        return -(2**63) <= value < 2**64
    # subclasses of ndarray, a Quantity for instance, would lose what they add
    return (isinstance(value, np.generic) or type(value) is np.ndarray) and _is_numeric(value)


def _is_numeric(value: Any) -> bool:
    """Return whether an array or numpy scalar is made of plain numbers."""
    return value.dtype.kind in _STORABLE_KINDS and value.dtype.itemsize <= 16


def _is_unicode(text: str) -> bool:
    """Return whether the text has no unpaired surrogates."""
    return not any(0xD800 <= ord(character) <= 0xDFFF for character in text)


def _to_json(name: str, value: Any, owner: str) -> str:
    """Return a value as JSON, or raise."""
    try:
        return json.dumps(value)
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"'{name}' of {owner} is of type {type(value).__name__} and cannot be stored "
            f"({error}); "
            "allowed are numbers, text, arrays of numbers, and lists and dicts of these; "
            "convert or remove it",
            name=name,
            value=value,
        ) from error


def _check_name(name: Any, owner: str) -> None:
    """Raise unless HDF5 can name an attribute so."""
    if not isinstance(name, str) or not name or "\0" in name or not _is_unicode(name):
        raise ParameterError(
            f"{owner} has a value named {name!r}; names are text; rename it", name=name
        )


def _plain(value: Any) -> Any:
    """Return text, a numpy scalar as Python's number, anything else as it is."""
    if isinstance(value, bytes):
        return value.decode("utf-8")
    return value.item() if isinstance(value, np.generic) else value


def _are_equal(first: Any, second: Any) -> bool:
    """Return whether two annotations are equal, arrays included."""
    if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
        return type(first) is type(second) and np.array_equal(first, second)
    try:
        return bool(first == second)
    except ValueError:  # arrays within lists
        return False
