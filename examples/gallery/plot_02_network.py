"""
Two populations
===============

The network of PyNN's tutorial: one hundred cells that a current drives, each connected with
probability one half to each of one hundred others, which spike because the first do.
"""

import matplotlib.pyplot as plt
import numpy as np

import distsim as sim

sim.setup(timestep=0.1, seed=42, log=False, progress=False)
cell_type = sim.IF_curr_exp(
    v_rest=sim.RandomDistribution("normal", mu=-65.0, sigma=1.0),
    v_thresh=sim.RandomDistribution("normal", mu=-55.0, sigma=1.0),
    v_reset=sim.RandomDistribution("normal", mu=-65.0, sigma=1.0),
    tau_refrac=1.0, tau_m=10.0, cm=1.0, i_offset=1.7,
)  # fmt: skip
first = sim.Population(100, cell_type, label="first")
second = sim.Population(100, cell_type, label="second")
second.set(i_offset=0.0)
connector = sim.FixedProbabilityConnector(p_connect=0.5)
sim.Projection(first, second, connector, sim.StaticSynapse(weight=0.05, delay=0.5))
for population in (first, second):
    population.record("spikes")
sim.run(100.0)
blocks = [population.get_data() for population in (first, second)]

if sim.rank() == 0:
    figure, (top, bottom) = plt.subplots(2, figsize=(7, 5), sharex=True, layout="constrained")
    for k, (label, block) in enumerate(zip(("first", "second"), blocks, strict=True)):
        trains = [train.magnitude for train in block.segments[0].spiketrains]
        rows = np.arange(100) + 100 * k
        top.eventplot(trains, lineoffsets=rows, linelengths=0.9, color=f"C{k}")
        rate, edges = np.histogram(np.concatenate(trains), np.arange(0.0, 101.0, 2.0))
        bottom.stairs(rate / 100 / 0.002, edges, label=label)
    top.set(ylabel="cell", title="Spikes")
    bottom.set(xlabel="time (ms)", ylabel="rate (Hz)", title="Mean rate, in bins of 2 ms")
    bottom.legend()
    plt.show()
