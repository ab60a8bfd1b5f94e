"""Rows and runs of synapses with variables, and which connection each of them is."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.connectivity.connections import Chunk
from distsim.engines.native.connectome import PossibleRows, delay_steps, empty_connectome
from distsim.engines.native.run_counts import RunCounts
from distsim.kernels.arrays import Connectome
from distsim.kernels.delivery import guide_rows
from distsim.kernels.places import Places, place_connections, put, take
from distsim.kernels.plastic import fill_row_keys
from distsim.models import CellModel
from distsim.network.pathways import Pathway
from distsim.partitioning.streams import Stream

__all__ = ["PlasticRows", "build_rows", "no_rows", "read_values", "row_keys"]

Integers = NDArray[np.int64]


class PlasticRows(NamedTuple):
    """The synapses of a pathway onto one group.

    Attributes
    ----------
    rows : Connectome
        Whose runs count synapses.
    order : ndarray of uint32, shape (n_synapses,)
        Which of the connections, in the order in which these are made, each synapse is.
    first_lid, n_targets : int
        The span of the targets; `rows.target` counts from its beginning.
    """

    rows: Connectome
    order: NDArray[np.uint32]
    first_lid: int
    n_targets: int

    def of_synapses(self, values: Any) -> Any:
        """Return values of connections in the order of the synapses; one number stays one."""
        return values if np.ndim(values) == 0 else self.fill(np.empty_like(values), values)

    def fill(self, column: NDArray[Any], values: Any) -> NDArray[Any]:
        """Write values of connections into a column of the synapses, and return that."""
        if np.ndim(values) == 0:
            column[:] = values
        else:
            take(self.order, values, column)
        return column

    def of_connections(self, values: Any) -> Any:
        """Return values of synapses in the order of the connections; one number stays one."""
        if np.ndim(values) == 0:
            return values
        ordered = np.empty_like(values)
        put(self.order, values, ordered)
        return ordered


def no_rows() -> PlasticRows:
    """Return what there is before anything is built."""
    return PlasticRows(empty_connectome(), np.zeros(0, np.uint32), 0, 0)


def build_rows(
    pathway: Pathway,
    model: CellModel,
    dt: float,
    names: Sequence[str] = (),
    progress: Callable[[float], None] = lambda n: None,
) -> tuple[PlasticRows, dict[str, Any]]:
    """Build the rows of a pathway, in two passes and without an edge list.

    Parameters
    ----------
    pathway : Pathway
    model : CellModel
        Of the group.
    dt : float
        [ms]
    names : sequence of str
        Of weights and parameters that are wanted, too.
    progress : callable
        Called with a number of synapses: half of building them is to count them, half to place
        them.

    Returns
    -------
    PlasticRows
    values : dict of str to float or ndarray of float64
        See `read_values`.

    Raises
    ------
    ConnectivityError
        If a delay is shorter than `dt` or longer than 65,535 steps.
    """
    lids = pathway.lids(model)
    inside = lids[lids >= 0]
    first_lid = int(inside.min(initial=2**62)) if inside.size else 0
    n_targets = int(inside.max(initial=-1)) + 1 - first_lid
    table, counts = PossibleRows([pathway], model), RunCounts()
    offset = table.offset(pathway)
    for chunk in pathway.chunks(want_weights=False):
        gids, steps = pathway.sources.gids(chunk.sources), delay_steps(chunk, dt, pathway.label)
        table.make_room(gids.size)
        weight, positions = np.float32(np.nan), chunk.target_positions
        counts.add(table.rows, weight, gids, offset, steps, positions, lids)
        progress(gids.size / 2)
    row_source, row_receptor, order = table.sort()
    row, delay, sizes, n_delays = counts.runs(order)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    if n_delays:
        free = np.zeros(row_source.size * n_delays, np.uint32)
        free[row * n_delays + delay] = starts[:-1]
    else:
        free = starts[:-1].astype(np.uint32)
    kind: Any = np.uint16 if n_targets < 2**16 else np.uint32
    places = Places(
        row_of=table.rows.row_of,
        offset=offset,
        n_delays=n_delays,
        keys=row << 16 | delay,
        free=free,
        target=np.empty(int(starts[-1]), kind),
        order=np.empty(int(starts[-1]), np.uint32),
        first_lid=first_lid,
    )
    n_placed, values = 0, _Described(names, places.order.size, lids >= 0)
    for chunk in pathway.chunks(want_weights=bool(names)):
        gids, steps = pathway.sources.gids(chunk.sources), delay_steps(chunk, dt, pathway.label)
        # within a run in the order in which connections are made
        n_placed = place_connections(places, n_placed, gids, steps, chunk.target_positions, lids)
        values.add(chunk)
        progress(gids.size / 2)
    guide, guide_origin = guide_rows(row_source)
    rows = Connectome(
        row_source=row_source,
        row_receptor=row_receptor,
        row_weight=np.full(row_source.size, np.nan, np.float32),
        row_start=np.searchsorted(row, np.arange(row_source.size + 1)).astype(np.int64),
        guide=guide,
        guide_origin=guide_origin,
        run_delay=delay.astype(np.uint16),
        run_start=starts.astype(np.uint32),
        target=places.target,
        weight=np.zeros(0, np.float32),
    )
    return PlasticRows(rows, places.order, first_lid, n_targets), values.found


def read_values(
    pathway: Pathway, model: CellModel, names: Sequence[str], n_synapses: int
) -> dict[str, Any]:
    """Return weights or parameters as they are described, in the order of the connections.

    Parameters
    ----------
    pathway : Pathway
    model : CellModel
        Of the targets that are meant.
    names : sequence of str
    n_synapses : int
        Connections onto these.

    Returns
    -------
    dict of str to float or ndarray of float64, shape (n_synapses,)
        One number where it is that of all.

    Raises
    ------
    ConnectivityError
        If a weight or delay is out of its bounds.
    """
    values = _Described(names, n_synapses, pathway.lids(model) >= 0)
    for chunk in pathway.chunks():
        values.add(chunk)
    return values.found


class _Described:
    """Values of connections, as far as chunks have brought them.

    Parameters
    ----------
    names : sequence of str
    n_synapses : int
    are_here : ndarray of bool
        Which of the pathway's targets are meant.

    Attributes
    ----------
    found : dict of str to float or ndarray of float64, shape (n_synapses,)
        One number where it is that of all.
    """

    def __init__(self, names: Sequence[str], n_synapses: int, are_here: NDArray[np.bool_]) -> None:
        self.found: dict[str, Any] = dict.fromkeys(names, np.zeros(0))
        self._n_synapses = n_synapses
        self._are_here = are_here
        self._n_found = 0

    def add(self, chunk: Chunk) -> None:
        """Take the values of a chunk, the next one."""
        is_here = self._are_here[chunk.target_positions]
        first, end = self._n_found, self._n_found + int(np.count_nonzero(is_here))
        if first == end:
            return
        for name, known in self.found.items():
            value: Any = chunk.weights if name == "weight" else chunk.parameters[name]
            if np.ndim(value) == 0 and (first == 0 or (np.ndim(known) == 0 and known == value)):
                self.found[name] = float(value)
                continue
            if first == 0 or np.ndim(known) == 0:
                # all before this chunk have the same, if there are any
                self.found[name] = np.full(self._n_synapses, known if first else np.nan)
            self.found[name][first:end] = value if np.ndim(value) == 0 else value[is_here]
        self._n_found = end


def row_keys(stream: Stream, gids: Integers) -> NDArray[np.uint32]:
    """Return a key of random numbers for each source, shape (n, 2)."""
    keys = np.empty((gids.size, 2), np.uint32)
    fill_row_keys(stream, gids, keys)
    return keys
