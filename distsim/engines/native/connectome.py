"""Collect the static synapses of all pathways into one model group's connectome."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.engines.native.kept import Kept
from distsim.engines.native.run_counts import RunCounts, Runs
from distsim.errors import ConnectivityError
from distsim.kernels.arrays import Connectome
from distsim.kernels.construction import (
    NO_WEIGHT,
    Placement,
    RowTable,
    place_rest,
    place_synapses,
    to_steps,
)
from distsim.kernels.delivery import guide_rows
from distsim.kernels.kept import copy_kept
from distsim.models import CellModel
from distsim.network.pathways import Pathway

__all__ = ["PossibleRows", "build_connectome", "delay_steps", "empty_connectome"]

Integers = NDArray[np.int64]
MAX_DELAY_STEPS = 2**16 - 1
# synapses that wait in buckets while others are made, 12 bytes each; buckets are at most 1,024
MIN_WAITING, MAX_WAITING, BUCKET_BITS = 2**14, 5 * 2**20, 10


def empty_connectome() -> Connectome:
    """Return a connectome without synapses."""
    words, row_source = np.zeros(0, np.uint32), np.zeros(0, np.int64)
    guide, guide_origin = guide_rows(row_source)
    return Connectome(
        row_source=row_source,
        row_receptor=np.zeros(0, np.uint8),
        row_weight=np.zeros(0, np.float32),
        row_start=np.zeros(1, np.int64),
        guide=guide,
        guide_origin=guide_origin,
        run_delay=np.zeros(0, np.uint16),
        run_start=np.zeros(1, np.uint32),
        target=words.view(np.uint16),
        weight=words.view(np.float32),
    )


def build_connectome(
    pathways: Sequence[Pathway],
    model: CellModel,
    n_local: int,
    dt: float,
    progress: Callable[[float], None] = lambda n: None,
    kept: Kept | None = None,
) -> tuple[Connectome, int]:
    """Build the connectome of one model group, in two passes and without an edge list.

    The synapses of a run onto one target lie in the order (pathway, draw), which does not depend on
    how cells are split over ranks.

    Parameters
    ----------
    pathways : sequence of Pathway
        Those to make.
    model : CellModel
        Of the group.
    n_local : int
        Cells of the group on this rank.
    dt : float
        [ms]
    progress : callable
        Called with the number of synapses done: half of it is to count, half to place them.
    kept : Kept, optional
        Synapses of an earlier connectome, which come before those made anew.

    Returns
    -------
    Connectome
    int
        Number of synapses.

    Raises
    ------
    ConnectivityError
        If a delay is shorter than `dt` or longer than 65,535 steps.

    Notes
    -----
    During construction there are 4 bytes for each possible source, times its receptor types, and
    12 for each (source with targets here, delay [steps]), or some 40 for each such pair that has a
    synapse if most have none.
    """
    if not pathways and kept is None:
        return empty_connectome(), 0
    table = PossibleRows([*(kept.pathways if kept else ()), *pathways], model)
    counts = RunCounts()
    if kept:
        kept_places = table.add(kept)
        counts.begin(table.rows, kept_places, kept.connectome, kept.sizes)
    for pathway in pathways:
        offset, lids = table.offset(pathway), pathway.lids(model)
        weight = _constant(pathway)
        for chunk in pathway.chunks(want_weights=False):
            steps, gids = delay_steps(chunk, dt, pathway.label), pathway.sources.gids(chunk.sources)
            table.make_room(gids.size)
            counts.add(table.rows, weight, gids, offset, steps, chunk.target_positions, lids)
            progress(gids.size / 2)
    row_source, row_receptor, order = table.sort()
    runs = counts.runs(order)
    connectome, slots = _layout(row_source, row_receptor, table.rows.weight, runs, n_local)
    n_synapses = int(runs.sizes.sum())
    placement = _placement(connectome, slots, runs.n_delays, table.rows, n_synapses)
    del counts, runs, slots
    if kept:
        copy_kept(
            *(kept.connectome, kept.n_local, kept.dropped), kept.sizes, kept_places, placement
        )
        progress(int(kept.sizes.sum()))
    for pathway in pathways:
        offset, lids = table.offset(pathway), pathway.lids(model)
        weight = _constant(pathway)
        for chunk in pathway.chunks():
            steps, gids = delay_steps(chunk, dt, pathway.label), pathway.sources.gids(chunk.sources)
            shape = gids.shape if np.isnan(weight) else 0
            weights = np.ascontiguousarray(
                np.broadcast_to(np.asarray(chunk.weights), shape), np.float64
            )
            positions = chunk.target_positions
            place_synapses(placement, weight, weights, gids, offset, steps, positions, lids)
            progress(gids.size / 2)
    place_rest(placement)
    return connectome, n_synapses


def _placement(
    connectome: Connectome, slots: NDArray[Any], n_delays: int, rows: RowTable, n_synapses: int
) -> Placement:
    """Return empty buckets for the synapses, of at most `MAX_WAITING` synapses in all."""
    n_rows = connectome.row_source.size
    # a run's number within a block of rows must leave the uppermost of 32 bits free
    shift = min(max(0, (n_rows - 1).bit_length() - BUCKET_BITS), 14)
    n_buckets = (max(n_rows - 1, 0) >> shift) + 1
    n_waiting = min(MAX_WAITING, max(n_synapses // 8, MIN_WAITING))
    capacity = max(n_waiting // n_buckets, 16)
    entries = np.empty(3 * capacity * n_buckets, np.uint32)
    return Placement(
        slots=slots,
        n_delays=n_delays,
        row_start=connectome.row_start,
        run_delay=connectome.run_delay,
        row_of=rows.row_of,
        row_weights=rows.weight,
        target=connectome.target,
        weight=connectome.weight,
        entries=entries,
        entry_weights=entries.view(np.float32),
        filled=np.zeros(n_buckets, np.int64),
        shift=shift,
        capacity=capacity,
    )


def _constant(pathway: Pathway) -> np.float32:
    """Return the weight of all synapses of a pathway, or nan where they differ."""
    weight = pathway.connections.constant_weight
    return np.float32(np.nan if weight is None else weight)


class PossibleRows:
    """Which row each possible (source, receptor type) has, as far as it has synapses here.

    Attributes
    ----------
    rows : RowTable
    """

    def __init__(self, pathways: Sequence[Pathway], model: CellModel) -> None:
        rows = model.receptor_rows
        self._row_of = {pathway: rows[pathway.receptors[model]] for pathway in pathways}
        self._n_places = 0
        self._blocks: list[tuple[int, int, int, int]] = []  # receptor, first gid, end gid, place
        for receptor, first, end in sorted((self._row_of[p], *p.sources.span) for p in pathways):
            if self._blocks:
                last_receptor, last_first, last_end, place = self._blocks[-1]
                if receptor == last_receptor and first <= last_end:
                    self._blocks[-1] = (receptor, last_first, max(end, last_end), place)
                    self._n_places = place + max(end, last_end) - last_first
                    continue
            self._blocks.append((receptor, first, end, self._n_places))
            self._n_places += end - first
        self.rows = RowTable(
            row_of=np.full(self._n_places, -1, np.int32),
            weight=np.zeros(0, np.float32),
            n_rows=np.zeros(1, np.int64),
        )

    def offset(self, pathway: Pathway) -> int:
        """Return the difference of place and gid for the sources of a pathway."""
        gid, mine = pathway.sources.span[0], self._row_of[pathway]
        return next(
            place - first
            for receptor, first, end, place in self._blocks
            if receptor == mine and first <= gid <= end
        )

    def add(self, kept: Kept) -> Integers:
        """Add the rows of which something is kept, the first ones; return all rows' places.

        They are negative for rows of which nothing is kept.
        """
        old = kept.connectome
        places = np.full(old.row_source.size, -1, np.int64)
        for receptor, first, end, place in self._blocks:
            is_inside = (old.row_receptor == receptor) & (old.row_source >= first)
            is_inside &= (old.row_source < end) & kept.has_any
            places[is_inside] = place + old.row_source[is_inside] - first
        is_kept = places >= 0
        n_rows = int(np.count_nonzero(is_kept))
        self.rows.row_of[places[is_kept]] = np.arange(n_rows)
        self.rows.n_rows[0] = n_rows
        self.rows = self.rows._replace(weight=old.row_weight[is_kept])
        return places

    def make_room(self, n_synapses: int) -> None:
        """Make room for the rows that so many synapses can add."""
        n_known = self.rows.weight.size
        n_rows = min(int(self.rows.n_rows[0]) + n_synapses, self._n_places)
        if n_rows > n_known:
            n_rows = min(max(n_rows, 2 * n_known), self._n_places)
            fresh = np.full(n_rows - n_known, NO_WEIGHT, np.float32)
            self.rows = self.rows._replace(weight=np.concatenate([self.rows.weight, fresh]))

    def sort(self) -> tuple[Integers, NDArray[np.uint8], Integers]:
        """Give the rows new numbers, by (source, receptor type).

        Returns
        -------
        row_source, row_receptor : ndarray, shape (n_rows,)
        order : ndarray of int64, shape (n_rows,)
            The numbers that the rows had.
        """
        places = np.nonzero(self.rows.row_of >= 0)[0]
        starts = np.array([place for *_, place in self._blocks])
        block = np.searchsorted(starts, places, side="right") - 1
        gids = places - starts[block] + np.array([first for _, first, _, _ in self._blocks])[block]
        receptors = np.array([receptor for receptor, *_ in self._blocks], np.uint8)[block]
        by_source = np.lexsort((receptors, gids))
        order = self.rows.row_of[places[by_source]].astype(np.int64)
        self.rows.row_of[places[by_source]] = np.arange(order.size)
        self.rows = self.rows._replace(weight=self.rows.weight[order])
        return gids[by_source], receptors[by_source], order


def delay_steps(chunk: Any, dt: float, label: str) -> NDArray[np.uint16]:
    """Return the delays of a chunk in whole steps, to the nearest."""
    delays = np.asarray(chunk.delays, np.float64)
    if delays.ndim == 0:
        _check_delays(delays.reshape(1), dt, label)
        return np.full(chunk.sources.size, round(float(delays) / dt), np.uint16)
    steps = np.empty(delays.size, np.uint16)
    if not to_steps(np.ascontiguousarray(delays), dt, steps):
        _check_delays(delays, dt, label)
    return steps


def _check_delays(delays: NDArray[np.float64], dt: float, label: str) -> None:
    """Raise if a delay has no number of steps."""
    steps = np.rint(delays / dt)
    is_wrong = ~((steps >= 1) & (steps <= MAX_DELAY_STEPS))
    if not is_wrong.any():
        return
    bad = float(delays[np.argmax(is_wrong)])
    if bad < dt:
        raise ConnectivityError(
            f"delay = {bad:g} ms in projection '{label}' is shorter than dt = {dt:g} ms; "
            "raise the delay or set setup(timestep=...)",
            delay=bad,
        )
    raise ConnectivityError(
        f"delay = {bad:g} ms in projection '{label}' is longer than the longest possible, "
        f"{MAX_DELAY_STEPS} steps of {dt:g} ms",
        delay=bad,
    )


def _layout(
    row_source: Integers,
    row_receptor: NDArray[np.uint8],
    row_weight: NDArray[np.float32],
    runs: Runs,
    n_local: int,
) -> tuple[Connectome, NDArray[Any]]:
    """Return the connectome with its synapses yet to be placed, and the first slots of each run.

    The slots are those of a `Placement`.
    """
    rows, delays, sizes, n_delays = runs
    has_weights = np.isnan(row_weight[rows])
    # a local index that none has stands for no target
    itemsize = 2 if n_local < 2**16 else 4
    target_words = -(-sizes * itemsize // 4)
    ends = np.cumsum(target_words + np.where(has_weights, sizes, 0))
    n_words = int(ends[-1]) if ends.size else 0
    starts = np.concatenate([[0], ends])
    kind: Any = np.uint32 if n_words < 2**31 else np.int64
    words = np.empty(n_words, np.uint32)  # each is written: targets, fillers, weights
    slots = np.zeros((row_source.size * n_delays if n_delays else rows.size, 2), kind)
    places = rows * n_delays + delays if n_delays else slice(None)
    slots[places, 0] = starts[:-1] * (4 // itemsize)
    slots[places, 1] = starts[:-1] + target_words
    target: Any = words.view(np.uint16 if itemsize == 2 else np.uint32)
    if itemsize == 2:
        target[2 * ends[~has_weights & (sizes % 2 == 1)] - 1] = n_local
    guide, guide_origin = guide_rows(row_source)
    connectome = Connectome(
        row_source=row_source,
        row_receptor=row_receptor,
        row_weight=row_weight,
        row_start=np.searchsorted(rows, np.arange(row_source.size + 1)).astype(np.int64),
        guide=guide,
        guide_origin=guide_origin,
        run_delay=delays.astype(np.uint16),
        run_start=starts.astype(kind),
        target=target,
        weight=words.view(np.float32),
    )
    return connectome, slots.ravel()
