"""Poisson counts against plain Python: one random word, inverted by bisection."""

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distsim.kernels.arrays import Connectome, PoissonSources, PoissonTables, SpikeLog
from distsim.kernels.delivery import DONE, compact, empty_queue, guide_rows
from distsim.kernels.poisson import draw_count, enqueue_poisson, log_poisson
from distsim.partitioning.streams import Purpose, Stream, word_block

STREAM = Stream.of(9, Purpose.POISSON, 0, revision=2)
# three distributions over 32-bit words: rare, common, none
TABLES = [[2**32 - 2**28, 2**32 - 2**24], [2**30, 2**31, 3 * 2**30, 2**32 - 1], []]
N_STEPS = 50


def words(block, step):
    return [int(word) for word in word_block(STREAM, block, step)]


def tables_of(tables):
    start = np.cumsum([0, *map(len, tables)]).astype(np.int64)
    return PoissonTables(np.array([entry for table in tables for entry in table], np.uint32), start)


def sources_of(sources, rows=None):
    """Return sources ``(gid, table, begin, end)`` with rows ``(first, end)``."""
    rows = rows or [(k, k + 1) for k in range(len(sources))]
    values = [*zip(*sources, strict=True), *zip(*rows, strict=True)] if sources else [()] * 6
    return PoissonSources(*(np.array(column, np.int64) for column in values))


SOURCES = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.integers(0, 2),
        st.integers(-1, N_STEPS),
        st.sampled_from([0, 10, 30, 2**62]),
    ),
    max_size=6,
    unique_by=lambda source: source[0],
).map(sorted)


@pytest.mark.parametrize("gid", [0, 1, 255, 256, 1023, 1024, 1_000_003, 2**32 - 1])
def test_a_count_is_the_inverse_distribution_function_of_a_word(gid):
    tables = tables_of(TABLES)
    for step in (1, 2, 77, 2**31):
        word = naive.poisson_word(words, gid, step)
        for k, table in enumerate(TABLES):
            begin, end = tables.start[k], tables.start[k + 1]
            count = draw_count(STREAM, gid, step, tables.cdf, begin, end)
            assert count == naive.poisson_count(word, table)


@settings(deadline=None)
@given(SOURCES, st.sampled_from([4, 5, 9, 1000]))
def test_the_log_has_every_spike_in_order(sources, log_size):
    log = SpikeLog(np.zeros(log_size, np.int64), np.zeros(1, np.int64))
    position, keys, is_done = np.array([1, 0]), [], False
    while not is_done:
        is_done = log_poisson(
            position, N_STEPS, STREAM, sources_of(sources), tables_of(TABLES), log
        )
        keys += log.keys[: log.filled[0]].tolist()
        log.filled[0] = 0
    expected = naive.poisson_spikes(words, TABLES, sources, 1, N_STEPS)
    assert keys == [step << 32 | gid for step, gid, count in expected for _ in range(count)]
    assert position.tolist() == [N_STEPS + 1, 0]


@settings(deadline=None)
@given(SOURCES, st.sampled_from([2, 3, 1000]), st.integers(1, 2))
def test_the_queue_has_the_rows_of_every_spike_in_order(sources, capacity, n_rows):
    rows = [(n_rows * k, n_rows * (k + 1)) for k in range(len(sources))]
    total = n_rows * len(sources)
    row_source = np.repeat([gid for gid, *_ in sources], n_rows).astype(np.int64)
    guide, guide_origin = guide_rows(row_source)
    connectome = Connectome(
        row_source=row_source,
        row_receptor=(np.arange(total) % n_rows).astype(np.uint8),
        row_weight=np.ones(total, np.float32),
        row_start=np.arange(total + 1),
        guide=guide,
        guide_origin=guide_origin,
        run_delay=np.full(total, 3, np.uint16),
        run_start=np.arange(total + 1).astype(np.uint32),
        target=np.zeros(2 * total, np.uint16),
        weight=np.zeros(total, np.float32),
    )
    arguments = STREAM, sources_of(sources, rows), tables_of(TABLES)
    queue, position = empty_queue(capacity), np.array([1, 0])
    while not enqueue_poisson(position, N_STEPS, *arguments, queue, connectome):
        larger = empty_queue(2 * queue.arrival.size)
        compact(queue, larger)
        queue = larger
    n = queue.bounds[1]
    found = list(
        zip(
            queue.stamp[:n].tolist(),
            queue.run[:n].tolist(),
            queue.receptor[:n].tolist(),
            queue.multiplicity[:n].tolist(),
            strict=True,
        )
    )
    first_row = {gid: first for (gid, *_), (first, _) in zip(sources, rows, strict=True)}
    assert found == [
        (step, first_row[gid] + r, r, count)
        for step, gid, count in naive.poisson_spikes(words, TABLES, sources, 1, N_STEPS)
        for r in range(n_rows)
    ]
    assert (queue.arrival[:n] == queue.stamp[:n] + 3).all()
    assert (queue.arrival[n:] == DONE).all()
