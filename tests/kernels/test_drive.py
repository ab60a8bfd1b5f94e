"""Poisson drive, drawn in the step it arrives, against one source after another."""

import naive
import numpy as np
import pytest

from distsim.engines.native.drives import DriveSet, build_drives
from distsim.kernels.arrays import PoissonSources, PoissonTables
from distsim.kernels.drive import drive
from distsim.partitioning.streams import Purpose, Stream, word_block

STREAM = Stream.of(3, Purpose.POISSON, 0, revision=1)
TABLE = [2**30, 2**31, 3 * 2**30, 2**32 - 1]
OTHER = [2**31, 2**32 - 2**20]


def words(block, step):
    return [int(word) for word in word_block(STREAM, block, step)]


def tables_of(*tables):
    start = np.cumsum([0, *map(len, tables)]).astype(np.int64)
    return PoissonTables(np.array([edge for table in tables for edge in table], np.uint32), start)


def sources_of(gids, table=0, begin=0, end=2**62):
    columns = np.broadcast_arrays(gids, table, begin, end, 0, 0)
    return PoissonSources(*(np.array(column, np.int64) for column in columns))


def set_of(gids, lids, weight=0.5, delay=2, receptor=1):
    weights = np.full(len(gids), weight, np.float32)
    return DriveSet(np.array(gids), np.array(lids), weights, delay, receptor)


def driven(step, *sets, n_local=3000):
    inputs = np.zeros((2, n_local))
    drives = build_drives(sets, STREAM)
    return inputs, drive(step, drives, inputs), drives


def counts_of(gids, stamp, table=TABLE):
    return np.array([naive.poisson_count(naive.poisson_word(words, g, stamp), table) for g in gids])


@pytest.mark.parametrize(("first", "n"), [(0, 1), (5, 255), (250, 20), (1000, 1100), (7, 2900)])
def test_a_row_of_sources_is_drawn_as_each_alone(first, n):
    gids, lids = np.arange(first, first + n), np.arange(10, 10 + n)
    inputs, n_events, drives = driven(9, (set_of(gids, lids), tables_of(TABLE), sources_of(gids)))
    assert drives.is_regular.tolist() == [True]
    counts = counts_of(gids, 7)
    np.testing.assert_array_equal(inputs[1, 10 : 10 + n], 0.5 * counts)
    assert n_events == counts.sum()
    assert not inputs[0].any()
    assert not inputs[1, :10].any()
    assert not inputs[1, 10 + n :].any()


def test_sources_that_differ_are_drawn_one_by_one():
    gids, lids = np.array([3, 4, 9, 2000]), np.array([8, 2, 5, 2])
    sources = sources_of(gids, table=[0, 1, 0, 1], begin=[0, 0, 7, 0])
    tables = tables_of(TABLE, OTHER)
    inputs, n_events, drives = driven(9, (set_of(gids, lids), tables, sources))
    assert drives.is_regular.tolist() == [False]
    expected = np.zeros(3000)
    total = 0
    for gid, lid, table in ((3, 8, TABLE), (4, 2, OTHER), (2000, 2, OTHER)):  # 9 begins after 7
        count = counts_of([gid], 7, table)[0]
        expected[lid] += 0.5 * count
        total += count
    np.testing.assert_array_equal(inputs[1], expected)
    assert n_events == total


def test_nothing_arrives_of_steps_before_the_first_or_outside_the_source_s_times():
    gids = np.arange(600)
    tables = tables_of(TABLE)
    for step, begin, end in ((2, 0, 99), (9, 7, 99), (9, 0, 6)):
        sources = sources_of(gids, begin=begin, end=end)
        inputs, n_events, _ = driven(step, (set_of(gids, gids), tables, sources))
        assert n_events == 0
        assert not inputs.any()


def test_sets_add_up_and_may_have_tables_of_their_own():
    gids = np.arange(300)
    one = set_of(gids, gids), tables_of(OTHER), sources_of(gids)
    other = set_of(gids, gids, 0.25, 3), tables_of(OTHER, TABLE), sources_of(gids, table=1)
    inputs, _, _ = driven(9, one, other)
    expected = 0.5 * counts_of(gids, 7, OTHER) + 0.25 * counts_of(gids, 6)
    np.testing.assert_array_equal(inputs[1, :300], expected)


def test_no_sets_or_empty_sets_or_silent_sources_give_nothing():
    empty = np.zeros(0, np.int64)
    gids = np.arange(5)
    for sets in (
        [],
        [(set_of(empty, empty), tables_of(), sources_of(empty))],
        [(set_of(gids, gids), tables_of([]), sources_of(gids))],
    ):
        inputs, n_events, _ = driven(9, *sets)
        assert n_events == 0
        assert not inputs.any()


def test_a_set_of_long_rows_is_drawn_row_by_row():
    gids = np.concatenate([np.arange(10, 400), np.arange(500, 900)])
    lids = np.arange(790)
    inputs, n_events, drives = driven(9, (set_of(gids, lids), tables_of(TABLE), sources_of(gids)))
    assert drives.is_regular.tolist() == [True, True]
    counts = counts_of(gids, 7)
    np.testing.assert_array_equal(inputs[1, :790], 0.5 * counts)
    assert n_events == counts.sum()
