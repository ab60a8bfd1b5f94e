"""Two files of recordings, compared: the same network, spikes and signals or not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from distsim.analysis.measures import mean_rate
from distsim.io import reader
from distsim.io.reader import Recording
from distsim.io.recordings import PopulationData, SegmentData, SignalData, SpikeData
from distsim.io.tables import shown, table

__all__ = ["Comparison", "compare_files"]

TITLES = ("population", "spikes", "spikes", "rate/Hz", "rate/Hz", "first difference of spikes")
SIGNAL_TITLES = ("signal", "samples", "largest difference", "root mean square")
# samples that are held at once
N_ROWS = 4096


@dataclass
class Comparison:
    """What differs between two files.

    Attributes
    ----------
    networks : list of str
        In what the networks, and what was recorded of them, differ.
    spikes, signals : list of list of str
        A row for each population, for each signal of one.
    n_different : int
        Populations whose spikes, and signals that, differ.
    """

    networks: list[str] = field(default_factory=list)
    spikes: list[list[str]] = field(default_factory=list)
    signals: list[list[str]] = field(default_factory=list)
    n_different: int = 0

    @property
    def are_same(self) -> bool:
        """Whether network, spikes and signals are the same."""
        return not self.networks and not self.n_different

    def __str__(self) -> str:
        lines = self.networks or ["the same network"]
        if self.spikes:
            lines = [*lines, "", *table([TITLES, *self.spikes])]
        if self.signals:
            lines = [*lines, "", *table([SIGNAL_TITLES, *self.signals])]
        verdict = "the same" if self.are_same else "different"
        return "\n".join([*lines, "", f"the recordings are {verdict}"])


def compare_files(first: Path, second: Path, tolerance: float = 0.0) -> Comparison:
    """Compare what two files hold; how they came about may differ.

    Parameters
    ----------
    first, second : Path
    tolerance : float
        By how much samples may differ, each in its own unit.

    Raises
    ------
    FileFormatError
        If one is no file of distsim's, or damaged.
    """
    with reader.open(first) as one, reader.open(second) as other:
        return _compare(one, other, tolerance)


def _compare(one: Recording, other: Recording, tolerance: float) -> Comparison:
    found = Comparison()
    for name in ("dt", "seed"):
        ours, theirs = one.run.attributes.get(name), other.run.attributes.get(name)
        if ours != theirs:
            found.networks.append(f"{name} = {ours} in '{one.path}', {theirs} in '{other.path}'")
    n_segments, n_others = len(one.segments), len(other.segments)
    if n_segments != n_others:
        found.networks.append(
            f"{n_segments} segments in '{one.path}', {n_others} in '{other.path}'"
        )
    for mine, its in zip(one.segments, other.segments, strict=False):
        _compare_segments(found, mine, its, tolerance)
    return found


def _compare_segments(
    found: Comparison, ours: SegmentData, theirs: SegmentData, tolerance: float
) -> None:
    where = f"segment {ours.index}"
    if (ours.t_start, ours.t_stop) != (theirs.t_start, theirs.t_stop):
        found.networks.append(
            f"{where} is from {ours.t_start:g} to {ours.t_stop:g} ms, and from "
            f"{theirs.t_start:g} to {theirs.t_stop:g} ms"
        )
    for mine, its in zip_longest(ours.populations, theirs.populations):
        if mine is None or its is None or _kind(mine) != _kind(its):
            found.networks.append(f"{where}: {_named(mine)} in place of {_named(its)}")
            continue
        label = mine.info.label
        found.networks += [
            f"{where}: {name} of '{label}' is different"
            for name in _different(mine.info.parameters, its.info.parameters)
        ]
        if mine.spikes is not None and its.spikes is not None:
            _compare_spikes(found, label, (mine.spikes, ours), (its.spikes, theirs))
        for one, other in zip(mine.signals, its.signals, strict=True):
            _compare_signals(found, f"{label}: {one.variable}", one, other, tolerance)


def _kind(data: PopulationData) -> tuple[object, ...]:
    """Return what must be the same for recordings to be comparable."""
    signals = [(s.variable, s.units, s.node_ids.tolist()) for s in data.signals]
    recorded = None if data.spikes is None else data.spikes.node_ids.tolist()
    return data.info.label, data.info.size, data.info.cell_type, recorded, signals


def _different(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Return the parameters in which cells differ, if both files have them."""
    if not ours or not theirs:
        return []
    names = dict.fromkeys([*ours, *theirs])
    return [
        name
        for name in names
        if not np.array_equal(ours.get(name, ()), theirs.get(name, ()), equal_nan=True)
    ]


def _named(data: PopulationData | None) -> str:
    if data is None:
        return "nothing"
    what = ["spikes"] * (data.spikes is not None) + [s.variable for s in data.signals]
    info = data.info
    return f"{', '.join(what) or 'nothing'} of {info.size} {info.cell_type} '{info.label}'"


def _compare_spikes(
    found: Comparison,
    label: str,
    ours: tuple[SpikeData, SegmentData],
    theirs: tuple[SpikeData, SegmentData],
) -> None:
    (mine, segment), (its, other_segment) = ours, theirs
    difference = _first_difference(mine, its)
    found.n_different += difference is not None
    rates = [mean_rate(s, d.t_start, d.t_stop) for s, d in ((mine, segment), (its, other_segment))]
    sizes = [str(spikes.times.size) for spikes in (mine, its)]
    found.spikes.append([label, *sizes, *map(shown, rates), difference or "none"])


def _first_difference(ours: SpikeData, theirs: SpikeData) -> str | None:
    """Return time and cell of the first spike that only one of both has."""
    n = min(ours.times.size, theirs.times.size)
    differs = (ours.times[:n] != theirs.times[:n]) | (ours.senders[:n] != theirs.senders[:n])
    place = int(np.argmax(differs)) if differs.any() else n
    next_ones = [
        (float(spikes.times[place]), int(spikes.senders[place]), which)
        for which, spikes in (("first", ours), ("second", theirs))
        if place < spikes.times.size
    ]
    if not next_ones:
        return None
    time, cell, which = min(next_ones)
    return f"at {time:g} ms, of cell {cell}, in the {which} file only"


def _compare_signals(
    found: Comparison, name: str, ours: SignalData, theirs: SignalData, tolerance: float
) -> None:
    shapes = [signal.data.shape for signal in (ours, theirs)]
    if shapes[0] != shapes[1] or ours.sampling_interval != theirs.sampling_interval:
        found.n_different += 1
        found.signals.append([name, f"{shapes[0]} and {shapes[1]}", "-", "-"])
        return
    largest, total, n, n_nan = 0.0, 0.0, 0, 0
    for row in range(0, shapes[0][0], N_ROWS):
        mine, its = (signal.data[row : row + N_ROWS] for signal in (ours, theirs))
        n_nan += int(np.count_nonzero(np.isnan(mine) != np.isnan(its)))
        difference = np.abs(mine - its)[~np.isnan(mine) & ~np.isnan(its)]
        largest = max(largest, float(difference.max(initial=0.0)))
        total, n = total + float((difference**2).sum()), n + difference.size
    found.n_different += largest > tolerance or n_nan > 0
    found.signals.append([name, str(n), f"{largest:.4g}", f"{np.sqrt(total / max(n, 1)):.4g}"])
