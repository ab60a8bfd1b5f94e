"""Run one script on several engines, and compare what they give."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.errors import EngineError
from distsim.io.reader import read_segments
from distsim.io.recordings import PopulationData, SignalData, SpikeData
from distsim.pynn.keeping import KEEP_VARIABLE

__all__ = ["Tolerances", "compare", "draw", "report", "run_engine"]

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
    """

    rate: float = 0.1
    cv: float = 0.1
    correlation: float = 0.05


@dataclass(frozen=True)
class Outcome:
    """What one engine gave: facts about the run, and the last segment by population."""

    engine: str
    facts: dict[str, Any]
    duration: float
    populations: dict[str, PopulationData]


@dataclass
class Row:
    """One population on one engine, beside the same on the first engine."""

    population: str
    engine: str
    n_spikes: int
    rate: float
    cv: float
    correlation: float
    spike_difference: float
    v_difference: float
    failures: list[str] = field(default_factory=list)


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
    path.unlink(missing_ok=True)
    command = ["-m", "distsim", "run", "-n", str(n), "--engine", engine, str(script), *arguments]
    job = subprocess.run(
        [sys.executable, *command], env=os.environ | {KEEP_VARIABLE: str(path)}, check=False
    )
    if job.returncode != 0:
        raise EngineError(f"'{script}' ended with status {job.returncode} on engine '{engine}'")
    if not path.exists():
        raise EngineError(
            f"'{script}' kept nothing on engine '{engine}'; it must say `import distsim as sim`, "
            "record something, and call `sim.end()`"
        )
    run, segments = read_segments(path)
    last = segments[-1]
    populations = {f"{k}: {p.info.label}": p for k, p in enumerate(last.populations)}
    facts = json.loads(run.attributes["validation"])
    if facts["engine"] != engine:
        raise EngineError(
            f"'{script}' ran on engine '{facts['engine']}', not on '{engine}'; it must say `import "
            "distsim as sim`, and setup() without engine=..."
        )
    return Outcome(engine, facts, last.t_stop - last.t_start, populations)


def compare(outcomes: Sequence[Outcome], tolerances: Tolerances) -> list[Row]:
    """Return a row for each population on each engine; the first engine is the reference."""
    rows = []
    for name, reference in outcomes[0].populations.items():
        first: Row | None = None
        for outcome in outcomes:
            row = _row(name, outcome, reference, outcomes[0].duration)
            if outcome.facts["connections"] != outcomes[0].facts["connections"]:
                row.failures.append("connections")
            first = first or row
            _judge(row, first, tolerances)
            rows.append(row)
    return rows


def _row(name: str, outcome: Outcome, reference: PopulationData, duration: float) -> Row:
    mine = outcome.populations[name]
    n_spikes, rate, cv, correlation, difference = 0, np.nan, np.nan, np.nan, np.nan
    if mine.spikes is not None and reference.spikes is not None:
        trains, others = _trains(mine.spikes), _trains(reference.spikes)
        n_spikes = mine.spikes.times.size
        rate = n_spikes / max(len(trains), 1) / duration * 1000.0
        cv, correlation = _mean_cv(trains), _mean_correlation(trains, duration)
        if [t.size for t in trains] == [t.size for t in others]:
            pairs = zip(trains, others, strict=True)
            difference = max((float(abs(a - b).max()) for a, b in pairs if a.size), default=0.0)
    v = _v_difference(_v(mine), _v(reference))
    return Row(name, outcome.engine, n_spikes, rate, cv, correlation, difference, v)


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


def _mean_cv(trains: Sequence[NDArray[np.float64]]) -> float:
    """Return the mean coefficient of variation of cells with 3 intervals or more."""
    intervals = [np.diff(train) for train in trains if train.size > 3]
    return float(np.mean([d.std() / d.mean() for d in intervals])) if intervals else np.nan


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


def _v_difference(mine: SignalData | None, other: SignalData | None) -> float:
    if mine is None or other is None or mine.data.shape != other.data.shape or not mine.data.size:
        return np.nan
    return float(np.nanmax(np.abs(np.asarray(mine.data) - np.asarray(other.data))))


def report(outcomes: Sequence[Outcome], rows: Sequence[Row]) -> str:
    """Return the comparison as text."""
    titles = [
        "population",
        "engine",
        "spikes",
        "rate/Hz",
        "CV",
        "correlation",
        "max|dt|/ms",
        "max|dv|/mV",
        "verdict",
    ]
    lines = [titles]
    for row in rows:
        numbers = (row.rate, row.cv, row.correlation, row.spike_difference, row.v_difference)
        shown = ["-" if np.isnan(number) else f"{number:.4g}" for number in numbers]
        verdict = "differs: " + ", ".join(row.failures) if row.failures else "ok"
        lines.append([row.population, row.engine, str(row.n_spikes), *shown, verdict])
    widths = [max(len(line[k]) for line in lines) for k in range(len(titles))]
    text = [
        "  ".join(w.ljust(n) for w, n in zip(line, widths, strict=True)).rstrip() for line in lines
    ]
    for outcome in outcomes:
        seconds, prints = outcome.facts["seconds"], outcome.facts["connections"]
        n = sum(int(count) for count, _ in prints.values())
        same = "the same" if prints == outcomes[0].facts["connections"] else "other"
        text.append(
            f"{outcome.engine}: {n} connections, {same} as {outcomes[0].engine}'s to the bit; "
            f"build {seconds['build']:.2f} s, run {seconds['run']:.2f} s"
        )
    return "\n".join(text)


def draw(outcomes: Sequence[Outcome], path: Path) -> None:
    """Draw spikes, and the voltage of one cell, of all engines over each other."""
    from matplotlib.figure import Figure

    names = list(outcomes[0].populations)
    figure = Figure(figsize=(9, 2.6 * max(len(names), 1) * 2), layout="constrained")
    axes = np.atleast_1d(figure.subplots(2 * len(names), 1, sharex=True))
    for k, name in enumerate(names):
        for place, outcome in enumerate(outcomes):
            data, color = outcome.populations[name], f"C{place}"
            size, width = 14.0 - 4.0 * place, 3.0 - place
            if data.spikes is not None:
                axes[2 * k].scatter(
                    data.spikes.times, data.spikes.senders, size, color, "|", label=outcome.engine
                )
            v = _v(data)
            if v is not None and v.data.shape[1]:
                times = v.t_start + v.sampling_interval * np.arange(v.data.shape[0])
                values = np.asarray(v.data[:, 0])
                axes[2 * k + 1].plot(times, values, color, lw=max(width, 0.8), label=outcome.engine)
        axes[2 * k].set_ylabel(f"{name}\ncell")
        axes[2 * k + 1].set_ylabel("v of its first cell (mV)")
        axes[2 * k].legend(loc="upper right")
    axes[-1].set_xlabel("time (ms)")
    figure.savefig(path, dpi=110)
