"""All that `advance` takes of one group in one compiled object, and a call that is alike for all.

Handing some eighty arrays from Python to a kernel takes longer than a small network's epoch; a
bundle is handed over as one address. The kernel is compiled for each kind of bundle, and is called
by its own address, so that what calls it for one group after another is compiled only once.
"""

from typing import Any

from numba import njit, typeof, types
from numba.core import cgutils
from numba.core.datamodel.models import OpaqueModel
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing.templates import AttributeTemplate
from numba.experimental import structref
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, register_model

from distsim.kernels.delivery import enqueue_spikes
from distsim.kernels.epoch import advance
from distsim.kernels.options import KERNEL
from distsim.kernels.renewal import enqueue_drawn
from distsim.partitioning.streams import Stream

__all__ = ["Bundle", "advance_bundle", "advance_bundle_at", "bundle", "entry_of"]

FIELDS = [
    "cells",
    "coefficients",
    "connectome",
    "queues",
    "poisson",
    "drives",
    "currents",
    "probes",
    "log",
]


@structref.register
class BundleType(types.StructRef):
    """The compiler's type of a `Bundle`."""


class Bundle(structref.StructRefProxy):
    """What `advance` takes of a group, and a `PoissonInput`; made by `bundle`."""

    _meminfo: Any

    def __new__(cls, *fields: Any) -> "Bundle":
        """Return a bundle."""
        return bundle(*fields)


structref.define_proxy(Bundle, BundleType, FIELDS)


@njit(cache=True)
def bundle(cells, coefficients, connectome, queues, poisson, drives, currents, probes, log):
    """Return the parts as one object, which keeps their arrays alive."""
    return Bundle(cells, coefficients, connectome, queues, poisson, drives, currents, probes, log)


class BundlePointer(types.Type):
    """The compiler's type of the address of a bundle's fields.

    A field is read where it is named, and no reference to it is counted: somebody else must keep
    the bundle.
    """

    def __init__(self, pointed: BundleType) -> None:
        self.pointed = pointed
        super().__init__(name=f"BundlePointer({pointed})")


register_model(BundlePointer)(OpaqueModel)


@infer_getattr
class _FieldTypes(AttributeTemplate):
    key = BundlePointer

    def generic_resolve(self, pointer, name):  # type: ignore[override]
        return pointer.pointed.field_dict.get(name)


@lower_getattr_generic(BundlePointer)
def _read_field(context, builder, pointer, value, name):
    fields = pointer.pointed.get_data_type()
    layout = context.data_model_manager[fields].get_value_type()
    place = builder.bitcast(value, layout.as_pointer())
    read = getattr(cgutils.create_struct_proxy(fields)(context, builder, ref=place), name)
    return impl_ret_borrowed(context, builder, pointer.pointed.field_dict[name], read)


@njit(**KERNEL)
def advance_bundle(first, n_steps, keys, n_queued, group):
    """Queue spikes, then make the steps ``first + 1`` to ``first + n_steps`` of one model group.

    Spikes of drawn sources in these steps are queued first; `PoissonInput.position` says how far.

    Parameters
    ----------
    first, n_steps : int
    keys : ndarray of int64
        Spikes up to the present step; see `enqueue_spikes`.
    n_queued : int
        How many of them are in the queue already.
    group : BundlePointer

    Returns
    -------
    tuple of 3 int
        How many spikes are in the queue now; if not all, or if drawn spikes are left, a queue
        needs room and no step was made. Steps made and synaptic events, as from `advance`.
    """
    if n_queued < keys.size:
        n_queued = enqueue_spikes(group.queues[0], group.connectome, keys, n_queued)
        if n_queued < keys.size:
            return n_queued, 0, 0
    if (group.poisson.sources.gid.size + group.poisson.renewals.gid.size > 0) and not _queue_drawn(
        first, n_steps, group.poisson, group.queues[1], group.connectome
    ):
        return n_queued, 0, 0
    n_made, n_events = advance(first, n_steps, group)
    return n_queued, n_made, n_events


@njit(**KERNEL)
def _queue_drawn(first, n_steps, poisson, queue, connectome):
    """Queue the spikes of drawn sources in some steps; return whether there was room for all."""
    if poisson.position[0] <= first:
        poisson.position[0], poisson.position[1] = first + 1, 0
    stream = Stream(poisson.stream[0], poisson.stream[1], poisson.stream[2])
    return enqueue_drawn(
        poisson.position,
        first + n_steps,
        stream,
        poisson.sources,
        poisson.tables,
        poisson.renewals,
        queue,
        connectome,
    )


ARGUMENTS = (types.int64, types.int64, types.int64[::1], types.int64)
RESULT = types.UniTuple(types.int64, 3)


def entry_of(group: Bundle) -> tuple[int, int]:
    """Return what `advance_bundle_at` takes of a group; compiles `advance_bundle` if need be.

    Returns
    -------
    function, place : int
        Addresses of the function that is compiled for such a bundle, and of the bundle's fields,
        which are there for as long as the bundle is.
    """
    arguments = (*ARGUMENTS, BundlePointer(typeof(group)))
    advance_bundle.compile(arguments)
    compiled = advance_bundle.overloads[arguments]
    function = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
    return function, group._meminfo.data


def _advance_bundle_at(typing_context, function, place, first, n_steps, keys, n_queued):
    """Call `advance_bundle` by its address.

    Parameters
    ----------
    function, place : int
        See `entry_of`.
    first, n_steps, keys, n_queued
        As for `advance_bundle`.

    Returns
    -------
    tuple of 3 int
        As from `advance_bundle`.
    """
    # the compiler hands over an address in one way, whatever there is
    kinds = (*ARGUMENTS, types.voidptr)

    def generate(context, builder, signature, arguments):
        function_value, place_value, *others = arguments
        convention = context.call_conv
        kind = convention.get_function_type(RESULT, kinds)
        called = builder.inttoptr(function_value, kind.as_pointer())
        place_value = builder.inttoptr(place_value, context.get_value_type(types.voidptr))
        status, result = convention.call_function(
            builder, called, RESULT, kinds, [*others, place_value]
        )
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return result

    return RESULT(types.int64, types.int64, *ARGUMENTS), generate


# numba gives the context itself, which a type checker does not know
advance_bundle_at: Any = intrinsic(_advance_bundle_at)
