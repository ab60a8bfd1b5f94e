"""PyNN's connectors: each turns into a rule of `distsim.connectivity`.

A connector without an `rng` draws from rank-local streams: each rank makes the connections of its
own target cells only. A connector with a seeded NumpyRNG, or whose synapses have one, keeps PyNN's
meaning: PyNN's own code draws all numbers on every rank, which keeps its own.
"""

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pyNN.connectors
from numpy.typing import NDArray
from pyNN.random import RandomDistribution

from distsim.connectivity import (
    AllToAll,
    DistanceProbability,
    FixedNumberPost,
    FixedNumberPre,
    FixedProbability,
    FixedTotalNumber,
    Listed,
    Masked,
    OneToOne,
    Rule,
)
from distsim.errors import ConnectivityError, ParameterError, did_you_mean
from distsim.partitioning.distributions import quantile
from distsim.partitioning.streams import Purpose, uniforms
from distsim.pynn.random_numbers import (
    NativeRNG,
    distribution_on_streams,
    is_rank_local,
    on_streams,
    shared_numbers,
)
from distsim.pynn.signatures import with_signature_of
from distsim.pynn.simulator import state

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
    "RuleConnector",
]

Integers = NDArray[np.int64]


class RuleConnector:
    """What distsim's connectors have in common, beside PyNN's own class.

    Parameters
    ----------
    *args, **kwargs
        As PyNN's connector of the same name takes them.

    Raises
    ------
    ParameterError
        If an argument is unknown, missing or cannot be.
    """

    rng: Any = None
    n: Any
    allow_self_connections: bool | str = True

    def __init_subclass__(cls, **options: Any) -> None:
        """Show the arguments of PyNN's class, if this one derives from it, to `help()`."""
        super().__init_subclass__(**options)
        for base in cls.__bases__:
            if base.__module__ == "pyNN.connectors":
                cls.__init__ = with_signature_of(base, cls.__init__)  # type: ignore[method-assign]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _check_arguments(type(self), args, kwargs)
        # PyNN refuses numpy's whole numbers
        args = tuple(int(value) if isinstance(value, np.integer) else value for value in args)
        kwargs = {k: int(v) if isinstance(v, np.integer) else v for k, v in kwargs.items()}
        try:
            super().__init__(*args, **kwargs)
        except AssertionError as error:
            given = ", ".join([repr(a) for a in args] + [f"{k}={v!r}" for k, v in kwargs.items()])
            raise ParameterError(f"{type(self).__name__}({given}): value out of range") from error
        if self.location_selector is not None:  # type: ignore[attr-defined]
            raise NotImplementedError("location_selector: the cells of distsim are points")
        # PyNN gives a connector without an rng one with a seed of PyNN's own
        bound = inspect.signature(self._pynn_class()).bind(*args, **kwargs)
        if hasattr(self, "rng") and bound.arguments.get("rng") is None:
            self.rng = NativeRNG()
        self.rng = on_streams(self.rng)
        if hasattr(self, "n"):
            self.n = distribution_on_streams(self.n)

    @classmethod
    def _pynn_class(cls) -> type:
        return next(base for base in cls.__mro__ if base.__module__ == "pyNN.connectors")

    @property
    def is_rank_local(self) -> bool:
        """Whether the connections are drawn from rank-local streams."""
        numbers = getattr(self, "n", None)
        if isinstance(numbers, RandomDistribution) and not is_rank_local(numbers.rng):
            return False
        return self.rng is None or is_rank_local(self.rng)

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""
        raise NotImplementedError

    def connect(self, projection: Any) -> None:
        """Connect in PyNN's way: with PyNN's random numbers, or rows of our rule."""
        if not self.is_rank_local or isinstance(self, pyNN.connectors.FromListConnector):
            self._connect_as_pynn(projection)
            return
        rule = self.rule(projection)

        def source_masks(mask: Any = None) -> Any:
            for target in np.arange(projection.post.size):
                yield rule.rows(np.array([target])).sources

        self._standard_connect(projection, source_masks)  # type: ignore[attr-defined]

    def _connect_as_pynn(self, projection: Any) -> None:
        """Let PyNN's code draw, where a generator is ours from one that all ranks share."""
        holders = [(self, Purpose.CONNECT)] if self.rng is not None else []
        if isinstance(getattr(self, "n", None), RandomDistribution):
            holders.append((self.n, Purpose.INDEGREE))
        with shared_numbers(holders, state.simulation.seed, projection.number):
            super().connect(projection)  # type: ignore[misc]

    def _stream(self, projection: Any) -> Any:
        return state.stream(
            Purpose.CONNECT, projection.number, seed=getattr(self.rng, "seed", None)
        )

    def _own(self, projection: Any) -> Callable[[Integers], Integers] | None:
        """Return the function from targets to the same cells among the sources, if excluded."""
        if self.allow_self_connections is True:
            return None
        return lambda targets: projection.pre.positions_of(projection.post.gids(targets))

    def _own_source(self, projection: Any) -> Callable[[Integers], Integers] | None:
        """Return the function from sources to the same cells among the targets, if excluded."""
        if self.allow_self_connections is True:
            return None
        return lambda sources: projection.post.positions_of(projection.pre.gids(sources))

    def _is_lower(self, projection: Any) -> bool:
        """Return whether only one of two mutual connections may be made."""
        if self.allow_self_connections != "NoMutual":
            return False
        if projection.pre is not projection.post:
            raise NotImplementedError("allow_self_connections='NoMutual' between two populations")
        return True

    def _numbers(self, projection: Any) -> Any:
        """Return `n`, or the function that draws it for each cell."""
        n = self.n
        if not isinstance(n, RandomDistribution):
            return int(n)
        stream = state.stream(Purpose.INDEGREE, projection.number, seed=n.rng.seed)

        def drawn(cells: Integers) -> Integers:
            return np.rint(quantile(n.name, n.parameters, uniforms(stream, cells))).astype(np.int64)

        return drawn


def _check_arguments(cls: type[RuleConnector], args: Any, kwargs: dict[str, Any]) -> None:
    """Raise if an argument is unknown or missing."""
    signature = inspect.signature(cls._pynn_class())
    known = list(signature.parameters)
    for name in kwargs:
        if name not in known:
            raise ParameterError(
                f"unknown argument '{name}' of {cls.__name__}; {did_you_mean(name, known)}",
                name=name,
            )
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise ParameterError(f"{cls.__name__}: {error}") from error


class AllToAllConnector(RuleConnector, pyNN.connectors.AllToAllConnector):
    """Connect all sources to all targets.

    Parameters
    ----------
    allow_self_connections : bool
        Whether a cell may connect to itself.
    """

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""
        return AllToAll(projection.pre.size, projection.post.size, own=self._own(projection))


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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
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
            stream=self._stream(projection),
            own=self._own(projection),
            lower=self._is_lower(projection),
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
        super().__init__("1.0" if callable(d_expression) else d_expression, *args, **kwargs)
        if callable(d_expression):
            self.d_expression = d_expression
            self.distance_function = d_expression

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""

        def probability(targets: Integers) -> NDArray[np.float64]:
            distances = projection.distances_to(targets)
            return np.broadcast_to(self.distance_function(distances), distances.shape)

        return DistanceProbability(
            projection.pre.size,
            projection.post.size,
            probability=probability,
            stream=self._stream(projection),
            own=self._own(projection),
            lower=self._is_lower(projection),
        )


class FixedNumberPreConnector(RuleConnector, pyNN.connectors.FixedNumberPreConnector):
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
            stream=self._stream(projection),
            own=self._own(projection),
        )


class FixedNumberPostConnector(RuleConnector, pyNN.connectors.FixedNumberPostConnector):
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
            stream=self._stream(projection),
            own_source=self._own_source(projection),
        )


class FixedTotalNumberConnector(RuleConnector, pyNN.connectors.FixedTotalNumberConnector):
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
        return FixedTotalNumber(
            projection.pre.size,
            projection.post.size,
            n=int(n(np.zeros(1, np.int64))[0]) if callable(n) else n,
            with_replacement=self.with_replacement,
            stream=self._stream(projection),
            own=self._own(projection),
        )


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
        Whether each rank has a file of its own, ``<file>.<rank>``.
    """

    @classmethod
    def _pynn_class(cls) -> type:
        return pyNN.connectors.FromFileConnector

    def load(self) -> None:
        """Read the whole list, or the part that is meant for this rank; once."""
        if hasattr(self, "conn_list"):
            return
        file = self.file
        if self.distributed:
            file = type(file)(f"{file.name}.{state.rank}", mode=file.mode)
        try:
            names = _column_names(file)
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", ".*contained no data")
                table = np.atleast_2d(file.read())
        except (OSError, ValueError) as error:
            raise ConnectivityError(
                f"cannot read connections from '{file.name}': {error}"
            ) from error
        if names is None:
            names = ("weight", "delay") if table.shape[1] > 2 else ()
        if table.size and table.shape[1] != 2 + len(names):
            raise ConnectivityError(
                f"'{file.name}' has {table.shape[1]} columns; these must be source, target"
                + "".join(f", {name}" for name in names)
                + ', or be named in a line such as # columns = ["i", "j", "weight"]'
            )
        self.conn_list, self.column_names = table if table.size else table[:0], names


def _column_names(file: Any) -> tuple[str, ...] | None:
    """Return the names of the columns behind source and target, None if the file has none."""
    try:
        columns = file.get_metadata().get("columns")
    except (SyntaxError, NameError, TypeError, ValueError):  # a remark that names no columns
        file.fileobj.seek(0)
        return None
    return None if columns is None else tuple(name for name in columns if name not in ("i", "j"))
