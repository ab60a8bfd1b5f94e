"""The loop on one rank: logs that fill up, empty groups, delays and epochs, counters."""

import numpy as np
import pytest
from mpi4py import MPI

import distsim as sim
from distsim.engines.native import arrivals, epochs, probes
from distsim.engines.native.engine import LONGEST_EPOCH
from distsim.engines.native.exchange import NO_GATHERING, SpikeExchange
from distsim.engines.pace import Pace
from distsim.errors import ConnectivityError
from distsim.kernels.delivery import empty_queue
from distsim.pynn.simulator import state

DT = 0.1


def setup(**options):
    sim.setup(timestep=DT, log=False, progress=False, **options)


def fast_cells(n=5):
    """Return cells that fire nearly every step."""
    return sim.Population(n, sim.IF_curr_exp(tau_refrac=0.0, i_offset=np.linspace(150, 400, n)))


def spike_steps(population):
    trains = population.get_data().segments[0].spiketrains
    return [np.rint(train.magnitude / DT).astype(int).tolist() for train in trains]


@pytest.mark.parametrize("log_size", [0, 1, 9, 64])
def test_a_log_that_fills_up_within_an_epoch_loses_no_spike(monkeypatch, log_size):
    def run():
        setup()
        driven, driving = sim.Population(4, sim.IF_curr_exp()), fast_cells()
        synapse = sim.StaticSynapse(weight=0.25, delay=3.0)
        sim.Projection(driving, driven, sim.AllToAllConnector(), synapse)
        for population in (driven, driving):
            population.record(["spikes", "v"])
        sim.run(40.0)
        v = driven.get_data().segments[0].filter(name="v")[0].magnitude
        return spike_steps(driven), spike_steps(driving), v

    expected = run()
    assert sum(map(len, expected[1])) > 5 * 100
    monkeypatch.setattr(epochs, "LOG_SIZE", log_size)
    found = run()
    assert found[:2] == expected[:2]
    np.testing.assert_array_equal(found[2], expected[2])


def busy_run(monkeypatch, models, size=None):
    """Run cells that drive each other hard, of some models, and sources.

    Returns
    -------
    list
        Spikes of all populations, v of the cells, and the counters.
    """
    setup()
    if size is not None:
        monkeypatch.setattr(epochs, "LOG_SIZE", size)
        monkeypatch.setattr(probes, "BUFFER_VALUES", size)
        monkeypatch.setattr(
            arrivals, "empty_queue", lambda n: empty_queue(2 if n == 256 else n + 1)
        )
    cells = [
        sim.Population(8, model(tau_refrac=0.0, i_offset=np.linspace(low, high, 8)))
        for model, low, high in models
    ]
    noise = sim.Population(5, sim.SpikeSourcePoisson(rate=2000.0))
    # some before the first step, some twice in a step
    times = [sim.Sequence([0.0, 0.0, 3.0 + k, 7.7, 7.75, *np.arange(8, 30, 0.7)]) for k in range(4)]
    arrays = [sim.Population(4, sim.SpikeSourceArray(spike_times=times)) for _ in range(2)]
    delay = sim.RandomDistribution("uniform", (0.3, 2.0))
    synapse = sim.StaticSynapse(weight=0.01, delay=delay)
    for pre in (*cells, *arrays, noise):
        for post in cells:
            sim.Projection(pre, post, sim.FixedProbabilityConnector(0.5), synapse)
    for population in cells:
        population.record(["spikes", "v"])
    for population in arrays:
        population.record("spikes")
    # the first call is short, later ones are not; a stop lies within an epoch
    for duration in (0.1, 7.7, 10.0):
        sim.run(duration)
    arrays[0][1:2].set(spike_times=[1.0, 17.8, 19.0])
    sim.run(22.2)
    vs = [p.get_data(clear=False).segments[0].filter(name="v")[0].magnitude.tolist() for p in cells]
    return [*map(spike_steps, [*cells, *arrays]), vs, state.simulation.counters]


ONE_MODEL = [(sim.IF_curr_exp, 150, 400)]
MODELS = [*ONE_MODEL, (sim.IF_cond_exp, 150, 400), (sim.IF_curr_delta, 100, 300)]


@pytest.mark.parametrize("models", [ONE_MODEL, MODELS])
def test_a_stretch_of_epochs_is_what_its_epochs_are(monkeypatch, models):
    with monkeypatch.context() as patch:
        patch.setattr(SpikeExchange, "gathering", NO_GATHERING)
        expected = busy_run(patch, models)
    counters = expected[-1]
    assert counters["spikes"] > 500 * len(models)
    assert counters["epochs"] > 100
    # buffers that are full with 40, 1 and 0 spikes, samples or rows more than are needed
    for size in (None, 40, 1, 0):
        with monkeypatch.context() as patch:
            assert busy_run(patch, models, size) == expected


def test_several_models_and_given_spikes_take_few_calls(monkeypatch):
    calls, advance = [], epochs.advance_stretch

    def counted(*arguments):
        calls.append(None)
        return advance(*arguments)

    monkeypatch.setattr(epochs, "advance_stretch", counted)
    # of a pause, which comes after a tenth of a second, there are none
    monkeypatch.setattr(Pace, "pause", lambda self, n_epochs, is_noted: False)
    monkeypatch.setattr(Pace, "begin", lambda self: setattr(self, "n_epochs", 10**6))
    setup()
    cells = [sim.Population(2, model(i_offset=2.0)) for model, _, _ in MODELS]
    arrays = sim.Population(3, sim.SpikeSourceArray(spike_times=np.arange(0.0, 200.0, 5.0)))
    noise = sim.Population(3, sim.SpikeSourcePoisson(rate=20.0))
    for pre in (*cells, arrays, noise):
        for post in cells:
            synapse = sim.StaticSynapse(weight=0.001, delay=0.2)
            sim.Projection(pre, post, sim.AllToAllConnector(), synapse)
    arrays.record("spikes")
    sim.run(100.0)
    sim.run(100.0)
    assert [len(steps) for steps in spike_steps(arrays)] == [40] * 3
    counters = state.simulation.counters
    assert counters["epochs"] == 1000
    assert counters["spikes"] > 3 * 40 + 3 * 2
    assert counters["events"] > counters["spikes"] * 6
    # one to compile, one for each run; and for each time that a queue is full
    assert len(calls) <= 1 + 2 + 5


def test_an_error_of_mpi_within_a_stretch_is_raised(monkeypatch):
    setup()
    cells = fast_cells()
    cells.record("spikes")
    sim.run(1.0)
    exchange = state.simulation.exchange
    assert exchange.gathering is not None
    no_kind = exchange.gathering.call.copy()
    no_kind[2] = MPI._handleof(MPI.DATATYPE_NULL)
    monkeypatch.setattr(exchange, "_gathering", exchange.gathering._replace(call=no_kind))
    with pytest.raises(MPI.Exception, match="datatype"):
        sim.run(1.0)


def test_empty_populations_and_silent_sources_run():
    setup()
    none = sim.Population(0, sim.IF_cond_exp())
    no_sources = sim.Population(0, sim.SpikeSourceArray())
    no_noise = sim.Population(0, sim.SpikeSourcePoisson())
    some = sim.Population(2, sim.IF_cond_exp())
    silent = sim.Population(2, sim.SpikeSourceArray(spike_times=[]))
    synapse = sim.StaticSynapse(weight=0.1, delay=1.0)
    for pre in (none, no_sources, no_noise, silent, some):
        for post in (none, some):
            sim.Projection(pre, post, sim.AllToAllConnector(), synapse)
    for population in (none, some, no_sources, no_noise, silent):
        population.record("spikes")
    none.record("v")
    sim.run(10.0)
    assert spike_steps(none) == []
    assert spike_steps(some) == [[], []]
    assert state.simulation.counters["spikes"] == 0


def test_a_simulation_of_nothing_runs():
    setup()
    sim.run(10.0)
    assert sim.get_current_time() == 10.0


def test_a_run_of_no_length_makes_no_step():
    setup()
    cell = sim.Population(1, sim.IF_curr_exp(), initial_values={"v": -60.0})
    cell.record("v")
    sim.run(0.0)
    sim.run(0.0)
    assert state.simulation.counters["steps"] == 0
    assert cell.get_data().segments[0].filter(name="v")[0].magnitude.tolist() == [[-60.0]]


@pytest.mark.parametrize(
    ("delays", "options", "epoch_steps"),
    [
        ([1.0, 0.7], {}, 7),
        ([1.0, 0.7], {"min_delay": 0.3}, 3),
        ([40.0], {}, LONGEST_EPOCH),
        ([], {}, LONGEST_EPOCH),
    ],
)
def test_an_epoch_is_the_smallest_delay(delays, options, epoch_steps):
    setup(**options)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    cell = sim.Population(1, sim.IF_curr_exp())
    for delay in delays:
        synapse = sim.StaticSynapse(weight=0.1, delay=delay)
        sim.Projection(source, cell, sim.AllToAllConnector(), synapse)
    sim.run(20.0)
    assert state.simulation.epoch_steps == epoch_steps
    assert state.simulation.counters["epochs"] == -(-200 // epoch_steps)


def test_delays_from_poisson_sources_do_not_bound_an_epoch():
    setup()
    noise = sim.Population(2, sim.SpikeSourcePoisson(rate=100.0))
    cell = sim.Population(1, sim.IF_curr_exp())
    sim.Projection(noise, cell, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1, delay=0.1))
    sim.run(20.0)
    assert state.simulation.epoch_steps == LONGEST_EPOCH
    assert sim.get_min_delay() == DT


def connect_and_run(delay):
    source = sim.Population(1, sim.SpikeSourceArray())
    cell = sim.Population(1, sim.IF_curr_exp())
    synapse = sim.StaticSynapse(weight=0.1, delay=delay)
    sim.Projection(source, cell, sim.AllToAllConnector(), synapse)
    sim.run(1.0)


def test_delays_outside_what_setup_was_told_are_errors():
    setup(min_delay=0.5)
    with pytest.raises(ConnectivityError, match="shorter than min_delay"):
        connect_and_run(0.3)
    setup(max_delay=2.0)
    with pytest.raises(ConnectivityError, match="longer than max_delay"):
        connect_and_run(2.3)


def test_a_failed_build_can_be_mended():
    setup()
    cells = sim.Population(2, sim.IF_curr_exp())
    cells.set(tau_m=-1.0)
    with pytest.raises(ValueError, match="tau_m = -1 of IF_curr_exp must be above 0"):
        sim.run(1.0)
    cells.set(tau_m=10.0)
    sim.run(1.0)
    assert sim.get_current_time() == 1.0


def test_a_spike_at_time_zero_is_delivered_and_recorded_once():
    setup()
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[0.0]))
    cell = sim.Population(
        1, sim.IF_curr_delta(v_rest=0.0, v_thresh=100.0, tau_m=1e300), initial_values={"v": 0.0}
    )
    sim.Projection(source, cell, sim.AllToAllConnector(), sim.StaticSynapse(weight=2.0, delay=0.5))
    source.record("spikes")
    cell.record("v")
    sim.run(0.0)
    sim.run(1.0)
    assert spike_steps(source) == [[0]]
    v = cell.get_data().segments[0].filter(name="v")[0].magnitude[:, 0]
    assert v.tolist() == [0.0] * 5 + [2.0] * 6


def test_parameters_changed_between_runs_hold_from_then_on():
    setup()
    cell = sim.Population(
        1, sim.IF_curr_delta(v_rest=0.0, v_thresh=1e9, tau_m=1e300), initial_values={"v": 0.0}
    )
    cell.record("v")
    sim.run(1.0)
    cell.set(i_offset=1.0)
    sim.run(1.0)
    cell.set(i_offset=0.0)
    sim.run(1.0)
    v = cell.get_data().segments[0].filter(name="v")[0].magnitude[:, 0]
    expected = 0.1 * np.clip(np.arange(31) - 10, 0, 10)
    # ten additions of 0.1, each rounded
    np.testing.assert_allclose(v, expected, rtol=0, atol=10 * np.finfo(float).eps)


SOURCES_ALONE = """
import distsim as sim

sim.setup(timestep=0.1, seed=1, log=False)
sources = sim.Population(4, sim.SpikeSourcePoisson(rate=100.0))
sources.record("spikes")
sim.run(100.0)
counts = sources.get_spike_counts()
if sim.rank() == 0:
    print(sim.num_processes(), sum(counts.values()))
"""


# in processes that have compiled nothing yet, and share what is to be compiled
def test_a_network_without_cells_begins_on_any_number_of_ranks(mpi_job):
    jobs = [mpi_job(n_ranks, "-c", SOURCES_ALONE) for n_ranks in (1, 2, 3, 4)]
    assert not any(job.returncode for job in jobs), [job.stdout for job in jobs]
    told = [job.stdout.split() for job in jobs]
    assert [words[0] for words in told] == ["1", "2", "3", "4"]
    assert len({words[1] for words in told}) == 1
    assert int(told[0][1]) > 10
