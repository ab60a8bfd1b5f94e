"""How large files will be: what is recorded, and a checkpoint."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.comm.world import world
from distsim.estimate.pieces import Piece
from distsim.estimate.shares import Network
from distsim.io import schema
from distsim.io.sizes import FILE, POPULATION, dataset_bytes, report_bytes, spikes_bytes
from distsim.io.snapshots import Sink
from distsim.network.blocks import CellBlock
from distsim.network.poisson import PoissonBlock
from distsim.network.spike_arrays import ArrayBlock
from distsim.pynn.provenance import cell_parameters

__all__ = ["Checkpoint", "Recorded", "recorded"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Recorded:
    """What is recorded in all runs of a script.

    Attributes
    ----------
    n_spikes, n_samples : float
    n_bytes : float
        In distsim's own format, not compressed, whatever the number of files.
    """

    n_spikes: float = 0.0
    n_samples: float = 0.0
    n_bytes: float = 0.0

    def __add__(self, other: "Recorded") -> "Recorded":
        return Recorded(
            self.n_spikes + other.n_spikes,
            self.n_samples + other.n_samples,
            self.n_bytes + other.n_bytes,
        )

    @property
    def held(self) -> float:
        """Bytes of it in memory, before it is written."""
        return 8.0 * (self.n_spikes + self.n_samples)


def recorded(network: Network, rates: Floats) -> Recorded:
    """Return what is recorded, if cells spike at some rates.

    Parameters
    ----------
    network : Network
        Whose runs were passed over.
    rates : ndarray of float64, shape (n_populations,)
        [Hz]; of Poisson sources and given spikes they are known.
    """
    total = Recorded()
    if any(population.recorder.is_used for population in network.populations):
        total = Recorded(n_bytes=FILE)
    for population, rate in zip(network.populations, rates, strict=True):
        if not population.recorder.is_used:
            continue
        segments = population.recorder.segments(None)
        for segment in segments:
            total += Recorded(n_bytes=POPULATION)
            total += _of_segment(segment, population.block, float(rate))
        if segments:
            total += Recorded(n_bytes=_parameter_bytes(population))
    return total


def _of_segment(segment: Any, block: Any, rate: float) -> Recorded:
    """Return what is recorded of a population in a segment."""
    total = Recorded()
    if segment.spikes is not None:
        cells = np.searchsorted(block.indices, segment.spikes.node_ids)
        since = np.asarray(segment.spikes.since, np.float64)
        n_spikes = _n_spikes(block, cells, since, segment.t_stop, rate)
        n_bytes = spikes_bytes(cells.size, round(n_spikes))
        total += Recorded(n_spikes=n_spikes, n_bytes=n_bytes)
    for signal in segment.signals:
        # the first sample is one of the beginning, and both ends count
        length = segment.t_stop - signal.t_start
        n_rows = max(0, int(np.floor(length / signal.sampling_interval + 1e-6)) + 1)
        n_cells = signal.node_ids.size
        total += Recorded(n_samples=n_rows * n_cells, n_bytes=report_bytes(n_rows, n_cells))
    return total


def _n_spikes(block: Any, cells: Any, since: Floats, until: float, rate: float) -> float:
    """Return how many spikes some cells of a block are expected to have up to a time [ms]."""
    if isinstance(block, ArrayBlock):
        times = [block.spike_times[cell] for cell in cells]
        each = zip(times, since, strict=True)
        return float(sum(np.count_nonzero((t > s) & (t <= until)) for t, s in each))
    if isinstance(block, PoissonBlock):
        rates, start, duration = block.values()[cells].T
        spans = np.minimum(start + duration, until) - np.maximum(start, since)
        return float((rates * np.maximum(spans, 0.0)).sum() / 1000.0)
    return float(rate * np.maximum(until - since, 0.0).sum() / 1000.0)


def _parameter_bytes(population: Any) -> int:
    """Return what parameters that differ take; others are attributes."""
    values = cell_parameters(population).values()
    differing = [np.shape(value) for value in values if np.ndim(value)]
    return sum(dataset_bytes(schema.VALUE_DTYPE, shape) for shape in differing)


class Counter(Sink):
    """Counts what is stored in a snapshot, and writes nothing.

    Attributes
    ----------
    n_bytes : dict of str to int
        By what it is: the part of each name before a slash.
    """

    def __init__(self) -> None:
        self.n_bytes: dict[str, int] = defaultdict(int)
        super().__init__(world(), Path())

    def _open(self) -> None:
        """Open no file."""

    def _append(self, name: str, values: NDArray[Any]) -> None:
        self.n_bytes[name.partition("/")[0]] += values.nbytes


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint takes, beside what was recorded by then [bytes].

    Attributes
    ----------
    cells : float
        State of cells and sources, and spikes on their way.
    synapses : float
        Of those with variables.
    """

    cells: float
    synapses: float

    @classmethod
    def of(cls, piece: Piece, n_plastic: float, n_updated: int) -> "Checkpoint":
        """Return the size of the whole network's by what a piece stores.

        Parameters
        ----------
        piece : Piece
        n_plastic : float
            Synapses with variables of the whole network.
        n_updated : int
            Model neurons of the whole network.
        """
        counter = Counter()
        piece.simulation.store(counter)
        by_kind = dict(counter.n_bytes)
        synapses = by_kind.pop("synapses", 0)
        n_here = sum(plastic.n_synapses for plastic in piece.simulation.plastics)
        state = by_kind.pop("cells", 0)
        n_cells = sum(b.n_local for b in piece.blocks.values() if isinstance(b, CellBlock))
        return cls(
            cells=sum(by_kind.values()) + state * n_updated / max(n_cells, 1),
            synapses=synapses * n_plastic / max(n_here, 1),
        )
