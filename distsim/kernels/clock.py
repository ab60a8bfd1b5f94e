"""The time, as compiled code reads it."""

import time
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["nanoseconds"]


def _nanoseconds(typing_context):
    """Return the time since some fixed moment [ns]; the C library takes some 50 ns for it."""

    def generate(context, builder, signature, arguments):
        word = ir.IntType(64)
        # seconds and nanoseconds
        place = cgutils.alloca_once(builder, word, size=2)
        kind = ir.FunctionType(ir.IntType(32), [ir.IntType(32), place.type])
        function = cgutils.get_or_insert_function(builder.module, kind, "clock_gettime")
        builder.call(function, [ir.IntType(32)(time.CLOCK_MONOTONIC), place])
        seconds, rest = (builder.load(builder.gep(place, [word(k)])) for k in range(2))
        return builder.add(builder.mul(seconds, word(10**9)), rest)

    return types.int64(), generate


# numba gives the context itself, which a type checker does not know
nanoseconds: Any = intrinsic(_nanoseconds)
