"""The loop on one rank: logs that fill up, empty groups, delays and epochs, counters."""

import numpy as np
import pytest
from mpi4py import MPI

import distsim as sim
from distsim.engines.native import groups
from distsim.engines.native.engine import LONGEST_EPOCH, NativeSimulation
from distsim.errors import ConnectivityError
from distsim.kernels.arrays import SpikeLog
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


@pytest.mark.parametrize("log_size", [5, 6, 9, 10, 64])
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
    monkeypatch.setattr(
        groups, "SpikeLog", lambda keys, filled: SpikeLog(np.zeros(9 + log_size, np.int64), filled)
    )
    found = run()
    assert found[:2] == expected[:2]
    np.testing.assert_array_equal(found[2], expected[2])


def busy_run(monkeypatch, log_size=None, queue_size=None):
    """Run cells that drive each other hard; return their spikes, their v, and the counters."""
    setup()
    if log_size:
        monkeypatch.setattr(
            groups, "SpikeLog", lambda keys, filled: SpikeLog(np.zeros(log_size, np.int64), filled)
        )
    population = fast_cells(8)
    if queue_size:
        (network,) = state.simulation.networks.values()
        network.queues = (empty_queue(queue_size), empty_queue(queue_size))
    noise = sim.Population(5, sim.SpikeSourcePoisson(rate=2000.0))
    synapse = sim.StaticSynapse(weight=-0.5, delay=sim.RandomDistribution("uniform", (0.3, 2.0)))
    sim.Projection(population, population, sim.FixedProbabilityConnector(0.5), synapse, None)
    sim.Projection(noise, population, sim.FixedProbabilityConnector(0.5), synapse)
    population.record(["spikes", "v"])
    # the first call is short, later ones are not; a stop lies within an epoch
    for duration in (0.1, 7.7, 32.2):
        sim.run(duration)
    v = population.get_data().segments[0].filter(name="v")[0].magnitude
    return spike_steps(population), v, state.simulation.counters


@pytest.mark.parametrize(("log_size", "queue_size"), [(None, None), (8, None), (11, 1), (64, 2)])
def test_a_stretch_of_epochs_is_what_its_epochs_are(monkeypatch, log_size, queue_size):
    with monkeypatch.context() as patch:
        patch.setattr(NativeSimulation, "_gathering", None)
        spikes, v, counters = busy_run(patch)
    assert counters["spikes"] > 500
    assert counters["epochs"] > 100
    with monkeypatch.context() as patch:
        found = busy_run(patch, log_size, queue_size)
    assert found[0] == spikes
    np.testing.assert_array_equal(found[1], v)
    assert found[2] == counters


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
