"""Brian 2 as engine, against the native one: the same network, input, spikes and records."""

import sys

import numpy as np
import pytest

import distsim as native
from distsim.errors import EngineError, SetupError

brian2 = pytest.importorskip("brian2")
import distsim.brian2 as on_brian2  # noqa: E402

# Brian calls other packages in ways that are to end
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

QUIET = {"log": False, "progress": False}


@pytest.fixture(autouse=True)
def _without_compiler(monkeypatch):
    """Let Brian run numpy code, which needs no compiler and is there at once."""
    monkeypatch.setitem(brian2.prefs, "codegen.target", "numpy")


def trains_of(population):
    """Return the spike times of all cells, in their order."""
    return [train.magnitude.tolist() for train in population.get_data().segments[-1].spiketrains]


def signal_of(population, name):
    return population.get_data().segments[-1].filter(name=name)[0].magnitude


def tutorial(sim):
    """Run two populations, the second with noise; return connections, spikes, v, isyn."""
    sim.setup(timestep=0.1, seed=42, **QUIET)
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
    delay = sim.RandomDistribution("uniform", low=0.1, high=2.0)
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
    return connections, spikes, [*signals, signal_of(second, "isyn_exc")]


def test_a_network_is_the_same_and_does_the_same():
    connections, spikes, signals = tutorial(native)
    found = tutorial(on_brian2)
    assert found[0] == connections
    assert found[1] == spikes
    assert min(sum(map(len, trains)) for trains in spikes) > 100
    for mine, theirs in zip(signals, found[2], strict=True):
        assert mine.shape == (834, 30)
        np.testing.assert_allclose(theirs, mine, atol=1e-9)


STRENGTHS = {
    "IF_curr_exp": 1.0,
    "IF_curr_alpha": 1.0,
    "IF_curr_delta": 3.0,
    "IF_cond_exp": 0.02,
    "IF_cond_alpha": 0.02,
}


def driven_cells(sim, model, **parameters):
    """Run cells of a model that are excited and inhibited by noise and given spikes."""
    sim.setup(timestep=0.1, seed=3, **QUIET)
    cells = sim.Population(20, getattr(sim, model)(tau_refrac=2.05, **parameters))
    noise = sim.Population(
        20, sim.SpikeSourcePoisson(rate=sim.RandomDistribution("uniform", (500, 900)))
    )
    given = sim.Population(3, sim.SpikeSourceArray(spike_times=[0.0, 1.0, 1.0, 7.5, 80.0]))
    strength = STRENGTHS[model]
    inhibition = strength if "cond" in model else -strength
    for pre, connector, weight, receptor, delay in (
        (noise, sim.OneToOneConnector(), strength, "excitatory", 1.5),
        (given, sim.AllToAllConnector(), inhibition, "inhibitory", 0.1),
        (cells, sim.FixedNumberPreConnector(4), inhibition, "inhibitory", 0.1),
    ):
        synapse = sim.StaticSynapse(weight=weight, delay=delay)
        sim.Projection(pre, cells, connector, synapse, receptor_type=receptor)
    cells.record(["spikes", "v"])
    sim.run(80.0)
    sim.run(70.0)
    return trains_of(cells), signal_of(cells, "v")


@pytest.mark.parametrize("model", STRENGTHS)
def test_every_model_does_the_same(model):
    spikes, v = driven_cells(native, model)
    found, v_found = driven_cells(on_brian2, model)
    assert sum(map(len, spikes)) > 20
    if "cond" not in model:
        assert found == spikes
        np.testing.assert_allclose(v_found, v, atol=1e-9)
        return
    # two methods of fourth order, so that a spike may come a step earlier or later
    assert [len(train) for train in found] == [len(train) for train in spikes]
    for mine, theirs in zip(spikes, found, strict=True):
        np.testing.assert_allclose(theirs, mine, atol=0.1001)
    first = int(min(train[0] for train in spikes if train) / 0.1) - 1
    np.testing.assert_allclose(v_found[:first], v[:first], atol=1e-3)


@pytest.mark.parametrize("model", ["IF_curr_exp", "IF_curr_alpha"])
def test_time_constants_may_be_equal(model):
    taus = {"tau_m": 10.0, "tau_syn_E": 10.0, "tau_syn_I": np.linspace(5.0, 12.0, 20)}
    spikes, v = driven_cells(native, model, **taus)
    found, v_found = driven_cells(on_brian2, model, **taus)
    assert found == spikes
    # the local error of Runge-Kutta, (dt / tau)**5 / 120 = 3e-11 of v, over some time constants
    np.testing.assert_allclose(v_found, v, atol=1e-6)


def ring_of_models(sim):
    """Run populations of several models that excite one another, with delays from one step on."""
    sim.setup(timestep=0.1, seed=9, **QUIET)
    first = sim.Population(12, sim.IF_curr_exp(i_offset=1.2, tau_refrac=0.0))
    second = sim.Population(9, sim.IF_curr_delta(tau_refrac=1.0))
    third = sim.Population(5, sim.IF_curr_exp())
    given = sim.Population(3, sim.SpikeSourceArray(spike_times=[0.0, 0.0, 5.0, 5.0, 5.0, 20.0]))
    delay = sim.RandomDistribution("uniform", low=0.1, high=0.6)
    for pre, post, weight in (
        (first, second, 4.0),
        (given, second, 6.0),
        (second, third, 3.0),
        (third, first, 0.5),
    ):
        connector = sim.FixedNumberPreConnector(3, with_replacement=True)
        sim.Projection(pre, post, connector, sim.StaticSynapse(weight=weight, delay=delay))
    populations = (first, second, third)
    for population in populations:
        population.record(["spikes", "v"])
    for duration in (0.0, 0.1, 40.0, 3.7):
        sim.run(duration)
    return [trains_of(p) for p in populations], [signal_of(p, "v") for p in populations]


def test_models_excite_one_another_from_run_to_run():
    (spikes, signals), (found, signals_found) = ring_of_models(native), ring_of_models(on_brian2)
    assert found == spikes
    assert min(sum(map(len, trains)) for trains in spikes) > 0
    for mine, theirs in zip(signals, signals_found, strict=True):
        np.testing.assert_allclose(theirs, mine, atol=1e-9)


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
    found, v_found = injected(on_brian2)
    assert found == spikes
    assert sum(map(len, spikes)) >= 3
    np.testing.assert_allclose(v_found, v, atol=1e-9)


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
    for mine, theirs in zip(in_segments(native), in_segments(on_brian2), strict=True):
        assert theirs[0] == mine[0]
        np.testing.assert_allclose(theirs[1], mine[1], atol=1e-9)


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

    (spikes, v), (found, v_found) = run(native), run(on_brian2)
    assert found == spikes
    np.testing.assert_allclose(v_found, v, atol=1e-9)


def test_brians_own_sources_have_the_rates_asked_for():
    on_brian2.setup(timestep=0.1, seed=5, share_input=False, **QUIET)
    noise = on_brian2.Population(200, on_brian2.SpikeSourcePoisson(rate=100.0, start=100.0))
    cells = on_brian2.Population(1, on_brian2.IF_curr_exp(v_thresh=1e9))
    on_brian2.Projection(
        noise, cells, on_brian2.AllToAllConnector(), on_brian2.StaticSynapse(weight=0.1, delay=1.0)
    )
    noise.record("spikes")
    on_brian2.run(1100.0)
    trains = trains_of(noise)
    n = sum(map(len, trains))
    # 200 sources for 1 s at 100 Hz: mean 20,000, four standard deviations
    assert abs(n - 20_000) < 4 * np.sqrt(20_000)
    assert min(min(train) for train in trains) > 100.0

    noise.set(rate=5000.0)
    with pytest.raises(EngineError, match="rate = 5000 Hz: Brian's Poisson sources"):
        on_brian2.run(1.0)


def test_names_are_those_of_the_native_engine():
    for name in native.__all__:
        assert hasattr(on_brian2, name)
    assert on_brian2.__all__ == native.__all__


def test_what_cannot_be_is_told(monkeypatch):
    on_brian2.setup(timestep=0.1, **QUIET)
    cells = on_brian2.Population(2, on_brian2.IF_curr_exp())
    on_brian2.run(1.0)
    with pytest.raises(EngineError, match=r"populations cannot be added .* after run"):
        on_brian2.Population(2, on_brian2.IF_curr_exp())
    cells.set(tau_m=5.0)
    with pytest.raises(EngineError, match="has come near 'tau_m'"):
        on_brian2.run(1.0)
    with pytest.raises(SetupError, match="threads = 2: engine 'brian2'"):
        on_brian2.setup(threads=2)
    monkeypatch.setitem(sys.modules, "brian2", None)
    with pytest.raises(EngineError, match=r"pip install 'distsim\[brian2\]'"):
        on_brian2.setup(timestep=0.1, **QUIET)


def test_several_ranks_are_refused(mpi_job, tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import distsim.brian2 as sim\nsim.setup(timestep=0.1)\n")
    job = mpi_job(2, script)
    assert job.returncode != 0
    assert "there are 2 ranks, but engine 'brian2' has one process" in job.stdout
