"""A picture of a file of recordings: spikes, rates and traces of each population."""

from pathlib import Path
from typing import Any

import numpy as np

from distsim.analysis.shown import course_of_rate, drawable, outline, raster, spread, unit_of
from distsim.errors import ParameterError
from distsim.io import reader
from distsim.io.reader import Recording
from distsim.io.recordings import PopulationData, SegmentData, SignalData, SpikeData

__all__ = ["chosen_segment", "draw_file"]

FORMATS = (".png", ".svg", ".pdf")
# as many rows of spikes can be told apart, and as many spikes
MAX_CELLS, MAX_SPIKES = 400, 60_000
N_TRACES, MAX_SAMPLES = 3, 20_000


def draw_file(path: Path, picture: Path, segment: int = -1) -> None:
    """Draw the spikes, the rate and some traces of each population in a file.

    Of large populations some cells are shown, in equal distances; the labels say how many.

    Parameters
    ----------
    path : Path
        File of recordings.
    picture : Path
        ``.png``, ``.svg`` or ``.pdf``.
    segment : int
        Position of the segment; default: the last one.

    Raises
    ------
    ParameterError
        If there is no such segment, nothing to draw, or the picture has another ending.
    """
    if picture.suffix not in FORMATS:
        raise ParameterError(f"'{picture}' must end in one of {', '.join(FORMATS)}")
    with reader.open(path) as recording:
        figure = _figure(recording, segment)
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=110)


def chosen_segment(recording: Recording, segment: int) -> SegmentData:
    """Return a segment by its position.

    Raises
    ------
    ParameterError
        If there is none.
    """
    n_segments = len(recording.segments)
    if not n_segments:
        raise ParameterError(f"'{recording.path}' has no segment: nothing was run or recorded")
    if not -n_segments <= segment < n_segments:
        raise ParameterError(
            f"segment {segment} of '{recording.path}', which has {n_segments}; they are counted "
            "from 0"
        )
    return recording.segments[segment]


def _figure(recording: Recording, segment: int) -> Any:
    path, data = recording.path, chosen_segment(recording, segment)
    drawn = drawable(data)
    if not drawn:
        raise ParameterError(f"'{path}' has no recordings in its segment {data.index}")
    from matplotlib.figure import Figure

    n_rows = [_n_panels(part) for part in drawn]
    figure = Figure(figsize=(9, 1.0 + 1.5 * sum(n_rows)), layout="constrained")
    dt = float(recording.run.attributes.get("dt", 0.1))
    axes = iter(np.atleast_1d(figure.subplots(sum(n_rows), 1, sharex=True)))
    for part in drawn:
        _draw_population(axes, part, data, dt)
    last = figure.axes[-1]
    last.set_xlabel("time (ms)")
    # a segment may have no duration
    last.set_xlim(data.t_start, max(data.t_stop, data.t_start + dt))
    name = f"{path.name}: {recording.run.name or ''}".rstrip(": ")
    n_segments = len(recording.segments)
    which = f", segment {data.index} (one of {n_segments})" if n_segments > 1 else ""
    figure.suptitle(name + which)
    figure.align_ylabels()
    return figure


def _n_panels(part: PopulationData) -> int:
    """Return how many panels a population has: of silent cells there is no rate."""
    n_spikes = -1 if part.spikes is None else part.spikes.times.size
    return (n_spikes >= 0) + (n_spikes > 0) + len(part.signals)


def _draw_population(axes: Any, part: PopulationData, segment: SegmentData, dt: float) -> None:
    info, spikes, signals = part
    label = info.label or "(no label)"
    if spikes is not None:
        _draw_spikes(next(axes), label, spikes)
        if spikes.times.size:
            _draw_rate(next(axes), spikes, segment, dt)
    for signal in signals:
        _draw_traces(next(axes), label, signal)


def _draw_spikes(axis: Any, label: str, spikes: SpikeData) -> None:
    shown = raster(spikes, MAX_CELLS, MAX_SPIKES)
    n_rows = max(shown.cells.size, 1)
    size = float(np.clip(axis.get_window_extent().height / n_rows, 2.5, 12.0))
    axis.plot(shown.times, shown.rows, "|", color="C0", ms=size, mew=1.0, rasterized=True)
    axis.set_ylim(-0.5, n_rows - 0.5)
    axis.set_ylabel(f"{label}\n{shown.about}")
    axis.set_yticks([])


def _draw_rate(axis: Any, spikes: SpikeData, segment: SegmentData, dt: float) -> None:
    edges, rates = course_of_rate(spikes, segment, dt)
    axis.stairs(rates, edges, fill=True, color="C7")
    axis.set_ylim(0.0, None if rates.any() else 1.0)
    axis.set_ylabel("rate (Hz)")


def _draw_traces(axis: Any, label: str, signal: SignalData) -> None:
    columns = spread(signal.data.shape[1], min(N_TRACES, signal.data.shape[1]))
    for column in columns:
        values = signal.data[:, column]
        some = outline(values, MAX_SAMPLES)
        cell = f"cell {int(signal.node_ids[column])}"
        axis.plot(signal.times[some], values[some], lw=0.8, label=cell)
    axis.set_ylabel(f"{label}\n{signal.variable}{unit_of(signal)}")
    # above the traces, not over them
    place = {"loc": "lower right", "bbox_to_anchor": (1.0, 1.0), "borderaxespad": 0.1}
    axis.legend(fontsize="x-small", ncols=N_TRACES, frameon=False, **place)
