"""What notebooks show of populations and projections: what this rank knows, without asking others.

A cell of a notebook shows its last value on one rank only.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from distsim.connectivity import Connections, Constant, Drawn, Values
from distsim.io.html_tables import html_table
from distsim.pynn.simulator import state

__all__ = ["assembly_html", "projection_html", "selection_html"]


def selection_html(selection: Any) -> str:
    """Return a table of a population or view: its cells, their parameters, what is recorded."""
    root, kind = selection.root, selection.celltype
    is_view = selection is not root
    caption = f"Population '{root.label}'"
    if is_view:
        caption = f"View '{selection.label}' of '{selection.parent.label}'"
    recorder = selection.recorder
    recorded = [*(["spikes"] * recorder.has_spikes), *(s.variable for s in recorder.probe_sets)]
    positions = slice(None)
    if is_view:
        indices = selection.indices(selection.local_positions)
        positions = root.placement.local_positions(indices)
    parameters = [
        [name, f"{_spread(root.block.get(name)[positions])} {kind.units.get(name, '')}"]
        for name, default in kind.default_parameters.items()
        if isinstance(default, bool | int | float)
    ]
    rows = [["cells", _n_cells(selection)], ["cell type", type(kind).__name__], *parameters]
    return html_table(caption, [*rows, ["recorded", ", ".join(recorded) or "nothing"]])


def assembly_html(assembly: Any) -> str:
    """Return a table of an assembly: a row for each of its populations and views."""
    rows = [[p.label, type(p.celltype).__name__, _n_cells(p)] for p in assembly.parts]
    titles = ("population", "cell type", "cells")
    return html_table(f"Assembly '{assembly.label}'", rows, titles)


def projection_html(projection: Any, connector: Any, n_connections: int | None) -> str:
    """Return a table of a projection: between whom, by which rule, with which values.

    Parameters
    ----------
    projection : Projection
    connector : Connector
        Its own.
    n_connections : int or None
        On all ranks, if they were counted.
    """
    pre, post, pathway = projection.pre, projection.post, projection.pathway
    rule = connector.describe(template=None)
    connections = pathway.connections
    values = {"weight": connections.weight, "delay": connections.delay, **connections.parameters}
    if pathway.synapse.is_electrical:
        del values["delay"]
    if pathway.synapse.is_learning:
        values = {"weight at first": values.pop("weight"), **values}
    rows = [
        ["from", f"{pre.label}: {pre.size} cells"],
        ["onto", f"{post.label}: {post.size} cells"],
        ["connector", f"{rule['name']}({_short(rule['parameters'])})"],
        ["connections", _count(connections, post.size, n_connections)],
        ["synapse type", type(projection.synapse_type).__name__],
        ["receptor type", projection.receptor_type],
        *([name, _of_values(each)] for name, each in values.items()),
    ]
    return html_table(f"Projection '{projection.label}'", rows)


def _n_cells(selection: Any) -> str:
    here = selection.local_positions.size
    return f"{selection.size}" + (f", {here} on this rank" if state.n_ranks > 1 else "")


def _spread(values: Any) -> str:
    """Return the value of some cells, or the smallest and largest."""
    if not len(values):
        return "of no cells here"
    low, high = np.min(values), np.max(values)
    return f"{low:g}" if low == high else f"{low:g} … {high:g}"


def _count(connections: Connections, n_targets: int, counted: int | None) -> str:
    if counted is not None:
        return str(counted)
    indegree = connections.expected_indegree
    if indegree is None:
        return "unknown; size() counts them, on every rank"
    return f"{indegree * n_targets:.6g} expected"


def _of_values(values: Values) -> str:
    if isinstance(values, Constant):
        return f"{values.value:g}"
    if isinstance(values, Drawn):
        return f"{values.name}({_short(values.parameters)})"
    return "different"


def _short(parameters: Mapping[str, Any]) -> str:
    """Return parameters, without what is long."""
    texts = {
        name: "…" if np.ndim(value) or isinstance(value, Mapping) else str(value)
        for name, value in parameters.items()
    }
    return ", ".join(f"{name}={text if len(text) < 40 else '…'}" for name, text in texts.items())
