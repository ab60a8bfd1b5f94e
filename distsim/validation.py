"""Run one script on several engines, and compare what they give."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.analysis.measures import mean_cv
from distsim.errors import EngineError
from distsim.io import reader
from distsim.io.kept import KEEP_VARIABLE, weights_path
from distsim.io.recordings import PopulationData, SignalData, SpikeData
from distsim.io.tables import shown, table
from distsim.passing import end_with_parent

__all__ = [
    "LearnedWeights",
    "Pair",
    "Tolerances",
    "compare",
    "compare_weights",
    "draw",
    "pairs",
    "report",
    "run_engine",
]

# cells whose spike counts are correlated pairwise, and the length of a bin [ms]
N_CORRELATED, BIN = 100, 5.0


@dataclass(frozen=True)
class Tolerances:
    """By how much engines may differ.

    Attributes
    ----------
    rate : float
        Mean rate of a population, relative.
    cv : float
        Mean coefficient of variation of the intervals between spikes.
    correlation : float
        Mean correlation of the cells' spike counts in bins of 5 ms.
    weight : float
        Mean of the weights that a plastic projection has at last, relative.
    """

    rate: float = 0.1
    cv: float = 0.1
    correlation: float = 0.05
    weight: float = 0.1


@dataclass(frozen=True)
class Outcome:
    """What one engine gave: facts about the run, and the last segment by population.

    At last, the weights of plastic projections are as the script left them.
    """

    engine: str
    facts: dict[str, Any]
    duration: float
    populations: dict[str, PopulationData]
    weights: dict[str, NDArray[np.float64]] = field(default_factory=dict)


@dataclass
class Row:
    """One population on one engine, judged by the same on the first engine."""

    population: str
    engine: str
    n_spikes: int
    rate: float
    cv: float
    correlation: float
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class LearnedWeights:
    """The last weights of one plastic projection on one engine, beside those of the first engine.

    Attributes
    ----------
    projection, engine : str
    n_synapses : int
    mean, deviation : float
        [nA, uS or mV]
    largest_difference, rms_difference : float
        From the first engine's, by synapse [nA, uS or mV]; nan if there are not as many.
    failures : list of str
    """

    projection: str
    engine: str
    n_synapses: int
    mean: float
    deviation: float
    largest_difference: float
    rms_difference: float
    failures: list[str]


@dataclass(frozen=True)
class Pair:
    """One population on two engines.

    Attributes
    ----------
    population : str
    engines : str
    n_cells, n_alike : int
        Recorded cells, and those that spike equally often on both.
    spike_difference : float
        Largest difference of their spike times [ms].
    v_difference, v_rms : float
        Largest, and root of the mean squared, difference of v over all samples [mV].
    """

    population: str
    engines: str
    n_cells: int
    n_alike: int
    spike_difference: float
    v_difference: float
    v_rms: float


def run_engine(
    script: Path, arguments: Sequence[str], engine: str, n: int, folder: Path
) -> Outcome:
    """Run a script on an engine, and read what it recorded.

    Parameters
    ----------
    script : path
        Says ``import distsim as sim``, and calls `sim.end()`.
    arguments : sequence of str
        Of the script.
    engine : str
    n : int
        Number of ranks.
    folder : path
        Where the records go.

    Raises
    ------
    EngineError
        If the script fails, does not call `end()`, or has an engine of its own.
    """
    path = (folder / f"{engine}.h5").resolve()
    for file in (path, weights_path(path)):
        file.unlink(missing_ok=True)
    command = ["-m", "distsim", "run", "-n", str(n), "--engine", engine, str(script), *arguments]
    job = subprocess.run(
        [sys.executable, *command],
        env=os.environ | {KEEP_VARIABLE: str(path)},
        check=False,
        preexec_fn=end_with_parent(),
    )
    if job.returncode != 0:
        raise EngineError(f"'{script}' ended with status {job.returncode} on engine '{engine}'")
    if not path.exists():
        raise EngineError(
            f"'{script}' kept nothing on engine '{engine}'; it must say `import distsim as sim`, "
            "record something, and call `sim.end()`"
        )
    with reader.open(path) as recording:
        last = recording.segments[-1].load()
    populations = {f"{k}: {p.info.label}": p for k, p in enumerate(last.populations)}
    facts = json.loads(recording.run.attributes["validation"])
    if facts["engine"] != engine:
        raise EngineError(
            f"'{script}' ran on engine '{facts['engine']}', not on '{engine}'; it must say `import "
            "distsim as sim`, and setup() without engine=..."
        )
    weights = _weights(weights_path(path), list(facts["connections"]))
    return Outcome(engine, facts, last.t_stop - last.t_start, populations, weights)


def _weights(path: Path, labels: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Return the weights of plastic projections by number and label."""
    if not path.exists():
        return {}
    with np.load(path) as file:
        return {labels[int(number)]: values for number, values in file.items()}


def compare(outcomes: Sequence[Outcome], tolerances: Tolerances) -> list[Row]:
    """Return a row for each population on each engine; the first engine is the reference."""
    rows = []
    for name in outcomes[0].populations:
        first: Row | None = None
        for outcome in outcomes:
            row = _row(name, outcome, outcomes[0].duration)
            if outcome.facts["connections"] != outcomes[0].facts["connections"]:
                row.failures.append("connections")
            first = first or row
            _judge(row, first, tolerances)
            rows.append(row)
    return rows


def compare_weights(outcomes: Sequence[Outcome], tolerances: Tolerances) -> list[LearnedWeights]:
    """Return a row for each plastic projection on each engine; the first is the reference."""
    rows = []
    for name, reference in outcomes[0].weights.items():
        for outcome in outcomes:
            weights = outcome.weights.get(name, np.zeros(0))
            largest = rms = np.nan
            if weights.size and weights.size == reference.size:
                difference = weights - reference
                largest = float(np.abs(difference).max())
                rms = float(np.sqrt((difference**2).mean()))
            mean, deviation = _moments(weights)
            allowed = tolerances.weight * abs(_moments(reference)[0])
            failures = ["connections"] if weights.size != reference.size else []
            if weights.size and abs(mean - _moments(reference)[0]) > allowed:
                failures.append("weights")
            rows.append(
                LearnedWeights(
                    *(name, outcome.engine, weights.size, mean, deviation),
                    *(largest, rms, failures),
                )
            )
    return rows


def _moments(weights: NDArray[np.float64]) -> tuple[float, float]:
    return (float(weights.mean()), float(weights.std())) if weights.size else (np.nan, np.nan)


def _row(name: str, outcome: Outcome, duration: float) -> Row:
    spikes = outcome.populations[name].spikes
    if spikes is None:
        return Row(name, outcome.engine, 0, np.nan, np.nan, np.nan)
    trains = _trains(spikes)
    rate = spikes.times.size / max(len(trains), 1) / duration * 1000.0
    cv, correlation = mean_cv(spikes), _mean_correlation(trains, duration)
    return Row(name, outcome.engine, spikes.times.size, rate, cv, correlation)


def pairs(outcomes: Sequence[Outcome]) -> list[Pair]:
    """Return the differences between all pairs of engines, by population."""
    return [
        _pair(name, first, second)
        for name in outcomes[0].populations
        for first, second in combinations(outcomes, 2)
    ]


def _pair(name: str, first: Outcome, second: Outcome) -> Pair:
    one, other = first.populations[name], second.populations[name]
    n_cells = n_alike = 0
    spike_difference = v_difference = v_rms = np.nan
    if one.spikes is not None and other.spikes is not None:
        trains = list(zip(_trains(one.spikes), _trains(other.spikes), strict=True))
        alike = [(a, b) for a, b in trains if a.size == b.size]
        n_cells, n_alike = len(trains), len(alike)
        if alike:
            spike_difference = max(float(abs(a - b).max(initial=0.0)) for a, b in alike)
    v, other_v = _v(one), _v(other)
    if v is not None and other_v is not None and v.data.size:
        difference = np.asarray(v.data) - np.asarray(other_v.data)
        v_difference = float(np.nanmax(np.abs(difference)))
        v_rms = float(np.sqrt(np.nanmean(difference**2)))
    engines = f"{first.engine}, {second.engine}"
    return Pair(name, engines, n_cells, n_alike, spike_difference, v_difference, v_rms)


def _judge(row: Row, first: Row, tolerances: Tolerances) -> None:
    for what, allowed in (
        ("rate", tolerances.rate * max(first.rate, 1e-12)),
        ("cv", tolerances.cv),
        ("correlation", tolerances.correlation),
    ):
        a, b = getattr(row, what), getattr(first, what)
        if np.isnan(a) != np.isnan(b) or abs(a - b) > allowed:
            row.failures.append(what)


def _trains(spikes: SpikeData) -> list[NDArray[np.float64]]:
    order = np.lexsort((spikes.times, spikes.senders))
    times, senders = spikes.times[order], spikes.senders[order]
    return (
        np.split(times, np.searchsorted(senders, spikes.node_ids[1:]))
        if senders.size
        else [times for _ in spikes.node_ids]
    )


def _mean_correlation(trains: Sequence[NDArray[np.float64]], duration: float) -> float:
    """Return the mean correlation of the spike counts of pairs of the first cells that spike."""
    edges = np.arange(0.0, duration + BIN, BIN)
    counts = [np.histogram(train, edges)[0] for train in trains if train.size][:N_CORRELATED]
    varied = [count for count in counts if count.std() > 0]
    if len(varied) < 2:
        return np.nan
    matrix = np.corrcoef(varied)
    return float(matrix[np.triu_indices(len(varied), 1)].mean())


def _v(data: PopulationData) -> SignalData | None:
    return next((signal for signal in data.signals if signal.variable == "v"), None)


def report(
    outcomes: Sequence[Outcome], rows: Sequence[Row], learned: Sequence[LearnedWeights] = ()
) -> str:
    """Return the comparison as text."""
    titles = ["population", "engine", "spikes", "rate/Hz", "CV", "correlation", "verdict"]
    lines = [titles]
    for row in rows:
        numbers = map(shown, (row.rate, row.cv, row.correlation))
        verdict = _verdict(row.failures)
        lines.append([row.population, row.engine, str(row.n_spikes), *numbers, verdict])
    text = table(lines)
    if len(outcomes) > 1:
        titles = ["population", "engines", "cells alike", "max|dt|/ms", "max|dv|/mV", "rms dv/mV"]
        lines = [titles]
        for pair in pairs(outcomes):
            numbers = map(shown, (pair.spike_difference, pair.v_difference, pair.v_rms))
            alike = f"{pair.n_alike} of {pair.n_cells}"
            lines.append([pair.population, pair.engines, alike, *numbers])
        text += ["", *table(lines), ""]
    if learned:
        titles = ["projection", "engine", "synapses", "weight", "deviation", "max|dw|", "rms dw"]
        lines = [[*titles, "verdict"]]
        for each in learned:
            numbers = map(
                shown,
                (each.mean, each.deviation, each.largest_difference, each.rms_difference),
            )
            ends = each.projection, each.engine, str(each.n_synapses)
            lines.append([*ends, *numbers, _verdict(each.failures)])
        text += [*table(lines), ""]
    for outcome in outcomes:
        seconds, prints = outcome.facts["seconds"], outcome.facts["connections"]
        n = sum(int(count) for count, _ in prints.values())
        same = "the same" if prints == outcomes[0].facts["connections"] else "other"
        text.append(
            f"{outcome.engine}: {n} connections, {same} as {outcomes[0].engine}'s to the bit; "
            f"build {seconds['build']:.2f} s, run {seconds['run']:.2f} s"
        )
    return "\n".join(text)


def _verdict(failures: Sequence[str]) -> str:
    return "differs: " + ", ".join(failures) if failures else "ok"


def draw(outcomes: Sequence[Outcome], path: Path) -> None:
    """Draw spikes, and the voltage of one cell, of all engines over each other."""
    from matplotlib.figure import Figure

    names = list(outcomes[0].populations)
    figure = Figure(figsize=(9, 2.6 * max(len(names), 1) * 2), layout="constrained")
    axes = np.atleast_1d(figure.subplots(2 * len(names), 1, sharex=True))
    for k, name in enumerate(names):
        for place, outcome in enumerate(outcomes):
            data, color = outcome.populations[name], f"C{place}"
            # those drawn later are smaller, so that the others show around them
            size, width = max(14.0 - 4.0 * place, 3.0), max(3.0 - place, 0.8)
            if data.spikes is not None:
                axes[2 * k].scatter(
                    data.spikes.times, data.spikes.senders, size, color, "|", label=outcome.engine
                )
            v = _v(data)
            if v is not None and v.data.shape[1]:
                times = v.t_start + v.sampling_interval * np.arange(v.data.shape[0])
                values = np.asarray(v.data[:, 0])
                axes[2 * k + 1].plot(times, values, color, lw=width, label=outcome.engine)
        axes[2 * k].set_ylabel(f"{name}\ncell")
        axes[2 * k + 1].set_ylabel("v of its first cell (mV)")
    axes[0].legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=4)
    axes[-1].set_xlabel("time (ms)")
    figure.savefig(path, dpi=110)
