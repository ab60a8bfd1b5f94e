"""What spikes do to plastic synapses before another simulator lets the synapses know.

NEST changes a weight when it delivers a spike of the source, at the beginning of the next slice;
Brian when one arrives at the target. What has reached a synapse since then follows from its present
weight and trace, and from the recent spikes of both sides.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.compiled import KEPT
from distsim.engines.described import DynamicSynapses
from distsim.kernels.spike_keys import gid_of_key, step_of_key

__all__ = [
    "BY_SOURCE",
    "NEVER",
    "PAIR",
    "VOGELS",
    "VOGELS_OF_NEST",
    "Learning",
    "Trains",
    "catch_up",
    "reach_of",
    "rules_of",
    "trains_of",
    "weights_before",
]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

# after which nothing is left of a trace in 64 bits
N_TIME_CONSTANTS = 40.0
# after which an interval is no longer than rounding errors
N_HALVINGS = 60
# longer ago than any trace lasts [steps]
NEVER = -(2**40)
BY_SOURCE = -(2**41)
# rules; NEST bounds a weight twice where Vogels' lets it rise and fall at once
PAIR, VOGELS, VOGELS_OF_NEST = 0.0, 1.0, 2.0


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


@njit(**KEPT)
def _train(trains: Trains, gid: int) -> tuple[int, int]:
    """Return where the spikes of a cell begin and end."""
    k = np.searchsorted(trains.gids, gid)
    if k == trains.gids.size or trains.gids[k] != gid:
        return 0, 0
    return trains.starts[k], trains.starts[k + 1]


@njit(**KEPT)
def _trace_before(trains: Trains, begin: int, end: int, before: int, tau: float) -> float:
    """Return the trace of a cell's spikes before a step."""
    trace = 0.0
    for i in range(begin, end):
        if trains.steps[i] < before:
            trace += np.exp((trains.steps[i] - before) / tau)
    return trace


@njit(**KEPT)
def _risen(weight: float, trace: float, own: Floats) -> float:
    """Return the weight after a spike of the target, given the source's trace."""
    w_min, w_max = own[7], own[8]
    change = own[3] * trace
    if own[0] == PAIR and own[5] == 1.0:
        change *= w_max - weight
    elif own[0] == PAIR:
        change *= w_max * max(1.0 - weight / w_max, 0.0) ** own[5] if own[5] else w_max
    return min(max(weight + change, w_min), w_max)


@njit(**KEPT)
def _fallen(weight: float, trace: float, own: Floats) -> float:
    """Return the weight after a spike of the source, given the target's trace."""
    w_min, w_max = own[7], own[8]
    if own[0] == PAIR:
        change = own[4] * trace
        if own[6] == 1.0:
            change *= weight - w_min
        else:
            change *= w_max * max((weight - w_min) / w_max, 0.0) ** own[6] if own[6] else w_max
        return min(max(weight - change, w_min), w_max)
    raised = weight + own[3] * trace
    if own[0] == VOGELS_OF_NEST:
        raised = min(raised, w_max)
    return min(max(raised - own[4], w_min), w_max)


class Learning(NamedTuple):
    """What is known of some synapses, and of the spikes that have changed them already.

    Attributes
    ----------
    sources, targets : ndarray of int64, shape (n,)
        gids.
    axonal, dendritic : ndarray of int64, shape (n,)
        Both parts of each delay [steps].
    pre_done, post_done : ndarray of int64, shape (n,)
        Steps of the last spikes of both sides that have changed the weight; `BY_SOURCE`: all of
        the target that had reached the synapse with the last spike of the source.
    settled : ndarray of int64, shape (n,)
        Steps up to which spikes at the synapse leave the weight, as it was set then.
    traces : ndarray of float64, shape (n,)
        Of the sources, with their last spikes that have changed the weight.
    target_traces : ndarray of float64, shape (2, n) or (2, 0)
        Of the targets, before and after the last spikes that have changed the weight; if there are
        none, they follow from the spikes.
    rules : ndarray of float64, shape (9, n) or (9, 1)
        Which rule it is; time constants of the traces of source and target [steps]; amplitudes and
        exponents of potentiation and depression; smallest and largest weight.
    """

    sources: Integers
    targets: Integers
    axonal: Integers
    dendritic: Integers
    pre_done: Integers
    post_done: Integers
    settled: Integers
    traces: Floats
    target_traces: Floats
    rules: Floats


@njit(**KEPT)
def catch_up(trains: Trains, learning: Learning, weights: Floats, now: int) -> None:
    """Let synapses know of all that has reached them by now.

    Parameters
    ----------
    trains : Trains
        Of sources and targets, as far back as traces reach.
    learning : Learning
    weights : ndarray of float64, shape (n,)
        Changed in place.
    now : int
        The present step.
    """
    steps = trains.steps
    are_known = learning.target_traces.shape[1] > 0
    for k in range(weights.size):
        own = learning.rules[:, k if learning.rules.shape[1] > 1 else 0]
        axonal, dendritic = learning.axonal[k], learning.dendritic[k]
        pre, pre_end = _train(trains, learning.sources[k])
        post, post_end = _train(trains, learning.targets[k])
        first_post, weight, trace = post, weights[k], learning.traces[k]
        last, n_last = NEVER, 1
        while pre < pre_end and steps[pre] <= learning.pre_done[k]:
            n_last = n_last + 1 if steps[pre] + axonal == last else 1
            last = steps[pre] + axonal
            pre += 1
        # those of its last step are not seen by what meets them
        before = trace - n_last
        post_done = learning.post_done[k]
        if post_done == BY_SOURCE:
            post_done = last - dendritic
        while post < post_end and steps[post] <= post_done:
            post += 1
        y_last, y_before, y = post_done + dendritic, 0.0, 0.0
        if are_known:
            y_before, y = learning.target_traces[0, k], learning.target_traces[1, k]
        while True:
            is_over = pre == pre_end or steps[pre] + axonal > now
            arrives = now if is_over else steps[pre] + axonal
            # where they meet, the target's first; but those that need no time to come are later
            bound = arrives if is_over or dendritic > 0 else arrives - 1
            while post < post_end and steps[post] + dendritic <= bound:
                at = steps[post] + dendritic
                seen = before if at == last else trace * np.exp((last - at) / own[1])
                if at > learning.settled[k]:
                    weight = _risen(weight, seen, own)
                y_before = y * np.exp((y_last - at) / own[2])
                y_last, y = at, y_before + 1.0
                post += 1
            if is_over:
                break
            if are_known:
                seen = y_before if arrives == y_last else y * np.exp((y_last - arrives) / own[2])
            else:
                seen = _trace_before(trains, first_post, post_end, arrives - dendritic, own[2])
            if arrives > learning.settled[k]:
                weight = _fallen(weight, seen, own)
            left = trace * np.exp((last - arrives) / own[1])
            before = left if arrives > last else before
            trace, last = left + 1.0, arrives
            pre += 1
        weights[k] = weight


def weights_before(trains: Trains, learning: Learning, wanted: Floats, now: int) -> Floats:
    """Return the weights that `catch_up` makes the wanted ones; the nearest if none does.

    Parameters
    ----------
    trains, learning, now
        As for `catch_up`.
    wanted : ndarray of float64, shape (n,)
    """
    after = wanted.copy()
    catch_up(trains, learning, after, now)
    low, high = (np.broadcast_to(row, wanted.size).copy() for row in learning.rules[7:9])
    # a larger weight before is never a smaller one after
    for _ in range(N_HALVINGS if (after != wanted).any() else 0):
        middle = 0.5 * (low + high)
        found = middle.copy()
        catch_up(trains, learning, found, now)
        is_below = found <= wanted
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    return np.where(after == wanted, wanted, low)


def rules_of(
    dynamic: DynamicSynapses, dt: float, rule: float, exponents: tuple[Any, Any]
) -> Floats:
    """Return the rules of some synapses as `Learning` has them.

    Parameters
    ----------
    dynamic : DynamicSynapses
    dt : float
        [ms]
    rule : float
        `PAIR`, `VOGELS` or `VOGELS_OF_NEST`.
    exponents : tuple of 2 float or ndarray of float64
        Of potentiation and depression, by the distance of the weight from its bounds.
    """
    values, model = dynamic.values, dynamic.pathway.synapse
    traces = (*model.source_traces, *model.target_traces)
    times = [np.divide(values[trace.time_constant], dt) for trace in traces]
    if rule == PAIR:
        amplitudes = [values["A_plus"], values["A_minus"]]
    else:
        alpha = 2.0 * np.multiply(values["rho"], values["tau"])
        amplitudes = [values["eta"], values["eta"] * alpha]
    rows = [rule, *times, *amplitudes, *exponents, values["w_min"], values["w_max"]]
    return np.stack(np.broadcast_arrays(*map(np.atleast_1d, rows))).astype(np.float64)


def reach_of(dynamic: DynamicSynapses, dt: float) -> int:
    """Return how far back spikes matter for the present weights [steps]."""
    model = dynamic.pathway.synapse
    if not model.is_learning or not dynamic.synapses.sources.size:
        return 0
    traces = (*model.source_traces, *model.target_traces)
    longest = max(float(np.max(dynamic.values[trace.time_constant])) for trace in traces)
    return int(N_TIME_CONSTANTS * longest / dt) + 2 * int(dynamic.synapses.delays.max()) + 1
