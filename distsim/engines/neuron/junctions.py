"""Gap junctions in NEURON: a process at each side, which NEURON tells the other potential."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.comm.owners import fetch
from distsim.engines.junction_sides import Sides, joined_sides, sent_to_owners
from distsim.network.pathways import Pathway
from distsim.partitioning import Partition

__all__ = ["Junctions"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Junctions:
    """The gap junctions onto this rank's cells.

    Parameters
    ----------
    h : NEURON's interpreter
    context : ParallelContext
    comm : mpi4py communicator
    """

    def __init__(self, h: Any, context: Any, comm: Any) -> None:
        self._h, self._context, self._comm = h, context, comm
        # of each pathway the processes of its sides here, and the cells on the other side
        self._processes: dict[Pathway, list[Any]] = {}
        self._others: list[Integers] = [np.zeros(0, np.int64)]
        self._shown: set[int] = set()

    def join(
        self,
        described: dict[Pathway, Sides],
        partition: Partition,
        segment_of: Callable[[int], Any],
    ) -> None:
        """Make new junctions, and give all their conductances; every rank must call it.

        Parameters
        ----------
        described : dict of Pathway to Sides
            All junctions onto this rank's cells, each by its side there.
        partition : Partition
        segment_of : callable
            Returns where a cell of this rank has its junctions.
        """
        are_new = [pathway not in self._processes for pathway in described]
        for pathway, sides in described.items():
            turned = sent_to_owners(self._comm, sides.turned(), partition)
            # also of those through which no current flows into the source
            self._show(np.concatenate([sides.target, turned.target]), segment_of)
            mine = joined_sides(sides, turned) if pathway.synapse.n_sides == 2 else sides
            # no current flows from a cell to itself
            mine = mine.taken(mine.target != mine.source)
            if pathway not in self._processes:
                self._processes[pathway] = self._made(mine, segment_of)
                self._others.append(mine.source)
            conductances = mine.conductance.tolist()
            for process, conductance in zip(self._processes[pathway], conductances, strict=True):
                process.g = conductance
        if any(are_new):
            self._context.setup_transfer()

    def _show(self, gids: Integers, segment_of: Callable[[int], Any]) -> None:
        """Let NEURON tell others the potentials of some cells of this rank."""
        for gid in sorted(set(gids.tolist()) - self._shown):
            segment = segment_of(gid)
            self._context.source_var(segment._ref_v, gid, sec=segment.sec)
            self._shown.add(gid)

    def _made(self, sides: Sides, segment_of: Callable[[int], Any]) -> list[Any]:
        processes = []
        for target, source in zip(sides.target.tolist(), sides.source.tolist(), strict=True):
            process = self._h.GapJunction(segment_of(target))
            self._context.target_var(process, process._ref_v_other, source)
            processes.append(process)
        return processes

    def begin(self, partition: Partition, potential_of: Callable[[int], float]) -> None:
        """Take the potentials that were set since the last run; every rank must call it.

        Parameters
        ----------
        partition : Partition
        potential_of : callable
            Returns that of a cell of this rank [mV].
        """
        if not self._processes:
            return

        def answer(gids: Integers) -> Floats:
            return np.array([[potential_of(gid)] for gid in gids.tolist()]).reshape(-1, 1)

        others, place = np.unique(np.concatenate(self._others), return_inverse=True)
        owners = np.asarray(partition.rank_of(others), np.int64)
        told = fetch(self._comm, others, owners, answer)
        processes = [one for each in self._processes.values() for one in each]
        for process, potential in zip(processes, told[place, 0].tolist(), strict=True):
            process.v_other = potential
