"""NEST as engine, against the native one: the same network, input, spikes and records."""

from pathlib import Path

import numpy as np
import pytest

import distsim as native
from distsim.engines.nest import nest_abilities
from distsim.errors import EngineError, SetupError

nest = pytest.importorskip("nest")
import distsim.nest as on_nest  # noqa: E402

NETWORK = Path(__file__).parent / "parallel_network.py"
ONLY_CELL = Path(__file__).parent / "only_cell.py"
QUIET = {"log": False, "progress": False}


def trains_of(population):
    """Return the spike times of all cells, in their order."""
    return [train.magnitude.tolist() for train in population.get_data().segments[-1].spiketrains]


def signal_of(population, name):
    return population.get_data().segments[-1].filter(name=name)[0].magnitude


def tutorial(sim, **options):
    """Run two populations, the second with noise; return connections, spikes, v, isyn."""
    sim.setup(timestep=0.1, seed=42, **QUIET, **options)
    near = sim.RandomDistribution("normal", mu=-65.0, sigma=1.0)
    cell_type = sim.IF_curr_exp(
        v_rest=near,
        v_reset=near,
        v_thresh=sim.RandomDistribution("normal", mu=-55.0, sigma=1.0),
        tau_refrac=1.0,
        tau_m=10.0,
        i_offset=1.7,
    )
    first, second = sim.Population(30, cell_type), sim.Population(30, cell_type)
    second.set(i_offset=0.0)
    noise = sim.Population(10, sim.SpikeSourcePoisson(rate=300.0))
    delay = sim.RandomDistribution("uniform", low=0.3, high=2.0)
    projections = [
        sim.Projection(
            pre,
            second,
            sim.FixedProbabilityConnector(0.5),
            sim.StaticSynapse(weight=sim.RandomDistribution("uniform", (0.2, 1.0)), delay=delay),
        )
        for pre in (first, noise)
    ]
    first.record(["spikes", "v"])
    second.record(["spikes", "v", "isyn_exc"])
    noise.record("spikes")
    for duration in (20.0, 60.0, 3.3):
        sim.run(duration)
    connections = [p.get(["weight", "delay"], "list") for p in projections]
    spikes = [trains_of(p) for p in (first, second, noise)]
    signals = [signal_of(p, "v") for p in (first, second)]
    return connections, spikes, signals, signal_of(second, "isyn_exc")


@pytest.mark.parametrize("threads", [1, 2])
def test_a_network_is_the_same_and_does_the_same(threads):
    connections, spikes, signals, isyn = tutorial(native)
    found = tutorial(on_nest, threads=threads)
    assert found[0] == connections
    assert found[1] == spikes
    assert min(sum(map(len, trains)) for trains in spikes) > 100
    for mine, theirs in zip(signals, found[2], strict=True):
        assert mine.shape == (834, 30)
        np.testing.assert_allclose(theirs, mine, atol=1e-10)
    # NEST shows a current only after another step
    np.testing.assert_allclose(found[3][:-1], isyn[:-1], atol=1e-10)
    assert np.isnan(found[3][-1]).all()


def test_nest_has_the_connections_that_the_front_end_shows():
    on_nest.setup(timestep=0.1, seed=7, **QUIET)
    pre, post = (on_nest.Population(n, on_nest.IF_cond_exp()) for n in (20, 30))
    uniform = on_nest.RandomDistribution("uniform", low=0.01, high=0.05)
    delay = on_nest.RandomDistribution("uniform", low=0.1, high=3.0)
    projection = on_nest.Projection(
        pre,
        post,
        on_nest.FixedNumberPreConnector(7),
        on_nest.StaticSynapse(weight=uniform, delay=delay),
        receptor_type="inhibitory",
    )
    on_nest.run(0.1)
    shown = np.array(projection.get(["weight", "delay"], "list"))
    values = nest.GetConnections().get(["source", "target", "weight", "delay"])
    there = np.array([values[name] for name in ("source", "target", "weight", "delay")]).T
    there = there[np.lexsort((there[:, 0], there[:, 1]))]
    assert len(there) == 7 * 30
    np.testing.assert_array_equal(there[:, 0] - 1, shown[:, 0])
    np.testing.assert_array_equal(there[:, 1] - 21, shown[:, 1])
    # nS, negative for inhibition, and 32 bits as on the native engine
    np.testing.assert_array_equal(there[:, 2], -1000.0 * np.float64(np.float32(shown[:, 2])))
    np.testing.assert_allclose(there[:, 3], np.rint(shown[:, 3] / 0.1) * 0.1, atol=1e-9)


STRENGTHS = {
    "IF_curr_exp": 1.0,
    "IF_curr_alpha": 1.0,
    "IF_curr_delta": 3.0,
    "IF_cond_exp": 0.02,
    "IF_cond_alpha": 0.02,
}


def driven_cells(sim, model, **options):
    """Run cells of a model that are excited and inhibited by noise and given spikes."""
    sim.setup(timestep=0.1, seed=3, **QUIET, **options)
    cells = sim.Population(20, getattr(sim, model)(tau_refrac=2.05))
    noise = sim.Population(
        20, sim.SpikeSourcePoisson(rate=sim.RandomDistribution("uniform", (500, 900)))
    )
    given = sim.Population(3, sim.SpikeSourceArray(spike_times=[1.0, 1.0, 7.5, 80.0]))
    strength = STRENGTHS[model]
    inhibition = strength if "cond" in model else -strength
    for pre, connector, weight, receptor in (
        (noise, sim.OneToOneConnector(), strength, "excitatory"),
        (given, sim.AllToAllConnector(), inhibition, "inhibitory"),
        (cells, sim.FixedNumberPreConnector(4), inhibition, "inhibitory"),
    ):
        synapse = sim.StaticSynapse(weight=weight, delay=1.5)
        sim.Projection(pre, cells, connector, synapse, receptor_type=receptor)
    cells.record(["spikes", "v"])
    sim.run(150.0)
    return trains_of(cells), signal_of(cells, "v")


@pytest.mark.parametrize("model", STRENGTHS)
def test_every_model_does_the_same(model):
    spikes, v = driven_cells(native, model)
    found, v_found = driven_cells(on_nest, model, threads=2)
    assert sum(map(len, spikes)) > 20
    if "cond" not in model:
        assert found == spikes
        np.testing.assert_allclose(v_found, v, atol=1e-9)
        return
    # NEST integrates to a tolerance of its own, so that a spike may come a step earlier or later
    assert [len(train) for train in found] == [len(train) for train in spikes]
    for mine, theirs in zip(spikes, found, strict=True):
        np.testing.assert_allclose(theirs, mine, atol=0.1001)
    first = int(min(train[0] for train in spikes if train) / 0.1) - 1
    np.testing.assert_allclose(v_found[:first], v[:first], atol=1e-3)


def injected(sim):
    sim.setup(timestep=0.1, **QUIET)
    cells = sim.Population(3, sim.IF_curr_exp(i_offset=0.1, tau_refrac=2.0))
    sim.DCSource(amplitude=0.5, start=10.0, stop=30.0).inject_into(cells[:2])
    steps = sim.StepCurrentSource(times=[5.0, 12.3, 20.0], amplitudes=[0.7, -0.2, 0.9])
    steps.inject_into(cells[1:])
    cells.record(["spikes", "v"])
    sim.run(40.0)
    cells.set(tau_m=10.0, i_offset=1.0)
    cells.initialize(v=-60.0)
    sim.run(20.0)
    return trains_of(cells), signal_of(cells, "v")


def test_currents_parameters_and_state_change_in_the_same_step():
    spikes, v = injected(native)
    found, v_found = injected(on_nest)
    assert found == spikes
    assert sum(map(len, spikes)) >= 3
    np.testing.assert_allclose(v_found, v, atol=1e-10)


def in_segments(sim):
    sim.setup(timestep=0.1, seed=8, **QUIET)
    cells = sim.Population(5, sim.IF_curr_exp(), initial_values={"v": -60.0})
    noise = sim.Population(5, sim.SpikeSourcePoisson(rate=1000.0))
    sim.Projection(noise, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=1.0, delay=0.5))
    cells.record(["spikes", "v"])
    for _ in range(2):
        sim.run(50.0)
        noise.set(rate=2000.0)
        sim.run(50.0)
        sim.reset()
    sim.run(10.0)
    segments = cells.get_data().segments
    return [
        ([train.magnitude.tolist() for train in s.spiketrains], s.analogsignals[0].magnitude)
        for s in segments
    ]


def test_segments_and_changes_of_rates():
    for mine, theirs in zip(in_segments(native), in_segments(on_nest), strict=True):
        assert theirs[0] == mine[0]
        np.testing.assert_allclose(theirs[1], mine[1], atol=1e-10)


def test_recording_may_begin_late_and_with_any_interval():
    def run(sim):
        sim.setup(timestep=0.1, **QUIET)
        cells = sim.Population(4, sim.IF_curr_exp(i_offset=np.linspace(0.9, 1.2, 4)))
        sim.Projection(
            cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1, delay=1.5)
        )
        sim.run(7.0)
        cells[:2].record("v", sampling_interval=0.7)
        sim.run(9.9)
        cells[2:].record("v")
        cells.record("spikes")
        sim.run(20.0)
        return trains_of(cells), signal_of(cells, "v")

    (spikes, v), (found, v_found) = run(native), run(on_nest)
    assert found == spikes
    np.testing.assert_allclose(v_found, v, atol=1e-10)


def test_nests_own_generators_have_the_rates_asked_for():
    on_nest.setup(timestep=0.1, seed=5, share_input=False, **QUIET)
    noise = on_nest.Population(200, on_nest.SpikeSourcePoisson(rate=100.0, start=100.0))
    cells = on_nest.Population(1, on_nest.IF_curr_exp(v_thresh=1e9))
    on_nest.Projection(
        noise, cells, on_nest.AllToAllConnector(), on_nest.StaticSynapse(weight=0.1, delay=1.0)
    )
    noise.record("spikes")
    on_nest.run(1100.0)
    trains = trains_of(noise)
    n = sum(map(len, trains))
    # 200 sources for 1 s at 100 Hz: mean 20,000, four standard deviations
    assert abs(n - 20_000) < 4 * np.sqrt(20_000)
    noise.set(rate=0.0)
    on_nest.run(100.0)
    # what a generator has made arrives after a delay
    assert sum(map(len, trains_of(noise))) - n <= 200 * 0.1 * 2
    assert min(min(train) for train in trains) > 100.0


@pytest.mark.skipif(not nest_abilities()[0], reason="this NEST was built without MPI")
@pytest.mark.parametrize("n_ranks", [1, 2, 3, 4])
def test_ranks_do_what_the_native_engine_does(mpi_job, tmp_path, n_ranks):
    results = []
    for n, engine in ((n_ranks, "nest"), (1, "native")):
        job = mpi_job(n, NETWORK, tmp_path / f"{engine}.npz", engine, "late")
        assert job.returncode == 0, job.stdout
        with np.load(tmp_path / f"{engine}.npz") as file:
            results.append(dict(file))
    found, expected = results
    assert found["n_hosts"] == n_ranks
    assert expected["keys"].size > 200
    np.testing.assert_array_equal(found["connections"], expected["connections"])
    # the two cells with conductances are NEST's own, and the others hear them
    np.testing.assert_allclose(found["n_few"], expected["n_few"], rtol=0.05)
    assert len(found["keys"]) == pytest.approx(len(expected["keys"]), rel=0.02)
    np.testing.assert_allclose(found["v"][:50], expected["v"][:50], atol=1e-9)
    job = mpi_job(n_ranks, ONLY_CELL, "nest")
    assert job.returncode == 0, job.stdout


def test_names_are_those_of_the_native_engine():
    for name in native.__all__:
        assert hasattr(on_nest, name)
    assert on_nest.__all__ == native.__all__


def test_what_cannot_be_is_told(monkeypatch):
    on_nest.setup(timestep=0.1, **QUIET)
    cells = on_nest.Population(2, on_nest.IF_curr_exp())
    on_nest.run(1.0)
    with pytest.raises(EngineError, match=r"populations cannot be added .* after run"):
        on_nest.Population(2, on_nest.IF_curr_exp())
    with pytest.raises(EngineError, match="projections cannot be added"):
        on_nest.Projection(cells, cells, on_nest.AllToAllConnector(), on_nest.StaticSynapse())

    on_nest.setup(timestep=0.1, **QUIET)
    source = on_nest.Population(1, on_nest.SpikeSourceArray(spike_times=[0.0]))
    cells = on_nest.Population(1, on_nest.IF_curr_exp())
    on_nest.Projection(source, cells, on_nest.AllToAllConnector(), on_nest.StaticSynapse(weight=1))
    with pytest.raises(EngineError, match="cannot spike at 0 ms"):
        on_nest.run(1.0)

    with pytest.raises(SetupError, match="unknown engine 'nset'; did you mean 'nest'"):
        native.setup(engine="nset")
    with pytest.raises(SetupError, match="threads = 2: engine 'native'"):
        native.setup(threads=2)
    monkeypatch.setattr("distsim.engines.nest.find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"pip install 'distsim\[nest\]'"):
        on_nest.setup(timestep=0.1)
