"""How long an engine takes to make a random projection of a million synapses; prints one JSON row.

    python engine_construction.py --simulator distsim.nest
    python engine_construction.py --simulator pyNN.nest

10,000 IF_curr_exp cells, each pair connected with probability 0.01, normal weights, uniform delays.
Counted is all from the description of the cells to the end of the first step.
"""

import argparse
import importlib
import json
import time

SIMULATORS = ("distsim", "distsim.nest", "pyNN.nest", "distsim.neuron", "pyNN.neuron")


def main():
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulator", choices=SIMULATORS, required=True)
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--probability", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sim = importlib.import_module(options.simulator)
    # the first small network compiles what is to be compiled
    build(sim, 100, 0.1, options.seed)
    seconds, n_synapses = build(sim, options.cells, options.probability, options.seed)
    row = {"simulator": options.simulator, "cells": options.cells, "synapses": n_synapses}
    print(json.dumps({**row, "construction_s": round(seconds, 2)}))


def build(sim, n_cells, probability, seed):
    """Return the seconds that it takes, and the number of synapses."""
    is_distsim = sim.__name__.startswith("distsim")
    options = {"seed": seed, "log": False, "progress": False} if is_distsim else {}
    sim.setup(timestep=0.1, min_delay=0.1, max_delay=5.0, **options)
    started = time.perf_counter()
    cells = sim.Population(n_cells, sim.IF_curr_exp())
    synapse = sim.StaticSynapse(
        weight=sim.RandomDistribution("normal_clipped", mu=0.1, sigma=0.01, low=0.0, high=1.0),
        delay=sim.RandomDistribution("uniform", low=0.5, high=5.0),
    )
    projection = sim.Projection(cells, cells, sim.FixedProbabilityConnector(probability), synapse)
    sim.run(0.1)
    return time.perf_counter() - started, projection.size()


if __name__ == "__main__":
    main()
