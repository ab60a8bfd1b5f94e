"""
Gap junctions bring cells together
==================================

Ten cells that currents of different strengths drive to different rates. Alone, each keeps its
own; joined in a ring by gap junctions, through which a current flows from the higher potential to
the lower, they come to one rate, and spike nearly together.
"""

import matplotlib.pyplot as plt
import numpy as np

import distsim as sim

N, DURATION = 10, 600.0


def simulate(conductance):
    """Return the spikes of cells that are joined in a ring by junctions [uS]."""
    sim.setup(timestep=0.05, log=False, progress=False)
    cell_type = sim.HH_cond_exp(i_offset=np.linspace(0.3, 0.4, N))
    cells = sim.Population(N, cell_type, initial_values={"v": np.linspace(-75.0, -60.0, N)})
    ring = [(k, (k + 1) % N) for k in range(N)]
    junction = sim.ElectricalSynapse(weight=conductance)
    sim.Projection(cells, cells, sim.FromListConnector(ring), junction)
    cells.record("spikes")
    sim.run(DURATION)
    return [t.magnitude for t in cells.get_data(gather="all").segments[0].spiketrains]


conductances = (0.0, 0.02)
results = [simulate(conductance) for conductance in conductances]

if sim.rank() == 0:
    figure, axes = plt.subplots(2, figsize=(7, 4.5), sharex=True, layout="constrained")
    for each, conductance, trains in zip(axes, conductances, results, strict=True):
        each.eventplot(trains, linewidths=1.5)
        each.set(ylabel="cell", yticks=range(0, 10, 3))
        each.set(title=f"junctions of {1000.0 * conductance:g} nS")
    axes[-1].set(xlabel="time (ms)", xlim=(DURATION - 200.0, DURATION))
    plt.show()
