"""Spike sources with given spike times."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from distsim.engine.cells import SourceBlock
from distsim.errors import ParameterError

__all__ = ["ArrayBlock"]


class ArrayBlock(SourceBlock):
    """The local cells of a population of SpikeSourceArray.

    Attributes
    ----------
    spike_times : list of ndarray of float64
        One array per local cell [ms]; to be changed by `set_times` only.
    """

    def __init__(self, first_gid: int, indices: NDArray[np.int64]) -> None:
        super().__init__(first_gid, indices)
        self.spike_times: list[NDArray[np.float64]] = [np.zeros(0)] * self.n_local
        self._keys = np.zeros(0, np.int64)

    def set_times(self, positions: NDArray[np.int64], times: Sequence[NDArray[np.float64]]) -> None:
        """Set the spike times of some cells.

        Raises
        ------
        ParameterError
            If a time is negative or not finite.
        """
        for position, cell_times in zip(positions, times, strict=True):
            array = np.sort(np.asarray(cell_times, np.float64).ravel())
            if array.size and not (np.isfinite(array).all() and array[0] >= 0):
                raise ParameterError(
                    f"spike_times of SpikeSourceArray hold {array[0]:g} ms; times must be finite "
                    "and not below 0",
                    name="spike_times",
                )
            self.spike_times[int(position)] = array
        self.touch()

    def refresh(self, dt: float) -> None:
        """Recompute the spikes after a change; times go to the nearest step."""
        counts = [times.size for times in self.spike_times]
        steps = np.rint(np.concatenate([np.zeros(0), *self.spike_times]) / dt).astype(np.int64)
        self._keys = np.sort(steps << 32 | np.repeat(self.gids, counts))
        self.is_changed = False

    def keys_between(self, first: int, last: int) -> NDArray[np.int64]:
        """Return the spikes of the steps ``first <= step <= last``, sorted."""
        low, high = np.searchsorted(self._keys, [first << 32, (last + 1) << 32])
        return self._keys[low:high]

    def spikes_between(self, first: int, last: int) -> NDArray[np.int64]:
        """Return, and record, the spikes of the steps ``first <= step <= last``, sorted."""
        keys = self.keys_between(first, last)
        self.spikes.append(keys)
        return keys
