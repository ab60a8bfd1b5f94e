"""What all ranks store in one snapshot, and get back from it on any number of ranks.

Rank 0 alone opens the file. Rows are sorted by cell, so that a file depends neither on the number
of ranks nor on which rank owns a cell.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.comm.agreement import agree, together
from distsim.comm.gathering import gather
from distsim.comm.rows import (
    HandOut,
    Rows,
    blocks_of,
    collect_lists,
    collect_rows,
    distinct_rows,
    rows_of_pieces,
)
from distsim.errors import DistsimError, FileFormatError, ParameterError
from distsim.io.snapshot_file import SnapshotFile, new_snapshot
from distsim.io.whole_file import write_error
from distsim.kernels.spike_keys import gid_of_key

__all__ = ["Sink", "Source", "opened", "stored"]

Integers = NDArray[np.int64]
KEY, LENGTH = "key", "length"
# where the columns of lists are, beside keys and lengths
LISTS = "lists"


@contextmanager
def stored(comm: Any, path: Path) -> Iterator["Sink"]:
    """Give what a snapshot is handed to; it gets its name at the end. Every rank must enter.

    Raises
    ------
    FileWriteError
        On every rank, if it cannot be written; an older one keeps its name.
    """
    sink = Sink(comm, path)
    try:
        yield sink
    except BaseException as error:
        sink.give_up(error)
        raise
    sink.finish()


class Sink:
    """Takes what is to be stored; all methods are collective, and must be called alike.

    Parameters
    ----------
    comm : mpi4py communicator
    path : Path
    """

    def __init__(self, comm: Any, path: Path) -> None:
        self._comm, self._path = comm, path
        self._is_first = comm.Get_rank() == 0
        self._document: dict[str, Any] = {}
        self._failure: Exception | None = None
        self._stack = ExitStack()
        self._write(lambda: self._open())

    def _open(self) -> None:
        self._file = self._stack.enter_context(new_snapshot(self._path))

    def _write(self, action: Callable[[], None]) -> None:
        """Do something with the file on rank 0; nothing once that has failed."""
        if not self._is_first or self._failure is not None:
            return
        try:
            action()
        # HDF5 reports what it cannot write as OSError or, when it closes the file, as RuntimeError
        except (OSError, RuntimeError) as error:
            self._failure = error

    def _append(self, name: str, values: NDArray[Any]) -> None:
        self._write(lambda: self._file.append(name, values))

    def note(self, name: str, value: Any) -> None:
        """Store something that JSON can hold; that of rank 0 counts.

        Raises
        ------
        ParameterError
            On every rank, if JSON cannot.
        """
        failure = None
        try:
            json.dumps(value)
        except (TypeError, ValueError) as error:
            failure = ParameterError(
                f"'{name}' cannot be stored ({error}); what callbacks offer is numbers, text, and "
                "lists and dicts of these: convert it"
            )
        agree(self._comm, failure)
        self._document[name] = value

    def rows(self, name: str, gids: Integers, **columns: NDArray[Any]) -> None:
        """Store rows of this rank's cells, shape (n, ...); those of one cell keep their order."""
        collect_rows(self._comm, gids, columns, partial(self._take, name))

    def spikes(self, name: str, keys: Integers) -> None:
        """Store spikes of this rank's cells, as keys of step and gid, ascending."""
        collect_rows(self._comm, keys, {}, partial(self._take, name))

    def shared(self, name: str, keys: Integers, **columns: NDArray[Any]) -> None:
        """Store rows of which several ranks may have the same, each once."""
        keys, columns = distinct_rows(self._comm, keys, columns)
        collect_rows(self._comm, keys, columns, partial(self._take, name))

    def lists(self, name: str, gids: Integers, lengths: Integers, **columns: NDArray[Any]) -> None:
        """Store lists of rows, one for each of some of this rank's cells.

        Parameters
        ----------
        name : str
        gids : ndarray of int64, shape (n,), ascending
        lengths : ndarray of int64, shape (n,)
        **columns : ndarray, shape (lengths.sum(), ...)
            One list after the other.
        """

        def take(found: Integers, counts: Integers, piece: Rows) -> None:
            self._take(name, found, {LENGTH: counts})
            for column, values in piece.items():
                self._append(f"{name}/{LISTS}/{column}", values)

        collect_lists(self._comm, gids, lengths, columns, take)

    def _take(self, name: str, found: Integers, piece: Rows) -> None:
        for column, values in ((KEY, found), *piece.items()):
            self._append(f"{name}/{column}", values)

    def matrix(self, name: str, gids: Integers, values: Any) -> None:
        """Store an array with a column for each of some of this rank's cells.

        Parameters
        ----------
        name : str
        gids : ndarray of int64, shape (n,), ascending
        values : object, shape (n_rows, n)
            Gives float64 for a range of rows; `n_rows` is the same on every rank.
        """
        every, widths = gather(self._comm, gids, 0), gather(self._comm, np.array([gids.size]), 0)
        order = np.argsort(every)
        self._append(f"{name}/{KEY}", every[order])
        n_all = int(gather(self._comm, np.array([gids.size])).sum())
        self._append(f"{name}/values", np.zeros((0, n_all)))
        for first, end in blocks_of(values.shape[0], 8 * n_all):
            joined = gather(self._comm, values[first:end].reshape(-1), 0)
            if self._is_first:
                parts = np.split(joined, np.cumsum(widths)[:-1] * (end - first))
                block = np.concatenate([part.reshape(end - first, -1) for part in parts], axis=1)
                block = block[:, order]
                self._append(f"{name}/values", block)

    def finish(self) -> None:
        """Give the snapshot its name."""
        self._write(lambda: self._file.write_document(self._document))
        if self._failure is None:
            self._write(self._stack.close)
        else:
            self._discard(self._failure)
        failure = self._failure
        agree(self._comm, write_error(failure, self._path) if failure is not None else None)

    def give_up(self, error: BaseException) -> None:
        """Leave no file behind."""
        if self._is_first and self._failure is None:
            self._discard(error)

    def _discard(self, error: BaseException) -> None:
        try:
            self._stack.__exit__(type(error), error, error.__traceback__)
        except Exception as left:  # of HDF5, on a disk that fails; the first error is told
            error.add_note(str(left))


@contextmanager
def opened(comm: Any, path: Path) -> Iterator["Source"]:
    """Give what a snapshot holds; every rank must enter.

    Raises
    ------
    FileFormatError, FileNotFoundError
        On every rank, if it is none, of another format, cut short or altered.
    """
    source = Source(comm, path)
    try:
        yield source
    finally:
        source.close()


class Source:
    """Gives back what `Sink` has taken; all methods are collective.

    Parameters
    ----------
    comm : mpi4py communicator
    path : Path

    Attributes
    ----------
    rank_of : callable
        Returns the ranks that own some gids; to be set before cells' rows are asked for.
    """

    def __init__(self, comm: Any, path: Path) -> None:
        self._comm = comm
        self.rank_of: Callable[[Integers], NDArray[Any]] = np.zeros_like
        self._path = path
        self._is_first = comm.Get_rank() == 0
        self._file: SnapshotFile | None = None
        failure: Exception | None = None
        try:
            if self._is_first:
                self._file = SnapshotFile(path)
        except (DistsimError, OSError) as error:
            failure = error
        agree(comm, failure)
        document = self._file.document if self._file is not None else None
        self._document: dict[str, Any] = comm.bcast(document)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def note(self, name: str) -> Any:
        """Return what was noted.

        Raises
        ------
        FileFormatError
            If nothing of that name was.
        """
        if name not in self._document:
            raise FileFormatError(f"'{self._path}' has no '{name}'", path=str(self._path))
        return self._document[name]

    def rows(self, name: str) -> tuple[Integers, dict[str, NDArray[Any]]]:
        """Return the rows of this rank's cells, ascending by gid."""
        keys, pieces, like = [], [], None
        for found, piece in self._pieces(name):
            hand_out = HandOut(self._comm, self.rank_of(found))
            keys.append(hand_out.rows(found))
            pieces.append({column: hand_out.rows(values) for column, values in piece.items()})
            like = piece
        assert like is not None
        return rows_of_pieces(keys, pieces, like)

    def spikes(self, name: str) -> Integers:
        """Return the spikes of this rank's cells, as keys of step and gid, ascending."""
        keys = [np.zeros(0, np.int64)]
        for found, _ in self._pieces(name):
            keys.append(HandOut(self._comm, self.rank_of(gid_of_key(found))).rows(found))
        return np.concatenate(keys)

    def lists(self, name: str) -> tuple[Integers, Integers, dict[str, NDArray[Any]]]:
        """Return gids and lengths of the lists of this rank's cells, ascending, and their rows."""
        keys, lengths, rows, n_before = [], [], [], 0
        like = self._like(f"{name}/{LISTS}")
        for found, piece in self._pieces(name, [KEY, LENGTH]):
            owners = self.rank_of(found)
            hand_out = HandOut(self._comm, owners)
            keys.append(hand_out.rows(found))
            lengths.append(hand_out.rows(piece[LENGTH]))
            ends = n_before + np.concatenate([[0], np.cumsum(piece[LENGTH])])
            n_after = self._comm.bcast(int(ends[-1]))
            for first, end in blocks_of(n_after - n_before, _bytes_of_row(like)):
                first, end = n_before + first, n_before + end
                hand_out = HandOut(self._comm, np.repeat(owners, np.diff(ends.clip(first, end))))
                block = self._block(f"{name}/{LISTS}", like, first, end)
                rows.append({column: hand_out.rows(values) for column, values in block.items()})
            n_before = n_after
        gids, columns = rows_of_pieces(keys, rows, like)
        return gids, np.concatenate([np.zeros(0, np.int64), *lengths]), columns

    def shared(self, name: str, wanted: Integers) -> dict[str, NDArray[Any]]:
        """Return the shared rows of some keys, ascending.

        Raises
        ------
        FileFormatError
            On every rank, if some rank wants a row that is not there.
        """
        result: dict[str, NDArray[Any]] = {}
        n_found = 0
        for found, piece in self._pieces(name):
            keys = self._comm.bcast(found)
            mine = np.flatnonzero(np.isin(wanted, keys, assume_unique=True))
            theirs = np.searchsorted(keys, wanted[mine])
            n_found += mine.size
            for column, values in piece.items():
                whole = self._comm.bcast(values)
                empty = np.zeros((wanted.size, *whole.shape[1:]), whole.dtype)
                result.setdefault(column, empty)[mine] = whole[theirs]
        with together(self._comm):
            if n_found < wanted.size:
                raise FileFormatError(f"'{self._path}' lacks rows of '{name}'")
        return result

    def matrix(self, name: str) -> tuple[Integers, Iterator[NDArray[np.float64]]]:
        """Return the gids of this rank's columns, and blocks of their rows; exhaust them."""
        every = np.concatenate([keys for keys, _ in self._pieces(name, [KEY])])
        hand_out = HandOut(self._comm, self.rank_of(every))
        return hand_out.rows(every), self._blocks(f"{name}/values", hand_out)

    def _blocks(self, name: str, hand_out: HandOut) -> Iterator[NDArray[np.float64]]:
        n_rows, width = self._comm.bcast(
            None
            if self._file is None
            else (self._file.n_rows(name), self._file.like(name).shape[1])
        )
        for first, end in blocks_of(n_rows, 8 * width):
            block = np.zeros((width, end - first))
            if self._file is not None:
                block = self._file.rows(name, first, end).T
            yield np.ascontiguousarray(hand_out.rows(block).T)

    def _pieces(
        self, name: str, columns: list[str] | None = None
    ) -> Iterator[tuple[Integers, dict[str, NDArray[Any]]]]:
        """Yield keys and columns in pieces: what there is on rank 0, empty arrays on others."""
        like = self._like(name, columns)
        n_rows = self._comm.bcast(
            None if self._file is None else self._file.n_rows(f"{name}/{KEY}")
        )
        for first, end in [*blocks_of(n_rows, _bytes_of_row(like))] or [(0, 0)]:
            piece = self._block(name, like, first, end)
            yield piece.pop(KEY), piece

    def _like(self, name: str, columns: list[str] | None = None) -> dict[str, NDArray[Any]]:
        """Return columns without rows; every rank must call it."""
        like = None
        if self._file is not None:
            names = columns or self._file.names(name)
            like = {column: self._file.like(f"{name}/{column}") for column in names}
        found: dict[str, NDArray[Any]] = self._comm.bcast(like)
        return found

    def _block(self, name: str, like: Rows, first: int, end: int) -> dict[str, NDArray[Any]]:
        """Return some rows on rank 0, none on others."""
        if self._file is None:
            return dict(like)
        return {column: self._file.rows(f"{name}/{column}", first, end) for column in like}


def _bytes_of_row(columns: Rows) -> int:
    return sum(a.itemsize * int(np.prod(a.shape[1:])) for a in columns.values())
