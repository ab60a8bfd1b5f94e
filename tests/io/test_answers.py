"""Checks of a rank's recordings."""

import numpy as np
import pytest

from distsim.errors import ParameterError
from distsim.io import PopulationInfo, SegmentData, SignalData, SpikeData
from distsim.io.answers import Answers
from distsim.io.transfer import Kind, Request

INFO = PopulationInfo("exc", 4, 10)
CELLS = np.array([1, 3])


def check(spikes=None, signals=()):
    Answers([SegmentData(0, 0.0, 1.0, {}, [(INFO, spikes, list(signals))])])(
        Request(Kind.STRUCTURE)
    )


def spikes(times, senders, node_ids=CELLS):
    return SpikeData(np.asarray(node_ids), np.asarray(times), np.asarray(senders))


def signal(node_ids=CELLS, shape=(5, 2), sampling_interval=0.1):
    return SignalData("v", "mV", np.asarray(node_ids), np.zeros(shape), 0.0, sampling_interval)


def test_right_recordings_pass():
    check(spikes([0.1, 0.1, 0.2], [1, 3, 1]), [signal()])


@pytest.mark.parametrize("node_ids", [[3, 1], [1, 1], [-1, 2], [1, 4]])
def test_node_ids_are_ascending_indices_within_the_population(node_ids):
    with pytest.raises(ParameterError, match="ascending indices below its size, 4"):
        check(spikes([], [], node_ids))
    with pytest.raises(ParameterError, match="ascending indices below its size, 4"):
        check(signals=[signal(node_ids)])


@pytest.mark.parametrize(
    ("times", "senders", "message"),
    [
        ([0.1], [1, 3], "one sender for each time"),
        ([0.2, 0.1], [1, 3], "sort them first"),
        ([0.1, 0.1], [3, 1], "sort them first"),
        ([np.nan], [1], "not finite"),
        ([0.1], [2], "not among its recorded cells"),
    ],
)
def test_wrong_spikes_are_found(times, senders, message):
    with pytest.raises(ParameterError, match=message):
        check(spikes(times, senders))


def test_wrong_signals_are_found():
    with pytest.raises(ParameterError, match="one column per cell"):
        check(signals=[signal(shape=(5, 3))])
    with pytest.raises(ParameterError, match="must be positive"):
        check(signals=[signal(sampling_interval=0.0)])
    with pytest.raises(ParameterError, match="is given 2 times"):
        check(signals=[signal(), signal()])
