"""Asking the processor for memory before it is needed."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

__all__ = ["prefetch"]


def _prefetch(typing_context, array, index):
    """Ask for the cache line of ``array.flat[index]``, to be read, and do not wait for it.

    Parameters
    ----------
    array : ndarray
        Of one dimension, or contiguous.
    index : int
    """

    def generate(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), ir.IntType(8).as_pointer())
        integer = ir.IntType(32)
        name = "llvm.prefetch.p0"
        function = builder.module.globals.get(name)
        if function is None:
            kind = ir.FunctionType(ir.VoidType(), [address.type, integer, integer, integer])
            function = ir.Function(builder.module, kind, name)
        # to read, keep in all levels, data
        builder.call(function, [address, integer(0), integer(3), integer(1)])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


# numba gives the context itself, which a type checker does not know
prefetch: Any = intrinsic(_prefetch)
