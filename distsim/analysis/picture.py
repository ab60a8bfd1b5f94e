"""A picture of a file of recordings: spikes, rates and traces of each population."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.errors import ParameterError
from distsim.io import reader
from distsim.io.reader import Recording
from distsim.io.recordings import PopulationData, SegmentData, SignalData, SpikeData

__all__ = ["draw_file"]

FORMATS = (".png", ".svg", ".pdf")
# as many rows of spikes can be told apart, and as many spikes
MAX_CELLS, MAX_SPIKES = 400, 60_000
N_BINS, N_TRACES, MAX_SAMPLES = 150, 3, 20_000


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


def _figure(recording: Recording, segment: int) -> Any:
    path, segments = recording.path, recording.segments
    if not -len(segments) <= segment < len(segments):
        raise ParameterError(
            f"segment {segment} of '{path}', which has {len(segments)}; they are counted from 0"
        )
    data = segments[segment]
    drawn = [part for part in data.populations if part.spikes is not None or part.signals]
    if not drawn:
        raise ParameterError(f"'{path}' has nothing recorded in its segment {data.index}")
    from matplotlib.figure import Figure

    n_rows = [2 * (part.spikes is not None) + len(part.signals) for part in drawn]
    figure = Figure(figsize=(9, 1.0 + 1.5 * sum(n_rows)), layout="constrained")
    axes = iter(np.atleast_1d(figure.subplots(sum(n_rows), 1, sharex=True)))
    for part in drawn:
        _draw_population(axes, part, data, float(recording.run.attributes.get("dt", 0.1)))
    last = figure.axes[-1]
    last.set_xlabel("time (ms)")
    last.set_xlim(data.t_start, data.t_stop)
    figure.suptitle(f"{path.name}: {recording.run.name or ''}".rstrip(": "))
    figure.align_ylabels()
    return figure


def _draw_population(axes: Any, part: PopulationData, segment: SegmentData, dt: float) -> None:
    info, spikes, signals = part
    if spikes is not None:
        _draw_spikes(next(axes), info.label, spikes)
        _draw_rate(next(axes), spikes, segment, dt)
    for signal in signals:
        _draw_traces(next(axes), info.label, signal)


def _draw_spikes(axis: Any, label: str, spikes: SpikeData) -> None:
    n_cells = spikes.node_ids.size
    n_shown = n_cells
    if n_cells > MAX_CELLS or spikes.times.size > MAX_SPIKES:
        share = min(1.0, MAX_SPIKES / max(spikes.times.size, 1))
        n_shown = max(1, min(MAX_CELLS, int(n_cells * share)))
    chosen = spikes.node_ids[spread(n_cells, n_shown)]
    is_shown = np.isin(spikes.senders, chosen)
    rows = np.searchsorted(chosen, spikes.senders[is_shown])
    height = axis.get_window_extent().height / max(n_shown, 1)
    size = float(np.clip(height, 2.5, 12.0))
    axis.plot(spikes.times[is_shown], rows, "|", color="C0", ms=size, mew=1.0, rasterized=True)
    axis.set_ylim(-0.5, max(n_shown, 1) - 0.5)
    few = "" if n_shown == n_cells else f" of {n_cells}"
    axis.set_ylabel(f"{label}\n{n_shown}{few} cells")
    axis.set_yticks([])


def _draw_rate(axis: Any, spikes: SpikeData, segment: SegmentData, dt: float) -> None:
    # whole steps, with the times of spikes in their middles: each bin has as many of them
    n_steps = round((segment.t_stop - segment.t_start) / dt)
    per_bin = max(1, round(n_steps / N_BINS))
    edges = segment.t_start + dt * (0.5 + per_bin * np.arange(-(-n_steps // per_bin) + 1))
    counts, _ = np.histogram(spikes.times, edges)
    rates = counts / (per_bin * dt / 1000.0) / max(spikes.node_ids.size, 1)
    axis.stairs(rates, edges, fill=True, color="C7")
    axis.set_ylim(0.0, None if counts.any() else 1.0)
    axis.set_ylabel("rate (Hz)")


def _draw_traces(axis: Any, label: str, signal: SignalData) -> None:
    n_samples, n_cells = signal.data.shape
    columns = spread(n_cells, min(N_TRACES, n_cells))
    step = max(1, n_samples // MAX_SAMPLES)
    times = signal.times[::step]
    for column in columns:
        label = f"cell {int(signal.node_ids[column])}"
        axis.plot(times, signal.data[::step, column], lw=0.8, label=label)
    unit = "" if signal.units in ("unknown", "dimensionless") else f" ({signal.units})"
    axis.set_ylabel(f"{label}\n{signal.variable}{unit}")
    if columns.size:
        axis.legend(loc="upper right", fontsize="x-small", ncols=N_TRACES)


def spread(n: int, n_chosen: int) -> NDArray[np.int64]:
    """Return some of n places, in equal distances.

    Examples
    --------
    >>> spread(10, 3).tolist(), spread(2, 2).tolist()
    ([0, 4, 9], [0, 1])
    """
    return np.rint(np.linspace(0, max(n - 1, 0), n_chosen)).astype(np.int64)
