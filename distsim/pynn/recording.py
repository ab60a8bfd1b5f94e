"""What a population records, on behalf of all its views."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pyNN.errors
from numpy.typing import NDArray

from distsim.declared import declares
from distsim.errors import DistsimError, ParameterError, did_you_mean
from distsim.io.keyed_spikes import KeyedSpikes
from distsim.io.recordings import SignalData
from distsim.io.shards import as_text
from distsim.network.records import ProbeSet
from distsim.pynn.checks import checked_steps, name_list
from distsim.pynn.gather import Audience, gather_arrays
from distsim.pynn.output import block_of, info_of, write
from distsim.pynn.provenance import Known, known_here, version_of
from distsim.pynn.segments import Choice, Segment, narrowed
from distsim.pynn.simulator import ID, state

__all__ = ["Recorder", "RecordingError", "note_run", "run_facts"]

Integers = NDArray[np.int64]


class RecordingError(DistsimError, pyNN.errors.RecordingError):
    """A variable that a cell type does not have, or that was not recorded."""


@dataclass(frozen=True)
class Moment:
    """Where a network stands.

    Attributes
    ----------
    step : int
    segment : int
    is_running : bool
        Whether it was run since the last reset.
    """

    step: int
    segment: int
    is_running: bool

    @classmethod
    def now(cls) -> "Moment":
        """Return the present one."""
        return cls(state.simulation.step, state.segment_counter, state.running)


@declares(
    stored="sampling_interval _sets _has_spikes _past _first_step _began",
    remade="_last _set_numbers",
    described="population file _dt _spool _number",
)
class Recorder:
    """Records from one population, on behalf of all its views.

    Parameters
    ----------
    population : Population

    Attributes
    ----------
    file : str or Neo IO
        Named in the last call of ``record(..., to_file=...)``.
    sampling_interval : float
        [ms]; the same for the whole population.

    Notes
    -----
    What was recorded outlives the network it was recorded in: `close` keeps what belongs to that.
    """

    def __init__(self, population: Any) -> None:
        self.population = population
        self.file: Any = None
        self.sampling_interval = state.dt
        self._dt = state.dt
        self._sets: dict[str, ProbeSet] = {}
        self._has_spikes = False
        self._past: list[Segment] = []
        self._last: tuple[Moment, dict[str, Any], Known] | None = None
        self._spool = state.spool
        self._number = len(state.recorders)
        self._set_numbers: list[int] = []
        self._begin(state.simulation.step, state.segment_counter)
        state.recorders.append(self)

    def _begin(self, step: int, segment: int) -> None:
        """Begin a segment, or the rest of one that was cleared."""
        self._first_step = step
        self._began = datetime.now()
        self._open_sets(segment)

    @property
    def last(self) -> tuple[Moment, dict[str, Any], Known]:
        """Where the network stands, the facts of the run, and what this rank knows of it."""
        return (Moment.now(), run_facts(), known_here()) if self._last is None else self._last

    def close(self, last: tuple[Moment, dict[str, Any], Known]) -> None:
        """Keep what `last` is of all recorders of the network, which is about to go."""
        self._last = last

    @property
    def _moment(self) -> Moment:
        return Moment.now() if self._last is None else self._last[0]

    @property
    def facts(self) -> dict[str, Any]:
        """What a file and a block tell about the run."""
        return run_facts() if self._last is None else self._last[1]

    @property
    def known(self) -> Known:
        """What a file tells about how the run came about, by what this rank knows."""
        return known_here() if self._last is None else self._last[2]

    def _time_of(self, step: int) -> float:
        return round(step * self._dt, 9)

    # --- what to record ------------------------------------------------------------------------

    def record(
        self, variables: Any, block_positions: Integers, sampling_interval: float | None
    ) -> None:
        """Record variables of this rank's cells at some positions of the engine's block, too."""
        names = self.names(variables)
        self._set_interval(sampling_interval)
        if not self.is_used:
            self._began = datetime.now()
        spikes = self.population.block.spikes
        spikes.spool = self._spool
        # under the set's number before more cells are recorded
        self.complete()
        for name in names:
            if name == "spikes":
                spikes.record(block_positions, state.simulation.step)
                self._has_spikes = True
            else:
                self._record_signal(name, block_positions)
        self._open_sets(state.segment_counter)

    def names(self, variables: Any) -> list[str]:
        """Return the variables meant, checked."""
        recordable = list(self.population.celltype.recordable)
        if isinstance(variables, str) and variables == "all":
            return recordable
        names = name_list(variables, "variables")
        for name in names:
            if name not in recordable:
                kind = type(self.population.celltype).__name__
                raise RecordingError(
                    f"cannot record '{name}' from {kind}; {did_you_mean(name, recordable)}",
                    variable=name,
                    cell_type=self.population.celltype,
                )
        return names

    def _set_interval(self, interval: float | None) -> None:
        if interval is None:
            return
        checked_steps(interval, state.dt)
        if self._sets and abs(interval - self.sampling_interval) > 1e-9:
            raise ParameterError(
                f"sampling_interval = {interval:g} ms of '{self.population.label}', which is "
                f"already recorded every {self.sampling_interval:g} ms; one population has one "
                "sampling interval"
            )
        self.sampling_interval = interval

    def _record_signal(self, variable: str, block_positions: Integers) -> None:
        """Add cells to the set of a variable; what was not sampled of them so far is nan."""
        block = self.population.block
        positions = np.asarray(block_positions, np.int64)
        if variable in self._sets:
            self._sets[variable].add(positions)
        else:
            interval = state.step_of(self.sampling_interval)
            row = block.model.state_row(variable)
            step = state.simulation.step
            spool = self._spool if state.setup.engine == "native" else None
            probe_set = ProbeSet(variable, row, positions, interval, step, spool)
            self._sets[variable] = probe_set
            block.probes.append(probe_set)
        block.touch()

    @property
    def is_used(self) -> bool:
        """Whether something is, or was, recorded."""
        return self._has_spikes or bool(self._sets) or bool(self._past)

    def reset(self) -> None:
        """Record nothing any more."""
        self._has_spikes = False
        self.population.block.spikes.stop()
        for probe_set in self._sets.values():
            self.population.block.probes.remove(probe_set)
        self._sets = {}
        self.population.block.touch()

    # --- what a file that outlives the job is told ---------------------------------------------

    def complete(self) -> None:
        """Give all that was recorded so far to the spool, with what is to be known of it."""
        info = as_text(asdict(info_of(self.population)))
        facts = {"kind": "population", "population": self._number, "info": info}
        self._spool.note(("population", self._number), facts)
        self.population.block.spikes.complete_piece()

    def note_past(self, segment: Segment) -> None:
        """Tell of a segment that has ended, and was recorded elsewhere."""
        begin, end = state.step_of(segment.t_start), state.step_of(segment.t_stop)
        self._note_begin(segment.index, begin, segment.began)
        self._note_end(segment.index, end, segment.annotations)

    def _note_begin(self, segment: int, step: int, began: datetime) -> None:
        facts = {"population": self._number, "segment": segment, "step": step}
        key = "segment", self._number, segment, step
        self._spool.note(key, {"kind": "segment", **facts, "began": began.isoformat()})

    def _note_end(self, segment: int, step: int, annotations: dict[str, Any] | None) -> None:
        facts = {"segment": segment, "step": step, "annotations": as_text(annotations or {})}
        self._spool.note(("reset", segment), {"kind": "reset", **facts})

    def _open_sets(self, segment: int) -> None:
        """Give each set of cells that are recorded together a new number."""
        self._note_begin(segment, self._first_step, self._began)
        for probe_set in self._sets.values():
            signal = {
                "variable": probe_set.variable,
                "units": self.population.celltype.units[probe_set.variable],
                "interval": probe_set.interval,
                "step": probe_set.next_step,
            }
            nodes = self.population.block.indices[probe_set.positions]
            probe_set.set_number = self.open_set(segment, signal, nodes)
        if self._has_spikes:
            block, spikes = self.population.block, self.population.block.spikes
            cells = np.stack([block.indices, spikes.since])[:, spikes.recorded]
            spikes.set_number = self.open_set(segment, {"variable": "spikes"}, cells)

    def close_sets(self) -> None:
        """Let what was recorded so far count no more."""
        facts = {"kind": "cleared", "sets": self._set_numbers}
        self._spool.note(("cleared", *self._set_numbers), facts)
        self._set_numbers = []

    def open_set(self, segment: int, facts: dict[str, Any], cells: Integers) -> int:
        """Return a new number for cells of which a variable is recorded in a segment."""
        number = self._spool.next_set()
        self._set_numbers.append(number)
        all_facts = {"set": number, "population": self._number, "segment": segment, **facts}
        self._spool.note(("set", number), {"kind": "set", **all_facts}, cells)
        return number

    # --- segments ------------------------------------------------------------------------------

    def store_to_cache(self, annotations: dict[str, Any] | None = None) -> None:
        """End the present segment; the next one begins at time 0."""
        if state.simulation.step > self._first_step:
            self._past.append(replace(self._present(), annotations=dict(annotations or {})))
        self.population.block.spikes.clear(0)
        for probe_set in self._sets.values():
            probe_set.restart()
        self._note_end(state.segment_counter, state.simulation.step, annotations)
        self._begin(0, state.segment_counter + 1)

    def clear(self) -> None:
        """Forget all that was recorded."""
        step = self._moment.step
        self._past = []
        self.population.block.spikes.clear(step)
        for probe_set in self._sets.values():
            probe_set.clear()
        self.close_sets()
        self._begin(step, self._moment.segment)

    def _present(self) -> Segment:
        """Return this rank's part of the present segment."""
        moment = self._moment
        return Segment(
            moment.segment,
            self._time_of(self._first_step),
            self._time_of(moment.step),
            self._began,
            self._spikes() if self._has_spikes else None,
            [self._signal(probe_set) for probe_set in self._sets.values()],
        )

    def _spikes(self) -> KeyedSpikes:
        block = self.population.block
        recorded = block.spikes.recorded
        return KeyedSpikes(
            node_ids=block.indices[recorded],
            keys=block.spikes.keys(),
            since=block.spikes.since[recorded],
            first_gid=self.population.first_gid,
            dt=self._dt,
        )

    def _signal(self, probe_set: ProbeSet) -> SignalData:
        return SignalData(
            variable=probe_set.variable,
            units=self.population.celltype.units[probe_set.variable],
            node_ids=self.population.block.indices[probe_set.positions],
            data=probe_set.samples(),
            t_start=self._time_of(probe_set.first_step),
            sampling_interval=self.sampling_interval,
        )

    def segments(self, choice: Choice | None) -> list[Segment]:
        """Return this rank's part of all segments, with some variables of some cells only.

        Parameters
        ----------
        choice : mapping of str to ndarray of int64 or None, or None
            For each variable the indices of the cells; None: all.
        """
        segments = list(self._past)
        if self._moment.is_running or not segments:
            segments.append(self._present())
        return [narrowed(segment, choice) for segment in segments]

    # --- snapshots -----------------------------------------------------------------------------

    @property
    def has_spikes(self) -> bool:
        """Whether spikes are recorded."""
        return self._has_spikes

    @property
    def probe_sets(self) -> list[ProbeSet]:
        """What is sampled."""
        return list(self._sets.values())

    @property
    def past(self) -> list[Segment]:
        """The segments that have ended and were not cleared."""
        return self._past

    @property
    def first_step(self) -> int:
        """The step at which the present segment, or what is left of it, began."""
        return self._first_step

    @property
    def began(self) -> datetime:
        """When that was."""
        return self._began

    def lay_in(
        self,
        sets: list[ProbeSet],
        past: list[Segment],
        has_spikes: bool,
        sampling_interval: float,
        segment: int,
        first_step: int,
        began: datetime,
    ) -> None:
        """Go on with what was recorded elsewhere; the block's record of spikes has its part."""
        block = self.population.block
        for probe_set in self._sets.values():
            block.probes.remove(probe_set)
        for probe_set in sets:
            block.probes.append(probe_set)
        self._sets = {each.variable: each for each in sets}
        self._past, self._has_spikes, self.sampling_interval = past, has_spikes, sampling_interval
        self._first_step, self._began = first_step, began
        block.spikes.spool = self._spool
        self._open_sets(segment)
        block.touch()

    # --- for the user --------------------------------------------------------------------------

    def get(
        self,
        variables: Any,
        gather: Any,
        selection: Any,
        clear: bool = False,
        annotations: dict[str, Any] | None = None,
    ) -> Any:
        """Return a Neo Block; see `Population.get_data`."""
        block = block_of(selection, variables, Audience.of(gather), annotations)
        if clear:
            self.clear()
        return block

    def write(
        self,
        variables: Any,
        io: Any,
        gather: Any,
        selection: Any,
        clear: bool = False,
        annotations: dict[str, Any] | None = None,
    ) -> None:
        """Write to a file; see `Population.write_data`."""
        write(selection, variables, io or self.file, Audience.of(gather), annotations)
        if clear:
            self.clear()

    def count(self, variable: str, gather: bool, selection: Any) -> dict[ID, int]:
        """Return the number of spikes of each recorded cell of a selection."""
        if variable != "spikes":
            raise ParameterError(f"cannot count '{variable}'; only 'spikes' can be counted")
        choice = {"spikes": None if selection is selection.root else selection.indices()}
        spikes = narrowed(self._present(), choice).spikes
        if spikes is None:
            return {}
        counts = spikes.counts()
        nodes = spikes.node_ids
        if gather:
            nodes, counts = gather_arrays(nodes, counts.astype(np.int64))
        population = selection.root
        return {
            population[int(node)]: int(n) for node, n in sorted(zip(nodes, counts, strict=True))
        }


def note_run() -> None:
    """Tell a file that outlives the job what is to be known of the present run."""
    known = known_here()
    texts = {"facts": as_text(run_facts()), "known": as_text(known.facts)}
    state.spool.note("run", {"kind": "run", **texts, "account": known.account})


def run_facts() -> dict[str, Any]:
    """Return what a file and a block tell about the present run."""
    return {
        "simulator": "distsim",
        "engine": state.setup.engine,
        "distsim_version": version_of("distsim"),
        "pynn_version": version_of("pyNN"),
        "dt": state.dt,
        "seed": state.simulation.seed,
        "min_delay": state.min_delay,
        "max_delay": state.max_delay,
        "mpi_processes": state.n_ranks,
    }
