"""Cells of each model that is named, excited and inhibited by noise and given spikes."""

import sys

from networks import STRENGTHS, connect_drive

import distsim as sim

sim.setup(timestep=0.1, seed=3)
for model in sys.argv[1:]:
    cells = sim.Population(20, getattr(sim, model)(tau_refrac=2.05), label=model)
    connect_drive(sim, cells, model, STRENGTHS[model])
    cells.record(["spikes", "v"])
sim.run(500.0)
sim.end()
