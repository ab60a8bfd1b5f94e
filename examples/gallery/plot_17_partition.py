"""
A partition by hand
===================

Cells on a ring, each connected to those near it. Dealt in turn to four ranks, each cell has
targets on all of them, and each spike goes to all; cut into arcs, only cells near a cut have
targets elsewhere. ``setup(partition=...)`` takes either, or a function of your own; the spikes
are the same, what is exchanged is not.
"""

import matplotlib.pyplot as plt
import numpy as np

import distsim as sim
from distsim.partitioning import place

N, REACH, N_RANKS = 400, 20, 4


def arcs(first_gid, n_cells, n_ranks):
    """Return the rank of each cell: arcs, of which the first begins at cell 50."""
    return (np.arange(n_cells) - 50) % n_cells * n_ranks // n_cells


def simulate(partition):
    """Return the spikes of a ring that is driven at one place, and its connections."""
    sim.setup(timestep=0.1, seed=8, partition=partition, log=False, progress=False)
    cells = sim.Population(N, sim.IF_curr_exp(tau_refrac=5.0, tau_m=10.0), label="ring")
    near = [((k + d) % N, k) for k in range(N) for d in range(-REACH, REACH + 1) if d]
    excitation = sim.StaticSynapse(weight=0.6, delay=2.0)
    sim.Projection(cells, cells, sim.FromListConnector(near), excitation)
    sim.DCSource(amplitude=3.0, start=10.0, stop=20.0).inject_into(cells[:20])
    cells.record("spikes")
    sim.run(100.0)
    trains = cells.get_data(gather="all").segments[0].spiketrains
    return [t.magnitude for t in trains], np.array(near)


partitions = {"round_robin": "round_robin", "arcs": arcs}
results = {name: simulate(partition) for name, partition in partitions.items()}

# %%
# Who would own what on four ranks, and how many others each cell's spikes have to go to.

if sim.rank() == 0:
    figure, axes = plt.subplots(1, 3, figsize=(11, 4), layout="constrained")
    (trains, pairs), (other, _) = results.values()
    same = all(np.array_equal(a, b) for a, b in zip(trains, other, strict=True))
    axes[0].eventplot(trains, linewidths=0.8)
    axes[0].set(xlabel="time (ms)", ylabel="cell", title=f"Spikes; equal by both: {same}")
    for each, (name, partition) in zip(axes[1:], partitions.items(), strict=True):
        rank = place(partition, 0, N, N_RANKS, 0).rank_of(np.arange(N))
        targets = np.zeros((N, N_RANKS), dtype=bool)
        targets[pairs[:, 0], rank[pairs[:, 1]]] = True
        others = targets.sum(axis=1) - targets[np.arange(N), rank]
        each.scatter(np.arange(N), others, c=rank, cmap="viridis", s=8)
        each.set(xlabel="cell (colour: its rank)", ylim=(-0.2, 3.4), yticks=range(4), title=name)
    axes[1].set_ylabel("other ranks that hear the cell")
    plt.show()
