"""Static synapses that stay in a connectome when projections are added, or others change."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from distsim.kernels.arrays import Connectome
from distsim.kernels.kept import Dropped, count_kept
from distsim.models import CellModel
from distsim.network.pathways import Pathway

__all__ = ["Kept", "overlapping"]

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Kept:
    """What stays of a connectome.

    Attributes
    ----------
    connectome : Connectome
        The earlier one.
    n_local : int
        Cells that it was made for.
    pathways : sequence of Pathway
        Those whose synapses stay.
    dropped : Dropped
        The others.
    sizes : ndarray of int64, shape (n_runs,)
        How many synapses of each run stay.
    """

    connectome: Connectome
    n_local: int
    pathways: Sequence[Pathway]
    dropped: Dropped
    sizes: Integers

    @classmethod
    def of(
        cls,
        connectome: Connectome,
        n_local: int,
        pathways: Sequence[Pathway],
        dropped: Sequence[Pathway],
        model: CellModel,
    ) -> "Kept":
        """Return what stays of a connectome where the synapses of some pathways are dropped.

        No pathway that stays may overlap with one that is dropped.
        """
        are_targets = np.zeros((len(dropped), n_local), np.bool_)
        for k, pathway in enumerate(dropped):
            are_targets[k, _local(pathway, model)] = True
        rows = [model.receptor_rows[p.receptors[model]] for p in dropped]
        spans = [p.sources.span for p in dropped]
        gone = Dropped(
            receptors=np.array(rows, np.int64),
            firsts=np.array([first for first, _ in spans], np.int64),
            ends=np.array([end for _, end in spans], np.int64),
            are_targets=are_targets,
        )
        sizes = np.zeros(connectome.run_delay.size, np.int64)
        count_kept(connectome, n_local, gone, sizes)
        return cls(connectome, n_local, pathways, gone, sizes)

    @property
    def has_any(self) -> NDArray[np.bool_]:
        """Whether any synapse of each row stays."""
        ends = np.concatenate([[0], np.cumsum(self.sizes)])[self.connectome.row_start]
        return np.diff(ends) > 0


def overlapping(
    changed: Sequence[Pathway], others: Sequence[Pathway], model: CellModel
) -> list[Pathway]:
    """Return those of other pathways whose synapses cannot be told from those of changed ones.

    They may have the same sources, the same receptor and some of the same targets as one of
    these, or as one that is returned.

    Parameters
    ----------
    changed, others : sequence of Pathway
    model : CellModel
        Of the targets that are meant.
    """
    found: list[Pathway] = []
    waiting, rest = list(changed), list(others)
    while waiting and rest:
        pathway = waiting.pop()
        alike = [other for other in rest if _overlap(pathway, other, model)]
        rest = [other for other in rest if other not in alike]
        found += alike
        waiting += alike
    return found


def _overlap(pathway: Pathway, other: Pathway, model: CellModel) -> bool:
    """Return whether two pathways may have synapses from the same source onto the same target."""
    rows = model.receptor_rows
    if rows[pathway.receptors[model]] != rows[other.receptors[model]]:
        return False
    (first, end), (other_first, other_end) = pathway.sources.span, other.sources.span
    if end <= other_first or other_end <= first:
        return False
    mine, its = _local(pathway, model), _local(other, model)
    return bool(np.isin(mine, its, assume_unique=True, kind="table").any()) if mine.size else False


def _local(pathway: Pathway, model: CellModel) -> Integers:
    """Return the local indices of a pathway's targets."""
    lids = pathway.lids(model)
    return lids[lids >= 0]
