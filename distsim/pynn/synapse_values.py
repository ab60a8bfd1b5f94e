"""Weights and delays of a projection: from PyNN's lazy arrays to evaluators of connectivity."""

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN.core import IndexBasedExpression
from pyNN.parameters import LazyArray, ParameterSpace
from pyNN.random import RandomDistribution
from pyNN.space import Space

from distsim.connectivity import Constant, Drawn, DrawnOnGrid, Matrix, OfDistance, Rows, Values
from distsim.errors import ConnectivityError
from distsim.partitioning.streams import Purpose
from distsim.pynn.random_numbers import is_rank_local
from distsim.pynn.simulator import state
from distsim.pynn.values import check_pure

__all__ = ["drawn_values", "evaluator", "function_values", "has_numpy_rng", "pair_distances"]


def has_numpy_rng(value: LazyArray) -> bool:
    """Return whether a lazy array holds random numbers that PyNN must draw in its own way."""
    base = value.base_value
    return isinstance(base, RandomDistribution) and not is_rank_local(base.rng)


def drawn_values(space: ParameterSpace) -> list[tuple[RandomDistribution, Purpose]]:
    """Return the random distributions among synapse parameters, and what they draw."""
    purposes = {"weight": Purpose.WEIGHT, "delay": Purpose.DELAY}
    return [
        (value.base_value, purposes[name])
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
        'weight' or 'delay'.
    revision : int
        How often the parameter was set before.

    Raises
    ------
    ConnectivityError
        If an array has another shape than the projection.
    """
    values = _base_evaluator(value, projection, name, revision)
    return _Derived(values, value.operations) if value.operations else values


def _base_evaluator(value: LazyArray, projection: Any, name: str, revision: int) -> Values:
    base = value.base_value
    if isinstance(base, RandomDistribution):
        if not is_rank_local(base.rng):
            return Matrix(np.reshape(base.next(int(np.prod(projection.shape))), projection.shape))
        purpose = Purpose.WEIGHT if name == "weight" else Purpose.DELAY
        stream = state.stream(purpose, projection.number, revision=revision, seed=base.rng.seed)
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
        if 0 not in projection.shape:
            check_pure(_of_projection(base, projection), what, [np.zeros(1, np.int64)] * 2)
        return _OfIndices(base, projection)
    if callable(base):
        check_pure(base, what)
        return OfDistance(base, projection.distances_of)
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
        function = _of_projection(function, projection)
        return np.asarray(function(pre, post), np.float64)
    distances = projection.distances_of(post, np.arange(post.size + 1), pre)
    return np.asarray(function(distances), np.float64)


def _of_projection(expression: IndexBasedExpression, projection: Any) -> IndexBasedExpression:
    """Return an expression that knows its projection; a copy, since it may have several."""
    expression = copy.copy(expression)
    expression.projection = projection
    return expression


class _OfIndices:
    """Values that are a function of the indices of both cells."""

    def __init__(self, expression: IndexBasedExpression, projection: Any) -> None:
        self.expression = expression
        self.projection = projection

    def values(self, targets: NDArray[np.int64], rows: Rows) -> NDArray[np.float64]:
        """Return the values of some rows."""
        post = np.repeat(targets, np.diff(rows.indptr))
        sources = rows.sources.astype(np.int64)
        return function_values(self.expression, self.projection, sources, post)


class _Derived:
    """Values to which arithmetic with numbers was applied."""

    def __init__(self, values: Values, operations: list[tuple[Any, Any]]) -> None:
        for _, argument in operations:
            if argument is not None and np.ndim(argument):
                raise NotImplementedError("arithmetic of a lazy array with another array")
        self.base = values
        self.operations = operations

    def values(self, targets: NDArray[np.int64], rows: Rows) -> float | NDArray[np.float64]:
        """Return the values of some rows."""
        result = self.base.values(targets, rows)
        for function, argument in self.operations:
            result = function(result) if argument is None else function(result, argument)
        return result


def pair_distances(
    space: Space, pre: NDArray[np.float64], post: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the distance of each pair of positions, as `Space.distances` has it.

    Parameters
    ----------
    space : pyNN.space.Space
    pre, post : ndarray of float64, shapes (3, ...), broadcast against each other

    Returns
    -------
    ndarray of float64
    """
    scaled = space.scale_factor * (post + np.reshape(space.offset, (-1,) + (1,) * (post.ndim - 1)))
    squares = 0.0
    for axis in space.axes:
        difference = np.abs(pre[axis] - scaled[axis])
        boundaries = space.periodic_boundaries
        if boundaries is not None and boundaries[axis] is not None:
            extent = boundaries[axis][1] - boundaries[axis][0]
            difference = np.minimum(difference, extent - difference)
        squares = squares + difference**2
    return np.sqrt(squares)
