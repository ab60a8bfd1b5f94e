"""What was recorded in pieces, in memory or in files, indexed like one array."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.network.spool import Rows

__all__ = ["Piece", "Samples", "SpikeKeys"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Piece(NamedTuple):
    """Samples of some of the cells.

    Attributes
    ----------
    rows : ndarray of float64 or Rows, shape (n_rows, n)
    places : ndarray of int64, shape (n,), or None
        Which columns of the whole these are; None: all. Others are nan.
    """

    rows: Floats | Rows
    places: Integers | None = None


class Samples:
    """Samples of some cells in the pieces in which they were taken; indexed like one array.

    Parameters
    ----------
    pieces : sequence of Piece, or of ndarray of float64 or Rows that have all columns
        One after the other; they are not copied.
    n_columns : int
    columns : ndarray of int64, optional
        Which columns are shown; default: all.

    Attributes
    ----------
    shape : tuple of int
    """

    def __init__(
        self,
        pieces: Sequence[Piece | Floats | Rows],
        n_columns: int,
        columns: Integers | None = None,
    ) -> None:
        self._pieces = tuple(p if isinstance(p, Piece) else Piece(p) for p in pieces)
        self._n_columns = n_columns
        self._columns = columns
        self._ends = np.cumsum([piece.rows.shape[0] for piece in self._pieces], dtype=np.int64)
        n_rows = int(self._ends[-1]) if self._pieces else 0
        self.shape = (n_rows, n_columns if columns is None else columns.size)

    def narrowed(self, columns: Integers) -> "Samples":
        """Return some of the columns, not copied."""
        chosen = columns if self._columns is None else self._columns[columns]
        return Samples(self._pieces, self._n_columns, chosen)

    def __getitem__(self, index: tuple[slice, slice] | slice) -> Floats:
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
            piece = self._pieces[k]
            begin = int(self._ends[k]) - piece.rows.shape[0]
            low, high = max(start, begin), min(stop, int(self._ends[k]))
            part = found[low - start : high - start]
            wanted = slice(low - begin, high - begin)
            if piece.places is None:
                part[:] = piece.rows[wanted, shown]
            else:
                self._fill(part, piece.rows[wanted], piece.places, shown)
        return found

    def _fill(self, part: Floats, rows: Floats, places: Integers, shown: Any) -> None:
        """Fill in the columns that a piece has; others are nan."""
        column_of = np.full(self._n_columns, -1)
        column_of[places] = np.arange(places.size)
        there = column_of[shown]
        part[:] = np.nan
        part[:, there >= 0] = rows[:, there[there >= 0]]


class SpikeKeys:
    """Spikes as keys ``step << 32 | gid``, in the pieces in which they came; indexed in order.

    Parameters
    ----------
    pieces : sequence of ndarray of int64 or Rows, shape (any,)
        Each sorted; they are not copied. Those that overlap are sorted together when they are read.

    Attributes
    ----------
    size : int
    """

    def __init__(self, pieces: Sequence[Integers | Rows]) -> None:
        self._groups: list[list[Integers | Rows]] = []
        latest = -1
        for piece in pieces:
            if not piece.shape[0]:
                continue
            if self._groups and int(piece[:1][0]) < latest:
                self._groups[-1].append(piece)
            else:
                self._groups.append([piece])
            latest = max(latest, int(piece[piece.shape[0] - 1 :][0]))
        sizes = [sum(piece.shape[0] for piece in group) for group in self._groups]
        self._ends = np.cumsum([0, *sizes])
        self.size = int(self._ends[-1])
        self.shape = (self.size,)
        self._sorted: tuple[int, Integers] = -1, np.zeros(0, np.int64)

    def __getitem__(self, index: slice) -> Integers:
        """Return a range of the keys; not to be changed."""
        start, stop, _ = index.indices(self.size)
        first = int(np.searchsorted(self._ends, start, "right")) - 1
        last = int(np.searchsorted(self._ends, stop, "left"))
        parts = [
            self._group(k, max(start - int(self._ends[k]), 0), stop - int(self._ends[k]))
            for k in range(first, last)
            if start < stop
        ]
        return parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, np.int64), *parts])

    def _group(self, k: int, start: int, stop: int) -> Integers:
        group = self._groups[k]
        if len(group) == 1:
            return group[0][start:stop]
        if self._sorted[0] != k:
            self._sorted = k, np.sort(np.concatenate([piece[:] for piece in group]))
        return self._sorted[1][start:stop]
