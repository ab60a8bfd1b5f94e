"""What distsim's connectors add to PyNN's: checks, signatures, flags that hold, rank-local rules.

A connector without an `rng` draws from rank-local streams: each rank makes the connections of its
own target cells only. A connector with a seeded NumpyRNG, or whose synapses have one, keeps PyNN's
meaning: all numbers are drawn as PyNN does, on every rank, which keeps its own.
"""

import inspect
from typing import Any

import numpy as np
import pyNN.connectors
from numpy.typing import NDArray
from pyNN.parameters import LazyArray
from pyNN.random import NumpyRNG, RandomDistribution

from distsim.connectivity import OneWay, Rule
from distsim.connectivity.rows import Own, own_of
from distsim.errors import ConnectivityError, DistsimError, ParameterError, did_you_mean
from distsim.network.pathways import SameCells
from distsim.partitioning.streams import Purpose, Stream
from distsim.pynn.random_numbers import (
    NativeRNG,
    distribution_on_streams,
    is_rank_local,
    on_streams,
    shared_numbers,
)
from distsim.pynn.selection import gid_map
from distsim.pynn.signatures import with_signature_of
from distsim.pynn.simulator import state

__all__ = ["RuleConnector"]


# what PyNN's connectors assert of their arguments
ALLOWED = {
    "allow_self_connections": "True, False or 'NoMutual'",
    "p_connect": "from 0 to 1",
    "n": "0 or above",
    "d_expression": "0 or above for every distance",
    "index_expression": "an IndexBasedExpression, whose __call__(self, i, j) gives probabilities",
    "degree": "0 or above",
    "rewiring": "from 0 to 1",
    "callback": "a function of the part that is made, from 0 to 1",
}


class ArgumentError(ParameterError, TypeError):
    """An argument of a connector that is of another type or length."""


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
        except DistsimError:
            raise
        except (TypeError, ValueError) as error:
            raise ArgumentError(f"{type(self).__name__}: {error}") from error
        except AssertionError as error:
            raise ParameterError(self._out_of_range(args, kwargs)) from error
        # PyNN gives a connector without an rng one with a seed of PyNN's own
        bound = inspect.signature(self._pynn_class()).bind(*args, **kwargs)
        self.safe = bound.arguments.get("safe", True)  # some of PyNN's do not keep it
        if hasattr(self, "rng") and bound.arguments.get("rng") is None:
            self.rng = NativeRNG()
        self._complete()

    def _out_of_range(self, args: Any, kwargs: Any) -> str:
        """Return what is wrong, as far as can be said: PyNN does not tell which argument is."""
        given = inspect.signature(self._pynn_class()).bind(*args, **kwargs).arguments
        values = ", ".join(f"{name}={value!r}" for name, value in given.items())
        allowed = [f"{name} must be {ALLOWED[name]}" for name in given if name in ALLOWED]
        return f"{type(self).__name__}({values}): {'; '.join(allowed) or 'value out of range'}"

    @classmethod
    def adopted(cls, connector: Any) -> "RuleConnector":
        """Return a connector with the attributes of one of PyNN's own."""
        own = cls.__new__(cls)
        own.__dict__.update(vars(connector))
        rng = getattr(connector, "rng", None)
        # one seed for all that were given no rng
        if isinstance(rng, NumpyRNG) and rng.seed == pyNN.connectors._get_rng(None).seed:
            own.rng = NativeRNG()
        own._complete()
        return own

    def _complete(self) -> None:
        """Check and convert what PyNN's constructor has set."""
        if self.location_selector is not None:  # type: ignore[attr-defined]
            raise NotImplementedError(
                "location_selector is not available; synapses at several places of a "
                "MultiCompartmentNeuron are receptor types, as in receptor_type='AMPA.dendrite'"
            )
        self.rng = on_streams(self.rng)
        if hasattr(self, "n"):
            self.n = distribution_on_streams(self.n)
        self._check()

    def _check(self) -> None:
        """Raise if something cannot be that PyNN accepts."""

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

    def load(self, pre: Any, post: Any, is_whole: bool) -> None:
        """Read the connections from where they are, if they are; every rank must call it.

        Parameters
        ----------
        pre, post : Population, PopulationView or Assembly
        is_whole : bool
            Whether each rank needs those onto all cells, since it draws the numbers of all.
        """

    def whole_rule(self, projection: Any) -> Rule:
        """Return the rule that makes the connections onto all cells, on every rank."""
        return self.rule(projection)

    def column(self, name: str) -> NDArray[np.float64] | None:
        """Return the values of a synapse parameter that come with the connections, if they do."""
        return None

    def first_value(self, name: str) -> NDArray[np.float64]:
        """Return what `column` begins with on all ranks together: one value, or none."""
        return np.zeros(0)

    def connect(self, projection: Any) -> None:
        """Connect in PyNN's way: with PyNN's random numbers, or rows of our rule."""
        if not self.is_rank_local or isinstance(self, pyNN.connectors.FromListConnector):
            self._connect_as_pynn(projection)
            return
        rule = self.whole_rule(projection)

        def source_masks(mask: Any = None) -> Any:
            for target in np.arange(projection.post.size):
                yield rule.rows(np.array([target])).sources

        pyNN.connectors.MapConnector._standard_connect(self, projection, source_masks)

    def _connect_as_pynn(self, projection: Any) -> None:
        """Draw as PyNN does, where a generator is ours from one that all ranks share."""
        holders = [(self, Purpose.CONNECT)] if self.rng is not None else []
        if isinstance(getattr(self, "n", None), RandomDistribution):
            holders.append((self.n, Purpose.INDEGREE))
        with shared_numbers(holders, state.simulation.seed, projection.number):
            self._draw_as_pynn(projection)

    def _draw_as_pynn(self, projection: Any) -> None:
        """Make the connections that PyNN's class makes."""
        super().connect(projection)  # type: ignore[misc]

    def _get_connection_map_no_self_connections(self, projection: Any) -> LazyArray:
        """Return the map of the pairs of different cells; PyNN's hook."""
        sources, targets = projection.pre.gids(), projection.post.gids()
        return LazyArray(lambda i, j: sources[i] != targets[j], shape=projection.shape)

    def _get_connection_map_no_mutual_connections(self, projection: Any) -> LazyArray:
        """Return the map of one of each two mutual pairs; PyNN's hook."""
        n_pre, n_post = projection.shape
        own = own_of(self.own_sources(projection), np.arange(n_post))
        back = own_of(self.own_targets(projection), np.arange(n_pre))
        return LazyArray(
            lambda i, j: (own[j] < 0) | (back[i] < 0) | (i > own[j]), shape=projection.shape
        )

    def stream(self, projection: Any) -> Stream:
        """Return the stream that connections of a projection are drawn from."""
        seed = getattr(self.rng, "seed", None)
        return state.stream(Purpose.CONNECT, projection.number, seed=seed)

    def own_sources(self, projection: Any) -> Own | None:
        """Return the function from targets to the same cells among the sources, if excluded."""
        if self.allow_self_connections is True:
            return None
        self._check_once(projection.pre)
        return SameCells(gid_map(projection.post.parts), gid_map(projection.pre.parts))

    def own_targets(self, projection: Any) -> Own | None:
        """Return the function from sources to the same cells among the targets, if excluded."""
        if self.allow_self_connections is True:
            return None
        self._check_once(projection.post)
        return SameCells(gid_map(projection.pre.parts), gid_map(projection.post.parts))

    def _check_once(self, cells: Any) -> None:
        """Raise if a cell is in an assembly twice, where it is to be left out."""
        if len(cells.parts) > 1 and np.unique(cells.gids()).size < cells.size:
            raise ConnectivityError(
                f"allow_self_connections={self.allow_self_connections!r} of {type(self).__name__}: "
                f"some cells are in '{cells.label}' twice; make an assembly of each cell once"
            )

    def is_lower(self, projection: Any) -> bool:
        """Return whether only one of two mutual connections of a group to itself may be made."""
        if self.allow_self_connections != "NoMutual":
            return False
        return np.array_equal(projection.pre.gids(), projection.post.gids())

    def one_way(self, projection: Any, rule: Rule) -> Rule:
        """Return a rule without one of two mutual connections, where none may be.

        Between a group and itself the rule leaves them out by itself.
        """
        if self.allow_self_connections != "NoMutual" or self.is_lower(projection):
            return rule
        if not np.isin(projection.pre.gids(), projection.post.gids()).any():
            return rule
        self._check_once(projection.pre)
        self._check_once(projection.post)
        pre, post = gid_map(projection.pre.parts), gid_map(projection.post.parts)
        return OneWay(rule, SameCells(post, pre), SameCells(pre, post))


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
