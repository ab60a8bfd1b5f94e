"""What is recorded on this rank: samples of state variables, and spikes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.kernels.spike_keys import gid_of_key
from distsim.network.spool import Rows, Spool

__all__ = ["ProbeSet", "Samples", "SpikeRecord"]

Integers = NDArray[np.int64]


class Samples:
    """Samples of some cells in the pieces in which they were taken; indexed like one array.

    Parameters
    ----------
    pieces : sequence of ndarray of float64 or Rows, shape (any, n_columns)
        Rows one after the other; they are not copied.
    n_columns : int
    columns : ndarray of int64, optional
        Which columns are shown; default: all.

    Attributes
    ----------
    shape : tuple of int
    """

    def __init__(
        self,
        pieces: Sequence[NDArray[np.float64] | Rows],
        n_columns: int,
        columns: Integers | None = None,
    ) -> None:
        self._pieces = tuple(pieces)
        self._n_columns = n_columns
        self._columns = columns
        self._ends = np.cumsum([piece.shape[0] for piece in self._pieces], dtype=np.int64)
        n_rows = int(self._ends[-1]) if self._pieces else 0
        self.shape = (n_rows, n_columns if columns is None else columns.size)

    def narrowed(self, columns: Integers) -> "Samples":
        """Return some of the columns, not copied."""
        chosen = columns if self._columns is None else self._columns[columns]
        return Samples(self._pieces, self._n_columns, chosen)

    def __getitem__(self, index: tuple[slice, slice] | slice) -> NDArray[np.float64]:
        """Return a copy of a range of rows, and of columns, without strides."""
        rows, columns = index if isinstance(index, tuple) else (index, slice(None))
        start, stop, _ = rows.indices(self.shape[0])
        first, last, _ = columns.indices(self.shape[1])
        found = np.empty((max(stop - start, 0), max(last - first, 0)))
        every: Any = slice(first, last)
        shown = every if self._columns is None else self._columns[first:last]
        first_piece = int(np.searchsorted(self._ends, start, "right"))
        last_piece = int(np.searchsorted(self._ends, stop, "left"))
        for k in range(first_piece, min(last_piece + 1, len(self._pieces))):
            begin = int(self._ends[k]) - self._pieces[k].shape[0]
            low, high = max(start, begin), min(stop, int(self._ends[k]))
            found[low - start : high - start] = self._pieces[k][low - begin : high - begin, shown]
        return found


class ProbeSet:
    """One recorded variable of one population's local cells.

    Parameters
    ----------
    variable : str
    state_row : int
        Row of the variable in the state.
    positions : ndarray of int64, shape (n,)
        Positions in the block of the recorded cells, ascending.
    interval : int
        Sampling interval [steps].
    step : int
        The present step; the first sample is taken at the next multiple of the interval.
    spool : Spool, optional
        Takes samples for which there is no memory.

    Attributes
    ----------
    first_step : int
        Step of the first sample held.
    next_step : int
        Step of the next sample.
    n_additions : int
        How often cells were added: the same on every rank.
    """

    def __init__(
        self,
        variable: str,
        state_row: int,
        positions: Integers,
        interval: int,
        step: int,
        spool: Spool | None = None,
    ) -> None:
        self.variable = variable
        self.state_row = state_row
        self.positions = positions
        self.interval = interval
        self.next_step = -(-step // interval) * interval
        self.first_step = self.next_step
        self.n_additions = 0
        self._spool = spool
        self._chunks: list[NDArray[np.float64] | Rows] = []

    def add(self, positions: Integers) -> None:
        """Sample more cells, too; what was not sampled of them so far is nan."""
        self.n_additions += 1
        samples = self.data()
        positions = np.union1d(self.positions, positions)
        wider = np.full((samples.shape[0], positions.size), np.nan)
        wider[:, np.searchsorted(positions, self.positions)] = samples
        self.positions, self._chunks = positions, []
        self.append(wider)

    def append(self, rows: NDArray[np.float64]) -> None:
        """Add samples, one row each."""
        self._chunks.append(rows if self._spool is None else self._spool.take(rows))

    def samples(self) -> Samples:
        """Return all samples held as they are now, not copied."""
        return Samples(self._chunks, self.positions.size)

    def data(self) -> NDArray[np.float64]:
        """Return all samples held as one array, shape (n_samples, n), to be changed in place."""
        if len(self._chunks) == 1 and isinstance(self._chunks[0], np.ndarray):
            return self._chunks[0]
        whole = self.samples()[:]
        self._chunks = [whole]
        return whole

    def clear(self) -> None:
        """Forget the samples held."""
        self._chunks = []
        self.first_step = self.next_step

    def restart(self) -> None:
        """Forget the samples held and begin again at step 0."""
        self.next_step = 0
        self.clear()


class SpikeRecord:
    """The recorded spikes of one population's local cells.

    Parameters
    ----------
    gids : ndarray of int64, shape (n_local,)
        Of the population's local cells, ascending.

    Attributes
    ----------
    recorded : ndarray of bool, shape (n_local,)
        Which of them are recorded.
    since : ndarray of int64, shape (n_local,)
        Step at which the recording of those began.
    """

    def __init__(self, gids: Integers) -> None:
        self.gids = gids
        self.recorded = np.zeros(gids.size, np.bool_)
        self.since = np.zeros(gids.size, np.int64)
        self.is_on = False
        self._keys = np.zeros(64, np.int64)
        self._count = 0

    def record(self, positions: Integers, step: int) -> None:
        """Record the cells at these positions, too, from the present step on."""
        added = positions[~self.recorded[positions]]
        self.since[added] = step
        self.recorded[added] = True
        self.is_on = bool(self.recorded.any())

    def stop(self) -> None:
        """Record no cell any more, and forget the spikes held."""
        self.recorded[:] = False
        self.is_on = False
        self._count = 0

    def append(self, keys: Integers) -> None:
        """Add those of the spikes ``step << 32 | gid`` that are of recorded cells."""
        if not self.is_on or not keys.size:
            return
        if self._count + keys.size > self._keys.size:
            larger = np.zeros(2 * (self._count + keys.size), np.int64)
            larger[: self._count] = self._keys[: self._count]
            self._keys = larger
        self._count = _append_recorded(keys, self.gids, self.recorded, self._keys, self._count)

    def keys(self) -> Integers:
        """Return the spikes held, sorted by (step, gid)."""
        keys = self._keys[: self._count]
        keys.sort()
        return keys

    def clear(self, step: int) -> None:
        """Forget the spikes held, and go on from a step."""
        self.since[:] = step
        self._count = 0


@njit(cache=True)
def _append_recorded(keys, gids, recorded, store, count):
    """Copy the keys of recorded cells behind `count` others; return the new count."""
    for key in keys:
        gid = gid_of_key(key)
        position = np.searchsorted(gids, gid)
        if position < gids.size and gids[position] == gid and recorded[position]:
            store[count] = key
            count += 1
    return count
