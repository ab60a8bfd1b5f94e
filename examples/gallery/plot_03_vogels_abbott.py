"""
Self-sustained activity: Vogels and Abbott
==========================================

Excitatory and inhibitory cells with current-based synapses, connected at random, that keep
themselves going without input (Vogels and Abbott, J. Neurosci. 25, 2005; parameters of Brette et
al., 2007): at low rates, irregularly, and asynchronously.
"""

import matplotlib.pyplot as plt
import numpy as np

import distsim as sim

sim.setup(timestep=0.1, seed=5, log=False, progress=False)
N_EXC, N_INH, DURATION = 3200, 800, 400.0
cell_type = sim.IF_curr_exp(
    v_rest=-49.0, v_reset=-60.0, v_thresh=-50.0, cm=0.2, tau_m=20.0, tau_refrac=5.0,
    tau_syn_E=5.0, tau_syn_I=10.0,
)  # fmt: skip
v = sim.RandomDistribution("uniform", low=-60.0, high=-50.0)
exc = sim.Population(N_EXC, cell_type, initial_values={"v": v}, label="excitatory")
inh = sim.Population(N_INH, cell_type, initial_values={"v": v}, label="inhibitory")
cells = exc + inh
connector = sim.FixedProbabilityConnector(0.02)
for pre, weight in ((exc, 0.0162), (inh, -0.09)):
    synapse = sim.StaticSynapse(weight=weight, delay=0.2)
    sim.Projection(pre, cells, connector, synapse, receptor_type=pre.label)
cells.record("spikes")
exc[:1].record("v")
sim.run(DURATION)
segment = cells.get_data().segments[0]

if sim.rank() == 0:
    trains = [train.magnitude for train in segment.spiketrains]
    (trace,) = segment.analogsignals
    figure, axes = plt.subplots(3, figsize=(7, 7), layout="constrained")
    shown = [*trains[:160], *trains[N_EXC : N_EXC + 40]]
    axes[0].eventplot(shown, color=["C0"] * 160 + ["C3"] * 40, linelengths=0.9)
    axes[0].set(ylabel="cell", title="Spikes of 160 excitatory and 40 inhibitory cells")
    counts, edges = np.histogram(np.concatenate(trains), np.arange(0.0, DURATION + 1.0, 2.0))
    axes[1].stairs(counts / len(trains) / 0.002, edges)
    axes[1].set(ylabel="rate (Hz)", title="Mean rate of all")
    axes[2].plot(trace.times, trace.magnitude, linewidth=0.8)
    axes[2].set(xlabel="time (ms)", ylabel="v (mV)", title="Potential of one cell")
    for each in axes:
        each.set_xlim(0.0, DURATION)
    plt.show()
