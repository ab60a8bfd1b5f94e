"""Poisson drive through the whole engine: what arrives is what the sources are recorded to send."""

import numpy as np
import pytest

import distsim as sim

N = 30
DELAY = 1.5
LINKS = [(k, k, 1.0, DELAY) for k in range(N)]


def summing_cells():
    """Return cells whose potential counts the spikes that they got."""
    cell_type = sim.IF_curr_delta(tau_m=1e12, v_thresh=1e9, v_rest=0.0, v_reset=0.0)
    return sim.Population(N, cell_type, initial_values={"v": 0.0})


def spikes_until(source, t):
    """Return the number of recorded spikes of each source up to a time."""
    trains = source.get_data("spikes").segments[0].spiketrains
    return [int((np.asarray(train.magnitude) <= t + 1e-6).sum()) for train in trains]


def network(connector, **options):
    sim.setup(timestep=0.1, seed=5, log=False, **options)
    source = sim.Population(N, sim.SpikeSourcePoisson(rate=300.0))
    cells = summing_cells()
    synapse = sim.StaticSynapse(weight=1.0, delay=DELAY)
    projection = sim.Projection(source, cells, connector, synapse, receptor_type="excitatory")
    source.record("spikes")
    cells.record("v")
    return source, cells, projection


def voltages(cells):
    return cells.get_data("v").segments[-1].analogsignals[0].magnitude


def test_drive_and_queue_deliver_the_same():
    results = []
    for connector in (sim.OneToOneConnector(), sim.FromListConnector(LINKS)):
        _, cells, _ = network(connector)
        sim.run(100.0)
        results.append(voltages(cells))
    np.testing.assert_array_equal(*results)
    assert results[0][-1].sum() > 500


@pytest.mark.parametrize("interval", [0.5, 1.5, 7.0])
def test_spikes_on_their_way_keep_the_rate_they_were_made_with(interval):
    source, cells, _ = network(sim.OneToOneConnector())
    for k in range(8):
        source.set(rate=[2000.0, 0.0, 500.0][k % 3])
        sim.run(interval)
    arrived = voltages(cells)[-1]
    assert arrived.sum() > 0
    np.testing.assert_allclose(arrived, spikes_until(source, 8 * interval - DELAY), atol=1e-6)


def test_a_rebuild_in_mid_run_changes_nothing():
    results = []
    for is_rebuilt in (False, True):
        _, cells, _ = network(sim.OneToOneConnector())
        sim.run(20.0)
        if is_rebuilt:
            sim.Population(3, sim.IF_curr_delta())
        sim.run(20.0)
        results.append(voltages(cells))
    np.testing.assert_array_equal(*results)


def test_connections_that_come_to_differ_are_delivered_still():
    _, cells, projection = network(sim.OneToOneConnector())
    projection.set(delay=[DELAY] * (N - 1) + [2.0])
    sim.run(50.0)
    expected = voltages(cells)
    _, cells, _ = network(sim.FromListConnector([*LINKS[:-1], (N - 1, N - 1, 1.0, 2.0)]))
    sim.run(50.0)
    np.testing.assert_array_equal(expected, voltages(cells))


def test_a_new_segment_has_new_spikes_that_arrive():
    source, cells, _ = network(sim.OneToOneConnector())
    sim.run(50.0)
    first = voltages(cells).copy()
    sim.reset()
    sim.run(50.0)
    assert (voltages(cells)[-1] != first[-1]).any()
    trains = source.get_data("spikes").segments[-1].spiketrains
    counts = [int((np.asarray(t.magnitude) <= 50.0 - DELAY + 1e-6).sum()) for t in trains]
    np.testing.assert_allclose(voltages(cells)[-1], counts, atol=1e-6)


def test_drive_bounds_no_epoch_but_counts_as_a_delay():
    network(sim.OneToOneConnector())
    sim.run(1.0)
    assert sim.get_min_delay() == sim.get_max_delay() == DELAY
