"""Injected currents on other engines: as on the native one, and without a pause at each change."""

import numpy as np
import pytest
from networks import QUIET, signal_of
from neuron_marks import needs_neuron

import distsim as sim
from distsim.engines.external import ExternalSimulation
from distsim.engines.nest import currents as nest_currents
from distsim.engines.nest.models import MODELS

# Brian calls other packages in ways that are to end
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ENGINES = ["nest", "brian2", pytest.param("neuron", marks=needs_neuron)]
N_CHANGES = 400


def injected_cells(engine):
    """Return v of cells into which several currents flow, some of them told between two runs."""
    sim.setup(timestep=0.1, engine=engine, **QUIET)
    cells = sim.Population(7, sim.IF_curr_exp(v_thresh=1000.0))
    cells.record("v")
    amplitudes = np.random.default_rng(1).uniform(-1.0, 1.0, N_CHANGES)
    times = 0.1 * np.arange(N_CHANGES)
    steps = sim.StepCurrentSource(times=times, amplitudes=amplitudes)
    cells[1:3].inject(steps)
    cells[2:4].inject(sim.DCSource(amplitude=0.3, start=3.0, stop=11.0))
    # one run ends, another begins, where a current changes
    cells[4:].inject(sim.DCSource(amplitude=0.4, start=1.0, stop=20.0))
    sine = sim.ACSource(amplitude=0.5, offset=-0.1, frequency=70.0, phase=40.0, start=2.3, stop=33)
    noise = sim.NoisyCurrentSource(mean=0.2, stdev=1.0, start=1.2, stop=38.0, dt=0.2)
    cells[3:6].inject(sine)
    cells[5:].inject(noise)
    sim.run(1.0)
    sim.run(19.0)
    cells[:4].inject(sim.DCSource(amplitude=0.2, start=23.0, stop=31.0))
    steps.set_parameters(amplitudes=amplitudes[::-1])
    sine.frequency = 150.0
    noise.set_parameters(stdev=0.7)
    sim.run(20.0)
    return signal_of(cells, "v")


@pytest.fixture(scope="module")
def on_native():
    return injected_cells("native")


@pytest.mark.parametrize("engine", ENGINES)
def test_currents_flow_as_on_the_native_engine(on_native, engine):
    if engine != "neuron":
        pytest.importorskip(engine)
    v = injected_cells(engine)
    assert np.ptp(on_native, axis=0).min() > 1.0
    # NEURON's implicit step is of first order: dt / tau_m of what a step of current changes
    tolerance = 0.1 / 20.0 * np.ptp(on_native) if engine == "neuron" else 1e-9
    np.testing.assert_allclose(v, on_native, atol=tolerance)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_does_not_pause_where_a_current_changes(monkeypatch, engine):
    if engine != "neuron":
        pytest.importorskip(engine)
    calls = []
    take = ExternalSimulation._take_source_keys

    def counted(self, last):
        calls.append(last)
        return take(self, last)

    monkeypatch.setattr(ExternalSimulation, "_take_source_keys", counted)
    injected_cells(engine)
    # as many as without any current, though their number depends on how fast this machine is
    assert len(calls) < N_CHANGES / 2


def currents_told_on_the_way(engine, **options):
    """Return v, for each segment, of connected cells whose currents are changed between runs."""
    sim.setup(timestep=0.1, engine=engine, **QUIET, **options)
    cells = sim.Population(6, sim.IF_curr_exp(v_thresh=1000.0, tau_m=[5.0, 6, 7, 8, 9, 10]))
    spikes = sim.Population(1, sim.SpikeSourceArray(spike_times=[0.0, 7.3]))
    synapses = sim.StaticSynapse(weight=0.5, delay=1.5)
    sim.Projection(spikes, cells, sim.AllToAllConnector(), synapses)
    cells.record("v")
    rng = np.random.default_rng(2)

    def course(first):
        times = first + 0.1 * np.arange(N_CHANGES)
        return {"times": times, "amplitudes": rng.uniform(-1.0, 1.0, N_CHANGES)}

    one, two = (sim.StepCurrentSource(**course(first)) for first in (0.0, 2.0))
    cells[0:4].inject(one)
    cells[3:5].inject(two)
    sine = sim.ACSource(amplitude=0.4, frequency=90.0, start=0.5)
    noise = sim.NoisyCurrentSource(stdev=0.6, start=1.3, dt=0.3)
    cells[[0, 3]].inject(sine)
    cells[3:].inject(noise)
    for duration in (0.3, 5.0, 0.1):
        sim.run(duration)
        # before all that flows by then has arrived
        one.set_parameters(**course(0.0))
        sine.phase += 30.0
        noise.mean += 0.1
    sim.run(2.0)
    cells.set(i_offset=0.1, v_rest=-66.0)
    cells[2:6].inject(sim.StepCurrentSource(**course(1.0)))
    sim.run(12.0)
    # from here on it changes seldom
    one.set_parameters(times=[0.0, 21.0, 23.0], amplitudes=[0.4, -0.4, 0.0])
    noise.stop = 24.0
    sim.run(0.7)
    sim.run(10.0)
    sim.reset()
    two.set_parameters(**course(0.1))
    sim.run(4.0)
    one.set_parameters(**course(4.0))
    sim.run(8.0)
    return [segment.analogsignals[0].magnitude for segment in cells.get_data("v").segments]


@pytest.mark.parametrize(
    "options",
    [{}, {"threads": 2}, {"min_delay": 0.1, "max_delay": 2.0}, {"min_delay": 1.2}],
    ids=str,
)
def test_currents_told_on_the_way_flow_in_nest_as_on_the_native_engine(options):
    pytest.importorskip("nest")
    delays = {name: delay for name, delay in options.items() if name.endswith("delay")}
    expected = currents_told_on_the_way("native", **delays)
    found = currents_told_on_the_way("nest", **options)
    assert [len(v) for v in found] == [302, 121]
    for mine, theirs in zip(expected, found, strict=True):
        assert np.ptp(mine, axis=0).min() > 0.1
        np.testing.assert_allclose(theirs, mine, atol=1e-9)


@pytest.mark.parametrize("name", [model.name for model in MODELS if hasattr(sim, model.name)])
def test_each_model_of_nest_takes_a_generator_as_it_takes_a_pause(monkeypatch, name):
    pytest.importorskip("nest")
    found = []
    for least in (1, 1000):
        monkeypatch.setattr(nest_currents, "MIN_CHANGES", least)
        sim.setup(timestep=0.1, engine="nest", **QUIET)
        cells = sim.Population(2, getattr(sim, name)())
        cells.record("v")
        amplitudes = np.random.default_rng(3).uniform(-0.3, 0.3, 50)
        steps = sim.StepCurrentSource(times=0.1 * np.arange(50), amplitudes=amplitudes)
        cells[1:].inject(steps)
        sim.run(6.0)
        found.append(signal_of(cells, "v"))
    assert abs(found[0][:, 1] - found[0][:, 0]).max() > 0.01
    np.testing.assert_allclose(found[0], found[1], rtol=0.0, atol=1e-9)


def test_currents_flow_in_nest_by_pauses_as_by_generators(monkeypatch, on_native):
    nest = pytest.importorskip("distsim.engines.nest.engine")
    pytest.importorskip("nest")
    # as on several ranks
    pauses = ExternalSimulation._pauses_between
    monkeypatch.setattr(nest.NestSimulation, "_pauses_between", pauses)
    np.testing.assert_allclose(injected_cells("nest"), on_native, rtol=0.0, atol=1e-9)
