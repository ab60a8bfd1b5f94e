"""Where each connection of a projection goes among synapses that lie row by row, run by run."""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.compiled import KEPT
from distsim.kernels.prefetch import prefetch

__all__ = ["Places", "place_connections", "put", "take"]

# connections ahead of the present one whose places are fetched
AHEAD = 12


class Places(NamedTuple):
    """The synapses of one pathway onto one group, as far as they have their places.

    Attributes
    ----------
    row_of : ndarray of int32
        Row of each possible source.
    offset : int
        Of its place in `row_of` to its gid.
    n_delays : int
        Run (row, delay) has place ``row * n_delays + delay`` in `free`, or, if 0, that of its key.
    keys : ndarray of int64, shape (n_runs,)
        ``row << 16 | delay`` of each run, ascending.
    free : ndarray of uint32
        Next free place of each run; in place.
    target : ndarray of uint16 or uint32, shape (n_synapses,)
        Counted from `first_lid` on; in place.
    order : ndarray of uint32, shape (n_synapses,)
        Number of each synapse's connection; in place.
    first_lid : int
    """

    row_of: NDArray[np.int32]
    offset: int
    n_delays: int
    keys: NDArray[np.int64]
    free: NDArray[np.uint32]
    target: NDArray[Any]
    order: NDArray[np.uint32]
    first_lid: int


@njit(**KEPT, nogil=True)
def place_connections(places, n_placed, gids, steps, positions, lids):
    """Give some connections the next places of their runs.

    Parameters
    ----------
    places : Places
        Updated in place.
    n_placed : int
        Connections that have places already.
    gids : ndarray of int64, shape (n,)
        Sources.
    steps : ndarray of uint16, shape (n,)
        Delays.
    positions : ndarray of int64, shape (n,)
        Places of the targets in `lids`.
    lids : ndarray of int64
        Local indices, negative for cells of another group.

    Returns
    -------
    int
        Connections that have places now.
    """
    row_of, keys, free, offset = places.row_of, places.keys, places.free, places.offset
    target, order, n_delays = places.target, places.order, places.n_delays
    for k in range(gids.size):
        if n_delays > 0 and k + AHEAD < gids.size:
            later = np.int64(row_of[gids[k + AHEAD] + offset])
            prefetch(free, later * n_delays + np.int64(steps[k + AHEAD]))
        lid = lids[positions[k]]
        if lid < 0:
            continue
        row, delay = np.int64(row_of[gids[k] + offset]), np.int64(steps[k])
        key = row << 16 | delay
        run = row * n_delays + delay if n_delays > 0 else np.searchsorted(keys, key)
        place = free[run]
        free[run] = place + np.uint32(1)
        target[place] = lid - places.first_lid
        order[place] = n_placed
        n_placed += 1
    return n_placed


@njit(**KEPT, nogil=True)
def take(order, values, taken):
    """Write ``values[order]`` into an array, without a copy of the order."""
    for k in range(order.size):
        taken[k] = values[order[k]]


@njit(**KEPT, nogil=True)
def put(order, values, filled):
    """Write values to ``filled[order]``, without a copy of the order."""
    for k in range(order.size):
        filled[order[k]] = values[k]
