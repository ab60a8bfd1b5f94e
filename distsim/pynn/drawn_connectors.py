"""Connectors without a rule of distsim's own: PyNN's code makes all connections on every rank.

Each rank keeps those onto its own cells. Time and memory are those of a serial run.
"""

import random
from typing import Any

import numpy as np
import pyNN.connectors
from numpy.typing import NDArray
from pyNN import common
from pyNN.parameters import LazyArray

from distsim.comm.agreement import together
from distsim.errors import ConnectivityError, MissingPackageError, ParameterError
from distsim.pynn import connectors
from distsim.pynn.gather import gather_arrays
from distsim.pynn.rule_connector import RuleConnector
from distsim.pynn.simulator import state

__all__ = [
    "CSAConnector",
    "CloneConnector",
    "DisplacementDependentProbabilityConnector",
    "IndexBasedProbabilityConnector",
    "own_connector",
]


def own_connector(connector: Any) -> Any:
    """Return distsim's connector in the place of one of PyNN's own, another as it is."""
    if type(connector).__module__ != "pyNN.connectors":
        return connector
    name = type(connector).__name__
    kind = getattr(connectors, name, None) or globals().get(name)
    return kind.adopted(connector) if kind else connector


class _Drawn(RuleConnector):
    """A connector of which PyNN's code draws all connections on every rank."""

    @property
    def is_rank_local(self) -> bool:
        """Whether the connections are drawn from rank-local streams: never."""
        return False


class IndexBasedProbabilityConnector(_Drawn, pyNN.connectors.IndexBasedProbabilityConnector):
    """Connect each pair of cells with a probability that depends on their indices.

    Parameters
    ----------
    index_expression : pyNN.core.IndexBasedExpression
        Called with indices of sources and targets; its `projection` is the one being made.
    allow_self_connections : bool or 'NoMutual'
    rng : pyNN.random.AbstractRNG, optional
        Default: made from the seed of `setup()`.
    """


class DisplacementDependentProbabilityConnector(
    _Drawn, pyNN.connectors.DisplacementDependentProbabilityConnector
):
    """Connect each pair of cells with a probability that depends on their displacement.

    Parameters
    ----------
    disp_function : callable
        Of an array of shape (3, n), the target's positions less the source's.
    allow_self_connections : bool or 'NoMutual'
    rng : pyNN.random.AbstractRNG, optional
        Default: made from the seed of `setup()`.
    """

    def _check(self) -> None:
        function = self.index_expression._disp_function
        if not callable(function):
            raise ParameterError(
                f"disp_function = {function!r} of DisplacementDependentProbabilityConnector; give "
                "a function of an array of shape (3, n), such as "
                "lambda d: np.exp(-np.abs(d[0]) / 100)"
            )


class CloneConnector(_Drawn, pyNN.connectors.CloneConnector):
    """Connect the pairs of cells that another projection connects, each once.

    Parameters
    ----------
    reference_projection : Projection
        Between the same cells.
    """

    def _check(self) -> None:
        if not isinstance(self.reference_projection, common.Projection):
            raise ParameterError(
                f"reference_projection = {self.reference_projection!r} of CloneConnector is no "
                "Projection"
            )

    def _draw_as_pynn(self, projection: Any) -> None:
        reference = self.reference_projection
        if projection.pre != reference.pre or projection.post != reference.post:
            raise ConnectivityError(
                f"CloneConnector cannot connect '{projection.pre.label}' to "
                f"'{projection.post.label}' as projection '{reference.label}', which connects "
                f"'{reference.pre.label}' to '{reference.post.label}'; give the same cells"
            )
        super()._draw_as_pynn(projection)


class CSAConnector(_Drawn, pyNN.connectors.CSAConnector):
    """Connect the pairs of cells of a connection set, as rank 0 makes it.

    Parameters
    ----------
    cset : csa.CSet or mask
        A mask, or a connection set with weight and delay.

    Raises
    ------
    MissingPackageError
        If the package csa is not installed.

    Notes
    -----
    A random mask draws from Python's own generator: `random.seed` decides.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not pyNN.connectors.haveCSA:
            raise MissingPackageError(
                "CSAConnector needs the package 'csa', which is not installed; `pip install csa`"
            )
        super().__init__(*args, **kwargs)

    def _draw_as_pynn(self, projection: Any) -> None:
        n_values = pyNN.connectors.csa.arity(self.cset)
        columns = [np.zeros(0)] * (2 + n_values)
        with together(state.simulation.comm):
            if state.rank == 0 and 0 not in projection.shape:
                columns = self._columns(projection.shape, n_values)
        sources, targets, *values = gather_arrays(*columns)
        sources, targets = sources.astype(np.int64), targets.astype(np.int64)
        if n_values == 0:
            array = np.zeros(projection.shape, np.bool_)
            array[sources, targets] = True
            self._connect_with_map(projection, LazyArray(array))
            return
        for target in np.unique(targets):
            here = targets == target
            weight, delay = (column[here] for column in values)
            projection._convergent_connect(sources[here], target, weight=weight, delay=delay)

    def _columns(self, shape: tuple[int, int], n_values: int) -> list[NDArray[np.float64]]:
        """Return indices of sources and targets and the values of all connections."""
        # the set begins from where the generators were when it was made
        states = random.getstate(), np.random.get_state()  # noqa: NPY002
        n_pre, n_post = shape
        part = pyNN.connectors.csa.cross((0, n_pre - 1), (0, n_post - 1)) * self.cset
        rows = np.array(list(part), np.float64).reshape(-1, 2 + n_values)
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        return list(np.ascontiguousarray(rows.T))
