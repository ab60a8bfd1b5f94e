"""Poisson tables against scipy's distribution, windows in steps, selection of sources."""

import numpy as np
import pytest
from scipy import stats

from distsim.engines.native.arrivals import select_sources
from distsim.engines.native.connectome import empty_connectome
from distsim.errors import ParameterError
from distsim.network.poisson import PoissonBlock, build_tables, is_source

FOREVER = 2**62


def tables_for(rates, dt=0.1, start=0.0, duration=1e10):
    rates = np.array(rates, np.float64)
    columns = [np.broadcast_to(column, rates.shape) for column in (rates, start, duration)]
    return build_tables(np.arange(rates.size), np.column_stack(columns), dt)


@pytest.mark.parametrize("mean", [1e-7, 1e-4, 0.01, 0.5, 1.0, 7.3, 100.0, 5000.0])
def test_a_table_is_the_distribution_function_to_one_part_in_2_to_the_32(mean):
    tables, sources = tables_for([mean * 1e4])
    table = tables.cdf[tables.start[sources.table[0]] : tables.start[sources.table[0] + 1]]
    k = np.arange(table.size)
    exact = stats.poisson(mean).cdf(k)
    # scipy's functions agree to some 1e-13, far below 2**-32
    assert np.abs(table / 2.0**32 - exact).max() <= 2.0**-32 + 1e-12
    # what lies above the table's end is too rare for a 32-bit word
    assert stats.poisson(mean).sf(table.size) < 2.0**-32 + 1e-12
    assert (np.diff(table.astype(np.int64)) >= 0).all()


def test_sources_of_one_rate_share_a_table():
    tables, sources = tables_for([10.0, 500.0, 10.0, 0.0, 500.0])
    assert tables.start.size - 1 == 3
    assert sources.table[0] == sources.table[2] != sources.table[1] == sources.table[4]


def test_a_rate_of_zero_has_no_entries_so_that_every_count_is_zero():
    tables, _ = tables_for([0.0])
    assert tables.start.tolist() == [0, 0]


def test_no_sources_have_no_tables():
    tables, sources = tables_for([])
    assert tables.start.tolist() == [0]
    assert sources.gid.size == 0


@pytest.mark.parametrize(
    ("start", "duration", "begin", "end"),
    [
        (0.0, 100.0, 0, 1000),
        (0.3, 0.6, 3, 9),
        (10.04, 1.0, 100, 110),
        (10.06, 1.0, 101, 111),
        (-50.0, 60.0, -1, 100),
        (5.0, 0.0, 50, 50),
        (0.0, 1e10, 0, 10**11),
        (0.0, np.inf, 0, FOREVER),
    ],
)
def test_windows_are_in_whole_steps(start, duration, begin, end):
    _, sources = tables_for([10.0], start=start, duration=duration)
    assert (sources.begin[0], sources.end[0]) == (begin, end)


@pytest.mark.parametrize(
    ("name", "value"),
    [("rate", -1.0), ("rate", np.nan), ("rate", np.inf), ("duration", -0.1), ("start", np.nan)],
)
def test_a_value_that_cannot_be_is_named(name, value):
    block = PoissonBlock(0, np.arange(2))
    block.parameters = {
        key: np.full(2, good) for key, good in (("rate", 1.0), ("start", 0.0), ("duration", 1.0))
    }
    block.check()
    block.parameters[name][1] = value
    with pytest.raises(ParameterError, match=f"{name} = {value:g} of SpikeSourcePoisson") as caught:
        block.check()
    assert caught.value.name == name


def test_values_are_a_row_for_each_cell():
    block = PoissonBlock(100, np.array([0, 3, 4]))
    block.parameters = {
        "rate": np.array([1.0, 2.0, 3.0]),
        "start": np.array([4.0, 5.0, 6.0]),
        "duration": np.array([7.0, 8.0, 9.0]),
    }
    assert block.values().tolist() == [[1.0, 4.0, 7.0], [2.0, 5.0, 8.0], [3.0, 6.0, 9.0]]


def test_sources_with_rows_are_selected_with_all_of_them():
    _, sources = tables_for([1.0] * 6)
    connectome = empty_connectome()._replace(
        row_source=np.array([0, 2, 2, 5, 9]), row_receptor=np.zeros(5, np.uint8)
    )
    chosen = select_sources(sources, connectome)
    rows = zip(chosen.gid, chosen.first_row, chosen.end_row, strict=True)
    assert [tuple(map(int, row)) for row in rows] == [(0, 0, 1), (2, 1, 3), (5, 3, 4)]


def test_ranges_hold_their_first_gid_and_not_their_end():
    gids = np.arange(10)
    assert gids[is_source(gids, [(2, 4), (7, 7), (8, 10)])].tolist() == [2, 3, 8, 9]
    assert not is_source(gids, []).any()
