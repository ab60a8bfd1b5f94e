"""Exchange between ranks: the epoch's spikes, and values that only a cell's owner has."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["SpikeExchange", "fetch"]


class SpikeExchange:
    """Give every rank the spikes of all, in (step, gid) order, once per epoch.

    A message has a fixed size and begins with its count, so that one Allgather does. If some rank
    has more spikes than fit, all ranks see it in the counts, fetch the rest in a second collective
    and enlarge the message: nothing is lost.

    Parameters
    ----------
    comm : mpi4py communicator
    capacity : int
        Spikes per rank and message at the beginning.

    Attributes
    ----------
    n_bytes, n_messages : int
        Sent by this rank so far.
    """

    def __init__(self, comm: Any, capacity: int = 64) -> None:
        self.comm = comm
        self.n_ranks = comm.Get_size()
        self.n_bytes = 0
        self.n_messages = 0
        self._resize(capacity)

    def _resize(self, capacity: int) -> None:
        self.capacity = capacity
        self._send = np.zeros(1 + capacity, np.int64)
        self._recv = np.zeros((self.n_ranks, 1 + capacity), np.int64)

    def exchange(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the spikes of all ranks; every rank must call it.

        Parameters
        ----------
        keys : ndarray of int64, shape (n,)
            This rank's spikes, ``step << 32 | gid``.

        Returns
        -------
        ndarray of int64
            All spikes, sorted.
        """
        n_first = min(keys.size, self.capacity)
        self._send[0] = keys.size
        self._send[1 : 1 + n_first] = keys[:n_first]
        self.comm.Allgather(self._send, self._recv)
        self.n_messages += 1
        self.n_bytes += self._send.nbytes
        counts = self._recv[:, 0]
        largest = int(counts.max())
        if largest > self.capacity:
            everything = self._exchange_all(keys, counts.copy())
            self._resize(2 * largest)
        else:
            everything = _join(self._recv)
        everything.sort()
        return everything

    def _exchange_all(
        self, keys: NDArray[np.int64], counts: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return all spikes by a collective of variable size."""
        everything = np.empty(int(counts.sum()), np.int64)
        self.comm.Allgatherv(np.ascontiguousarray(keys), (everything, counts))
        self.n_messages += 1
        self.n_bytes += keys.nbytes
        return everything


@njit(cache=True)
def _join(messages):
    """Return the spikes of all messages one after another."""
    everything = np.empty(messages[:, 0].sum(), np.int64)
    n = 0
    for rank in range(messages.shape[0]):
        for k in range(messages[rank, 0]):
            everything[n] = messages[rank, 1 + k]
            n += 1
    return everything


def fetch(
    comm: Any,
    gids: NDArray[np.int64],
    owners: NDArray[np.int64],
    values_of: Callable[[NDArray[np.int64]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Return values of cells that other ranks own; every rank must call it.

    Parameters
    ----------
    comm : mpi4py communicator
    gids : ndarray of int64, shape (n,)
        Cells whose values this rank wants.
    owners : ndarray of int64, shape (n,)
        Ranks that own them.
    values_of : callable
        Returns the values, shape (n, n_values), of gids that this rank owns.

    Returns
    -------
    ndarray of float64, shape (n, n_values)
    """
    n_ranks = comm.Get_size()
    order = np.argsort(owners, kind="stable")
    n_wanted = np.bincount(owners, minlength=n_ranks).astype(np.int64)
    n_asked = np.empty_like(n_wanted)
    comm.Alltoall(n_wanted, n_asked)
    asked = np.empty(int(n_asked.sum()), np.int64)
    comm.Alltoallv((np.ascontiguousarray(gids[order]), n_wanted), (asked, n_asked))
    answers = np.ascontiguousarray(values_of(asked), np.float64)
    n_values = answers.shape[1]
    received = np.empty((gids.size, n_values))
    comm.Alltoallv((answers, n_asked * n_values), (received, n_wanted * n_values))
    values = np.empty_like(received)
    values[order] = received
    return values
