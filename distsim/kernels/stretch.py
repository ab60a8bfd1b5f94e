"""A stretch of epochs of all groups in one compiled call, with the exchanges between them.

In a small network an epoch takes some microseconds: to go back to Python between them would take as
long again.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from distsim.compiled import KEPT
from distsim.kernels.allgather import allgather
from distsim.kernels.bundle import advance_bundle_at
from distsim.kernels.clock import nanoseconds
from distsim.kernels.junctions import exchange_potentials_at
from distsim.kernels.messages import join, pack
from distsim.kernels.spike_keys import step_of_key

__all__ = ["NOT_WHOLE", "STRETCH", "Stretch", "advance_stretch"]

# instead of a number of spikes: an exchange is left to Python
NOT_WHOLE = -1
# of so many exchanges one is timed, as the clock would take longer than a small network's exchange
TIMED = 16


class Stretch(NamedTuple):
    """How far a stretch of epochs has come; all numbers are int.

    Attributes
    ----------
    step : int
        The present one, which all groups have reached.
    group : int
        Which group is to go on, in an unfinished epoch; those before it have made the epoch.
    n_queued, n_made : int
        Spikes that this group has queued of those that arrived before the epoch, and steps of the
        epoch that it has made.
    n_epochs : int
        Epochs made by the last call, each with its exchange begun.
    n_events : int
        Synaptic events in the last call.
    n_arrived : int
        Spikes that came by the last exchange, in `Gathering.joined`. `NOT_WHOLE`: some message was
        too large for its place, or there is no function to call. -2 - error: MPI returned this one.
    n_logged, n_given : int
        Spikes in the log, and of those given, that were exchanged.
    n_exchanges : int
        Of all calls.
    n_waited : int
        Time that all exchanges took, this rank's wait for others included, estimated from one of
        `TIMED` [ns].
    """

    step: int
    group: int
    n_queued: int
    n_made: int
    n_epochs: int
    n_events: int
    n_arrived: int
    n_logged: int
    n_given: int
    n_exchanges: int
    n_waited: int


# the same as one record, which compiled code changes in place
STRETCH = np.dtype([(name, np.int64) for name in Stretch._fields], align=True)


@njit(**KEPT, nogil=True)
def _gather(gathering, logged, given):
    """Exchange spikes; return `Stretch.n_arrived`."""
    call = gathering.call
    if call[0] == 0:
        return NOT_WHOLE
    first, end = gathering.place
    pack(logged, given, gathering.words[first:end])
    error = allgather(call[0], call[1], gathering.words, end - first, call[2], call[3])
    if error != 0:
        return -2 - error
    return join(gathering.words, gathering.start, gathering.largest, gathering.joined)


@njit(**KEPT, nogil=True)
def advance_stretch(last, epoch_steps, groups, keys, given, log, junctions, gathering, progress):
    """Make the steps up to `last`, epoch by epoch: all groups in turn, then an exchange.

    Ends early where something is left to Python, and goes on from there when it is called again.

    Parameters
    ----------
    last : int
        The same each time until it is reached.
    epoch_steps : int
        Steps from one exchange to the next.
    groups : ndarray of int64, shape (n_groups, 2)
        Where `advance_bundle` and each group are; see `Addressed`.
    keys : ndarray of int64
        Spikes that came by the exchange before, sorted.
    given : ndarray of int64
        Spikes that sources on this rank make in these steps, sorted.
    log : SpikeLog
        Of all groups.
    junctions : ndarray of int64, shape (2,)
        Where `exchange_potentials` and its `PotentialExchange` are; see `Addressed`. If there are
        any junctions in the network, an epoch is one step.
    gathering : Gathering
        Arrays in place.
    progress : ndarray of `STRETCH`, shape (1,)
        In place.

    Returns
    -------
    bool
        Whether a buffer is full: one of the queues or of samples of the group that is to go on, or
        the log.
    """
    now = progress[0]
    now.n_epochs = now.n_events = 0
    while now.step < last:
        n_steps = min(epoch_steps, last - now.step)
        while now.group < groups.shape[0]:
            function, place = groups[now.group]
            first, n_left = now.step + now.n_made, n_steps - now.n_made
            now.n_queued, n_made, n_events = advance_bundle_at(
                function, place, first, n_left, keys, now.n_queued
            )
            now.n_made += n_made
            now.n_events += n_events
            if now.n_made < n_steps:
                return True
            now.group += 1
            now.n_queued = now.n_made = 0
        now.group = 0
        now.step += n_steps
        now.n_epochs += 1
        now.n_exchanges += 1
        is_timed = now.n_exchanges % TIMED == 0
        begun = nanoseconds() if is_timed else 0
        if junctions[0] != 0:
            error = exchange_potentials_at(junctions[0], junctions[1])
            if error != 0:
                now.n_arrived = -2 - error
                return False
        n_given = now.n_given
        while n_given < given.size and step_of_key(given[n_given]) <= now.step:
            n_given += 1
        logged = log.keys[now.n_logged : log.filled[0]]
        now.n_arrived = _gather(gathering, logged, given[now.n_given : n_given])
        if now.n_arrived < 0:
            return False
        if is_timed:
            now.n_waited += TIMED * (nanoseconds() - begun)
        now.n_logged, now.n_given = log.filled[0], n_given
        keys = gathering.joined[: now.n_arrived]
    return False
