"""Small tables in HTML, as notebooks show them; all texts in them are escaped."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from distsim.io.recordings import RunInfo, SegmentData
from distsim.io.tables import about_signals

__all__ = ["html_table", "recording_html"]

TITLES = ("population", "cell type", "cells", "recorded", "spikes", "signals")


def html_table(caption: str, rows: Sequence[Sequence[object]], titles: Sequence[str] = ()) -> str:
    """Return a table.

    Parameters
    ----------
    caption : str
    rows : sequence of sequence of object
        Shown as text; the first of each row is its name.
    titles : sequence of str, optional
        Of the columns.

    Examples
    --------
    >>> html_table("a < b", [["v", 1]])
    '<table><caption><b>a &lt; b</b></caption><tr><th>v</th><td>1</td></tr></table>'
    """
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    lines = [f"<tr>{head}</tr>"] if titles else []
    for name, *values in rows:
        cells = "".join(f"<td>{escape(str(value))}</td>" for value in values)
        lines.append(f"<tr><th>{escape(str(name))}</th>{cells}</tr>")
    return f"<table><caption><b>{escape(caption)}</b></caption>{''.join(lines)}</table>"


def recording_html(path: Path, run: RunInfo, segments: Sequence[SegmentData]) -> str:
    """Return what a notebook shows of a file: the run, and what of whom there is; no data are read.

    Parameters
    ----------
    path : Path
    run : RunInfo
    segments : sequence of SegmentData
    """
    facts = {**run.attributes, **run.annotations}
    return html_table(f"Recording '{path}'", list(facts.items())) + "".join(
        html_table(
            f"segment {segment.index}: {segment.t_start:g} to {segment.t_stop:g} ms",
            [
                [
                    *(info.label, info.cell_type, info.size),
                    *(("-", "-") if spikes is None else (spikes.n_cells, spikes.n_spikes)),
                    about_signals(signals),
                ]
                for info, spikes, signals in segment.populations
            ],
            TITLES,
        )
        for segment in segments
    )
