"""What is recorded: in memory up to a limit, and in a file beyond it."""

import logging
import os
import time
from collections.abc import Hashable, Mapping
from pathlib import Path
from tempfile import mkstemp
from typing import Any, Protocol
from weakref import ReferenceType, finalize, ref

import numpy as np
from numpy.typing import NDArray

from distsim.declared import declares

__all__ = ["File", "HasDescriptor", "NamelessFile", "Rows", "Spool", "write_all"]

logger = logging.getLogger(__name__)

Facts = Mapping[str, Any]

# a nameless file is followed by another when it is so long; one that nothing refers to is gone
FILE_BYTES = 2**32
# how often what is recorded goes to a file that outlives the process
FLUSH_SECONDS = 5.0


class HasDescriptor(Protocol):
    """A file that can be read.

    Attributes
    ----------
    fd : int
        The descriptor.
    """

    fd: int


class File(HasDescriptor, Protocol):
    """A file that takes one array after the other."""

    def append(self, facts: Facts, values: NDArray[Any] | None = None) -> int:
        """Write an array, or facts alone; return where the array begins [bytes].

        Raises
        ------
        OSError
            If it was not written as a whole; nothing of it is in the file then.
        """


class NamelessFile:
    """A temporary file that has no name, and is gone with the last thing that refers to it."""

    def __init__(self) -> None:
        self.fd, name = mkstemp(prefix="distsim-")
        finalize(self, os.close, self.fd)
        Path(name).unlink()
        self.end = 0

    def append(self, facts: Facts, values: NDArray[Any] | None = None) -> int:
        """Write an array; return where it begins [bytes]."""
        begin = self.end
        if values is not None:
            write_all(self.fd, values.reshape(-1).view(np.uint8).data, begin)
            self.end += values.nbytes
        return begin


def write_all(fd: int, data: Any, offset: int) -> None:
    """Write all of some bytes at a place in a file.

    Raises
    ------
    OSError
    """
    done = 0
    while done < len(data):
        done += os.pwrite(fd, data[done:], offset + done)


@declares(stored="_values", remade="shape dtype _facts _file _begin")
class Rows:
    """Some rows of values, or a list of them, which may move to a file.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_columns) or (n_rows,)
    facts : mapping of str to object
        What a file is told of them.

    Attributes
    ----------
    shape : tuple of int
    dtype : numpy dtype
    """

    def __init__(self, values: NDArray[Any], facts: Facts | None = None) -> None:
        self.shape, self.dtype = values.shape, values.dtype
        self._values: NDArray[Any] | None = values
        self._facts = facts or {}
        self._file: HasDescriptor | None = None
        self._begin = 0

    @classmethod
    def stored(cls, file: HasDescriptor, begin: int, shape: tuple[int, ...], dtype: Any) -> "Rows":
        """Return rows that are in a file already."""
        rows = cls(np.zeros((0, *shape[1:]), dtype))
        rows.shape, rows._values, rows._file, rows._begin = shape, None, file, begin
        return rows

    def move_to(self, file: File) -> None:
        """Move to a file, if they are not in one."""
        if self._values is not None:
            self._begin = file.append(self._facts, np.ascontiguousarray(self._values))
            self._values, self._file, self._facts = None, file, {}

    def __getitem__(self, index: Any) -> NDArray[Any]:
        """Return a range of rows, of some columns if there are any."""
        rows, columns = index if isinstance(index, tuple) else (index, None)
        found = self._range(rows)
        return found if columns is None else found[:, columns]

    def _range(self, rows: slice) -> NDArray[Any]:
        if self._file is None:
            assert self._values is not None
            return self._values[rows]
        start, stop, _ = rows.indices(self.shape[0])
        found = np.empty((max(stop - start, 0), *self.shape[1:]), self.dtype)
        if found.size == 0:
            return found
        view, done = found.reshape(-1).view(np.uint8).data, 0
        place = self._begin + start * (found.nbytes // found.shape[0])
        while done < len(view):
            n = os.preadv(self._file.fd, [view[done:]], place + done)
            if n == 0:
                raise OSError("a file with what was recorded was cut short")
            done += n
        return found


class Spool:
    """Keeps what is recorded on this rank in memory up to a limit, all else in files.

    These are temporary ones, in the folder that the environment names by TMPDIR, without names,
    gone with the process; or, from `keep_in` on, one that outlives it, and takes in regularly what
    is in memory, too. Where a file cannot be written, all stays in memory.

    Parameters
    ----------
    limit : int
        [bytes]

    Attributes
    ----------
    failure : OSError or None
        Why all stays in memory.
    lasting : File or None
        The file that outlives the process.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.failure: OSError | None = None
        self.lasting: File | None = None
        self._held: list[ReferenceType[Rows]] = []
        self._n_bytes = 0
        self._file: NamelessFile | None = None
        self._notes: dict[Hashable, tuple[Facts, NDArray[Any] | None]] = {}
        self._unwritten: list[Hashable] = []
        self._n_sets = 0
        self._flushed = time.monotonic()

    def keep_in(self, file: File | None) -> None:
        """Keep from now on what is beyond the limit, or older than some seconds, in a file.

        None: only what is beyond the limit, in temporary ones.
        """
        self.lasting = file
        self._unwritten = list(self._notes)

    def next_set(self) -> int:
        """Return a number for a set of cells that are recorded together."""
        self._n_sets += 1
        return self._n_sets

    def note(self, key: Hashable, facts: Facts, values: NDArray[Any] | None = None) -> None:
        """Let a file that outlives the process know something; in place of what it knew before.

        Parameters
        ----------
        key : hashable
            Of what it is said.
        facts : mapping of str to object
            What JSON can hold.
        values : ndarray, optional
        """
        if key not in self._notes or self._notes[key][0] != facts:
            self._notes[key] = facts, values
            self._unwritten.append(key)

    def take(self, values: NDArray[Any], facts: Facts | None = None) -> Rows:
        """Return rows that move to a file when the memory is used up."""
        rows = Rows(values, facts)
        self._held.append(ref(rows))
        self._n_bytes += values.nbytes
        if self._n_bytes > self.limit and self.failure is None:
            self._write()
        return rows

    @property
    def is_due(self) -> bool:
        """Whether it is time to `flush`."""
        return self.lasting is not None and time.monotonic() - self._flushed >= FLUSH_SECONDS

    def flush(self, facts: Facts) -> None:
        """Write all to a file that outlives the process, and then what is said of it.

        It is tried again where the disk was full before.
        """
        if self.lasting is not None:
            self._write(facts)
        self._flushed = time.monotonic()

    def _write(self, facts: Facts | None = None) -> None:
        """Move all rows that somebody still holds to a file, after what is to be said of them."""
        file = self.lasting
        try:
            if file is None:
                file = self._file_with_room()
            else:
                for key in self._unwritten:
                    file.append(*self._notes[key])
                self._unwritten = []
            for each in self._held:
                rows = each()
                if rows is not None:
                    rows.move_to(file)
            if facts is not None:
                file.append(facts)
        except OSError as error:
            is_new, self.failure = self.failure is None, error
            if is_new:
                self._warn(error)
        else:
            self.failure, self._held, self._n_bytes = None, [], 0

    def _warn(self, error: OSError) -> None:
        lasting = self.lasting is not None
        logger.warning(
            "what is recorded stays in memory, since %s cannot be written (%s); %s",
            "its file" if lasting else "a temporary file",
            error,
            "free space on its disk" if lasting else "set TMPDIR to a folder with more space",
        )

    def _file_with_room(self) -> NamelessFile:
        if self._file is None or self._file.end > FILE_BYTES:
            self._file = NamelessFile()
        return self._file
