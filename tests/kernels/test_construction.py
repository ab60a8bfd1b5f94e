"""The two passes of construction; test_connectome.py reads their results back."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from distsim.kernels.construction import NO_WEIGHT, RowTable, count_synapses, to_steps

N_ROWS, N_DELAYS = 5, 4
SYNAPSES = st.lists(
    st.tuples(st.integers(0, N_ROWS - 1), st.integers(0, N_DELAYS - 1), st.integers(0, 2)),
    max_size=80,
)
LIDS = np.array([7, -1, 3])


def no_rows():
    return RowTable(
        np.full(N_ROWS, -1, np.int32), np.full(N_ROWS, NO_WEIGHT), np.zeros(1, np.int64)
    )


def count(counts, rows, weight, synapses):
    gids, steps, positions = np.array(synapses, np.int64).reshape(-1, 3).T.copy()
    steps, weight = steps.astype(np.uint16), np.float32(weight)
    count_synapses(counts, rows, weight, gids - 10, 10, steps, positions, LIDS)


@settings(deadline=None)
@given(SYNAPSES, SYNAPSES)
def test_local_synapses_are_counted_over_all_calls(one, other):
    counts, rows = np.zeros((N_ROWS, N_DELAYS), np.uint32), no_rows()
    for synapses in (one, other):
        count(counts, rows, np.nan, synapses)
    local = [(place, step) for place, step, position in one + other if LIDS[position] >= 0]
    assert counts.sum() == len(local)
    assert all(counts[rows.row_of[key[0]], key[1]] == local.count(key) for key in set(local))


@settings(deadline=None)
@given(SYNAPSES)
def test_sources_get_rows_when_they_are_first_seen(synapses):
    rows = no_rows()
    count(np.zeros((N_ROWS, N_DELAYS), np.uint32), rows, np.nan, synapses)
    seen = list(dict.fromkeys(place for place, _, position in synapses if LIDS[position] >= 0))
    assert rows.n_rows[0] == len(seen)
    assert rows.row_of[seen].tolist() == list(range(len(seen)))
    assert (np.delete(rows.row_of, seen) == -1).all()


@settings(deadline=None)
@given(st.lists(st.tuples(SYNAPSES, st.sampled_from([0.5, 0.25, np.nan])), max_size=4))
def test_a_row_has_one_weight_if_all_its_synapses_have(pathways):
    rows = no_rows()
    weights = [set() for _ in range(N_ROWS)]
    for synapses, weight in pathways:
        count(np.zeros((N_ROWS, N_DELAYS), np.uint32), rows, weight, synapses)
        for place, _, position in synapses:
            if LIDS[position] >= 0:
                weights[place].add("own" if np.isnan(weight) else weight)
    for place, found in enumerate(weights):
        weight = rows.weight[rows.row_of[place]]
        if not found:
            assert rows.row_of[place] == -1
        elif len(found) == 1 and found != {"own"}:
            assert weight == found.pop()
        else:
            assert np.isnan(weight)


def test_delays_go_to_the_nearest_step_and_are_checked():
    steps = np.empty(3, np.uint16)
    assert to_steps(np.array([0.14, 0.16, 6553.5]), 0.1, steps)
    assert steps.tolist() == [1, 2, 65535]
    for wrong in (0.04, 6553.6, -1.0, np.nan):
        assert not to_steps(np.array([1.0, wrong]), 0.1, np.empty(2, np.uint16))
