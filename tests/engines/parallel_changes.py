"""A network changed between runs, on any engine and number of ranks."""

import numpy as np
from networks import changed_between_runs

import distsim as sim


def run(engine, *options):
    """Return its connections, spikes and v, on every rank."""
    connections, trains, v = changed_between_runs(
        sim, engine=engine, coreneuron="coreneuron" in options
    )
    cells = trains[0] + trains[1]
    return {
        "connections": np.array([row for each in connections for row in each]),
        "counts": np.array([len(train) for train in cells]),
        "times": np.concatenate(cells),
        "v": v,
    }
