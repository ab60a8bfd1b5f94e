"""Room for messages of spikes that begin with their count."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEAST", "NO_SPIKES", "PERIOD", "Slots", "Traffic"]

Integers = NDArray[np.int64]
NO_SPIKES = np.zeros(0, np.int64)
# exchanges after which messages that were far from full become smaller
PERIOD = 1024
# spikes that the smallest message has room for
LEAST = 4


@dataclass
class Traffic:
    """What one rank has sent so far.

    Attributes
    ----------
    n_collectives : int
        Collective calls.
    n_messages, n_bytes : int
        Messages to single ranks, and their bytes. An Allgather or Allgatherv counts as in the usual
        algorithms (recursive doubling, Bruck's): ceil(log2 n_ranks) messages, in which what each
        other rank is to have is sent once.
    """

    n_collectives: int = 0
    n_messages: int = 0
    n_bytes: int = 0

    def add_gathers(self, n: int, n_ranks: int, n_bytes: int) -> None:
        """Count Allgathers or Allgathervs of some ranks.

        Parameters
        ----------
        n, n_ranks : int
        n_bytes : int
            What one sends of each.
        """
        self.n_collectives += n
        self.n_messages += n * (n_ranks - 1).bit_length()
        self.n_bytes += n * n_bytes


class Slots:
    """Room for messages one after another in one buffer, each a count and then its spikes.

    A message may count more spikes than there is room for; the rest is sent otherwise.

    Parameters
    ----------
    capacities : sequence of int
        Spikes that each slot has room for.

    Attributes
    ----------
    start : ndarray of int64, shape (n_slots + 1,)
        Where each slot begins in `words`.
    words : ndarray of int64
    largest : ndarray of int64, shape (n_slots,)
        The largest count of each slot since `shrunk` was called last.
    """

    def __init__(self, capacities: Sequence[int] | Integers) -> None:
        self.capacities = np.asarray(capacities, np.int64)
        self.start = np.concatenate([[0], np.cumsum(1 + self.capacities)]).astype(np.int64)
        self.words = np.zeros(int(self.start[-1]), np.int64)
        self.largest = np.zeros(self.capacities.size, np.int64)

    @property
    def counts(self) -> Integers:
        """Number of spikes of each message, whether there was room or not."""
        return self.words[self.start[:-1]]

    def kept(self, slot: int) -> Integers:
        """Return the spikes of a message that there was room for."""
        first = int(self.start[slot])
        n = min(int(self.words[first]), int(self.capacities[slot]))
        return self.words[first + 1 : first + 1 + n]

    def grown(self) -> "Slots":
        """Return slots of twice the size of each message that was too large for its own."""
        counts = self.counts
        slots = Slots(np.where(counts > self.capacities, 2 * counts, self.capacities))
        slots.largest[:] = self.largest
        return slots

    def shrunk(self) -> "Slots":
        """Return slots of twice the largest messages since the last call, and none larger."""
        return Slots(np.minimum(self.capacities, np.maximum(2 * self.largest, LEAST)))
