"""What all engines that are other simulators share: the description, Poisson trains, records."""

import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.comm.agreement import together
from distsim.comm.gathering import gather
from distsim.connectivity import Connections
from distsim.engines.base import Engine
from distsim.engines.described import (
    DynamicSynapses,
    Note,
    Synapses,
    dynamic_synapses,
    noted,
    places_of,
    synapses_of,
)
from distsim.engines.junction_sides import described_sides
from distsim.engines.pace import Pace
from distsim.errors import EngineError
from distsim.kernels.spike_keys import spike_key
from distsim.models import CellModel
from distsim.network.blocks import CellBlock, SourceBlock
from distsim.network.currents import Course, Injection, Steps, courses_of
from distsim.network.pathways import Pathway
from distsim.network.poisson import PoissonBlock, build_tables, draw_spikes, is_source
from distsim.network.records import ProbeSet
from distsim.network.renewal import RenewalBlock, draw_renewals
from distsim.network.spike_arrays import ArrayBlock

__all__ = ["ExternalSimulation", "refuse_no_exponential", "refuse_ranks"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

# how long a piece of a run takes, at whose end progress is shown and an interrupt is seen [s]
PIECE_SECONDS = 0.5


class ExternalSimulation(Engine):
    """Description and clock of a simulation that another simulator makes.

    Parameters
    ----------
    comm, dt, seed, min_delay, max_delay
        As for `Engine`.
    share_input : bool
        Whether Poisson sources spike as on the native engine; otherwise the simulator's own
        generators do. Renewal sources spike as on the native engine in any case.

    Attributes
    ----------
    shortest_piece : float
        Of a run in which nothing changes [ms].
    takes_courses : bool
        Whether it is told before a piece of a run how currents will change in it; else it pauses
        where they do.
    """

    shortest_piece = 0.0
    takes_courses = False

    def __init__(
        self,
        comm: Any,
        dt: float,
        seed: int,
        min_delay: float | None,
        max_delay: float | None,
        share_input: bool = True,
    ) -> None:
        super().__init__(comm, dt, seed, min_delay, max_delay)
        self.share_input = share_input
        self.cell_blocks: list[CellBlock] = []
        self.pathways: list[tuple[CellModel, Pathway]] = []
        self.junction_pathways: list[Pathway] = []
        # of synapses with variables, and what was noted of those that are made
        self.dynamic_pathways: list[tuple[CellModel, Pathway]] = []
        self._notes: dict[tuple[CellModel, Pathway], Note] = {}
        # what was set since they were made: of all connections (None), or of some, by their places
        self._changes: dict[Pathway, dict[str, set[int] | None]] = {}
        self.injections: dict[tuple[int, int], Injection] = {}
        self._known_courses: list[Course] | None = None
        self._n_synapses = 0
        self._is_built = False
        self._is_torn = False
        self._pace = Pace(self.smallest_of_all, PIECE_SECONDS)
        self._end_of_run = 0
        self._n_connected = 0
        self._are_connections_changed = False
        self._currents: dict[CellBlock, Floats] = {}
        self._given: dict[CellBlock, Floats] = {}

    # --- description ---------------------------------------------------------------------------

    @property
    def n_synapses(self) -> int:
        """Number of synapses onto this rank's cells."""
        return self._n_synapses

    def add_cells(self, model: CellModel, first_gid: int, indices: Integers) -> CellBlock:
        """Add this rank's cells of a population of model neurons."""
        self._refuse_if_running()
        self.cell_blocks.append(CellBlock(model, first_gid, indices))
        return self.cell_blocks[-1]

    def add_array_sources(self, first_gid: int, indices: Integers) -> ArrayBlock:
        """Add this rank's cells of a population of SpikeSourceArray."""
        self._refuse_if_running()
        return super().add_array_sources(first_gid, indices)

    def add_poisson_sources(self, first_gid: int, size: int, indices: Integers) -> PoissonBlock:
        """Add this rank's cells of a population of SpikeSourcePoisson of `size` cells in all."""
        self._refuse_if_running()
        return super().add_poisson_sources(first_gid, size, indices)

    def add_renewal_sources(self, block: RenewalBlock, size: int) -> None:
        """Add this rank's cells of a population of `size` renewal sources in all."""
        self._refuse_if_running()
        super().add_renewal_sources(block, size)

    @property
    def given_blocks(self) -> list[SourceBlock]:
        """Blocks of sources whose spikes the simulator is given."""
        poisson = self.poisson_blocks if self.share_input else []
        return [*self.array_blocks, *poisson, *self.renewals.blocks]

    @property
    def source_blocks(self) -> list[SourceBlock]:
        """Blocks of all sources."""
        return [*self.array_blocks, *self.poisson_blocks, *self.renewals.blocks]

    def add_pathway(self, pathway: Pathway) -> None:
        """Add connections onto this rank's cells."""
        self._are_connections_changed = True
        if pathway.synapse.is_electrical:
            self.junction_pathways.append(pathway)
            return
        pathways = self.pathways if pathway.synapse.is_static else self.dynamic_pathways
        pathways.extend((model, pathway) for model in pathway.models)

    def touch_connections(self) -> None:
        """Say that weights or delays were changed."""
        self._are_connections_changed = True

    def change_connections(
        self, pathway: Pathway, connections: Connections, names: Sequence[str]
    ) -> None:
        """Take other values of the connections of a pathway; see `Engine`."""
        super().change_connections(pathway, connections, names)
        if not pathway.synapse.is_static:
            self._changes.setdefault(pathway, {}).update(dict.fromkeys(names))

    def change_one(self, pathway: Pathway, index: int, name: str, value: float) -> None:
        """Take another value of one connection on this rank; see `Engine`."""
        super().change_one(pathway, index, name, value)
        if not pathway.synapse.is_static:
            places = self._changes.setdefault(pathway, {}).setdefault(name, set())
            if places is not None:
                places.add(index)

    def read_synapses(self, pathway: Pathway, names: Sequence[str]) -> Mapping[str, Floats]:
        """Return values of connections as they are now; see `Engine`."""
        parts = [(model, pathway) for model in pathway.models]
        if not self._is_built or any(part not in self._notes for part in parts):
            return {}
        changes = self._changes.get(pathway, {})
        wanted = [
            name
            for name in names
            if name in pathway.synapse.variable_names
            and not (name in changes and changes[name] is None)
        ]
        found: dict[str, Floats] = {}
        for model, _ in parts if wanted else ():
            is_here = pathway.are_onto(model)
            for name, values in self._read(model, pathway, wanted).items():
                found.setdefault(name, np.zeros(is_here.size))[is_here] = values
        for name in found:
            places = sorted(changes.get(name) or ())
            if places:
                chunks = pathway.chunks()
                given = [np.broadcast_to(c.weights, c.sources.size) for c in chunks]  # type: ignore[arg-type]
                found[name][places] = np.concatenate(given)[places]
        return found

    def inject(self, key: tuple[int, int], injection: Injection) -> None:
        """Let a current flow into cells, in place of an earlier one with the same key."""
        self.injections[key] = injection
        self._known_courses = None

    def _refuse_if_running(self) -> None:
        if self._is_built:
            raise EngineError(
                f"populations cannot be added after run() on engine '{self.name}'; do so before "
                "it, or use the native engine"
            )

    # --- building ------------------------------------------------------------------------------

    @property
    def is_build_repeatable(self) -> bool:
        """Whether `prepare` may be ended by an error on the way, and called again."""
        return not self._is_built

    def prepare(self, progress: Callable[[float], None] = lambda n: None) -> None:
        """Build what was described, and hand over what was changed; every rank must call it.

        Raises
        ------
        DistsimError
            On every rank, if something on any rank cannot be.
        """
        if self._is_torn:
            raise EngineError(
                f"the connections of engine '{self.name}' are half made, since an error ended the "
                "changes after run(); call reset() or setup()"
            )
        started = time.perf_counter()
        is_wired, is_poisson_changed, are_renewals_changed = self.any_rank(
            self._are_connections_changed or not self._is_built,
            any(block.is_changed for block in self.poisson_blocks),
            self.renewals.is_changed,
        )
        with together(self.comm):
            self._check_sources()
            self._is_torn = self._is_built and is_wired
            if not self._is_built:
                self._begin()
            if is_wired:
                self._wire(progress)
        if is_wired:
            self._agree_on_delays()
        with together(self.comm):
            self._hand_over()
        if is_wired or is_poisson_changed:
            self._fetch_poisson()
        if is_wired or are_renewals_changed:
            self._fetch_renewals()
        if is_wired:
            self._end_wiring()
        if not self._is_built:
            self._end_building()
        if is_wired or is_poisson_changed:
            self._set_rates()
        self._is_built, self._are_connections_changed = True, False
        self._is_torn = False
        self.seconds["build"] += time.perf_counter() - started

    def _check_sources(self) -> None:
        for source in self.poisson_blocks:
            source.check()
        self.renewals.check()
        for array in self.array_blocks:
            if array.is_changed:
                array.refresh(self.dt, self.step)

    def _begin(self) -> None:
        """Make all cells and sources, without connections."""
        self._number_cells()
        self._currents, self._given = {}, {}
        self._n_connected = 0
        self._notes, self._changes = {}, {}
        self._create()

    def _wire(self, progress: Callable[[int], None]) -> None:
        """Make the connections of new pathways, and change those of old ones."""
        self._n_synapses = 0
        self._delays = [2**30, 0]
        self._heard: list[Integers] = []
        self._wire_dynamic(progress)
        self._sides = {pathway: described_sides([pathway]) for pathway in self.junction_pathways}
        self._n_synapses += sum(sides.target.size for sides in self._sides.values())
        old, new = self.pathways[: self._n_connected], self.pathways[self._n_connected :]
        if old:
            self._change_synapses([part for pathway in old for part in self._noted(*pathway)])
        for model, pathway in new:
            for receptor, _, synapses in self._noted(model, pathway):
                self._connect(receptor, model, synapses)
                progress(synapses.sources.size)
        self._n_connected = len(self.pathways)

    def _wire_dynamic(self, progress: Callable[[int], None]) -> None:
        """Make the synapses with variables that are new, and change what was set of the others."""
        for model, pathway in self.dynamic_pathways:
            key = (model, pathway)
            changes = self._changes.get(pathway, {})
            if key not in self._notes or changes:
                dynamic = dynamic_synapses(
                    model, pathway, self._gids_of[model], self.cell_blocks, self.dt
                )
                pathway.synapse.check(
                    {"weight": dynamic.synapses.weights, **dynamic.values}, pathway.label
                )
                is_new = key not in self._notes
                self._notes[key] = noted(dynamic.synapses, self.drawn_ranges)
                if is_new:
                    self._connect_dynamic(dynamic)
                    progress(dynamic.synapses.sources.size)
                elif changes:
                    self._change_dynamic(dynamic, places_of(dynamic, changes))
            self._keep_note(self._notes[key])
        self._changes = {}

    def _noted(
        self, model: CellModel, pathway: Pathway
    ) -> Iterator[tuple[int, CellModel, Synapses]]:
        """Yield a pathway's synapses, with receptor type and model, and keep what they tell."""
        for synapses in self._synapses(model, pathway):
            self._keep_note(noted(synapses, self.drawn_ranges))
            yield pathway.receptors[model], model, synapses

    def _hand_over(self) -> None:
        """Hand over the parameters, state and probes that are new or changed."""
        for block in self.cell_blocks:
            if block.is_changed:
                block.model.check(block.parameters)
                self._set_parameters(block)
                if block in self._currents:
                    self._set_current(block, self._currents[block])
                block.is_changed = False
            self._set_state(block)
            self._set_probes(block)

    def changed_state(self, block: CellBlock) -> Iterator[tuple[str, Integers, Floats]]:
        """Yield what of a block's state was changed since it was handed over.

        Yields
        ------
        str
            A state variable.
        ndarray of int64, ndarray of float64
            Positions in the block, and values there; at first all.
        """
        before = self._given.get(block)
        for row, variable in enumerate(block.model.shared_state_names):
            values = block.state[row]
            old = before[row] if before is not None else np.full(block.n_local, np.nan)
            changed = np.flatnonzero((values != old) & ~np.isnan(values))
            if changed.size:
                yield variable, changed, values[changed]
        self._given[block] = block.state.copy()

    def _number_cells(self) -> None:
        """Give local indices within each model, as pathways count cells."""
        self._gids_of: dict[CellModel, Integers] = {}
        for model in dict.fromkeys(block.model for block in self.cell_blocks):
            n = 0
            blocks = [block for block in self.cell_blocks if block.model is model]
            for block in blocks:
                block.first_lid = n
                n += block.n_local
            self._gids_of[model] = np.concatenate([block.gids for block in blocks])

    def _synapses(self, model: CellModel, pathway: Pathway) -> Iterator[Synapses]:
        """Yield the synapses of a pathway onto this rank's cells, in pieces."""
        lids = pathway.lids(model)
        for chunk in pathway.chunks():
            is_here = lids[chunk.target_positions] >= 0
            yield synapses_of(chunk, is_here, lids, self._gids_of[model], pathway, self.dt)

    def _keep_note(self, note: Note) -> None:
        """Keep what building needs to know of synapses."""
        low, high = self._delays
        self._delays = [min(low, note.shortest), max(high, note.longest)]
        self._heard.append(note.drawn_sources)
        self._n_synapses += note.n_synapses

    def _agree_on_delays(self) -> None:
        """Find the smallest and largest delay of all ranks, and check them."""
        low, high = self.smallest_of_all(self._delays[0], -self._delays[1])
        if high < 0:
            self.min_delay_steps, self.max_delay_steps = low, -high
            self.check_delays(low, -high)

    # --- Poisson and renewal sources -----------------------------------------------------------

    def _heard_in(self, ranges: list[tuple[int, int]]) -> Integers:
        """Return the gids of the sources in some ranges with targets here, ascending."""
        gids = np.unique(np.concatenate([np.zeros(0, np.int64), *self._heard]))
        return gids[is_source(gids, ranges)]

    def _fetch_renewals(self) -> None:
        """Take changed renewal sources, and fetch those with targets here; a collective call."""
        stream = self.renewal_stream
        self.renewals.refresh(self.step, 0, stream)
        gids = self._heard_in(self.renewals.ranges)
        self._heard_renewals = self.renewals.fetch(gids, self.partition, self.step, stream)

    def _fetch_poisson(self) -> None:
        """Fetch the parameters of the Poisson sources with targets here; a collective call."""
        gids = self._heard_in(self.poisson_ranges)
        self._tables, self._sources = build_tables(gids, self.fetch_poisson_values(gids), self.dt)
        for block in self.poisson_blocks:
            block.is_changed = False

    def poisson_keys(self, first: int, last: int) -> Integers:
        """Return the spikes of Poisson sources with targets here, as on the native engine.

        Parameters
        ----------
        first, last : int
            The steps ``first <= step <= last``.

        Returns
        -------
        ndarray of int64
            ``step << 32 | gid``; a source with several spikes in a step is there as often.
        """
        drawn = draw_spikes(first, last, self.poisson_stream, self._tables, self._sources)
        return np.concatenate([keys.copy() for keys in drawn])

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
        self._is_interrupted = False
        self._sample_now()
        if last_step > first:
            self._end_of_run = last_step
            self._make_steps(self._pieces(progress, is_noted))
            self._collect(first)
            self._record_drawn(first, self.step)
            for block, given in self._given.items():
                # no longer what it was: what is set from now on is new, be it the same as before
                block.state[:] = given[:] = np.nan
        self.counters["steps"] += self.step - first
        self.seconds["run"] += time.perf_counter() - started
        return self._is_interrupted

    def _make_steps(self, pieces: Iterator[int]) -> None:
        """Make the steps of a run; a piece begins when its end is taken from `pieces`."""
        for end in pieces:
            self._advance(end)

    def _pieces(
        self, progress: Callable[[int], None], is_noted: Callable[[], bool]
    ) -> Iterator[int]:
        """Yield the end of each piece of a run, with its currents and spikes handed over.

        After an interrupt there is one more piece, a short one, which is known to be the last.
        """
        n_steps = self._epoch_steps
        self._pace.begin()
        while self.step < self._end_of_run:
            before = self.step
            pause = min(self._end_of_run, before + self._pace.n_epochs * n_steps)
            for end in (*self._pauses_between(before, pause), pause):
                if self.takes_courses:
                    self._play_currents(self._changes_within(self.step, end))
                    # no longer what they were when the last piece began
                    self._currents.clear()
                self._hold_currents()
                self._play(self._take_source_keys(end))
                yield end
                progress(end - self.step)
                self.step = end
            is_seen = self._pace.pause(-((before - pause) // n_steps), is_noted())
            if is_seen and not self._is_interrupted:
                self._is_interrupted = True
                self._end_of_run = min(self._end_of_run, self.step + n_steps)

    @property
    def _epoch_steps(self) -> int:
        """Steps of the shortest piece of a run in which nothing changes."""
        return max(self.min_delay_steps or 1, round(self.shortest_piece / self.dt))

    @property
    def _courses(self) -> list[Course]:
        """The courses of all cells into which currents flow."""
        if self._known_courses is None:
            self._known_courses = courses_of(self.injections.values())
        return self._known_courses

    def _changes_within(self, first: int, last: int) -> list[tuple[Course, Steps]]:
        """Return the courses that change after a step and before another, and how."""
        changes = [(course, course.within(first, last, self.segment)) for course in self._courses]
        return [(course, steps) for course, steps in changes if steps.steps.size]

    def _pauses_between(self, first: int, last: int) -> list[int]:
        """Return the steps between two at which the simulator has to pause for a current.

        Every rank must call it.
        """
        if self.takes_courses:
            return []
        changes = [injection.signal.changes(first, last) for injection in self.injections.values()]
        mine = np.unique(np.concatenate([np.zeros(0, np.int64), *changes]))
        # of all ranks, since all pause
        pauses: list[int] = np.unique(gather(self.comm, mine)).tolist()
        return pauses

    def _hold_currents(self) -> None:
        """Let the injected currents flow that hold from the present step on."""
        totals: dict[CellBlock, Floats] = {}
        now = np.array([self.step])
        for injection in self._held():
            total = totals.setdefault(injection.block, np.zeros(injection.block.n_local))
            np.add.at(total, injection.positions, injection.signal.values(now, self.segment)[0])
        for block, total in totals.items():
            if block not in self._currents or not np.array_equal(total, self._currents[block]):
                self._currents[block] = total
                self._set_current(block, total)

    def _held(self) -> Iterable[Injection]:
        """Return the currents that the engine itself lets flow, from pause to pause."""
        return self.injections.values()

    def _take_source_keys(self, last: int) -> Integers:
        """Return the spikes that sources with targets here make after the present step.

        Those of given times are of all ranks, and recorded; those in the present step that are new,
        or in step 0, are among them.
        """
        arrays = [block.take(last) for block in self.array_blocks]
        given = np.concatenate([np.zeros(0, np.int64), *arrays])
        self.counters["spikes"] += given.size
        keys = [gather(self.comm, given)]
        if self.share_input:
            keys.append(self.poisson_keys(self.step + 1, last))
        keys += [k.copy() for k in draw_renewals(self.step, last, self._heard_renewals)]
        return np.sort(np.concatenate(keys))

    def _sample_now(self) -> None:
        """Take the samples of the step at which a run begins, where none were taken yet."""
        for block in self.cell_blocks:
            for probes in block.probes:
                if probes.next_step != self.step:
                    continue
                if self.step == 0:
                    values = block.state[probes.state_row, probes.positions]
                else:
                    values = self._look(block, probes)
                self.take_samples(probes, values[None])

    def _record_drawn(self, first: int, last: int) -> None:
        """Record the spikes of sources that distsim draws itself."""
        if self.share_input:
            for source in self.poisson_blocks:
                source.record_between(first + 1, last, self.poisson_stream, self.dt)
        self.renewals.record_until(first, last, 0)

    def take_spikes(self, steps: Integers, gids: Integers) -> None:
        """Record spikes that the simulator has given back."""
        keys = np.sort(spike_key(steps, gids))
        self.counters["spikes"] += int((~is_source(gids, self.poisson_ranges)).sum())
        blocks: list[SourceBlock] = [*self.cell_blocks]
        if not self.share_input:
            blocks += self.poisson_blocks
        for block in blocks:
            block.spikes.append(keys)

    @staticmethod
    def take_samples(probes: ProbeSet, rows: Floats) -> None:
        """Record samples, shape (n_samples, n_positions)."""
        probes.append(rows)
        probes.next_step += rows.shape[0] * probes.interval

    def reset(self) -> None:
        """Go back to step 0 of a new segment; the simulator builds the network anew."""
        self.step = 0
        self.segment += 1
        self._is_built = self._is_torn = False
        for block in (*self.cell_blocks, *self.poisson_blocks):
            block.touch()
        self.renewals.restart()
        for array in self.array_blocks:
            array.restart()

    # --- what each simulator does --------------------------------------------------------------

    @abstractmethod
    def _create(self) -> None:
        """Begin anew, and make all cells and sources."""

    @abstractmethod
    def _connect(self, receptor: int, model: CellModel, synapses: Synapses) -> None:
        """Make some synapses."""

    @abstractmethod
    def _change_synapses(self, parts: list[tuple[int, CellModel, Synapses]]) -> None:
        """Give the synapses made so far new weights and delays.

        Parameters
        ----------
        parts : list of (receptor, model, Synapses)
            All of them, in the order in which they were made.
        """

    def _connect_dynamic(self, dynamic: DynamicSynapses) -> None:
        """Make synapses with variables, on every rank, be there none on it."""
        raise NotImplementedError

    def _change_dynamic(
        self, dynamic: DynamicSynapses, places: Mapping[str, Integers | None]
    ) -> None:
        """Give synapses with variables other values.

        Parameters
        ----------
        dynamic : DynamicSynapses
            As they are to be, of what was set.
        places : mapping of str to ndarray of int64 or None
            What was set: 'weight', 'delay', parameters; and of which synapses: all if None.
        """
        raise NotImplementedError

    def _read(
        self, model: CellModel, pathway: Pathway, names: Sequence[str]
    ) -> Mapping[str, Floats]:
        """Return the present values of variables of a pathway's synapses onto cells of a model."""
        raise NotImplementedError

    @abstractmethod
    def _set_parameters(self, block: CellBlock) -> None:
        """Give the cells of a block its parameters."""

    @abstractmethod
    def _set_state(self, block: CellBlock) -> None:
        """Give the cells of a block its state, as far as it was changed."""

    @abstractmethod
    def _set_probes(self, block: CellBlock) -> None:
        """Record from the cells of a block what is to be recorded."""

    def _end_wiring(self) -> None:
        """Do what needs all connections, and is done again where they are changed."""

    def _end_building(self) -> None:
        """Do once what needs all connections."""

    def _set_rates(self) -> None:
        """Give the simulator's own generators the parameters of the Poisson sources."""

    @abstractmethod
    def _set_current(self, block: CellBlock, total: Floats) -> None:
        """Let a current [nA] flow into each cell of a block, from the present step on."""

    def _play_currents(self, changes: list[tuple[Course, Steps]]) -> None:
        """Let currents change in the piece that follows; of an engine that `takes_courses`."""
        raise NotImplementedError

    @abstractmethod
    def _play(self, keys: Integers) -> None:
        """Let sources spike in the piece that follows: sorted ``step << 32 | gid``."""

    @abstractmethod
    def _advance(self, end: int) -> None:
        """Make the steps up to `end`, of a run that ends at `_end_of_run`."""

    @abstractmethod
    def _look(self, block: CellBlock, probes: ProbeSet) -> Floats:
        """Return the present values of what is sampled; nan where they cannot be seen."""

    @abstractmethod
    def _collect(self, first: int) -> None:
        """Fetch what was recorded since step `first`."""

    def close(self) -> None:
        """Give back what the simulator holds."""


def refuse_no_exponential(block: CellBlock, simulator: str) -> None:
    """Raise if a cell of an adaptive exponential model has no exponential.

    Raises
    ------
    EngineError
    """
    if (block.parameters.get("delta_T", np.ones(1)) == 0.0).any():
        raise EngineError(
            f"delta_T = 0 mV of {block.model.name}: in {simulator} there is no such cell without "
            "exponential; use engine 'native' or 'nest'"
        )


def refuse_ranks(comm: Any, engine: str, simulator: str) -> None:
    """Raise if there are several ranks, for a simulator that has no MPI.

    Raises
    ------
    EngineError
    """
    n_ranks = comm.Get_size()
    if n_ranks > 1:
        raise EngineError(
            f"there are {n_ranks} ranks, but engine '{engine}' has one process: {simulator} has no "
            "MPI. Run on one rank, or use engine 'native'"
        )
