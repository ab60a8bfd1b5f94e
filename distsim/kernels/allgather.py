"""An MPI collective called by compiled code, without Python in between."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

__all__ = ["allgather"]


def _allgather(typing_context, function, send, data, count, kind, comm):
    """Call MPI_Allgather with all that it takes; each rank's message stands already in `data`.

    Parameters
    ----------
    function : int
        Address of the library's MPI_Allgather.
    send : int
        The library's MPI_IN_PLACE.
    data : ndarray
        Messages of all ranks, one after another; in place.
    count : int
        Elements of one message.
    kind, comm : int
        Handles of the data type and of the communicator: addresses in some libraries, and 32-bit
        numbers in others. The first arguments of a C function are in registers, of which the callee
        looks at as many bits as it declares; the seventh is read from a little-endian stack alike.

    Returns
    -------
    int
        MPI's error code; 0 is success.
    """

    def generate(context, builder, signature, arguments):
        address, send_value, array, n, kind_value, comm_value = arguments
        buffer = context.make_array(signature.args[2])(context, builder, array).data
        word, number, pointer = ir.IntType(64), ir.IntType(32), ir.IntType(8).as_pointer()
        # send buffer, count and type; receive buffer, count and type; communicator
        kinds = [pointer, number, word, pointer, number, word, word]
        called = builder.inttoptr(address, ir.FunctionType(number, kinds).as_pointer())
        n = builder.trunc(n, number)
        values = [
            builder.inttoptr(send_value, pointer),
            n,
            kind_value,
            builder.bitcast(buffer, pointer),
            n,
            kind_value,
            comm_value,
        ]
        return builder.sext(builder.call(called, values), word)

    integers = [types.int64] * 6
    integers[2] = data
    return types.int64(*integers), generate


# numba gives the context itself, which a type checker does not know
allgather: Any = intrinsic(_allgather)
