"""What only the rank that owns a cell knows of it, asked by others."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ask_owners", "fetch", "fetch_lists", "send_rows"]

Integers = NDArray[np.int64]


def ask_owners(comm: Any, gids: Integers, owners: Integers) -> tuple[Integers, Integers, Integers]:
    """Send gids to the ranks that own them; every rank must call it.

    Parameters
    ----------
    comm : mpi4py communicator
    gids : ndarray of int64, shape (n,)
        In the order of their owners.
    owners : ndarray of int64, shape (n,), ascending

    Returns
    -------
    n_sent : ndarray of int64, shape (n_ranks,)
        Gids sent to each rank.
    asked : ndarray of int64
        This rank's gids that others sent, in the order of the ranks.
    n_asked : ndarray of int64, shape (n_ranks,)
        How many of them each rank sent.
    """
    n_sent = np.bincount(owners, minlength=comm.Get_size()).astype(np.int64)
    n_asked = np.empty_like(n_sent)
    comm.Alltoall(n_sent, n_asked)
    asked = np.empty(int(n_asked.sum()), np.int64)
    comm.Alltoallv((np.ascontiguousarray(gids), n_sent), (asked, n_asked))
    return n_sent, asked, n_asked


def fetch(
    comm: Any,
    gids: Integers,
    owners: Integers,
    values_of: Callable[[Integers], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Return values of cells that other ranks own; every rank must call it.

    Parameters
    ----------
    comm : mpi4py communicator
    gids : ndarray of int64, shape (n,)
        Cells whose values this rank wants.
    owners : ndarray of int64, shape (n,)
        Ranks that own them.
    values_of : callable
        Returns the values, shape (n, n_values), of gids that this rank owns.

    Returns
    -------
    ndarray of float64, shape (n, n_values)
    """
    order = np.argsort(owners, kind="stable")
    n_wanted, asked, n_asked = ask_owners(comm, gids[order], owners[order])
    answers = np.ascontiguousarray(values_of(asked), np.float64)
    n_values = answers.shape[1]
    received = np.empty((gids.size, n_values))
    comm.Alltoallv((answers, n_asked * n_values), (received, n_wanted * n_values))
    values = np.empty_like(received)
    values[order] = received
    return values


def fetch_lists(
    comm: Any,
    gids: Integers,
    owners: Integers,
    lists_of: Callable[[Integers], list[NDArray[np.float64]]],
) -> list[NDArray[np.float64]]:
    """Return a list of values, of any length, of each of some cells; every rank must call it.

    Parameters
    ----------
    comm, gids, owners
        As for `fetch`.
    lists_of : callable
        Returns the lists of gids that this rank owns.

    Returns
    -------
    list of n ndarrays of float64
    """
    order = np.argsort(owners, kind="stable")
    n_wanted, asked, n_asked = ask_owners(comm, gids[order], owners[order])
    answers = lists_of(asked)
    sizes = np.array([answer.size for answer in answers], np.int64)
    counts = np.empty(gids.size, np.int64)
    comm.Alltoallv((sizes, n_asked), (counts, n_wanted))
    flat = np.empty(int(counts.sum()))
    comm.Alltoallv(
        (np.concatenate([np.zeros(0), *answers]), _sums(sizes, n_asked)),
        (flat, _sums(counts, n_wanted)),
    )
    lists = [np.zeros(0)] * gids.size
    for place, values in zip(order, np.split(flat, np.cumsum(counts))[:-1], strict=True):
        lists[place] = values
    return lists


def send_rows(comm: Any, rows: NDArray[Any], owners: Integers) -> NDArray[Any]:
    """Send each row of an array to a rank; every rank must call it.

    Parameters
    ----------
    comm : mpi4py communicator
    rows : ndarray, shape (n, n_columns)
        Of one numeric type on all ranks; together of less than 2**31 numbers.
    owners : ndarray of int64, shape (n,)
        Rank that each row is for.

    Returns
    -------
    ndarray, shape (n_received, n_columns)
        Rows for this rank: by the rank that sent them, in its order.
    """
    width = rows.shape[1]
    n_sent = np.bincount(owners, minlength=comm.Get_size()).astype(np.int64)
    n_received = np.empty_like(n_sent)
    comm.Alltoall(n_sent, n_received)
    received = np.empty((int(n_received.sum()), width), rows.dtype)
    sorted_rows = np.ascontiguousarray(rows[np.argsort(owners, kind="stable")])
    comm.Alltoallv((sorted_rows, n_sent * width), (received, n_received * width))
    return received


def _sums(sizes: Integers, n_each: Integers) -> Integers:
    """Return the sum of the sizes that belong to each rank."""
    ends = np.concatenate([[0], np.cumsum(sizes)])[np.concatenate([[0], np.cumsum(n_each)])]
    return np.diff(ends)
