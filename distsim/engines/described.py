"""Synapses as another simulator is given them: arrays, from what was described of a pathway."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.connectivity import Chunk
from distsim.models import CellModel
from distsim.models.functions import argument_names
from distsim.network.blocks import CellBlock
from distsim.network.pathways import Pathway
from distsim.network.poisson import is_source

__all__ = [
    "DynamicSynapses",
    "Note",
    "Synapses",
    "dynamic_synapses",
    "noted",
    "places_of",
    "synapses_of",
]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

# where a synapse takes a time constant from its target, by receptor type
TIME_CONSTANTS = {"excitatory": "tau_syn_E", "inhibitory": "tau_syn_I"}


class Synapses(NamedTuple):
    """Some synapses onto cells of this rank.

    Attributes
    ----------
    sources, targets : ndarray of int64, shape (n,)
        gids.
    weights : ndarray of float64, shape (n,)
        [nA, uS or mV]; static ones rounded to 32 bits, as the native engine holds them.
    delays : ndarray of int64, shape (n,)
        [steps]
    """

    sources: Integers
    targets: Integers
    weights: Floats
    delays: Integers


class DynamicSynapses(NamedTuple):
    """All synapses of a pathway, of a model with variables, onto this rank's cells of a model.

    Attributes
    ----------
    pathway : Pathway
    model : CellModel
    receptor : int
    synapses : Synapses
        In the order of the pathway's connections.
    values : mapping of str to float or ndarray of float64, shape (n,)
        Parameters, one number where all have the same; 'tau_psc' [ms], the time constant of the
        target's receptor type, where the synapse model takes it.
    """

    pathway: Pathway
    model: CellModel
    receptor: int
    synapses: Synapses
    values: Mapping[str, float | Floats]

    @property
    def dendritic(self) -> Integers:
        """The dendritic parts of the delays [steps]."""
        # to the nearest step, halves into the dendrite
        parts = np.floor(self.pathway.dendritic_fraction * self.synapses.delays + 0.5)
        return parts.astype(np.int64)


class Note(NamedTuple):
    """What building needs to know of some synapses."""

    n_synapses: int
    shortest: int
    longest: int
    drawn_sources: Integers


def noted(synapses: Synapses, drawn_ranges: list[tuple[int, int]]) -> Note:
    """Return what building needs to know of synapses.

    Parameters
    ----------
    synapses : Synapses
    drawn_ranges : list of (first gid, end gid)
        The populations whose spikes are drawn where they are heard.
    """
    delays = synapses.delays
    is_drawn = is_source(synapses.sources, drawn_ranges)
    return Note(
        delays.size,
        int(delays.min(initial=2**30)),
        int(delays.max(initial=0)),
        np.unique(synapses.sources[is_drawn]),
    )


def synapses_of(
    chunk: Chunk,
    is_here: NDArray[np.bool_],
    lids: Integers,
    gids: Integers,
    pathway: Pathway,
    dt: float,
) -> Synapses:
    """Return those synapses of a chunk that are onto this rank's cells of a model."""
    shape = chunk.target_positions.shape
    kind = np.float32 if pathway.synapse.is_static else np.float64
    weights = np.broadcast_to(np.asarray(chunk.weights, kind), shape)
    delays = np.rint(np.broadcast_to(chunk.delays, shape) / dt).astype(np.int64)
    return Synapses(
        pathway.sources.gids(chunk.sources)[is_here],
        gids[lids[chunk.target_positions[is_here]]],
        weights.astype(np.float64)[is_here],
        np.maximum(delays, 1)[is_here],
    )


def dynamic_synapses(
    model: CellModel, pathway: Pathway, gids: Integers, blocks: Sequence[CellBlock], dt: float
) -> DynamicSynapses:
    """Return all synapses of a pathway with variables onto this rank's cells of a model.

    Parameters
    ----------
    model : CellModel
    pathway : Pathway
    gids : ndarray of int64
        Of the cells of the model, by their local indices.
    blocks : sequence of CellBlock
        All of this rank, in the order of local indices.
    dt : float
        [ms]
    """
    lids, receptor = pathway.lids(model), pathway.receptors[model]
    parts = [Synapses(*(np.zeros(0, kind) for kind in "qqdq"))]
    columns: dict[str, list[Any]] = {name: [] for name in pathway.connections.parameters}
    for chunk in pathway.chunks():
        is_here = lids[chunk.target_positions] >= 0
        parts.append(synapses_of(chunk, is_here, lids, gids, pathway, dt))
        for name, given in chunk.parameters.items():
            is_one = np.ndim(given) == 0
            columns[name].append(given if is_one else np.asarray(given)[is_here])
    synapses = Synapses(*map(np.concatenate, zip(*parts, strict=True)))
    sizes = [part.sources.size for part in parts[1:]]
    values = {name: _joined(column, sizes) for name, column in columns.items()}
    functions = pathway.synapse.functions.values()
    if any("tau_psc" in argument_names(given.function) for given in functions):
        values["tau_psc"] = _time_constants(model, receptor, gids, blocks, synapses.targets)
    return DynamicSynapses(pathway, model, receptor, synapses, values)


def _time_constants(
    model: CellModel,
    receptor: int,
    gids: Integers,
    blocks: Sequence[CellBlock],
    targets: Integers,
) -> Floats:
    """Return the time constant of a receptor type of some cells of a model, 0 without one."""
    kind = model.receptors[receptor].name
    name = TIME_CONSTANTS.get(kind, f"{kind}.tau_syn")
    each = [
        block.parameters.get(name, np.zeros(block.n_local))
        for block in blocks
        if block.model is model
    ]
    order = np.argsort(gids)
    constants: Floats = np.concatenate(each)[order[np.searchsorted(gids[order], targets)]]
    return constants


def places_of(
    dynamic: DynamicSynapses, changes: Mapping[str, set[int] | None]
) -> dict[str, Integers | None]:
    """Return which of the synapses onto cells of a model were set, by name; None: all."""
    is_here = dynamic.pathway.are_onto(dynamic.model)
    place = np.cumsum(is_here) - 1
    chosen: dict[str, Integers | None] = {}
    for name, places in changes.items():
        if places is None:
            chosen[name] = None
        else:
            each = np.array(sorted(places), np.int64)
            chosen[name] = place[each[is_here[each]]]
    return chosen


def _joined(parts: list[Any], sizes: list[int]) -> Any:
    """Return values of chunks as one number if they are, else as an array."""
    if all(np.ndim(part) == 0 for part in parts) and len({float(part) for part in parts}) == 1:
        return float(parts[0])
    each = [np.broadcast_to(part, size) for part, size in zip(parts, sizes, strict=True)]
    return np.concatenate([np.zeros(0), *each])
