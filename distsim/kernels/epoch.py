"""One epoch of one model group in one compiled call: update, deliver, collect, sample."""

from collections.abc import Callable
from typing import Any

from numba import njit
from numba.extending import overload

from distsim.kernels.coefficients import set_drive
from distsim.kernels.currents import is_changing, renew
from distsim.kernels.delivery import deliver
from distsim.kernels.drive import drive
from distsim.kernels.junctions import couple, expect, note_change
from distsim.kernels.options import KERNEL
from distsim.kernels.plastic import DELIVER, NOTE, call_plastic
from distsim.kernels.spike_keys import spike_key
from distsim.kernels.threshold import fire

__all__ = ["advance", "ask_plastic", "register_update", "sample"]


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
def _inject(step, currents, coefficients):
    """Let the currents flow that hold from `step` on."""
    if not is_changing(step, currents):
        return
    is_summed = currents.injected.size > 0
    for i in range(renew(step, currents)):
        course = currents.due[i]
        currents.is_due[course] = False
        total = 0.0
        for k in range(currents.term_start[course], currents.term_start[course + 1]):
            total += currents.level[currents.term[k]]
        for k in range(currents.lid_start[course], currents.lid_start[course + 1]):
            set_drive(coefficients, currents.lid[k], total)
            if is_summed:
                currents.injected[currents.lid[k]] = total


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
def advance(first, n_steps, group):
    """Make the steps ``first + 1`` to ``first + n_steps`` of one model group.

    What a group has none of is not handed to the kernel for it: to hand over a group's arrays takes
    longer than the step of a few cells.

    Parameters
    ----------
    first : int
        The present step.
    n_steps : int
        Not more than the smallest delay.
    group : Bundle
        By its address, or anything else with the same fields: `cells`, Cells; `coefficients`, the
        model's NamedTuple with the fields `drive`, `drive_rest` and `drive_gain`; `connectome`,
        Connectome; `queues`, a tuple of 2 Queue: exchanged spikes, spikes of regenerated sources;
        `drives`, Drives; `currents`, Currents; `probes`, Probes; `plastic`, Plastics;
        `coupling`, a Coupling: if it has cells, `n_steps` is 1; `log`, a SpikeLog, to which the
        group's spikes are appended.

    Returns
    -------
    tuple of 2 int
        Steps made: fewer than `n_steps` if the log or a sample buffer had to be emptied first.
        Number of synaptic events.
    """
    cells, coefficients, log = group.cells, group.coefficients, group.log
    n_local = cells.gids.size
    has_plastic = group.plastic.entries.shape[0] > 0
    is_coupled = group.coupling.lid.size > 0
    n_events = 0
    for step in range(first + 1, first + n_steps + 1):
        is_full = log.filled[0] + n_local > log.keys.size or _is_full(group.probes)
        if is_full or group.plastic.needs_room[0] != 0:
            return step - 1 - first, n_events
        cells.step[0] = step
        if group.currents.level.size > 0:
            _inject(step - 1, group.currents, coefficients)
        if is_coupled:
            couple(group.coupling, group.currents.injected, coefficients, cells.state)
        update(cells, coefficients)
        if is_coupled:
            note_change(group.coupling, cells.state)
        if group.drives.delay.size > 0:
            n_events += drive(step, group.drives, cells.state)
        if _is_waiting(group.queues[0]):
            n_events += deliver(step, group.queues[0], group.connectome, cells.state)
        if _is_waiting(group.queues[1]):
            n_events += deliver(step, group.queues[1], group.connectome, cells.state)
        if has_plastic:
            n_events += ask_plastic(DELIVER, step, 0, log.keys, group)
        n_spiking = settle(cells, coefficients)
        if is_coupled:
            expect(group.coupling, cells, n_spiking)
        if has_plastic:
            ask_plastic(NOTE, step, n_spiking, log.keys, group)
        count = log.filled[0]
        for k in range(n_spiking):
            log.keys[count + k] = spike_key(step, cells.gids[cells.spiking[k]])
        log.filled[0] = count + n_spiking
        if group.probes.interval.size > 0:
            sample(step, cells.state, group.probes)
    return n_steps, n_events
