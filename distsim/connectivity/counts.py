"""How many synapses some targets have, and how late these are, without making all of them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.connectivity.connections import Connections
from distsim.connectivity.dense import AllToAll, OneToOne
from distsim.connectivity.explicit import Listed, Masked
from distsim.connectivity.probability import FixedProbability
from distsim.connectivity.rows import Ints, own_of

__all__ = ["Sample", "sampled"]

# rules that know their synapses, or make them at once
LISTED = (Listed, Masked, OneToOne)
# synapses of a sample, about, and targets that it is drawn for
N_SYNAPSES, MIN_TARGETS, MAX_TARGETS = 20_000, 16, 1000


class Sample(NamedTuple):
    """What some targets have.

    Attributes
    ----------
    n_synapses : float
        That they are expected to have in all.
    error : float
        Standard error of that number where it was estimated, 0 where it follows from the rule.
    delays : ndarray of float64
        Of some of these synapses; one for all where they are alike [ms].
    """

    n_synapses: float
    error: float
    delays: NDArray[np.float64]


def sampled(connections: Connections, targets: Ints) -> Sample:
    """Return how many synapses some targets are expected to have, and a sample of their delays.

    Parameters
    ----------
    connections : Connections
    targets : ndarray of int64, ascending
        Indices of postsynaptic cells.

    Returns
    -------
    Sample

    Notes
    -----
    Where the number follows from the rule and delays are alike, nothing is drawn; else the synapses
    of some of the targets are, in equal distance, of lists all.
    """
    if targets.size == 0:
        return Sample(0.0, 0.0, np.zeros(0))
    rule, delay = connections.rule, connections.constant_delay
    known = connections.expected_indegree
    if isinstance(rule, LISTED):
        known = float(np.diff(rule.rows(targets).indptr).mean())
    elif isinstance(rule, AllToAll | FixedProbability) and known is not None:
        known *= 1.0 - _part_left_out(rule, targets)
    if known is not None and (delay is not None or known == 0.0):
        return Sample(known * targets.size, 0.0, np.array([] if delay is None else [delay]))
    few = _some(targets, rule.mean_indegree)
    counts, delays = np.zeros(few.size), [np.zeros(0)]
    for chunk in connections.chunks(few, want_weights=False):
        counts += np.bincount(chunk.target_positions, minlength=few.size)
        delays.append(np.broadcast_to(chunk.delays, chunk.target_positions.shape))
    every = np.concatenate(delays) if delay is None else np.array([delay])
    if known is not None:
        return Sample(known * targets.size, 0.0, every)
    error = 0.0
    if few.size < targets.size:
        error = targets.size * float(counts.std()) / np.sqrt(max(few.size - 1, 1))
    return Sample(float(counts.mean()) * targets.size, float(error), every)


def _part_left_out(rule: Any, targets: Ints) -> float:
    """Return which part of the pairs is left out, since a cell may not connect to itself."""
    is_own = own_of(rule.own, targets) >= 0
    return float(is_own.mean()) / max(rule.n_pre, 1)


def _some(targets: Ints, indegree: float) -> Ints:
    """Return some targets in equal distance, enough for a sample of synapses."""
    n = int(np.clip(N_SYNAPSES / max(indegree, 1e-9), MIN_TARGETS, MAX_TARGETS))
    if n >= targets.size:
        return targets
    return targets[np.linspace(0, targets.size - 1, n).astype(np.int64)]
