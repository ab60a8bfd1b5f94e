"""PyNN's random distributions on distsim's rank-local streams.

A `RandomDistribution` without an `rng` is drawn from the streams of `distsim.partitioning`, each
rank only for its own cells. Of one with a seeded `pyNN.random.NumpyRNG` every rank draws all
numbers, in PyNN's order: what draws first gets those that it gets with PyNN's own back ends, and
what draws after it goes on where that has stopped. PyNN's lazy arrays draw from copies, each from
where the generator is.
"""

import copy
import copyreg
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyNN.random
from lazyarray import larray
from numpy.typing import NDArray

from distsim.comm.agreement import first_on_each_node
from distsim.errors import ParameterError, did_you_mean
from distsim.partitioning.distributions import quantile
from distsim.partitioning.normal import normal_quantiles
from distsim.partitioning.streams import Purpose, Stream, uniforms

__all__ = [
    "DrawCounts",
    "NativeRNG",
    "RandomDistribution",
    "compile_draws",
    "detached",
    "distribution_on_streams",
    "drawn_in_turn",
    "is_rank_local",
    "numpy_rng",
    "on_streams",
    "refuse_single_draw",
    "shared_numbers",
    "values_of_cells",
]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

# revisions that a stream's address tells apart
N_REVISIONS = 4096


def compile_draws(comm: Any) -> None:
    """Compile, or load, what most networks draw by, each rank of a node a part of it.

    Parameters
    ----------
    comm : mpi4py communicator

    Notes
    -----
    Collective. A rank alone would gain nothing, and compiles what it needs when it does.
    """
    if comm.Get_size() > 1:
        no_cells, no_numbers = np.zeros(0, np.int64), np.zeros(0)
        first_on_each_node(
            comm,
            lambda: uniforms(Stream(0, 0, 0), no_cells),
            lambda: normal_quantiles(no_numbers),
        )


class NativeRNG(pyNN.random.NativeRNG):
    """The streams of distsim, as an RNG object.

    Parameters
    ----------
    seed : int, optional
        Default: the seed given to `setup()`.
    parallel_safe : bool
        As PyNN's other back ends have it; numbers are the same on any number of ranks either way.
    """

    parallel_safe = True

    def __init__(self, seed: int | None = None, parallel_safe: bool = True) -> None:
        super().__init__(seed)
        self._n_drawn = 0

    def next(
        self,
        n: int | None = None,
        distribution: str | None = None,
        parameters: dict[str, Any] | None = None,
        mask: NDArray[Any] | None = None,
    ) -> Any:
        """Return the next `n` numbers of this object, the same on every rank.

        Parameters are those of `pyNN.random.AbstractRNG.next`.
        """
        if n is not None and n < 0:
            raise ParameterError(f"n = {n}: the number of samples must be 0 or more")
        count = 1 if n is None else n
        stream = Stream.of(self.seed or 0, Purpose.SAMPLE, 0)
        u = uniforms(stream, np.zeros(1, np.int64), counts=count, firsts=self._n_drawn)
        self._n_drawn += count
        values = quantile(distribution or "uniform", parameters or {"low": 0.0, "high": 1.0}, u)
        if n is None:
            return values[0]
        return values if mask is None else values[mask]


class RandomDistribution(pyNN.random.RandomDistribution):
    """Random numbers from a given distribution.

    Parameters
    ----------
    distribution : str
        A name of `pyNN.random.available_distributions`.
    parameters_pos : tuple, optional
        The distribution's parameters in order.
    rng : pyNN.random.AbstractRNG, optional
        Default: rank-local streams.
    **parameters_named
        The distribution's parameters by name.

    Raises
    ------
    ParameterError
        If the distribution or a parameter is unknown or missing.

    Examples
    --------
    >>> RandomDistribution("normal", mu=-65.0, sigma=1.0).parameters
    {'mu': -65.0, 'sigma': 1.0}
    """

    def __init__(
        self,
        distribution: str,
        parameters_pos: tuple[Any, ...] | None = None,
        rng: pyNN.random.AbstractRNG | None = None,
        **parameters_named: Any,
    ) -> None:
        _check(distribution, parameters_pos, parameters_named)
        super().__init__(distribution, parameters_pos, rng or NativeRNG(), **parameters_named)


class _DrawnByAll(RandomDistribution):
    """Numbers of a generator of which every rank draws all, each once.

    Lazy arrays are copied when they are calculated with; copies of this go on in turn.
    """

    def __deepcopy__(self, memo: Any) -> "_DrawnByAll":
        return self


def _check(name: str, positional: Any, named: dict[str, Any]) -> None:
    known = pyNN.random.available_distributions
    if name not in known:
        raise ParameterError(f"unknown distribution '{name}'; {did_you_mean(name, known)}")
    expected = known[name]
    usage = f"RandomDistribution('{name}', {', '.join(f'{p}=...' for p in expected)})"
    if isinstance(positional, dict):
        raise ParameterError(
            f"the parameters of '{name}' were given as a dict; give them by name: {usage}"
        )
    if positional is not None and named:
        raise ParameterError(f"parameters were given both by position and by name; write {usage}")
    if positional is not None and len(positional) != len(expected):
        raise ParameterError(f"'{name}' takes {len(expected)} parameters; write {usage}")
    for parameter in named:
        if parameter not in expected:
            raise ParameterError(
                f"unknown parameter '{parameter}' of distribution '{name}'; write {usage}",
                name=parameter,
            )
    if positional is None and set(named) != set(expected):
        missing = ", ".join(f"'{p}'" for p in expected if p not in named)
        raise ParameterError(f"distribution '{name}' lacks {missing}; write {usage}")


def _copied_rng(seed: Any, parallel_safe: bool, generator: Any) -> pyNN.random.NumpyRNG:
    """Return a NumpyRNG that goes on as another did."""
    rng = pyNN.random.NumpyRNG(parallel_safe=parallel_safe)
    rng.seed, rng.rng = seed, generator
    return rng


# as it is, reading one from a pickle ends with a RecursionError
copyreg.pickle(
    pyNN.random.NumpyRNG, lambda rng: (_copied_rng, (rng.seed, rng.parallel_safe, rng.rng))
)


def is_rank_local(rng: Any) -> bool:
    """Return whether numbers of `rng` come from distsim's streams.

    That is so for `NativeRNG`, and for a NumpyRNG without a seed, such as PyNN's own
    RandomDistribution makes by default: its numbers would differ from rank to rank.
    """
    if isinstance(rng, pyNN.random.NativeRNG):
        return True
    return isinstance(rng, pyNN.random.NumpyRNG) and rng.seed is None


def on_streams(rng: Any) -> Any:
    """Return the `NativeRNG` of the same seed for a generator that is not parallel-safe.

    PyNN gives that another seed on each rank, so that its numbers would depend on the number of
    ranks. Other generators, and what is none, are returned as they are.
    """
    is_wrapped = isinstance(rng, pyNN.random.WrappedRNG) and rng.seed is not None
    if not is_wrapped or rng.parallel_safe:
        return rng
    return NativeRNG(seed=int(rng.seed) - int(rng.mpi_rank))


def distribution_on_streams(value: Any) -> Any:
    """Return a distribution, or lazy array of one, that draws as those of distsim do.

    Its rng is that of `on_streams`; if all ranks draw from that, a copy of the distribution draws
    from it, too. What is neither is returned as it is.
    """
    if isinstance(value, larray):
        base = distribution_on_streams(value.base_value)
        if base is not value.base_value:
            value = copy.copy(value)
            value.base_value = base
    elif isinstance(value, pyNN.random.RandomDistribution):
        rng = on_streams(value.rng)
        if not is_rank_local(rng):
            return _DrawnByAll(value.name, rng=rng, **value.parameters)
        if rng is not value.rng:
            return RandomDistribution(value.name, rng=rng, **value.parameters)
    return value


def detached(value: pyNN.random.RandomDistribution) -> RandomDistribution:
    """Return a distribution that draws what another would, and leaves that as it is."""
    return RandomDistribution(value.name, rng=copy.deepcopy(value.rng), **value.parameters)


def numpy_rng(seed: int, purpose: Purpose, number: int) -> pyNN.random.NumpyRNG:
    """Return a NumpyRNG that is the same on every rank, for what is drawn once and by all.

    Parameters
    ----------
    seed : int
        The user's seed.
    purpose : Purpose
        What is drawn.
    number : int
        Of the population or projection that draws.
    """
    stream = Stream.of(seed, purpose, number)
    return pyNN.random.NumpyRNG(seed=int(uniforms(stream, np.zeros(1, np.int64))[0] * 2**31))


@contextmanager
def shared_numbers(
    holders: Iterable[tuple[Any, Purpose]], seed: int, number: int
) -> Iterator[None]:
    """Let rank-local generators give the same numbers on every rank, while PyNN's code draws.

    Parameters
    ----------
    holders : iterable of (object, Purpose)
        Connectors and distributions, whose `rng` is replaced for the while; and what they draw.
    seed : int
        Of generators that have none.
    number : int
        Of the projection.
    """
    kept = [(each, each.rng, purpose) for each, purpose in holders if is_rank_local(each.rng)]
    try:
        for holder, rng, purpose in kept:
            holder.rng = numpy_rng(seed if rng.seed is None else rng.seed, purpose, number)
        yield
    finally:
        for holder, rng, _ in kept:
            holder.rng = rng


class _InTurn(pyNN.random.AbstractRNG):
    """A generator whose copies are itself, so that none of them repeats its numbers."""

    def __init__(self, rng: pyNN.random.AbstractRNG) -> None:
        self._rng = rng

    def __getattr__(self, name: str) -> Any:
        if name == "_rng":
            raise AttributeError(name)
        return getattr(self._rng, name)

    def __deepcopy__(self, memo: Any) -> "_InTurn":
        return self

    def next(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the generator gives next."""
        return self._rng.next(*args, **kwargs)


@contextmanager
def drawn_in_turn(holder: Any) -> Iterator[None]:
    """Let PyNN's code draw from the generator of a connector, where it would from copies.

    Parameters
    ----------
    holder : object
        Perhaps with an `rng` that all ranks draw from.
    """
    rng = getattr(holder, "rng", None)
    if rng is None or is_rank_local(rng):
        yield
        return
    holder.rng = _InTurn(rng)
    try:
        yield
    finally:
        holder.rng = rng


def refuse_single_draw(variable: str, value: Any, n_ranks: int, called: str) -> None:
    """Raise if the value of one cell is drawn from a generator of which every rank must draw.

    Parameters
    ----------
    variable : str
    value : object
    n_ranks : int
    called : str
        What sets it for all cells of a population.

    Raises
    ------
    ParameterError
        If there are several ranks: that of the cell alone would draw, and the others would go on
        with other numbers.
    """
    rng = getattr(getattr(value, "base_value", value), "rng", None)
    if rng is not None and not is_rank_local(on_streams(rng)) and n_ranks > 1:
        raise ParameterError(
            f"{variable} of a single cell is drawn from {rng!r}, of which all {n_ranks} ranks must "
            f"draw the same numbers; set all cells at once, cells.{called}({variable}=...), or "
            "give the RandomDistribution no rng"
        )


class DrawCounts:
    """How many random values of each variable each of this rank's cells was given so far.

    The address of a random value follows from this count, so that it depends neither on what else
    was set, nor on which rank.

    Parameters
    ----------
    n_local : int
        Number of cells.
    first : int
        Number of the first value.
    """

    def __init__(self, n_local: int, first: int = 0) -> None:
        self._n_local = n_local
        self._first = first
        # one number while all cells are alike
        self._counts: dict[Any, int | Integers] = {}

    def take(self, variable: Any, positions: Integers) -> int | Integers:
        """Count another value of some cells.

        Parameters
        ----------
        variable : hashable
        positions : ndarray of int64
            Which of the cells, each once.

        Returns
        -------
        int or ndarray of int64
            Number of the value, of all these cells or of each.
        """
        counts = self._counts.get(variable, self._first)
        if isinstance(counts, int):
            if positions.size == self._n_local:
                self._counts[variable] = counts + 1
                return counts
            counts = np.full(self._n_local, counts, np.int64)
            self._counts[variable] = counts
        numbers = counts[positions]
        counts[positions] += 1
        return numbers

    def of(self, variable: Any) -> Integers:
        """Return the number of the next value of each cell, shape (n_local,)."""
        return np.broadcast_to(self._counts.get(variable, self._first), self._n_local)

    def lay_in(self, variable: Any, numbers: int | Integers) -> None:
        """Take what `of` has returned, or one number for all cells."""
        self._counts[variable] = numbers


def values_of_cells(
    distribution: pyNN.random.RandomDistribution,
    seed: int,
    address: tuple[Purpose, int, int],
    cells: Integers,
    revisions: int | Integers,
) -> Floats:
    """Return random values of cells, each from an address of its own.

    Parameters
    ----------
    distribution : RandomDistribution
        With a rank-local rng.
    seed : int
        Of a distribution whose rng has none.
    address : tuple
        Purpose, number of the population, variant.
    cells : ndarray of int64, shape (n,)
        Indices in the population.
    revisions : int or ndarray of int64, shape (n,)
        How many values the cells were given before.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    own_seed = distribution.rng.seed
    seed = seed if own_seed is None else own_seed
    u = np.empty(cells.size)
    for revision in np.unique(revisions):
        chosen = np.broadcast_to(revisions == revision, cells.shape)
        stream = Stream.of(seed, *address, revision=int(revision))
        u[chosen] = uniforms(stream, cells[chosen], firsts=revision // N_REVISIONS)
    return quantile(distribution.name, distribution.parameters, u)
