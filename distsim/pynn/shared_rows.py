"""Connections that rank 0 alone reads or makes, given to the ranks that own their targets."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.comm.owners import send_rows
from distsim.comm.world import world
from distsim.pynn.simulator import state

__all__ = ["in_blocks", "ranks_of", "shared_rows"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

# what is given at once
N_ROWS = 2**18


def in_blocks(rows: Floats) -> Iterator[Floats]:
    """Yield some rows of an array at a time."""
    for first in range(0, rows.shape[0], N_ROWS):
        yield rows[first : first + N_ROWS]


def ranks_of(cells: Any, positions: Integers) -> Integers:
    """Return the ranks that own cells of a population, view or assembly.

    Parameters
    ----------
    cells : Population, PopulationView or Assembly
    positions : ndarray of int64, shape (n,)
    """
    ranks = np.zeros(positions.size, np.int64)
    first = 0
    for part in cells.parts:
        inside = (positions >= first) & (positions < first + part.size)
        ranks[inside] = part.root.placement.rank_of(part.indices(positions[inside] - first))
        first += part.size
    return ranks


def shared_rows(
    blocks: Iterable[Floats], width: int, post: Any, is_whole: bool
) -> tuple[Floats, Floats | None]:
    """Return the rows that concern this rank; every rank must call it.

    Parameters
    ----------
    blocks : iterable of ndarray of float64, shape (n, width), n > 0
        On rank 0: source, target and values of each connection. On other ranks it is not read.
        What it raises is raised on every rank.
    width : int
    post : Population, PopulationView or Assembly
        The targets.
    is_whole : bool
        Whether each rank is given all rows, instead of those onto its own cells.

    Returns
    -------
    rows : ndarray of float64, shape (n, width)
    first : ndarray of float64, shape (width,), or None
        The first row of all, the same on every rank, if there are any.
    """
    comm = world()
    source = iter(blocks)
    parts, first = [np.zeros((0, width))], None
    while True:
        block = np.zeros((0, width))
        with state.together():
            if state.rank == 0:
                block = next(source, block)
        n_rows = comm.bcast(block.shape[0])
        if n_rows == 0:
            return np.concatenate(parts), first
        if first is None:
            first = comm.bcast(block[0] if state.rank == 0 else None)
        if is_whole:
            block = np.ascontiguousarray(block) if state.rank == 0 else np.empty((n_rows, width))
            comm.Bcast(block)
            parts.append(block)
        else:
            parts.append(send_rows(comm, block, ranks_of(post, block[:, 1].astype(np.int64))))
