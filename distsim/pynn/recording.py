"""What a population has recorded: from the engine's arrays to Neo objects and files."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyNN.errors
from numpy.typing import NDArray
from pyNN import recording

from distsim.engine.recorder import ProbeSet
from distsim.errors import DistsimError, ParameterError, did_you_mean
from distsim.io.neo_blocks import block as neo_block
from distsim.io.recordings import PopulationData, PopulationInfo, SegmentData, SignalData, SpikeData
from distsim.io.writer import write
from distsim.pynn.gather import gather_arrays
from distsim.pynn.simulator import ID, state

__all__ = [
    "Recorder",
    "RecordingError",
    "assembly_block",
    "write_assembly",
    "write_populations",
    "write_run",
]

Integers = NDArray[np.int64]
SUFFIXES = (".h5", ".hdf5")


class RecordingError(DistsimError, pyNN.errors.RecordingError):
    """A variable that a cell type does not have, or that was not recorded."""


@dataclass
class _Segment:
    """The part on this rank of one recorded segment of a population."""

    index: int
    t_start: float
    t_stop: float
    spikes: SpikeData | None
    signals: list[SignalData]
    annotations: dict[str, Any] = field(default_factory=dict)


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
    """

    def __init__(self, population: Any) -> None:
        self.population = population
        self.file: Any = None
        self.sampling_interval = state.dt
        self.t_start = state.t
        self._sets: dict[str, ProbeSet] = {}
        self._has_spikes = False
        self._past: list[_Segment] = []
        self._is_cleared = False
        state.recorders.append(self)

    # --- what to record ------------------------------------------------------------------------

    def record(
        self, variables: Any, block_positions: Integers, sampling_interval: float | None
    ) -> None:
        """Record variables of this rank's cells at some positions of the engine's block, too."""
        names = self._names(variables)
        self._set_interval(sampling_interval)
        for name in names:
            if name == "spikes":
                self.population.block.spikes.record(block_positions)
                self._has_spikes = True
            else:
                self._record_signal(name, block_positions)

    def _names(self, variables: Any) -> list[str]:
        """Return the variables meant, checked."""
        recordable = list(self.population.celltype.recordable)
        if isinstance(variables, str):
            if variables == "all":
                return recordable
            variables = [variables]
        for name in variables:
            if name not in recordable:
                kind = type(self.population.celltype).__name__
                raise RecordingError(
                    f"cannot record '{name}' from {kind}; {did_you_mean(str(name), recordable)}",
                    variable=name,
                    cell_type=self.population.celltype,
                )
        return list(variables)

    def _set_interval(self, interval: float | None) -> None:
        if interval is None:
            return
        steps = interval / state.dt
        if not (steps >= 1 - 1e-6 and abs(steps - round(steps)) < 1e-6):
            raise ParameterError(
                f"sampling_interval = {interval:g} ms must be a multiple of the time step, "
                f"{state.dt:g} ms"
            )
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
            probe_set = ProbeSet(variable, row, positions, interval, state.simulation.step)
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

    # --- segments ------------------------------------------------------------------------------

    def store_to_cache(self, annotations: dict[str, Any] | None = None) -> None:
        """End the present segment; the next one begins at time 0."""
        if state.t > 0 and not self._is_cleared:
            segment = self._present()
            segment.annotations.update(annotations or {})
            self._past.append(segment)
        self.population.block.spikes.clear()
        for probe_set in self._sets.values():
            probe_set.restart()
        self.t_start = 0.0
        self._is_cleared = False

    def clear(self) -> None:
        """Forget all that was recorded."""
        self._past = []
        self._is_cleared = True
        self.population.block.spikes.clear()
        for probe_set in self._sets.values():
            probe_set.clear()
        self.t_start = state.t

    def _present(self) -> _Segment:
        """Return this rank's part of the present segment."""
        block = self.population.block
        spikes = None
        if self._has_spikes:
            keys = block.spikes.keys()
            spikes = SpikeData(
                node_ids=block.indices[block.spikes.recorded],
                times=np.round((keys >> 32) * state.dt, 9),
                senders=(keys & 0xFFFFFFFF) - self.population.first_gid,
            )
        signals = [
            SignalData(
                variable=variable,
                units=self.population.celltype.units[variable],
                node_ids=block.indices[probe_set.positions],
                data=probe_set.data(),
                t_start=state.time_of(probe_set.first_step),
                sampling_interval=self.sampling_interval,
            )
            for variable, probe_set in self._sets.items()
        ]
        return _Segment(state.segment_counter, self.t_start, state.t, spikes, signals)

    def segments(self, variables: Any, selection: Any, gather: bool) -> list[_Segment]:
        """Return all segments, with some variables of some cells only.

        Parameters
        ----------
        variables : str, list of str or 'all'
        selection : Population or PopulationView
        gather : bool
            With the cells of all ranks; every rank must call it then.
        """
        names = None if variables == "all" else self._names(variables)
        segments = list(self._past)
        if state.running or not segments:
            segments.append(self._present())
        chosen = [_narrowed(segment, names, selection) for segment in segments]
        return [_gathered(segment) for segment in chosen] if gather else chosen

    # --- for the user --------------------------------------------------------------------------

    def get(
        self,
        variables: Any,
        gather: bool,
        selection: Any,
        clear: bool = False,
        annotations: dict[str, Any] | None = None,
    ) -> Any:
        """Return a Neo Block; see `Population.get_data`."""
        data = [(selection, self.segments(variables, selection, gather))]
        block = _block(data, selection.label, annotations)
        if clear:
            self.clear()
        return block

    def write(
        self,
        variables: Any,
        io: Any,
        gather: bool,
        selection: Any,
        clear: bool = False,
        annotations: dict[str, Any] | None = None,
    ) -> None:
        """Write to a file; see `Population.write_data`."""
        _write([selection], variables, io or self.file, gather, annotations)
        if clear:
            self.clear()

    def count(self, variable: str, gather: bool, selection: Any) -> dict[ID, int]:
        """Return the number of spikes of each recorded cell of a selection."""
        if variable != "spikes":
            raise ParameterError(f"cannot count '{variable}'; only 'spikes' can be counted")
        spikes = _narrowed(self._present(), ["spikes"], selection).spikes
        if spikes is None:
            return {}
        counts = np.bincount(
            np.searchsorted(spikes.node_ids, spikes.senders), minlength=spikes.node_ids.size
        )
        nodes = spikes.node_ids
        if gather:
            nodes, counts = gather_arrays(nodes, counts.astype(np.int64))
        population = selection.root
        return {
            population[int(node)]: int(n) for node, n in sorted(zip(nodes, counts, strict=True))
        }


def _narrowed(segment: _Segment, names: Sequence[str] | None, selection: Any) -> _Segment:
    """Return a segment with some variables of some cells only."""
    spikes = segment.spikes if names is None or "spikes" in names else None
    signals = [s for s in segment.signals if names is None or s.variable in names]
    if selection is not selection.root:
        wanted = selection.indices()
        spikes = None if spikes is None else _spikes_of(spikes, wanted)
        signals = [_signal_of(signal, wanted) for signal in signals]
    return replace(segment, spikes=spikes, signals=signals)


def _spikes_of(spikes: SpikeData, wanted: Integers) -> SpikeData:
    inside = np.isin(spikes.senders, wanted)
    return SpikeData(
        spikes.node_ids[np.isin(spikes.node_ids, wanted)],
        spikes.times[inside],
        spikes.senders[inside],
    )


def _signal_of(signal: SignalData, wanted: Integers) -> SignalData:
    inside = np.isin(signal.node_ids, wanted)
    return replace(signal, node_ids=signal.node_ids[inside], data=signal.data[:, inside])


def _gathered(segment: _Segment) -> _Segment:
    """Return a segment with the cells of all ranks; every rank must call it."""
    spikes = segment.spikes
    if spikes is not None:
        nodes, times, senders = gather_arrays(spikes.node_ids, spikes.times, spikes.senders)
        order = np.lexsort((senders, times))
        spikes = SpikeData(np.sort(nodes), times[order], senders[order])
    signals = []
    for signal in segment.signals:
        nodes, columns = gather_arrays(signal.node_ids, signal.data.T)
        order = np.argsort(nodes)
        signals.append(replace(signal, node_ids=nodes[order], data=columns[order].T))
    return replace(segment, spikes=spikes, signals=signals)


def _info(selection: Any) -> PopulationInfo:
    root = selection.root
    return PopulationInfo(
        root.label, root.size, root.first_gid, dict(root.annotations), type(root.celltype).__name__
    )


def _run_info() -> dict[str, Any]:
    """Return what a file and a block tell about the run."""
    return {
        "simulator": "distsim",
        "engine": state.setup.engine,
        "distsim_version": version("distsim"),
        "pynn_version": version("pyNN"),
        "dt": state.dt,
        "seed": state.simulation.seed,
        "min_delay": state.min_delay,
        "max_delay": state.max_delay,
        "mpi_processes": state.n_ranks,
    }


def _segment_data(data: Sequence[tuple[Any, list[_Segment]]]) -> list[SegmentData]:
    """Return the segments of several populations, those of one time together."""
    indices = sorted({segment.index for _, segments in data for segment in segments})
    result = []
    for index in indices:
        present = [(p, s) for p, segments in data for s in segments if s.index == index]
        result.append(
            SegmentData(
                index=index,
                t_start=min(segment.t_start for _, segment in present),
                t_stop=max(segment.t_stop for _, segment in present),
                annotations={k: v for _, s in present for k, v in s.annotations.items()},
                populations=[PopulationData(_info(p), s.spikes, s.signals) for p, s in present],
            )
        )
    return result


def _block(
    data: Sequence[tuple[Any, list[_Segment]]], label: str, annotations: dict[str, Any] | None
) -> Any:
    block = neo_block(_segment_data(data), _run_info(), name=label)
    block.description = "\n".join(str(selection.describe()) for selection, _ in data)
    for selection, _ in data:
        block.annotate(**selection.root.annotations)
    block.annotate(**(annotations or {}))
    return block


def _write(
    selections: Sequence[Any],
    variables: Any,
    io: Any,
    gather: bool,
    annotations: dict[str, Any] | None,
) -> None:
    """Write what some populations or views have recorded; every rank must call it."""
    is_native = isinstance(io, str | Path) and Path(io).suffix in SUFFIXES
    if not gather and state.n_ranks > 1:
        io = _of_rank(io)
    if is_native:
        data = [(s, s.recorder.segments(variables, s, gather=False)) for s in selections]
        info = {**_run_info(), **(annotations or {})}
        comm = state.simulation.comm if gather else None
        write(io, _segment_data(data), info, comm)
        return
    data = [(s, s.recorder.segments(variables, s, gather)) for s in selections]
    with state.together():
        if state.rank == 0 or not gather:
            label = " + ".join(selection.label for selection in selections)
            _neo_io(io).write_block(_block(data, label, annotations))


def _neo_io(io: Any) -> Any:
    """Return the Neo IO that a name means."""
    if not isinstance(io, str | Path):
        return io
    try:
        return recording.get_io(str(io))
    except Exception as error:  # PyNN and Neo raise errors of many classes
        raise ParameterError(
            f"cannot write '{io}': {error}; a name that ends in '.h5' gives distsim's own format"
        ) from error


def _of_rank(io: Any) -> Any:
    """Return the file of this rank alone."""
    if isinstance(io, str | Path):
        path = Path(io)
        return path.with_name(f"{path.stem}.{state.rank}{path.suffix}")
    io.filename = f"{io.filename}.{state.rank}"
    return io


def assembly_block(
    assembly: Any, variables: Any, gather: bool, clear: bool, annotations: dict[str, Any] | None
) -> Any:
    """Return a Neo Block of what an assembly's populations have recorded."""
    data = [(part, _of_part(part, variables, gather)) for part in assembly.parts]
    block = _block(data, assembly.label, annotations)
    if clear:
        for part in assembly.parts:
            part.recorder.clear()
    return block


def _of_part(part: Any, variables: Any, gather: bool) -> list[_Segment]:
    """Return a part's segments; variables that its cells do not have are left out."""
    if variables != "all":
        names = [variables] if isinstance(variables, str) else list(variables)
        variables = [name for name in names if name in part.celltype.recordable]
    return part.recorder.segments(variables, part, gather)


def write_assembly(
    assembly: Any,
    variables: Any,
    io: Any,
    gather: bool,
    clear: bool,
    annotations: dict[str, Any] | None,
) -> None:
    """Write what an assembly's populations have recorded; every rank must call it."""
    _write(assembly.parts, variables, io, gather, annotations)
    if clear:
        for part in assembly.parts:
            part.recorder.clear()


def write_run(file: str, facts: dict[str, Any]) -> None:
    """Write all that any population has recorded, with facts about the run.

    Every rank must call it.
    """
    used = [population for population in state.populations if population.recorder.is_used]
    _write(used, "all", file, gather=True, annotations=facts)


def write_populations(entries: Sequence[tuple[Any, Any, Any]]) -> None:
    """Write all that was recorded with ``to_file``, one file per name; every rank must call it.

    Parameters
    ----------
    entries : sequence of (population or view, variables, file)
    """
    by_file: dict[Any, list[Any]] = {}
    for selection, _, file in entries:
        parts = by_file.setdefault(str(file) if isinstance(file, str | Path) else file, [])
        for part in getattr(selection, "parts", [selection]):
            if part.root not in parts:
                parts.append(part.root)
    for file, parts in by_file.items():
        _write(parts, "all", file, gather=True, annotations=None)
