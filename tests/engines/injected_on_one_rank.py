"""A current into one cell, told to the rank that has the cell alone."""

import sys

import distsim as sim

sim.setup(timestep=0.1, engine=sys.argv[1], log=False)
cells = sim.Population(4, sim.IF_curr_exp())
cells.record("v")
for cell in cells:
    if cells.id_to_index(cell) == 2:
        cell.inject(sim.DCSource(amplitude=0.2, start=5.3, stop=7.7))
sim.run(10.0)
v = cells.get_data().segments[0].filter(name="v")[0]
if sim.rank() == 0:
    print("v", *v.magnitude[-1])
sim.end()
