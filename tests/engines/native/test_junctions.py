"""Gap junctions as the native engine builds them, and steps that are interrupted."""

import numpy as np
import pytest

import distsim as sim
from distsim.engines.native import epochs, junctions, probes
from distsim.engines.native.exchange import NO_GATHERING, SpikeExchange
from distsim.engines.native.junctions import EXTRAPOLATED, LARGEST
from distsim.pynn.simulator import state


def network(g, n=12, p=0.3):
    """Return cells of two models with random junctions, of which v and spikes are recorded."""
    sim.setup(timestep=0.1, seed=5, log=False, progress=False)
    rng = np.random.default_rng(2)
    first = sim.Population(n, sim.IF_curr_exp(cm=rng.uniform(0.1, 2.0, n), i_offset=1.5))
    second = sim.Population(n, sim.IF_curr_delta(i_offset=[0.0, 3.0] * (n // 2)))
    gap = sim.ElectricalSynapse(weight=sim.RandomDistribution("uniform", low=0.0, high=g))
    sim.Projection(first + second, first + second, sim.FixedProbabilityConnector(p), gap)
    synapse = sim.StaticSynapse(weight=0.3, delay=0.7)
    sim.Projection(first, second, sim.FixedProbabilityConnector(p), synapse)
    for cells in (first, second):
        cells.record(["v", "spikes"])
    return first, second


def course(*populations):
    """Return v and spike times of some populations."""
    segments = [cells.get_data().segments[0] for cells in populations]
    v = [segment.filter(name="v")[0].magnitude for segment in segments]
    return np.hstack(v), [train.magnitude.tolist() for s in segments for train in s.spiketrains]


def matrices():
    """Return conductances [uS] and weights of changes, as the engine has them."""
    couplings = [net.coupling for net in state.simulation.networks.values()]
    n = sum(c.lid.size for c in couplings)
    g, weights = np.zeros((n, n)), np.concatenate([c.weight for c in couplings])
    row = 0
    for c in couplings:
        for k in range(c.lid.size):
            part = slice(c.start[k], c.start[k + 1])
            np.add.at(g[row], c.source[part], c.conductance[part])
            row += 1
    return g, weights


@pytest.mark.parametrize("g", [0.01, 1.0, 100.0])
def test_no_step_makes_potentials_grow(g):
    """The steps of junctions alone, with what was added in the step before: a linear map."""
    first, _ = network(g)
    sim.run(0.1)
    conductance, weights = matrices()
    np.testing.assert_array_equal(conductance, conductance.T)
    cm = np.concatenate([first.get("cm"), np.ones(12)])
    load = 0.1 * conductance.sum(axis=1) / cm
    assert load.max() <= LARGEST * (1.0 + 1e-12)
    assert set(weights[load < EXTRAPOLATED * 0.99]) <= {0.0, 0.5}
    flow = 0.1 * (conductance - np.diag(conductance.sum(axis=1))) / cm[:, None]
    identity, counted = np.eye(24), np.diag(weights)
    step = np.block([[identity + flow, flow @ counted], [flow, flow @ counted]])
    assert np.abs(np.linalg.eigvals(step)).max() < 1.0 + 1e-9
    power = np.linalg.matrix_power(step, 100)
    assert np.abs(power).sum(axis=1).max() < 3.0


def test_small_conductances_are_as_given_and_extrapolated():
    network(1e-4)
    sim.run(0.1)
    _, weights = matrices()
    assert (weights == 0.5).all()


def test_full_buffers_and_an_exchange_by_python_change_nothing(monkeypatch):
    populations = network(0.02)
    sim.run(20.0)
    expected = course(*populations)
    assert sum(map(len, expected[1])) > 20
    monkeypatch.setattr(epochs, "LOG_SIZE", 1)
    monkeypatch.setattr(probes, "BUFFER_VALUES", 1)
    for kind in ("buffers", "python"):
        if kind == "python":
            monkeypatch.setattr(SpikeExchange, "gathering", NO_GATHERING)
            monkeypatch.setattr(junctions, "allgather_call", lambda comm: np.zeros(4, np.int64))
        populations = network(0.02)
        sim.run(12.3)
        sim.run(7.7)
        found = course(*populations)
        np.testing.assert_array_equal(found[0], expected[0])
        assert found[1] == expected[1]


def test_networks_without_junctions_keep_long_epochs():
    sim.setup(timestep=0.1, log=False, progress=False)
    cells = sim.Population(3, sim.IF_curr_exp())
    sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1, delay=2.0))
    sim.run(1.0)
    assert state.simulation.epoch_steps == 20
    gap = sim.ElectricalSynapse(weight=0.1)
    sim.Projection(cells[:1], cells[1:], sim.AllToAllConnector(), gap)
    sim.run(1.0)
    assert state.simulation.epoch_steps == 1
    assert state.simulation.n_synapses == 9 + 2
