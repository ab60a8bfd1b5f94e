"""Ctrl-C on other engines: a run stops at a step, with all that was recorded, and goes on."""

import signal

import numpy as np
import pytest
from networks import QUIET, signal_of
from neuron_marks import needs_neuron

import distsim as sim
from distsim.engines.pace import Pace
from distsim.errors import EngineError

# Brian calls other packages in ways that are to end
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ENGINES = ["nest", "brian2", pytest.param("neuron", marks=needs_neuron)]


@pytest.fixture(autouse=True)
def _default_handler():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(params=ENGINES)
def engine(request):
    if request.param != "neuron":
        pytest.importorskip(request.param)
    return request.param


def build(engine):
    sim.setup(timestep=0.1, engine=engine, **QUIET)
    cells = sim.Population(6, sim.IF_curr_exp(i_offset=np.linspace(0.5, 1.5, 6), tau_refrac=1.0))
    given = sim.Population(1, sim.SpikeSourceArray(spike_times=np.arange(1.0, 60.0, 1.3)))
    noise = sim.Population(2, sim.SpikeSourcePoisson(rate=500.0))
    for source, weight, delay in ((cells, 0.1, 0.7), (given, 1.0, 0.5), (noise, 0.8, 1.5)):
        synapse = sim.StaticSynapse(weight=weight, delay=delay)
        sim.Projection(source, cells, sim.AllToAllConnector(), synapse)
    current = sim.DCSource(amplitude=0.3, start=7.2, stop=23.0)
    current.inject_into(cells[:2])
    cells.record(["spikes", "v"])
    given.record("spikes")
    noise.record("spikes")
    return cells, given, noise


def trains_of(populations):
    return [
        train.magnitude.tolist()
        for population in populations
        for train in population.get_data(gather="all").segments[0].spiketrains
    ]


def test_a_run_that_was_interrupted_goes_on(engine, monkeypatch):
    populations = build(engine)
    sim.run(60.0)
    trains, v = trains_of(populations), signal_of(populations[0], "v")
    populations = build(engine)
    pause, count = Pace.pause, iter(range(10**6))

    def struck(self, n_epochs, is_noted):
        if next(count) in (0, 3, 4):
            signal.raise_signal(signal.SIGINT)
            is_noted = True
        return pause(self, n_epochs, is_noted)

    monkeypatch.setattr(Pace, "pause", struck)
    times = []
    while sim.get_current_time() < 60.0:
        try:
            sim.run(60.0 - sim.get_current_time())
        except KeyboardInterrupt:
            times.append(t := sim.get_current_time())
            np.testing.assert_array_equal(signal_of(populations[0], "v"), v[: round(10 * t) + 1])
            expected = [[time for time in train if time <= t] for train in trains]
            assert trains_of(populations) == expected
    assert len(times) == len(set(times)) > 1
    assert trains_of(populations) == trains
    np.testing.assert_array_equal(signal_of(populations[0], "v"), v)


def test_a_current_changed_after_an_interrupt_flows_as_it_was_changed(engine, monkeypatch):
    results = []
    for strike in (True, False):
        sim.setup(timestep=0.1, engine=engine, **QUIET)
        cells = sim.Population(1, sim.IF_curr_exp())
        current = sim.StepCurrentSource(times=[5.0, 30.0, 40.0], amplitudes=[0.3, -0.3, 0.3])
        cells.inject(current)
        cells.record("v")
        pause = Pace.pause

        def strike_first(self, n, _, pause=pause):
            signal.raise_signal(signal.SIGINT)
            return pause(self, n, True)

        with monkeypatch.context() as patch:
            patch.setattr(Pace, "pause", strike_first)
            if strike:
                with pytest.raises(KeyboardInterrupt):
                    sim.run(50.0)
                time = sim.get_current_time()
            else:
                patch.undo()
                sim.run(time)
        assert time < 30.0
        current.set_parameters(times=[5.0], amplitudes=[0.2])
        sim.run(50.0 - time)
        results.append(signal_of(cells, "v"))
    np.testing.assert_array_equal(*results)
    assert results[0][-1] > results[0][100]


def test_connections_half_made_after_a_run_are_not_run_with(engine, monkeypatch):
    cells, _, _ = build(engine)
    sim.run(5.0)
    sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1, delay=0.7))
    simulation = sim.pynn.simulator.state.simulation

    def fail(*_):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(simulation, "_agree_on_delays", fail)
        with pytest.raises(MemoryError):
            sim.run(1.0)
    with pytest.raises(EngineError, match=r"half made.*reset\(\) or setup\(\)"):
        sim.run(1.0)
    sim.reset()
    assert sim.run(1.0) == 1.0
