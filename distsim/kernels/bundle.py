"""All that `advance` takes of one group in one structure, and a call that is alike for all."""

from typing import Any

from numba import njit, types
from numba.experimental import structref

from distsim.kernels.by_address import caller
from distsim.kernels.delivery import enqueue_most
from distsim.kernels.epoch import advance, ask_plastic
from distsim.kernels.options import KERNEL
from distsim.kernels.plastic import QUEUE, RESTART
from distsim.kernels.renewal import queue_drawn

__all__ = ["ARGUMENTS", "Bundle", "advance_bundle", "advance_bundle_at", "bundle"]

FIELDS = [
    "cells",
    "coefficients",
    "connectome",
    "queues",
    "poisson",
    "drives",
    "currents",
    "probes",
    "plastic",
    "coupling",
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
def bundle(*parts):
    """Return the parts, those of `FIELDS`, as one object, which keeps their arrays alive."""
    return Bundle(*parts)


@njit(**KERNEL)
def advance_bundle(first, n_steps, keys, n_queued, group):
    """Queue spikes, then make the steps ``first + 1`` to ``first + n_steps`` of one model group.

    Spikes of drawn sources in these steps are queued first; `PoissonInput.position` says how far.

    Parameters
    ----------
    first, n_steps : int
    keys : ndarray of int64
        Spikes up to the present step; see `enqueue_most`.
    n_queued : int
        How many of them are in the queue already.
    group : BundlePointer

    Returns
    -------
    tuple of 3 int
        How many spikes are in the queue now; if not all, or if drawn spikes are left, a queue
        needs room and no step was made. Steps made and synaptic events, as from `advance`.
    """
    plastic = group.plastic.entries.shape[0] > 0
    if n_queued < keys.size:
        n_queued = enqueue_most(group.queues[0], group.connectome, keys, n_queued)
        if n_queued < keys.size:
            return n_queued, 0, 0
        if plastic:
            ask_plastic(RESTART, 0, 0, keys, group)
    if (group.poisson.sources.gid.size + group.poisson.renewals.gid.size > 0) and not queue_drawn(
        first, n_steps, group.poisson, group.queues[1], group.connectome
    ):
        return n_queued, 0, 0
    if plastic:
        n_sets = group.plastic.entries.shape[0]
        if ask_plastic(QUEUE, first, n_steps, keys, group) < n_sets:
            return n_queued, 0, 0
    n_made, n_events = advance(first, n_steps, group)
    return n_queued, n_made, n_events


# beside the group
ARGUMENTS = (types.int64, types.int64, types.int64[::1], types.int64)
RESULT = types.UniTuple(types.int64, 3)


# ``advance_bundle_at(function, place, first, n_steps, keys, n_queued)`` is `advance_bundle`
advance_bundle_at: Any = caller(ARGUMENTS, RESULT)
