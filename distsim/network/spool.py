"""Samples in memory up to a limit, and on disk beyond it."""

import logging
import os
from pathlib import Path
from tempfile import mkstemp
from typing import Any
from weakref import ReferenceType, finalize, ref

import numpy as np
from numpy.typing import NDArray

__all__ = ["Rows", "Spool"]

logger = logging.getLogger(__name__)

Floats = NDArray[np.float64]

# a file begins anew when it is so long; one that nothing refers to any more is gone
FILE_BYTES = 2**32


class NamelessFile:
    """A temporary file that has no name, and is gone with the last thing that refers to it."""

    def __init__(self) -> None:
        self.fd, name = mkstemp(prefix="distsim-")
        finalize(self, os.close, self.fd)
        Path(name).unlink()


class Rows:
    """Some rows of samples, which may move to a file.

    Parameters
    ----------
    values : ndarray of float64, shape (n_rows, n_columns)

    Attributes
    ----------
    shape : tuple of int
    """

    def __init__(self, values: Floats) -> None:
        self.shape = values.shape
        self.values: Floats | None = values
        self._file: NamelessFile | None = None
        self._offset = 0

    def move_to(self, file: NamelessFile, offset: int) -> int:
        """Move to a file; return where they end in it [bytes]."""
        if self.values is None:
            return offset
        view = np.ascontiguousarray(self.values).reshape(-1).view(np.uint8).data
        done = 0
        while done < len(view):
            done += os.pwrite(file.fd, view[done:], offset + done)
        self.values, self._file, self._offset = None, file, offset
        return offset + done

    def __getitem__(self, index: tuple[slice, Any]) -> Floats:
        """Return some columns of a range of rows."""
        rows, columns = index
        if self._file is None:
            assert self.values is not None
            return self.values[rows, columns]
        start, stop, _ = rows.indices(self.shape[0])
        found = np.empty((max(stop - start, 0), self.shape[1]))
        if found.size == 0:
            return found[:, columns]
        view, done = found.reshape(-1).view(np.uint8).data, 0
        place = self._offset + start * self.shape[1] * found.itemsize
        while done < len(view):
            n = os.preadv(self._file.fd, [view[done:]], place + done)
            if n == 0:
                raise OSError("a temporary file with samples was cut short")
            done += n
        return found[:, columns]


class Spool:
    """Keeps what is sampled on this rank in memory up to a limit, all else in temporary files.

    They lie in the folder that the environment names by TMPDIR, have no names, and are gone with
    the process. Where they cannot be written, samples stay in memory.

    Parameters
    ----------
    limit : int
        [bytes]

    Attributes
    ----------
    failure : OSError or None
        Why samples stay in memory.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.failure: OSError | None = None
        self._held: list[ReferenceType[Rows]] = []
        self._n_bytes = 0
        self._file: NamelessFile | None = None
        self._end = 0

    def take(self, values: Floats) -> Rows:
        """Return rows that move to a file when the memory is used up."""
        rows = Rows(values)
        if self.failure is not None:
            return rows
        self._held.append(ref(rows))
        self._n_bytes += values.nbytes
        if self._n_bytes > self.limit:
            try:
                self._write()
            except OSError as error:
                self.failure = error
                logger.warning(
                    "samples stay in memory, since a temporary file cannot be written (%s); set "
                    "TMPDIR to a folder with more space",
                    error,
                )
        return rows

    def _write(self) -> None:
        """Move all rows that somebody still holds to a file."""
        if self._file is None or self._end > FILE_BYTES:
            self._file, self._end = NamelessFile(), 0
        for each in self._held:
            rows = each()
            if rows is not None:
                self._end = rows.move_to(self._file, self._end)
        self._held, self._n_bytes = [], 0
