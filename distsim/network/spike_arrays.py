"""Spike sources with given spike times."""

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.declared import declares
from distsim.errors import ParameterError
from distsim.kernels.spike_keys import LAST_STEP, gid_of_key, spike_key, step_of_key
from distsim.network.blocks import Column, SourceBlock, lists_of

__all__ = ["ArrayBlock"]

logger = logging.getLogger(__name__)


@declares(stored="spike_times new", remade="_keys _first_unsent")
class ArrayBlock(SourceBlock):
    """The local cells of a population of SpikeSourceArray.

    Attributes
    ----------
    spike_times : list of ndarray of float64
        One array per local cell [ms]; to be changed by `set` only.
    new : ndarray of int64
        Spikes, not taken yet, in the step that was the present one when the times were changed.
    """

    def __init__(self, first_gid: int, indices: NDArray[np.int64]) -> None:
        super().__init__(first_gid, indices)
        self.spike_times: list[NDArray[np.float64]] = [np.zeros(0)] * self.n_local
        self._keys = np.zeros(0, np.int64)
        self.new = np.zeros(0, np.int64)
        # the step that follows those of which all spikes were taken
        self._first_unsent = 0

    def get(self, name: str) -> NDArray[Any]:
        """Return the spike times of all cells, an array of arrays [ms]."""
        values = np.empty(self.n_local, object)
        values[:] = self.spike_times
        return values

    def set(self, name: str, positions: NDArray[np.int64], values: Any) -> None:
        """Set the spike times of some cells, an array of times [ms] for each.

        Raises
        ------
        ParameterError
            If a time is negative or not finite.
        """
        for position, cell_times in zip(positions, values, strict=True):
            array = np.sort(np.asarray(cell_times, np.float64).ravel())
            if array.size and not (np.isfinite(array).all() and array[0] >= 0):
                raise ParameterError(
                    f"spike_times of SpikeSourceArray hold {array[0]:g} ms; times must be finite "
                    "and not below 0",
                    name="spike_times",
                )
            self.spike_times[int(position)] = array
        self.touch()

    def refresh(self, dt: float, step: int) -> None:
        """Recompute the spikes after a change; times go to the nearest step.

        Parameters
        ----------
        dt : float
            [ms]
        step : int
            The present one. What is new in it is still to be sent; for what is new in an earlier
            one it is too late, and a warning says so.
        """
        keys = self._described_keys(dt)
        n_sent = np.searchsorted(self._keys, spike_key(self._first_unsent, 0))
        n_begun = np.searchsorted(keys, spike_key(step + 1, 0))
        new = _without(keys[:n_begun], _without(self._keys[:n_sent], self.new))
        n_late = int(np.searchsorted(new, spike_key(step, 0)))
        if n_late:
            logger.warning(
                "%d spike(s) of SpikeSourceArray come too late: spike_times of cell %d hold %g ms, "
                "which was not there before and lies before the present time, %g ms",
                *(n_late, gid_of_key(new[0]), step_of_key(new[0]) * dt, step * dt),
            )
        self._keys, self.new, self._first_unsent = keys, new[n_late:], step + 1
        self.is_changed = False

    def columns(self) -> dict[str, Column]:
        """Return the spike times, as `SourceBlock` does."""
        counts = np.array([times.size for times in self.spike_times], np.int64)
        times = np.concatenate([np.zeros(0), *self.spike_times])
        return {"spike_times": (np.repeat(self.gids, counts), times)}

    def take_column(self, name: str, gids: NDArray[np.int64], values: NDArray[Any]) -> None:
        """Set the spike times of all cells, as `SourceBlock` does."""
        self.spike_times = lists_of(gids, self.gids, values)
        self.touch()

    def lay_in(self, step: int, dt: float, new: NDArray[np.int64]) -> None:
        """Be where all spikes up to a step were taken, but for some new ones."""
        self._keys, self.new, self._first_unsent = self._described_keys(dt), new, step + 1
        self.is_changed = False

    def _described_keys(self, dt: float) -> NDArray[np.int64]:
        """Return all spikes, sorted; a later one than the last step never comes."""
        gids, times = self.columns()["spike_times"]
        steps = np.rint(times / dt)
        is_possible = steps <= LAST_STEP
        return np.sort(spike_key(steps[is_possible].astype(np.int64), gids[is_possible]))

    def restart(self) -> None:
        """Begin again at step 0."""
        self._first_unsent = 0
        self.new = np.zeros(0, np.int64)
        self.touch()

    def take(self, last: int) -> NDArray[np.int64]:
        """Return, and record, the spikes up to the step `last` that were not taken yet, sorted."""
        bounds = spike_key(self._first_unsent, 0), spike_key(last + 1, 0)
        low, high = np.searchsorted(self._keys, bounds)
        keys = self._keys[low:high]
        if self.new.size:
            keys, self.new = np.concatenate([self.new, keys]), self.new[:0]
        self._first_unsent = max(self._first_unsent, last + 1)
        self.spikes.append(keys)
        return keys


def _without(keys: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what is left of sorted keys when each of some others has taken one like it away."""
    values, counts = np.unique(keys, return_counts=True)
    known, n_known = np.unique(others, return_counts=True)
    _, mine, theirs = np.intersect1d(values, known, assume_unique=True, return_indices=True)
    counts[mine] -= n_known[theirs]
    return np.repeat(values, np.maximum(counts, 0))
