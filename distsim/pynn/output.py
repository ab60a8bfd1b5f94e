"""What was recorded as Neo blocks and as files, from one population, a view, or several."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from pyNN import recording

from distsim.comm.agreement import together
from distsim.comm.world import world
from distsim.errors import DistsimError, FileWriteError, ParameterError
from distsim.interrupts import Interrupts
from distsim.io.attributes import joined
from distsim.io.recordings import PopulationData, PopulationInfo, RunInfo, SegmentData
from distsim.io.whole_file import Told, check_folder, check_space, new_file, write_error
from distsim.io.writer import write as write_file
from distsim.pynn.checks import name_list
from distsim.pynn.gather import Audience
from distsim.pynn.provenance import cell_parameters, collected, known_here, timed
from distsim.pynn.replacing import check_replaced, is_choosy
from distsim.pynn.segments import Choice, Segment, gathered
from distsim.pynn.simulator import state

__all__ = [
    "Part",
    "assembly_block",
    "block_of",
    "check_target",
    "has_own_format",
    "info_of",
    "of_rank",
    "write",
    "write_assembly",
    "write_neo",
    "write_requests",
    "write_whole",
]

SUFFIXES = (".h5", ".hdf5")

logger = logging.getLogger(__name__)


class Part(NamedTuple):
    """What is shown of one population.

    Attributes
    ----------
    info : PopulationInfo
    recorder : Recorder
    choice : mapping of str to ndarray of int64 or None, or None
        Which variables of which cells; see `Recorder.segments`.
    """

    info: PopulationInfo
    recorder: Any
    choice: Choice | None


def block_of(
    selection: Any, variables: Any, audience: Audience, annotations: dict[str, Any] | None
) -> Any:
    """Return a Neo Block of what was recorded from a population or view.

    Collective, but for an audience of no rank.
    """
    run = _run_info([selection], annotations, selection)
    return _block([_part(selection, variables)], run, audience)


def assembly_block(
    assembly: Any,
    variables: Any,
    gather: Any,
    clear: bool,
    annotations: dict[str, Any] | None,
) -> Any:
    """Return a Neo Block of what an assembly's populations have recorded."""
    noted = {**assembly.annotations, **(annotations or {})}
    run = _run_info(assembly.parts, noted, assembly)
    block = _block(_parts(assembly, variables), run, Audience.of(gather))
    _clear(assembly.parts, clear)
    return block


def write(
    selection: Any,
    variables: Any,
    io: Any,
    audience: Audience,
    annotations: dict[str, Any] | None,
) -> None:
    """Write what was recorded from a population or view; every rank must call it."""
    run = _run_info([selection], annotations, selection)
    _write([_part(selection, variables)], run, io, audience)


def write_assembly(
    assembly: Any,
    variables: Any,
    io: Any,
    gather: Any,
    clear: bool,
    annotations: dict[str, Any] | None,
) -> None:
    """Write what an assembly's populations have recorded; every rank must call it."""
    noted = {**assembly.annotations, **(annotations or {})}
    run = _run_info(assembly.parts, noted, assembly)
    _write(_parts(assembly, variables), run, io, Audience.of(gather))
    _clear(assembly.parts, clear)


def write_whole(populations: Sequence[Any], file: str, facts: dict[str, Any]) -> None:
    """Write all that populations have recorded, with facts about the run.

    Every rank must call it.
    """
    parts = [_part(population, "all") for population in populations]
    _write(parts, RunInfo(facts, description=""), file, Audience.FIRST)


def write_requests(requests: Sequence[tuple[Any, Any, Any]]) -> None:
    """Write what was recorded with ``to_file``, one file per name; every rank must call it.

    Parameters
    ----------
    requests : sequence of (population or view, variables, file)
        Of all calls of `record`; those that name the same file add up.

    Raises
    ------
    FileWriteError, ParameterError
        The first one of the files that could not be written, when all others are.
    """
    by_file: dict[Any, list[tuple[Any, Any]]] = {}
    for selection, variables, file in requests:
        key = str(file) if isinstance(file, str | Path) else file
        by_file.setdefault(key, []).append((selection, variables))
    failures = []
    for file, wanted in by_file.items():
        roots = list(dict.fromkeys(selection.root for selection, _ in wanted))
        parts = [_sum_of([(s, v) for s, v in wanted if s.root is root]) for root in roots]
        run = _run_info(roots, None, *roots)
        try:
            _write(parts, run, file, Audience.FIRST)
        except (FileWriteError, ParameterError) as error:  # the same on every rank
            failures.append(error)
    if state.rank == 0:
        for failure in failures[1:]:
            logger.error("%s", failure)
    if failures:
        raise failures[0]


def _clear(selections: Sequence[Any], clear: bool) -> None:
    if clear:
        for selection in selections:
            selection.recorder.clear()


# --- what is shown -----------------------------------------------------------------------------


def _run_info(
    selections: Sequence[Any], annotations: dict[str, Any] | None, *shown: Any
) -> RunInfo:
    """Return facts about the run of some selections, with name and description of what is shown."""
    name = " + ".join(each.label for each in shown)
    description = "\n".join(str(each.describe()) for each in shown)
    return RunInfo(selections[0].recorder.facts, annotations or {}, name, description)


def _part(selection: Any, variables: Any) -> Part:
    is_everything = isinstance(variables, str) and variables == "all"
    if is_everything and selection is selection.root:
        return Part(info_of(selection), selection.recorder, None)
    choice = dict.fromkeys(selection.recorder.names(variables), _cells(selection))
    return Part(info_of(selection), selection.recorder, choice)


def _parts(assembly: Any, variables: Any) -> list[Part]:
    """Return the parts of an assembly; variables that their cells do not have are left out."""
    parts = assembly.parts
    if isinstance(variables, str) and variables == "all":
        return [_part(part, "all") for part in parts]
    names = name_list(variables, "variables")
    for name in names:
        if not any(name in part.celltype.recordable for part in parts):
            parts[0].recorder.names(name)  # raises
    return [_part(p, [n for n in names if n in p.celltype.recordable]) for p in parts]


def _sum_of(wanted: Sequence[tuple[Any, Any]]) -> Part:
    """Return what several calls of `record`, of one population, ask for together."""
    selections = [selection for selection, _ in wanted]
    root = selections[0].root
    choice: dict[str, Any] = {}
    for selection, variables in wanted:
        cells = _cells(selection)
        for name in [] if variables is None else root.recorder.names(variables):
            before = choice.get(name, np.zeros(0, np.int64))
            whole = before is None or cells is None
            choice[name] = None if whole else np.union1d(before, cells)
    noted = joined([_annotations(selection) for selection in selections])
    return Part(replace(info_of(root), annotations=noted), root.recorder, choice)


def _cells(selection: Any) -> Any:
    """Return the indices in the population of the cells of a selection, None for all."""
    return None if selection is selection.root else selection.indices()


def info_of(selection: Any) -> PopulationInfo:
    """Return what is to be known of a population, or of a view of one."""
    root = selection.root
    kind = type(root.celltype).__name__
    return PopulationInfo(root.label, root.size, root.first_gid, _annotations(selection), kind)


def _annotations(selection: Any) -> dict[str, Any]:
    """Return the annotations of a selection, with those of what it is a part of."""
    own = dict(selection.annotations)
    return own if selection is selection.root else {**_annotations(selection.parent), **own}


def _segments(parts: Sequence[Part]) -> list[tuple[PopulationInfo, Segment]]:
    """Return this rank's part of the segments of several populations."""
    return [(p.info, segment) for p in parts for segment in p.recorder.segments(p.choice)]


def _segment_data(data: Sequence[tuple[PopulationInfo, Segment]]) -> list[SegmentData]:
    """Return the segments of several populations, those of one time together."""
    result = []
    for index in sorted({segment.index for _, segment in data}):
        present = [(info, segment) for info, segment in data if segment.index == index]
        segments = [segment for _, segment in present]
        result.append(
            SegmentData(
                index=index,
                t_start=min(segment.t_start for segment in segments),
                t_stop=max(segment.t_stop for segment in segments),
                annotations={k: v for s in segments for k, v in s.annotations.items()},
                populations=[
                    PopulationData(info, None if s.spikes is None else s.spikes.data(), s.signals)
                    for info, s in present
                ],
                rec_datetime=min(segment.began for segment in segments),
            )
        )
    return result


def _block(parts: Sequence[Part], run: RunInfo, audience: Audience) -> Any:
    # with Neo, which not every script needs
    from distsim.io.neo_blocks import block

    with timed("gather"):
        segments = _segments(parts)
        # ranks have about as much each
        n_ranks = 1 if audience is Audience.NONE else state.n_ranks
        n_bytes = n_ranks * sum(segment.nbytes for _, segment in segments)
        with state.bar("gather", n_bytes or None, "B") as bar:
            everything = [(info, gathered(segment, audience, bar)) for info, segment in segments]
            return block(_segment_data(everything), run, keep_empty=True)


# --- files -------------------------------------------------------------------------------------


def _write(
    parts: Sequence[Part],
    run: RunInfo,
    io: Any,
    audience: Audience,
) -> None:
    """Write what some populations or views have recorded; every rank must call it.

    An interrupt waits until the file is whole.
    """
    with Interrupts() as interrupts:
        _write_all(parts, run, io, audience)
        any_rank = state.simulation.any_rank
        if audience is not Audience.NONE and any_rank(interrupts.is_noted)[0]:
            interrupts.happen(any_rank)


def _write_all(parts: Sequence[Part], run: RunInfo, io: Any, audience: Audience) -> None:
    comm = world()
    _check_kind(io)
    is_shared = audience is not Audience.NONE
    is_native = has_own_format(io)
    if not is_shared and comm.Get_size() > 1:
        io = of_rank(io, comm.Get_rank())
    if is_choosy():
        with together(comm):
            if comm.Get_rank() == 0 or not is_shared:
                check_replaced(io)
    if is_native:
        mine = parts[0].recorder.known if parts else known_here()
        run = replace(run, provenance=collected(mine, audience))
        segments = _segment_data(_segments(parts))
        if is_shared:
            segments[-1:] = _with_parameters(parts, segments[-1:])
        ranks = comm if is_shared else None
        with timed("write"), state.bar("write", None, "B") as bar:
            write_file(io, segments, run, ranks, state.setup.compression, bar)
        return
    # rank 0 alone writes what is shared
    block = _block(parts, run, Audience.FIRST if is_shared else Audience.NONE)
    with timed("write"), state.bar("write", None, "B") as bar, together(comm):
        if comm.Get_rank() == 0 or not is_shared:
            write_neo(io, block, bar)


def _with_parameters(parts: Sequence[Part], segments: Sequence[SegmentData]) -> list[SegmentData]:
    """Return segments with the parameters of cells, as they are now; every rank must call it."""
    parameters = {
        (part.info.first_gid, part.info.size): cell_parameters(part.recorder.population)
        for part in parts
    }
    return [
        replace(
            segment,
            populations=[
                data._replace(
                    info=replace(
                        data.info, parameters=parameters[data.info.first_gid, data.info.size]
                    )
                )
                for data in segment.populations
            ],
        )
        for segment in segments
    ]


def check_target(io: Any) -> None:
    """Raise if a file that is to be written later cannot be; its folder is made.

    Parameters
    ----------
    io : str, Path or Neo IO

    Raises
    ------
    FileWriteError
        If there is a folder of that name, or a file that must not be replaced; or its own folder
        cannot be made or written to.
    ParameterError
        If no format has the end of that name.
    """
    _check_kind(io)
    if not isinstance(io, str | Path):
        return
    check_replaced(io)
    try:
        check_folder(Path(io))
    except OSError as error:
        raise write_error(error, io) from error
    if not has_own_format(io):
        with TemporaryDirectory() as folder:
            getattr(_neo_io(Path(folder) / Path(io).name, io), "close", bool)()


def _check_kind(io: Any) -> None:
    """Raise if something is no file: neither a name, with an end that says a format, nor an IO."""
    is_name = isinstance(io, str | Path) and str(io) != ""
    if not is_name and not hasattr(io, "write_block"):
        raise ParameterError(
            f"cannot write recordings to {io!r}; give a file's name, such as 'run.h5', or one of "
            "Neo's IO objects"
        )
    if is_name and not Path(io).suffix and not Path(io).is_dir():
        raise ParameterError(
            f"cannot write '{io}': the end of its name says no format; a name that ends in '.h5' "
            "gives distsim's own, one in '.pkl', '.nwb' or '.nix' Neo's"
        )


def has_own_format(io: Any) -> bool:
    """Return whether the name of a file says that it is one of distsim's own."""
    return isinstance(io, str | Path) and Path(io).suffix in SUFFIXES


def write_neo(io: Any, block: Any, progress: Told | None = None) -> None:
    """Write a block by one of Neo's IO objects, or to a file whose name says by which.

    Progress is called with bytes that were written to a file.
    """
    name = getattr(io, "filename", io)
    try:
        with _as_session(block) if Path(str(name)).suffix == ".nwb" else nullcontext():
            if not isinstance(io, str | Path):
                io.write_block(block)
                return
            with new_file(Path(io), progress) as temporary:
                check_space(Path(io), _n_bytes(block))
                neo_io = _neo_io(temporary, name)
                neo_io.write_block(block)
                getattr(neo_io, "close", bool)()
    except DistsimError:
        raise
    except (OSError, RuntimeError) as error:
        raise write_error(error, name) from error
    except Exception as error:  # Neo's writers raise errors of many classes
        raise FileWriteError(
            f"'{name}' cannot be written: {type(error).__name__}: {error}; a name that ends in "
            "'.h5' gives distsim's own format",
            path=str(name),
        ) from error


@contextmanager
def _as_session(block: Any) -> Iterator[None]:
    """Give a block what NWB asks for, and keep back the warnings of Neo's writer."""
    from distsim.io.conversion import annotate_session, quiet

    annotate_session(block, block.rec_datetime or datetime.now())
    with quiet():
        yield


def _neo_io(path: Path, name: Any) -> Any:
    """Return the Neo IO that the end of a name means."""
    try:
        return recording.get_io(str(path))
    except Exception as error:  # PyNN and Neo raise errors of many classes
        raise ParameterError(
            f"cannot write '{name}': {error}; a name that ends in '.h5' gives distsim's own format"
        ) from error


def _n_bytes(block: Any) -> int:
    """Return how many bytes the samples and times of a block take at least."""
    return sum(
        sum(int(signal.nbytes) for signal in segment.analogsignals)
        + int(segment.spiketrains.multiplexed[1].nbytes)
        for segment in block.segments
    )


def of_rank(io: Any, rank: int) -> Any:
    """Return the file of this rank alone."""
    if isinstance(io, str | Path):
        path = Path(io)
        return path.with_name(f"{path.stem}.{rank}{path.suffix}")
    io.filename = f"{io.filename}.{rank}"
    return io
