"""Runs and recordings on real ranks; to be started under mpiexec."""

import numpy as np
import pytest

import distsim
from distsim.io import read_block


@pytest.fixture
def sim():
    """Return the back end, set up anew."""
    distsim.setup(timestep=0.1, log=False)
    return distsim


def assert_equal_on_all_ranks(comm, values):
    for other in comm.allgather(np.asarray(values)):
        np.testing.assert_array_equal(other, values)


def times_of(segment):
    return [list(train.magnitude) for train in segment.spiketrains]


@pytest.mark.parametrize("size", [0, 1, 2, 5])
def test_networks_of_any_size_run(sim, comm, size):
    cells = sim.Population(size, sim.IF_curr_exp(i_offset=3.0, cm=1.0))
    sim.Projection(
        cells, cells, sim.FixedProbabilityConnector(0.5), sim.StaticSynapse(weight=0.1, delay=0.3)
    )
    cells.record(["spikes", "v"])
    sim.run(20.0)
    segment = cells.get_data(gather="all").segments[0]
    assert len(segment.spiketrains) == size
    assert all(len(times) > 0 for times in times_of(segment))
    assert_equal_on_all_ranks(comm, [time for train in times_of(segment) for time in train])
    assert [signal.shape for signal in segment.analogsignals] == [(201, size)] * bool(size)


def test_a_network_without_anything_runs(sim):
    assert sim.run(5.0) == 5.0
    sim.reset()
    assert sim.run(0.0) == 0.0
    sim.end()


def test_a_run_of_no_length_gives_initial_values(sim):
    cells = sim.Population(3, sim.IF_curr_exp(), initial_values={"v": [-60.0, -61.0, -62.0]})
    cells.record(["v", "spikes"])
    sim.run(0.0)
    segment = cells.get_data(gather="all").segments[0]
    assert segment.analogsignals[0].magnitude.tolist() == [[-60.0, -61.0, -62.0]]
    assert times_of(segment) == [[], [], []]
    assert cells.mean_spike_count() == 0.0


@pytest.mark.parametrize("model", ["IF_cond_exp", "IF_cond_alpha"])
def test_large_conductances_act_in_the_step_after_their_arrival(sim, comm, model):
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[2.0]))
    cells = sim.Population(5, getattr(sim, model)(tau_m=[20.0, 0.005, 20.0, 20.0, 1e-3]))
    weights = [(0, i, weight, 1.0) for i, weight in enumerate([1e3, 1e3, 1e6, 0.0, 0.0])]
    sim.Projection(source, cells, sim.FromListConnector(weights))
    cells.record(["spikes", "v"])
    sim.run(6.0)
    segment = cells.get_data(gather="all").segments[0]
    firsts = [times[:1] for times in times_of(segment)]
    np.testing.assert_allclose(firsts[:3], 3.1, rtol=1e-12)
    assert firsts[3:] == [[], []]
    v = segment.analogsignals[0].magnitude
    # between the reversal potentials of -70 and 0 mV, and at rest, -65 mV, without input
    assert v.min() >= -70.0
    assert v.max() <= 0.0
    np.testing.assert_allclose(v[:, 3:], -65.0, rtol=1e-14)
    assert_equal_on_all_ranks(comm, v)


def test_silent_cells_have_empty_trains(sim):
    cells = sim.Population(5, sim.IF_cond_alpha())
    cells.record("spikes")
    sim.run(10.0)
    assert times_of(cells.get_data(gather="all").segments[0]) == [[]] * 5
    assert list(cells.get_spike_counts().values()) == [0] * 5


def test_columns_are_in_the_order_of_the_cells(sim, comm):
    values = -60.0 - np.arange(7)
    cells = sim.Population(7, sim.IF_curr_exp(), initial_values={"v": values})
    cells.record("v")
    sim.run(1.0)
    signal = cells.get_data(gather="all").segments[0].analogsignals[0]
    np.testing.assert_array_equal(signal.magnitude[0], values)
    np.testing.assert_array_equal(signal.array_annotations["channel_index"], np.arange(7))
    np.testing.assert_array_equal(signal.annotations["channel_ids"], cells.all_cells)
    assert_equal_on_all_ranks(comm, signal.magnitude)
    mine = cells.get_data(gather=False).segments[0].analogsignals
    local = np.nonzero(cells._mask_local)[0]
    assert len(mine) == bool(local.size)
    for signal in mine:
        np.testing.assert_array_equal(signal.magnitude[0], values[local])
        np.testing.assert_array_equal(signal.array_annotations["channel_index"], local)


def test_spike_counts_are_equal_on_every_rank(sim, comm):
    cells = sim.Population(5, sim.IF_curr_exp(i_offset=[0.0, 1.5, 2.0, 2.5, 3.0]))
    cells[1:].record("spikes")
    sim.run(100.0)
    counts = cells.get_spike_counts()
    assert [cells.id_to_index(cell) for cell in counts] == [1, 2, 3, 4]
    assert_equal_on_all_ranks(comm, list(counts.values()))
    mean = cells.mean_spike_count()
    assert mean == sum(counts.values()) / 4 > 0
    assert_equal_on_all_ranks(comm, mean)
    assert_equal_on_all_ranks(
        comm, (cells + sim.Population(2, sim.IF_cond_exp())).mean_spike_count()
    )
    local = cells.get_spike_counts(gather=False)
    assert all(counts[cell] == n for cell, n in local.items())


def test_spikes_of_one_cell_cross_several_runs(sim, comm):
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[0.5, 2.0, 7.9]))
    cells = sim.Population(4, sim.IF_curr_exp())
    sim.Projection(
        source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=20.0, delay=1.0)
    )
    cells.record("spikes")
    expected = None
    for parts in ([12.0], [1.0, 0.0, 0.2, 0.3, 4.5, 6.0]):
        for part in parts:
            sim.run(part)
        times = times_of(cells.get_data(gather="all").segments[-1])
        assert all(times)
        assert expected in (None, times)
        expected = times
        sim.reset()
    assert_equal_on_all_ranks(comm, [time for train in expected for time in train])


def test_segments_follow_each_other_after_resets(sim):
    cells = sim.Population(3, sim.IF_curr_exp(i_offset=2.0))
    cells.record(["spikes", "v"])
    for k in range(3):
        sim.run(20.0)
        sim.reset(annotations={"k": k})
    block = cells.get_data(gather="all")
    assert [segment.annotations["k"] for segment in block.segments] == [0, 1, 2]
    first, *others = [(times_of(s), s.analogsignals[0].magnitude.tolist()) for s in block.segments]
    assert others == [first] * 2


def test_more_cells_may_be_recorded_between_runs(sim, comm):
    cells = sim.Population(6, sim.IF_curr_exp(i_offset=1.0))
    cells[:2].record("v")
    sim.run(2.0)
    cells[5:].record("v")
    sim.run(1.0)
    signal = cells.get_data(gather="all").segments[0].analogsignals[0].magnitude
    assert signal.shape == (31, 3)
    assert np.isfinite(signal[:, :2]).all()
    assert np.isnan(signal[:21, 2]).all()
    np.testing.assert_array_equal(signal[21:, 2], signal[21:, 0])
    assert_equal_on_all_ranks(comm, signal)


def test_one_cell_recorded_is_gathered(sim, comm):
    cells = sim.Population(6, sim.IF_curr_exp(i_offset=1.0))
    cells[[4]].record(["v", "spikes"], sampling_interval=0.5)
    sim.run(2.0)
    segment = cells.get_data(gather="all").segments[0]
    assert segment.analogsignals[0].shape == (5, 1)
    assert len(segment.spiketrains) == 1
    assert_equal_on_all_ranks(comm, segment.analogsignals[0].magnitude)


def test_recordings_go_into_one_file(sim, comm, shared_tmp_path):
    path = shared_tmp_path / "run.h5"
    cells = sim.Population(5, sim.IF_curr_exp(i_offset=2.0), label="cells")
    lone = sim.Population(1, sim.IF_cond_exp(i_offset=2.0), label="lone")
    none = sim.Population(0, sim.IF_cond_exp(), label="none")
    for population in (cells, lone, none):
        population.record(["spikes", "v"], to_file=str(path))
    sim.run(30.0)
    expected = (cells + lone).get_data(gather="all").segments[0]
    sim.end()
    comm.Barrier()
    segment = read_block(path).segments[0]
    assert times_of(segment) == times_of(expected)
    for ours, theirs in zip(segment.analogsignals, expected.analogsignals, strict=True):
        np.testing.assert_array_equal(ours.magnitude, theirs.magnitude)


def test_each_rank_may_write_a_file_of_its_own(sim, comm, shared_tmp_path):
    cells = sim.Population(8, sim.IF_curr_exp(i_offset=2.0), label="cells")
    cells.record("spikes")
    sim.run(30.0)
    cells.write_data(str(shared_tmp_path / "part.h5"), gather=False)
    cells.write_data(str(shared_tmp_path / "whole.pkl"))
    comm.Barrier()
    names = sorted(path.name for path in shared_tmp_path.iterdir())
    n_ranks = comm.Get_size()
    parts = [f"part.{rank}.h5" for rank in range(n_ranks)] if n_ranks > 1 else ["part.h5"]
    assert names == [*parts, "whole.pkl"]


def test_callbacks_are_called_on_every_rank(sim, comm):
    times = []

    def note(t):
        times.append(t)
        return t + 2.0

    sim.Population(2, sim.IF_curr_exp())
    sim.run(5.0, callbacks=[note])
    assert_equal_on_all_ranks(comm, times)
    assert times[:3] == [0.0, 2.0, 4.0]


def test_a_current_can_be_injected_into_the_cells_of_a_rank(sim):
    cells = sim.Population(4, sim.IF_curr_exp())
    current = sim.DCSource(amplitude=0.5, start=1.0, stop=4.0)
    for cell in cells:
        cell.inject(current)
    current.inject_into(cells.local_cells[:0])
    cells.record("v")
    sim.run(5.0)
    v = cells.get_data(gather="all").segments[0].analogsignals[0].magnitude
    assert (v.max(axis=0) > -64.9).all()
    assert (v == v[:, :1]).all()


@pytest.mark.parametrize("partition", ["round_robin", lambda first, n, ranks: np.zeros(n, int)])
def test_other_partitions_run(comm, partition):
    distsim.setup(timestep=0.1, partition=partition, log=False)
    cells = distsim.Population(5, distsim.IF_curr_exp(i_offset=2.0))
    distsim.Projection(
        cells, cells, distsim.FixedNumberPreConnector(2), distsim.StaticSynapse(weight=0.5)
    )
    cells.record("spikes")
    distsim.run(30.0)
    assert_equal_on_all_ranks(comm, list(cells.get_spike_counts().values()))
    assert cells.mean_spike_count() > 0


@pytest.mark.parametrize("n_models", [1, 2])
@pytest.mark.parametrize("delay", [0.1, 0.7, 3.0])
def test_spikes_set_at_the_present_time_act_as_if_they_had_been_there(sim, comm, delay, n_models):
    def run(*changes):
        sim.setup(timestep=0.1, log=False)
        sources = sim.Population(3, sim.SpikeSourceArray(spike_times=changes[0]))
        cells = [
            sim.Population(4, model(i_offset=0.5))
            for model in (sim.IF_curr_exp, sim.IF_cond_exp)[:n_models]
        ]
        for targets in cells:
            synapse = sim.StaticSynapse(weight=0.02, delay=delay)
            sim.Projection(sources, targets, sim.AllToAllConnector(), synapse)
            sim.Projection(targets, targets, sim.AllToAllConnector(), synapse)
            targets.record("v")
        sources.record("spikes")
        for times in changes:
            sources.set(spike_times=times)
            sim.run(5.0)
        sim.run(5.0)
        v = [
            targets.get_data(gather="all").segments[0].analogsignals[0].magnitude
            for targets in cells
        ]
        return times_of(sources.get_data(gather="all").segments[0]), np.concatenate(v, axis=1)

    trains, v = run(*[[2.0, 5.0, 5.0, 10.0, 12.0]] * 3)
    assert trains == [[2.0, 5.0, 5.0, 10.0, 12.0]] * 3
    for changes in (
        ([2.0], [5.0, 5.0], [10.0, 12.0]),
        ([2.0, 5.0], [2.0, 5.0, 5.0, 12.0], [10.0, 12.0]),
        ([2.0, 5.0, 5.0, 10.0], [2.0, 5.0, 5.0, 10.0], [2.0, 5.0, 5.0, 10.0, 12.0]),
    ):
        found = run(*changes)
        assert found[0] == trains
        np.testing.assert_array_equal(found[1], v)


def test_sources_added_between_runs_spike_at_the_present_time(sim, comm):
    cells = sim.Population(3, sim.IF_curr_exp())
    cells.record("v")
    sim.run(5.0)
    sources = sim.Population(2, sim.SpikeSourceArray(spike_times=[5.0, 6.0]))
    sources.record("spikes")
    synapse = sim.StaticSynapse(weight=1.0, delay=0.5)
    sim.Projection(sources, cells, sim.AllToAllConnector(), synapse)
    sim.run(5.0)
    assert times_of(sources.get_data(gather="all").segments[0]) == [[5.0, 6.0]] * 2
    v = cells.get_data(gather="all").segments[0].analogsignals[0].magnitude
    assert (v[:56] == -65.0).all()
    assert (v[56] > -64.95).all()
    sim.setup(timestep=0.1, log=False)
    cells = sim.Population(3, sim.IF_curr_exp())
    cells.record("v")
    sources = sim.Population(2, sim.SpikeSourceArray(spike_times=[5.0, 6.0]))
    sim.Projection(sources, cells, sim.AllToAllConnector(), synapse)
    sim.run(10.0)
    np.testing.assert_array_equal(
        cells.get_data(gather="all").segments[0].analogsignals[0].magnitude, v
    )


def test_spikes_set_at_0_are_sent_once_after_runs_of_no_length(sim):
    sources = sim.Population(2, sim.SpikeSourceArray(spike_times=[0.0]))
    sources.record("spikes")
    for times in ([0.0], [0.0, 1.0], [0.0, 1.0]):
        sim.run(0.0)
        sources.set(spike_times=times)
    for duration in (2.0, 0.0):
        sim.run(duration)
        assert times_of(sources.get_data(gather="all").segments[0]) == [[0.0, 1.0]] * 2
    sim.reset()
    sim.run(2.0)
    assert times_of(sources.get_data(gather="all").segments[1]) == [[0.0, 1.0]] * 2
