"""A piece of a network: what one rank of a job would have, built and advanced here.

This is the *dry run* of the field [1]_: one process does what a rank of many would, and what it
would hear from the others is made up. Here cells of other ranks spike at random, at a rate that is
given, or that cells of their population have here: so the cells' input is that of the whole
network, but for correlations. Time is the processor's: others at work here hardly change it.

References
----------
.. [1] S. Kunkel and W. Schenck, Front. Neuroinform. 11, 40 (2017).
"""

import copy
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.comm.world import world
from distsim.engines.native.engine import NativeSimulation
from distsim.estimate.shares import Share
from distsim.kernels.spike_keys import spike_key
from distsim.models import CellModel
from distsim.network.blocks import CellBlock
from distsim.network.currents import Injection
from distsim.network.poisson import PoissonBlock
from distsim.network.records import ProbeSet
from distsim.network.renewal import RenewalBlock
from distsim.network.spike_arrays import ArrayBlock
from distsim.network.spool import Spool

__all__ = ["Piece"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Remote(ArrayBlock):
    """The spikes of cells on other ranks."""

    def __init__(self) -> None:
        super().__init__(0, np.zeros(0, np.int64))
        self.is_changed = False

    def give(self, keys: Integers) -> None:
        """Take the spikes of the steps to come, sorted."""
        self._keys = keys


@dataclass(frozen=True)
class Advance:
    """What was measured as a piece was advanced.

    Attributes
    ----------
    n_steps : int
    seconds : float
        Of the processor.
    rates : ndarray of float64, shape (n_populations,)
        Spikes of the cells that are here [Hz]; nan where there is none.
    """

    n_steps: int
    seconds: float
    rates: Floats


class Piece:
    """A rank's share, as a simulation of its own.

    Parameters
    ----------
    share : Share
    described : NativeSimulation
        Which was told of the whole network, and has built nothing.
    recording_memory : float
        [MiB]

    Attributes
    ----------
    simulation : NativeSimulation
    seconds : float
        Of the processor, that it took to build.
    """

    def __init__(
        self, share: Share, described: NativeSimulation, recording_memory: float, seed: int = 1
    ) -> None:
        self.share = share
        self.simulation = NativeSimulation(
            world(),
            described.dt,
            described.seed,
            described.user_min_delay,
            described.user_max_delay,
            "allgather",
        )
        self.simulation.partition = described.partition
        self._populations = list(share.network.populations)
        self._spool = Spool(int(recording_memory * 2**20))
        self._random = np.random.default_rng(seed)
        self._remote = Remote()
        self.simulation.array_blocks.append(self._remote)
        self.blocks = {p.block: self._add(p) for p in self._populations}
        self._inject(described)
        cells = {old: new for old, new in self.blocks.items() if isinstance(new, CellBlock)}
        for pathway in share.network.pathways:
            # those of gap junctions need the other side
            if not pathway.synapse.is_electrical:
                self.simulation.add_pathway(share.narrowed(pathway, cells))
        started = time.process_time()
        self.simulation.prepare()
        self.seconds = time.process_time() - started
        self._others = self._heard()

    def _add(self, population: Any) -> Any:
        """Tell of a population; return the block of what is here of it."""
        simulation, old = self.simulation, population.block
        range_of = population.first_gid, population.first_gid + population.size
        if isinstance(old, PoissonBlock):
            simulation.poisson_blocks.append(old)
            simulation.poisson_ranges.append(range_of)
            return old
        if isinstance(old, RenewalBlock):
            block = copy.deepcopy(old)
            block.spikes.record(np.arange(block.n_local), 0)
            simulation.add_renewal_sources(block, population.size)
            return block
        if isinstance(old, ArrayBlock):
            given = simulation.add_array_sources(population.first_gid, old.indices)
            given.spike_times = old.spike_times
            return given
        local = self.share.local(population)
        new = simulation.add_cells(old.model, population.first_gid, local)
        new.parameters = {name: values[local] for name, values in old.parameters.items()}
        new.state, new.refractory = old.state[:, local].copy(), old.refractory[local].copy()
        for probe_set in old.probes:
            new.probes.append(self._probes(probe_set, old))
        new.spikes.record(np.arange(local.size), 0)
        return new

    def _probes(self, old: ProbeSet, block: CellBlock) -> ProbeSet:
        """Return what is sampled of the cells that are here."""
        here = old.positions[self.share.is_local(block, old.positions)]
        positions = self.share.placements[block].local_positions(here)
        return ProbeSet(old.variable, old.state_row, positions, old.interval, 0, self._spool)

    def _inject(self, described: NativeSimulation) -> None:
        for group in described.cell_groups:
            for key, (block, positions, signal) in group.injections.items():
                here = positions[self.share.is_local(block, positions)]
                places = self.share.placements[block].local_positions(here)
                self.simulation.inject(key, Injection(self.blocks[block], places, signal))

    def _heard(self) -> list[Integers]:
        """Return the cells of each population that are elsewhere and have targets here."""
        networks = self.simulation.networks.values()
        sources = np.unique(
            np.concatenate([np.zeros(0, np.int64), *(n.row_sources() for n in networks)])
        )
        others = []
        for population in self._populations:
            first, block = population.first_gid, self.blocks[population.block]
            mine = sources[(sources >= first) & (sources < first + population.size)]
            is_spiking = isinstance(block, CellBlock)
            others.append(np.setdiff1d(mine, block.gids) if is_spiking else mine[:0])
        return others

    @property
    def counted(self) -> dict[CellModel, tuple[int, int]]:
        """How many rows and runs there are onto cells of each model."""
        networks = self.simulation.networks.items()
        each = {model: network.arrivals.rows for model, network in networks}
        return {m: (rows.row_source.size, rows.run_delay.size) for m, rows in each.items()}

    @property
    def n_heard(self) -> int:
        """Cells on other ranks that have targets here."""
        return sum(others.size for others in self._others)

    def heard_ranks(self) -> int:
        """Return from how many other ranks spikes come."""
        ranks = [np.zeros(0, np.int64)]
        for population, others in zip(self._populations, self._others, strict=True):
            placement = self.share.placements[population.block]
            ranks.append(np.unique(placement.rank_of(others - population.first_gid)))
        return int(np.unique(np.concatenate(ranks)).size)

    # --- running -------------------------------------------------------------------------------

    def advance(self, duration: float, rates: Floats) -> Advance:
        """Run for a time [ms], with cells elsewhere that spike at some rates [Hz]."""
        simulation = self.simulation
        first, n_steps = simulation.step, max(1, round(duration / simulation.dt))
        self._remote.give(self._drawn(first, n_steps, rates))
        started = time.process_time()
        simulation.run_until(first + n_steps)
        seconds = time.process_time() - started
        return Advance(n_steps, seconds, self._take_rates(n_steps))

    def _drawn(self, first: int, n_steps: int, rates: Floats) -> Integers:
        """Return spikes of the cells elsewhere in the next steps."""
        seconds = n_steps * self.simulation.dt / 1000.0
        parts = [np.zeros(0, np.int64)]
        for others, rate in zip(self._others, rates, strict=True):
            n = self._random.poisson(others.size * rate * seconds) if others.size else 0
            steps = self._random.integers(first + 1, first + n_steps + 1, n)
            parts.append(spike_key(steps, others[self._random.integers(0, others.size or 1, n)]))
        return np.sort(np.concatenate(parts))

    def _take_rates(self, n_steps: int) -> Floats:
        """Return at which rates the cells here have spiked, and forget their spikes."""
        seconds = n_steps * self.simulation.dt / 1000.0
        rates = np.full(len(self._populations), np.nan)
        for k, population in enumerate(self._populations):
            block = self.blocks[population.block]
            if block.spikes.is_on and not isinstance(block, PoissonBlock | ArrayBlock):
                rates[k] = block.spikes.keys().size / (block.n_local * seconds)
                block.spikes.clear(self.simulation.step)
        return rates

    def close(self) -> None:
        """Give back what it holds."""
        self.simulation.close()
