"""Poisson sources with one target each, as one model group takes them."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.kernels.arrays import Drives, PoissonSources, PoissonTables
from distsim.models import CellModel
from distsim.network.pathways import Pathway
from distsim.partitioning.streams import Stream

__all__ = ["DriveSet", "build_drives", "collect_set"]

Integers = NDArray[np.int64]
# sources in a row, on average, from which on it is worth to draw them together
MIN_PIECE = 64


class DriveSet(NamedTuple):
    """The connections of a one-to-one projection from Poisson sources.

    Attributes
    ----------
    gids, lids : ndarray of int64, shape (n,)
    weights : ndarray of float32, shape (n,)
    delay : int
        [steps]
    receptor : int
    """

    gids: Integers
    lids: Integers
    weights: NDArray[np.float32]
    delay: int
    receptor: int


def collect_set(pathway: Pathway, model: CellModel, dt: float) -> DriveSet:
    """Return the local connections of a pathway whose delay is one constant.

    Parameters
    ----------
    pathway : Pathway
        One to one, from Poisson sources.
    model : CellModel
        Of the targets that are meant.
    dt : float
        [ms]
    """
    all_lids = pathway.lids(model)
    gids, lids = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    weights = [np.zeros(0, np.float32)]
    for chunk in pathway.chunks():
        chunk_lids = all_lids[chunk.target_positions]
        here = chunk_lids >= 0
        gids.append(pathway.sources.gids(chunk.sources)[here])
        lids.append(chunk_lids[here])
        weights.append(
            np.broadcast_to(np.asarray(chunk.weights), here.shape).astype(np.float32)[here]
        )
    delay = pathway.connections.constant_delay
    return DriveSet(
        np.concatenate(gids),
        np.concatenate(lids),
        np.concatenate(weights),
        round((delay or dt) / dt),
        model.receptor_rows[pathway.receptors[model]],
    )


def build_drives(
    sets: Sequence[tuple[DriveSet, PoissonTables, PoissonSources]], stream: Stream
) -> Drives:
    """Return the kernel's view of some sets.

    Parameters
    ----------
    sets : sequence of (DriveSet, PoissonTables, PoissonSources)
        Connections, and what their sources are, among others.
    stream : Stream
    """
    parts: list[tuple[DriveSet, PoissonSources, int]] = []
    cdfs, starts, n_tables, n_values = [np.zeros(0, np.uint32)], [np.zeros(0, np.int64)], 0, 0
    first_tables: dict[int, int] = {}  # sets of one time share their tables
    for drive_set, tables, sources in sets:
        if id(tables) not in first_tables:
            first_tables[id(tables)] = n_tables
            cdfs.append(tables.cdf)
            starts.append(tables.start[:-1] + n_values)
            n_tables += tables.start.size - 1
            n_values += tables.cdf.size
        places = np.searchsorted(sources.gid, drive_set.gids)
        picked = PoissonSources(*(column[places] for column in sources))
        parts += [(*part, first_tables[id(tables)]) for part in _split(drive_set, picked)]
    none = np.zeros(0, np.int64)
    sizes = [drive_set.gids.size for drive_set, _, _ in parts]
    return Drives(
        stream=np.array(stream, np.int64),
        first=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        delay=np.array([s.delay for s, _, _ in parts], np.int64),
        receptor=np.array([s.receptor for s, _, _ in parts], np.int64),
        is_regular=np.array([not _breaks(s, sources).size for s, sources, _ in parts], np.bool_),
        gid=np.concatenate([none, *(s.gids for s, _, _ in parts)]),
        lid=np.concatenate([none, *(s.lids for s, _, _ in parts)]),
        table=np.concatenate([none, *(sources.table + first for _, sources, first in parts)]),
        begin=np.concatenate([none, *(sources.begin for _, sources, _ in parts)]),
        end=np.concatenate([none, *(sources.end for _, sources, _ in parts)]),
        weight=np.concatenate([np.zeros(0, np.float32), *(s.weights for s, _, _ in parts)]),
        cdf=np.concatenate(cdfs),
        start=np.concatenate([*starts, [n_values]]).astype(np.int64),
        words=np.zeros((4, 64), np.uint32),
        counts=np.zeros(64, np.int32),
    )


def _split(drive_set: DriveSet, sources: PoissonSources) -> list[tuple[DriveSet, PoissonSources]]:
    """Return the regular pieces of a set, or the set as it is where they would be short."""
    breaks = _breaks(drive_set, sources)
    if drive_set.gids.size < MIN_PIECE * (breaks.size + 1):
        return [(drive_set, sources)]
    bounds = [0, *breaks.tolist(), drive_set.gids.size]
    return [
        (
            drive_set._replace(
                gids=drive_set.gids[first:end],
                lids=drive_set.lids[first:end],
                weights=drive_set.weights[first:end],
            ),
            PoissonSources(*(column[first:end] for column in sources)),
        )
        for first, end in itertools.pairwise(bounds)
    ]


def _breaks(drive_set: DriveSet, sources: PoissonSources) -> Integers:
    """Return where sources or targets are not in a row, or sources not alike."""
    columns = [np.diff(drive_set.gids) - 1, np.diff(drive_set.lids) - 1]
    columns += [np.diff(column) for column in (sources.table, sources.begin, sources.end)]
    return np.nonzero(np.any([column != 0 for column in columns], axis=0))[0] + 1
