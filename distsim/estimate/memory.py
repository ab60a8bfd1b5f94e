"""What a rank needs in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from distsim.engines.native.probes import BUFFER_VALUES
from distsim.estimate.files import Recorded
from distsim.estimate.held import array_bytes
from distsim.estimate.shares import Network, Share
from distsim.io.transfer import MESSAGE_BYTES
from distsim.models import CellModel
from distsim.network.blocks import CellBlock

__all__ = ["CellBytes", "Memory", "memory_of"]

# a message of an Allgather has room for twice its spikes, and is there to be sent and received
ROOM = 2
# what rank 0 puts together at once when it writes a file, with what it was made of [bytes]
WRITTEN = 3 * MESSAGE_BYTES


@dataclass(frozen=True)
class Memory:
    """What the rank with most needs, at its peak [bytes].

    Attributes
    ----------
    base : float
        Python, libraries, kernels, and what the script holds itself.
    cells : float
    static, plastic, electrical : float
        Synapses; the latter two while they are built.
    recording : float
        Buffers, and what waits in memory to be written.
    whole : float
        What grows with the whole network.
    building : float
        What is needed beside while synapses are built, and free again before the first step.
    """

    base: float
    cells: float
    static: float
    plastic: float
    electrical: float
    recording: float
    whole: float
    building: float

    @property
    def peak(self) -> float:
        """The most that is needed at a time; what is recorded comes when nothing is built."""
        total = sum(getattr(self, field.name) for field in fields(self))
        return float(total - min(self.building, self.recording))


@dataclass(frozen=True)
class CellBytes:
    """What cells take, measured on those that are here [bytes].

    Attributes
    ----------
    described : dict of int to float
        By number of the population: of a cell, parameters, state, what the front end holds.
    grouped : dict of CellModel to float
        Of a cell of each model, beyond that, once it is built.
    """

    described: dict[int, float]
    grouped: dict[Any, float]

    @classmethod
    def measured(cls, network: Network, piece: Any) -> "CellBytes":
        """Return what populations hold here, and the groups of a piece."""
        described = {p.number: array_bytes([p]) / max(p.size, 1) for p in network.populations}
        grouped = {}
        for model, of_model in piece.simulation.networks.items():
            group = of_model.group
            parts = [group.cells, group.coefficients, group.currents]
            held = array_bytes(parts, [block.gids for block in group.blocks])
            state = sum(block.state.nbytes + block.refractory.nbytes for block in group.blocks)
            grouped[model] = max(held - state, 0) / max(group.n_local, 1)
        return cls(described, grouped)


def memory_of(
    share: Share,
    base: float,
    cell_bytes: CellBytes,
    recorded: Recorded,
    recording_memory: float,
    spikes_per_epoch: float,
    counted: Mapping[CellModel, tuple[int, int]],
) -> Memory:
    """Return what a rank with a share needs.

    Parameters
    ----------
    share : Share
    base : float
        [bytes]
    cell_bytes : CellBytes
    recorded : Recorded
        By the whole job.
    recording_memory : float
        What each rank may hold of that [bytes].
    spikes_per_epoch : float
        Of all ranks.
    counted : mapping of CellModel to (int, int)
        Rows and runs of the rank, where they were counted.
    """
    network, footprints = share.network, share.footprints(counted)
    cells = n_sets = 0.0
    for population in network.populations:
        n_local = share.placements[population.block].n_local(share.rank)
        cells += n_local * cell_bytes.described[population.number]
        if isinstance(population.block, CellBlock):
            cells += n_local * cell_bytes.grouped.get(population.block.model, 0.0)
            n_sets += len(population.block.probes)
    part = share.n_cells / max(network.n_cells, 1)
    messages = ROOM * 8 * (share.n_ranks + spikes_per_epoch)
    possible = sum(each.possible for each in footprints)
    return Memory(
        base=base,
        cells=cells,
        static=sum(each.static for each in footprints),
        plastic=sum(each.plastic for each in footprints),
        electrical=sum(each.electrical for each in footprints),
        recording=8 * BUFFER_VALUES * n_sets
        + min(recorded.held * part, recording_memory)
        + min(recorded.n_bytes, WRITTEN),
        whole=possible + messages,
        building=max((each.building for each in footprints), default=0.0) - possible,
    )
