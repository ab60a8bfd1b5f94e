"""A network on NEST that cannot be built, or run, on rank 1 alone; where, the argument says."""

import sys

import numpy as np

import distsim as sim
from distsim.engines.nest.engine import NestSimulation


def describe():
    sim.setup(timestep=0.1, log=False, engine="nest")
    cells = sim.Population(30, sim.IF_curr_exp())
    noise = sim.Population(30, sim.SpikeSourcePoisson(rate=1000.0))
    synapse = sim.StaticSynapse(weight=1.0, delay=0.5)
    sim.Projection(noise, cells, sim.OneToOneConnector(), synapse)
    sim.Projection(cells, cells, sim.AllToAllConnector(), synapse)
    cells.record(["spikes", "v"])
    return cells


def fail(*arguments):
    raise RuntimeError("on purpose")


where = sys.argv[1]
cells = describe()
if where == "state":
    # NEST cannot set this current, which other ranks leave at 0
    cells.initialize(isyn_exc=np.where(np.arange(30) == 0, 0.5, 0.0))
elif sim.rank() == 1:
    setattr(NestSimulation, where, fail)
if "caught" in sys.argv:
    try:
        sim.run(20.0)
    except RuntimeError as error:
        print(f"rank {sim.rank()} caught: {error}", flush=True)
    cells = describe()
sim.run(20.0)
print(f"{cells.mean_spike_count():.3f} spikes per cell", flush=True)
