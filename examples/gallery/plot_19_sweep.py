"""
A sweep in one run
==================

Cells of a population may differ in any parameter, so a sweep needs no loop: 40 currents times 3
refractory periods are 120 cells. Without noise, rates lie on the closed form; with noise the
threshold becomes soft.
"""

import matplotlib.pyplot as plt
import numpy as np

import distsim as sim

DURATION, V_REST, V_THRESH, TAU_M, CM = 2000.0, -65.0, -50.0, 20.0, 0.25
currents = np.linspace(0.1, 0.5, 40)
refractory = np.array([1.0, 5.0, 10.0])

sim.setup(timestep=0.1, seed=4, log=False, progress=False)
tau_refrac, i_offset = (grid.ravel() for grid in np.meshgrid(refractory, currents, indexing="ij"))
cell_type = sim.IF_curr_exp(
    v_rest=V_REST, v_reset=V_REST, v_thresh=V_THRESH, tau_m=TAU_M, cm=CM,
    tau_refrac=tau_refrac, i_offset=i_offset,
)  # fmt: skip
quiet = sim.Population(i_offset.size, cell_type)
noisy = sim.Population(i_offset.size, cell_type)
for k in range(noisy.size):  # each cell has noise of its own
    sim.NoisyCurrentSource(mean=0.0, stdev=0.4, dt=0.5).inject_into(noisy[k : k + 1])
for cells in (quiet, noisy):
    cells.record("spikes")
sim.run(DURATION)
rates = []
for cells in (quiet, noisy):
    counts = cells.get_spike_counts()
    rates.append(np.array([counts[cell] for cell in cells.all()]).reshape(3, -1) / DURATION * 1e3)

if sim.rank() == 0:
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    fine = np.linspace(0.1, 0.5, 500)
    reach = fine * TAU_M / CM / (V_THRESH - V_REST)
    for k, tau in enumerate(refractory):
        with np.errstate(divide="ignore", invalid="ignore"):
            interval = tau + TAU_M * np.log(reach / (reach - 1.0))
            axes.plot(fine, np.where(reach > 1.0, 1000.0 / interval, 0.0), f"C{k}", linewidth=0.8)
        axes.plot(currents, rates[0][k], f"C{k}.", label=f"tau_refrac = {tau:g} ms")
        axes.plot(currents, rates[1][k], f"C{k}x", label="with noise", markersize=4)
    axes.set(xlabel="current (nA)", ylabel="rate (Hz)")
    axes.legend()
    plt.show()
