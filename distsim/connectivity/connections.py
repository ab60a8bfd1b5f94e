"""The connections of a projection, in chunks of bounded size."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.connectivity.bounds import Bounds
from distsim.connectivity.dense import AllToAll, OneToOne
from distsim.connectivity.fixed_number import FixedNumberPost, FixedNumberPre, FixedTotalNumber
from distsim.connectivity.probability import FixedProbability
from distsim.connectivity.rows import Ints, Rule
from distsim.connectivity.values import Constant, Values

__all__ = ["Chunk", "Connections"]

Floats = NDArray[np.float64]
# rules from which the number of synapses follows
COUNTABLE = (
    *(AllToAll, OneToOne, FixedProbability),
    *(FixedNumberPre, FixedNumberPost, FixedTotalNumber),
)


class Chunk(NamedTuple):
    """Some synapses, sorted by target.

    Attributes
    ----------
    target_positions : ndarray of int64, shape (n,)
        Positions in the array of targets that was asked for.
    sources : ndarray of int, shape (n,)
        Indices in the presynaptic population.
    weights : float, ndarray of float64 of shape (n,), or None
        One for all, or one each [nA or uS]; None if not wanted.
    delays : float or ndarray of float64, shape (n,)
        One for all, or one each [ms].
    parameters : mapping of str to float or ndarray of float64, shape (n,)
        Of the synapses, by name; empty if not wanted.
    """

    target_positions: Ints
    sources: NDArray[Any]
    weights: float | Floats | None
    delays: float | Floats
    parameters: Mapping[str, float | Floats] = MappingProxyType({})


@dataclass(frozen=True)
class Connections:
    """Connections that a rule makes whenever they are needed.

    Parameters
    ----------
    rule : Rule
        Who connects to whom.
    weight, delay : Values
        Weight [nA or uS] and delay [ms] of each synapse.
    chunk_size : int
        Synapses to make at once, about.
    bounds : Bounds, optional
        What weights and delays are checked against as they are made.
    progress : callable, optional
        Called with the part of the targets, 0 to 1, of which the weights were made.
    parameters : mapping of str to Values, optional
        What else each synapse has.
    """

    rule: Rule
    weight: Values
    delay: Values
    chunk_size: int = 2**18
    bounds: Bounds | None = None
    progress: Callable[[float], object] | None = None
    parameters: Mapping[str, Values] = field(default_factory=dict)

    @property
    def constant_weight(self) -> float | None:
        """The weight of all connections, or None where they differ."""
        return self.weight.value if isinstance(self.weight, Constant) else None

    @property
    def constant_delay(self) -> float | None:
        """The delay of all connections, or None where they differ."""
        return self.delay.value if isinstance(self.delay, Constant) else None

    @property
    def expected_indegree(self) -> float | None:
        """Expected synapses per target; None where the rule gives at most an upper bound."""
        rule = self.rule
        if isinstance(rule, AllToAll | FixedProbability) and rule.lower:
            return None
        if isinstance(rule, COUNTABLE):
            return rule.mean_indegree
        return None

    def chunks(self, targets: Ints, want_weights: bool = True) -> Iterator[Chunk]:
        """Make the connections of some targets; the same ones each time.

        Parameters
        ----------
        targets : ndarray of int64, shape (n_targets,)
            Indices of postsynaptic cells, ascending.
        want_weights : bool
            False saves the making of weights and parameters.

        Yields
        ------
        Chunk
            Never empty; in the order of the targets.

        Raises
        ------
        ConnectivityError
            If a weight or delay is out of its bounds.
        """
        targets = np.ascontiguousarray(targets, np.int64)
        n_slice = self._n_targets_per_chunk()
        for first in range(0, targets.size, n_slice):
            part = targets[first : first + n_slice]
            rows = self.rule.rows(part)
            if rows.sources.size == 0:
                continue
            positions = np.repeat(np.arange(first, first + part.size), np.diff(rows.indptr))
            weights = self.weight.values(part, rows) if want_weights else None
            delays = self.delay.values(part, rows)
            if self.bounds is not None:
                self.bounds.check_delays(delays)
                if want_weights:
                    self.bounds.check_weights(weights)
            if self.progress is not None and want_weights:
                self.progress((int(positions[-1]) + 1) / targets.size)
            others = self.parameters if want_weights else {}
            parameters = {name: value.values(part, rows) for name, value in others.items()}
            yield Chunk(positions, rows.sources, weights, delays, parameters)

    def _n_targets_per_chunk(self) -> int:
        """Return how many targets have about `chunk_size` synapses."""
        # some rules have a large cost for each call
        chunk_size = max(self.chunk_size, getattr(self.rule, "min_chunk", 0))
        return max(1, int(chunk_size / max(self.rule.mean_indegree, 0.01)))
