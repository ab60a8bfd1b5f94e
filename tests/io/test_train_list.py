"""Spike trains that are made when they are asked for."""

import pickle
import subprocess
import sys

import neo
import numpy as np
import pytest
import quantities as pq
from hypothesis import given, settings
from hypothesis import strategies as st
from neo.core.spiketrainlist import SpikeTrainList

from distsim.io.train_list import TrainList

CELLS = np.array([103, 101, 107])


def train_list(times=(0.1, 0.4, 0.4, 3.0), ids=(107, 103, 107, 107), since=(0.0, 0.0, 0.0)):
    return TrainList.of(
        lambda: np.array(times),
        lambda: np.array(ids),
        CELLS,
        np.array(since),
        5.0,
        ["exc", "exc", "inh"],
        np.array([3, 1, 0]),
    )


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.floats(0, 5), st.sampled_from(CELLS.tolist())), max_size=30).map(sorted)
)
def test_trains_are_those_of_neos_list(spikes):
    times, ids = [time for time, _ in spikes], [gid for _, gid in spikes]
    trains = train_list(times, np.array(ids, int))
    neos = SpikeTrainList.from_spike_time_array(
        np.array(times),
        np.array(ids, int),
        CELLS.tolist(),
        t_stop=5.0 * pq.ms,
        units="ms",
        t_start=0.0 * pq.ms,
        source_population=["exc", "exc", "inh"],
        source_index=[3, 1, 0],
    )
    assert len(trains) == len(neos) == 3
    for ours, theirs in zip(trains, neos, strict=True):
        np.testing.assert_array_equal(ours.magnitude, theirs.magnitude)
        assert ours.annotations == theirs.annotations
        assert (ours.t_start, ours.t_stop) == (theirs.t_start, theirs.t_stop)
    assert trains.counts().tolist() == [train.size for train in neos]
    for ours, theirs in zip(trains.multiplexed, neos.multiplexed, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_questions_about_the_whole_make_no_train(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError

    trains = train_list(since=(0.0, 0.5, 0.0))
    monkeypatch.setattr(neo, "SpikeTrain", refuse)
    assert len(trains) == 3
    assert trains.counts().tolist() == [1, 0, 3]
    assert trains.multiplexed[0].tolist() == [107, 103, 107, 107]
    assert (trains.t_start, trains.t_stop) == (0.0 * pq.ms, 5.0 * pq.ms)
    assert trains.all_channel_ids == CELLS.tolist()
    assert "4 spikes from 3 neurons" in str(trains)


def test_only_the_trains_that_are_asked_for_are_made_and_once():
    trains = train_list()
    assert trains[-1] is trains[2]
    assert list(trains._made) == [2]
    assert [train.size for train in trains[:2]] == [1, 0]
    trains[0].annotate(seen=True)
    assert next(iter(trains)).annotations["seen"]
    with pytest.raises(IndexError):
        trains[3]


def test_a_train_begins_where_its_recording_began_and_belongs_to_the_segment():
    trains = train_list(since=(0.0, 2.0, 0.1))
    segment = neo.Segment()
    segment.spiketrains = trains
    trains.segment = segment
    assert [train.t_start.item() for train in trains] == [0.0, 2.0, 0.1]
    assert trains[1].segment is segment


def test_lists_can_be_added_and_appended_to():
    first, second = train_list(), train_list(since=(0.3, 1.0, 0.1))
    assert [train.size for train in first + second] == [1, 0, 3, 1, 0, 3]
    first += second
    assert first.counts().tolist() == [1, 0, 3, 1, 0, 3]
    assert first.multiplexed[1].size == 8
    second.append(neo.SpikeTrain([1.0], units="ms", t_stop=5.0 * pq.ms))
    assert len(second) == 4


@pytest.mark.parametrize("since", [(0.0, 0.0, 0.0), (0.0, 0.1, 0.0)])
def test_a_pickled_list_is_read_without_distsim(tmp_path, since):
    block, segment = neo.Block(), neo.Segment()
    block.segments.append(segment)
    segment.spiketrains = train_list(since=since)
    segment.spiketrains.segment = segment
    path = tmp_path / "block.pkl"
    path.write_bytes(pickle.dumps(block))
    script = (
        "import pickle, sys; block = pickle.load(open(sys.argv[1], 'rb')); "
        "trains = block.segments[0].spiketrains; "
        "print([t.magnitude.tolist() for t in trains], [t.t_start.item() for t in trains], "
        "trains[2].annotations['source_population'], 'distsim' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"[[0.4], [], [0.1, 0.4, 3.0]] {[*since]} inh False"
