"""What is changed between two runs, on every engine: weights, delays, projections, currents."""

import numpy as np
import pytest
from networks import QUIET, changed_between_runs, signal_of
from neuron_marks import needs_neuron

import distsim as sim
from distsim.engines.nest.start import nest_abilities
from distsim.engines.pace import Pace
from distsim.errors import EngineError
from distsim.io import read_block

# Brian calls other packages in ways that are to end
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def on_native():
    return changed_between_runs(sim)


@pytest.mark.parametrize(
    "options", [{"engine": "nest"}, {"engine": "nest", "threads": 2}, {"engine": "brian2"}], ids=str
)
def test_changes_have_the_same_effect(on_native, options):
    pytest.importorskip(options["engine"])
    connections, trains, v = on_native
    found = changed_between_runs(sim, **options)
    assert found[0] == connections
    assert min(sum(map(len, each)) for each in trains) > 1000
    assert found[1] == trains
    np.testing.assert_allclose(found[2], v, atol=1e-9)


@pytest.mark.parametrize("engine", ["nest", "brian2", pytest.param("neuron", marks=needs_neuron)])
def test_what_a_run_does_depends_on_no_pause(monkeypatch, engine):
    if engine != "neuron":
        pytest.importorskip(engine)
    results = []
    for n_epochs in (7, 10**6):
        # in place of a number that depends on how long the last piece took
        fixed = property(lambda _, n=n_epochs: n, lambda *_: None)
        monkeypatch.setattr(Pace, "n_epochs", fixed, raising=False)
        results.append(changed_between_runs(sim, engine=engine))
    (_, trains, v), (_, trains_at_once, v_at_once) = results
    assert trains_at_once == trains
    np.testing.assert_array_equal(v_at_once, v)


@needs_neuron
def test_changes_have_nearly_the_same_effect_in_neuron(on_native):
    connections, trains, _ = on_native
    found = changed_between_runs(sim, engine="neuron")
    assert found[0] == connections
    ends = np.arange(0.0, 321.0, 80.0)
    for mine, theirs in zip(trains, found[1], strict=True):
        counts = [np.histogram(np.concatenate(each), ends)[0] for each in (mine, theirs)]
        assert counts[0].min() > 200
        np.testing.assert_allclose(counts[1], counts[0], rtol=0.05)


@pytest.mark.parametrize("engine", ["nest", "brian2", pytest.param("neuron", marks=needs_neuron)])
def test_the_value_of_before_can_be_set_again(engine):
    if engine != "neuron":
        pytest.importorskip(engine)
    sim.setup(timestep=0.1, engine=engine, **QUIET)
    cells = sim.Population(2, sim.IF_curr_exp(), initial_values={"v": -60.0})
    cells.record("v")
    sim.run(10.0)
    cells[:1].initialize(v=-60.0)
    sim.run(1.0)
    expected = [-65.0 + 5.0 * np.exp(-t / 20.0) for t in (1.0, 11.0)]
    np.testing.assert_allclose(signal_of(cells, "v")[-1], expected, atol=0.02)


@pytest.mark.skipif(not nest_abilities()[0], reason="this NEST was built without MPI")
@pytest.mark.parametrize("n_ranks", [2, 3, 4])
def test_changes_have_the_same_effect_on_ranks_in_nest(cases_on_ranks, mpi_job, on_native, n_ranks):
    connections, trains, v = on_native
    (found,) = cases_on_ranks(mpi_job, n_ranks, "parallel_changes,nest").values()
    expected = [row for each in connections for row in each]
    np.testing.assert_array_equal(found["connections"], expected)
    np.testing.assert_array_equal(found["times"], np.concatenate(trains[0] + trains[1]))
    np.testing.assert_allclose(found["v"], v, atol=1e-9)


@pytest.mark.parametrize(
    "engine", ["native", "nest", "brian2", pytest.param("neuron", marks=needs_neuron)]
)
def test_what_was_recorded_outlives_the_network(engine, tmp_path):
    if engine in ("nest", "brian2"):
        pytest.importorskip(engine)
    sim.setup(timestep=0.1, engine=engine, **QUIET)
    cells = sim.Population(3, sim.IF_curr_exp(i_offset=[0.2, 1.5, 2.0]), label="cells")
    source = sim.DCSource(amplitude=0.1, start=5.0, stop=15.0)
    cells.inject(source)
    source.record()
    cells.record(["v", "spikes"])
    sim.run(20.0)
    source.set_parameters(amplitude=0.3)
    sim.run(10.0)

    def everything():
        block = cells.get_data()
        path = str(tmp_path / "run.h5")
        cells.write_data(path)
        return [
            (
                [(t.magnitude.tolist(), float(t.t_stop)) for t in segment.spiketrains],
                [(s.magnitude.tolist(), s.times.magnitude.tolist()) for s in segment.analogsignals],
            )
            for segment in (block.segments[0], read_block(path).segments[0])
        ] + [list(cells.get_spike_counts().values()), source.get_data().magnitude.tolist()]

    before = everything()
    assert before[2][2] > 1
    assert np.unique(before[3]).tolist() == [0.0, 0.1]
    sim.setup(timestep=0.5, engine=engine, **QUIET)
    sim.Population(1, sim.IF_curr_exp()).record("v")
    sim.run(2.0)
    assert everything() == before


def spikes_set_at(engine, *changes):
    """Return trains and v after three runs of 5 ms, before each of which times are set."""
    sim.setup(timestep=0.1, engine=engine, **QUIET)
    sources = sim.Population(2, sim.SpikeSourceArray(spike_times=changes[0]))
    cells = sim.Population(3, sim.IF_curr_exp())
    for delay in (0.1, 2.0):
        synapse = sim.StaticSynapse(weight=0.5, delay=delay)
        sim.Projection(sources, cells, sim.AllToAllConnector(), synapse)
    sources.record("spikes")
    cells.record("v")
    for times in changes:
        sources.set(spike_times=times)
        sim.run(5.0)
    trains = sources.get_data().segments[0].spiketrains
    return [train.magnitude.tolist() for train in trains], signal_of(cells, "v")


@pytest.mark.parametrize("engine", ["brian2", pytest.param("neuron", marks=needs_neuron)])
def test_spikes_set_at_the_present_time_act_as_if_they_had_been_there(engine):
    if engine != "neuron":
        pytest.importorskip(engine)
    times = [2.0, 5.0, 10.0, 12.0]
    trains, v = spikes_set_at(engine, times, times, times)
    assert trains == [times] * 2
    for changes in (([2.0], [5.0], [10.0, 12.0]), ([2.0, 5.0], [2.0, 5.0, 12.0], times)):
        found = spikes_set_at(engine, *changes)
        assert found[0] == trains
        np.testing.assert_allclose(found[1], v, atol=1e-9)


def test_nest_says_that_a_source_cannot_spike_at_the_present_time():
    pytest.importorskip("nest")
    with pytest.raises(EngineError, match=r"present time, 5 ms.*next step, 5\.1 ms"):
        spikes_set_at("nest", [2.0], [5.0])
    times = [2.0, 5.0, 12.0]
    found, expected = (spikes_set_at(name, [2.0, 5.0], times, times) for name in ("nest", "native"))
    assert found[0] == expected[0] == [times] * 2
    np.testing.assert_allclose(found[1], expected[1], atol=1e-9)
