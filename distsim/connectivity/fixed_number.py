"""Rules with a fixed number of connections: for each target, for each source, or in all.

*With replacement* every connection is drawn from all candidates, so that a pair can be connected
more than once. *Without replacement*, as in PyNN, no candidate of a cell is taken again before all
are: a number above that of the candidates means all of them as often as they fit, and a sample
without replacement for the rest. A number in all must not be above that of the pairs then.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.connectivity.rows import (
    Ints,
    Number,
    Own,
    Rows,
    check_sizes,
    counts_of,
    empty_rows,
    mean_count,
    own_of,
)
from distsim.connectivity.sampling import draw_with_replacement, draw_without_replacement
from distsim.connectivity.trees import (
    Outdegrees,
    Sizes,
    Synapses,
    divide_outdegrees,
    divide_total,
    group,
)
from distsim.errors import ConnectivityError
from distsim.partitioning.streams import Purpose, Stream

__all__ = ["FixedNumberPost", "FixedNumberPre", "FixedTotalNumber", "check_candidates"]

_OWN_BLOCK = 2**16


@dataclass(frozen=True)
class FixedNumberPre:
    """For each target a fixed number of sources.

    Parameters
    ----------
    n_pre, n_post : int
        Number of presynaptic, postsynaptic cells.
    n : int or callable
        Sources of each target; or ``n(targets)``, one number for each.
    with_replacement : bool
        Whether a source can be drawn again.
    stream : Stream
        Random numbers, by target.
    own : callable, optional
        ``own(targets)`` is the index of the same cell among the sources, or -1; it is left out.

    Raises
    ------
    ConnectivityError
        If a number is out of range, or there are no candidates.
    """

    n_pre: int
    n_post: int
    n: Number
    with_replacement: bool
    stream: Stream
    own: Own | None = None

    def __post_init__(self) -> None:
        check_sizes(self.n_pre, self.n_post)
        _check_number(self.n)

    @cached_property
    def mean_indegree(self) -> float:
        """Synapses per target; an estimate where they differ."""
        return mean_count(self.n, self.n_post)

    def rows(self, targets: Ints) -> Rows:
        """Return the connections of some targets, in the order of drawing.

        Parameters
        ----------
        targets : ndarray of int64, shape (n_targets,)
            Indices of postsynaptic cells, ascending.

        Returns
        -------
        Rows

        Raises
        ------
        ConnectivityError
            If a number is negative, or there are no candidates.
        """
        own = own_of(self.own, targets)
        counts = counts_of(self.n, targets)
        check_candidates(counts, self.n_pre - (own >= 0), targets, "target")
        return _sampled_rows(self, targets, own, counts)


@dataclass(frozen=True)
class FixedNumberPost:
    """For each source a fixed number of targets.

    Parameters
    ----------
    n_pre, n_post : int
        Number of presynaptic, postsynaptic cells.
    n : int or callable
        Targets of each source; or ``n(sources)``, one number for each.
    with_replacement : bool
        Whether a target can be drawn again.
    stream : Stream
        Random numbers, by source.
    own_source : callable, optional
        ``own_source(sources)`` is the index of the same cell among the targets, or -1; it is left
        out.

    Raises
    ------
    ConnectivityError
        If a number is out of range, or there are no candidates.

    Notes
    -----
    A call costs O(n_pre log n_post) beside the synapses, so ask for many targets at once: at least
    `min_chunk` synapses.
    """

    n_pre: int
    n_post: int
    n: Number
    with_replacement: bool
    stream: Stream
    own_source: Own | None = None

    def __post_init__(self) -> None:
        check_sizes(self.n_pre, self.n_post)
        _check_number(self.n)

    @cached_property
    def mean_indegree(self) -> float:
        """Synapses per target; an estimate where the sources' numbers differ."""
        return mean_count(self.n, self.n_pre) * self.n_pre / max(self.n_post, 1)

    @property
    def min_chunk(self) -> int:
        """Synapses to ask for at once, lest visiting all sources costs more than the synapses."""
        return min(16 * self.n_pre, 2**23)

    def rows(self, targets: Ints) -> Rows:
        """Return the connections of some targets; sources ascend in each row.

        Parameters
        ----------
        targets : ndarray of int64, shape (n_targets,)
            Indices of postsynaptic cells, ascending.

        Returns
        -------
        Rows

        Raises
        ------
        ConnectivityError
            If a number is negative, or there are no candidates.
        """
        outdegrees = self._outdegrees
        targets = np.ascontiguousarray(targets, np.int64)
        streams = (self.stream.for_purpose(Purpose.TREE), self.stream)
        expected = float(outdegrees.counts.sum()) * targets.size / max(self.n_post, 1)
        synapses = _room_for(expected + 6 * math.sqrt(expected), outdegrees)
        done, n = 0, 0
        while True:
            done, n = divide_outdegrees(streams, outdegrees, targets, (done, n), synapses)
            if done == self.n_pre:
                break
            more = _room_for(synapses.sources.size / 2, outdegrees)
            synapses = Synapses(
                np.concatenate([synapses.positions, more.positions]),
                np.concatenate([synapses.sources, more.sources]),
            )
        indptr, sources = np.zeros(targets.size + 1, np.int64), np.empty(n, np.int32)
        group(synapses.positions[:n], synapses.sources[:n], indptr, sources)
        return Rows(indptr, sources)

    @cached_property
    def _outdegrees(self) -> Outdegrees:
        """Number of targets of every source, O(n_pre)."""
        sources = np.arange(self.n_pre)
        own = own_of(self.own_source, sources)
        counts = counts_of(self.n, sources)
        check_candidates(counts, self.n_post - (own >= 0), sources, "source")
        return Outdegrees(counts, own, self.n_post, self.with_replacement)


@dataclass(frozen=True)
class FixedTotalNumber:
    """A fixed number of connections in all.

    Parameters
    ----------
    n_pre, n_post : int
        Number of presynaptic, postsynaptic cells.
    n : int
        Number of synapses.
    with_replacement : bool
        Whether a pair can be drawn again.
    stream : Stream
        Random numbers, by target and by node of the tree.
    own : callable, optional
        ``own(targets)`` is the index of the same cell among the sources, or -1; it is left out.

    Raises
    ------
    ConnectivityError
        If a number is out of range, or above that of the pairs: of 0, or without replacement.

    Notes
    -----
    With `own`, where only a part of the targets are among the sources, every rank holds a number
    for each target while the rule exists, O(n_post).
    """

    n_pre: int
    n_post: int
    n: int
    with_replacement: bool
    stream: Stream
    own: Own | None = None

    def __post_init__(self) -> None:
        check_sizes(self.n_pre, self.n_post)
        _check_number(self.n)
        # there are at least so many pairs, most often enough not to count them
        n_least = self.n_pre * self.n_post - min(self.n_pre, self.n_post)
        if self.n <= n_least or (self.with_replacement and n_least > 0):
            return
        _, n_pairs = self._sizes
        if self.n > n_pairs and not (self.with_replacement and n_pairs > 0):
            raise ConnectivityError(
                f"n = {self.n} connections between {self.n_pre} and {self.n_post} cells, of which "
                f"{n_pairs} pairs may be connected; lower n, or allow self connections or "
                "replacement",
                n=self.n,
            )

    @property
    def mean_indegree(self) -> float:
        """Synapses per target."""
        return self.n / max(self.n_post, 1)

    def rows(self, targets: Ints) -> Rows:
        """Return the connections of some targets, in the order of drawing.

        Parameters
        ----------
        targets : ndarray of int64, shape (n_targets,)
            Indices of postsynaptic cells, ascending.

        Returns
        -------
        Rows
        """
        targets = np.ascontiguousarray(targets, np.int64)
        own = own_of(self.own, targets)
        sizes, _ = self._sizes
        counts = np.zeros(targets.size, np.int64)
        tree = self.stream.for_purpose(Purpose.TREE)
        divide_total(tree, self.n, sizes, targets, self.with_replacement, counts)
        return _sampled_rows(self, targets, own, counts)

    @cached_property
    def _sizes(self) -> tuple[Sizes, int]:
        """Candidates of each target, and of all."""
        none = np.empty(0, np.int32)
        has_own = [
            own_of(self.own, np.arange(first, min(first + _OWN_BLOCK, self.n_post))) >= 0
            for first in range(0, self.n_post if self.own else 0, _OWN_BLOCK)
        ]
        n_excluded = sum(int(block.sum()) for block in has_own)
        n_pairs = self.n_pre * self.n_post - n_excluded
        if n_excluded == 0:
            return Sizes(self.n_post, self.n_pre, none), n_pairs
        if n_excluded == self.n_post:
            return Sizes(self.n_post, self.n_pre - 1, none), n_pairs
        excluded = np.concatenate([[0], np.cumsum(np.concatenate(has_own))]).astype(np.int32)
        return Sizes(self.n_post, self.n_pre, excluded), n_pairs


def check_candidates(counts: Ints, n_candidates: NDArray[Any], cells: Ints, side: str) -> None:
    """Check that every cell that shall have connections has something to connect to.

    Parameters
    ----------
    counts, n_candidates : ndarray of int64, shape (n_cells,)
        Connections wanted, and cells that each may be connected to.
    cells : ndarray of int64, shape (n_cells,)
        Their indices.
    side : {'source', 'target'}

    Raises
    ------
    ConnectivityError
        If a cell shall have connections and there are no candidates.
    """
    wrong = np.flatnonzero((counts > 0) & (n_candidates == 0))
    if wrong.size:
        cell, n = int(cells[wrong[0]]), int(counts[wrong[0]])
        raise ConnectivityError(
            f"n = {n} connections for {side} {cell}, which has no other cell to connect to; "
            "set n to 0, or allow self connections",
            n=n,
            cell=cell,
        )


def _sampled_rows(
    rule: FixedNumberPre | FixedTotalNumber, targets: Ints, own: Ints, counts: Ints
) -> Rows:
    """Return rows of the given lengths, drawn from the candidates of each target."""
    rows = empty_rows(counts)
    draw: Any = draw_with_replacement if rule.with_replacement else draw_without_replacement
    draw(rule.stream, targets, own, rule.n_pre, rows.indptr, rows.sources)
    return rows


def _room_for(n: float, outdegrees: Outdegrees) -> Synapses:
    """Return room for `n` synapses, and those of the source with the most."""
    capacity = int(n) + int(outdegrees.counts.max(initial=0)) + 1
    return Synapses(np.empty(capacity, np.int32), np.empty(capacity, np.int32))


def _check_number(n: Number) -> None:
    """Raise unless the number, if it is one, is a possible count."""
    if not callable(n) and (n < 0 or n != int(n)):
        raise ConnectivityError(f"n = {n} connections; give a whole number, 0 or more", n=n)
