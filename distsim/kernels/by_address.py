"""Structures that compiled code reads by their address, and functions that it calls by theirs.

Handing some eighty arrays from Python to a kernel takes longer than a small network's epoch; a
structure is handed over as one address. A function is compiled for each kind of structure, and is
called by its own address, so that what calls it is compiled only once, whatever the kinds are, and
what no structure needs is not compiled at all.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from operator import is_not
from typing import Any, NamedTuple

import numpy as np
from numba import typeof, types
from numba.core import cgutils
from numba.core.datamodel.models import OpaqueModel
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, register_model
from numpy.typing import NDArray

__all__ = ["NOTHING", "Addressed", "Pointer", "address_of", "caller", "words_of"]

# in place of an address of a function and one of a structure
NOTHING = (0, 0)


class Pointer(types.Type):
    """The compiler's type of the address of a NamedTuple's fields, as `words_of` puts them.

    A field is read where it is named, and no reference to it is counted: somebody else must keep
    the arrays.
    """

    def __init__(self, pointed: types.BaseNamedTuple) -> None:
        self.pointed = pointed
        super().__init__(name=f"Pointer({pointed})")


register_model(Pointer)(OpaqueModel)


@infer_getattr
class _FieldTypes(AttributeTemplate):
    key = Pointer

    def generic_resolve(self, pointer, name):  # type: ignore[override]
        pointed = pointer.pointed
        return pointed.types[pointed.fields.index(name)] if name in pointed.fields else None


@lower_getattr_generic(Pointer)
def _read_field(context, builder, pointer, value, name):
    pointed = pointer.pointed
    k = pointed.fields.index(name)
    layout = context.get_value_type(pointed)
    place = cgutils.gep_inbounds(builder, builder.bitcast(value, layout.as_pointer()), 0, k)
    return impl_ret_borrowed(context, builder, pointed.types[k], builder.load(place))


def words_of(structure: Any, kind: types.BaseNamedTuple) -> NDArray[np.int64]:
    """Return a structure as compiled code reads it: all its fields, one after another.

    Parameters
    ----------
    structure : NamedTuple
        Of arrays, numbers of 64 bits, and tuples of these.
    kind : numba type
        Its own.

    Returns
    -------
    ndarray of int64
        Of each array its address, shape and strides; it does not keep the array.
    """
    return np.array(list(_words(structure, kind)), np.int64)


def _words(value: Any, kind: Any) -> Iterator[int]:
    is_tuple = isinstance(kind, types.BaseTuple)
    if is_tuple:
        for part, part_kind in zip(value, kind.types, strict=True):
            yield from _words(part, part_kind)
    elif isinstance(kind, types.Array):
        # as `numba.core.datamodel.models.ArrayModel` has them, without an owner
        yield from (0, 0, value.size, value.itemsize, value.ctypes.data)
        yield from value.shape
        yield from value.strides
    elif kind == types.float64:
        yield from struct.unpack("q", struct.pack("d", value))
    elif kind == types.int64:
        yield int(value)
    else:
        raise TypeError(f"{kind} has no place in a structure: {value!r}")


def address_of(function: Any, arguments: Sequence[Any], kind: types.BaseNamedTuple) -> int:
    """Return the address of a function as it is compiled for a structure; compile it if need be.

    Parameters
    ----------
    function : numba function
        Takes the arguments and then the structure.
    arguments : sequence of numba types
    kind : numba type
        The structure's.
    """
    signature = (*arguments, Pointer(kind))
    function.compile(signature)
    compiled = function.overloads[signature]
    address: int = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
    return address


class Addressed:
    """A structure that is made anew where some part of it is another object than before.

    Attributes
    ----------
    structure : NamedTuple
        As it is now.
    kind : numba type
        The structure's.
    place : int
        Address of its fields, which are there for as long as this object is.
    """

    def __init__(self) -> None:
        self.structure: Any = None
        self.kind: Any = None
        self.place = 0
        self._parts: tuple[Any, ...] = ()
        self._words: Any = None
        self._function: Any = None
        self._entry = NOTHING

    def entry(
        self, make: Callable[..., NamedTuple], parts: tuple[Any, ...], function: Any, arguments: Any
    ) -> tuple[int, int]:
        """Return what a function of `caller` takes: addresses of a function and of the structure.

        Valid until some part is another object, and as long as this one is.

        Parameters
        ----------
        make : type of NamedTuple
        parts : tuple
            Its fields.
        function : numba function
        arguments : sequence of numba types
        """
        if len(parts) != len(self._parts) or any(map(is_not, parts, self._parts)):
            self.structure, self._parts = make(*parts), parts
            self.kind = typeof(self.structure)
            self._words, self._function = words_of(self.structure, self.kind), None
            self.place = self._words.ctypes.data
        if self._function is not function:
            self._entry = address_of(function, arguments, self.kind), self.place
            self._function = function
        return self._entry


def caller(arguments: Sequence[Any], result: Any) -> Any:
    """Return a function for compiled code: ``call(function, place, *arguments)``.

    Parameters
    ----------
    arguments : sequence of numba types
    result : numba type

    Returns
    -------
    numba intrinsic
        Takes what `Addressed.entry` returns, and then the arguments.
    """
    # the compiler hands over an address in one way, whatever there is
    kinds = (*arguments, types.voidptr)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        function_value, place_value, *others = values
        convention = context.call_conv
        kind = convention.get_function_type(result, kinds)
        called = builder.inttoptr(function_value, kind.as_pointer())
        place_value = builder.inttoptr(place_value, context.get_value_type(types.voidptr))
        status, returned = convention.call_function(
            builder, called, result, kinds, [*others, place_value]
        )
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return returned

    names = ", ".join(f"x{k}" for k in range(len(arguments)))
    scope: dict[str, Any] = {
        "signature": result(types.int64, types.int64, *arguments),
        "generate": generate,
    }
    # an intrinsic has as many arguments as its function
    text = f"def call(typing_context, function, place, {names}):\n    return signature, generate\n"
    exec(text, scope)
    return intrinsic(scope["call"])
