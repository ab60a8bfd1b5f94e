"""Counts of runs in a table, in a list, and from one to the other, against a dict."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distsim.engines.native import run_counts as module
from distsim.engines.native.run_counts import RunCounts
from distsim.kernels.construction import NO_WEIGHT, RowTable

N_PLACES = 6
CHUNKS = st.lists(
    st.lists(
        st.tuples(st.integers(0, N_PLACES - 1), st.integers(1, 9), st.integers(0, 1)),
        min_size=1,
        max_size=12,
    ),
    max_size=8,
)
LIDS = np.array([3, -1])


def counted(chunks):
    """Return the runs, with rows by place; and whether they are those of a table."""
    rows = RowTable(
        np.full(N_PLACES, -1, np.int32), np.full(N_PLACES, NO_WEIGHT), np.zeros(1, np.int64)
    )
    counts = RunCounts()
    for chunk in chunks:
        gids, steps, positions = np.array(chunk, np.int64).T.copy()
        weight = np.float32(np.nan)
        counts.add(rows, weight, gids, 0, steps.astype(np.uint16), positions, LIDS)
    places = np.flatnonzero(rows.row_of >= 0)
    return counts.runs(rows.row_of[places].astype(np.int64)), places


# small tables always, never, or while there are few rows or delays
@pytest.mark.parametrize(("small", "per_synapse"), [(1000, 4), (0, 0), (20, 0), (0, 3), (25, 2)])
@settings(deadline=None, max_examples=60)
@given(chunks=CHUNKS, min_listed=st.sampled_from([0, 5, 1000]))
def test_runs_are_counted_alike_in_a_table_and_in_a_list(small, per_synapse, chunks, min_listed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SMALL_TABLE", small)
        patch.setattr(module, "MAX_PLACES_PER_SYNAPSE", per_synapse)
        patch.setattr(module, "MIN_LISTED", min_listed)
        runs, places = counted(chunks)
    synapses = [(place, step) for chunk in chunks for place, step, lid in chunk if lid == 0]
    expected = Counter(synapses)
    keys = list(zip(places[runs.rows].tolist(), runs.delays.tolist(), strict=True))
    assert keys == sorted(expected)
    assert runs.sizes.tolist() == [expected[key] for key in keys]
    if small == 0 == per_synapse and chunks:
        assert runs.n_delays == 0
    if small == 1000:
        assert runs.n_delays > 0


def test_a_few_synapses_of_many_delays_need_no_table_of_all():
    n = 1000
    rows = RowTable(np.full(n, -1, np.int32), np.full(n, NO_WEIGHT), np.zeros(1, np.int64))
    counts = RunCounts()
    gids, steps = np.arange(n), np.linspace(1, 65_535, n).astype(np.uint16)
    counts.add(rows, np.float32(1.0), gids, 0, steps, np.zeros(n, np.int64), LIDS)
    runs = counts.runs(np.arange(n))
    assert runs.n_delays == 0
    np.testing.assert_array_equal(runs.delays, steps)
