"""Rows of numbers that are spread over the ranks: to rank 0 in the order of their keys, and back.

Both ways go in pieces of bounded size, so that rank 0 need not hold them all.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from distsim.comm.gathering import gather

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["HandOut", "Rows", "blocks_of", "collect_rows", "rows_of_pieces"]

Integers = NDArray[np.int64]
# columns by name; the first axis of each counts rows
Rows = Mapping[str, NDArray[Any]]

# of all ranks, in one piece [bytes]
PIECE_BYTES = 2**25


def collect_rows(
    comm: "MPI.Intracomm",
    keys: Integers,
    columns: Rows,
    take: Callable[[Integers, Rows], None],
    are_shared: bool = False,
) -> None:
    """Bring the rows of all ranks to rank 0, ascending by key; every rank must call it.

    Parameters
    ----------
    comm : mpi4py communicator
    keys : ndarray of int64, shape (n,)
        Rows of one key keep their order; they must be on one rank, or be shared.
    columns : mapping of str to ndarray, shape (n, ...)
        The same names and types on every rank.
    take : callable
        Called on rank 0 with keys and columns of each piece; at least once.
    are_shared : bool
        Whether several ranks may have a row alike: one of each key is taken.
    """
    order = np.argsort(keys, kind="stable")
    row_bytes = keys.itemsize + sum(_row_bytes(column) for column in columns.values())
    for low, high in pairwise(_bounds(comm, keys, row_bytes)):
        inside = order[slice(*np.searchsorted(keys, [low, high], sorter=order))]
        found = gather(comm, keys[inside], 0)
        piece = {name: gather(comm, column[inside], 0) for name, column in columns.items()}
        if comm.Get_rank() == 0:
            if are_shared:
                found, chosen = np.unique(found, return_index=True)
            else:
                chosen = np.argsort(found, kind="stable")
                found = found[chosen]
            take(found, {name: column[chosen] for name, column in piece.items()})


def _bounds(comm: "MPI.Intracomm", keys: Integers, row_bytes: int) -> list[int]:
    """Return keys between which there are pieces of about a bounded size; the same everywhere."""
    mine = [keys.size, -(keys.min() if keys.size else 0), keys.max() if keys.size else 0]
    each = gather(comm, np.array([mine], np.int64))
    total, least, most = int(each[:, 0].sum()), -int(each[:, 1].max()), int(each[:, 2].max())
    n_pieces = 1 + total * row_bytes // PIECE_BYTES
    step = 1 + (most - least) // n_pieces
    return [*range(least, most + 1, step), most + 1]


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
        self._order = np.argsort(owners, kind="stable")
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
