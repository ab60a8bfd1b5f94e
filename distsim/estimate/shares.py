"""Which part of a described network one rank of a job would have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.connectivity import Sample, sampled
from distsim.engines.native.footprint import Footprint, Onto, footprint
from distsim.models import CellModel
from distsim.network.blocks import CellBlock
from distsim.network.pathways import Pathway
from distsim.partitioning.placement import Placement, place

__all__ = ["Network", "Share"]

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Network:
    """A described network, all cells of which this process has.

    Attributes
    ----------
    populations : sequence of Population
    pathways : sequence of Pathway
    dt : float
        [ms]
    partition : str or callable
        As given to `setup()`.
    """

    populations: Sequence[Any]
    pathways: Sequence[Pathway]
    dt: float
    partition: Any

    @classmethod
    def of(cls, state: Any) -> "Network":
        """Return the present network of the front end."""
        pathways = [projection.pathway for projection in state.projections]
        return cls(list(state.populations), pathways, state.dt, state.setup.partition)

    @cached_property
    def n_cells(self) -> int:
        """Cells of all populations, sources included."""
        return sum(population.size for population in self.populations)

    @cached_property
    def samples(self) -> list[Sample]:
        """What the targets of each pathway have."""
        return [sampled(pathway.connections, pathway.targets) for pathway in self.pathways]

    @property
    def n_synapses(self) -> float:
        """Expected synapses of all projections."""
        return sum(sample.n_synapses for sample in self.samples)

    @property
    def error_of_synapses(self) -> float:
        """Standard error of the number of synapses that was estimated; 0 if it follows."""
        return float(np.sqrt(sum(sample.error**2 for sample in self.samples)))

    def share(self, n_ranks: int) -> "Share":
        """Return the part of the rank that has the most synapses and cells, of so many ranks."""
        placements = [
            place(self.partition, p.first_gid, p.size, n_ranks, p.number) for p in self.populations
        ]
        by_block = dict(zip([p.block for p in self.populations], placements, strict=True))
        load = np.zeros(n_ranks)
        for population, placement in zip(self.populations, placements, strict=True):
            load += _count(placement, np.arange(population.size), n_ranks)
        for pathway, sample in zip(self.pathways, self.samples, strict=True):
            indegree = sample.n_synapses / max(pathway.targets.size, 1)
            for block, positions in pathway.blocks:
                load += indegree * _count(by_block[block], positions, n_ranks)
        return Share(self, n_ranks, int(np.argmax(load)), by_block)


@dataclass(frozen=True)
class Share:
    """The part of one rank.

    Attributes
    ----------
    network : Network
    n_ranks, rank : int
    placements : dict of SourceBlock to Placement
    """

    network: Network
    n_ranks: int
    rank: int
    placements: dict[Any, Placement]

    def local(self, population: Any) -> Integers:
        """Return the indices of the cells of a population that the rank has."""
        return self.placements[population.block].local_indices(self.rank)

    @cached_property
    def n_cells(self) -> int:
        """Cells on the rank, sources included."""
        return sum(self.placements[p.block].n_local(self.rank) for p in self.network.populations)

    @cached_property
    def n_updated(self) -> int:
        """Model neurons on the rank."""
        return sum(
            self.placements[p.block].n_local(self.rank)
            for p in self.network.populations
            if isinstance(p.block, CellBlock)
        )

    @cached_property
    def n_synapses(self) -> float:
        """Synapses that the rank is expected to have."""
        return sum(onto.n_synapses for onto in self._onto)

    def is_local(self, block: Any, positions: Integers) -> NDArray[np.bool_]:
        """Return which cells of a block, at some positions, the rank has."""
        return self.placements[block].rank_of(positions) == self.rank

    def narrowed(self, pathway: Pathway, blocks: dict[Any, CellBlock]) -> Pathway:
        """Return a pathway onto the rank's cells alone.

        Parameters
        ----------
        pathway : Pathway
        blocks : dict of SourceBlock to CellBlock
            The rank's cells of each block.
        """
        masks = [self.is_local(block, positions) for block, positions in pathway.blocks]
        parts = [
            (blocks[block], self.placements[block].local_positions(positions[mask]))
            for (block, positions), mask in zip(pathway.blocks, masks, strict=True)
        ]
        is_here = np.concatenate([np.zeros(0, np.bool_), *masks])
        return replace(pathway, targets=pathway.targets[is_here], blocks=parts)

    @cached_property
    def _onto(self) -> list[Onto]:
        return [onto for model in self.models for onto in self._onto_model(model)]

    @cached_property
    def models(self) -> list[CellModel]:
        """The models of the cells, those of other ranks, too."""
        blocks = [population.block for population in self.network.populations]
        return list(dict.fromkeys(b.model for b in blocks if isinstance(b, CellBlock)))

    def footprints(
        self, counted: Mapping[CellModel, tuple[int, int]] = MappingProxyType({})
    ) -> list[Footprint]:
        """Return what the rank's synapses take, those onto each model.

        Parameters
        ----------
        counted : mapping of CellModel to (int, int)
            Rows and runs, where they were counted.
        """
        return [
            footprint(model, self._n_local(model), self._onto_model(model), counted.get(model))
            for model in self.models
        ]

    def _n_local(self, model: CellModel) -> int:
        return sum(
            self.placements[p.block].n_local(self.rank)
            for p in self.network.populations
            if isinstance(p.block, CellBlock) and p.block.model is model
        )

    def _onto_model(self, model: CellModel) -> list[Onto]:
        every, network = [], self.network
        for pathway, sample in zip(network.pathways, network.samples, strict=True):
            n_targets = sum(
                int(np.count_nonzero(self.is_local(block, positions)))
                for block, positions in pathway.blocks
                if block.model is model
            )
            if model not in pathway.models:
                continue
            n_synapses = sample.n_synapses * n_targets / max(pathway.targets.size, 1)
            delays = np.rint(sample.delays / network.dt).astype(np.int64)
            every.append(Onto(pathway, n_targets, n_synapses, delays))
        return every


def _count(placement: Placement, positions: Integers, n_ranks: int) -> Integers:
    """Return how many of some cells each rank has."""
    return np.bincount(placement.rank_of(positions), minlength=n_ranks)
