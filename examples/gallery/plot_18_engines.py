"""
One script, several simulators
==============================

The same network on the native engine, on NEURON and, where this is one process, on NEST.
Connections and random parameters are the same to the bit, and so are the spikes of the native
engine and NEST; NEURON finds a threshold otherwise, so that some of its spikes come a step later,
and in the end some more or fewer.
"""

import matplotlib.pyplot as plt
import numpy as np

import distsim as sim


def simulate(engine):
    """Return the spikes of a network, as a list for each cell."""
    sim.setup(timestep=0.1, seed=42, engine=engine, log=False, progress=False)
    v_thresh = sim.RandomDistribution("uniform", low=-56.0, high=-52.0)
    cell_type = sim.IF_curr_exp(v_thresh=v_thresh, tau_m=10.0, tau_refrac=1.0, i_offset=1.7)
    first, second = sim.Population(50, cell_type), sim.Population(50, cell_type)
    second.set(i_offset=0.0)
    connector = sim.FixedProbabilityConnector(0.5)
    sim.Projection(first, second, connector, sim.StaticSynapse(weight=0.1, delay=0.5))
    second.record("spikes")
    sim.run(150.0)
    return [t.magnitude for t in second.get_data(gather="all").segments[0].spiketrains]


# NEST from its wheel has no MPI
engines = ["native", "neuron"] + ["nest"] * (sim.num_processes() == 1)
results = {engine: simulate(engine) for engine in engines}

if sim.rank() == 0:
    figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
    for k, (engine, trains) in enumerate(results.items()):
        rows = np.arange(10) + 0.25 * (k - 1)
        n_spikes = sum(map(len, trains))
        lines = axes.eventplot(trains[:10], lineoffsets=rows, linelengths=0.22, color=f"C{k}")
        lines[0].set_label(f"{engine}: {n_spikes} spikes of 50 cells")
    axes.legend(loc="upper left")
    axes.set(xlabel="time (ms)", ylabel="cell", ylim=(-0.7, 13.0), yticks=range(10))
    plt.show()
