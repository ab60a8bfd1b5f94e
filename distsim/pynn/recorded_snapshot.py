"""What a population has recorded and not yet cleared, in a snapshot."""

import math
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.io.keyed_spikes import KeyedSpikes
from distsim.io.recordings import SignalData
from distsim.io.shards import as_text, from_text
from distsim.network.pieces import SpikeKeys
from distsim.network.records import ProbeSet
from distsim.pynn.recording import Recorder
from distsim.pynn.segments import Segment
from distsim.pynn.simulator import state

__all__ = ["bytes_of_recorder", "lay_in_recorder", "store_recorder"]

Integers = NDArray[np.int64]


def store_recorder(recorder: Recorder, sink: Any) -> None:
    """Hand all that was recorded, and what is to be, to a sink; every rank must call it."""
    population = recorder.population
    name, block = f"recorded/{population.number}", population.block
    sets = recorder.probe_sets
    sink.note(
        name,
        {
            "interval": recorder.sampling_interval,
            "spikes": recorder.has_spikes,
            "segment": state.segment_counter,
            "first step": recorder.first_step,
            "began": recorder.began.isoformat(),
            "sets": [_plain_set(each) for each in sets],
            "past": [_plain_segment(segment) for segment in recorder.past],
        },
    )
    recorded = block.spikes.recorded
    sink.rows(f"{name}/cells", block.gids[recorded], since=block.spikes.since[recorded])
    sink.spikes(f"{name}/spikes", block.spikes.keys()[:])
    for each in sets:
        sink.matrix(f"{name}/{each.variable}", block.gids[each.positions], each.samples())
    for k, segment in enumerate(recorder.past):
        _store_segment(f"{name}/past {k}", segment, population.first_gid, sink)


def bytes_of_recorder(recorder: Recorder) -> int:
    """Return how much this rank stores of what was recorded [bytes]."""
    n_samples = sum(math.prod(each.samples().shape) for each in recorder.probe_sets)
    present = 8 * (recorder.population.block.spikes.keys().size + n_samples)
    return present + sum(segment.nbytes for segment in recorder.past)


def lay_in_recorder(recorder: Recorder, source: Any) -> None:
    """Let a recorder have recorded what was stored, and go on; every rank must call it."""
    population = recorder.population
    name, block = f"recorded/{population.number}", population.block
    plain = source.note(name)
    recorder.close_sets()
    gids, columns = source.rows(f"{name}/cells")
    spikes = block.spikes
    spikes.stop()
    places = np.searchsorted(block.gids, gids)
    spikes.record(places, 0)
    spikes.since[places] = columns["since"]
    keys = source.spikes(f"{name}/spikes")
    sets, samples = [], []
    for stored in plain["sets"]:
        gids, blocks = source.matrix(f"{name}/{stored['variable']}")
        row, positions = (
            block.model.state_row(stored["variable"]),
            np.searchsorted(block.gids, gids),
        )
        interval, first = stored["interval"], stored["first"]
        probe_set = ProbeSet(stored["variable"], row, positions, interval, first, state.spool)
        probe_set.n_additions = stored["additions"]
        sets.append(probe_set)
        samples.append(list(blocks))
    past = [
        _segment(f"{name}/past {k}", stored, recorder, source)
        for k, stored in enumerate(plain["past"])
    ]
    recorder.lay_in(
        sets,
        past,
        has_spikes=plain["spikes"],
        sampling_interval=plain["interval"],
        segment=plain["segment"],
        first_step=plain["first step"],
        began=datetime.fromisoformat(plain["began"]),
    )
    # when it is said which cells they are of
    spikes.append(keys)
    for probe_set, blocks, stored in zip(sets, samples, plain["sets"], strict=True):
        for rows in blocks:
            probe_set.append(rows)
        probe_set.next_step = stored["next"]


def _plain_set(probe_set: ProbeSet) -> dict[str, Any]:
    return {
        "variable": probe_set.variable,
        "interval": probe_set.interval,
        "first": probe_set.first_step,
        "next": probe_set.next_step,
        "additions": probe_set.n_additions,
    }


def _plain_segment(segment: Segment) -> dict[str, Any]:
    return {
        "index": segment.index,
        "t_start": segment.t_start,
        "t_stop": segment.t_stop,
        "began": segment.began.isoformat(),
        "annotations": as_text(segment.annotations),
        "spikes": segment.spikes is not None,
        "signals": [
            [each.variable, each.units, each.t_start, each.sampling_interval]
            for each in segment.signals
        ],
    }


def _store_segment(name: str, segment: Segment, first_gid: int, sink: Any) -> None:
    spikes = segment.spikes
    if spikes is not None:
        sink.rows(f"{name}/cells", first_gid + spikes.node_ids, since=spikes.since)
        sink.spikes(f"{name}/spikes", spikes.keys[:])
    for signal in segment.signals:
        sink.matrix(f"{name}/{signal.variable}", first_gid + signal.node_ids, signal.data)


def _segment(name: str, plain: dict[str, Any], recorder: Recorder, source: Any) -> Segment:
    first_gid, dt = recorder.population.first_gid, state.dt
    segment = Segment(
        plain["index"],
        plain["t_start"],
        plain["t_stop"],
        datetime.fromisoformat(plain["began"]),
        None,
        [],
        from_text(plain["annotations"]),
    )
    recorder.note_past(segment)
    if plain["spikes"]:
        cells, since = source.rows(f"{name}/cells")
        nodes, keys = cells - first_gid, source.spikes(f"{name}/spikes")
        both = np.stack([nodes, since["since"]])
        number = recorder.open_set(segment.index, {"variable": "spikes"}, both)
        rows = state.spool.take(keys, {"kind": "spikes", "set": number})
        found = KeyedSpikes(nodes, SpikeKeys([rows]), since["since"], first_gid, dt)
        segment = replace(segment, spikes=found)
    for variable, units, t_start, interval in plain["signals"]:
        gids, blocks = source.matrix(f"{name}/{variable}")
        step, steps = state.step_of(t_start), state.step_of(interval)
        facts = {"variable": variable, "units": units, "interval": steps, "step": step}
        samples = ProbeSet(variable, 0, gids, steps, step, state.spool)
        samples.set_number = recorder.open_set(segment.index, facts, gids - first_gid)
        for rows in blocks:
            samples.append(rows)
        signal = SignalData(variable, units, gids - first_gid, samples.samples(), t_start, interval)
        segment.signals.append(signal)
    return segment
