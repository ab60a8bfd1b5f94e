"""Rules that make each possible connection by chance, independently of the others."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.compiled import KEPT
from distsim.connectivity.dense import dense_rows
from distsim.connectivity.rows import Ints, Own, Rows, check_sizes, own_of
from distsim.errors import ConnectivityError
from distsim.partitioning.streams import Stream, fill_words

__all__ = ["DistanceProbability", "FixedProbability"]

_BLOCK_CANDIDATES = 2**20
_BUFFER_BLOCKS = 64


@dataclass(frozen=True)
class FixedProbability:
    """Each source to each target with the same probability.

    Parameters
    ----------
    n_pre, n_post : int
        Number of presynaptic, postsynaptic cells.
    p : float
        Probability of a connection, 0 to 1.
    stream : Stream
        Random numbers, by target.
    own : callable, optional
        ``own(targets)`` is the index of the same cell among the sources, or -1; it is left out.
    lower : bool
        Keep only pairs with source index > target index, so that no two cells of a population
        connect both ways.

    Raises
    ------
    ConnectivityError
        If the probability or a size is out of range.

    Notes
    -----
    The distance from one source to the next is geometrically distributed: one random number and
    one logarithm for each synapse, nothing for the pairs between.
    """

    n_pre: int
    n_post: int
    p: float
    stream: Stream
    own: Own | None = None
    lower: bool = False

    def __post_init__(self) -> None:
        check_sizes(self.n_pre, self.n_post)
        if not 0 <= self.p <= 1:
            raise ConnectivityError(
                f"connection probability {self.p}; give a number from 0 to 1", p=self.p
            )

    @property
    def mean_indegree(self) -> float:
        """Synapses per target; an upper estimate where pairs are left out."""
        return self.p * self.n_pre

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
        own = own_of(self.own, targets)
        indptr = np.zeros(targets.size + 1, np.int64)
        if self.p == 1:
            return dense_rows(self.n_pre, targets, own, self.lower)
        if self.p == 0:
            return Rows(indptr, np.empty(0, np.int32))
        firsts = np.minimum(targets + 1, self.n_pre) if self.lower else np.zeros_like(targets)
        expected = self.p * float((self.n_pre - firsts).sum())
        sources = np.empty(int(expected + 6 * math.sqrt(expected)) + 4 * _BUFFER_BLOCKS, np.int32)
        # the kernel stops where space may run out
        done = 0
        while True:
            done = _skip_along(
                self.stream, targets, firsts, own, (self.n_pre, self.p), done, (indptr, sources)
            )
            if done == targets.size:
                return Rows(indptr, sources[: indptr[-1]])
            sources = np.concatenate([sources, np.empty(sources.size // 2 + self.n_pre, np.int32)])


@dataclass(frozen=True)
class DistanceProbability:
    """Each source to each target with a probability of their own.

    Parameters
    ----------
    n_pre, n_post : int
        Number of presynaptic, postsynaptic cells.
    probability : callable
        ``probability(targets)`` is an array of shape (n_targets, n_pre); above 1 counts as 1.
    stream : Stream
        Random numbers, by target; one for each candidate.
    own : callable, optional
        ``own(targets)`` is the index of the same cell among the sources, or -1; it is left out.
    lower : bool
        Keep only pairs with source index > target index.

    Raises
    ------
    ConnectivityError
        If a size is out of range.
    """

    n_pre: int
    n_post: int
    probability: Callable[[Ints], NDArray[np.float64]]
    stream: Stream
    own: Own | None = None
    lower: bool = False

    def __post_init__(self) -> None:
        check_sizes(self.n_pre, self.n_post)

    @property
    def mean_indegree(self) -> float:
        """Candidates per target, an upper estimate of the synapses."""
        return float(self.n_pre)

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
            If the probabilities are not of shape (n_targets, n_pre), or not numbers.

        Notes
        -----
        Works through blocks of targets, so that memory stays bounded by the candidates of a block.
        """
        indptr = np.zeros(targets.size + 1, np.int64)
        parts = [np.empty(0, np.int32)]
        n_block = max(1, _BLOCK_CANDIDATES // max(self.n_pre, 1))
        for first in range(0, targets.size, n_block):
            block = targets[first : first + n_block]
            probabilities = self._probabilities(block)
            own = own_of(self.own, block)
            hits = np.empty(probabilities.size, np.int32)
            counts = indptr[first + 1 : first + 1 + block.size]
            n_hits = _try_each(self.stream, block, probabilities, own, self.lower, counts, hits)
            parts.append(hits[:n_hits].copy())
        np.cumsum(indptr, out=indptr)
        return Rows(indptr, np.concatenate(parts))

    def _probabilities(self, targets: Ints) -> NDArray[np.float64]:
        """Return the probabilities of some targets' candidates, checked."""
        given = np.ascontiguousarray(self.probability(targets), np.float64)
        if given.shape != (targets.size, self.n_pre):
            raise ConnectivityError(
                f"connection probabilities have shape {given.shape}; "
                f"return (n_targets, n_pre) = {(targets.size, self.n_pre)}",
                shape=given.shape,
            )
        wrong = np.argwhere(np.isnan(given))
        if wrong.size:
            source, target = int(wrong[0][1]), int(targets[wrong[0][0]])
            raise ConnectivityError(
                f"the connection probability from cell {source} to cell {target} is not a number; "
                "give one from 0 to 1",
                source=source,
                target=target,
            )
        return given


@njit(**KEPT)
def _skip_along(stream, targets, firsts, own, chance, done, rows):
    """Write rows from target number `done` on; return the number of the first without space."""
    n_pre, p = chance
    indptr, sources = rows
    words = np.empty(4 * _BUFFER_BLOCKS, np.uint32)
    scale = 1.0 / math.log1p(-p)
    n = indptr[done]
    for i in range(done, targets.size):
        candidate = firsts[i]
        # no literal, for which a version of its own would be compiled
        block = np.int64(0)
        while candidate < n_pre:
            # about as many words as the rest of the row takes
            expected = (n_pre - candidate) * p
            n_blocks = min(_BUFFER_BLOCKS, int(0.25 * expected + 0.5 * math.sqrt(expected)) + 1)
            if n + 4 * n_blocks > sources.size:
                return i
            fill_words(stream, targets[i], block, n_blocks, words)
            block += n_blocks
            for k in range(4 * n_blocks):
                skip = math.log((words[k] + 0.5) * 2.0**-32) * scale
                if skip >= n_pre - candidate:
                    candidate = n_pre
                    break
                candidate += int(skip)
                if candidate != own[i]:
                    sources[n] = candidate
                    n += 1
                candidate += 1
        indptr[i + 1] = n
    return targets.size


@njit(**KEPT)
def _try_each(stream, targets, probabilities, own, lower, counts, hits):
    """Write the sources whose random number is below their probability; return how many."""
    n_pre = probabilities.shape[1]
    words = np.empty(4 * _BUFFER_BLOCKS, np.uint32)
    n = 0
    for i in range(targets.size):
        row_start = n
        for start in range(0, n_pre, words.size):
            n_words = min(words.size, n_pre - start)
            fill_words(stream, targets[i], start // 4, (n_words + 3) // 4, words)
            for k in range(n_words):
                source = start + k
                is_hit = (words[k] + 0.5) * 2.0**-32 < probabilities[i, source]
                is_allowed = source != own[i] and (not lower or source > targets[i])
                hits[n] = source
                n += is_hit and is_allowed
        counts[i] = n - row_start
    return n
