"""Directed exchange: each spike goes only to the ranks that hold a target of its source."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.compiled import KEPT
from distsim.engines.native.exchange import NO_GATHERING
from distsim.engines.native.messages import LEAST, NO_SPIKES, PERIOD, Slots, Traffic
from distsim.engines.native.routes import Routes
from distsim.kernels.messages import join
from distsim.kernels.spike_keys import gid_of_key

__all__ = ["DirectedExchange"]

Integers = NDArray[np.int64]


class DirectedExchange:
    """Give each rank the spikes of the sources that have targets on it.

    Ranks are joined by a graph, and one collective over neighbours per epoch carries a message of
    fixed size along each of its edges. If more spikes go along an edge than fit, both of its ends
    see it in the count: the rest follows from one to the other alone, and both enlarge the message
    of that edge. No other rank needs to know.

    Parameters
    ----------
    comm : mpi4py communicator
    routes : Routes
    capacity : int
        Spikes per message at the beginning.
    traffic : Traffic, optional
        Where to go on counting.

    Notes
    -----
    Every rank must make it. Memory and time per epoch are of the order of the number of
    neighbours and of their spikes, not of the number of ranks.
    """

    name = "directed"
    gathering = NO_GATHERING
    n_until_smaller = 1

    def __init__(
        self, comm: Any, routes: Routes, capacity: int = LEAST, traffic: Traffic | None = None
    ) -> None:
        # not above: where there is no MPI, this module is imported all the same
        from mpi4py import MPI

        self._type = MPI.INT64_T
        self.routes = routes
        self.traffic = traffic or Traffic()
        self.graph = comm.Create_dist_graph_adjacent(
            routes.senders.tolist(), routes.receivers.tolist()
        )
        self.n_receivers = routes.receivers.size
        self._n_exchanges = 0
        # messages to receivers, those to this rank itself, messages of senders
        self._use(Slots([capacity] * (self.n_receivers + 1 + routes.senders.size)))

    def _use(self, slots: Slots) -> None:
        """Take other slots, and prepare what an exchange needs of them."""
        own = self.n_receivers
        self._slots = slots
        begin, end = int(slots.start[own]), int(slots.start[own + 1])
        send, recv = slots.words[:begin], slots.words[end:]
        sizes = (1 + slots.capacities).astype(np.int32)
        places = slots.start.astype(np.int32)
        self._send = (send, sizes[:own], places[:own], self._type)
        self._recv = (recv, sizes[own + 1 :], places[own + 1 : -1] - places[own + 1], self._type)
        self._come = (slots.words[begin:], slots.start[own:], slots.largest[own:])
        self._joined = np.zeros(slots.words.size - begin, np.int64)

    def exchange(self, keys: Integers) -> Integers:
        """Return the spikes for which this rank has targets, sorted; every rank must call it.

        Parameters
        ----------
        keys : ndarray of int64, shape (n,)
            This rank's spikes, ``step << 32 | gid``, in any order.

        Returns
        -------
        ndarray of int64
            The caller's own.
        """
        is_whole = self._pack(keys)
        self.graph.Neighbor_alltoallv(self._send, self._recv)
        traffic = self.traffic
        traffic.n_collectives += 1
        traffic.n_messages += self.n_receivers
        traffic.n_bytes += self._send[0].nbytes
        n = join(*self._come, self._joined)
        mine = NO_SPIKES
        if n < 0 or not is_whole:
            mine = self._exchange_rest(keys)
        elif n > 0:
            mine = self._joined[:n].copy()
        self._n_exchanges += 1
        if self._n_exchanges % PERIOD == 0:
            self._use(self._slots.shrunk())
        return mine

    def complete(self, n_exchanges: int, n_arrived: int, keys: Integers) -> Integers:
        """Exchange what compiled code could not; see `Exchange`."""
        return self.exchange(keys)

    def compile(self) -> None:
        """Compile the kernels, or load them, without sending anything."""
        self._slots.words[:] = 0
        self._pack(NO_SPIKES)
        join(*self._come, self._joined)

    def free(self) -> None:
        """Give the graph back to MPI; every rank must call it."""
        self.graph.Free()

    def _pack(self, keys: Integers) -> bool:
        gids, first, neighbour, receivers, _ = self.routes
        slots, n_slots = self._slots, receivers.size + 1
        return pack(keys, gids, first, neighbour, n_slots, slots.words, slots.start, slots.largest)

    def _exchange_rest(self, keys: Integers) -> Integers:
        """Send and receive what did not fit; return all spikes for this rank, and grow."""
        slots, own = self._slots, self.n_receivers
        is_short = slots.counts > slots.capacities
        requests, parts = [], []
        for slot in np.flatnonzero(is_short[:own]).tolist():
            rest = self._rest(keys, slot)
            requests.append((self.graph.Isend(rest, int(self.routes.receivers[slot])), rest))
            self.traffic.n_messages += 1
            self.traffic.n_bytes += rest.nbytes
        for slot in range(own, slots.capacities.size):
            parts.append(slots.kept(slot))
            if is_short[slot] and slot == own:
                parts.append(self._rest(keys, own))
            elif is_short[slot]:
                rest = np.empty(int(slots.counts[slot] - slots.capacities[slot]), np.int64)
                self.graph.Recv(rest, int(self.routes.senders[slot - own - 1]))
                parts.append(rest)
        for request, _ in requests:
            request.Wait()
        self._use(slots.grown())
        return np.sort(np.concatenate(parts))

    def _rest(self, keys: Integers, slot: int) -> Integers:
        """Return the spikes for a receiver that its message had no room for."""
        gids, first, neighbour, _, _ = self.routes
        cells = np.searchsorted(gids, gid_of_key(keys))
        goes = [slot in neighbour[first[cell] : first[cell + 1]] for cell in cells]
        return keys[goes][self._slots.capacities[slot] :]


@njit(**KEPT)
def pack(keys, gids, first, neighbour, n_slots, words, start, largest):
    """Write each spike to the messages of its receivers, as far as there is room.

    Parameters
    ----------
    keys : ndarray of int64, shape (n,)
        Spikes ``step << 32 | gid`` of own cells.
    gids, first, neighbour : ndarray
        See `Routes`.
    n_slots : int
        Messages to write, those to this rank itself included.
    words, start, largest : ndarray of int64
        See `Slots`; the messages and their largest counts are changed in place.

    Returns
    -------
    bool
        Whether there was room for all.
    """
    for slot in range(n_slots):
        words[start[slot]] = 0
    for key in keys:
        cell = np.searchsorted(gids, gid_of_key(key))
        for entry in range(first[cell], first[cell + 1]):
            slot = neighbour[entry]
            place = start[slot] + 1 + words[start[slot]]
            if place < start[slot + 1]:
                words[place] = key
            words[start[slot]] += 1
    is_whole = True
    for slot in range(n_slots):
        count = words[start[slot]]
        largest[slot] = max(largest[slot], count)
        is_whole &= count < start[slot + 1] - start[slot]
    return is_whole
