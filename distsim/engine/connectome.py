"""Collect the static synapses of all pathways into one model group's connectome."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from distsim.errors import ConnectivityError
from distsim.kernels.arrays import Connectome
from distsim.kernels.construction import count_synapses, place_synapses

__all__ = ["Pathway", "build_connectome", "empty_connectome"]

Integers = NDArray[np.int64]
MAX_DELAY_STEPS = 2**16 - 1


class ConnectionChunks(Protocol):
    """Connections that can be had again and again, chunk by chunk; see `distsim.connectivity`."""

    def chunks(self, targets: Integers, want_weights: bool = True) -> Iterator[Any]:
        """Yield the connections onto `targets`."""


@dataclass(frozen=True)
class Pathway:
    """A projection as one model group of this rank sees it.

    Attributes
    ----------
    label : str
        For messages.
    connections : ConnectionChunks
    targets : ndarray of int64, shape (n_targets,)
        Indices of this rank's target cells in the projection's target population, ascending.
    lids : callable
        Returns the local indices of `targets` in the model group, -1 for those in another.
    source_gids : callable
        Maps indices in the source population to gids.
    receptor : int
        Index of the receptor type.
    """

    label: str
    connections: ConnectionChunks
    targets: Integers
    lids: Callable[[], Integers]
    source_gids: Callable[[Integers], Integers]
    receptor: int


class _Block(NamedTuple):
    """Synapses of one chunk that belong to the group."""

    rows: Integers
    delay_steps: Integers
    lids: Integers
    weights: NDArray[np.float64] | None


def empty_connectome() -> Connectome:
    """Return a connectome without synapses."""
    return Connectome(
        row_source=np.zeros(0, np.int64),
        row_receptor=np.zeros(0, np.uint8),
        row_start=np.zeros(1, np.int64),
        run_delay=np.zeros(0, np.uint16),
        run_start=np.zeros(1, np.uint32),
        target=np.zeros(0, np.uint16),
        weight=np.zeros(0, np.float32),
    )


def build_connectome(
    pathways: Sequence[Pathway],
    n_local: int,
    n_gids: int,
    n_receptors: int,
    dt: float,
    progress: Callable[[int], None] = lambda n: None,
) -> Connectome:
    """Build the connectome of one model group, in two passes and without an edge list.

    The synapses of a run lie in the order (pathway, target, draw), which does not depend on how
    cells are split over ranks.

    Parameters
    ----------
    pathways : sequence of Pathway
    n_local : int
        Cells of the group on this rank.
    n_gids : int
        Cells of the whole network. A table of this length times receptor types and delays is
        needed during construction.
    n_receptors : int
    dt : float
        [ms]
    progress : callable
        Called with the number of synapses placed.

    Returns
    -------
    Connectome

    Raises
    ------
    ConnectivityError
        If a delay is shorter than `dt` or longer than 65,535 steps.
    """
    if not pathways:
        return empty_connectome()
    counts = np.zeros((n_gids * n_receptors, 2), np.uint32)
    for pathway in pathways:
        for block in _blocks(pathway, n_receptors, dt, want_weights=False):
            if block.rows.size:
                counts = _widened(counts, int(block.delay_steps.max()) + 1)
                count_synapses(counts, block.rows, block.delay_steps)
    connectome, cursors = _layout(counts, n_local, n_receptors)
    for pathway in pathways:
        for block in _blocks(pathway, n_receptors, dt, want_weights=True):
            place_synapses(cursors, *block, connectome.target, connectome.weight)
            progress(block.rows.size)
    return connectome


def _blocks(pathway: Pathway, n_receptors: int, dt: float, want_weights: bool) -> Iterator[_Block]:
    """Yield the pathway's synapses with rows, steps and local indices in place of gids and ms."""
    lids = pathway.lids()
    is_elsewhere = bool((lids < 0).any())
    for chunk in pathway.connections.chunks(pathway.targets, want_weights):
        n = chunk.sources.size
        rows = pathway.source_gids(chunk.sources) * n_receptors + pathway.receptor
        delay_steps = _steps(np.broadcast_to(chunk.delays, n), dt, pathway.label)
        chunk_lids = lids[chunk.target_positions]
        weights = None
        if want_weights:
            weights = np.ascontiguousarray(np.broadcast_to(chunk.weights, n), np.float64)
        if is_elsewhere:
            here = chunk_lids >= 0
            rows, delay_steps, chunk_lids = rows[here], delay_steps[here], chunk_lids[here]
            weights = None if weights is None else weights[here]
        yield _Block(rows, delay_steps, chunk_lids, weights)


def _steps(delays: NDArray[np.float64], dt: float, label: str) -> Integers:
    """Return delays [ms] in whole steps, to the nearest."""
    steps = np.rint(delays / dt)
    if steps.size and not 1 <= steps.min() <= steps.max() <= MAX_DELAY_STEPS:
        bad = float(delays[np.argmax((steps < 1) | (steps > MAX_DELAY_STEPS))])
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
    return np.ascontiguousarray(steps.astype(np.int64))


def _widened(counts: NDArray[np.uint32], n_delays: int) -> NDArray[np.uint32]:
    """Return `counts` with at least `n_delays` columns."""
    if n_delays <= counts.shape[1]:
        return counts
    wider = np.zeros((counts.shape[0], max(n_delays, counts.shape[1] * 2)), np.uint32)
    wider[:, : counts.shape[1]] = counts
    return wider


def _layout(
    counts: NDArray[np.uint32], n_local: int, n_receptors: int
) -> tuple[Connectome, Integers]:
    """Return the connectome with its synapses yet to be placed, and each run's first place."""
    rows, delays = np.nonzero(counts)
    sizes = counts[rows, delays]
    n_synapses = int(sizes.sum(dtype=np.int64))
    run_start: Any = np.zeros(rows.size + 1, np.uint32 if n_synapses < 2**32 else np.int64)
    np.cumsum(sizes, out=run_start[1:])
    row_ids, first_run = np.unique(rows, return_index=True)
    cursors = np.zeros(counts.shape, np.int64)
    cursors[rows, delays] = run_start[:-1]
    connectome = Connectome(
        row_source=row_ids // n_receptors,
        row_receptor=(row_ids % n_receptors).astype(np.uint8),
        row_start=np.append(first_run, rows.size).astype(np.int64),
        run_delay=delays.astype(np.uint16),
        run_start=run_start,
        target=np.zeros(n_synapses, np.uint16 if n_local < 2**16 else np.uint32),
        weight=np.zeros(n_synapses, np.float32),
    )
    return connectome, cursors
