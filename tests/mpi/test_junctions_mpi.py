"""Electrical synapses between cells of different ranks."""

import numpy as np
import pytest

import distsim
from distsim.engines.native import junctions
from distsim.engines.native.exchange import NO_GATHERING, SpikeExchange
from distsim.engines.native.messages import Traffic
from distsim.errors import DistsimError
from distsim.pynn.simulator import state


@pytest.fixture
def sim():
    """Return the back end, set up anew."""
    distsim.setup(timestep=0.1, seed=3, partition="round_robin", log=False)
    return distsim


def ring(sim, comm, **parameters):
    """Return cells in a ring, of which each is joined to the next, which another rank has."""
    n = 3 * comm.size
    cells = sim.Population(n, sim.IF_curr_exp(**({"v_thresh": 1e9} | parameters)))
    cells.initialize(v=np.linspace(-75.0, -50.0, n))
    pairs = [(k, (k + 1) % n, 0.01 * (k + 1)) for k in range(n)]
    connector = sim.FromListConnector(pairs, column_names=["weight"])
    projection = sim.Projection(cells, cells, connector, sim.ElectricalSynapse())
    cells.record("v")
    return cells, projection


def v_of(cells):
    return cells.get_data(gather="all").segments[-1].analogsignals[0].magnitude


def test_charge_is_conserved_across_ranks(sim, comm):
    cells, _ = ring(sim, comm, tau_m=1e300)
    sim.run(10.0)
    v = v_of(cells)
    # roundings of 100 steps
    np.testing.assert_allclose(v.sum(axis=1), v[0].sum(), rtol=1e-13)
    assert np.ptp(v[-1]) < np.ptp(v[0])


def test_potentials_exchanged_by_python_are_the_same(sim, comm, monkeypatch):
    cells, _ = ring(sim, comm)
    sim.run(5.0)
    expected = v_of(cells)
    # before the first step, and after each; each rank's cells are all sent, to every other rank
    n_messages = (comm.size - 1).bit_length()
    counted = Traffic(51, 51 * n_messages, 51 * 3 * 8 * (comm.size - 1))
    assert state.simulation.junctions.traffic == (counted if comm.size > 1 else Traffic())
    monkeypatch.setattr(SpikeExchange, "gathering", NO_GATHERING)
    monkeypatch.setattr(junctions, "allgather_call", lambda comm: np.zeros(4, np.int64))
    sim.setup(timestep=0.1, partition="round_robin", log=False)
    cells, _ = ring(sim, comm)
    sim.run(5.0)
    np.testing.assert_array_equal(v_of(cells), expected)
    assert state.simulation.junctions.traffic == (counted if comm.size > 1 else Traffic())


def test_one_rank_sets_the_weight_of_a_connection_of_its_own(sim, comm):
    cells, projection = ring(sim, comm)
    sim.run(1.0)
    for connection in projection:
        if connection.postsynaptic_index == 0:
            connection.weight = 0.0
    sim.run(1.0)
    assert projection.get("weight", "array", gather="all")[cells.size - 1, 0] == 0.0
    assert np.isfinite(v_of(cells)).all()


def test_an_error_in_random_weights_is_raised_on_every_rank(sim, comm):
    cells = sim.Population(3 * comm.size, sim.IF_curr_exp())
    gap = sim.ElectricalSynapse(weight=sim.RandomDistribution("uniform", low=-0.1, high=0.1))
    sim.Projection(cells, cells, sim.AllToAllConnector(), gap)
    with pytest.raises(DistsimError, match="weights of electrical synapses must be 0 or above"):
        sim.run(1.0)
