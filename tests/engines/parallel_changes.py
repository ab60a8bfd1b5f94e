"""A network changed between runs, on any engine and number of ranks; what it did goes to a file."""

import sys

import numpy as np
from networks import changed_between_runs

import distsim as sim

connections, trains, v = changed_between_runs(
    sim, engine=sys.argv[2], coreneuron="coreneuron" in sys.argv
)
if sim.rank() == 0:
    cells = trains[0] + trains[1]
    np.savez(
        sys.argv[1],
        connections=np.array([row for each in connections for row in each]),
        counts=np.array([len(train) for train in cells]),
        times=np.concatenate(cells),
        v=v,
    )
sim.end()
