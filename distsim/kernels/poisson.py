"""Poisson spike counts per step from counter-based streams.

The count of a source in a step depends on its gid and the step alone: any rank that needs a
source's spikes draws them again, none is ever sent. One Philox block serves four sources, whose
gids differ in bits 6 and 7 only, so that 64 sources in a row take one word each of 64 blocks in a
row. A count is the inverse distribution function of a word.
"""

from numba import njit, uint32

from distsim.compiled import KEPT
from distsim.kernels.delivery import enqueue_rows
from distsim.kernels.options import KERNEL
from distsim.kernels.spike_keys import spike_key
from distsim.partitioning.streams import word_block

__all__ = ["draw_count", "enqueue_poisson", "log_poisson"]


@njit(**KEPT, inline="always")
def draw_count(stream, gid, step, cdf, begin, end):
    """Return the number of spikes of a source in a step.

    Parameters
    ----------
    stream : Stream
    gid, step : int
    cdf : ndarray of uint32
        Tables of the Poisson distribution function times 2**32, see `engine.poisson`.
    begin, end : int
        This source's table.

    Returns
    -------
    int
    """
    w0, w1, w2, w3 = word_block(stream, gid >> 8 << 6 | gid & 63, step)
    lane = gid >> 6 & 3
    word = w0 if lane == 0 else (w1 if lane == 1 else (w2 if lane == 2 else w3))
    count = 0
    for k in range(begin, end):
        if uint32(word) < cdf[k]:
            break
        count += 1
    return count


@njit(**KERNEL)
def enqueue_poisson(position, end_step, stream, sources, tables, queue, connectome):
    """Append the rows of the Poisson sources that spike, as many as there is room for.

    Parameters
    ----------
    position : ndarray of int64, shape (2,)
        Step and source to begin with; in place, where to go on.
    end_step : int
        Last step to draw.
    stream : Stream
    sources : PoissonSources
        Those with targets in this group.
    tables : PoissonTables
    queue : Queue
        In place.
    connectome : Connectome

    Returns
    -------
    bool
        Whether all is done; otherwise the queue needs room.
    """
    n_sources = sources.gid.size
    while position[0] <= end_step:
        step = position[0]
        for s in range(position[1], n_sources):
            if not sources.begin[s] < step <= sources.end[s]:
                continue
            table = sources.table[s]
            first_row, end_row = sources.first_row[s], sources.end_row[s]
            if queue.bounds[1] + end_row - first_row > queue.arrival.size:
                position[1] = s
                return False
            count = draw_count(
                stream,
                sources.gid[s],
                step,
                tables.cdf,
                tables.start[table],
                tables.start[table + 1],
            )
            if count > 0:
                enqueue_rows(queue, connectome, first_row, end_row, step, float(count))
        position[0], position[1] = step + 1, 0
    return True


@njit(**KEPT, nogil=True)
def log_poisson(position, end_step, stream, sources, tables, log):
    """Log the spikes of Poisson sources, as many as there is room for.

    A source with several spikes in a step is logged as often.

    Parameters
    ----------
    position, end_step, stream, sources, tables
        As for `enqueue_poisson`.
    log : SpikeLog
        In place.

    Returns
    -------
    bool
        Whether all is done; otherwise the log must be emptied.
    """
    while position[0] <= end_step:
        step = position[0]
        for s in range(position[1], sources.gid.size):
            if not sources.begin[s] < step <= sources.end[s]:
                continue
            table = sources.table[s]
            begin, end = tables.start[table], tables.start[table + 1]
            if log.filled[0] + end - begin > log.keys.size:
                position[1] = s
                return False
            count = draw_count(stream, sources.gid[s], step, tables.cdf, begin, end)
            for _ in range(count):
                log.keys[log.filled[0]] = spike_key(step, sources.gid[s])
                log.filled[0] += 1
        position[0], position[1] = step + 1, 0
    return True
