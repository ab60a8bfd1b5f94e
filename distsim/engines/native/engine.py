"""The simulation on one rank: build, then epoch after epoch deliver, update, collect, exchange."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.comm.agreement import first_on_each_node, place_on_node, together
from distsim.connectivity import Connections, Listed
from distsim.declared import declares
from distsim.engines.base import Engine
from distsim.engines.native.arrivals import PastPoisson
from distsim.engines.native.choice import choose_exchange
from distsim.engines.native.epochs import EpochLoop
from distsim.engines.native.exchange import Exchange, SpikeExchange
from distsim.engines.native.group_network import GroupNetwork
from distsim.engines.native.groups import CellGroup
from distsim.engines.native.history import SpikeHistory
from distsim.engines.native.junctions import Junctions
from distsim.engines.native.memory import check_memory
from distsim.engines.native.messages import NO_SPIKES
from distsim.engines.native.plastic import PlasticPathway
from distsim.engines.native.snapshot import lay_in, store
from distsim.engines.pace import Pace
from distsim.kernels.epoch import sample
from distsim.models import CELL_MODELS, CellModel, NativeModel
from distsim.models.synapse_model import SynapseModel
from distsim.network.blocks import CellBlock
from distsim.network.currents import Injection
from distsim.network.pathways import Pathway
from distsim.network.poisson import build_tables, is_source
from distsim.partitioning.streams import Purpose, Stream

__all__ = ["NativeSimulation"]

# an epoch is no longer than this where no delay bounds it
LONGEST_EPOCH = 100
# from one pause of a run to the next, in which an interrupt is seen [s]
PAUSE_SECONDS = 0.1


@declares(
    stored="step segment seed counters array_blocks poisson_blocks renewals networks history "
    "junctions _periods _are_times_changed",
    remade="seconds min_delay_steps max_delay_steps exchange epoch_steps _epochs _pace "
    "_is_structure_changed _are_junctions_changed _in_place _min _sum",
    described="comm rank dt user_min_delay user_max_delay partition poisson_ranges exchange_kind",
)
class NativeSimulation(Engine):
    """Cells, pathways and clock of one rank.

    Parameters
    ----------
    comm, dt, seed, min_delay, max_delay
        As for `Engine`.
    exchange : {'auto', 'allgather', 'directed'}
        How spikes are exchanged.

    Attributes
    ----------
    networks : dict of CellModel to GroupNetwork
    junctions : Junctions
    """

    name = "native"
    has_snapshots = True
    takes_initial_values = True
    models = frozenset(CELL_MODELS.values())

    def __init__(
        self,
        comm: Any,
        dt: float,
        seed: int,
        min_delay: float | None,
        max_delay: float | None,
        exchange: str = "auto",
    ) -> None:
        super().__init__(comm, dt, seed, min_delay, max_delay)
        self.networks: dict[CellModel, GroupNetwork] = {}
        self.exchange_kind = exchange
        self.seconds |= {"compile": 0.0, "exchange": 0.0}
        self.exchange: Exchange = SpikeExchange(comm)
        self.history = SpikeHistory()
        self.epoch_steps = LONGEST_EPOCH
        self.junctions = Junctions(comm)
        self._epochs = EpochLoop(self.junctions)
        self._pace = Pace(self.smallest_of_all, PAUSE_SECONDS)
        # since which step the Poisson sources have had which values
        self._periods: list[tuple[int, list[NDArray[np.float64]]]] = []
        self._is_structure_changed = True
        self._are_junctions_changed = False
        self._are_times_changed = False

    @classmethod
    def has(cls, model: CellModel) -> bool:
        """Return whether there is a cell model: any that has coefficients, the user's own, too."""
        return isinstance(model, NativeModel)

    # --- description ---------------------------------------------------------------------------

    def add_cells(
        self, model: NativeModel, first_gid: int, indices: NDArray[np.int64]
    ) -> CellBlock:
        """Add this rank's cells of a population of model neurons."""
        if model not in self.networks:
            self.networks[model] = GroupNetwork(CellGroup(model, self.dt))
        block = CellBlock(model, first_gid, indices)
        self.networks[model].group.blocks.append(block)
        self._is_structure_changed = True
        return block

    def add_pathway(self, pathway: Pathway) -> None:
        """Add connections onto this rank's cells."""
        if pathway.synapse.is_electrical:
            self.junctions.pathways.append(pathway)
        else:
            for model in pathway.models:
                self.networks[model].pathways.append(pathway)
        self._is_structure_changed = True

    def touch_connections(self) -> None:
        """Say that connections, weights or delays were changed."""
        self._is_structure_changed = True

    @classmethod
    def has_synapse(cls, model: SynapseModel, dendritic_fraction: float = 1.0) -> bool:
        """Return whether there is a synapse model: any, the user's own, too."""
        return True

    def _plastic(self, pathway: Pathway) -> list[tuple[CellModel, PlasticPathway]]:
        """Return the synapses of a pathway that have variables, onto cells of each model."""
        networks = [(model, self.networks[model]) for model in pathway.models]
        return [(model, n.plastic[pathway]) for model, n in networks if pathway in n.plastic]

    def check_connections(
        self, pathway: Pathway, connections: Connections, names: Sequence[str]
    ) -> None:
        """Raise if values cannot be taken by synapses that were built; see `Engine`."""
        before, pathway.connections = pathway.connections, connections
        try:
            for _, plastic in self._plastic(pathway):
                plastic.check(names)
            if any(self.networks[model].has_built(pathway) for model in pathway.models):
                for _ in pathway.chunks():
                    pass
        finally:
            pathway.connections = before

    @property
    def plastics(self) -> list[PlasticPathway]:
        """Synapses that have variables, in the same order on every rank."""
        return [p for network in self.networks.values() for p in network.plastic.values()]

    def change_connections(
        self, pathway: Pathway, connections: Connections, names: Sequence[str]
    ) -> None:
        """Take other values of the connections of a pathway; see `Engine`."""
        before, pathway.connections = pathway.connections, connections
        if pathway.synapse.is_electrical:
            self._are_junctions_changed = True
            return
        plastics = self._plastic(pathway)
        for _, plastic in plastics:
            plastic.change(names, self.step, self._epochs.arrived)
        if not plastics and not names:
            for model in pathway.models:
                self.networks[model].described_by_others(pathway, before)
        elif not plastics and list(names) == ["weight"] and self._rewrite(pathway, pathway.targets):
            return
        elif not plastics or "delay" in names:
            self._is_structure_changed = True

    def change_one(self, pathway: Pathway, index: int, name: str, value: float) -> None:
        """Take another value of one connection on this rank; see `Engine`."""
        if pathway.synapse.is_electrical:
            self._are_junctions_changed = True
            return
        plastics = self._plastic(pathway)
        for model, plastic in plastics:
            is_here = pathway.are_onto(model)
            if is_here[index]:
                place = int(np.count_nonzero(is_here[:index]))
                plastic.change_one(place, name, value, self.step, self._epochs.arrived)
        if not plastics and name == "weight":
            rule = pathway.connections.rule
            if isinstance(rule, Listed) and self._rewrite(pathway, rule.targets[[index]]):
                return
        if not plastics or name == "delay":
            self._forget(pathway)

    def _rewrite(self, pathway: Pathway, targets: NDArray[np.int64]) -> bool:
        """Take other weights of static synapses where they are; return whether that could be."""
        networks = [self.networks[model] for model in pathway.models]
        return all(network.rewrite(pathway, targets, self.dt) for network in networks)

    def _forget(self, pathway: Pathway) -> None:
        """Have the static synapses of a pathway made anew."""
        for model in pathway.models:
            self.networks[model].forget(pathway)
        self._is_structure_changed = True

    def read_synapses(
        self, pathway: Pathway, names: Sequence[str]
    ) -> Mapping[str, NDArray[np.float64]]:
        """Return values of connections as they are now; see `Engine`."""
        known = {*pathway.synapse.variable_names, *pathway.synapse.parameter_names}
        wanted = [name for name in names if name in known]
        plastics = self._plastic(pathway)
        if not plastics or not wanted:
            return {}
        if len(plastics) == 1 and len(pathway.models) == 1:
            return plastics[0][1].read(wanted, self.step, self._epochs.arrived)
        found: dict[str, NDArray[np.float64]] = {}
        for model, plastic in plastics:
            is_here = pathway.are_onto(model)
            for name, values in plastic.read(wanted, self.step, self._epochs.arrived).items():
                found.setdefault(name, np.zeros(is_here.size))[is_here] = values
        return found

    def inject(self, key: tuple[int, int], injection: Injection) -> None:
        """Let a current flow into cells, in place of an earlier one with the same key."""
        self.networks[injection.block.model].group.injections[key] = injection
        injection.block.touch()

    @property
    def n_synapses(self) -> int:
        """Number of synapses onto this rank's cells."""
        spiking = sum(network.n_synapses for network in self.networks.values())
        return spiking + self.junctions.n_connections

    @property
    def cell_groups(self) -> list[CellGroup]:
        """The groups of model neurons."""
        return [network.group for network in self.networks.values()]

    @property
    def cell_stream(self) -> Stream:
        """The stream of the numbers that cells draw in each step of this segment."""
        return Stream.of(self.seed, Purpose.CELL, 0, revision=self.segment)

    # --- building ------------------------------------------------------------------------------

    def prepare(self, progress: Callable[[float], None] = lambda n: None) -> None:
        """Build what was described or changed since the last call; every rank must call it.

        Raises
        ------
        DistsimError
            On every rank, if something on any rank cannot be.
        """
        started = time.perf_counter()
        changed = self.any_rank(
            self._is_structure_changed,
            any(block.is_changed for block in self.poisson_blocks),
            self.renewals.is_changed,
            any(block.is_changed for block in self.array_blocks),
            self._are_junctions_changed or self.junctions.is_changed,
            *(plastic.is_set_alone for plastic in self.plastics),
        )
        is_structure_changed, is_poisson_changed, are_renewals_changed = changed[:3]
        are_times_changed, are_junctions_changed = changed[3:5]
        for plastic, is_set in zip(self.plastics, changed[5:], strict=True):
            # what is on its way is then transmitted alike on every rank
            if is_set:
                plastic.settle(self.step, self._epochs.arrived)
            plastic.is_set_alone = False
        are_junctions_changed |= is_structure_changed and bool(self.junctions.pathways)
        # until they were looked through for spikes in the present step
        self._are_times_changed |= are_times_changed
        drives = self._agree_on_drives() if is_structure_changed else {}
        if is_structure_changed:
            pathways = [(model, p) for model, n in self.networks.items() for p in n.pathways]
            pathways += [(model, p) for p in self.junctions.pathways for model in p.models]
            with together(self.comm):
                check_memory(pathways, self.comm)
        place = place_on_node(self.comm) if is_structure_changed else (0, 1)
        with together(self.comm):
            if is_structure_changed:
                self._build_networks(drives, progress, *place)
            described = self.junctions.described() if are_junctions_changed else None
            if described is None:
                self._refresh_parameters(is_structure_changed)
        if described is not None:
            networks = list(self.networks.values())
            self.junctions.build(described, networks, self.partition, self.dt)
            with together(self.comm):
                self._refresh_parameters(is_structure_changed)
        if is_structure_changed:
            self._agree_on_delays()
        if is_structure_changed or is_poisson_changed:
            self._refresh_poisson()
        if is_structure_changed or are_renewals_changed:
            self._refresh_renewals()
        if is_structure_changed:
            self._epochs.build(list(self.networks.values()))
            self._renew_exchange()
            compiling = time.perf_counter()
            first_on_each_node(self.comm, *self._compilations())
            self.seconds["compile"] += time.perf_counter() - compiling
            # what some connection could still have carried, owners send to where it goes now
            reach = self.history.reach
            keys = self.history.change(self.step, self.max_delay_steps or 0)
            keys = self.exchange.exchange(keys)
            past = self._past_poisson(reach)
            latest = self.renewals.fetch_latest(self._heard(self.renewals.ranges), self.partition)
            for network in self.networks.values():
                network.requeue(self.step, keys, past, self.poisson_stream, latest)
        self._is_structure_changed = self._are_junctions_changed = False
        self.seconds["build"] += time.perf_counter() - started

    def _build_networks(
        self,
        drives: Mapping[GroupNetwork, list[Pathway]],
        progress: Callable[[float], None],
        rank: int,
        n_ranks: int,
    ) -> None:
        """Build what is on this rank, the number `rank` of its node.

        Where nothing is compiled yet, the first rank compiles what exchanges spikes, and those with
        an even number what makes the groups' steps, before they build. That takes as long as what
        the others compile meanwhile: what builds, what queues spikes, and what calls it all. Each
        then finds what the others have compiled.
        """
        networks = list(self.networks.values())
        is_shared = n_ranks > 1 and not self._epochs.is_compiled and not self.junctions.pathways
        started = time.perf_counter()
        if is_shared and rank == 0:
            self.exchange.compile()
        if is_shared and rank % 2 == 0:
            for network in networks[rank // 2 :: (n_ranks + 1) // 2]:
                network.group.build()
                network.group.refresh(self.segment)
                self._compile_checked(network, self._epochs.compile_steps)
        self.seconds["compile"] += time.perf_counter() - started
        for network in networks:
            network.build(self.dt, drives[network], self.seed, progress)
        started = time.perf_counter()
        if is_shared and rank % 2 == 1:
            # alike for all groups; there may be none
            others: list[Callable[[], None]] = [
                *(partial(self._epochs.compile_queueing, network) for network in networks[:1]),
                self._compile_exchange,
            ]
            for compile_other in others[rank // 2 :: n_ranks // 2]:
                compile_other()
        self.seconds["compile"] += time.perf_counter() - started

    def _agree_on_drives(self) -> dict[GroupNetwork, list[Pathway]]:
        """Return the pathways whose spikes are drawn as they arrive, the same on every rank."""
        candidates = [(n, p) for n in self.networks.values() for p in n.drive_candidates]
        is_unfit = self.any_rank(*(p.connections.constant_delay is None for _, p in candidates))
        drives: dict[GroupNetwork, list[Pathway]] = {n: [] for n in self.networks.values()}
        for (network, pathway), unfit in zip(candidates, is_unfit, strict=True):
            if not unfit:
                drives[network].append(pathway)
        return drives

    def _renew_exchange(self) -> None:
        """Choose how to exchange spikes by where the targets of each source are now."""
        parts = [network.row_sources() for network in self.networks.values()]
        sources = np.unique(np.concatenate([np.zeros(0, np.int64), *parts]))
        wanted = sources[~is_source(sources, self.drawn_ranges)]
        old, epoch = self.exchange, self.epoch_steps * self.dt
        self.exchange = choose_exchange(
            self.exchange_kind, self.comm, self.partition, wanted, epoch, old.traffic
        )
        old.free()

    def _compilations(self) -> list[Callable[[], None]]:
        """Return what compiles, or loads, what runs in an epoch: of each group, and all else."""
        compile_group = self._epochs.compile_group
        networks = self.networks.values()
        groups = [partial(self._compile_checked, network, compile_group) for network in networks]
        return [*groups, self._compile_exchange]

    def _compile_checked(
        self, network: GroupNetwork, compile_part: Callable[[GroupNetwork], None]
    ) -> None:
        """Compile what runs for a group; where that fails, say what is wrong in which model."""
        try:
            compile_part(network)
        except Exception:  # the compiler has many
            network.group.model.check_code()
            for pathway in network.plastic:
                pathway.synapse.check_code()
            raise

    def _compile_exchange(self) -> None:
        self.exchange.compile()
        self._epochs.compile(self.exchange.gathering)

    def _refresh_parameters(self, is_structure_changed: bool) -> None:
        """Recompute coefficients of groups of which some block was changed."""
        for group in self.cell_groups:
            if is_structure_changed or any(block.is_changed for block in group.blocks):
                group.refresh(self.segment)
        for block in self.array_blocks:
            if block.is_changed:
                block.refresh(self.dt, self.step)
        for poisson in self.poisson_blocks:
            poisson.check()
        self.renewals.check()

    def _agree_on_delays(self) -> None:
        """Find the smallest and largest delay of all ranks, and the length of an epoch."""
        from_spikes, largest = 2**30, 0
        smallest = 2**30
        for network in self.networks.values():
            low, low_exchanged, high = network.delay_range(self.drawn_ranges)
            smallest = min(smallest, low)
            from_spikes = min(from_spikes, low_exchanged)
            largest = max(largest, high)
        # one reduction for all: the largest delay travels as a negative number
        smallest, from_spikes, largest = self.smallest_of_all(smallest, from_spikes, -largest)
        largest = -largest
        self.check_delays(smallest, largest)
        self.min_delay_steps = smallest if largest > 0 else None
        self.max_delay_steps = largest if largest > 0 else None
        self.epoch_steps = 1 if self.junctions.are_any else min(from_spikes, LONGEST_EPOCH)
        if self.user_min_delay is not None:
            self.epoch_steps = min(self.epoch_steps, round(self.user_min_delay / self.dt))

    def _refresh_poisson(self) -> None:
        """Fetch the parameters of the Poisson sources with targets here; a collective call."""
        gids = self.heard_poisson
        values = [block.values() for block in self.poisson_blocks]
        self._periods = [*self.recent_periods, (self.step, values)]
        tables, sources = build_tables(gids, self.fetch_poisson_values(gids, values), self.dt)
        for network in self.networks.values():
            network.set_poisson(self.step, self.poisson_stream, tables, sources)
        for block in self.poisson_blocks:
            block.is_changed = False

    @property
    def recent_periods(self) -> list[tuple[int, list[NDArray[np.float64]]]]:
        """Since when the Poisson sources have had which values, for spikes that are on their way.

        What ended before any of these is forgotten.
        """
        ends = [*(since for since, _ in self._periods[1:]), self.step]
        recent = zip(self._periods, ends, strict=False)
        return [p for p, end in recent if end > self.step - max(self.history.reach, 1)]

    def set_periods(self, periods: list[tuple[int, list[NDArray[np.float64]]]]) -> None:
        """Take the values that the Poisson sources have had."""
        self._periods = periods

    @property
    def heard_poisson(self) -> NDArray[np.int64]:
        """Gids of the Poisson sources with targets here, ascending."""
        return self._heard(self.poisson_ranges)

    def _refresh_renewals(self) -> None:
        """Take changed renewal sources, and fetch those with targets here; a collective call."""
        stream = self.renewal_stream
        self.renewals.refresh(self.step, self.history.reach, stream)
        gids = self._heard(self.renewals.ranges)
        sources = self.renewals.fetch(gids, self.partition, self.step, stream)
        for network in self.networks.values():
            network.set_renewals(sources)

    def _heard(self, ranges: list[tuple[int, int]]) -> NDArray[np.int64]:
        """Return the gids of the sources in some ranges with targets here, ascending."""
        parts = [network.source_gids(ranges) for network in self.networks.values()]
        return np.unique(np.concatenate([np.zeros(0, np.int64), *parts]))

    def _past_poisson(self, reach: int) -> list[PastPoisson]:
        """Return what the Poisson sources with targets here were in the last `reach` steps.

        Every rank must call it.
        """
        gids, past = self.heard_poisson, []
        ends = [*(since for since, _ in self._periods[1:]), self.step]
        for (since, values), end in zip(self._periods, ends, strict=False):
            first = max(since + 1, self.step + 1 - reach)
            if first <= end:
                known = self.fetch_poisson_values(gids, values)
                past.append(PastPoisson(first, end, *build_tables(gids, known, self.dt)))
        return past

    # --- snapshots -----------------------------------------------------------------------------

    def store(self, sink: Any) -> None:
        """Hand all that goes on to a sink; see `Engine`."""
        store(self, sink)

    def lay_in(self, source: Any) -> None:
        """Go on from what was stored; see `Engine`."""
        lay_in(self, source)

    def fork(self, seed: int) -> None:
        """Draw random numbers of another seed from now on; see `Engine`."""
        self.seed = seed
        for plastic in self.plastics:
            plastic.begin_segment(plastic.segment, seed)
        for block in [*self.poisson_blocks, *self.renewals.blocks]:
            block.touch()

    def touch_all(self) -> None:
        """Have all be built and looked through anew that is not laid in."""
        self._is_structure_changed = self._are_times_changed = True

    def pass_over(self, step: int) -> None:
        """Be at a step without making those before it; see `Engine`."""
        self.step = step
        for block in self.array_blocks:
            block.take(step)

    # --- running -------------------------------------------------------------------------------

    def run_until(
        self,
        last_step: int,
        progress: Callable[[int], None] = lambda n: None,
        is_noted: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Make all steps up to `last_step`; see `Engine`."""
        started = time.perf_counter()
        first = self.step
        stream = self.poisson_stream
        for network in self.networks.values():
            network.group.cells.stream[:] = self.cell_stream
            sample(self.step, network.group.cells.state, network.group.probes)
        self.junctions.begin()
        self._epochs.begin(first)
        if self._are_times_changed and last_step > first:
            self._send_late()
            self._are_times_changed = False
        self._pace.begin()
        is_interrupted = False
        while self.step < last_step and not is_interrupted:
            before = self.step
            pause = min(last_step, before + self._pace.n_epochs * self.epoch_steps)
            self._epochs.give([block.take(pause) for block in self.array_blocks])
            while self.step < pause:
                self._make_epochs(pause)
            progress(self.step - before)
            n_epochs = -((before - self.step) // self.epoch_steps)
            is_interrupted = self._pace.pause(n_epochs, is_noted())
        self._epochs.flush()
        for block in self.poisson_blocks:
            block.record_between(first + 1, self.step, stream, self.dt)
        self.renewals.record_until(first, self.step, self.history.reach)
        self.seconds["run"] += time.perf_counter() - started
        # an estimate, of some exchanges only
        self.seconds["exchange"] = min(self._epochs.seconds_exchanging, self.seconds["run"])
        return is_interrupted

    def _make_epochs(self, last_step: int) -> None:
        """Make the next epochs, as many as one compiled call can, or a part of one."""
        stretch, keys = self._epochs.advance(last_step, self.epoch_steps, self.exchange)
        self.counters["steps"] += stretch.step - self.step
        self.counters["epochs"] += stretch.n_epochs
        self.counters["events"] += stretch.n_events
        self.step = stretch.step
        self._keep(self.step, keys)

    def _send_late(self) -> None:
        """Exchange given spikes up to the present step, of which its exchange did not know."""
        keys = np.concatenate([NO_SPIKES, *(b.take(self.step) for b in self.array_blocks)])
        self._epochs.enqueue(self.exchange.exchange(keys))
        self._keep(self.step, keys)

    def _keep(self, last: int, keys: NDArray[np.int64]) -> None:
        """Count spikes that this rank has sent, and keep those that may be sent again."""
        if keys.size:
            self.history.append(last, keys)
        self.counters["spikes"] += keys.size

    def close(self) -> None:
        """Give back what MPI holds; every rank must call it."""
        self.exchange.free()

    def reset(self) -> None:
        """Go back to step 0 of a new segment; state is for the caller to set."""
        self.step = 0
        self.segment += 1
        self.history.clear()
        self._periods = []
        for poisson in self.poisson_blocks:
            poisson.touch()
        self.renewals.restart()
        for array in self.array_blocks:
            array.restart()
        self._epochs.forget_spikes()
        self.junctions.reset()
        for network in self.networks.values():
            network.forget_spikes()
            for plastic in network.plastic.values():
                plastic.reset(self.segment)
            for block in network.group.blocks:
                block.refractory[:] = 0
                block.touch()
