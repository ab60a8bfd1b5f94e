"""Gap junctions as an engine is given them: their sides, each with the rank of its target."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.network.pathways import Pathway
from distsim.partitioning import Partition

__all__ = ["Sides", "described_sides", "joined_sides", "sent_to_owners"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Sides(NamedTuple):
    """Sides of junctions: into which cells currents flow, that depend on which others.

    Attributes
    ----------
    target, source : ndarray of int64
        gids.
    order : ndarray of int64
        Twice the projection's number; 1 more of a junction's other side.
    conductance : ndarray of float64
        [uS]
    """

    target: Integers
    source: Integers
    order: Integers
    conductance: Floats

    def taken(self, places: NDArray[Any]) -> "Sides":
        """Return some of them; `places` is an index of numpy's."""
        target, source, order, conductance = self
        return Sides(target[places], source[places], order[places], conductance[places])

    def turned(self) -> "Sides":
        """Return the other sides of the same junctions."""
        return Sides(self.source, self.target, self.order + 1, self.conductance)


def described_sides(pathways: Iterable[Pathway]) -> Sides:
    """Return the junctions onto this rank's cells, each by its side there.

    Raises
    ------
    ConnectivityError
        If a conductance is out of its bounds.
    """
    parts: list[tuple[Any, ...]] = []
    for pathway in pathways:
        gids = [block.gids[positions] for block, positions in pathway.blocks]
        targets = np.concatenate([np.zeros(0, np.int64), *gids])
        for chunk in pathway.chunks():
            n = chunk.sources.size
            parts.append(
                (
                    targets[chunk.target_positions],
                    pathway.sources.gids(chunk.sources),
                    np.full(n, 2 * pathway.number),
                    np.broadcast_to(np.asarray(chunk.weights, np.float64), n),
                )
            )
    kinds = np.int64, np.int64, np.int64, np.float64
    return Sides(
        *(
            np.concatenate([np.zeros(0, kind), *(part[k] for part in parts)]).astype(kind)
            for k, kind in enumerate(kinds)
        )
    )


def joined_sides(first: Sides, second: Sides) -> Sides:
    """Return some sides, and others after them."""
    return Sides(
        np.concatenate([first.target, second.target]),
        np.concatenate([first.source, second.source]),
        np.concatenate([first.order, second.order]),
        np.concatenate([first.conductance, second.conductance]),
    )


def sent_to_owners(comm: Any, sides: Sides, partition: Partition) -> Sides:
    """Send sides to the owners of their targets, and return what came; every rank must call it."""
    owners = np.asarray(partition.rank_of(sides.target), np.int64)
    order = np.argsort(owners, kind="stable")
    columns = [*sides[:3], np.ascontiguousarray(sides.conductance).view(np.int64)]
    rows = np.ascontiguousarray(np.column_stack(columns)[order])
    n_sent = np.bincount(owners, minlength=comm.Get_size()).astype(np.int64)
    n_received = np.empty_like(n_sent)
    comm.Alltoall(n_sent, n_received)
    received = np.empty((int(n_received.sum()), 4), np.int64)
    comm.Alltoallv((rows, 4 * n_sent), (received, 4 * n_received))
    target, source, order, words = (np.ascontiguousarray(column) for column in received.T)
    return Sides(target, source, order, words.view(np.float64))
