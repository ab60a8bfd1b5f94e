"""Routes: to which ranks the spikes of a rank's own cells go, and from which ranks spikes come."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.comm.owners import ask_owners
from distsim.partitioning import Partition

__all__ = ["Routes", "find_routes"]

Integers = NDArray[np.int64]
# gids sent to their owners at once
PIECE = 2**18


class Routes(NamedTuple):
    """Which ranks have targets of a rank's own cells.

    Attributes
    ----------
    gids : ndarray of int64, shape (n_own,), ascending
        The rank's own cells, sources of spikes or not.
    first : ndarray of int64, shape (n_own + 1,)
        Where the entries of each cell in `neighbour` begin.
    neighbour : ndarray of uint16 or uint32
        For each rank with targets of the cell its place in `receivers`; ``receivers.size`` stands
        for this rank itself.
    receivers, senders : ndarray of int64, ascending
        Other ranks with targets of this rank's cells; other ranks with cells that have targets
        here.
    """

    gids: Integers
    first: Integers
    neighbour: NDArray[Any]
    receivers: Integers
    senders: Integers


def find_routes(comm: Any, partition: Partition, wanted: Integers, piece: int = PIECE) -> Routes:
    """Let each rank tell the owners which sources have targets on it; every rank must call it.

    Parameters
    ----------
    comm : mpi4py communicator
    partition : Partition
    wanted : ndarray of int64, shape (n,), ascending
        Sources, each once, whose spikes this rank needs.
    piece : int
        How many of them are sent at once.

    Returns
    -------
    Routes

    Notes
    -----
    O(own cells x ranks with targets of them) memory: 2 bytes for each such pair, or 4 with 65,535
    receivers or more, and 4 more while it is made. A few arrays of `n_ranks` numbers are needed
    meanwhile.
    """
    rank, n_ranks = comm.Get_rank(), comm.Get_size()
    gids = partition.local_gids(rank)
    gids.sort()
    is_sender = np.zeros(n_ranks, np.bool_)
    is_receiver = np.zeros(n_ranks, np.bool_)
    degrees = np.zeros(gids.size, np.int64)
    answers: list[tuple[NDArray[np.int32], Integers]] = []
    for k in range(_n_rounds(comm, wanted.size, piece)):
        mine = wanted[k * piece : (k + 1) * piece]
        owners = partition.rank_of(mine)
        order = np.argsort(owners, kind="stable")
        n_sent, asked, n_asked = ask_owners(comm, mine[order], owners[order])
        is_sender |= n_sent > 0
        is_receiver |= n_asked > 0
        cells = np.searchsorted(gids, asked).astype(np.int32)
        degrees += np.bincount(cells, minlength=gids.size)
        answers.append((cells, n_asked))
    is_sender[rank] = is_receiver[rank] = False
    receivers = np.flatnonzero(is_receiver)
    first = np.concatenate([[0], np.cumsum(degrees)]).astype(np.int64)
    number_of = np.full(n_ranks, receivers.size)
    number_of[receivers] = np.arange(receivers.size)
    neighbour = _listed(first, answers, number_of)
    return Routes(gids, first, neighbour, receivers, np.flatnonzero(is_sender))


def _n_rounds(comm: Any, n: int, piece: int) -> int:
    """Return how often the rank that wants most has to ask."""
    rounds = np.empty(comm.Get_size(), np.int64)
    comm.Allgather(np.array([-(-n // piece)], np.int64), rounds)
    return int(rounds.max())


def _listed(
    first: Integers, answers: list[tuple[NDArray[np.int32], Integers]], number_of: Integers
) -> NDArray[Any]:
    """Return the neighbours of each cell, one cell after another."""
    kind: Any = np.uint16 if number_of.max() < 2**16 else np.uint32
    neighbour = np.empty(int(first[-1]), kind)
    place = first[:-1].copy()
    while answers:
        cells, n_asked = answers.pop()
        ends = np.cumsum(n_asked)
        for asker in np.flatnonzero(n_asked):
            # a rank names each cell once
            named = cells[ends[asker] - n_asked[asker] : ends[asker]]
            neighbour[place[named]] = number_of[asker]
            place[named] += 1
    return neighbour
