"""Synapses with variables: what is the same for all their models.

See `distsim.models.synapse_loops` for the rest. A synapse is looked at when a spike of its source
arrives. Spikes of its target wait until then: the latest `N_LATEST` of each target side by side,
earlier ones in a *ring*. If a ring is full, all synapses are brought up to date (a *sweep*), which
changes no result: what the target's spikes do is done one after another in any case.

A delay of d steps has a dendritic part e. A spike of the source that arrives at the target at step
t was at the synapse at t - e, where spikes of the target up to t - 2 e had come. The *lag* 2 e is
thus how far a synapse looks back. With no dendritic delay, spikes that the target makes in step t
come after the one that arrives then.

Where weights or parameters are set, all that has reached the synapses by then is taken into account
first. Spikes that are on their way still leave traces and are transmitted when they arrive, but
change the synapse no more.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from distsim.compiled import KEPT
from distsim.declared import declares
from distsim.kernels.arrays import Connectome, Queue
from distsim.kernels.by_address import caller
from distsim.kernels.delivery import enqueue_most
from distsim.kernels.options import KERNEL
from distsim.kernels.rarer import call_part
from distsim.partitioning.streams import word_block

__all__ = [
    "DELIVER",
    "NEVER",
    "NOTE",
    "NO_SPIKE",
    "PEEK",
    "QUEUE",
    "RESTART",
    "SET",
    "SWEPT",
    "WORK",
    "PlasticArrays",
    "PlasticSet",
    "Plastics",
    "call_plastic",
    "decay_tables",
    "end_sweep",
    "fill_row_keys",
    "find_present",
    "note_spikes",
    "peek_at",
    "queue_spikes",
    "row_of_run",
    "sweep_at",
    "target_trace",
]

# what is asked for: to forget how many exchanged spikes are queued; to queue spikes; to deliver
# what arrives at a step; to note the spikes of cells in a step
RESTART, QUEUE, DELIVER, NOTE = (np.int64(k) for k in range(4))
# spikes of a target that are at hand without its ring
N_LATEST = 4
# a step before all others, of a source and of a target: below the former by more than any lag
NEVER, NO_SPIKE = -(2**30), -(2**31)
# of `PlasticArrays.clock`
SWEPT, FIRST_LID, N_QUEUED, IS_SWEEP_DUE, NEEDS_ROOM, SET, N_CLOCK = 0, 1, 2, 3, 4, 5, 6


@declares(
    stored="columns run_states run_traces run_last latest latest_traces ring ring_traces "
    "count clock",
    remade="row_keys target_gids lag_of_delay lags held lists present present_at n_due done "
    "decays rates is_nearest",
)
class PlasticArrays(NamedTuple):
    """The variables of the synapses of one projection onto one model group, and what they look at.

    Synapse j of a `Connectome` whose `run_start` counts synapses has column j. Targets are counted
    from the first of the projection on.

    Attributes
    ----------
    columns : ndarray of float64, shape (n_variables, n_synapses)
        Weight, then the other variables.
    run_states : ndarray of float64, shape (n_source_states, n_runs)
        Variables of the source that all synapses of a run share.
    run_traces : ndarray of float64, shape (2 * n_source_traces, n_runs)
        Just before the step of the last spike; then just after that spike.
    run_last : ndarray of int64, shape (n_runs,)
        Step in which the source's last spike arrived.
    row_keys : ndarray of uint32, shape (n_rows, 2)
        Key of the random numbers of each row; no rows where none are drawn.
    target_gids : ndarray of int64, shape (n_targets,)
    lag_of_delay : ndarray of int64, shape (largest delay + 1,)
        Number of the lag of each delay [steps].
    lags : ndarray of int64, shape (n_lags,)
        [steps]
    latest : ndarray of int32, shape (n_targets, N_LATEST)
        Steps of the latest spikes of each target, the last first.
    held : ndarray of float64, shape (n_variables, more than the longest run)
        Scratch.
    latest_traces : ndarray of float64, shape (n_targets, N_LATEST * n_target_traces)
        The target's traces, one after another, just before each of these spikes.
    lists : ndarray of uint32, shape (N_LATEST, more than the longest run)
        Scratch.
    present : ndarray of float64, shape (n_lags, n_target_traces, n_targets)
        Scratch: traces of the targets as they are seen at a step.
    present_at : ndarray of int64, shape (n_lags,)
        At which one.
    n_due : ndarray of int64, shape (n_lags,)
        Scratch: synapses by which something arrives at the present step.
    ring : ndarray of int32, shape (n_targets, a power of 2)
        Steps of the last spikes of each target.
    ring_traces : ndarray of float64, shape (n_target_traces, n_targets, as above)
        Just before each.
    count, done : ndarray of int32, shape (n_targets,)
        How many spikes a target made; how many all synapses have been told of.
    decays : ndarray of float64, shape (n_traces, n_steps)
        Of traces of the source, then of the target: what is left after so many steps.
    rates : ndarray of float64, shape (n_traces,)
        Inverse time constants [1/step].
    is_nearest : ndarray of bool, shape (n_traces,)
    clock : ndarray of int64, shape (6,)
        Step of the last sweep; local index of the first target; exchanged spikes that are queued;
        whether a sweep is due; whether Python has to make room; step in which weights or parameters
        were set last.
    """

    columns: NDArray[np.float64]
    run_states: NDArray[np.float64]
    run_traces: NDArray[np.float64]
    run_last: NDArray[np.int64]
    row_keys: NDArray[np.uint32]
    target_gids: NDArray[np.int64]
    lag_of_delay: NDArray[np.int64]
    lags: NDArray[np.int64]
    latest: NDArray[np.int32]
    held: NDArray[np.float64]
    latest_traces: NDArray[np.float64]
    lists: NDArray[np.uint32]
    present: NDArray[np.float64]
    present_at: NDArray[np.int64]
    n_due: NDArray[np.int64]
    ring: NDArray[np.int32]
    ring_traces: NDArray[np.float64]
    count: NDArray[np.int32]  # type: ignore[assignment]
    done: NDArray[np.int32]
    decays: NDArray[np.float64]
    rates: NDArray[np.float64]
    is_nearest: NDArray[np.bool_]
    clock: NDArray[np.int64]


class Plastics(NamedTuple):
    """All projections onto one group whose synapses have variables.

    Attributes
    ----------
    entries : ndarray of int64, shape (n, 2)
        What `call_plastic` calls each by.
    needs_room : ndarray of int64, shape (1,)
        Whether one of them can make no other step before Python has made room.
    """

    entries: NDArray[np.int64]
    needs_room: NDArray[np.int64]


class PlasticSet(NamedTuple):
    """One such projection.

    Attributes
    ----------
    rows : Connectome
        Whose runs count synapses.
    queues : tuple of 2 Queue
    drawn : ndarray of int64, shape (2,)
        What `call_part` calls sources by whose spikes are drawn here; zeros if there are none.
    net : PlasticArrays
    parameters : NamedTuple
        `dt`, `purpose`, and the model's, each a number or one for each synapse.
    """

    rows: Connectome
    queues: tuple[Queue, Queue]
    drawn: NDArray[np.int64]
    net: PlasticArrays
    parameters: Any


# ``work(what, first, n, keys, inputs, spiking)`` of a set
WORK = (types.int64,) * 3 + (types.int64[::1], types.float64[:, ::1], types.int64[::1])
call_plastic: Any = caller(WORK, types.UniTuple(types.int64, 2))

# ``peek(step, columns, run_states, run_traces, run_last, inputs, rows, stamps, numbers)`` of a set
PEEK = (
    types.int64,
    *(types.float64[:, ::1],) * 3,
    types.int64[::1],
    types.float64[:, ::1],
    *(types.int64[::1],) * 3,
)
_call_peek: Any = caller(PEEK, types.int64)


@njit(**KERNEL)
def peek_at(
    function,
    place,
    step,
    columns,
    run_states,
    run_traces,
    run_last,
    inputs,
    rows,
    stamps,
    numbers,
):
    """Bring copies of what changes up to a step, by all that has reached synapses until then.

    Parameters
    ----------
    function, place : int
        See `Addressed`.
    step : int
    columns, run_states, run_traces, run_last
        Copies of those of `PlasticArrays`; in place.
    inputs : ndarray of float64, shape (n_states, n_local)
        Scratch.
    rows, stamps, numbers : ndarray of int64, shape (n,)
        Spikes on their way, the earliest first: row, step of the spike, and how many the source
        made in that step before.
    """
    _call_peek(
        *(function, place, step, columns, run_states, run_traces, run_last, inputs),
        *(rows, stamps, numbers),
    )


@njit(**KERNEL)
def sweep_at(function, place, step, net, inputs, spiking):
    """Have all synapses learn of the spikes that are seen at a step, whose input was delivered.

    Parameters
    ----------
    function, place : int
        See `Addressed`; of `WORK`.
    step : int
    net : PlasticArrays
        In place.
    inputs, spiking
        As `work` takes them; scratch.
    """
    net.clock[IS_SWEEP_DUE] = 1
    call_plastic(function, place, DELIVER, step, 0, spiking, inputs, spiking)


@njit(**KERNEL)
def queue_spikes(first, n_steps, keys, group):
    """Queue exchanged spikes, and those of drawn sources in some steps; return whether all are."""
    clock = group.net.clock
    if clock[N_QUEUED] < keys.size:
        clock[N_QUEUED] = enqueue_most(group.queues[0], group.rows, keys, clock[N_QUEUED])
        if clock[N_QUEUED] < keys.size:
            return 0
    drawn = group.drawn
    return 1 if drawn[0] == 0 else call_part(drawn[0], drawn[1], first, n_steps)


@njit(**KEPT)
def fill_row_keys(stream, gids, keys):
    """Write the key of random numbers of each source to `PlasticArrays.row_keys`."""
    for k in range(gids.size):
        keys[k, 0], keys[k, 1], _, _ = word_block(stream, gids[k], 0)


@njit(**KERNEL)
def row_of_run(rows, run):
    """Return which row of a connectome a run is of."""
    low, high = 0, rows.row_start.size - 1
    while high - low > 1:
        middle = (low + high) >> 1
        if rows.row_start[middle] <= run:
            low = middle
        else:
            high = middle
    return low


@njit(**KEPT, inline="always")
def decay(table, rate, n_steps):
    """Return what is left of a trace after some steps, by a row of `decays` and a rate."""
    return table[np.uint64(n_steps)] if n_steps < table.size else np.exp(-n_steps * rate)


@njit(**KEPT, inline="always")
def target_trace(net, y, c, step):
    """Return a trace of a target by its spikes before a step, at that step."""
    latest, values = net.latest, net.latest_traces
    which = net.rates.size - net.ring_traces.shape[0] + y
    table, rate = net.decays[which], net.rates[which]
    m = np.uint64(0)
    while m < np.uint64(N_LATEST) and latest[c, m] >= step:
        m += np.uint64(1)
    if m < np.uint64(N_LATEST):
        before = values[c, np.uint64(N_LATEST * y) + m]
        last = np.int64(latest[c, m])
    else:
        size = net.ring.shape[1]
        mask, i = size - 1, np.int64(net.count[c]) - N_LATEST
        while i > max(np.int64(net.count[c]) - size, 0) and (
            net.ring[c, np.uint64((i - 1) & mask)] >= step
        ):
            i -= 1
        if i <= max(np.int64(net.count[c]) - size, 0):
            return 0.0
        before = net.ring_traces[y, c, np.uint64((i - 1) & mask)]
        last = np.int64(net.ring[c, np.uint64((i - 1) & mask)])
    held = 1.0 if net.is_nearest[which] else before + 1.0
    return held * decay(table, rate, step - last)


@njit(**KERNEL)
def find_present(step, queue, n_due, net, rows):
    """Find what is left of the traces of all targets, for lags by which much arrives at a step.

    Where little does, each synapse finds it, the same to the bit.

    Parameters
    ----------
    step : int
    queue : Queue
        The first `n_due` of `due` arrive.
    n_due : int
    net : PlasticArrays
        `present` and `present_at` in place.
    rows : Connectome
    """
    n_targets, n_traces = net.count.size, net.ring_traces.shape[0]
    for k in range(net.lags.size):
        net.n_due[k] = 0
    for i in range(n_due):
        run = queue.run[queue.due[i]]
        k = net.lag_of_delay[rows.run_delay[run]]
        net.n_due[k] += np.int64(rows.run_start[run + 1]) - np.int64(rows.run_start[run])
    for k in range(net.lags.size):
        if 2 * net.n_due[k] < n_targets or net.present_at[k] == step:
            continue
        net.present_at[k] = step
        for y in range(n_traces):
            present = net.present[k, y]
            for c in range(np.uint64(n_targets)):
                present[c] = target_trace(net, y, c, step - net.lags[k])


@njit(**KERNEL)
def note_spikes(step, n_spiking, spiking, net):
    """Take the spikes that cells made in a step.

    Parameters
    ----------
    step, n_spiking : int
    spiking : ndarray of int64
        Local indices of cells, the first `n_spiking` of them.
    net : PlasticArrays
        In place; `clock` says whether a sweep is due.
    """
    n_targets, size = net.count.size, net.ring.shape[1]
    n_traces = net.ring_traces.shape[0]
    for i in range(n_spiking):
        target = spiking[i] - net.clock[FIRST_LID]
        if not 0 <= target < n_targets:
            continue
        count = net.count[target]
        slot = count & (size - 1)
        for y in range(n_traces):
            net.ring_traces[y, target, slot] = target_trace(net, y, target, step)
        for m in range(N_LATEST - 1, 0, -1):
            net.latest[target, m] = net.latest[target, m - 1]
            for y in range(n_traces):
                place = N_LATEST * y + m
                net.latest_traces[target, place] = net.latest_traces[target, place - 1]
        net.ring[target, slot] = net.latest[target, 0] = step
        for y in range(n_traces):
            place = N_LATEST * y
            net.latest_traces[target, place] = net.ring_traces[y, target, slot]
        net.count[target] = count + 1
        if count + 1 - net.done[target] >= size - 1:
            net.clock[IS_SWEEP_DUE] = 1


@njit(**KERNEL)
def end_sweep(step, net):
    """Say that all synapses know of the spikes that are seen at a step; in place."""
    longest = 1
    for k in range(net.lags.size):
        longest = max(longest, net.lags[k])
    bound = step - longest
    mask = net.ring.shape[1] - 1
    for target in range(net.count.size):
        while (
            net.done[target] < net.count[target]
            and net.ring[target, net.done[target] & mask] <= bound
        ):
            net.done[target] += 1
        if net.count[target] - net.done[target] >= mask:
            net.clock[NEEDS_ROOM] = 1
    net.clock[SWEPT], net.clock[IS_SWEEP_DUE] = step, 0


def decay_tables(time_constants: Any, dt: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return `decays` and `rates` of some traces.

    Parameters
    ----------
    time_constants : sequence of float
        [ms]
    dt : float
        [ms]
    """
    rates = np.array([dt / tau for tau in time_constants])
    slowest = max(time_constants, default=0.0)
    n_steps = int(min(max(np.ceil(20.0 * slowest / dt), 1.0), 2**12))
    return np.exp(-np.outer(rates, np.arange(n_steps))), rates
