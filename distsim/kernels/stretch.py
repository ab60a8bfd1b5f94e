"""A stretch of epochs in one compiled call, with the exchange of spikes between them.

In a small network an epoch takes some microseconds: to go back to Python between them would take as
long again.
"""

from numba import njit

from distsim.kernels.allgather import allgather
from distsim.kernels.bundle import advance_bundle
from distsim.kernels.messages import join, pack

__all__ = ["advance_stretch"]


@njit(cache=True, nogil=True)
def _gather(gathering, log, begin):
    """Exchange the spikes logged from `begin` on; return `n_arrived` as `advance_stretch` does."""
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
    tuple of 7 int
        The fields of `engine.network.Stretch`, as a plain tuple: an interrupt while the compiler's
        code makes a NamedTuple for Python would end the process.
    """
    step, n_epochs, n_events, n_arrived = first, 0, 0, keys.size
    log, begin = group.log, group.log.filled[0]
    while step < last and n_arrived >= 0:
        begin = log.filled[0]
        n_steps = min(epoch_steps, last - step)
        n_queued, n_made, n_more = advance_bundle(step, n_steps, keys, group)
        n_events += n_more
        if n_made < n_steps:
            return step, n_epochs, n_events, begin, n_arrived, n_queued, n_made
        step += n_steps
        n_epochs += 1
        n_arrived = _gather(gathering, log, begin)
        keys = gathering.joined[: max(0, n_arrived)]
    return step, n_epochs, n_events, begin, n_arrived, 0, -1
