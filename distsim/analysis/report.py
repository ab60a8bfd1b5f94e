"""A file of recordings as one page for a browser, which needs nothing from a network."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.analysis.inspection import shown_cv
from distsim.analysis.measures import mean_rate
from distsim.analysis.picture import chosen_segment
from distsim.errors import MissingPackageError
from distsim.io import reader
from distsim.io.accounts import BALANCE, balance_rows, phases_of
from distsim.io.reader import Recording
from distsim.io.recordings import PopulationInfo, SegmentData
from distsim.io.tables import about_signals, shown
from distsim.io.whole_file import new_file, write_error

__all__ = ["report_file"]

# ranks that have a row each in a table
MAX_RANKS = 32


class Table(NamedTuple):
    """A table of the page: titles of columns, rows of text."""

    titles: Sequence[str]
    rows: Sequence[Sequence[str]]


def report_file(path: Path, page: Path, segment: int = -1) -> None:
    """Write a page that shows what is in a file: figures, tables, and how it came about.

    Of large populations some cells are shown, in equal distances; the page says how many.

    Parameters
    ----------
    path : Path
        File of recordings.
    page : Path
        To be written; its folder is made if need be.
    segment : int
        Position of the segment whose recordings are drawn; default: the last one.

    Raises
    ------
    ParameterError
        If there is no such segment.
    MissingPackageError
        If Bokeh is not installed.
    FileFormatError
        If the file is none of distsim's, or damaged.
    FileWriteError
        If the page cannot be written.
    """
    with reader.open(path) as recording:
        text = _page(recording, segment)
    try:
        with new_file(page) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise write_error(error, page) from error


def _page(recording: Recording, segment: int) -> str:
    try:
        from bokeh.embed import components
        from bokeh.resources import Resources
        from jinja2 import Environment
    except ImportError as error:
        raise MissingPackageError(
            f"a report needs the package '{error.name}', which is not installed: "
            "`pip install 'distsim[report]'`"
        ) from error
    from distsim.analysis.interactive import figure_of_phases, figures_of_segment

    drawn = chosen_segment(recording, segment)
    run = recording.run
    labelled = figures_of_segment(drawn, float(run.attributes.get("dt", 0.1)))
    phases = phases_of(run.provenance.ranks)
    figures = [each for _, each in labelled] + ([figure_of_phases(phases)] if phases else [])
    script, places = components(figures) if figures else ("", [])
    template = Environment(autoescape=True).from_string(
        files("distsim.analysis").joinpath("report.html").read_text(encoding="utf-8")
    )
    return template.render(
        file=recording.path.name,
        size=f"{recording.path.stat().st_size / 1e6:.4g} MB",
        run=run,
        facts=_rows(run.attributes) + _rows(run.annotations),
        origin=_rows(run.provenance.facts),
        segments=[(each, _populations(each)) for each in recording.segments],
        drawn=drawn,
        figures=_grouped([label for label, _ in labelled], places),
        phases=places[-1] if phases else "",
        balance=Table(("of each rank", *BALANCE), balance_rows(run.provenance.ranks)),
        ranks=_ranks(run.provenance.ranks),
        parameters=[
            (data.info.label, _parameters(data.info))
            for data in recording.segments[-1].populations
            if data.info.parameters
        ],
        # without widgets and formulas
        library=Resources("inline", components=["bokeh"]).render_js() if figures else "",
        script=script,
    )


def _grouped(labels: Sequence[str], places: Sequence[Any]) -> list[tuple[str, list[Any]]]:
    """Return figures of one population after another together, with its label."""
    groups: list[tuple[str, list[Any]]] = []
    for label, place in zip(labels, places, strict=False):
        if not groups or groups[-1][0] != label:
            groups.append((label, []))
        groups[-1][1].append(place)
    return groups


def _populations(segment: SegmentData) -> Table:
    titles = (
        "population",
        "cell type",
        "cells",
        "recorded",
        "spikes",
        "rate (Hz)",
        "CV of intervals",
    )
    rows = []
    for data in segment.populations:
        info, spikes, _ = data
        measured = ["-"] * 4
        if spikes is not None:
            rate = mean_rate(spikes, segment.t_start, segment.t_stop)
            numbers = [f"{spikes.node_ids.size:,}", f"{spikes.times.size:,}"]
            measured = [*numbers, shown(rate), shown_cv(spikes)]
        name = info.label or "(no label)"
        rows.append(
            [name, info.cell_type, f"{info.size:,}", *measured, about_signals(data.signals)]
        )
    return Table((*titles, "signals"), rows)


def _parameters(info: PopulationInfo) -> Table:
    rows = [
        [name, f"{value.min():.6g} to {value.max():.6g}", f"{value.mean():.6g}"]
        if isinstance(value, np.ndarray)
        else [name, f"{value:.6g}", ""]
        for name, value in info.parameters.items()
    ]
    return Table(("parameter", "value", "mean, where cells differ"), rows)


def _ranks(ranks: Mapping[str, NDArray[np.float64]]) -> Table:
    """Return a row for each rank, if they are not too many."""
    columns = [[shown(float(value)) for value in column] for column in ranks.values()]
    rows = [[str(k), *row] for k, row in enumerate(zip(*columns, strict=True))]
    return Table(("rank", *ranks), rows if len(rows) <= MAX_RANKS else [])


def _rows(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name.replace("_", " "), _text(value)) for name, value in facts.items()]


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {_text(each)}" for name, each in value.items()) or "none"
    if isinstance(value, list):
        return " ".join(map(_text, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
