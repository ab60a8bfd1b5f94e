"""Fixed numbers of connections, drawn from a seeded generator as PyNN's own connectors draw them.

PyNN leaves out the cell itself only between a population and itself, by its index, and takes no
notice of either flag where the total number is fixed. What the flags of the connector rule out is
drawn anew here, from another generator, so that all other connections stay those of PyNN.
"""

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN.random import RandomDistribution

from distsim.connectivity.fixed_number import check_candidates
from distsim.connectivity.rows import own_of
from distsim.pynn.simulator import state

__all__ = ["SeededDraws"]

logger = logging.getLogger(__name__)

Integers = NDArray[np.int64]


class SeededDraws:
    """What a connector with a seeded generator draws for a projection.

    Parameters
    ----------
    connector : RuleConnector
        With `n`, `rng`, `allow_self_connections` and `with_replacement`.
    projection : Projection
    """

    def __init__(self, connector: Any, projection: Any) -> None:
        self.connector = connector
        self.projection = projection
        self.n_pre, self.n_post = projection.shape
        self.rng = connector.rng
        self.with_replacement = connector.with_replacement
        # the only cells that PyNN leaves out
        self.pynn_excludes = (
            connector.allow_self_connections is not True and projection.pre == projection.post
        )
        self.own_sources = own_of(connector.own_sources(projection), np.arange(self.n_post))
        self.own_targets = own_of(connector.own_targets(projection), np.arange(self.n_pre))
        self.anew = np.random.default_rng([projection.number, *_words(self.rng.seed)])
        self._is_said = False

    def sources_of_targets(self) -> Iterator[Integers]:
        """Yield the sources of each target in turn, as many as the connector says.

        Raises
        ------
        ConnectivityError
            If a target shall have sources and there are none.
        """
        counts = self._counts(self.n_post)
        targets, n_candidates = np.arange(self.n_post), self.n_pre - (self.own_sources >= 0)
        check_candidates(counts, n_candidates, targets, "target")
        for target, n in enumerate(counts):
            yield self._chosen(int(n), self.n_pre, target, int(self.own_sources[target]))

    def sources_by_source(self) -> list[Integers]:
        """Return the sources of each target, where each source has a number of targets.

        Raises
        ------
        ConnectivityError
            If a source shall have targets and there are none.
        """
        n_candidates = self.n_post - (self.own_targets >= 0)
        each: list[Integers] = []
        for source in range(self.n_pre):
            # PyNN draws the numbers in between
            counts = self._counts(None)
            check_candidates(
                counts, n_candidates[source : source + 1], counts * 0 + source, "source"
            )
            own = int(self.own_targets[source])
            each.append(self._chosen(int(counts[0]), self.n_post, source, own))
        sources = np.repeat(np.arange(self.n_pre), [chosen.size for chosen in each])
        return self._by_target(sources, np.concatenate([np.zeros(0, np.int64), *each]))

    def sources_in_total(self, n: int) -> list[Integers]:
        """Return the sources of each target, where there are `n` connections in all.

        The connector's rule has checked that there can be so many.
        """
        # PyNN divides the number among processes, of which there is one
        RandomDistribution("binomial", (n, 1.0), rng=self.rng).next()
        sources, targets = np.zeros(n, np.int64), np.zeros(n, np.int64)
        bounds, all_targets = {"low": 0, "high": self.n_pre}, np.arange(self.n_post)
        for k in range(n):
            sources[k] = self.rng.next(1, "uniform_int", bounds, mask=None)[0]
            targets[k] = self.rng.choice(all_targets, size=1)[0]
        self._mend_pairs(sources, targets)
        return self._by_target(sources, targets)

    def _counts(self, size: int | None) -> Integers:
        """Return the numbers of connections of some cells, or of the next."""
        n = self.connector.n
        if isinstance(n, RandomDistribution):
            return np.rint(np.atleast_1d(n.next(size))).astype(np.int64)
        return np.full(size or 1, n, np.int64)

    def _by_target(self, sources: Integers, targets: Integers) -> list[Integers]:
        """Return the sources of each target, in the order given."""
        order = np.argsort(targets, kind="stable")
        bounds = np.searchsorted(targets[order], np.arange(1, self.n_post))
        return np.split(sources[order], bounds) if self.n_post else []

    # --- the cells of one row ------------------------------------------------------------------

    def _chosen(self, n: int, size: int, cell: int, own: int) -> Integers:
        """Return `n` of `size` cells for a cell, whose own index among them is `own` or -1."""
        left_out = cell if self.pynn_excludes else -1
        if self.with_replacement:
            chosen = self._with_replacement(n, size, left_out)
        else:
            chosen = self._without_replacement(n, size, left_out)
        return self._without_own(chosen, size, own)

    def _with_replacement(self, n: int, size: int, left_out: int) -> Integers:
        bounds = {"low": 0, "high": size}
        chosen = np.asarray(self.rng.next(n, "uniform_int", bounds, mask=None), np.int64)
        again = np.nonzero(chosen == left_out)[0]
        while again.size:
            chosen[again] = self.rng.next(again.size, "uniform_int", bounds, mask=None)
            places = np.nonzero(chosen == left_out)[0]
            # PyNN's choice of places, where that is one
            again = again[places] if places.max(initial=-1) < again.size else places
        return chosen

    def _without_replacement(self, n: int, size: int, left_out: int) -> Integers:
        cells = np.arange(size)
        cells = cells[cells != left_out]
        n_full, n_rest = divmod(n, max(cells.size, 1))
        rest = [self.rng.permutation(cells)[:n_rest]] if n_rest else []
        return np.concatenate([np.zeros(0, np.int64), *([cells] * n_full), *rest])

    def _without_own(self, chosen: Integers, size: int, own: int) -> Integers:
        """Put other cells in the place of the cell itself."""
        is_own = chosen == own
        if not is_own.any():
            return chosen
        self._say()
        others = np.delete(np.arange(size), own)
        n_new = int(is_own.sum())
        if self.with_replacement:
            chosen[is_own] = self.anew.choice(others, n_new)
            return chosen
        # all candidates as often as they fit, before one is taken once more
        counts = np.bincount(chosen, minlength=size)[others]
        n_full = chosen.size // others.size
        lacking = np.repeat(others, np.maximum(n_full - counts, 0))
        rest = self.anew.choice(others[counts <= n_full], n_new - lacking.size, replace=False)
        chosen[is_own] = np.concatenate([lacking, rest])
        return chosen

    # --- pairs ---------------------------------------------------------------------------------

    def _mend_pairs(self, sources: Integers, targets: Integers) -> None:
        """Draw anew, in place, the pairs that the flags rule out."""
        is_wrong = self.own_sources[targets] == sources
        pairs = sources * self.n_post + targets
        if not self.with_replacement:
            is_again = np.ones(pairs.size, np.bool_)
            is_again[np.unique(pairs, return_index=True)[1]] = False
            is_wrong |= is_again
        n_new = int(is_wrong.sum())
        if n_new:
            self._say()
            new = self._other_pairs(n_new, pairs[~is_wrong])
            sources[is_wrong], targets[is_wrong] = np.divmod(new, self.n_post)

    def _other_pairs(self, n: int, taken: Integers) -> Integers:
        """Return pairs of cells, numbered, which the flags allow beside those taken."""
        n_pairs = self.n_pre * self.n_post
        has_own = np.nonzero(self.own_sources >= 0)[0]
        excluded = set((self.own_sources[has_own] * self.n_post + has_own).tolist())
        if not self.with_replacement:
            excluded.update(taken.tolist())
            if 2 * (len(excluded) + n) > n_pairs:
                free = np.setdiff1d(np.arange(n_pairs), np.fromiter(excluded, np.int64))
                return np.asarray(self.anew.choice(free, n, replace=False), np.int64)
        new: list[int] = []
        while len(new) < n:
            pair = int(self.anew.integers(n_pairs))
            if pair not in excluded:
                new.append(pair)
                if not self.with_replacement:
                    excluded.add(pair)
        return np.array(new, np.int64)

    def _say(self) -> None:
        """Write to the log, once and on rank 0, that not all draws are PyNN's."""
        if not self._is_said and state.rank == 0:
            connector = self.connector
            logger.warning(
                "%s of projection '%s': with this generator PyNN makes connections that "
                "allow_self_connections=%r, with_replacement=%r rule out; those are drawn anew, "
                "and differ from PyNN's",
                type(connector).__name__,
                self.projection.label,
                connector.allow_self_connections,
                connector.with_replacement,
            )
        self._is_said = True


def _words(seed: Any) -> list[int]:
    """Return a seed as numbers from 0 on."""
    return [int(word) % 2**64 for word in np.ravel(seed)]
