"""Signals that stay in their file."""

import neo
import numpy as np
import pytest
import quantities as pq

from distsim.errors import ParameterError
from distsim.io import PopulationInfo, SegmentData, SignalData, read_block, write
from distsim.io.lazy_signal import LazySignal
from distsim.io.neo_blocks import Channels, analog_signal

INFO = PopulationInfo("exc", 10, 100)
SIGNAL = SignalData("v", "mV", np.array([1, 4, 5]), np.arange(60.0).reshape(20, 3), 1.0, 0.5)


class Counted:
    """An array that notes what is read of it."""

    def __init__(self, array):
        self.array, self.shape, self.n_read = array, array.shape, 0

    def __getitem__(self, index):
        part = self.array[index]
        self.n_read += part.shape[0]
        return part


@pytest.fixture
def lazy():
    data = SignalData("v", "mV", SIGNAL.node_ids, Counted(SIGNAL.data), 1.0, 0.5)
    return LazySignal(Channels.of(INFO, data, 7), data)


def test_it_looks_like_the_signal(lazy):
    signal = analog_signal(Channels.of(INFO, SIGNAL, 7), SIGNAL)
    for name in ("name", "units", "shape", "t_start", "t_stop", "sampling_period", "dtype"):
        assert getattr(lazy, name) == getattr(signal, name)
    assert lazy.sampling_rate.rescale("Hz") == signal.sampling_rate.rescale("Hz")
    assert lazy.duration == signal.duration
    np.testing.assert_array_equal(
        lazy.annotations["channel_ids"], signal.annotations["channel_ids"]
    )
    np.testing.assert_array_equal(
        lazy.array_annotations["channel_index"], signal.array_annotations["channel_index"]
    )
    assert lazy._signal.data.n_read == 0


def test_loading_gives_the_signal(lazy):
    np.testing.assert_array_equal(lazy.load().magnitude, SIGNAL.data)
    assert isinstance(lazy.load(), neo.AnalogSignal)


def test_a_time_slice_reads_only_its_samples(lazy):
    part = lazy.time_slice(2 * pq.ms, 0.004 * pq.s)
    np.testing.assert_array_equal(part.magnitude, SIGNAL.data[2:6])
    assert (part.t_start, part.t_stop) == (2 * pq.ms, 4 * pq.ms)
    assert lazy._signal.data.n_read == 4
    np.testing.assert_array_equal(lazy.time_slice(None, 2 * pq.ms).magnitude, SIGNAL.data[:2])
    expected = analog_signal(Channels.of(INFO, SIGNAL), SIGNAL).time_slice(2 * pq.ms, 4 * pq.ms)
    np.testing.assert_array_equal(part.magnitude, expected.magnitude)


def test_channels_can_be_chosen(lazy):
    part = lazy.load(channel_indexes=[2, 0])
    np.testing.assert_array_equal(part.magnitude, SIGNAL.data[:, [2, 0]])
    np.testing.assert_array_equal(part.annotations["channel_ids"], [105, 101])
    np.testing.assert_array_equal(part.array_annotations["channel_index"], [12, 8])


def test_what_is_not_in_the_signal_is_an_error(lazy):
    with pytest.raises(ParameterError, match=r"from 1.0 ms to 11.0 ms"):
        lazy.time_slice(0 * pq.ms, 2 * pq.ms)
    with pytest.raises(ParameterError, match="has 3 channels"):
        lazy.load(channel_indexes=[3])


def test_a_segment_holds_it_until_it_is_loaded(tmp_path):
    path = tmp_path / "run.h5"
    write(path, [SegmentData(0, 0.0, 11.0, {}, [(INFO, None, [SIGNAL])])], {})
    segment = read_block(path, lazy=True).segments[0]
    (signal,) = segment.analogsignals
    assert isinstance(signal, LazySignal)
    assert signal.segment is segment
    assert signal.load().segment is segment
    assert (segment.t_start, segment.t_stop) == (1.0 * pq.ms, 11.0 * pq.ms)
    # the file is closed meanwhile
    path.rename(tmp_path / "moved.h5")
    with pytest.raises(FileNotFoundError):
        signal.load()
