"""Pickles and copies of what a script may want to keep or send."""

import copy
import pickle

import numpy as np
import pyNN.random
import pytest

import distsim
from distsim.pynn.simulator import ID


def pickled(thing):
    return pickle.loads(pickle.dumps(thing))


WAYS = [pickled, copy.copy, copy.deepcopy]


@pytest.fixture(params=WAYS)
def copied(request):
    return request.param


def test_spike_counts_and_cells_can_be_copied(sim, copied):
    cells = sim.Population(3, sim.IF_curr_exp(i_offset=2.0))
    cells.record("spikes")
    sim.run(30.0)
    counts = cells.get_spike_counts()
    assert copied(counts) == counts
    assert sum(counts.values()) > 0
    assert list(copied(cells.all_cells)) == list(cells.all_cells)
    cell = copied(cells[1])
    assert isinstance(cell, ID)
    assert cell == cells[1]


def test_copies_of_a_cell_stay_in_the_network_and_pickles_do_not(sim):
    cells = sim.Population(3, sim.IF_curr_exp())
    assert copy.deepcopy(cells[1]).parent is cells
    assert len(pickle.dumps(cells[1])) < 200
    with pytest.raises(AttributeError, match=f"cell {int(cells[1])} was read from a pickle"):
        pickled(cells[1]).tau_m  # noqa: B018


@pytest.mark.parametrize(
    "model",
    [
        distsim.IF_cond_exp(tau_m=5.0),
        distsim.IF_curr_exp(tau_m=distsim.RandomDistribution("uniform", (5.0, 6.0))),
        distsim.SpikeSourceArray(spike_times=[1.0, 2.0]),
        distsim.StaticSynapse(weight="0.1 * exp(-d)", delay=2.0),
        distsim.StaticSynapse(),
        distsim.DCSource(amplitude=0.5, start=3.0),
        distsim.StepCurrentSource(times=[1.0, 2.0], amplitudes=[0.5, 1.0]),
        distsim.ACSource(frequency=20.0, phase=90.0),
        distsim.NoisyCurrentSource(stdev=0.5, stop=80.0),
    ],
)
def test_models_can_be_copied(copied, model):
    same = copied(model)
    assert type(same) is type(model)
    assert same.describe() == model.describe() or "object at" in model.describe()
    if isinstance(model, distsim.StaticSynapse):
        distance = model.parameter_space["weight"].base_value
        if callable(distance):
            assert same.parameter_space["weight"].base_value(2.0) == distance(2.0)


@pytest.mark.parametrize("rng", [None, 3])
def test_distributions_go_on_as_they_were(copied, rng):
    rng = rng and distsim.NumpyRNG(seed=rng)
    for kind in (distsim.RandomDistribution, pyNN.random.RandomDistribution):
        distribution = kind("normal", (1.0, 2.0), rng=rng or distsim.NativeRNG(seed=1))
        distribution.next(3)
        same = copied(distribution)
        assert (same.name, same.parameters) == (distribution.name, distribution.parameters)
        if copied is not copy.copy:
            np.testing.assert_array_equal(same.next(4), distribution.next(4))


@pytest.mark.parametrize(
    "connector",
    [
        distsim.AllToAllConnector(allow_self_connections=False),
        distsim.FixedProbabilityConnector(0.4),
        distsim.FixedNumberPreConnector(3, rng=distsim.NumpyRNG(seed=1)),
        distsim.DistanceDependentProbabilityConnector("exp(-d / 2)"),
        distsim.FromListConnector([(0, 1, 0.5, 1.0)]),
        distsim.ArrayConnector(np.eye(5, dtype=bool)),
    ],
)
def test_connectors_can_be_copied(copied, connector):
    def connections(connector):
        distsim.setup(log=False)
        cells = distsim.Population(5, distsim.IF_curr_exp())
        return distsim.Projection(cells, cells, connector).get("weight", "list")

    same = copied(connector)
    copies = copy.deepcopy(connector)
    assert connections(same) == connections(copies)


def test_a_copied_source_flows_nowhere_yet(sim, copied):
    source = sim.DCSource(amplitude=0.5)
    cells = sim.Population(1, sim.IF_curr_exp())
    cells.inject(source)
    same = copied(source)
    same.amplitude = 1.0
    assert (source.amplitude, same.amplitude) == (0.5, 1.0)


def test_parameter_spaces_can_be_copied(sim, copied):
    cells = sim.Population(2, sim.IF_curr_exp(tau_m=[5.0, 6.0]))
    space = copied(cells.celltype.parameter_space)
    space.shape = (2,)
    np.testing.assert_array_equal(space["tau_m"].evaluate(), [5.0, 6.0])
