"""Every object with something that changes while a simulation runs declares all its fields."""

from collections import deque

import numpy as np
import pytest

import distsim
from distsim.declared import Declared, declared_of
from distsim.network.pathways import Pathway
from distsim.network.spike_arrays import ArrayBlock
from distsim.pynn.simulator import state

# what an object may be made of beside others that declare their fields
PLAIN = (int, float, str, bool, bytes, type(None), np.ndarray, np.generic)
# what was described, and is no part of what goes on
DESCRIBED = (Pathway,)


def simulation():
    """Return a simulation that ran, with cells, sources, synapses and currents of every kind."""
    sim = distsim
    sim.setup(timestep=0.1, log=False)
    cells = sim.Population(6, sim.IF_curr_exp(i_offset=1.0), label="cells")
    arrays = sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0, 2.0]))
    poisson = sim.Population(3, sim.SpikeSourcePoisson(rate=300.0))
    gamma = sim.Population(3, sim.SpikeSourceGamma(alpha=2.0, beta=300.0))
    changing = sim.Population(2, sim.SpikeSourceInhGamma(a=[2.0], b=[0.005], tbins=[0.0]))
    learning = sim.STDPMechanism(
        sim.SpikePairRule(), sim.AdditiveWeightDependence(w_max=0.5), weight=0.1, delay=1.0
    )
    everything = sim.AllToAllConnector()
    plastic = sim.Projection(cells, cells, everything, learning)
    static = sim.StaticSynapse(weight=0.1, delay=1.0)
    sim.Projection(arrays + poisson + gamma + changing, cells, everything, static)
    sim.Projection(poisson, cells[:3], sim.OneToOneConnector(), static)
    sim.Projection(cells, cells, sim.OneToOneConnector(), sim.ElectricalSynapse(weight=0.001))
    current = sim.NoisyCurrentSource(stdev=0.1)
    current.inject_into(cells)
    current.record()
    plastic.record("weight", sampling_interval=1.0)
    cells.record(["spikes", "v"])
    sim.run(3.0)
    return state


def undeclared(root):
    """Return what objects that are stored have not declared, and how many were looked at."""
    found, seen, waiting = [], set(), deque([root])
    while waiting:
        thing = waiting.popleft()
        if isinstance(thing, PLAIN + DESCRIBED) or id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, dict):
            waiting.extend(thing.values())
        elif isinstance(thing, list | set | frozenset | deque):
            waiting.extend(thing)
        elif isinstance(thing, tuple) and declared_of(type(thing)) is None:
            # a record that nobody can change holds what its fields do
            waiting.extend(thing)
        elif type(thing).__module__.startswith("distsim."):
            kind, declared = type(thing), declared_of(type(thing))
            fields = list(getattr(thing, "_fields", None) or vars(thing))
            names = declared.names if declared is not None else ()
            if sorted(fields) != sorted(names):
                found.append((kind.__name__, sorted(set(fields) ^ set(names))))
            stored = declared.stored.split() if declared is not None else []
            waiting.extend(getattr(thing, name) for name in stored)
    return found, len(seen)


@pytest.fixture(scope="module")
def ran():
    return simulation()


def test_every_field_of_what_is_stored_is_declared(ran):
    found, n_seen = undeclared([ran.simulation, *ran.recorders, *ran.synapse_recorders])
    assert found == [], "\n".join(map(str, found))
    assert n_seen > 30


@pytest.mark.parametrize("depth", ["engine", "block", "columns"])
def test_a_field_that_was_forgotten_is_found(ran, monkeypatch, depth):
    engine = ran.simulation
    block = engine.array_blocks[0]
    if depth == "engine":
        monkeypatch.setattr(engine, "forgotten", 1, raising=False)
        named = ("NativeSimulation", ["forgotten"])
    elif depth == "block":
        monkeypatch.setattr(block, "forgotten", 1, raising=False)
        named = ("ArrayBlock", ["forgotten"])
    else:
        less = Declared(*(part.replace("spike_times", "") for part in declared_of(ArrayBlock)))
        monkeypatch.setattr(ArrayBlock, "_declared", less)
        named = ("ArrayBlock", ["spike_times"])
    assert named in undeclared(engine)[0]
