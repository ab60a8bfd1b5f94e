"""What is recorded on this rank: samples of state variables, and spikes."""

import numpy as np
from numpy.typing import NDArray

from distsim.declared import declares
from distsim.kernels.spike_keys import gid_of_key
from distsim.network.pieces import Piece, Samples, SpikeKeys
from distsim.network.spool import Rows, Spool

__all__ = ["ProbeSet", "SpikeRecord"]

Integers = NDArray[np.int64]

# spikes of a population that are gathered before they become one piece
PIECE_KEYS = 2**16


@declares(
    stored="variable positions interval next_step first_step n_additions _pieces _n_rows",
    remade="state_row set_number _spool",
)
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
    set_number : int
        By which the spool's file knows these cells; a new one when anything else but samples
        changes.
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
        self.set_number = 0
        self._spool = spool
        self._pieces: list[Piece] = []
        self._n_rows = 0

    def add(self, positions: Integers) -> None:
        """Sample more cells, too; what was not sampled of them so far is nan."""
        self.n_additions += 1
        before, self.positions = self.positions, np.union1d(self.positions, positions)
        places = np.searchsorted(self.positions, before)
        self._pieces = [
            Piece(rows, places if held is None else places[held]) for rows, held in self._pieces
        ]

    def append(self, rows: NDArray[np.float64]) -> None:
        """Add samples, one row each."""
        step = self.first_step + self._n_rows * self.interval
        self._n_rows += rows.shape[0]
        if self._spool is None:
            self._pieces.append(Piece(rows))
            return
        facts = {"kind": "samples", "set": self.set_number, "step": step}
        self._pieces.append(Piece(self._spool.take(rows, facts)))

    def samples(self) -> Samples:
        """Return all samples held as they are now, not copied."""
        return Samples(self._pieces, self.positions.size)

    def data(self) -> NDArray[np.float64]:
        """Return all samples held as one array, shape (n_samples, n), to be changed in place."""
        if len(self._pieces) == 1 and self._pieces[0].places is None:
            (rows, _) = self._pieces[0]
            if isinstance(rows, np.ndarray):
                return rows
        whole = self.samples()[:]
        self._pieces = [Piece(whole)]
        return whole

    def clear(self) -> None:
        """Forget the samples held."""
        self._pieces, self._n_rows = [], 0
        self.first_step = self.next_step

    def restart(self) -> None:
        """Forget the samples held and begin again at step 0."""
        self.next_step = 0
        self.clear()


@declares(
    stored="recorded since _pieces _keys _count",
    remade="is_on spool set_number",
    described="gids",
)
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
    spool : Spool or None
        Takes spikes for which there is no memory.
    set_number : int
        As of `ProbeSet`.
    """

    def __init__(self, gids: Integers) -> None:
        self.gids = gids
        self.recorded = np.zeros(gids.size, np.bool_)
        self.since = np.zeros(gids.size, np.int64)
        self.is_on = False
        self.spool: Spool | None = None
        self.set_number = 0
        self._pieces: list[Integers | Rows] = []
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
        self._pieces, self._count = [], 0

    def append(self, keys: Integers) -> None:
        """Add those of the spikes ``step << 32 | gid`` that are of recorded cells."""
        if not self.is_on or not keys.size:
            return
        recorded = self._of_recorded(keys)
        if self._count >= PIECE_KEYS:
            self.complete_piece()
        n_kept = self._count + recorded.size
        if n_kept > self._keys.size:
            larger = np.zeros(2 * n_kept, np.int64)
            larger[: self._count] = self._keys[: self._count]
            self._keys = larger
        self._keys[self._count : n_kept] = recorded
        self._count = n_kept

    def _of_recorded(self, keys: Integers) -> Integers:
        """Return those of the keys that are of recorded cells."""
        # most spikes may be of other populations, whose gids are others in a row
        gids = gid_of_key(keys)
        keys = keys[(gids >= self.gids[0]) & (gids <= self.gids[-1])]
        gids = gid_of_key(keys)
        positions = np.searchsorted(self.gids, gids)
        return keys[(self.gids[positions] == gids) & self.recorded[positions]]

    def complete_piece(self) -> None:
        """Give the spikes that came last to the spool, as a piece."""
        if not self._count:
            return
        keys = np.sort(self._keys[: self._count])
        self._count = 0
        if self.spool is None:
            self._pieces.append(keys)
        else:
            facts = {"kind": "spikes", "set": self.set_number}
            self._pieces.append(self.spool.take(keys, facts))

    def keys(self) -> SpikeKeys:
        """Return the spikes held, in the order of (step, gid); they are not copied."""
        self.complete_piece()
        return SpikeKeys(self._pieces)

    def clear(self, step: int) -> None:
        """Forget the spikes held, and go on from a step."""
        self.since[:] = step
        self._pieces, self._count = [], 0
