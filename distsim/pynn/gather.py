"""Gathering arrays that are spread over the ranks, by buffer calls, onto every rank."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.pynn.simulator import state

__all__ = ["gather_arrays", "gather_sequences"]


def gather_arrays(*arrays: NDArray[Any]) -> list[NDArray[Any]]:
    """Return arrays joined over all ranks, in rank order; every rank must call it.

    Parameters
    ----------
    *arrays : ndarray
        Of any numeric type, which must be the same on all ranks. They are joined along their
        first axis; the other axes must be the same on all ranks.

    Returns
    -------
    list of ndarray
        The joined arrays, on every rank.
    """
    return [_gather(array) for array in arrays]


def _gather(array: NDArray[Any]) -> NDArray[Any]:
    comm = state.simulation.comm
    mine = np.ascontiguousarray(array)
    counts = np.empty(comm.Get_size(), np.int64)
    comm.Allgather(np.array([mine.shape[0]], np.int64), counts)
    joined = np.empty((int(counts.sum()), *mine.shape[1:]), mine.dtype)
    n_values = int(np.prod(mine.shape[1:]))
    if joined.size:
        # as bytes, so that every type can be sent, bool and uint64 too
        n_bytes = counts * n_values * mine.itemsize
        send, receive = _bytes(mine), _bytes(joined)
        comm.Allgatherv(send, (receive, n_bytes))
    return joined


def _bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    return array.reshape(-1).view(np.uint8)


def gather_sequences(
    positions: NDArray[np.int64], sequences: Sequence[NDArray[np.float64]]
) -> list[NDArray[np.float64]]:
    """Return sequences of different lengths of all ranks, ordered by position, on every rank.

    Parameters
    ----------
    positions : ndarray of int64, shape (n,)
    sequences : sequence of n ndarrays of float64
    """
    counts = np.array([np.size(sequence) for sequence in sequences], np.int64)
    flat = np.concatenate([np.zeros(0), *(np.asarray(s, np.float64) for s in sequences)])
    positions, counts, flat = gather_arrays(positions, counts, flat)
    each = np.split(flat, np.cumsum(counts)[:-1])
    return [each[k] for k in np.argsort(positions)]
