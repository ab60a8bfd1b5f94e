"""
Inhibition learns a rate: Vogels et al.
=======================================

Inhibitory synapses that grow with each spike of the target and shrink with each of the source
until the target spikes at a rate that the rule chooses (Vogels et al., Science 334, 2011): ``2
rho_0 tau`` is ``alpha``, here for 10 Hz. Cells that a current drives to far different rates all
come to it.
"""

import matplotlib.pyplot as plt
import numpy as np

import distsim as sim

TAU, RHO, DURATION, N = 20.0, 10.0, 8000.0, 30

sim.setup(timestep=0.1, seed=3, log=False, progress=False)
drive = np.linspace(0.25, 0.6, N)
cell_type = sim.IF_cond_exp(
    v_rest=-60.0, v_reset=-60.0, v_thresh=-50.0, cm=0.2, tau_m=20.0, tau_refrac=5.0,
    e_rev_I=-80.0, tau_syn_I=10.0, i_offset=drive,
)  # fmt: skip
cells = sim.Population(N, cell_type)
sources = sim.Population(100, sim.SpikeSourcePoisson(rate=10.0))
rule = sim.Vogels2011Rule(tau=TAU, eta=2e-4, rho=RHO / 1000.0)
stdp = sim.STDPMechanism(
    rule, sim.AdditiveWeightDependence(w_min=0.0, w_max=0.02), weight=0.0002, delay=1.0
)
projection = sim.Projection(
    sources, cells, sim.AllToAllConnector(), stdp, receptor_type="inhibitory"
)
cells.record("spikes")
sim.run(DURATION)
segment = cells.get_data().segments[0]

if sim.rank() == 0:
    edges = np.linspace(0.0, DURATION, 17)
    rates = [np.histogram(t.magnitude, edges)[0] / 0.5 for t in segment.spiketrains]
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    middles = 0.5 * (edges[1:] + edges[:-1]) / 1000.0
    colours = plt.cm.viridis(np.linspace(0.0, 1.0, N))
    for rate, colour in zip(rates, colours, strict=True):
        axes.plot(middles, rate, color=colour, linewidth=0.7)
    axes.plot(middles, np.mean(rates, axis=0), color="k", linewidth=2, label="mean")
    axes.axhline(RHO, color="r", linestyle=":", label="what the rule asks for")
    scale = plt.cm.ScalarMappable(plt.Normalize(drive[0], drive[-1]), "viridis")
    figure.colorbar(scale, ax=axes, label="current into the cell (nA)")
    axes.set(xlabel="time (s)", ylabel="rate (Hz)", ylim=(0, None))
    axes.legend()
    plt.show()
