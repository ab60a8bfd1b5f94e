"""Structures that compiled code reads by their address, and functions that it calls by theirs.

Handing some eighty arrays from Python to a kernel takes longer than a small network's epoch; a
structure is handed over as one address. A function is compiled for each kind of structure, and is
called by its own address, so that what calls it is compiled only once, whatever the kinds are.
"""

from collections.abc import Callable, Sequence
from operator import is_not
from typing import Any

from numba import typeof, types
from numba.core import cgutils
from numba.core.datamodel.models import OpaqueModel
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, register_model

__all__ = ["Addressed", "Pointer", "address_of", "caller"]


class Pointer(types.Type):
    """The compiler's type of the address of a structure's fields.

    A field is read where it is named, and no reference to it is counted: somebody else must keep
    the structure.
    """

    def __init__(self, pointed: types.StructRef) -> None:
        self.pointed = pointed
        super().__init__(name=f"Pointer({pointed})")


register_model(Pointer)(OpaqueModel)


@infer_getattr
class _FieldTypes(AttributeTemplate):
    key = Pointer

    def generic_resolve(self, pointer, name):  # type: ignore[override]
        return pointer.pointed.field_dict.get(name)


@lower_getattr_generic(Pointer)
def _read_field(context, builder, pointer, value, name):
    fields = pointer.pointed.get_data_type()
    layout = context.data_model_manager[fields].get_value_type()
    place = builder.bitcast(value, layout.as_pointer())
    read = getattr(cgutils.create_struct_proxy(fields)(context, builder, ref=place), name)
    return impl_ret_borrowed(context, builder, pointer.pointed.field_dict[name], read)


def address_of(function: Any, arguments: Sequence[Any], structure: Any) -> tuple[int, int]:
    """Return what a function of `caller` takes for a structure; compiles the function if need be.

    Parameters
    ----------
    function : numba function
        Takes the arguments and then the structure.
    arguments : sequence of numba types
    structure : StructRefProxy

    Returns
    -------
    function, place : int
        Addresses of the function that is compiled for such a structure, and of its fields, which
        are there for as long as the structure is.
    """
    signature = (*arguments, Pointer(typeof(structure)))
    function.compile(signature)
    compiled = function.overloads[signature]
    address = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
    return address, structure._meminfo.data


class Addressed:
    """A structure that is made anew where some part of it is another object than before.

    Attributes
    ----------
    structure : StructRefProxy
        As it is now.
    """

    def __init__(self) -> None:
        self.structure: Any = None
        self._parts: tuple[Any, ...] = ()
        self._address = (0, 0)

    def address(
        self, make: Callable[..., Any], parts: tuple[Any, ...], function: Any, arguments: Any
    ) -> tuple[int, int]:
        """Return what a function of `caller` takes; see `address_of`.

        Valid until some part is another object, and as long as this one is.

        Parameters
        ----------
        make : callable
            Returns the structure of its parts.
        parts : tuple
        function : numba function
            The same for the same parts.
        arguments : sequence of numba types
        """
        if len(parts) != len(self._parts) or any(map(is_not, parts, self._parts)):
            self.structure, self._parts = make(*parts), parts
            self._address = address_of(function, arguments, self.structure)
        return self._address


def caller(arguments: Sequence[Any], result: Any) -> Any:
    """Return a function for compiled code: ``call(function, place, *arguments)``.

    Parameters
    ----------
    arguments : sequence of numba types
    result : numba type

    Returns
    -------
    numba intrinsic
        Takes what `address_of` returns, and then the arguments.
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
