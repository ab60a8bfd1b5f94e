"""Arrays joined over all ranks."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["gather"]

# what one call of `gather` to MPI moves at most
GATHER_BYTES = 2**30


def gather(comm: "MPI.Intracomm", array: NDArray[Any], root: int | None = None) -> NDArray[Any]:
    """Return an array joined over all ranks, in rank order; every rank must call it.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm
    array : ndarray
        Of any numeric type, which must be the same on all ranks. It is joined along its first
        axis; the other axes must be the same on all ranks.
    root : int, optional
        The only rank that is given the joined array; default: every rank is.

    Returns
    -------
    ndarray
        The joined array; on the other ranks, and where there is only one, the array itself.
    """
    mine = np.ascontiguousarray(array)
    counts = np.empty(comm.Get_size(), np.int64)
    if counts.size == 1:
        return mine
    comm.Allgather(np.array([mine.shape[0]], np.int64), counts)
    # as bytes, so that every type can be sent, bool and uint64 too
    ends = np.cumsum(counts) * int(np.prod(mine.shape[1:])) * mine.itemsize
    rank = comm.Get_rank()
    if root is not None and rank != root:
        joined, receive = mine, None
    else:
        joined = np.empty((int(counts.sum()), *mine.shape[1:]), mine.dtype)
        receive = _bytes(joined)
    send, begins = _bytes(mine), ends - np.diff(ends, prepend=0)
    # a call of MPI takes less than 2 GiB, counted from the beginning of what it receives
    for first in range(0, int(ends[-1]), GATHER_BYTES):
        low, high = (
            np.clip(bounds, first, first + GATHER_BYTES) - first for bounds in (begins, ends)
        )
        piece = send[slice(*(np.array([low[rank], high[rank]]) + first - begins[rank]))]
        window = None if receive is None else receive[first : first + GATHER_BYTES]
        target = None if window is None else (window, high - low)
        if root is None:
            comm.Allgatherv(piece, target)
        else:
            comm.Gatherv(piece, target, root)
    return joined


def _bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    return array.reshape(-1).view(np.uint8)
