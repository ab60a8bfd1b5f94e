"""Coefficients of a model: one array each, or one number where all cells are alike.

The compiler makes two versions of each kernel, one for arrays and one for numbers; their arithmetic
is the same, so that a cell's result does not depend on which one runs.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

__all__ = ["at", "merged", "set_drive"]


def at(value, i):
    """Return the coefficient of cell i, in compiled code."""
    return value if np.ndim(value) == 0 else value[i]


@overload(at, inline="always")
def _at(value, i):
    if isinstance(value, types.Array):
        return lambda value, i: value[i]
    return lambda value, i: value


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


def merged(coefficients: Any) -> NamedTuple:
    """Return the coefficients of one cell as numbers.

    Parameters
    ----------
    coefficients : NamedTuple of arrays of shape (1,)
    """
    return coefficients._make(
        value[0] if isinstance(value, np.ndarray) else value for value in coefficients
    )
