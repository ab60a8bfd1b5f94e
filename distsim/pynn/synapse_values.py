"""Weights and delays of a projection: from PyNN's lazy arrays to evaluators of connectivity."""

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN.core import IndexBasedExpression
from pyNN.parameters import LazyArray, ParameterSpace
from pyNN.random import RandomDistribution

from distsim.connectivity import (
    Constant,
    Derived,
    Drawn,
    DrawnOnGrid,
    Matrix,
    OfDistance,
    OfIndices,
    Values,
)
from distsim.errors import ConnectivityError
from distsim.partitioning.streams import Purpose
from distsim.pynn.random_numbers import is_rank_local
from distsim.pynn.simulator import state
from distsim.pynn.values import check_pure

__all__ = ["drawn_values", "evaluator", "function_values", "has_numpy_rng", "of_projection"]


PURPOSES = {"weight": Purpose.WEIGHT, "delay": Purpose.DELAY}


def has_numpy_rng(value: LazyArray) -> bool:
    """Return whether a lazy array holds random numbers that PyNN must draw in its own way."""
    base = value.base_value
    return isinstance(base, RandomDistribution) and not is_rank_local(base.rng)


def drawn_values(space: ParameterSpace) -> list[tuple[RandomDistribution, Purpose]]:
    """Return the random distributions among synapse parameters, and what they draw."""
    return [
        (value.base_value, PURPOSES.get(name, Purpose.SYNAPSE_PARAMETER))
        for name, value in space.items()
        if isinstance(value.base_value, RandomDistribution)
    ]


def evaluator(value: LazyArray, projection: Any, name: str, revision: int) -> Values:
    """Return the evaluator of a synapse parameter.

    Parameters
    ----------
    value : LazyArray
        Of the projection's shape: a number, an array, a random distribution, a function of
        distance or an `IndexBasedExpression`.
    projection : Projection
    name : str
        'weight', 'delay' or another parameter of the synapse type.
    revision : int
        How often the parameter was set before.

    Raises
    ------
    ConnectivityError
        If an array has another shape than the projection.
    """
    values = _base_evaluator(value, projection, name, revision)
    for _, argument in value.operations:
        if argument is not None and np.ndim(argument):
            raise NotImplementedError("arithmetic of a lazy array with another array")
    return Derived(values, value.operations) if value.operations else values


def _base_evaluator(value: LazyArray, projection: Any, name: str, revision: int) -> Values:
    base = value.base_value
    if isinstance(base, RandomDistribution):
        if not is_rank_local(base.rng):
            return Matrix(np.reshape(base.next(int(np.prod(projection.shape))), projection.shape))
        purpose = PURPOSES.get(name, Purpose.SYNAPSE_PARAMETER)
        record = projection.synapse_type.record
        names = [*record.parameter_names, *(v.name for v in record.initial_variables)]
        variant = names.index(name) if name in names else 0
        stream = state.stream(purpose, projection.number, variant, revision, base.rng.seed)
        if name == "delay":
            return DrawnOnGrid(base.name, base.parameters, stream, state.dt)
        return Drawn(base.name, base.parameters, stream)
    if isinstance(base, np.ndarray) and base.ndim:
        if base.shape != projection.shape:
            raise ConnectivityError(
                f"{name} of projection '{projection.label}' has shape {base.shape}; it must be "
                f"a number or have the projection's shape {projection.shape}"
            )
        return Matrix(base)
    what = f"{name} of projection '{projection.label}'"
    if isinstance(base, IndexBasedExpression):
        expression = of_projection(base, projection)
        if 0 not in projection.shape:
            check_pure(expression, what, [np.zeros(1, np.int64)] * 2)
        return OfIndices(expression)
    if callable(base):
        check_pure(base, what)
        return OfDistance(base, projection.distances.of)
    return Constant(float(base))


def function_values(
    function: Any, projection: Any, pre: NDArray[np.int64], post: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return what a function of distance or of indices gives for some pairs of cells.

    Parameters
    ----------
    function : callable
    projection : Projection
    pre, post : ndarray of int64, shape (n,)
        Indices of the cells.
    """
    if isinstance(function, IndexBasedExpression):
        function = of_projection(function, projection)
        return np.asarray(function(pre, post), np.float64)
    distances = projection.distances.of(post, np.arange(post.size + 1), pre)
    return np.asarray(function(distances), np.float64)


def of_projection(expression: IndexBasedExpression, projection: Any) -> IndexBasedExpression:
    """Return an expression that knows its projection; a copy, since it may have several."""
    expression = copy.copy(expression)
    expression.projection = projection
    return expression
