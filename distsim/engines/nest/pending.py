"""What spikes do to plastic synapses before NEST lets the synapses know.

NEST changes a weight when it delivers a spike of the source, at the beginning of the next slice.
What has reached a synapse since then follows from its present weight and trace, and from the
spikes of both sides.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.kernels.spike_keys import gid_of_key, step_of_key

__all__ = ["Trains", "catch_up", "trains_of"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

# longer ago than any trace lasts [steps]
NEVER = -(2**40)


class Trains(NamedTuple):
    """Recent spikes of some cells.

    Attributes
    ----------
    gids : ndarray of int64, shape (n_cells,)
        Ascending.
    starts : ndarray of int64, shape (n_cells + 1,)
        Where the spikes of each cell begin.
    steps : ndarray of int64
        Ascending for each cell.
    """

    gids: Integers
    starts: Integers
    steps: Integers


def trains_of(keys: Integers) -> Trains:
    """Return the trains of spikes ``step << 32 | gid``."""
    steps, gids = step_of_key(keys), gid_of_key(keys)
    order = np.lexsort((steps, gids))
    cells, first = np.unique(gids[order], return_index=True)
    return Trains(
        cells.astype(np.int64), np.append(first, keys.size), steps[order].astype(np.int64)
    )


@njit(cache=True)
def _train(trains: Trains, gid: int) -> tuple[int, int]:
    """Return where the spikes of a cell begin and end."""
    k = np.searchsorted(trains.gids, gid)
    if k == trains.gids.size or trains.gids[k] != gid:
        return 0, 0
    return trains.starts[k], trains.starts[k + 1]


@njit(cache=True)
def _trace_before(trains: Trains, begin: int, end: int, before: int, tau: float) -> float:
    """Return the trace of a cell's spikes before a step."""
    trace = 0.0
    for i in range(begin, end):
        if trains.steps[i] < before:
            trace += np.exp((trains.steps[i] - before) / tau)
    return trace


@njit(cache=True)
def _risen(
    weight: float, trace: float, is_vogels: bool, plus: float, mu: float, w_max: float
) -> float:
    """Return the weight after a spike of the target, given the source's trace."""
    if is_vogels:
        return min(weight + plus * trace, w_max)
    part = weight / w_max
    return w_max * min(part + plus * max(1.0 - part, 0.0) ** mu * trace, 1.0)


@njit(cache=True)
def _fallen(
    weight: float,
    trace: float,
    is_vogels: bool,
    plus: float,
    minus: float,
    mu: float,
    w_max: float,
) -> float:
    """Return the weight after a spike of the source, given the target's trace."""
    if is_vogels:
        return max(min(weight + plus * trace, w_max) - minus, 0.0)
    part = weight / w_max
    return w_max * max(part - minus * max(part, 0.0) ** mu * trace, 0.0)


@njit(cache=True)
def catch_up(
    trains: Trains,
    sources: Integers,
    targets: Integers,
    delays: Integers,
    weights: Floats,
    traces: Floats,
    rules: Floats,
    delivered: int,
    now: int,
) -> None:
    """Let synapses know of all that has reached them by now.

    A delay is that of the dendrite: a spike of the source is at the synapse at once, one of the
    target a delay later.

    Parameters
    ----------
    trains : Trains
        Of sources and targets, as far back as traces reach.
    sources, targets, delays : ndarray of int64, shape (n,)
        gids; [steps]
    weights : ndarray of float64, shape (n,)
        Changed in place.
    traces : ndarray of float64, shape (n,)
        Of the sources, after the last spike that NEST delivered.
    rules : ndarray of float64, shape (8, n) or (8, 1)
        Whether it is Vogels' rule, time constants of the traces of source and target [steps],
        amplitudes and exponents of potentiation and depression, the largest weight.
    delivered, now : int
        Steps: NEST has delivered the sources' spikes up to the first one.
    """
    for k in range(weights.size):
        own = rules[:, k if rules.shape[1] > 1 else 0]
        is_vogels, plus, minus = own[0] > 0.0, own[3], own[4]
        pre, pre_end = _train(trains, sources[k])
        post, post_end = _train(trains, targets[k])
        first_post, weight, trace = post, weights[k], traces[k]
        last = NEVER
        while pre < pre_end and trains.steps[pre] <= delivered:
            last = trains.steps[pre]
            pre += 1
        while post < post_end and trains.steps[post] + delays[k] <= last:
            post += 1
        while True:
            is_over = pre == pre_end or trains.steps[pre] > now
            step = now if is_over else trains.steps[pre]
            # spikes of the target first, also of the same step, by the trace before
            while post < post_end and trains.steps[post] + delays[k] <= step:
                decay = np.exp((last - trains.steps[post] - delays[k]) / own[1])
                weight = _risen(weight, trace * decay, is_vogels, plus, own[5], own[7])
                post += 1
            if is_over:
                break
            seen = _trace_before(trains, first_post, post_end, step - delays[k], own[2])
            weight = _fallen(weight, seen, is_vogels, plus, minus, own[6], own[7])
            trace = trace * np.exp((last - step) / own[1]) + 1.0
            last = step
            pre += 1
        weights[k] = weight
