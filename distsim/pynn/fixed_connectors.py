"""Connectors of fixed probability or number, and those without chance."""

from typing import Any

import numpy as np
import pyNN.connectors
from pyNN.random import RandomDistribution

from distsim.connectivity import (
    AllToAll,
    DrawnNumbers,
    FixedNumberPost,
    FixedNumberPre,
    FixedProbability,
    FixedTotalNumber,
    OneToOne,
    Rule,
)
from distsim.errors import ParameterError
from distsim.partitioning.streams import Purpose
from distsim.pynn.rule_connector import RuleConnector
from distsim.pynn.seeded_draws import SeededDraws
from distsim.pynn.simulator import state

__all__ = [
    "AllToAllConnector",
    "FixedNumberPostConnector",
    "FixedNumberPreConnector",
    "FixedProbabilityConnector",
    "FixedTotalNumberConnector",
    "OneToOneConnector",
]


class AllToAllConnector(RuleConnector, pyNN.connectors.AllToAllConnector):
    """Connect all sources to all targets.

    Parameters
    ----------
    allow_self_connections : bool or 'NoMutual'
        Whether a cell may connect to itself; or whether of two cells only one connects to the
        other.
    """

    def __init__(self, allow_self_connections: bool | str = True, **kwargs: Any) -> None:
        # PyNN's constructor refuses what its method to connect is ready for
        is_one_way = allow_self_connections == "NoMutual"
        super().__init__(True if is_one_way else allow_self_connections, **kwargs)
        self.allow_self_connections = allow_self_connections

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""
        rule = AllToAll(
            projection.pre.size,
            projection.post.size,
            own=self.own_sources(projection),
            lower=self.is_lower(projection),
        )
        return self.one_way(projection, rule)


class OneToOneConnector(RuleConnector, pyNN.connectors.OneToOneConnector):
    """Connect source i to target i, for all i."""

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""
        return OneToOne(projection.pre.size, projection.post.size)


class FixedProbabilityConnector(RuleConnector, pyNN.connectors.FixedProbabilityConnector):
    """Connect each pair of cells with the same probability.

    Parameters
    ----------
    p_connect : float
    allow_self_connections : bool or 'NoMutual'
    rng : pyNN.random.AbstractRNG, optional
        Default: rank-local streams.
    """

    def _check(self) -> None:
        if not 0 <= self.p_connect <= 1:
            raise ParameterError(
                f"p_connect = {self.p_connect:g} of FixedProbabilityConnector must be from 0 to 1",
                name="p_connect",
                value=self.p_connect,
            )

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""
        rule = FixedProbability(
            projection.pre.size,
            projection.post.size,
            p=self.p_connect,
            stream=self.stream(projection),
            own=self.own_sources(projection),
            lower=self.is_lower(projection),
        )
        return self.one_way(projection, rule)


class _FixedNumber(RuleConnector):
    """What the connectors with a number of connections have in common."""

    def _check(self) -> None:
        if self.allow_self_connections == "NoMutual":
            raise NotImplementedError(
                f"allow_self_connections='NoMutual' of {type(self).__name__}: the number of "
                "connections of a cell leaves none to be left out. PyNN's own back ends take it "
                "for True, and make mutual and self-connections; give True or False"
            )

    def _numbers(self, projection: Any) -> Any:
        """Return `n`, or the function that draws it for each cell."""
        n = self.n
        if not isinstance(n, RandomDistribution):
            return int(n)
        stream = state.stream(Purpose.INDEGREE, projection.number, seed=n.rng.seed)
        return DrawnNumbers(n.name, n.parameters, stream)


class FixedNumberPreConnector(_FixedNumber, pyNN.connectors.FixedNumberPreConnector):
    """Connect each target to `n` sources taken at random.

    Parameters
    ----------
    n : int or RandomDistribution
    allow_self_connections, with_replacement : bool
    rng : pyNN.random.AbstractRNG, optional
        Default: rank-local streams.
    """

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""
        return FixedNumberPre(
            projection.pre.size,
            projection.post.size,
            n=self._numbers(projection),
            with_replacement=self.with_replacement,
            stream=self.stream(projection),
            own=self.own_sources(projection),
        )

    def _draw_as_pynn(self, projection: Any) -> None:
        draws = SeededDraws(self, projection)
        self._standard_connect(projection, lambda mask=None: draws.sources_of_targets())


class FixedNumberPostConnector(_FixedNumber, pyNN.connectors.FixedNumberPostConnector):
    """Connect each source to `n` targets taken at random.

    Parameters
    ----------
    n : int or RandomDistribution
    allow_self_connections, with_replacement : bool
    rng : pyNN.random.AbstractRNG, optional
        Default: rank-local streams.
    """

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""
        return FixedNumberPost(
            projection.pre.size,
            projection.post.size,
            n=self._numbers(projection),
            with_replacement=self.with_replacement,
            stream=self.stream(projection),
            own_source=self.own_targets(projection),
        )

    def _draw_as_pynn(self, projection: Any) -> None:
        sources = SeededDraws(self, projection).sources_by_source()
        self._standard_connect(projection, lambda mask=None: sources)


class FixedTotalNumberConnector(_FixedNumber, pyNN.connectors.FixedTotalNumberConnector):
    """Make `n` connections in all, between cells taken at random.

    Parameters
    ----------
    n : int or RandomDistribution
    allow_self_connections, with_replacement : bool
    rng : pyNN.random.AbstractRNG, optional
        Default: rank-local streams.
    """

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""
        n = self._numbers(projection)
        return self._rule_of(projection, int(n(np.zeros(1, np.int64))[0]) if callable(n) else n)

    def _rule_of(self, projection: Any, n: int) -> Rule:
        return FixedTotalNumber(
            projection.pre.size,
            projection.post.size,
            n=n,
            with_replacement=self.with_replacement,
            stream=self.stream(projection),
            own=self.own_sources(projection),
        )

    def _draw_as_pynn(self, projection: Any) -> None:
        n = self.n
        if isinstance(n, RandomDistribution):
            n = int(np.rint(n.next()))
        self._rule_of(projection, n)  # which can be
        sources = SeededDraws(self, projection).sources_in_total(n)
        self._standard_connect(projection, lambda mask=None: sources)
