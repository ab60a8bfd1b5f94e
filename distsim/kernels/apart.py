"""Elements of arrays that do not overlap, which the compiler is told.

A loop that writes several arrays is vectorised only if none overlaps another that it reads or
writes. The compiler looks at run time, and gives up where there are too many. Rows of a group's
state are apart, and apart from all other arrays.
"""

from collections.abc import Iterable
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

__all__ = ["beside", "load", "place", "store"]


def _scopes(builder: Any, rows: Iterable[int]) -> Any:
    """Return LLVM's list of the scopes of rows: accesses of different scopes do not overlap."""
    module = builder.module
    domain = module.add_metadata(["distsim rows"])
    return module.add_metadata([module.add_metadata([f"row {k}", domain]) for k in rows])


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, i_type: Any, i: Any) -> Any:
    """Return the address of an element, for an index that is not negative."""
    view = context.make_array(array_type)(context, builder, array)
    i = context.cast(builder, i, i_type, types.intp)
    return cgutils.get_item_pointer(context, builder, array_type, view, [i], wraparound=False)


def _tell(builder: Any, access: Any, row: int, n_rows: int) -> None:
    """Tell the compiler that a load or store of a row meets no other row."""
    access.set_metadata("alias.scope", _scopes(builder, range(row, row + 1)))
    others = [k for k in range(n_rows) if k != row]
    access.set_metadata("noalias", _scopes(builder, others))


@intrinsic(prefer_literal=True)
def load(typing_context, array, i, row, n_rows):
    """Return element i of the row of a state that has `n_rows`; both literal, in compiled code."""
    if not isinstance(row, types.IntegerLiteral):
        return None
    k, n = row.literal_value, n_rows.literal_value

    def generate(context, builder, signature, arguments):
        place = _pointer(context, builder, array, arguments[0], signature.args[1], arguments[1])
        value = builder.load(place)
        _tell(builder, value, k, n)
        return value

    return array.dtype(array, i, row, n_rows), generate


@intrinsic(prefer_literal=True)
def store(typing_context, array, i, value, row, n_rows):
    """Set element i of a row; see `load`."""
    if not isinstance(row, types.IntegerLiteral):
        return None
    k, n = row.literal_value, n_rows.literal_value

    def generate(context, builder, signature, arguments):
        place = _pointer(context, builder, array, arguments[0], signature.args[1], arguments[1])
        number = context.cast(builder, arguments[2], signature.args[2], array.dtype)
        _tell(builder, builder.store(number, place), k, n)
        return context.get_dummy_value()

    return types.void(array, i, value, row, n_rows), generate


@intrinsic(prefer_literal=True)
def _load_beside(typing_context, array, i, n_rows):
    if not isinstance(n_rows, types.IntegerLiteral):
        return None
    n = n_rows.literal_value

    def generate(context, builder, signature, arguments):
        place = _pointer(context, builder, array, arguments[0], signature.args[1], arguments[1])
        value = builder.load(place)
        value.set_metadata("noalias", _scopes(builder, range(n)))
        return value

    return array.dtype(array, i, n_rows), generate


def beside(value, i, n_rows):
    """Return element i of an array that is none of `n_rows` rows, or a number, in compiled code."""
    raise TypeError("for compiled code only")


@overload(beside, inline="always", prefer_literal=True)
def _beside(value, i, n_rows):
    if isinstance(value, types.Array):
        return lambda value, i, n_rows: _load_beside(value, i, n_rows)  # type: ignore[call-arg]
    return lambda value, i, n_rows: value


def place(where, i):
    """Return element i of an array; i itself, if `where` is a number; in compiled code."""
    raise TypeError("for compiled code only")


@overload(place, inline="always")
def _place(where, i):
    if isinstance(where, types.Array):
        return lambda where, i: where[i]
    return lambda where, i: i
