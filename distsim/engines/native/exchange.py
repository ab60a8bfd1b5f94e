"""Exchange of the epoch's spikes between ranks."""

import ctypes
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from distsim.engines.native.messages import NO_SPIKES, PERIOD, Slots, Traffic
from distsim.kernels.arrays import Gathering
from distsim.kernels.messages import join, pack
from distsim.kernels.stretch import NOT_WHOLE

__all__ = ["NO_GATHERING", "Exchange", "SpikeExchange", "allgather_call"]

Integers = NDArray[np.int64]

# for compiled code that cannot exchange by itself
NO_GATHERING = Gathering(np.zeros(4, np.int64), np.zeros(2, np.int64), *[NO_SPIKES] * 4)


class Exchange(Protocol):
    """A way to give each rank the spikes for which it has targets, once per epoch.

    Attributes
    ----------
    name : str
        As `setup()` calls it.
    traffic : Traffic
        What this rank has sent.
    gathering : Gathering
        What compiled code needs to exchange by itself; with zeros for `call` where it cannot.
    n_until_smaller : int
        Exchanges after which messages may become smaller: the same on every rank.
    """

    name: str
    traffic: Traffic

    @property
    def gathering(self) -> Gathering: ...  # noqa: D102 - see Attributes

    @property
    def n_until_smaller(self) -> int: ...  # noqa: D102

    def exchange(self, keys: Integers) -> Integers:
        """Return the spikes for this rank, sorted; every rank must call it.

        Parameters
        ----------
        keys : ndarray of int64, shape (n,)
            This rank's spikes, ``step << 32 | gid``, in any order.

        Returns
        -------
        ndarray of int64
            All spikes of sources with targets on this rank, and perhaps others, sorted. It is the
            caller's own.
        """

    def complete(self, n_exchanges: int, n_arrived: int, keys: Integers) -> Integers:
        """Return the spikes for this rank after compiled code has exchanged; collective.

        Parameters
        ----------
        n_exchanges : int
            Begun since the last call, at most `n_until_smaller`.
        n_arrived : int
            Of the last one: see `Stretch`.
        keys : ndarray of int64, shape (n,)
            This rank's spikes of the last one, if `n_arrived` is negative.

        Returns
        -------
        ndarray of int64
            Sorted; the caller's own.
        """

    def compile(self) -> None:
        """Compile the kernels, or load them, without sending anything."""

    def free(self) -> None:
        """Give back what MPI holds for it; every rank must call it."""


class SpikeExchange:
    """Give every rank the spikes of all, by one Allgather of messages of one size.

    If some rank has more spikes than fit, all ranks see it in the counts, fetch everything in a
    second collective and enlarge the message: nothing is lost. Messages that have long been far
    from full are made smaller.

    Parameters
    ----------
    comm : mpi4py communicator
    capacity : int
        Spikes per rank and message at the beginning.
    traffic : Traffic, optional
        Where to go on counting.

    Notes
    -----
    A rank receives, and holds room for, messages of all ranks: O(n_ranks) memory and time per
    epoch.
    """

    name = "allgather"

    def __init__(self, comm: Any, capacity: int = 64, traffic: Traffic | None = None) -> None:
        # not above: where there is no MPI, this module is imported all the same
        from mpi4py import MPI

        self.comm = comm
        self.rank = comm.Get_rank()
        self.n_ranks = comm.Get_size()
        self.traffic = traffic or Traffic()
        self._in_place, self._type, self._buffer = MPI.IN_PLACE, MPI.INT64_T, MPI.buffer
        self._error_class = MPI.Exception
        self._call = allgather_call(comm)
        self._n_exchanges = 0
        self._use(Slots([capacity] * self.n_ranks))

    @property
    def capacity(self) -> int:
        """Spikes per rank and message at present."""
        return int(self._slots.capacities[0])

    def _use(self, slots: Slots) -> None:
        """Take other slots, all of one size, and prepare what an exchange needs of them."""
        self._slots = slots
        self._parts = (slots.words, slots.start, slots.largest)
        self._joined = np.zeros(slots.words.size, np.int64)
        self._mine = slots.words[slots.start[self.rank] : slots.start[self.rank + 1]]
        # an object that MPI need not ask for its shape and type
        self._recv = (self._buffer(slots.words), self._type)
        self._n_bytes = (self.n_ranks - 1) * self._mine.nbytes
        place = slots.start[self.rank : self.rank + 2]
        self._gathering = Gathering(self._call, place, *self._parts, self._joined)

    def exchange(self, keys: Integers) -> Integers:
        """Return the spikes of all ranks, sorted; every rank must call it.

        Parameters
        ----------
        keys : ndarray of int64, shape (n,)
            This rank's spikes, ``step << 32 | gid``, in any order.

        Returns
        -------
        ndarray of int64
            The caller's own.
        """
        pack(keys, NO_SPIKES, self._mine)
        self.comm.Allgather(self._in_place, self._recv)
        return self._receive(1, join(*self._parts, self._joined), keys)

    @property
    def n_until_smaller(self) -> int:
        """Exchanges after which messages may become smaller: the same on every rank."""
        return PERIOD - self._n_exchanges % PERIOD

    @property
    def gathering(self) -> Gathering:
        """What compiled code needs to exchange; zeros where it does not find MPI's function."""
        return self._gathering

    def complete(self, n_exchanges: int, n_arrived: int, keys: Integers) -> Integers:
        """Return the spikes of all ranks after compiled code has exchanged; see `Exchange`."""
        if not self.gathering.call.any():
            return self.exchange(keys)
        return self._receive(n_exchanges, n_arrived, keys)

    def _receive(self, n_exchanges: int, n_arrived: int, keys: Integers) -> Integers:
        """Return the spikes of all ranks after the Allgather, or fetch what had no room."""
        self.traffic.add_gathers(n_exchanges, self.n_ranks, self._n_bytes)
        everything = NO_SPIKES
        if n_arrived > 0:
            everything = self._joined[:n_arrived].copy()
        elif n_arrived == NOT_WHOLE:
            everything = self._exchange_all(keys)
        elif n_arrived < 0:
            raise self._error_class(-2 - n_arrived)
        self._n_exchanges += n_exchanges
        if self._n_exchanges % PERIOD == 0:
            self._use_one_size(self._slots.shrunk())
        return everything

    def compile(self) -> None:
        """Compile the kernels, or load them, without sending anything."""
        self._slots.words[:] = 0
        pack(NO_SPIKES, NO_SPIKES, self._mine)
        join(*self._parts, self._joined)

    def free(self) -> None:
        """Do nothing: MPI holds nothing for it."""

    def _exchange_all(self, keys: Integers) -> Integers:
        """Return all spikes by a collective of variable size, and enlarge the message."""
        counts = self._slots.counts
        everything = np.empty(int(counts.sum()), np.int64)
        self.comm.Allgatherv(np.ascontiguousarray(keys), (everything, counts))
        # in a ring, a rank passes on all but what the next one has itself
        n_bytes = everything.nbytes - 8 * int(counts[(self.rank + 1) % self.n_ranks])
        self.traffic.add_gathers(1, self.n_ranks, n_bytes)
        self._use_one_size(self._slots.grown())
        everything.sort()
        return everything

    def _use_one_size(self, slots: Slots) -> None:
        """Take slots of the size of the largest of these."""
        capacity = int(slots.capacities.max())
        if capacity != self.capacity:
            self._use(Slots([capacity] * self.n_ranks))
        self._slots.largest[:] = slots.largest


def allgather_call(comm: Any) -> Integers:
    """Return `Gathering.call`; zeros where `comm` is not MPI's own, or no function is found."""
    from mpi4py import MPI

    if not isinstance(comm, MPI.Comm):
        return np.zeros(4, np.int64)
    try:
        # found through mpi4py's module in the library that this module has loaded
        function = ctypes.CDLL(MPI.__file__).MPI_Allgather
    except (AttributeError, OSError):
        return np.zeros(4, np.int64)
    address = ctypes.cast(function, ctypes.c_void_p).value or 0
    handles = MPI._handleof(MPI.INT64_T), MPI._handleof(comm)
    # MPICH's MPI_IN_PLACE is -1, which mpi4py gives as an unsigned number
    words = [number % 2**64 for number in (address, int(MPI.IN_PLACE), *handles)]
    return np.array(words, np.uint64).view(np.int64)
