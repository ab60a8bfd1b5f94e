"""A whole simulation in a snapshot: what the front end knows, and what the engine does.

A script that restores has described the network; here it is made to be what it was. What was set of
cells and connections after the first run is in the snapshot, all else that was described is not.
"""

import json
import platform
from fractions import Fraction
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.comm.world import world
from distsim.errors import SnapshotError
from distsim.io.snapshots import Sink, Source, opened, stored
from distsim.partitioning.streams import Purpose
from distsim.pynn.fingerprint import (
    columns_of,
    differences,
    fingerprint,
    note_births,
    present_prints,
)
from distsim.pynn.recorded_snapshot import lay_in_recorder, store_recorder
from distsim.pynn.simulator import state

__all__ = ["read_snapshot", "write_snapshot"]

Integers = NDArray[np.int64]

# in one message
N_DIFFERENCES = 6
DRAWN = Purpose.PARAMETER, Purpose.INITIAL_VALUE


def write_snapshot(path: Path, position: dict[str, Any]) -> None:
    """Write a snapshot of the present moment; every rank must call it.

    Parameters
    ----------
    path : Path
    position : dict
        Where in the script this is; what JSON can hold.

    Raises
    ------
    FileWriteError
        On every rank, if the file cannot be written; one that was there before keeps its name.
    """
    state.build()
    with stored(world(), path) as sink:
        sink.note("versions", _versions())
        sink.note("position", position)
        sink.note("fingerprint", fingerprint(state))
        _store_state(sink)
        _store_cells(sink)
        _store_connections(sink)
        _store_currents(sink)
        for population in state.populations:
            store_recorder(population.recorder, sink)
        state.simulation.store(sink)


def read_snapshot(path: Path) -> dict[str, Any]:
    """Go on from a snapshot; every rank must call it. Return where in the script it was made.

    Raises
    ------
    SnapshotError
        On every rank, if it is of another network.
    FileFormatError, FileNotFoundError
        On every rank, if it is no snapshot, of another format, cut short or altered.
    """
    note_births(state)
    with opened(world(), path) as source:
        _compare(path, source)
        source.rank_of = state.simulation.partition.rank_of
        _lay_in_cells(path, source)
        _lay_in_connections(path, source)
        _lay_in_currents(source)
        _lay_in_state(source)
        for population in state.populations:
            lay_in_recorder(population.recorder, source)
        state.simulation.lay_in(source)
        position: dict[str, Any] = source.note("position")
    return position


def _versions() -> dict[str, str]:
    names = ("distsim", "pyNN", "numpy", "numba")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def _compare(path: Path, source: Source) -> None:
    """Raise if another network is described."""
    found = list(islice(differences(fingerprint(state), source.note("fingerprint")), N_DIFFERENCES))
    if found:
        theirs, ours = source.note("versions"), _versions()
        others = [f"{name} {theirs[name]}" for name in theirs if theirs[name] != ours.get(name)]
        written = f" (it was written by {', '.join(others)})" if others else ""
        raise SnapshotError(
            f"'{path}'{written} is a snapshot of another network than the script describes: "
            f"{'; '.join(found)}. Describe the same network as the script that wrote it, before "
            "its first run",
            differences=found,
        )


# --- cells -------------------------------------------------------------------------------------


def _store_cells(sink: Sink) -> None:
    """Store what was set of cells since they ran for the first time, and how much was drawn."""
    changed = []
    for population, prints in zip(
        state.populations, present_prints(state.simulation, state.populations), strict=True
    ):
        columns = columns_of(population)
        changed.append([name for name in columns if prints[name] != population.birth.get(name)])
        for name in changed[-1]:
            gids, values = columns[name]
            sink.rows(f"set/{population.number}/{name}", gids, values=values)
    sink.note("set", changed)
    sink.note("drawn", [_store_drawn(population, sink) for population in state.populations])


def _store_drawn(population: Any, sink: Sink) -> list[int | None]:
    """Store how many values were drawn of each variable, as one number where all are alike."""
    numbers = [population.draws.of(variable) for variable in _drawn(population)]
    bounds = [int(each.min(initial=2**62)) for each in numbers]
    bounds += [-int(each.max(initial=-(2**62))) for each in numbers]
    bounds = state.simulation.smallest_of_all(*bounds)
    least, most = bounds[: len(numbers)], [-bound for bound in bounds[len(numbers) :]]
    alike = [low if low >= high else None for low, high in zip(least, most, strict=True)]
    for k, each in enumerate(numbers):
        if alike[k] is None:
            sink.rows(f"drawn/{population.number} {k}", population.block.gids, number=each)
    return alike


def _drawn(population: Any) -> list[tuple[Purpose, str]]:
    """Return all of which random values can be drawn, in a fixed order."""
    return [(p, variable) for p in DRAWN for variable in population.celltype.variable_names()]


def _lay_in_cells(path: Path, source: Source) -> None:
    changed, drawn = source.note("set"), source.note("drawn")
    prints = present_prints(state.simulation, state.populations)
    each = zip(state.populations, prints, changed, drawn, strict=True)
    for population, present, names, alike in each:
        birth = population.birth
        others = [n for n in present if n not in names and present[n] != birth.get(n)]
        if others:
            raise SnapshotError(
                f"{', '.join(others)} of '{population.label}' were set after the first run; in "
                f"'{path}' they are as they were before it: restore before they are set"
            )
        block = population.block
        for name in names:
            gids, columns = source.rows(f"set/{population.number}/{name}")
            if name.startswith("initial "):
                population.initial[name.removeprefix("initial ")] = columns["values"]
            elif name == "positions":
                population.lay_in_positions(columns["values"])
            else:
                block.take_column(name, gids, columns["values"])
        for k, (variable, number) in enumerate(zip(_drawn(population), alike, strict=True)):
            if number is None:
                _, columns = source.rows(f"drawn/{population.number} {k}")
                population.draws.lay_in(variable, columns["number"])
            else:
                population.draws.lay_in(variable, number)


# --- connections -------------------------------------------------------------------------------


def _store_connections(sink: Sink) -> None:
    """Store what was set of connections since they were there for the first time."""
    singly = state.simulation.any_rank(*(each.is_set_singly for each in state.projections))
    notes = []
    for projection, is_set_singly in zip(state.projections, singly, strict=True):
        is_changed = is_set_singly or projection.print != projection.birth
        plain: dict[str, Any] = {
            "print": projection.print,
            "singly": is_set_singly,
            "stored": is_changed,
            "revisions": projection.revisions,
            "recorder": None,
        }
        name = f"connections/{projection.number}"
        if is_changed or projection.recorder is not None:
            order, targets, sources = projection.addresses()
        if is_changed:
            values = {n: column[order] for n, column in projection.connection_values().items()}
            _store_lists(f"{name}/set", targets, sources, values, sink)
        if projection.recorder is not None:
            plain["recorder"] = projection.recorder.to_plain()
            samples = {n: c[order] for n, c in projection.recorder.columns().items()}
            _store_lists(f"{name}/recorded", targets, sources, samples, sink)
        notes.append(plain)
    sink.note("projections", notes)


def _store_lists(
    name: str, targets: Integers, sources: Integers, columns: dict[str, NDArray[Any]], sink: Sink
) -> None:
    """Store values of connections that are in the order of their targets."""
    gids, lengths = np.unique(targets, return_counts=True)
    # gids have 32 bits
    sink.lists(name, gids, lengths, source=sources.astype(np.uint32), **columns)


def _lay_in_connections(path: Path, source: Source) -> None:
    for projection, plain in zip(state.projections, source.note("projections"), strict=True):
        name = f"connections/{projection.number}"
        (is_singly,) = state.simulation.any_rank(projection.is_set_singly)
        is_same = projection.print == plain["print"] and not (is_singly or plain["singly"])
        if plain["stored"] and not is_same:
            order, columns = _lists_of(projection, source, f"{name}/set")
            values = {}
            for column, stored_values in columns.items():
                values[column] = np.empty(order.size)
                values[column][order] = stored_values
            projection.take_values(values)
        elif not is_same:
            raise SnapshotError(
                f"connections of '{projection.label}' were set after the first run; in '{path}' "
                "they are as they were before it: restore before they are set"
            )
        projection.lay_in(plain["revisions"], plain["print"], plain["singly"])
        if plain["recorder"] is not None:
            projection.begin_recorder(plain["recorder"]["names"])
            order, columns = _lists_of(projection, source, f"{name}/recorded")
            samples = {}
            for column, stored_values in columns.items():
                samples[column] = np.empty_like(stored_values)
                samples[column][order] = stored_values
            projection.recorder.lay_in(plain["recorder"], samples)


def _lists_of(
    projection: Any, source: Source, name: str
) -> tuple[Integers, dict[str, NDArray[Any]]]:
    """Return values of this rank's connections, and the order in which they are.

    Raises
    ------
    SnapshotError
        On every rank, if they are of other connections.
    """
    order, targets, sources = projection.addresses()
    gids, lengths, columns = source.lists(name)
    is_same = np.array_equal(np.repeat(gids, lengths), targets)
    is_same = is_same and np.array_equal(columns.pop("source"), sources)
    if state.simulation.any_rank(not is_same)[0]:
        raise SnapshotError(
            f"the connections of '{projection.label}' are not those of the snapshot, though they "
            "are described alike: what a function of the script gives is not the same as it was"
        )
    return order, columns


# --- currents ----------------------------------------------------------------------------------


def _store_currents(sink: Sink) -> None:
    mine = {source.key: plain for source in state.current_sources if (plain := source.to_plain())}
    every: dict[str, Any] = {}
    for part in world().allgather(json.dumps(mine)):
        every |= json.loads(part)
    sink.note("sources", dict(sorted(every.items())))


def _lay_in_currents(source: Source) -> None:
    plain = source.note("sources")
    seed = source.note("clock")["seed"]
    for current in state.current_sources:
        if seed != state.simulation.seed:
            current.draw_from(seed)
        current.take_plain(plain.get(current.key, {}))


# --- the moment --------------------------------------------------------------------------------


def _store_state(sink: Sink) -> None:
    asked = state.asked
    sink.note(
        "moment",
        {
            "running": state.running,
            "asked": [asked.numerator, asked.denominator],
            "samples": state.n_samples,
            "noises": state.n_shared_noises,
        },
    )


def _lay_in_state(source: Source) -> None:
    moment = source.note("moment")
    state.lay_in(moment["running"], Fraction(*moment["asked"]), moment["samples"], moment["noises"])
