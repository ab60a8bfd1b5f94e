"""Connectors with a probability for each pair of cells: by distance, displacement or indices."""

from collections.abc import Callable
from copy import deepcopy
from functools import wraps
from typing import Any

import numpy as np
import pyNN.connectors
from lazyarray import larray

from distsim.connectivity import (
    DistanceProbability,
    ProbabilityOfDisplacement,
    ProbabilityOfDistance,
    ProbabilityOfIndices,
    Rule,
)
from distsim.errors import ParameterError
from distsim.pynn.positions import coordinates
from distsim.pynn.rule_connector import RuleConnector
from distsim.pynn.synapse_values import of_projection
from distsim.pynn.values import as_function, check_pure

__all__ = [
    "DisplacementDependentProbabilityConnector",
    "DistanceDependentProbabilityConnector",
    "IndexBasedProbabilityConnector",
]


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

    Notes
    -----
    The function is evaluated for all sources of each rank's own targets, also where it is zero from
    some distance on.
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
            self.distance_function = _of_lazy_too(d_expression)

    def __getstate__(self) -> dict[str, Any]:
        """Return all but the function that PyNN makes of an expression."""
        return {k: v for k, v in vars(self).items() if k != "distance_function"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        made = type(self)(state["d_expression"])
        self.__dict__.update(vars(made) | state)

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""
        check_pure(self.distance_function, f"d_expression of projection '{projection.label}'")
        probability = ProbabilityOfDistance(self.distance_function, projection.distances)
        return _by_probability(self, projection, probability)


class IndexBasedProbabilityConnector(RuleConnector, pyNN.connectors.IndexBasedProbabilityConnector):
    """Connect each pair of cells with a probability that depends on their indices.

    Parameters
    ----------
    index_expression : pyNN.core.IndexBasedExpression
        Called with arrays of the indices of sources and targets, of the same shape; its
        `projection` is the one being made.
    allow_self_connections : bool or 'NoMutual'
    rng : pyNN.random.AbstractRNG, optional
        Default: rank-local streams.

    Notes
    -----
    The expression is evaluated for all sources of each rank's own targets.
    """

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""
        expression = of_projection(self.index_expression, projection)
        if 0 not in projection.shape:
            what = f"index_expression of projection '{projection.label}'"
            check_pure(expression, what, [np.zeros(1, np.int64)] * 2)
        probability = ProbabilityOfIndices(expression, projection.pre.size)
        return _by_probability(self, projection, probability)


class DisplacementDependentProbabilityConnector(
    RuleConnector, pyNN.connectors.DisplacementDependentProbabilityConnector
):
    """Connect each pair of cells with a probability that depends on their displacement.

    Parameters
    ----------
    disp_function : callable
        Of an array of shape (3, n), the targets' positions less the sources', as they are: the
        projection's `space` does not scale or shift them.
    allow_self_connections : bool or 'NoMutual'
    rng : pyNN.random.AbstractRNG, optional
        Default: rank-local streams.

    Notes
    -----
    The function is evaluated for all sources of each rank's own targets.
    """

    def _check(self) -> None:
        function = self.index_expression._disp_function
        if not callable(function):
            raise ParameterError(
                f"disp_function = {function!r} of DisplacementDependentProbabilityConnector; give "
                "a function of an array of shape (3, n), such as "
                "lambda d: np.exp(-np.abs(d[0]) / 100)"
            )

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""
        function = self.index_expression._disp_function
        check_pure(
            function, f"disp_function of projection '{projection.label}'", [np.zeros((3, 1))]
        )
        pre, post = coordinates(projection.pre.parts), coordinates(projection.post.parts)
        return _by_probability(self, projection, ProbabilityOfDisplacement(function, pre, post))


def _of_lazy_too(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of distances that PyNN, too, can ask: it hands on those of all pairs."""

    @wraps(function)
    def of(distances: Any) -> Any:
        if not isinstance(distances, larray):
            return function(distances)
        lazy = deepcopy(distances)
        lazy.apply(function)
        return lazy

    return of


def _by_probability(connector: RuleConnector, projection: Any, probability: Any) -> Rule:
    """Return the rule of a connector with a probability for each pair."""
    rule = DistanceProbability(
        projection.pre.size,
        projection.post.size,
        probability=probability,
        stream=connector.stream(projection),
        own=connector.own_sources(projection),
        lower=connector.is_lower(projection),
    )
    return connector.one_way(projection, rule)
