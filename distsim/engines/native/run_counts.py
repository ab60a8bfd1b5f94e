"""How many synapses each run has: a table of row x delay, or a list if that is mostly empty."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.kernels.arrays import Connectome
from distsim.kernels.construction import RowTable, count_synapses, list_synapses

__all__ = ["RunCounts", "Runs"]

Integers = NDArray[np.int64]
# A table has at most so many places, or so many for each synapse. Counting in a list takes some
# 100 ns for a synapse, in a table a tenth of it.
SMALL_TABLE, MAX_PLACES_PER_SYNAPSE = 2**25, 4
# synapses that are listed before equal ones are counted together
MIN_LISTED = 2**22


class Runs(NamedTuple):
    """The runs of all rows, in order of row and delay.

    Attributes
    ----------
    rows, delays, sizes : ndarray of int64, shape (n_runs,)
    n_delays : int
        Delays of a table of all, or 0 where that would be mostly empty.
    """

    rows: Integers
    delays: Integers
    sizes: Integers
    n_delays: int


class RunCounts:
    """Counts the synapses of each (row, delay)."""

    def __init__(self) -> None:
        self._table: NDArray[np.uint32] | None = np.zeros((0, 2), np.uint32)
        # row << 16 | delay: counted ones, ascending; and ones that are yet to be
        self._keys, self._sizes = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self._listed: list[Integers] = []
        self._n_listed = self._n_seen = self._n_delays = 0

    def begin(self, rows: RowTable, places: Integers, old: Connectome, sizes: Integers) -> None:
        """Begin with runs of an earlier connectome, before any others are counted.

        Parameters
        ----------
        rows : RowTable
            With the rows that stay.
        places : ndarray of int64, shape (n_old_rows,)
            Of the earlier rows in `RowTable.row_of`.
        old : Connectome
        sizes : ndarray of int64, shape (n_old_runs,)
            How many synapses of each run stay.
        """
        is_any = sizes > 0
        of_runs = np.repeat(places, np.diff(old.row_start))[is_any]
        keys = rows.row_of[of_runs].astype(np.int64) << 16 | old.run_delay[is_any]
        order = np.argsort(keys)
        self._keys, self._sizes = keys[order], sizes[is_any][order]
        self._n_seen = int(sizes.sum())
        self._n_delays = int(old.run_delay[is_any].max(initial=0)) + 1
        self._table = None

    def add(
        self,
        rows: RowTable,
        weight: np.float32,
        gids: Integers,
        offset: int,
        steps: NDArray[np.uint16],
        positions: Integers,
        lids: Integers,
    ) -> None:
        """Count some synapses; see `distsim.kernels.construction.count_synapses`.

        Parameters
        ----------
        rows : RowTable
            With room for all rows that there may be; in place.
        weight, gids, offset, steps, positions, lids
        """
        self._n_seen += gids.size
        self._n_delays = max(self._n_delays, int(steps.max()) + 1)
        limit = max(SMALL_TABLE, MAX_PLACES_PER_SYNAPSE * self._n_seen)
        # a list becomes a table only where that is well within its limit
        limit = limit if self._table is not None else limit // 2
        if rows.weight.size * self._n_delays <= limit:
            table = self._enlarged(rows.weight.size)
            count_synapses(table, rows, weight, gids, offset, steps, positions, lids)
            return
        self._to_list()
        keys = np.empty(gids.size, np.int64)
        n_keys = list_synapses(keys, rows, weight, gids, offset, steps, positions, lids)
        self._listed.append(keys[:n_keys])
        self._n_listed += n_keys
        if self._n_listed > max(MIN_LISTED, self._keys.size):
            self._merge()

    def runs(self, order: Integers) -> Runs:
        """Return the runs of rows that are given new numbers.

        Parameters
        ----------
        order : ndarray of int64, shape (n_rows,)
            The number that each row had; rows that are not in it have no synapses.

        Returns
        -------
        Runs
        """
        if self._table is not None:
            counts, self._table = self._table[order], None
            rows, delays = np.nonzero(counts)
            sizes = counts[rows, delays].astype(np.int64)
            return Runs(rows, delays, sizes, counts.shape[1])
        self._merge()
        new = np.empty(order.size, np.int64)
        new[order] = np.arange(order.size)
        keys = new[self._keys >> 16] << 16 | self._keys & 0xFFFF
        by_key = np.argsort(keys)
        keys = keys[by_key]
        return Runs(keys >> 16, keys & 0xFFFF, self._sizes[by_key], 0)

    def _enlarged(self, n_rows: int) -> NDArray[np.uint32]:
        """Return the table, with at least so many rows and all delays so far."""
        old = self._table
        if old is not None and n_rows <= old.shape[0] and self._n_delays <= old.shape[1]:
            return old
        n_delays = self._n_delays
        if old is not None and n_delays <= old.shape[1]:
            n_delays = old.shape[1]
        elif old is not None and 2 * old.shape[1] * n_rows <= SMALL_TABLE:
            n_delays = max(n_delays, 2 * old.shape[1])
        table = np.zeros((n_rows, n_delays), np.uint32)
        if old is None:
            self._merge()
            table[self._keys >> 16, self._keys & 0xFFFF] = self._sizes
            self._keys = self._sizes = np.zeros(0, np.int64)
        else:
            table[: old.shape[0], : old.shape[1]] = old
        self._table = table
        return table

    def _to_list(self) -> None:
        """Go from the table to the list."""
        if self._table is not None:
            rows, delays = np.nonzero(self._table)
            self._keys = rows << 16 | delays
            self._sizes = self._table[rows, delays].astype(np.int64)
            self._table = None

    def _merge(self) -> None:
        """Count what is listed."""
        keys: Any = np.concatenate(self._listed) if self._listed else np.zeros(0, np.int64)
        self._listed, self._n_listed = [], 0
        keys, sizes = np.unique(keys, return_counts=True)
        if self._keys.size:
            keys, places = np.unique(np.concatenate([self._keys, keys]), return_inverse=True)
            total = np.bincount(places, np.concatenate([self._sizes, sizes]), keys.size)
            sizes = np.rint(total).astype(np.int64)
        self._keys, self._sizes = keys, sizes
