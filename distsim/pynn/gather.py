"""Gathering arrays that are spread over the ranks, by buffer calls, onto every rank."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.comm import gather
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
    return [gather(state.simulation.comm, array) for array in arrays]


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
