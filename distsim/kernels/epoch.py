"""One epoch of one model group in one compiled call: update, deliver, collect, sample."""

from collections.abc import Callable
from typing import Any

from numba import njit
from numba.extending import overload

from distsim.kernels.delivery import deliver
from distsim.kernels.options import KERNEL
from distsim.kernels.plastic import DELIVER, NOTE, call_plastic
from distsim.kernels.rarer import (
    COUPLE,
    CURRENTS,
    DRIVES,
    EXPECT,
    JUNCTIONS,
    NOTE_CHANGE,
    call_part,
)
from distsim.kernels.spike_keys import spike_key
from distsim.kernels.threshold import fire

__all__ = ["advance", "ask_part", "ask_plastic", "register_update", "sample"]


def update(cells, coefficients):
    """Advance the cells by one step, before input is added; compiled as what was registered."""
    raise TypeError(f"no update is registered for {type(coefficients).__name__}")


def settle(cells, coefficients):
    """End the step after all that arrives was added; compiled as what was registered."""
    raise TypeError(f"no update is registered for {type(coefficients).__name__}")


def register_update(
    coefficients_class: type, step: Callable[..., Any], settle_step: Callable[..., Any] = fire
) -> None:
    """Give the functions of all groups whose coefficients are of the given class.

    Parameters
    ----------
    coefficients_class : type
        The model's NamedTuple of arrays.
    step : numba function
        ``step(cells, coefficients)`` advances by one step, before input is added.
    settle_step : numba function
        ``settle_step(cells, coefficients)`` is called when all that arrives was added to
        ``cells.state``; fills ``cells.spiking`` and returns the number of cells that spike.
    """
    _choose(update, coefficients_class, step)
    _choose(settle, coefficients_class, settle_step)


def _choose(general: Callable[..., Any], chosen_class: type, function: Callable[..., Any]) -> None:
    """Have `general` compiled as `function` for coefficients of a class."""

    @overload(general)
    def choose(cells, coefficients):
        if getattr(coefficients, "instance_class", None) is chosen_class:
            return lambda cells, coefficients: function(cells, coefficients)
        return None


@njit(**KERNEL)
def sample(step, state, probes):
    """Copy the probed values of all sets that are due at `step` into their buffers.

    Parameters
    ----------
    step : int
    state : ndarray of float64, shape (n_states, n_local)
    probes : Probes
        With room for one more sample of each set; `buffer`, `rows` and `next_step` are updated in
        place.
    """
    for s in range(probes.interval.size):
        if probes.next_step[s] == step:
            begin, end = probes.begin[s], probes.begin[s + 1]
            place = probes.region[s] + probes.rows[s] * (end - begin)
            for k in range(begin, end):
                probes.buffer[place + k - begin] = state[probes.state_row[k], probes.lid[k]]
            probes.rows[s] += 1
            probes.next_step[s] += probes.interval[s]


@njit(**KERNEL)
def _is_full(probes):
    """Return whether some set's buffer has no room for another sample."""
    n_full = 0
    for s in range(probes.rows.size):
        n_full += probes.rows[s] >= probes.max_rows[s]
    return n_full > 0


@njit(**KERNEL)
def _is_waiting(queue):
    """Return whether there are rows in a queue."""
    return queue.bounds[0] < queue.bounds[1]


@njit(**KERNEL)
def ask_plastic(what, first, n, keys, group):
    """Have all projections whose synapses have variables do something; return the sum of answers.

    Parameters
    ----------
    what : int
        `DELIVER` and so on, see `distsim.kernels.plastic`.
    first, n : int
        A step, or the one before some steps; number of these, or of spiking cells.
    keys : ndarray of int64
        Spikes that are to be queued.
    group : Bundle
        `plastic.needs_room` in place.
    """
    total, entries = 0, group.plastic.entries
    for k in range(entries.shape[0]):
        answer, needs_room = call_plastic(
            *(entries[k, 0], entries[k, 1], what, first, n, keys),
            *(group.cells.state, group.cells.spiking),
        )
        total += answer
        if needs_room != 0:
            group.plastic.needs_room[0] = 1
    return total


@njit(**KERNEL)
def ask_part(which, first, n, parts):
    """Have a part of a group do something; return its answer, or 1 where there is no such part.

    Parameters
    ----------
    which : int
        Line of `parts`; see `distsim.kernels.rarer`.
    first, n : int
        What its function takes.
    parts : ndarray of int64, shape (N_PARTS, 2)
    """
    if parts[which, 0] == 0:
        return 1
    return call_part(parts[which, 0], parts[which, 1], first, n)


@njit(**KERNEL)
def advance(first, n_steps, group):
    """Make the steps ``first + 1`` to ``first + n_steps`` of one model group.

    Parameters
    ----------
    first : int
        The present step.
    n_steps : int
        Not more than the smallest delay.
    group : Bundle
        By its address, or as it is.

    Returns
    -------
    tuple of 2 int
        Steps made: fewer than `n_steps` if the log or a sample buffer had to be emptied first.
        Number of synaptic events.
    """
    cells, coefficients, log, parts = group.cells, group.coefficients, group.log, group.parts
    n_local = cells.gids.size
    has_plastic = group.plastic.entries.shape[0] > 0
    is_injected, is_coupled = parts[CURRENTS, 0] != 0, parts[JUNCTIONS, 0] != 0
    is_driven = parts[DRIVES, 0] != 0
    n_events = 0
    # an argument that is not looked at is a step, too: for a literal another version is compiled
    for step in range(first + 1, first + n_steps + 1):
        is_full = log.filled[0] + n_local > log.keys.size or _is_full(group.probes)
        if is_full or group.plastic.needs_room[0] != 0:
            return step - 1 - first, n_events
        cells.step[0] = step
        if is_injected:
            ask_part(CURRENTS, step - 1, step, parts)
        if is_coupled:
            ask_part(JUNCTIONS, COUPLE, step, parts)
        update(cells, coefficients)
        if is_coupled:
            ask_part(JUNCTIONS, NOTE_CHANGE, step, parts)
        if is_driven:
            n_events += ask_part(DRIVES, step, step, parts)
        # no loop: a place in a tuple that is not a constant copies the tuple
        if _is_waiting(group.queues[0]):
            n_events += deliver(step, group.queues[0], group.connectome, cells.state)
        if _is_waiting(group.queues[1]):
            n_events += deliver(step, group.queues[1], group.connectome, cells.state)
        if has_plastic:
            n_events += ask_plastic(DELIVER, step, step, log.keys, group)
        n_spiking = settle(cells, coefficients)
        if is_coupled:
            ask_part(JUNCTIONS, EXPECT, n_spiking, parts)
        if has_plastic:
            ask_plastic(NOTE, step, n_spiking, log.keys, group)
        count = log.filled[0]
        for k in range(n_spiking):
            log.keys[count + k] = spike_key(step, cells.gids[cells.spiking[k]])
        log.filled[0] = count + n_spiking
        if group.probes.interval.size > 0:
            sample(step, cells.state, group.probes)
    return n_steps, n_events
