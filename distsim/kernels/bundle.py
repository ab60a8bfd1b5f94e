"""All that `advance` takes of one group, in one compiled object.

Handing some eighty arrays from Python to a kernel takes longer than a small network's epoch; a
bundle is handed over as one pointer.
"""

from typing import Any

from numba import njit, types
from numba.experimental import structref

from distsim.kernels.delivery import enqueue_spikes
from distsim.kernels.epoch import advance
from distsim.kernels.poisson import enqueue_poisson
from distsim.partitioning.streams import Stream

__all__ = ["Bundle", "advance_bundle", "bundle"]

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
    """The arguments of `advance` from `cells` on; made by `bundle`."""

    def __new__(cls, *fields: Any) -> "Bundle":
        """Return a bundle."""
        return bundle(*fields)


structref.define_proxy(Bundle, BundleType, FIELDS)


@njit(cache=True)
def bundle(cells, coefficients, connectome, queues, poisson, drives, currents, probes, log):
    """Return the arguments as one object, which keeps their arrays alive.

    Parameters are those of `advance`, and a `PoissonInput`.
    """
    return Bundle(cells, coefficients, connectome, queues, poisson, drives, currents, probes, log)


@njit(cache=True, nogil=True)
def advance_bundle(first, n_steps, keys, group):
    """Queue spikes, then make the steps ``first + 1`` to ``first + n_steps`` of one model group.

    Poisson spikes of these steps are drawn and queued first; `PoissonInput.position` says how far.

    Parameters
    ----------
    first, n_steps : int
    keys : ndarray of int64
        Spikes up to the present step; see `enqueue_spikes`.
    group : Bundle

    Returns
    -------
    tuple of 3 int
        Number of spikes queued; if not all, or if Poisson spikes are left, a queue needs room and
        no step was made. Steps made and synaptic events, as from `advance`.
    """
    n_queued = enqueue_spikes(group.queues[0], group.connectome, keys, 0)
    if n_queued < keys.size:
        return n_queued, 0, 0
    poisson = group.poisson
    if poisson.position[0] <= first:
        poisson.position[0], poisson.position[1] = first + 1, 0
    stream = Stream(poisson.stream[0], poisson.stream[1], poisson.stream[2])
    if not enqueue_poisson(
        poisson.position,
        first + n_steps,
        stream,
        poisson.sources,
        poisson.tables,
        group.queues[1],
        group.connectome,
    ):
        return n_queued, 0, 0
    n_made, n_events = advance(
        first,
        n_steps,
        group.cells,
        group.coefficients,
        group.connectome,
        group.queues,
        group.drives,
        group.currents,
        group.probes,
        group.log,
    )
    return n_queued, n_made, n_events
