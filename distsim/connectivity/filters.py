"""Rules made of other rules, some of whose connections they leave out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from distsim.connectivity.rows import Ints, Own, Rows, Rule

__all__ = ["OneWay", "PairsOnce"]


@dataclass(frozen=True, eq=False)
class _OfRule:
    """A rule that leaves out some of the connections of another.

    Parameters
    ----------
    rule : Rule
    """

    rule: Rule

    @property
    def n_pre(self) -> int:
        """Number of presynaptic cells."""
        return self.rule.n_pre

    @property
    def n_post(self) -> int:
        """Number of postsynaptic cells."""
        return self.rule.n_post

    @property
    def mean_indegree(self) -> float:
        """Synapses per target, an upper estimate."""
        return self.rule.mean_indegree

    @property
    def min_chunk(self) -> int:
        """Synapses to ask for at once."""
        return int(getattr(self.rule, "min_chunk", 0))


@dataclass(frozen=True, eq=False)
class OneWay(_OfRule):
    """One of the two connections between cells that are on both sides.

    That is the one whose source comes later among the sources than its target does.

    Parameters
    ----------
    rule : Rule
        Not a list of the user's, whose entries would be lost.
    own : callable
        ``own(targets)`` is the index of the same cell among the sources, or -1.
    own_source : callable
        ``own_source(sources)`` is the index of the same cell among the targets, or -1.
    """

    own: Own
    own_source: Own

    def rows(self, targets: Ints) -> Rows:
        """Return the connections of some targets.

        Parameters
        ----------
        targets : ndarray of int64, shape (n_targets,)
            Indices of postsynaptic cells, ascending.

        Returns
        -------
        Rows
        """
        rows = self.rule.rows(targets)
        own = np.repeat(self.own(targets), np.diff(rows.indptr))
        is_on_one_side = (own < 0) | (self.own_source(rows.sources.astype(np.int64)) < 0)
        return _chosen(rows, is_on_one_side | (rows.sources > own))


@dataclass(frozen=True, eq=False)
class PairsOnce(_OfRule):
    """The pairs of cells that another rule connects, each once.

    Parameters
    ----------
    rule : Rule
    """

    def rows(self, targets: Ints) -> Rows:
        """Return the connections of some targets; sources ascend in each row.

        Parameters
        ----------
        targets : ndarray of int64, shape (n_targets,)
            Indices of postsynaptic cells, ascending.

        Returns
        -------
        Rows
        """
        rows = self.rule.rows(targets)
        n_row = np.diff(rows.indptr)
        place = np.repeat(np.arange(targets.size), n_row)
        sources = rows.sources
        if not _ascends(place, sources):
            sources = sources[np.lexsort((sources, place))]
        is_new = np.ones(sources.size, np.bool_)
        is_new[1:] = (np.diff(sources) != 0) | (np.diff(place) != 0)
        return _chosen(Rows(rows.indptr, sources), is_new)


def _ascends(place: Ints, sources: NDArray[np.integer]) -> bool:
    """Return whether sources ascend, or stay, within each row."""
    return bool(((np.diff(sources) >= 0) | (np.diff(place) > 0)).all())


def _chosen(rows: Rows, is_chosen: NDArray[np.bool_]) -> Rows:
    """Return the chosen connections of some rows."""
    before = np.concatenate([[0], np.cumsum(is_chosen)])
    return Rows(before[rows.indptr].astype(np.int64), rows.sources[is_chosen])
