"""A network on any engine, on any number of ranks; what it did goes to the file that is named."""

import sys

import numpy as np

import distsim as sim
from distsim.engines.neuron import start as neuron_start
from distsim.pynn.simulator import state

if "hidden" in sys.argv:
    # what NEURON looks for itself is all that it finds
    neuron_start._mpi_library = lambda: None

engine = sys.argv[2]


def synapse_of(weight, delay):
    """Return the synapse type of a projection."""
    return sim.StaticSynapse(weight=weight, delay=delay)


sim.setup(
    timestep=0.1,
    seed=42,
    log=False,
    engine=engine,
    share_input="own" not in sys.argv,
    coreneuron="coreneuron" in sys.argv,
)
cells = sim.Population(41, sim.IF_curr_exp(tau_refrac=2.0))
cells.initialize(v=sim.RandomDistribution("uniform", (-65.0, -51.0)))
noise = sim.Population(41, sim.SpikeSourcePoisson(rate=1000.0))
first = 1.0 if "late" in sys.argv else 0.0
given = sim.Population(2, sim.SpikeSourceArray(spike_times=[first, 3.0, 30.0]))
regular = sim.Population(7, sim.SpikeSourceGamma(alpha=3.0, beta=900.0))
delay = sim.RandomDistribution("uniform", low=0.1, high=2.0)
# of spikes that are sent
slow = sim.RandomDistribution("uniform", low=0.2 if "slow" in sys.argv else 0.1, high=2.0)
# so few that some rank has none
few = sim.Population(2, sim.IF_cond_alpha())
projections = [
    sim.Projection(pre, post, connector, synapse, receptor_type=receptor)
    for pre, post, connector, synapse, receptor in (
        (noise, cells, sim.OneToOneConnector(), synapse_of(0.5, slow), "excitatory"),
        (given, cells, sim.AllToAllConnector(), synapse_of(0.5, delay), "excitatory"),
        (cells, cells, sim.FixedProbabilityConnector(0.2), synapse_of(-0.5, slow), "inhibitory"),
        (cells, few, sim.AllToAllConnector(), synapse_of(0.05, slow), "excitatory"),
        (few, cells, sim.AllToAllConnector(), synapse_of(0.2, slow), "excitatory"),
        (regular, cells, sim.FixedProbabilityConnector(0.5), synapse_of(0.1, slow), "excitatory"),
    )
]
cells.record(["spikes", "v"])
few.record("spikes")
noise.record("spikes")
for duration in (33.3, 66.7):
    sim.run(duration)
segment = cells.get_data().segments[0]
noise_segment = noise.get_data().segments[0]
n_few = few.mean_spike_count()
connections = [row for each in projections for row in each.get(["weight", "delay"], "list")]
n_hosts = sim.num_processes()
if engine == "neuron":
    n_hosts = int(state.simulation.context.nhost())


def keys_of(segment):
    """Return the time and the cell of each spike, sorted."""
    trains = enumerate(segment.spiketrains)
    return np.array(sorted((t, i) for i, train in trains for t in train.magnitude))


if sim.rank() == 0:
    np.savez(
        sys.argv[1],
        keys=keys_of(segment),
        noise=keys_of(noise_segment),
        n_few=np.array([n_few]),
        v=segment.analogsignals[0].magnitude,
        connections=np.array(connections),
        n_hosts=n_hosts,
    )
sim.end()
