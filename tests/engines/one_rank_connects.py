"""A network in which one rank alone has something to connect, at first or after a run."""

import sys

import distsim as sim

engine, what = sys.argv[1:]
sim.setup(timestep=0.1, seed=3, log=False, engine=engine)
many = sim.Population(8, sim.IF_curr_exp(i_offset=1.0, tau_refrac=2.0))
one = sim.Population(1, sim.IF_curr_exp())
synapse = sim.StaticSynapse(weight=5.0, delay=1.0)
if what != "no connection":
    sim.Projection(many, many, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.01, delay=1.0))
if what == "record":
    sim.Projection(many, one, sim.AllToAllConnector(), synapse)
else:
    one.record("spikes")
sim.run(30.0)
if what == "record":
    one.record(["spikes", "v"])
elif what == "longer delay":
    sim.Projection(many, one, sim.AllToAllConnector(), sim.StaticSynapse(weight=5.0, delay=7.0))
elif what == "project":
    sim.Projection(many, one, sim.AllToAllConnector(), synapse)
sim.run(60.0)
print(f"{what}: {one.mean_spike_count()} spikes")
