"""Merge the spikes of several ranks into one sequence in bounded memory."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["SPIKE_DTYPE", "SpikeStream", "merge", "pack"]

SPIKE_DTYPE = np.dtype([("time", "<f8"), ("node_id", "<i8")])

# spikes of all ranks together that are held, and of one rank at least
_N_HELD = 2**19
_MIN_BLOCK = 2**10


class SpikeStream:
    """The spikes of one rank, fetched block by block.

    Parameters
    ----------
    n_spikes : int
        How many there are.
    fetch : callable
        ``fetch(start, stop)`` returns that range, dtype `SPIKE_DTYPE`, ordered by (time, node id).
    """

    def __init__(self, n_spikes: int, fetch: Callable[[int, int], NDArray[np.void]]) -> None:
        self._n_spikes = n_spikes
        self._n_fetched = 0
        self._fetch = fetch
        self._held = np.empty(0, dtype=SPIKE_DTYPE)

    @property
    def is_exhausted(self) -> bool:
        """Whether nothing is left to fetch."""
        return self._n_fetched == self._n_spikes

    @property
    def horizon(self) -> tuple[float, int]:
        """(time, node id) of the last spike that is held; later ones may still come."""
        return float(self._held["time"][-1]), int(self._held["node_id"][-1])

    def refill(self, n_block: int) -> None:
        """Hold up to `n_block` spikes, if fewer than half as many are held."""
        if self.is_exhausted or 2 * self._held.size >= n_block:
            return
        stop = min(self._n_spikes, self._n_fetched + n_block - self._held.size)
        self._held = np.concatenate([self._held, self._fetch(self._n_fetched, stop)])
        self._n_fetched = stop

    def take(self, horizon: tuple[float, int] | None) -> NDArray[np.void]:
        """Remove and return the held spikes up to and with the horizon, all of them if None."""
        n_taken = self._held.size if horizon is None else self._n_before(*horizon)
        taken, self._held = self._held[:n_taken], self._held[n_taken:]
        return taken

    def _n_before(self, time: float, node_id: int) -> int:
        """Return how many held spikes are not later than (time, node id)."""
        times = np.ascontiguousarray(self._held["time"])
        first, last = np.searchsorted(times, time, "left"), np.searchsorted(times, time, "right")
        return int(first + np.searchsorted(self._held["node_id"][first:last], node_id, "right"))


def merge(streams: Sequence[SpikeStream], n_held: int = _N_HELD) -> Iterator[NDArray[np.void]]:
    """Yield the spikes of all streams in the order of (time, node id).

    Parameters
    ----------
    streams : sequence of SpikeStream
        One per rank; they are used up.
    n_held : int, optional
        How many spikes all streams together may hold.

    Yields
    ------
    ndarray of SPIKE_DTYPE
        Consecutive pieces of the merged sequence, none of them empty.

    Examples
    --------
    >>> ranks = [pack([0.1, 0.3], [4, 0]), pack([0.1, 0.2], [1, 3])]
    >>> streams = [SpikeStream(2, lambda start, stop, own=own: own[start:stop]) for own in ranks]
    >>> [(spike["time"].item(), spike["node_id"].item()) for spike in next(merge(streams))]
    [(0.1, 1), (0.1, 4), (0.2, 3), (0.3, 0)]
    """
    n_block = max(_MIN_BLOCK, n_held // max(1, len(streams)))
    while True:
        for stream in streams:
            stream.refill(n_block)
        # a stream with more to come holds at least one spike, so each round takes some
        horizon = min((s.horizon for s in streams if not s.is_exhausted), default=None)
        pieces = [stream.take(horizon) for stream in streams]
        pieces = [piece for piece in pieces if piece.size]
        if not pieces:
            return
        yield _in_order(pieces)


def pack(times: ArrayLike, node_ids: ArrayLike) -> NDArray[np.void]:
    """Return times and cells of spikes as one array.

    Parameters
    ----------
    times : array_like of float, shape (n_spikes,)
        Spike times [ms].
    node_ids : array_like of int, shape (n_spikes,)
        Which cell fired.

    Returns
    -------
    ndarray of SPIKE_DTYPE, shape (n_spikes,)
        Both side by side.
    """
    spikes = np.empty(np.shape(times), dtype=SPIKE_DTYPE)
    spikes["time"] = times
    spikes["node_id"] = node_ids
    return spikes


def _in_order(pieces: list[NDArray[np.void]]) -> NDArray[np.void]:
    """Return ordered pieces as one ordered sequence."""
    if len(pieces) == 1:
        return pieces[0]
    spikes = np.concatenate(pieces)
    return spikes[np.lexsort((spikes["node_id"], spikes["time"]))]
