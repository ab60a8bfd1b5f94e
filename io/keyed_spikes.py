"""Spikes as the simulator has them, each one number, and as times and cells where wanted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.io.recordings import SpikeData
from distsim.kernels.spike_keys import gid_of_key, step_of_key

__all__ = ["KeyedSpikes"]

Integers = NDArray[np.int64]

# what is looked at at once
BLOCK_KEYS = 2**20


@dataclass(frozen=True, eq=False)
class KeyedSpikes:
    """The spikes of a rank's recorded cells of one population.

    Parameters
    ----------
    node_ids : ndarray of int64, shape (n_recorded,)
        Indices of the recorded cells within the population, ascending; silent cells included.
    keys : ndarray of int64 or SpikeKeys, shape (n_spikes,)
        ``step << 32 | gid``, ascending.
    since : ndarray of int64, shape (n_recorded,)
        Step at which the recording of each cell began.
    first_gid : int
        Of the population.
    dt : float
        [ms]
    """

    node_ids: Integers
    keys: Any
    since: Integers
    first_gid: int
    dt: float

    def of(self, wanted: Integers) -> "KeyedSpikes":
        """Return the spikes of some cells, given by their indices in the population."""
        parts = [np.zeros(0, np.int64)]
        for keys in self._blocks():
            parts.append(keys[np.isin(self._senders(keys), wanted)])
        is_wanted = np.isin(self.node_ids, wanted)
        return replace(
            self,
            node_ids=self.node_ids[is_wanted],
            keys=np.concatenate(parts),
            since=self.since[is_wanted],
        )

    def counts(self) -> Integers:
        """Return the number of spikes of each recorded cell, shape (n_recorded,)."""
        counts = np.zeros(self.node_ids.size, np.int64)
        for keys in self._blocks():
            places = np.searchsorted(self.node_ids, self._senders(keys))
            counts += np.bincount(places, minlength=counts.size)
        return counts

    def data(self) -> SpikeData:
        """Return them as times and cells, which are worked out where they are read."""
        return SpikeData(
            self.node_ids,
            Column(self.keys, self._times),
            Column(self.keys, self._senders),
            np.round(self.since * self.dt, 9),
        )

    def _blocks(self) -> Iterator[Integers]:
        for start in range(0, self.keys.size, BLOCK_KEYS):
            yield self.keys[start : start + BLOCK_KEYS]

    def _times(self, keys: Integers) -> NDArray[np.float64]:
        return np.round(step_of_key(keys) * self.dt, 9)

    def _senders(self, keys: Integers) -> Integers:
        return gid_of_key(keys) - self.first_gid


class Column:
    """What follows from each of some keys; worked out for the range by which it is indexed.

    Parameters
    ----------
    keys : ndarray of int64 or SpikeKeys
    work_out : callable

    Attributes
    ----------
    size : int
    shape : tuple of int
    """

    def __init__(self, keys: Any, work_out: Callable[[Integers], NDArray[Any]]) -> None:
        self._keys, self._work_out = keys, work_out
        self.size = int(keys.size)
        self.shape = (self.size,)

    def __getitem__(self, index: slice) -> NDArray[Any]:
        """Return a range."""
        return self._work_out(self._keys[index])
