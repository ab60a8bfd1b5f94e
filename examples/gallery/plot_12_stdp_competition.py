"""
Synapses compete
================

Additive STDP, in which depression is slightly stronger, drives weights apart (Song, Miller and
Abbott, Nat. Neurosci. 3, 2000): all begin alike, most fall, some stay high, and the cells spike
half as fast. Learning is ten times as fast here as there, so that some seconds suffice; weights
are recorded while the network runs.
"""

import matplotlib.pyplot as plt
import numpy as np

import distsim as sim

N_SOURCES, W_MAX, DURATION = 400, 0.0003, 12_000.0

sim.setup(timestep=0.1, seed=42, log=False, progress=False)
cell_type = sim.IF_cond_exp(
    v_rest=-70.0, v_reset=-60.0, v_thresh=-54.0, tau_m=20.0, cm=0.2, tau_refrac=1.0,
    e_rev_E=0.0, tau_syn_E=5.0, e_rev_I=-70.0, tau_syn_I=5.0,
)  # fmt: skip
cells = sim.Population(5, cell_type, initial_values={"v": -70.0})
sources = sim.Population(N_SOURCES, sim.SpikeSourcePoisson(rate=20.0))
stdp = sim.STDPMechanism(
    sim.SpikePairRule(tau_plus=20.0, tau_minus=20.0, A_plus=0.05, A_minus=0.0525),
    sim.AdditiveWeightDependence(w_min=0.0, w_max=W_MAX),
    weight=W_MAX / 2,
    delay=1.0,
)
projection = sim.Projection(sources, cells, sim.AllToAllConnector(), stdp)
projection.record("weight", sampling_interval=250.0)
cells.record("spikes")
sim.run(DURATION)
weights = projection.get_data().segments[0].analogsignals
segment = cells.get_data().segments[0]

if sim.rank() == 0:
    relative = np.asarray(weights[0]) / W_MAX
    times = weights[0].times.rescale("s").magnitude
    bins = np.linspace(0.0, 1.0, 21)
    shares = np.stack([np.histogram(row, bins)[0] for row in relative], axis=1) / 2000
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.5), layout="constrained")
    image = axes[0].imshow(
        shares, origin="lower", aspect="auto", vmax=0.2, extent=(times[0], times[-1], 0, 1)
    )
    figure.colorbar(image, ax=axes[0], label="share of the synapses", extend="max")
    axes[0].set(xlabel="time (s)", ylabel="weight / w_max", title="Weights over time")
    axes[1].hist(relative[-1], bins)
    axes[1].axvline(0.5, color="k", linestyle=":")
    axes[1].set(xlabel="weight / w_max", ylabel="synapses", title="At the end (dotted: at first)")
    spikes = np.concatenate([train.magnitude for train in segment.spiketrains]) / 1000.0
    counts, edges = np.histogram(spikes, np.linspace(0.0, DURATION / 1000.0, 31))
    axes[2].stairs(counts / 5 / np.diff(edges), edges)
    axes[2].set(xlabel="time (s)", ylabel="rate (Hz)", title="Mean rate", ylim=(0, None))
    plt.show()
