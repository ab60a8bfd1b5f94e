"""Neo objects, compared with those of PyNN's recorders."""

import numpy as np
import pytest
import quantities as pq

from distsim.io import PopulationInfo, RunInfo, SegmentData, SignalData, SpikeData, neo_blocks
from distsim.io.neo_blocks import Channels

EXC = PopulationInfo("exc", 10, 100, {"layer": 4, "axis": np.arange(3)}, "IF_curr_exp")
INH = PopulationInfo("inh", 5, 110, {"layer": 5}, "IF_curr_exp")
SPIKES = SpikeData(np.array([2, 5, 7]), np.array([0.1, 0.4, 0.4, 3.0]), np.array([5, 2, 5, 5]))


def signal(node_ids, variable="v", units="mV", n_samples=4):
    data = np.arange(n_samples * len(node_ids), dtype=float).reshape(n_samples, len(node_ids))
    return SignalData(variable, units, np.array(node_ids, dtype=int), data, 1.0, 0.5)


def segment_data(*populations, index=0):
    return SegmentData(index, 0.0, 5.0, {"trial": 3}, list(populations))


def test_there_is_a_train_for_each_recorded_cell():
    trains = neo_blocks.spike_trains(EXC, SPIKES, t_start=0.0, t_stop=5.0)
    assert [train.times.magnitude.tolist() for train in trains] == [[0.4], [0.1, 0.4, 3.0], []]
    assert [train.annotations["channel_id"] for train in trains] == [102, 105, 107]
    assert [train.annotations["source_index"] for train in trains] == [2, 5, 7]
    assert {train.annotations["source_population"] for train in trains} == {"exc"}
    assert all(type(train.annotations["channel_id"]) is int for train in trains)
    assert {(train.t_start.item(), train.t_stop.item()) for train in trains} == {(0.0, 5.0)}
    channel_ids, times = trains.multiplexed
    np.testing.assert_array_equal(channel_ids, [105, 102, 105, 105])
    assert times.units == pq.ms


def build(data):
    return neo_blocks.analog_signal(Channels.of(EXC, data), data)


def test_a_signal_is_annotated_as_pynn_does_it():
    built = build(signal([1, 4]))
    assert (built.name, built.units, built.shape) == ("v", pq.mV, (4, 2))
    assert (built.t_start, built.sampling_period) == (1.0 * pq.ms, 0.5 * pq.ms)
    assert built.annotations["source_population"] == "exc"
    np.testing.assert_array_equal(built.annotations["channel_ids"], [101, 104])
    np.testing.assert_array_equal(built.array_annotations["channel_index"], [1, 4])


def test_units_that_pynn_does_not_know_are_dimensionless():
    assert build(signal([1], units="unknown")).units == pq.dimensionless


def test_a_segment_is_linked_with_what_is_in_it():
    built = neo_blocks.segment(segment_data((EXC, SPIKES, [signal([1])]), index=12))
    assert built.name == "segment012"
    assert built.annotations["trial"] == 3
    assert built.spiketrains.segment is built
    assert built.spiketrains[0].segment is built
    assert built.analogsignals[0].segment is built


def test_signals_without_cells_or_samples_are_left_out():
    signals = [signal([]), signal([1], n_samples=0), signal([2], "gsyn_exc", "uS")]
    built = neo_blocks.segment(segment_data((EXC, None, signals)))
    assert [made.name for made in built.analogsignals] == ["gsyn_exc"]
    assert len(built.spiketrains) == 0


def test_channel_indices_count_through_several_populations():
    other = SpikeData(np.array([0, 3]), np.array([0.2]), np.array([3]))
    populations = [(EXC, SPIKES, [signal([1, 4])]), (INH, other, [signal([0, 2])])]
    built = neo_blocks.segment(segment_data(*populations))
    indices = [made.array_annotations["channel_index"].tolist() for made in built.analogsignals]
    assert indices == [[1, 4, 10, 12]]
    trains = list(built.spiketrains)
    assert [train.annotations["channel_id"] for train in trains] == [102, 105, 107, 110, 113]
    assert [train.annotations["source_index"] for train in trains] == [2, 5, 7, 0, 3]
    labels = [train.annotations["source_population"] for train in trains]
    assert labels == ["exc", "exc", "exc", "inh", "inh"]
    assert [train.size for train in trains] == [1, 3, 0, 0, 1]


def test_the_block_has_the_annotations_of_pynn():
    run = {"simulator": "distsim", "dt": 0.1, "mpi_processes": 2}
    built = neo_blocks.block([segment_data((EXC, SPIKES, []))], RunInfo(run, {"note": "x"}))
    expected = {
        "size": 10,
        "first_index": 0,
        "last_index": 10,
        "first_id": 100,
        "last_id": 109,
        "label": "exc",
        "layer": 4,
        "note": "x",
        **run,
    }
    assert built.name == "exc"
    np.testing.assert_array_equal(built.annotations.pop("axis"), np.arange(3))
    assert built.annotations == expected
    assert built.segments[0].block is built


def test_a_block_of_several_populations_lists_what_differs():
    built = neo_blocks.block([segment_data((EXC, None, []), (INH, None, []))], RunInfo({"dt": 0.1}))
    assert built.name == "exc+inh"
    assert built.annotations["label"] == ["exc", "inh"]
    assert built.annotations["layer"] == [4, 5]
    assert built.annotations["first_index"] == 0
    assert neo_blocks.block([], RunInfo(name="assembly0")).name == "assembly0"


def test_two_lists_of_trains_can_be_added():
    trains = [
        neo_blocks.spike_trains(
            info, SpikeData(SPIKES.node_ids[:1], SPIKES.times[1:2], SPIKES.senders[1:2]), 0.0, 5.0
        )
        for info in (EXC, INH)
    ]
    assert len(trains[0] + trains[1]) == 2


def test_the_objects_are_those_of_pynns_recorder():
    sim = pytest.importorskip("pyNN.mock")
    sim.setup(timestep=0.1)
    population = sim.Population(4, sim.IF_cond_exp(), label="exc")
    population.record(["spikes", "v"])
    sim.run(1.0)
    theirs = population.get_data()
    v = theirs.segments[0].analogsignals[0]
    cells = np.arange(4)
    data = SignalData("v", "mV", cells, v.magnitude, float(v.t_start), 0.1)
    spikes = SpikeData(cells, np.empty(0), np.empty(0, dtype=int))
    info = PopulationInfo("exc", 4, int(population.first_id), {}, "IF_cond_exp")
    run = {"simulator": theirs.annotations["simulator"], "dt": 0.1, "mpi_processes": 1}
    ours = neo_blocks.block([SegmentData(0, 0.0, 1.0, {}, [(info, spikes, [data])])], RunInfo(run))
    sim.end()

    assert ours.name == theirs.name
    assert ours.annotations == theirs.annotations
    our_v = ours.segments[0].analogsignals[0]
    assert ours.segments[0].name == theirs.segments[0].name
    assert (our_v.name, our_v.units, our_v.shape) == (v.name, v.units, v.shape)
    assert set(our_v.annotations) == set(v.annotations)
    assert our_v.array_annotations["channel_index"].tolist() == [0, 1, 2, 3]
    for our_train, train in zip(
        ours.segments[0].spiketrains, theirs.segments[0].spiketrains, strict=True
    ):
        assert our_train.annotations == train.annotations
        assert (our_train.t_start, our_train.t_stop) == (train.t_start, train.t_stop)
