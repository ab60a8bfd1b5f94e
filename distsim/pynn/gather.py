"""Gathering arrays that are spread over the ranks, by buffer calls, where they are wanted."""

from collections.abc import Sequence
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.comm.gathering import gather
from distsim.comm.world import world
from distsim.errors import ParameterError
from distsim.progress import Advance

__all__ = ["Audience", "gather_arrays", "gather_columns", "gather_sequences"]

Integers = NDArray[np.int64]

# what is gathered of samples at once [bytes]; a call of MPI cannot take 2 GiB
BLOCK_BYTES = 2**26


class Audience(Enum):
    """Which ranks are given the data of all ranks; the others keep their own."""

    NONE = 0
    FIRST = 1
    ALL = 2

    @classmethod
    def of(cls, gather: Any) -> "Audience":
        """Return what the argument `gather` of PyNN's calls means.

        Raises
        ------
        ParameterError
            If it is not True, False or 'all'.
        """
        if isinstance(gather, str):
            if gather != "all":
                raise ParameterError(
                    f"gather = {gather!r}; it must be True (all data on rank 0), 'all' (on every "
                    "rank) or False (each rank's own)"
                )
            return cls.ALL
        return cls.FIRST if gather else cls.NONE

    def includes(self, rank: int) -> bool:
        """Return whether a rank is given the data of all."""
        return self is Audience.ALL or (self is Audience.FIRST and rank == 0)


def gather_arrays(*arrays: NDArray[Any], audience: Audience = Audience.ALL) -> list[NDArray[Any]]:
    """Return arrays joined over all ranks, in rank order; every rank must call it.

    Parameters
    ----------
    *arrays : ndarray
        Of any numeric type, which must be the same on all ranks. They are joined along their
        first axis; the other axes must be the same on all ranks.
    audience : Audience, optional
        Who is given the joined arrays; the others are given their own.

    Returns
    -------
    list of ndarray
    """
    if audience is Audience.NONE:
        return list(arrays)
    comm = world()
    root = 0 if audience is Audience.FIRST else None
    return [gather(comm, array, root) for array in arrays]


def gather_columns(
    node_ids: Integers, data: Any, audience: Audience, advance: Advance
) -> tuple[Integers, NDArray[np.float64], int]:
    """Return columns of all ranks, ordered by cell; every rank must call it.

    Parameters
    ----------
    node_ids : ndarray of int64, shape (n_columns,)
        Which cell each column of this rank is of.
    data : object, shape (n_rows, n_columns)
        Gives an array for a range of rows; `n_rows` is the same on every rank.
    audience : Audience
        Who is given the columns of all ranks; the others are given their own. With an audience of
        no rank it is not collective.
    advance : callable
        Called with the bytes gathered since.

    Returns
    -------
    node_ids : ndarray of int64, shape (n,)
        Ascending.
    columns : ndarray of float64, shape (n_rows, n)
        A new array, without another copy of the whole on the way.
    n_columns : int
        How many there are on all ranks; with an audience of no rank, on this one.
    """
    (nodes,) = gather_arrays(node_ids, audience=audience)
    widths = np.array([node_ids.size])
    if audience is not Audience.NONE:
        (widths,) = gather_arrays(widths)
    n_columns = int(widths.sum())
    if not audience.includes(world().Get_rank()):
        widths = np.array([node_ids.size])
    order = np.argsort(nodes)
    if audience is Audience.NONE or world().Get_size() == 1:
        whole = data[:]
        advance(whole.nbytes)
        return nodes, whole, n_columns
    places = np.split(np.argsort(order), np.cumsum(widths)[:-1])
    targets = [_range_or_places(each) for each in places]
    joined = np.empty((data.shape[0], nodes.size))
    n_rows = max(1, BLOCK_BYTES // max(1, n_columns * joined.itemsize))
    for first in range(0, data.shape[0], n_rows):
        rows = joined[first : first + n_rows]
        mine = data[first : first + n_rows].reshape(-1)
        (block,) = gather_arrays(mine, audience=audience)
        parts = np.split(block, np.cumsum(widths)[:-1] * rows.shape[0])
        for target, part, width in zip(targets, parts, widths, strict=True):
            rows[:, target] = part.reshape(rows.shape[0], int(width))
        advance(rows.shape[0] * n_columns * rows.itemsize)
    return nodes[order], joined, n_columns


def _range_or_places(places: Integers) -> slice | Integers:
    """Return places as a range where they are one, which is copied to faster."""
    is_range = places.size > 0 and places[-1] - places[0] == places.size - 1
    return slice(int(places[0]), int(places[-1]) + 1) if is_range else places


def gather_sequences(
    positions: Integers, sequences: Sequence[NDArray[np.float64]]
) -> list[NDArray[np.float64]]:
    """Return sequences of different lengths of all ranks, ordered by position, on every rank.

    Parameters
    ----------
    positions : ndarray of int64, shape (n,)
    sequences : sequence of n ndarrays of float64
    """
    counts = np.array([np.size(sequence) for sequence in sequences], np.int64)
    flat = np.concatenate([np.zeros(0), *(np.asarray(s, np.float64) for s in sequences)])
    positions, counts, flat = gather_arrays(positions, counts, flat)
    each = np.split(flat, np.cumsum(counts)[:-1])
    return [each[k] for k in np.argsort(positions)]
