"""Where PyNN's own engines fail on several ranks: a cell alone, gathered data, mean counts."""

import sys

import numpy as np

import distsim as sim


def run(engine, *options):
    """Check them; return nothing by name."""
    sim.setup(timestep=0.1, log=False, engine=engine, coreneuron="coreneuron" in options)
    # most ranks have no cell of it; no bounds of the delays are given
    alone = sim.Population(1, sim.IF_curr_exp(), label="alone")
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0, 2.0, 5.0]))
    synapse = sim.StaticSynapse(weight=30.0, delay=0.7)
    sim.Projection(source, alone, sim.OneToOneConnector(), synapse)
    several = sim.Population(5, sim.IF_curr_exp(i_offset=np.linspace(0.2, 1.0, 5)), label="several")
    one = sim.StaticSynapse(weight=1.0, delay=1.0)
    sim.Projection(alone, several[3:4], sim.AllToAllConnector(), one)
    for population in (alone, several):
        population.record(["spikes", "v"])
    sim.run(20.0)
    # data, and counts, are there on every rank, and columns in the order of the cells
    v = several.get_data(gather="all").segments[0].filter(name="v")[0].magnitude
    assert v.shape == (201, 5)
    assert (np.diff(v[10]) > 0).all()
    assert alone.get_data(gather="all").segments[0].filter(name="v")[0].shape == (201, 1)
    assert alone.mean_spike_count() >= 1.0
    assert several.mean_spike_count() >= 0.0
    return {}


if __name__ == "__main__":
    run(*sys.argv[1:])
    sim.end()
