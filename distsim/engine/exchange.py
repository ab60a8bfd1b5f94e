"""Exchange between ranks: the epoch's spikes, and values that only a cell's owner has."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["SpikeExchange", "fetch"]

# spikes up to which sorting by insertion is the fastest; pieces are mostly sorted
MAX_INSERTED = 128


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
        self._joined = np.zeros(self.n_ranks * capacity, np.int64)

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
        _pack(keys, self._send)
        self.comm.Allgather(self._send, self._recv)
        self.n_messages += 1
        self.n_bytes += self._send.nbytes
        n = _join(self._recv, self._joined)
        if n >= 0:
            everything = self._joined[:n].copy()
        else:
            counts = self._recv[:, 0].copy()
            everything = self._exchange_all(keys, counts)
            self._resize(2 * int(counts.max()))
        if n < 0 or n > MAX_INSERTED:
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
def _pack(keys, message):
    """Write the number of spikes and as many of them as fit."""
    message[0] = keys.size
    for k in range(min(keys.size, message.size - 1)):
        message[1 + k] = keys[k]


@njit(cache=True)
def _join(messages, everything):
    """Write the spikes of all messages, sorted if they are few; return their number, or -1.

    -1 stands for a message in which there was no room for all.
    """
    n = 0
    for rank in range(messages.shape[0]):
        if messages[rank, 0] > messages.shape[1] - 1:
            return -1
        for k in range(messages[rank, 0]):
            everything[n] = messages[rank, 1 + k]
            n += 1
    if n <= MAX_INSERTED:
        for k in range(1, n):
            key, place = everything[k], k
            while place > 0 and everything[place - 1] > key:
                everything[place] = everything[place - 1]
                place -= 1
            everything[place] = key
    return n


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
