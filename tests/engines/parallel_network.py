"""A network on any engine, on any number of ranks."""

import sys

import numpy as np

import distsim as sim
from distsim.engines.neuron import start as neuron_start
from distsim.pynn.simulator import state


def synapse_of(weight, delay):
    """Return the synapse type of a projection."""
    return sim.StaticSynapse(weight=weight, delay=delay)


def keys_of(segment):
    """Return the time and the cell of each spike, sorted."""
    trains = enumerate(segment.spiketrains)
    return np.array(sorted((t, i) for i, train in trains for t in train.magnitude))


def run(engine, *options):
    """Return its spikes, those of its noise, v and connections, on rank 0."""
    if "hidden" in options:
        # what NEURON looks for itself is all that it finds
        neuron_start._mpi_library = lambda: None
    sim.setup(
        timestep=0.1,
        seed=42,
        log=False,
        engine=engine,
        share_input="own" not in options,
        coreneuron="coreneuron" in options,
    )
    cells = sim.Population(41, sim.IF_curr_exp(tau_refrac=2.0))
    cells.initialize(v=sim.RandomDistribution("uniform", (-65.0, -51.0)))
    noise = sim.Population(41, sim.SpikeSourcePoisson(rate=1000.0))
    first = 1.0 if "late" in options else 0.0
    given = sim.Population(2, sim.SpikeSourceArray(spike_times=[first, 3.0, 30.0]))
    regular = sim.Population(7, sim.SpikeSourceGamma(alpha=3.0, beta=900.0))
    delay = sim.RandomDistribution("uniform", low=0.1, high=2.0)
    # of spikes that are sent
    slow = sim.RandomDistribution("uniform", low=0.2 if "slow" in options else 0.1, high=2.0)
    # so few that some rank has none
    few = sim.Population(2, sim.IF_cond_alpha())
    projections = [
        sim.Projection(pre, post, connector, synapse, receptor_type=receptor)
        for pre, post, connector, synapse, receptor in (
            (noise, cells, sim.OneToOneConnector(), synapse_of(0.5, slow), "excitatory"),
            (given, cells, sim.AllToAllConnector(), synapse_of(0.5, delay), "excitatory"),
            (
                cells,
                cells,
                sim.FixedProbabilityConnector(0.2),
                synapse_of(-0.5, slow),
                "inhibitory",
            ),
            (cells, few, sim.AllToAllConnector(), synapse_of(0.05, slow), "excitatory"),
            (few, cells, sim.AllToAllConnector(), synapse_of(0.2, slow), "excitatory"),
            (
                regular,
                cells,
                sim.FixedProbabilityConnector(0.5),
                synapse_of(0.1, slow),
                "excitatory",
            ),
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
    if sim.rank() > 0:
        return {}
    return {
        "keys": keys_of(segment),
        "noise": keys_of(noise_segment),
        "n_few": np.array([n_few]),
        "v": segment.analogsignals[0].magnitude,
        "connections": np.array(connections),
        "n_hosts": n_hosts,
    }


if __name__ == "__main__":
    path, *words = sys.argv[1:]
    found = run(*words)
    if sim.rank() == 0:
        np.savez(path, **found)
    sim.end()
