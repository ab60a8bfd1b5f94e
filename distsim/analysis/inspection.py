"""What is in a file of recordings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from distsim.analysis.measures import mean_cv, mean_rate
from distsim.io import reader
from distsim.io.accounts import account_lines
from distsim.io.recordings import PopulationData, Provenance, SegmentData, SpikeData
from distsim.io.tables import about_signals, shown, table

__all__ = ["inspect_file", "shown_cv"]

TITLES = ("population", "cell type", "cells", "recorded", "spikes", "rate/Hz", "CV", "signals")


def inspect_file(path: Path) -> str:
    """Return what a file holds: the run, and of each segment populations, spikes and signals.

    Parameters
    ----------
    path : Path

    Raises
    ------
    FileFormatError
        If it is no file of distsim's, or damaged.
    """
    with reader.open(path) as recording:
        run = recording.run
        lines = [f"{path}: {path.stat().st_size / 1e6:.4g} MB", _told(run.attributes)]
        if run.annotations:
            lines.append(_told(run.annotations))
        lines += _came_about(run.provenance)
        for segment in recording.segments:
            lines += ["", _title(segment)]
            lines += table([TITLES, *(_row(data, segment) for data in segment.populations)])
    return "\n".join(lines)


def _came_about(provenance: Provenance) -> list[str]:
    """Return how the file came about, and what each rank did."""
    if not provenance.facts:
        return []
    return ["", _told(provenance.facts), "", *table(account_lines(provenance.ranks))]


def _told(facts: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items())


def _title(segment: SegmentData) -> str:
    began = f", begun {segment.rec_datetime:%Y-%m-%d %H:%M:%S}" if segment.rec_datetime else ""
    noted = f"; {_told(segment.annotations)}" if segment.annotations else ""
    return f"segment {segment.index}: {segment.t_start:g} to {segment.t_stop:g} ms{began}{noted}"


def _row(data: PopulationData, segment: SegmentData) -> list[str]:
    info, spikes, _ = data
    if spikes is None:
        measured = ["-"] * 4
    else:
        rate = mean_rate(spikes, segment.t_start, segment.t_stop)
        n_cells, n_spikes = str(spikes.node_ids.size), str(spikes.times.size)
        measured = [n_cells, n_spikes, shown(rate), shown_cv(spikes)]
    return [info.label, info.cell_type, str(info.size), *measured, about_signals(data.signals)]


def shown_cv(spikes: SpikeData) -> str:
    """Return the mean CV of intervals, without the rounding errors of regular trains."""
    return shown(round(mean_cv(spikes), 4))
