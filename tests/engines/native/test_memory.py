"""What synapses with variables and gap junctions take, as it is reckoned before they are built."""

import numpy as np
import pytest

import distsim as sim
from distsim.engines.native import memory
from distsim.errors import ConnectivityError
from distsim.pynn.simulator import state

N_PRE, N_POST, INDEGREE = 300, 200, 150
UNIFORM = sim.RandomDistribution("uniform", (0.1, 0.2))


def stdp(**values):
    return sim.STDPMechanism(
        sim.SpikePairRule(), sim.AdditiveWeightDependence(w_max=values.pop("w_max", 1.0)), **values
    )


def connect(synapse, label="mine"):
    sim.setup(timestep=0.1, log=False, progress=False)
    pre, post = (sim.Population(n, sim.IF_curr_exp()) for n in (N_PRE, N_POST))
    return sim.Projection(pre, post, sim.FixedNumberPreConnector(INDEGREE), synapse, label=label)


def held(plastic):
    """Return the bytes of the arrays of a pathway's synapses, without scratch."""
    scratch = ("held", "lists", "present_at", "n_due", "decays", "rates", "is_nearest", "clock")
    scratch += ("lag_of_delay", "lags", "target_gids", "row_keys")
    net = [array for name, array in plastic.net._asdict().items() if name not in scratch]
    rows = [array for name, array in plastic.layout.rows._asdict().items() if name != "guide"]
    parameters = [value for value in plastic._given.values() if np.ndim(value)]
    return sum(array.nbytes for array in [*net, *rows, plastic.layout.order, *parameters])


@pytest.mark.parametrize(
    ("synapse", "per_synapse", "while_building"),
    [
        (stdp(weight=0.1), 14, 0),
        (stdp(weight=UNIFORM), 14, 8),
        (stdp(weight=0.1, w_max=UNIFORM), 22, 8),
        (sim.TsodyksMarkramSynapse(weight=0.1), 14, 0),
        (sim.TsodyksMarkramSynapse(weight=0.1, U=UNIFORM), 14 + 4 * 8 + 8, 8),
        (sim.StochasticTsodyksMarkramSynapse(weight=UNIFORM), 14 + 2 * 8, 8),
    ],
)
def test_synapses_with_variables_take_what_is_reckoned(synapse, per_synapse, while_building):
    connect(synapse)
    sim.run(0.1)
    (plastic,) = [p for net in state.simulation.networks.values() for p in net.plastic.values()]
    n_synapses = N_POST * INDEGREE
    reckoned = memory.plastic_bytes(plastic.pathway, n_synapses, N_POST)
    assert reckoned - while_building * n_synapses == pytest.approx(held(plastic), 1e-3)
    assert reckoned > (per_synapse + while_building) * n_synapses


@pytest.mark.parametrize(
    ("synapse", "n_bytes"),
    [
        (stdp(weight=UNIFORM), 22),
        (sim.ElectricalSynapse(weight=UNIFORM), 240),
        (sim.ElectricalSynapse(weight=UNIFORM, is_symmetric=False), 120),
    ],
)
def test_what_does_not_fit_is_refused_before_it_is_built(synapse, n_bytes, monkeypatch):
    monkeypatch.setattr(memory, "SMALL", 0)
    projection = connect(synapse)
    # of what targets and runs take, there is less than a quarter
    all_bytes = n_bytes * N_POST * INDEGREE
    monkeypatch.setattr(memory, "available_bytes", lambda: 0.9 * all_bytes)
    with pytest.raises(ConnectivityError, match=r"'mine' would have 3e\+04 synapses"):
        sim.run(0.1)
    monkeypatch.setattr(memory, "available_bytes", lambda: 1.25 * all_bytes)
    sim.run(0.1)
    assert projection.size() == N_POST * INDEGREE
