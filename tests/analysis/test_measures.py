"""Measures of spikes against NumPy's, train by train."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from distsim.analysis.measures import counts, mean_cv, mean_rate
from distsim.io import SpikeData

CELLS = np.array([2, 5, 9])
SPIKES = st.lists(
    st.tuples(st.integers(0, 1000).map(lambda n: n / 10), st.sampled_from(CELLS.tolist())),
    max_size=40,
    unique=True,
).map(sorted)


def spike_data(spikes, since=None):
    return SpikeData(
        CELLS, np.array([t for t, _ in spikes]), np.array([c for _, c in spikes], int), since
    )


@settings(deadline=None)
@given(SPIKES)
def test_measures_are_those_of_the_trains(spikes):
    data = spike_data(spikes)
    trains = [np.array([t for t, c in spikes if c == cell]) for cell in CELLS]
    assert counts(data).tolist() == [train.size for train in trains]
    np.testing.assert_allclose(
        mean_rate(data, 0.0, 100.0), np.mean([train.size / 0.1 for train in trains]), rtol=1e-12
    )
    each = [np.std(np.diff(t)) / np.mean(np.diff(t)) for t in trains if t.size > 3]
    np.testing.assert_allclose(mean_cv(data), np.mean(each) if each else np.nan, rtol=1e-9)


def test_a_rate_is_that_since_recording_began():
    data = spike_data([(60.0, 2), (70.0, 5)], np.array([0.0, 50.0, 50.0]))
    assert mean_rate(data, 0.0, 100.0) == (10.0 + 20.0 + 0.0) / 3
    assert np.isnan(mean_rate(data, 0.0, 50.0))
