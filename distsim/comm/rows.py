"""Rows of numbers that are spread over the ranks: to rank 0 in the order of their keys, and back.

Both ways go in pieces of bounded size, so that rank 0 need not hold them all; each rank sends what
it has, and sorts nothing else.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from distsim.comm.gathering import gather

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = [
    "HandOut",
    "Rows",
    "blocks_of",
    "collect_lists",
    "collect_rows",
    "distinct_rows",
    "rows_of_pieces",
    "stable_order",
]

Integers = NDArray[np.int64]
# columns by name; the first axis of each counts rows
Rows = Mapping[str, NDArray[Any]]

# of all ranks, in one piece [bytes]
PIECE_BYTES = 2**25
# marks that a rank sets in what it has, for each piece; what a piece may have too much, inversely
N_MARKS = 4
LEAST, MOST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


def collect_rows(
    comm: "MPI.Intracomm", keys: Integers, columns: Rows, take: Callable[[Integers, Rows], None]
) -> None:
    """Bring the rows of all ranks to rank 0, ascending by key; every rank must call it.

    Parameters
    ----------
    comm : mpi4py communicator
    keys : ndarray of int64, shape (n,)
        Rows of one key keep their order; they must be on one rank.
    columns : mapping of str to ndarray, shape (n, ...)
        The same names and types on every rank.
    take : callable
        Called on rank 0 with keys and columns of each piece; at least once.
    """
    order = _order_of(keys)
    keys = keys[order]
    row_bytes = keys.itemsize + sum(_row_bytes(column) for column in columns.values())
    ends = np.arange(1, keys.size + 1) * row_bytes
    for low, high in pairwise(_bounds(comm, keys, ends)):
        first, end = np.searchsorted(keys, [low, high])
        inside = slice(first, end) if isinstance(order, slice) else order[first:end]
        found = gather(comm, keys[first:end], 0)
        piece = {name: gather(comm, column[inside], 0) for name, column in columns.items()}
        if comm.Get_rank() == 0:
            chosen = _order_of(found)
            take(found[chosen], {name: column[chosen] for name, column in piece.items()})


def collect_lists(
    comm: "MPI.Intracomm",
    keys: Integers,
    counts: Integers,
    columns: Rows,
    take: Callable[[Integers, Integers, Rows], None],
) -> None:
    """Bring lists of rows to rank 0, ascending by the key of each list; every rank must call it.

    Parameters
    ----------
    comm : mpi4py communicator
    keys : ndarray of int64, shape (n,), ascending
        Each is on one rank.
    counts : ndarray of int64, shape (n,)
        How many rows each list has.
    columns : mapping of str to ndarray, shape (counts.sum(), ...)
        The same names and types on every rank; one list after the other.
    take : callable
        Called on rank 0 with keys, counts and columns of each piece; at least once.
    """
    row_bytes = sum(_row_bytes(column) for column in columns.values())
    begins = np.concatenate([[0], np.cumsum(counts)])
    ends = np.arange(1, keys.size + 1) * (keys.itemsize + counts.itemsize) + begins[1:] * row_bytes
    for low, high in pairwise(_bounds(comm, keys, ends)):
        first, end = np.searchsorted(keys, [low, high])
        found, lengths = gather(comm, keys[first:end], 0), gather(comm, counts[first:end], 0)
        inside = slice(begins[first], begins[end])
        piece = {name: gather(comm, column[inside], 0) for name, column in columns.items()}
        if comm.Get_rank() == 0:
            chosen = _order_of(found)
            rows = _rows_of_lists(lengths, chosen)
            piece = {name: column[rows] for name, column in piece.items()}
            take(found[chosen], lengths[chosen], piece)


def distinct_rows(
    comm: "MPI.Intracomm", keys: Integers, columns: Rows
) -> tuple[Integers, dict[str, NDArray[Any]]]:
    """Leave each row on one rank, where several may have the same; every rank must call it.

    Parameters
    ----------
    comm : mpi4py communicator
    keys : ndarray of int64, shape (n,)
        Not negative; rows of one key are alike.
    columns : mapping of str to ndarray, shape (n, ...)

    Returns
    -------
    keys : ndarray of int64
        Ascending; those that this rank is given.
    columns : dict of str to ndarray
    """
    n_ranks = comm.Get_size()
    owners = keys % n_ranks
    order, send = stable_order(owners), np.bincount(owners, minlength=n_ranks)
    receive = np.empty(n_ranks, np.int64)
    comm.Alltoall(send.astype(np.int64), receive)

    def exchanged(column: NDArray[Any]) -> NDArray[Any]:
        found = np.empty((int(receive.sum()), *column.shape[1:]), column.dtype)
        n_bytes = _row_bytes(column)
        mine = np.ascontiguousarray(column[order]).reshape(-1).view(np.uint8)
        into = found.reshape(-1).view(np.uint8), receive * n_bytes
        comm.Alltoallv((mine, send * n_bytes), into)
        return found

    found, chosen = np.unique(exchanged(keys), return_index=True)
    return found, {name: exchanged(column)[chosen] for name, column in columns.items()}


def stable_order(numbers: NDArray[Any]) -> Integers:
    """Return the order that sorts numbers from 0 below 2**32, and leaves those alike as they are.

    By 16 bits at a time, which NumPy sorts in a time that is proportional to their number.

    Examples
    --------
    >>> stable_order(np.array([70000, 3, 70000, 1])).tolist()
    [3, 1, 0, 2]
    """
    order = np.argsort(numbers.astype(np.uint16), kind="stable")
    if numbers.size and numbers.max() >= 2**16:
        order = order[np.argsort((numbers >> 16).astype(np.uint16)[order], kind="stable")]
    return order


def _order_of(keys: Integers) -> Integers | slice:
    """Return what brings keys into ascending order: all of them, where they are in it."""
    if (keys[:-1] <= keys[1:]).all():
        return slice(0, keys.size)
    return np.argsort(keys, kind="stable")


def _rows_of_lists(counts: Integers, chosen: Integers | slice) -> Integers | slice:
    """Return the rows of lists that are put in another order."""
    if isinstance(chosen, slice):
        return slice(0, int(counts.sum()))
    begins, lengths = (np.cumsum(counts) - counts)[chosen], counts[chosen]
    shifts = begins - (np.cumsum(lengths) - lengths)
    return np.repeat(shifts, lengths) + np.arange(int(lengths.sum()))


def _bounds(comm: "MPI.Intracomm", keys: Integers, ends: Integers) -> list[int]:
    """Return keys between which there are pieces of about a bounded size; the same everywhere.

    Parameters
    ----------
    comm : mpi4py communicator
    keys : ndarray of int64, shape (n,), ascending
    ends : ndarray of int64, shape (n,)
        Up to where each, and those before it, reach on this rank [bytes].
    """
    n_marks = N_MARKS * comm.Get_size()
    share = max(PIECE_BYTES // n_marks, 1)
    total = int(ends[-1]) if ends.size else 0
    marked = np.searchsorted(ends, np.arange(share, total, share))
    marks = np.sort(gather(comm, keys[marked], 0))
    # a piece ends with a key that is marked
    between = np.unique(marks[n_marks - 1 :: n_marks]) + 1
    return [LEAST, *comm.bcast(between).tolist(), MOST]


def _row_bytes(column: NDArray[Any]) -> int:
    return column.itemsize * int(np.prod(column.shape[1:]))


def rows_of_pieces(
    keys: Sequence[Integers], pieces: Sequence[Rows], like: Rows
) -> tuple[Integers, dict[str, NDArray[Any]]]:
    """Return pieces as one, with the names and types of `like`."""
    none = [np.zeros(0, np.int64)]
    columns = {n: np.concatenate([empty[:0], *(p[n] for p in pieces)]) for n, empty in like.items()}
    return np.concatenate([*none, *keys]), columns


class HandOut:
    """Give each rank its rows of arrays that rank 0 has; every rank must make it.

    Parameters
    ----------
    comm : mpi4py communicator
    owners : ndarray of int64, shape (n,)
        On rank 0: to which rank each row goes.
    """

    def __init__(self, comm: "MPI.Intracomm", owners: Integers) -> None:
        self._comm = comm
        is_sorted = bool((owners[:-1] <= owners[1:]).all())
        self._order = slice(0, owners.size) if is_sorted else stable_order(owners)
        self._counts = np.bincount(owners, minlength=comm.Get_size()).astype(np.int64)
        n_mine = np.empty(1, np.int64)
        comm.Scatter(self._counts, n_mine, 0)
        self._n_mine = int(n_mine[0])

    def rows(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return this rank's rows, in their order; every rank must call it.

        Parameters
        ----------
        array : ndarray, shape (n, ...)
            On rank 0: of less than 2 GiB; on others, of the same type, and of any length.
        """
        mine = np.empty((self._n_mine, *array.shape[1:]), array.dtype)
        n_bytes = _row_bytes(array)
        send = None
        if self._comm.Get_rank() == 0:
            sorted_rows = np.ascontiguousarray(array[self._order])
            send = sorted_rows.reshape(-1).view(np.uint8), self._counts * n_bytes
        self._comm.Scatterv(send, mine.reshape(-1).view(np.uint8), 0)
        return mine


def blocks_of(n_rows: int, row_bytes: int) -> Iterator[tuple[int, int]]:
    """Yield bounds of blocks of rows, each of a bounded size.

    Examples
    --------
    >>> list(blocks_of(5, 2**24))
    [(0, 2), (2, 4), (4, 5)]
    """
    length = max(1, PIECE_BYTES // max(row_bytes, 1))
    for first in range(0, n_rows, length):
        yield first, min(first + length, n_rows)
