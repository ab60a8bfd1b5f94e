"""Interactive figures of recordings, by Bokeh: they share one axis of time."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, Range1d, WheelZoomTool
from bokeh.palettes import Category10_10
from bokeh.plotting import figure
from numpy.typing import NDArray

from distsim.analysis.shown import course_of_rate, drawable, outline, raster, spread, unit_of
from distsim.io.recordings import PopulationData, SegmentData, SignalData, SpikeData

__all__ = ["figure_of_phases", "figures_of_segment"]

# rows of spikes and spikes of a population, spikes of all, traces of a signal, samples of a trace
MAX_CELLS, MAX_SPIKES, MAX_ALL_SPIKES, N_TRACES, MAX_SAMPLES = 1000, 30_000, 100_000, 5, 8000
TOOLS = "xpan,box_zoom,reset"


def figures_of_segment(segment: SegmentData, dt: float) -> list[tuple[str, Any]]:
    """Return figures of what was recorded, each with the label of its population.

    Parameters
    ----------
    segment : SegmentData
    dt : float
        [ms]
    """
    # a segment may have no duration
    end = max(segment.t_stop, segment.t_start + dt)
    times = Range1d(start=segment.t_start, end=end)
    recorded = drawable(segment)
    n_rasters = sum(data.spikes is not None for data in recorded)
    max_spikes = min(MAX_SPIKES, MAX_ALL_SPIKES // max(n_rasters, 1))
    figures = []
    for data in recorded:
        label = data.info.label
        figures += [(label, each) for each in _of_population(data, segment, dt, times, max_spikes)]
    return figures


def _of_population(
    data: PopulationData, segment: SegmentData, dt: float, times: Range1d, max_spikes: int
) -> list[Any]:
    figures = []
    if data.spikes is not None:
        figures.append(_raster(data.spikes, times, max_spikes))
        if data.spikes.times.size:
            figures.append(_rate(data.spikes, segment, dt, times))
    return figures + [_traces(signal, times) for signal in data.signals]


def _empty(title: str, height: int, times: Range1d, **options: Any) -> Any:
    """Return a figure without glyphs, zoomed in time by the wheel."""
    shown: Any = figure(
        title=title,
        height=height,
        x_range=times,
        tools=TOOLS,
        active_drag="xpan",
        margin=(0, 0, 4, 0),
        sizing_mode="stretch_width",
        min_border_left=70,
        output_backend="canvas",
        **options,
    )
    wheel = WheelZoomTool(dimensions="width")
    shown.add_tools(wheel)
    shown.toolbar.active_scroll = wheel
    shown.toolbar.logo = None
    shown.xaxis.axis_label = "time (ms)"
    shown.yaxis.ticker.desired_num_ticks = 4
    shown.title.text_font_style = "normal"
    return shown


def _raster(spikes: SpikeData, times: Range1d, max_spikes: int) -> Any:
    found = raster(spikes, MAX_CELLS, max_spikes)
    n_rows = max(found.cells.size, 1)
    shown = _empty(f"spikes of {found.about}", 240, times, y_range=(-0.5, n_rows - 0.5))
    source = ColumnDataSource(
        {
            "time": found.times,
            "row": found.rows.astype(np.int32),
            "cell": found.cells[found.rows].astype(np.int32),
        }
    )
    size = float(np.clip(200 / n_rows, 3, 14))
    shown.scatter(
        "time", "row", source=source, marker="dash", angle=math.pi / 2, size=size, line_width=1
    )
    shown.add_tools(HoverTool(tooltips=[("cell", "@cell"), ("time", "@time{0.000} ms")]))
    shown.yaxis.axis_label = "cell"
    ticks = np.unique(spread(found.cells.size, min(5, found.cells.size))).tolist()
    shown.yaxis.ticker = ticks
    shown.yaxis.major_label_overrides = {row: str(int(found.cells[row])) for row in ticks}
    return shown


def _rate(spikes: SpikeData, segment: SegmentData, dt: float, times: Range1d) -> Any:
    edges, rates = course_of_rate(spikes, segment, dt)
    width = edges[1] - edges[0]
    top = float(rates.max()) * 1.05 or 1.0
    title = f"mean rate of all recorded cells, in bins of {width:.4g} ms"
    shown = _empty(title, 160, times, y_range=(0.0, top))
    source = ColumnDataSource({"left": edges[:-1], "right": edges[1:], "rate": rates})
    shown.quad("left", "right", "rate", 0, source=source, color="#7f7f7f", line_width=0)
    tooltips = [("from", "@left{0.0} to @right{0.0} ms"), ("rate", "@rate{0.00} Hz")]
    shown.add_tools(HoverTool(tooltips=tooltips))
    shown.yaxis.axis_label = "rate (Hz)"
    return shown


def _traces(signal: SignalData, times: Range1d) -> Any:
    n_samples, n_cells = signal.data.shape
    columns = spread(n_cells, min(N_TRACES, n_cells))
    some = f"{columns.size} of {n_cells:,}" if columns.size < n_cells else f"{n_cells}"
    is_outline = n_samples > MAX_SAMPLES
    thinned = ", least and largest of each stretch of samples" if is_outline else ""
    shown = _empty(f"{signal.variable} of {some} cells{thinned}", 240, times)
    low, high = np.inf, -np.inf
    for k, column in enumerate(columns):
        values = signal.data[:, column]
        drawn = outline(values, MAX_SAMPLES)
        known = values[np.isfinite(values)]
        low, high = known.min(initial=low), known.max(initial=high)
        cell = int(signal.node_ids[column])
        shown.line(
            signal.times[drawn],
            values[drawn],
            color=Category10_10[k],
            legend_label=f"cell {cell}",
            name=f"cell {cell}",
        )
    if low <= high:
        margin = 0.05 * (high - low) or 1.0
        shown.y_range = Range1d(start=low - margin, end=high + margin)
    else:
        # nan throughout: sampled before the cells were recorded
        shown.y_range = Range1d(start=0, end=1)
    unit = "" if signal.units in ("unknown", "dimensionless") else f" {signal.units}"
    tooltips = [("", "$name"), ("time", "$x{0.00} ms"), (signal.variable, f"$y{{0.000}}{unit}")]
    shown.add_tools(HoverTool(tooltips=tooltips))
    shown.yaxis.axis_label = f"{signal.variable}{unit_of(signal)}"
    shown.legend.click_policy = "hide"
    _put_legend_below(shown, 3)
    return shown


def _put_legend_below(shown: Any, n_columns: int) -> None:
    """Let the names of what is drawn stand in rows that fit a narrow page, too."""
    legend = shown.legend[0]
    legend.orientation, legend.ncols = "horizontal", n_columns
    legend.location, legend.label_text_font_size = "bottom_left", "12px"
    legend.margin = legend.padding = 0
    legend.border_line_color = None
    shown.add_layout(legend, "below")


def figure_of_phases(phases: Mapping[str, NDArray[np.float64]]) -> Any:
    """Return bars of what each rank spent its time on.

    Parameters
    ----------
    phases : mapping of str to ndarray of float64, shape (n_ranks,)
        [s]
    """
    n_ranks = len(next(iter(phases.values())))
    shown: Any = figure(
        height=150 + 24 * min(n_ranks, 20),
        y_range=Range1d(start=n_ranks - 0.5, end=-0.5),
        tools="pan,box_zoom,reset",
        sizing_mode="stretch_width",
    )
    shown.toolbar.logo = None
    begin = np.zeros(n_ranks)
    for color, (name, seconds) in zip(Category10_10, phases.items(), strict=False):
        end = begin + seconds
        source = ColumnDataSource(
            {"rank": np.arange(n_ranks), "begin": begin, "end": end, "seconds": seconds}
        )
        bars = shown.hbar(
            "rank", 0.8, "end", "begin", source=source, color=color, legend_label=name, name=name
        )
        tooltips = [("rank", "@rank"), (name, "@seconds{0.000} s")]
        shown.add_tools(HoverTool(renderers=[bars], tooltips=tooltips))
        begin = end
    shown.xaxis.axis_label, shown.yaxis.axis_label = "wall time (s)", "rank"
    shown.x_range.start = 0
    if n_ranks <= 20:
        shown.yaxis.ticker = list(range(n_ranks))
    _put_legend_below(shown, 2)
    return shown
