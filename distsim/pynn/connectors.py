"""PyNN's connectors: each turns into a rule of `distsim.connectivity`."""

from typing import Any

import numpy as np
import pyNN.connectors
from numpy.typing import NDArray
from pyNN.random import RandomDistribution

from distsim.connectivity import (
    AllToAll,
    DistanceProbability,
    DrawnNumbers,
    FixedNumberPost,
    FixedNumberPre,
    FixedProbability,
    FixedTotalNumber,
    Listed,
    Masked,
    OneToOne,
    ProbabilityOfDistance,
    Rule,
)
from distsim.errors import ConnectivityError, ParameterError, did_you_mean
from distsim.partitioning.streams import Purpose
from distsim.pynn.connection_files import as_file, read_table
from distsim.pynn.rule_connector import RuleConnector
from distsim.pynn.seeded_draws import SeededDraws
from distsim.pynn.simulator import state
from distsim.pynn.values import as_function, check_pure

__all__ = [
    "AllToAllConnector",
    "ArrayConnector",
    "DistanceDependentProbabilityConnector",
    "FixedNumberPostConnector",
    "FixedNumberPreConnector",
    "FixedProbabilityConnector",
    "FixedTotalNumberConnector",
    "FromFileConnector",
    "FromListConnector",
    "OneToOneConnector",
]


class AllToAllConnector(RuleConnector, pyNN.connectors.AllToAllConnector):
    """Connect all sources to all targets.

    Parameters
    ----------
    allow_self_connections : bool
        Whether a cell may connect to itself.
    """

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""
        return AllToAll(projection.pre.size, projection.post.size, own=self.own_sources(projection))


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
        return FixedProbability(
            projection.pre.size,
            projection.post.size,
            p=self.p_connect,
            stream=self.stream(projection),
            own=self.own_sources(projection),
            lower=self.is_lower(projection),
        )


class DistanceDependentProbabilityConnector(
    RuleConnector, pyNN.connectors.DistanceDependentProbabilityConnector
):
    """Connect each pair of cells with a probability that depends on their distance.

    Parameters
    ----------
    d_expression : str or callable
        Expression in `d`, such as ``"exp(-d / 100)"``, or a function of an array of distances.
    allow_self_connections : bool or 'NoMutual'
    rng : pyNN.random.AbstractRNG, optional
        Default: rank-local streams.
    """

    def __init__(self, d_expression: Any, *args: Any, **kwargs: Any) -> None:
        # PyNN's own constructor accepts a function, but then evaluates its printed form
        if not callable(as_function(d_expression)):
            raise ParameterError(
                f"d_expression = {d_expression!r} of {type(self).__name__}; give an expression in "
                "'d', such as 'exp(-d / 100)', or a function"
            )
        try:
            super().__init__("1.0" if callable(d_expression) else d_expression, *args, **kwargs)
        except (AttributeError, NameError, TypeError) as error:
            raise ParameterError(
                f"'{d_expression}' is not a function of distance as PyNN tries it, with the "
                f"numbers 0 and 1e12: {error}; give a function of an array of distances"
            ) from error
        if callable(d_expression):
            self.d_expression = d_expression
            self.distance_function = d_expression

    def __getstate__(self) -> dict[str, Any]:
        """Return all but the function that PyNN makes of an expression."""
        return {k: v for k, v in vars(self).items() if k != "distance_function"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        made = type(self)(state["d_expression"])
        self.__dict__.update(vars(made) | state)

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""
        check_pure(self.distance_function, f"d_expression of projection '{projection.label}'")
        return DistanceProbability(
            projection.pre.size,
            projection.post.size,
            probability=ProbabilityOfDistance(self.distance_function, projection.distances),
            stream=self.stream(projection),
            own=self.own_sources(projection),
            lower=self.is_lower(projection),
        )


class _FixedNumber(RuleConnector):
    """What the connectors with a number of connections have in common."""

    def _check(self) -> None:
        if self.allow_self_connections == "NoMutual":
            raise NotImplementedError(
                f"allow_self_connections='NoMutual' of {type(self).__name__}; give True or False"
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


class ArrayConnector(RuleConnector, pyNN.connectors.ArrayConnector):
    """Connect the pairs of cells that a boolean array names.

    Parameters
    ----------
    array : ndarray of bool, shape (n_pre, n_post)
    """

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""
        array = np.asarray(self.array, np.bool_)
        if array.shape != projection.shape:
            raise ConnectivityError(
                f"the array of ArrayConnector has shape {array.shape}; projection "
                f"'{projection.label}' needs {projection.shape}"
            )
        return Masked(array)


class FromListConnector(RuleConnector, pyNN.connectors.FromListConnector):
    """Connect the pairs of cells in a list.

    Parameters
    ----------
    conn_list : sequence of (source index, target index, value, ...)
    column_names : sequence of str, optional
        Names of the values; default weight and delay.
    """

    def load(self) -> None:
        """Read the list from where it is; here it is given."""

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""
        known = projection.synapse_type.get_parameter_names()
        for name in self.column_names:
            if name not in known:
                raise ConnectivityError(
                    f"unknown column '{name}' in the connection list of projection "
                    f"'{projection.label}'; {did_you_mean(str(name), known)}"
                )
        table = self.conn_list if len(self.conn_list) else np.zeros((0, 2))
        return Listed(
            projection.pre.size, projection.post.size, sources=table[:, 0], targets=table[:, 1]
        )

    def column(self, name: str) -> NDArray[np.float64] | None:
        """Return the list's values of a synapse parameter, if it has them."""
        if name not in self.column_names or not len(self.conn_list):
            return None
        place = 2 + list(self.column_names).index(name)
        return np.asarray(self.conn_list[:, place], np.float64)


class FromFileConnector(FromListConnector, pyNN.connectors.FromFileConnector):
    """Connect the pairs of cells in a file.

    Parameters
    ----------
    file : str or file of `pyNN.recording.files`
    distributed : bool
        Whether each rank has a file of its own, ``<file>.<rank>``, of which it takes what goes to
        its own cells. Of files that `Projection.save(..., gather=False)` wrote there must be as
        many as ranks, and each cell be on the rank that it was on.
    """

    @classmethod
    def _pynn_class(cls) -> type:
        return pyNN.connectors.FromFileConnector

    file: Any
    is_of_rank: bool

    def _check(self) -> None:
        self.file = as_file(self.file, "r")

    def load(self) -> None:
        """Read the whole list, or the part that is meant for this rank; once."""
        if not hasattr(self, "conn_list"):
            table = read_table(self.file, self.distributed)
            self.conn_list, self.column_names, self.is_of_rank = table

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""
        rule = super().rule(projection)
        if self.is_of_rank and len(self.conn_list):
            targets = self.conn_list[:, 1].astype(np.int64)
            elsewhere = targets[~np.isin(targets, projection.post.local_positions)]
            if elsewhere.size:
                raise ConnectivityError(
                    f"'{self.file.name}.{state.rank}' has connections to cell {elsewhere[0]} of "
                    f"'{projection.post.label}', which another rank has; use the partition that "
                    "the file was written with, or save with gather=True"
                )
        return rule
