"""Lists and matrices of connections."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distsim.connectivity.explicit import Listed, Masked, gather
from distsim.errors import ConnectivityError


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), max_size=40))
def test_a_list_gives_each_target_its_entries_in_order(pairs):
    sources, targets = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    wanted = np.array([0, 2, 5])
    rows = Listed(5, 6, sources, targets).rows(wanted)
    for i, target in enumerate(wanted):
        entries = [entry for entry, pair in enumerate(pairs) if pair[1] == target]
        row = slice(rows.indptr[i], rows.indptr[i + 1])
        assert rows.entries[row].tolist() == entries
        assert rows.sources[row].tolist() == [sources[entry] for entry in entries]


@pytest.mark.parametrize(
    ("sources", "targets", "message"),
    [
        ([0, 3], [0, 0], "entry 1 of the connection list: source index 3 .* 0 to 2"),
        ([0, 1, 2], [0, 1, -1], "entry 2 of the connection list: target index -1 .* 0 to 1"),
        ([0.5], [0], r"entry 0 .* source index 0\.5"),
        ([float("nan")], [0], "entry 0 .* source index nan"),
        ([0, 1], [0], "2 sources and 1 targets"),
        ([[0]], [0], r"shape \(1, 1\)"),
    ],
)
def test_wrong_entries_are_named(sources, targets, message):
    with pytest.raises(ConnectivityError, match=message):
        Listed(3, 2, sources, targets)


def test_whole_floats_are_indices():
    rows = Listed(3, 2, [2.0, 1.0], [1.0, 1.0]).rows(np.arange(2))
    assert rows.sources.tolist() == [2, 1]


@given(st.integers(0, 2**32 - 1))
def test_a_matrix_connects_where_it_is_true(seed):
    mask = np.random.default_rng(seed).random((4, 7)) < 0.4
    wanted = np.array([1, 2, 6])
    rows = Masked(mask).rows(wanted)
    for i, target in enumerate(wanted):
        row = rows.sources[rows.indptr[i] : rows.indptr[i + 1]]
        assert row.tolist() == np.flatnonzero(mask[:, target]).tolist()
    assert Masked(mask).mean_indegree == mask.sum() / 7


def test_a_matrix_has_two_dimensions():
    with pytest.raises(ConnectivityError, match=r"shape \(3,\)"):
        Masked([True, False, True])


def test_gathering_finds_the_places_of_each_target():
    indptr, places = gather(np.array([0, 0, 2, 2, 2, 5]), np.array([0, 1, 2, 5]))
    assert indptr.tolist() == [0, 2, 2, 5, 6]
    assert places.tolist() == [0, 1, 2, 3, 4, 5]
