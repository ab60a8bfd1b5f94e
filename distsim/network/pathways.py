"""Connections as an engine is given them: data, from which it makes those onto its rank's cells."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from distsim.connectivity import Chunk, Connections
from distsim.models import CellModel
from distsim.models.synapse_model import STATIC, SynapseModel
from distsim.network.blocks import CellBlock

__all__ = ["GidMap", "Pathway", "SameCells"]

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class GidMap:
    """The gids of some cells, of several populations one after the other.

    Attributes
    ----------
    first_gids : tuple of int
        Of the populations.
    sizes : tuple of int
        How many cells of each.
    indices : tuple of ndarray of int64 or None
        Which of each, by their indices in the population, ascending; None: all, in their order.
    span : tuple of 2 int
        All cells of these populations have gids ``first <= gid < end``.
    """

    first_gids: tuple[int, ...]
    sizes: tuple[int, ...]
    indices: tuple[Integers | None, ...]
    span: tuple[int, int]

    def gids(self, positions: NDArray[np.integer]) -> Integers:
        """Return the gids of the cells at some positions.

        Examples
        --------
        >>> cells = GidMap((100, 200), (3, 2), (None, np.array([7, 9])), (100, 250))
        >>> cells.gids(np.array([0, 2, 3, 4])).tolist()
        [100, 102, 207, 209]
        """
        if len(self.sizes) == 1:
            return self._of_part(0, positions)
        gids = np.zeros(positions.shape, np.int64)
        first = 0
        for k, size in enumerate(self.sizes):
            inside = (positions >= first) & (positions < first + size)
            gids[inside] = self._of_part(k, positions[inside] - first)
            first += size
        return gids

    def positions_of(self, gids: Integers) -> Integers:
        """Return the positions of the cells with some gids, -1 for those that are not there.

        Examples
        --------
        >>> cells = GidMap((100, 200), (3, 2), (None, np.array([7, 9])), (100, 250))
        >>> cells.positions_of(np.array([100, 103, 207, 208])).tolist()
        [0, -1, 3, -1]
        """
        positions = np.full(gids.shape, -1, np.int64)
        first = 0
        for k, size in enumerate(self.sizes):
            within, indices = gids - self.first_gids[k], self.indices[k]
            if indices is None:
                is_there = (within >= 0) & (within < size)
            else:
                places = np.minimum(np.searchsorted(indices, within), size - 1)
                is_there = (indices[places] == within) if size else np.zeros(gids.shape, np.bool_)
                within = places
            positions = np.where(is_there, first + within, positions)
            first += size
        return positions

    def _of_part(self, k: int, positions: NDArray[np.integer]) -> Integers:
        indices = self.indices[k]
        chosen = positions if indices is None else indices[positions]
        return self.first_gids[k] + np.asarray(chosen, np.int64)


@dataclass(frozen=True, eq=False)
class SameCells:
    """Which cells of one side of a projection are on the other side, too.

    Attributes
    ----------
    cells, others : GidMap
        Of the side that is asked for, and of the other side.
    """

    cells: GidMap
    others: GidMap

    def __call__(self, indices: Integers) -> Integers:
        """Return the indices of the same cells on the other side, -1 for those not there."""
        return self.others.positions_of(self.cells.gids(indices))


@dataclass(eq=False)
class Pathway:
    """A projection as this rank sees it.

    Attributes
    ----------
    label : str
        For messages.
    connections : Connections
        Other ones may take their place; the engine is then told that they did.
    targets : ndarray of int64, shape (n_targets,)
        Indices of this rank's target cells in the projection's target population, ascending.
    blocks : sequence of (CellBlock, ndarray of int64)
        The blocks that the targets are in, in their order, and the targets' positions there.
    sources : GidMap
    receptors : mapping of CellModel to int
        Index of the receptor type in each model of the targets.
    is_drive : bool
        Whether it is one to one from Poisson sources.
    number : int
        Of the projection.
    synapse : SynapseModel
    dendritic_fraction : float
        What part of each delay is after the synapse.
    """

    label: str
    connections: Connections
    targets: Integers
    blocks: Sequence[tuple[CellBlock, Integers]]
    sources: GidMap
    receptors: Mapping[CellModel, int]
    is_drive: bool = False
    number: int = 0
    synapse: SynapseModel = STATIC
    dendritic_fraction: float = 1.0

    @property
    def models(self) -> list[CellModel]:
        """The models of the targets, those of other ranks, too."""
        return list(dict.fromkeys(block.model for block, _ in self.blocks))

    def lids(self, model: CellModel) -> Integers:
        """Return the targets' local indices in the group of a model, -1 for those in another."""
        each = [
            block.first_lid + positions
            if block.model is model
            else np.full(positions.size, -1, np.int64)
            for block, positions in self.blocks
        ]
        return np.concatenate([np.zeros(0, np.int64), *each])

    def are_onto(self, model: CellModel) -> NDArray[np.bool_]:
        """Return which of the connections, in their order, are onto cells of a model."""
        lids = self.lids(model)
        parts = [lids[c.target_positions] >= 0 for c in self.chunks(want_weights=False)]
        return np.concatenate([np.zeros(0, np.bool_), *parts])

    def chunks(self, want_weights: bool = True) -> Iterator[Chunk]:
        """Yield the connections onto the targets; see `Connections.chunks`."""
        return self.connections.chunks(self.targets, want_weights)
