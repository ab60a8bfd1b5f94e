"""Structures as compiled code reads them by their address."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from numba import njit, typeof, types

from distsim.kernels.by_address import NOTHING, Addressed, caller, words_of
from distsim.kernels.options import KERNEL


class Inner(NamedTuple):
    """A structure within another."""

    table: Any
    factor: float


class Outer(NamedTuple):
    """One of each kind of field."""

    number: int
    pair: tuple
    inner: Inner
    flags: Any
    part: Any


ARGUMENTS = (types.int64,)
call: Any = caller(ARGUMENTS, types.float64)


@njit(**KERNEL)
def total(k, outer):
    """Return a sum over all fields, and count in one of them."""
    outer.flags[k] = True
    found = outer.number + outer.inner.factor * outer.inner.table[k, 1]
    for i in range(2):
        found += outer.pair[i].sum()
    return found + outer.part[k]


@njit
def call_total(entry, k):
    return call(entry[0], entry[1], k)


def make(dtype):
    whole = np.arange(12.0)
    return (
        3,
        (np.arange(4), np.arange(5, 7)),
        Inner(np.arange(8.0).reshape(4, 2), 0.5),
        np.zeros(4, np.bool_),
        whole[1::3].astype(dtype) if dtype is not np.float64 else whole[1::3],
    )


@pytest.mark.parametrize("dtype", [np.float64, np.uint16])
def test_compiled_code_reads_and_writes_all_fields(dtype):
    parts, addressed = make(dtype), Addressed()
    entry = addressed.entry(Outer, parts, total, ARGUMENTS)
    for k in range(4):
        expected = 3 + 0.5 * parts[2].table[k, 1] + 6 + 11 + parts[4][k]
        assert call_total(np.array(entry), k) == expected
        assert parts[3].tolist() == [i <= k for i in range(4)]


def test_a_structure_is_made_anew_where_a_part_is_another_object():
    parts, addressed = make(np.float64), Addressed()
    first = addressed.entry(Outer, parts, total, ARGUMENTS)
    assert addressed.entry(Outer, parts, total, ARGUMENTS) == first != NOTHING
    other = (4, *parts[1:])
    second = addressed.entry(Outer, other, total, ARGUMENTS)
    assert second[0] == first[0]
    assert call_total(np.array(second), 0) == 4 + 0.5 + 17 + 1.0
    # another function of the same structure
    third = addressed.entry(
        Outer, other, njit(**{**KERNEL, "cache": False})(total.py_func), ARGUMENTS
    )
    assert third[0] != second[0]
    assert third[1] == second[1]


@pytest.mark.parametrize("value", [np.float32(1.0), True, None])
def test_what_is_not_64_bits_wide_has_no_place(value):
    structure = Inner(np.zeros(1), value)
    with pytest.raises(TypeError, match="has no place in a structure"):
        words_of(structure, typeof(structure))
