r"""
One cell, and cells that differ
===============================

The first steps of PyNN's tutorial. A constant current drives a leaky integrate-and-fire cell to
:math:`v_{rest} + I \tau_m / c_m` = -48 mV, above its threshold, so it spikes in equal intervals.
Cells that are alike do the same; where potentials are drawn for each cell, each has an interval
of its own.
"""

import matplotlib.pyplot as plt

import distsim as sim

sim.setup(timestep=0.1, seed=42, log=False, progress=False)
same = {"tau_refrac": 1.0, "tau_m": 10.0, "cm": 1.0, "i_offset": 1.7}
alike = sim.IF_curr_exp(v_rest=-65.0, v_thresh=-55.0, v_reset=-65.0, **same)
different = sim.IF_curr_exp(
    v_rest=sim.RandomDistribution("normal", mu=-65.0, sigma=1.0),
    v_thresh=sim.RandomDistribution("normal", mu=-55.0, sigma=1.0),
    v_reset=sim.RandomDistribution("normal", mu=-65.0, sigma=1.0),
    **same,
)
populations = [
    sim.Population(1, alike, label="one cell"),
    sim.Population(5, alike, label="five alike"),
    sim.Population(5, different, label="five that differ"),
]
for population in populations:
    population.record(["v", "spikes"])
sim.run(100.0)
segments = [population.get_data().segments[0] for population in populations]

# %%
# Every rank gathers, rank 0 draws.

if sim.rank() == 0:
    figure, axes = plt.subplots(2, 3, figsize=(9, 4), sharex=True, layout="constrained")
    for population, segment, (top, bottom) in zip(populations, segments, axes.T, strict=True):
        (v,) = segment.analogsignals
        top.plot(v.times, v.magnitude, linewidth=0.8)
        top.set(title=population.label, ylim=(-67, -52))
        trains = [train.magnitude for train in segment.spiketrains]
        bottom.eventplot(trains, lineoffsets=range(len(trains)), linewidths=1.5)
        bottom.set(xlabel="time (ms)", ylim=(-0.7, 4.7), yticks=range(population.size))
    axes[0, 0].set_ylabel("v (mV)")
    axes[1, 0].set_ylabel("cell")
    plt.show()
