"""All that `advance` takes of one group in one structure, and a call that is alike for all."""

from typing import Any, NamedTuple

import numpy as np
from numba import njit, typeof, types
from numpy.typing import NDArray

from distsim.kernels.arrays import Cells, Connectome, Probes, Queue, SpikeLog
from distsim.kernels.by_address import Pointer, caller
from distsim.kernels.delivery import enqueue_most
from distsim.kernels.epoch import advance, ask_part, ask_plastic
from distsim.kernels.options import KERNEL
from distsim.kernels.plastic import QUEUE, RESTART, Plastics
from distsim.kernels.rarer import DRAWN

__all__ = [
    "ARGUMENTS",
    "Bundle",
    "advance_bundle",
    "advance_bundle_at",
    "compile_queueing",
    "compile_steps",
]


class Bundle(NamedTuple):
    """What `advance` takes of a group.

    Attributes
    ----------
    cells : Cells
    coefficients : NamedTuple
        The model's, with the fields `drive`, `drive_rest` and `drive_gain`.
    connectome : Connectome
        Of the static synapses.
    queues : tuple of 2 Queue
        Rows of exchanged spikes, and of those that are drawn here.
    probes : Probes
    plastic : Plastics
    parts : ndarray of int64, shape (N_PARTS, 2)
        What the group has beside; see `distsim.kernels.rarer`. With junctions, a call makes one
        step.
    log : SpikeLog
        To which the group's spikes are appended.
    """

    cells: Cells
    coefficients: Any
    connectome: Connectome
    queues: tuple[Queue, Queue]
    probes: Probes
    plastic: Plastics
    parts: NDArray[np.int64]
    log: SpikeLog


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
    group : Bundle
        By its address.

    Returns
    -------
    tuple of 3 int
        How many spikes are in the queue now; if not all, or if drawn spikes are left, a queue
        needs room and no step was made. Steps made and synaptic events, as from `advance`.
    """
    has_plastic = group.plastic.entries.shape[0] > 0
    if n_queued < keys.size:
        n_queued = enqueue_most(group.queues[0], group.connectome, keys, n_queued)
        if n_queued < keys.size:
            return n_queued, 0, 0
        if has_plastic:
            ask_plastic(RESTART, first, n_steps, keys, group)
    if ask_part(DRAWN, first, n_steps, group.parts) == 0:
        return n_queued, 0, 0
    if has_plastic:
        n_sets = group.plastic.entries.shape[0]
        if ask_plastic(QUEUE, first, n_steps, keys, group) < n_sets:
            return n_queued, 0, 0
    n_made, n_events = advance(first, n_steps, group)
    return n_queued, n_made, n_events


def compile_steps(group: Bundle) -> None:
    """Compile, or load, what `advance_bundle` calls to make the steps of such a group."""
    advance.compile((types.int64, types.int64, Pointer(typeof(group))))


def compile_queueing(queue: Queue, connectome: Connectome) -> None:
    """Compile, or load, what `advance_bundle` calls to queue exchanged spikes for a group."""
    enqueue_most.compile((typeof(queue), typeof(connectome), types.int64[::1], types.int64))


# beside the group
ARGUMENTS = (types.int64, types.int64, types.int64[::1], types.int64)
RESULT = types.UniTuple(types.int64, 3)


# ``advance_bundle_at(function, place, first, n_steps, keys, n_queued)`` is `advance_bundle`
advance_bundle_at: Any = caller(ARGUMENTS, RESULT)
