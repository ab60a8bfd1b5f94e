"""Cells of several models with gap junctions; their recordings and connections.

Usage: junctions.py PARTITION EXCHANGE OUTPUT.h5 LISTS.npz [PART SNAPSHOT.h5], as of network.py.
"""

import sys
from pathlib import Path

import numpy as np

import distsim as sim
from distsim import RandomDistribution

sys.path.append(str(Path(__file__).parent))

from network import backwards_in_threes, synapse, uniform
from own_types import Quadratic


def make_populations():
    """Return cells of three models and sources, by label."""
    cells = {
        "alike": (9, sim.IF_curr_exp(i_offset=1.1)),
        "differing": (11, sim.IF_curr_exp(cm=uniform(0.2, 1.5), i_offset=uniform(0.8, 1.2))),
        "channels": (6, sim.HH_cond_exp(i_offset=uniform(0.0, 0.8))),
        "own": (7, Quadratic(i_offset=uniform(0.05, 0.3))),
        "arrays": (4, sim.SpikeSourceArray(spike_times=lambda i: [sim.Sequence([3.0, 7.7])] * 4)),
    }
    return {label: sim.Population(n, cell, label=label) for label, (n, cell) in cells.items()}


def connect(p):
    """Return projections with electrical synapses, and others."""
    everything = sim.Assembly(p["alike"], p["differing"], p["channels"], p["own"], label="all")
    gap = sim.ElectricalSynapse
    rng = sim.NumpyRNG(seed=4)
    drawn = RandomDistribution("uniform", low=0.0, high=0.02, rng=sim.NumpyRNG(seed=5))
    pairs = [(0, 1, 0.01), (0, 1, 0.02), (1, 0, 0.03), (2, 2, 0.5), (5, 3, 7.0)]
    described = [
        (p["alike"], p["alike"], sim.FixedProbabilityConnector(0.5), gap(weight=uniform(0.0, 0.1))),
        (everything, everything, sim.FixedProbabilityConnector(0.1), gap(weight=0.003)),
        (p["channels"], p["differing"][::2], sim.AllToAllConnector(), gap(weight=drawn)),
        (
            p["differing"],
            everything,
            sim.FixedNumberPreConnector(2, rng=rng),
            gap(weight=uniform(0.0, 0.004), is_symmetric=False),
        ),
        (p["own"], p["own"], sim.FromListConnector(pairs, column_names=["weight"]), gap()),
        (everything, p["alike"], sim.FixedNumberPreConnector(3), synapse(0.2, 1.3)),
        (p["arrays"], p["channels"], sim.AllToAllConnector(), synapse(0.004, 0.4)),
    ]
    return [sim.Projection(*each) for each in described]


def grow(p, projections, path):
    """Add cells with junctions to the network that already ran."""
    late = sim.Population(5, sim.IF_curr_exp(i_offset=1.3), label="late")
    late.record("v", to_file=path)
    gap = sim.ElectricalSynapse(weight=uniform(0.0, 0.1))
    projections.append(sim.Projection(late, p["own"], sim.FixedProbabilityConnector(0.4), gap))


def run_and_change(p, projections, path):
    """Run, change what can be, grow, run into the middle of the noise's periods."""
    sim.run(8.0)
    projections[1].set(weight=uniform(0.0, 0.004))
    p["differing"].set(cm=uniform(0.3, 1.0))
    sim.run(0.1)
    for connection in projections[0]:
        if connection.postsynaptic_index % 3 == 1:
            connection.weight = 2.0 * connection.weight
    grow(p, projections, path)
    sim.run(4.4)


def main(partition, exchange, path, lists_path, part="", snapshot=""):
    """Build, run, change, run, reset, run, write."""
    partition = backwards_in_threes if partition == "user" else partition
    sim.setup(timestep=0.1, seed=42, partition=partition, exchange=exchange, log=False)
    p = make_populations()
    p["alike"].initialize(v=uniform(-65.0, -52.0))
    p["own"].initialize(v=uniform(-60.0, -45.0))
    projections = connect(p)
    sim.NoisyCurrentSource(stdev=0.4, dt=0.3).inject_into(p["alike"][:5] + p["own"])
    sim.DCSource(amplitude=0.3, start=3.0, stop=14.0).inject_into(p["differing"][2:])
    for label in ("alike", "differing", "channels", "own"):
        p[label].record(["spikes", "v"], to_file=path)
    if part == "second":
        grow(p, projections, path)
        sim.restore(snapshot)
    else:
        run_and_change(p, projections, path)
    if part == "first":
        sim.checkpoint(snapshot)
        return
    sim.run(5.5)
    lists = [np.array(each.get(["weight"], "list")) for each in projections]
    sim.reset()
    sim.run(5.0)
    sim.end()
    if sim.rank() == 0:
        np.savez(lists_path, *lists)


if __name__ == "__main__":
    main(*sys.argv[1:])
