"""What a function is made of: its checksum, what it finds outside, and copies that keep it."""

from types import FunctionType

import numpy as np
import pytest
from numba import njit

from distsim.models.functions import checksum, compiled, found_outside, written_names

SCALE = 2.0
TABLE = np.arange(3.0)


def helper(x, more=0.5):
    return SCALE * x + more


def root(x):
    inner = lambda y: y * TABLE[1]  # noqa: E731 - what a user may write
    return helper(x) + np.sqrt(x) + inner(x)


def copy_of(function, code=None, defaults=None, **scope):
    """Return a function that finds other things outside, or has another code."""
    scope = function.__globals__ | scope
    return FunctionType(code or function.__code__, scope, "copy", defaults or function.__defaults__)


def test_what_a_function_finds_outside_is_named_as_it_is_written():
    found = found_outside(root)
    assert set(found) == {"helper", "np", "np.sqrt", "TABLE"}
    assert found["np.sqrt"] is np.sqrt


@pytest.mark.parametrize(
    "changed",
    [
        copy_of(root, TABLE=np.array([0.0, 1.0, 3.0])),
        copy_of(root, helper=copy_of(helper, SCALE=3.0)),
        copy_of(root, helper=copy_of(helper, SCALE=2)),
        copy_of(root, helper=copy_of(helper, defaults=(0.25,))),
        copy_of(root, helper=lambda x: 2.0 * x),
        copy_of(root, helper=njit(helper)),
        copy_of(root, helper=njit(fastmath=True)(helper)),
    ],
)
def test_a_change_of_anything_that_it_uses_changes_its_checksum(changed):
    assert checksum(changed) != checksum(root)
    assert checksum(copy_of(root)) == checksum(root)


def test_place_and_name_do_not_matter_to_the_checksum():
    code = root.__code__.replace(co_firstlineno=1000, co_filename="elsewhere.py")
    assert checksum(copy_of(root, code)) == checksum(root)


def test_functions_that_call_themselves_have_a_checksum_and_are_compiled():
    def factorial(n):
        return 1.0 if n <= 1.0 else n * factorial(n - 1.0)

    assert checksum(factorial) == checksum(factorial)
    assert compiled(factorial)(4.0) == 24.0


def test_what_is_compiled_is_what_there_was_when_it_was_made():
    def make():
        factor = 2.0

        def times(x):
            return factor * x

        def change(value):
            nonlocal factor
            factor = value

        return times, change

    times, change = make()
    kept = compiled(times)
    change(3.0)
    assert times(1.0) == 3.0
    assert kept(1.0) == 2.0
    assert compiled(times)(1.0) == 3.0


def test_helpers_divide_as_numpy_does():
    def ratio(x):
        return 1.0 / x

    def call(x):
        return ratio(x)

    assert compiled(call)(0.0) == np.inf


def test_what_is_written_is_found_in_every_form():
    def writes(a, b, c, d):
        a = 1.0
        b += a
        for c in range(3):
            b += c
        x, d = c, a
        if (y := x) > 0.0:
            del y
        return a + b + c + d

    assert set(written_names(writes)) == {"a", "b", "c", "d", "x", "y"}
    first = writes.__code__.co_firstlineno
    assert written_names(writes)["b"] == first + 2


def test_functions_of_libraries_are_known_by_their_names():
    assert checksum(np.clip) == checksum(np.clip)
    assert checksum(np.exp) != checksum(np.expm1)
