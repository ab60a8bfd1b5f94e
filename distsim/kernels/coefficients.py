"""Coefficients of a model: one array each, or one number where all cells are alike.

The compiler makes two versions of each kernel, one for arrays and one for numbers; their arithmetic
is the same, so that a cell's result does not depend on which one runs.
"""

from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

__all__ = ["at", "at_row", "merged", "set_drive"]


def at(value, i):
    """Return the coefficient of cell i, in compiled code."""
    return value if np.ndim(value) == 0 else value[i]


@overload(at, inline="always")
def _at(value, i):
    if isinstance(value, types.Array):
        return lambda value, i: value[i]
    return lambda value, i: value


def at_row(values, k, i):
    """Return the coefficient k of cell i, in compiled code: of all cells, or of each."""
    return values[k] if np.ndim(values) == 1 else values[k, i]


@overload(at_row, inline="always")
def _at_row(values, k, i):
    if values.ndim == 1:
        return lambda values, k, i: values[k]
    return lambda values, k, i: values[k, i]


def set_drive(coefficients, lid, value):
    """Set the injected current [nA] of one cell, in compiled code.

    Coefficients that are numbers have none: cells with currents of their own are not alike.
    """
    coefficients.drive[lid] = coefficients.drive_rest[lid] + coefficients.drive_gain[lid] * value


@overload(set_drive)
def _set_drive(coefficients, lid, value):
    drive = coefficients.types[coefficients.fields.index("drive")]
    if isinstance(drive, types.Array):

        def set_element(coefficients, lid, value):
            coefficients.drive[lid] = (
                coefficients.drive_rest[lid] + coefficients.drive_gain[lid] * value
            )

        return set_element
    return lambda coefficients, lid, value: None


def merged(coefficients: Any) -> Any:
    """Return the coefficients of one cell as numbers of 64 bits.

    Parameters
    ----------
    coefficients : NamedTuple of arrays of shape (1,)
        Or of NamedTuples of arrays of shape (n, 1), which get shape (n,).
    """
    return coefficients._make(_of_one_cell(value) for value in coefficients)


def _of_one_cell(value: Any) -> Any:
    if hasattr(value, "_make"):
        return value._make(x[:, 0].copy() if _is_column(x) else x for x in value)
    return value[0].item() if isinstance(value, np.ndarray) else value


def _is_column(value: Any) -> bool:
    return bool(value.ndim == 2 and value.shape[1] == 1)
