"""What a rank's synapses take in memory, from how many are expected, before anything is built.

A row is the synapses of one source and receptor type on a rank, a run those of a row that share one
delay. How many of each there will be follows from the number of synapses and from the delays of a
sample, where connections are independent of each other.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.connectivity import OneToOne
from distsim.engines.native.connectome import MAX_WAITING, MIN_WAITING
from distsim.engines.native.memory import SIDE, plastic_bytes, synapse_bytes
from distsim.engines.native.run_counts import MAX_PLACES_PER_SYNAPSE, SMALL_TABLE
from distsim.models import CellModel
from distsim.network.pathways import Pathway

__all__ = ["Footprint", "Onto", "footprint"]

# of a row: source, receptor, weight, where it begins, and its part of the guide; of a run: delay,
# where it begins, and what fills up its last word of targets
ROW, RUN = 8 + 1 + 4 + 8 + 6, 2 + 4 + 1
# while they are built: of a possible row; of a (row, delay) in the table of counts, and its first
# slots; of a run in the list in place of that table, and of one that is laid out; of a synapse that
# waits; of those that are made at once
POSSIBLE, COUNT, SLOT, LISTED, LAID, WAITING, MADE, AT_ONCE = 4, 4, 8, 40, 48, 12, 64, 2**18
# of a Poisson source whose spikes are drawn as they arrive, and of the side of a gap junction
DRIVE, SIDE_LEFT = 20 + 44 + 48, 16


class Onto(NamedTuple):
    """Synapses of one projection onto one rank's cells of one model, as they are expected.

    Attributes
    ----------
    pathway : Pathway
    n_targets : int
    n_synapses : float
    delays : ndarray of int64
        Of a sample [steps].
    """

    pathway: Pathway
    n_targets: int
    n_synapses: float
    delays: NDArray[np.int64]


class Footprint(NamedTuple):
    """What the synapses onto one rank's cells of one model take.

    Attributes
    ----------
    n_static, n_plastic, n_electrical : float
        Synapses.
    n_rows, n_runs : float
        Of the static ones.
    static, plastic, electrical : float
        [bytes]; the latter two while they are built.
    building : float
        What building static ones takes beyond that [bytes].
    possible : float
        Of that, what grows with the cells from which some projection comes [bytes].
    """

    n_static: float
    n_plastic: float
    n_electrical: float
    n_rows: float
    n_runs: float
    static: float
    plastic: float
    electrical: float
    building: float
    possible: float


def footprint(
    model: CellModel,
    n_local: int,
    every: Sequence[Onto],
    counted: tuple[int, int] | None = None,
) -> Footprint:
    """Return what the synapses onto a rank's cells of a model are expected to take.

    Parameters
    ----------
    model : CellModel
    n_local : int
        Cells of the model on the rank.
    every : sequence of Onto
        Of all projections onto cells of the model, on any rank.
    counted : (int, int), optional
        Rows and runs, where they were counted: fewer than expected where connections are local.

    Returns
    -------
    Footprint
    """
    electrical = [onto for onto in every if onto.pathway.synapse.is_electrical]
    static = [onto for onto in every if onto.pathway.synapse.is_static and onto not in electrical]
    plastic = [onto for onto in every if onto not in electrical and onto not in static]
    drives = [onto for onto in static if is_drawn_on_arrival(onto.pathway)]
    rows = [onto for onto in static if onto not in drives]
    n_synapses = sum(onto.n_synapses for onto in rows)
    n_rows, n_runs = counted or _rows_and_runs(model, rows)
    n_driven = sum(onto.n_synapses for onto in drives)
    held = sum(
        synapse_bytes(onto.n_synapses, n_local, has_weights)
        for onto, has_weights in zip(rows, _have_weights(model, rows), strict=True)
    )
    held += ROW * n_rows + RUN * n_runs
    possible = POSSIBLE * sum(_sizes(model, rows).values())
    sides = [onto.n_synapses * onto.pathway.synapse.n_sides for onto in electrical]
    return Footprint(
        n_static=n_synapses + n_driven,
        n_plastic=sum(onto.n_synapses for onto in plastic),
        n_electrical=sum(onto.n_synapses for onto in electrical),
        n_rows=n_rows,
        n_runs=n_runs,
        static=held + DRIVE * n_driven,
        plastic=sum(plastic_bytes(o.pathway, o.n_synapses, o.n_targets) for o in plastic),
        electrical=SIDE * sum(sides),
        building=_building(rows, n_synapses, n_rows, n_runs, held) + possible if rows else 0.0,
        possible=possible,
    )


def _building(
    rows: Sequence[Onto], n_synapses: float, n_rows: float, n_runs: float, held: float
) -> float:
    """Return what building static synapses takes beyond what is held afterwards [bytes].

    The runs are laid out when no synapse is placed yet, and are gone when all are.
    """
    places = n_rows * (1 + max(int(onto.delays.max(initial=0)) for onto in rows))
    if places > max(SMALL_TABLE, MAX_PLACES_PER_SYNAPSE * n_synapses):
        laying_out, slots = LISTED * n_runs, SLOT * n_runs
    else:
        laying_out, slots = (COUNT + SLOT) * places, SLOT * places
    waiting = WAITING * min(MAX_WAITING, max(n_synapses / 8, MIN_WAITING))
    made = MADE * min(AT_ONCE, max(onto.n_synapses for onto in rows))
    return max(slots + waiting + made, laying_out + LAID * n_runs - held)


def is_drawn_on_arrival(pathway: Pathway) -> bool:
    """Return whether spikes of a pathway's sources are drawn as they arrive, without rows."""
    return pathway.is_drive and pathway.connections.constant_delay is not None


def _sizes(model: CellModel, every: Sequence[Onto]) -> dict[tuple[int, int], int]:
    """Return from how many cells projections come, by receptor type and population."""
    sizes: dict[tuple[int, int], int] = defaultdict(int)
    for onto in every:
        sources, receptor = onto.pathway.sources, onto.pathway.receptors[model]
        for first_gid, size in zip(sources.first_gids, sources.sizes, strict=True):
            sizes[receptor, first_gid] = max(sizes[receptor, first_gid], size)
    return sizes


def _have_weights(model: CellModel, every: Sequence[Onto]) -> list[bool]:
    """Return for each projection whether its rows hold a weight for each synapse."""
    keys = [
        [(onto.pathway.receptors[model], first) for first in onto.pathway.sources.first_gids]
        for onto in every
    ]
    weights: dict[tuple[int, int], set[float | None]] = defaultdict(set)
    for onto, each in zip(every, keys, strict=True):
        for key in each:
            weights[key].add(onto.pathway.connections.constant_weight)
    return [any(len(weights[key]) > 1 or None in weights[key] for key in each) for each in keys]


def _rows_and_runs(model: CellModel, every: Sequence[Onto]) -> tuple[float, float]:
    """Return how many rows and runs are expected.

    A source has no synapse with each of n targets with the same chance each; projections from the
    same cells, by the same receptor type, share rows and runs.
    """
    sizes = _sizes(model, every)
    # minus the logarithm of the chance that a source has no synapse of each delay
    by_source: dict[tuple[int, int], dict[int, float]] = {key: {} for key in sizes}
    one_to_one = 0.0
    for onto in every:
        if isinstance(onto.pathway.connections.rule, OneToOne):
            one_to_one += onto.n_synapses
            continue
        sources, receptor = onto.pathway.sources, onto.pathway.receptors[model]
        n_pairs = max(onto.n_targets, 1) * max(sum(sources.sizes), 1)
        delays, counts = np.unique(onto.delays, return_counts=True)
        chances = np.minimum(onto.n_synapses / n_pairs, 1.0) * counts / max(counts.sum(), 1)
        with np.errstate(divide="ignore"):
            exponents = -max(onto.n_targets, 1) * np.log1p(-chances)
        for first_gid, size in zip(sources.first_gids, sources.sizes, strict=True):
            known = by_source[receptor, first_gid]
            part = size / sizes[receptor, first_gid]
            for delay, exponent in zip(delays.tolist(), exponents.tolist(), strict=True):
                known[delay] = known.get(delay, 0.0) + part * exponent
    n_rows = n_runs = one_to_one
    for key, known in by_source.items():
        each = np.array(list(known.values()))
        n_rows += sizes[key] * -float(np.expm1(-each.sum()))
        n_runs += sizes[key] * -float(np.expm1(-each).sum())
    return n_rows, n_runs
