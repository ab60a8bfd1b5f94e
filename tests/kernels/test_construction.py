"""The two passes of construction against lists."""

import naive
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from distsim.kernels.construction import count_synapses, place_synapses

N_ROWS, N_DELAYS = 5, 4
SYNAPSES = st.lists(
    st.tuples(
        st.integers(0, N_ROWS - 1),
        st.integers(0, N_DELAYS - 1),
        st.integers(0, 9),
        st.floats(-5, 5, width=32),
    ),
    max_size=80,
)


def columns(synapses):
    rows, delays, lids, weights = zip(*synapses, strict=True) if synapses else ((),) * 4
    return (
        np.array(rows, np.int64),
        np.array(delays, np.int64),
        np.array(lids, np.int64),
        np.array(weights, np.float64),
    )


@settings(deadline=None)
@given(SYNAPSES, SYNAPSES)
def test_synapses_are_counted_over_all_calls(one, other):
    counts = np.zeros((N_ROWS, N_DELAYS), np.uint32)
    for synapses in (one, other):
        count_synapses(counts, *columns(synapses)[:2])
    rows, delays = columns(one + other)[:2]
    assert counts.tolist() == naive.count_synapses(rows, delays, counts.shape)


@settings(deadline=None)
@given(SYNAPSES, SYNAPSES)
def test_synapses_are_placed_in_the_order_of_calls(one, other):
    synapses = one + other
    counts = np.array(naive.count_synapses(*columns(synapses)[:2], (N_ROWS, N_DELAYS)))
    starts = (np.cumsum(counts) - counts.ravel()).reshape(counts.shape)
    cursors = starts.astype(np.int64)
    target = np.zeros(len(synapses), np.uint16)
    weight = np.zeros(len(synapses), np.float32)
    for part in (one, other):
        place_synapses(cursors, *columns(part), target, weight)
    found = list(zip(target.tolist(), weight.tolist(), strict=True))
    for row in range(N_ROWS):
        for delay in range(N_DELAYS):
            begin = starts[row, delay]
            run = [(lid, w) for r, d, lid, w in synapses if (r, d) == (row, delay)]
            assert found[begin : begin + len(run)] == run
    # each cursor stands at the end of its run
    np.testing.assert_array_equal(cursors, starts + counts)
