"""The two passes of construction; tests/engine/test_connectome.py reads their results back."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from distsim.kernels.construction import NO_WEIGHT, count_synapses, to_steps

N_ROWS, N_DELAYS = 5, 4
SYNAPSES = st.lists(
    st.tuples(st.integers(0, N_ROWS - 1), st.integers(0, N_DELAYS - 1), st.integers(0, 2)),
    max_size=80,
)
LIDS = np.array([7, -1, 3])


def count(counts, row_weights, weight, synapses):
    gids, steps, positions = np.array(synapses, np.int64).reshape(-1, 3).T.copy()
    steps, weight = steps.astype(np.uint16), np.float32(weight)
    count_synapses(counts, row_weights, weight, gids - 10, 10, steps, positions, LIDS)


@settings(deadline=None)
@given(SYNAPSES, SYNAPSES)
def test_local_synapses_are_counted_over_all_calls(one, other):
    counts = np.zeros((N_ROWS, N_DELAYS), np.uint32)
    for synapses in (one, other):
        count(counts, np.full(N_ROWS, NO_WEIGHT), np.nan, synapses)
    local = [(row, step) for row, step, position in one + other if LIDS[position] >= 0]
    assert counts.sum() == len(local)
    assert all(counts[key] == local.count(key) for key in set(local))


@settings(deadline=None)
@given(st.lists(st.tuples(SYNAPSES, st.sampled_from([0.5, 0.25, np.nan])), max_size=4))
def test_a_row_has_one_weight_if_all_its_synapses_have(pathways):
    row_weights = np.full(N_ROWS, NO_WEIGHT)
    weights = [set() for _ in range(N_ROWS)]
    for synapses, weight in pathways:
        count(np.zeros((N_ROWS, N_DELAYS), np.uint32), row_weights, weight, synapses)
        for row, _, position in synapses:
            if LIDS[position] >= 0:
                weights[row].add("own" if np.isnan(weight) else weight)
    for row, found in enumerate(weights):
        if not found:
            assert row_weights[row] == NO_WEIGHT
        elif len(found) == 1 and found != {"own"}:
            assert row_weights[row] == found.pop()
        else:
            assert np.isnan(row_weights[row])


def test_delays_go_to_the_nearest_step_and_are_checked():
    steps = np.empty(3, np.uint16)
    assert to_steps(np.array([0.14, 0.16, 6553.5]), 0.1, steps)
    assert steps.tolist() == [1, 2, 65535]
    for wrong in (0.04, 6553.6, -1.0, np.nan):
        assert not to_steps(np.array([1.0, wrong]), 0.1, np.empty(2, np.uint16))
