"""A stretch of epochs in one compiled call, with the exchange of spikes between them.

In a small network an epoch takes some microseconds: to go back to Python between them would take as
long again.
"""

from typing import NamedTuple

from numba import njit

from distsim.kernels.allgather import allgather
from distsim.kernels.bundle import advance_bundle
from distsim.kernels.messages import join, pack

__all__ = ["Stretch", "advance_stretch"]


class Stretch(NamedTuple):
    """What was made of a stretch; all numbers are int.

    Attributes
    ----------
    step : int
        The present step.
    n_epochs : int
        Epochs made, each with its exchange begun.
    n_events : int
        Synaptic events, those of a step of an unfinished epoch too.
    begin : int
        Where the spikes of the last epoch that was begun are in the log.
    n_arrived : int
        Spikes in `Gathering.joined` that are still to be queued. -1: some message of the last epoch
        was too large for its place. -2 - error: MPI returned this error.
    n_queued : int
        Of an unfinished epoch: spikes queued of those that arrived before it.
    n_made : int
        Of an unfinished epoch: steps made. -1: there is none.
    """

    step: int
    n_epochs: int
    n_events: int
    begin: int
    n_arrived: int
    n_queued: int
    n_made: int


@njit(cache=True, nogil=True)
def _gather(gathering, log, begin):
    """Exchange the spikes logged from `begin` on; return what `Stretch.n_arrived` says."""
    first, end = gathering.place
    pack(log.keys[begin : log.filled[0]], gathering.words[first:end])
    call = gathering.call
    error = allgather(call[0], call[1], gathering.words, end - first, call[2], call[3])
    if error != 0:
        return -2 - error
    return join(gathering.words, gathering.start, gathering.largest, gathering.joined)


@njit(cache=True, nogil=True)
def advance_stretch(first, last, epoch_steps, keys, group, gathering):
    """Make the steps ``first + 1`` to `last` of the only model group, epoch by epoch.

    Ends early where something is left to Python: a buffer is full, or a message was too large.

    Parameters
    ----------
    first, last : int
    epoch_steps : int
        Steps from one exchange to the next.
    keys : ndarray of int64
        Spikes up to the present step that are still to be queued, sorted.
    group : Bundle
    gathering : Gathering
        Arrays in place.

    Returns
    -------
    Stretch
    """
    step, n_epochs, n_events, n_arrived = first, 0, 0, keys.size
    log, begin = group.log, group.log.filled[0]
    while step < last and n_arrived >= 0:
        begin = log.filled[0]
        n_steps = min(epoch_steps, last - step)
        n_queued, n_made, n_more = advance_bundle(step, n_steps, keys, group)
        n_events += n_more
        if n_made < n_steps:
            return Stretch(step, n_epochs, n_events, begin, n_arrived, n_queued, n_made)
        step += n_steps
        n_epochs += 1
        n_arrived = _gather(gathering, log, begin)
        keys = gathering.joined[: max(0, n_arrived)]
    return Stretch(step, n_epochs, n_events, begin, n_arrived, 0, -1)
