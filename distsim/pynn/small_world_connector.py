"""The connector of small worlds."""

from typing import Any

import numpy as np
import pyNN.connectors
from numpy.typing import NDArray

from distsim.comm.owners import send_rows
from distsim.comm.world import world
from distsim.connectivity import Listed, Neighbours, PairsOnce, Rule, SmallWorld
from distsim.errors import ParameterError
from distsim.pynn.random_numbers import NativeRNG
from distsim.pynn.rule_connector import RuleConnector
from distsim.pynn.shared_rows import ranks_of
from distsim.pynn.simulator import state

__all__ = ["SmallWorldConnector"]


class SmallWorldConnector(RuleConnector, pyNN.connectors.SmallWorldConnector):
    """Make a small world: connections to near cells, some of which lead anywhere [1]_.

    Each source is first connected to all targets at a distance below `degree`, as the projection's
    `space` measures it. Then each connection is moved with probability `rewiring`: it keeps its
    source, and its new target is drawn, with equal probabilities, among all that the source is not
    connected to, places that were left included. So each source keeps its number of connections,
    no pair is connected twice, and with ``rewiring=1`` the targets of each source are a random
    sample of all.

    Watts and Strogatz's ring of N cells, each with k neighbours, is a population of N cells on a
    ``Line()``, ``degree=k / 2 + 1`` and ``Space("x", periodic_boundaries=((0, N), None, None))``;
    a ``Grid2D()`` or ``Grid3D()`` gives a lattice of more dimensions. Their edges have no
    direction: ``allow_self_connections="NoMutual"`` gives one connection for each edge, while
    ``False`` gives both, each moved by itself.

    Parameters
    ----------
    degree : float
        Distance within which cells are connected, this itself excluded.
    rewiring : float
        Probability that a connection is moved, 0 to 1.
    allow_self_connections : bool or 'NoMutual'
        Whether a cell, which is at a distance of 0, is connected to itself. 'NoMutual', of a group
        of cells to itself: of two cells only one may connect to the other, the later one if both
        indices are even or both odd, else the earlier one.
    n_connections : int, optional
        The largest number of connections of a source: of more near targets it takes so many at
        random, before any is moved.
    rng : pyNN.random.AbstractRNG, optional
        Its seed is used, if it has one, and none of its numbers; default: that of `setup()`.

    Notes
    -----
    Each rank makes the connections of a part of the sources, and sends them to the ranks of their
    targets. It needs the coordinates of all cells while it does.

    References
    ----------
    .. [1] D. J. Watts and S. H. Strogatz, "Collective dynamics of 'small-world' networks", Nature
       393, 440-442 (1998).
    """

    degree: float

    def __init__(self, degree: Any, *args: Any, **kwargs: Any) -> None:
        self.degree = degree
        super().__init__(degree, *args, **kwargs)

    def _complete(self) -> None:
        if not hasattr(self, "degree"):  # of PyNN's own, which keeps it there alone
            self.degree = float(self.d_expression.removeprefix("d < "))
        super()._complete()
        if self.rng.seed is not None:
            self.rng = NativeRNG(seed=int(self.rng.seed))

    def _check(self) -> None:
        if not 0 <= self.degree < np.inf:
            raise ParameterError(
                f"degree = {self.degree} of SmallWorldConnector; give a distance, 0 or more",
                name="degree",
                value=self.degree,
            )
        n = self.n_connections
        if n is not None and not (isinstance(n, int) and n >= 0):
            raise ParameterError(
                f"n_connections = {n!r} of SmallWorldConnector; give a whole number, 0 or more, or "
                "None for no limit",
                name="n_connections",
                value=n,
            )

    def rule(self, projection: Any) -> Rule:
        """Return this rank's part of the network; every rank must call it."""
        n_pre, n_post = projection.shape
        targets = projection.post.local_positions
        with state.together():
            network = self._network(projection)
        # as many calls on every rank
        n_each = -(-n_pre // state.n_ranks)
        first = state.rank * n_each
        parts = [np.zeros((0, 2), np.int64)]
        for low in range(first, first + n_each, _N_SOURCES):
            high = min(low + _N_SOURCES, first + n_each, n_pre)
            with state.together():
                pairs = _pairs(network, np.arange(low, high))
            parts.append(send_rows(world(), pairs, ranks_of(projection.post, pairs[:, 1])))
        pairs = np.concatenate(parts)
        return PairsOnce(Listed(n_pre, n_post, pairs[:, 0], pairs[:, 1], only=targets))

    def whole_rule(self, projection: Any) -> Rule:
        """Return the rule that makes the connections onto all cells, on every rank."""
        pairs = _pairs(self._network(projection), np.arange(projection.pre.size))
        return PairsOnce(
            Listed(projection.pre.size, projection.post.size, pairs[:, 0], pairs[:, 1])
        )

    def _network(self, projection: Any) -> SmallWorld:
        is_one_way = self.allow_self_connections == "NoMutual"
        if is_one_way and not self.is_lower(projection):
            raise NotImplementedError(
                "allow_self_connections='NoMutual' of SmallWorldConnector between "
                f"'{projection.pre.label}' and '{projection.post.label}'; connect a population, "
                "view or assembly to itself"
            )
        return SmallWorld(
            projection.post.size,
            Neighbours(projection.distances, float(self.degree)),
            self.rewiring,
            self.stream(projection),
            own=self.own_targets(projection),
            is_one_way=is_one_way,
            n_connections=self.n_connections,
        )


# of which a rank makes the connections at once
_N_SOURCES = 2**15


def _pairs(network: SmallWorld, sources: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return source and target of all connections of some sources, shape (n, 2)."""
    indptr, targets = network.targets_of(sources)
    return np.stack([np.repeat(sources, np.diff(indptr)), targets], axis=1)
