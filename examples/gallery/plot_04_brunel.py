"""
Regimes of a random network: Brunel
===================================

Cells whose potential jumps at each spike, sparsely connected, inhibition g times as strong as
excitation, and a Poisson drive of eta times what just suffices to spike (Brunel, J. Comput.
Neurosci. 8, 2000). Where excitation wins, cells spike regularly and fast; where inhibition does,
slower and irregularly; with more of both inhibition and drive, in a fast rhythm; with a drive just
below threshold, seldom, and in slow volleys. So small a network is noisier than the theory's.
"""

import matplotlib.pyplot as plt
import numpy as np

import distsim as sim

N_EXC, N_INH, J, DELAY, THETA, TAU_M = 2000, 500, 0.2, 1.5, 20.0, 20.0
DURATION, BEGIN = 200.0, 100.0


def simulate(g, eta):
    """Return the spikes of 50 cells and the times of all, after the transient."""
    sim.setup(timestep=0.1, seed=9, log=False, progress=False)
    cell_type = sim.IF_curr_delta(
        v_rest=0.0, v_reset=10.0, v_thresh=THETA, tau_m=TAU_M, tau_refrac=2.0, cm=1.0
    )
    v = sim.RandomDistribution("uniform", low=0.0, high=THETA)
    exc = sim.Population(N_EXC, cell_type, initial_values={"v": v}, label="excitatory")
    inh = sim.Population(N_INH, cell_type, initial_values={"v": v}, label="inhibitory")
    cells = exc + inh
    for pre, weight in ((exc, J), (inh, -g * J)):
        connector = sim.FixedNumberPreConnector(pre.size // 10)
        synapse = sim.StaticSynapse(weight=weight, delay=DELAY)
        sim.Projection(pre, cells, connector, synapse, receptor_type=pre.label)
    rate = 1000.0 * eta * THETA / (J * TAU_M)  # Hz
    drive = sim.Population(cells.size, sim.SpikeSourcePoisson(rate=rate))
    synapse = sim.StaticSynapse(weight=J, delay=DELAY)
    sim.Projection(drive, cells, sim.OneToOneConnector(), synapse)
    cells.record("spikes")
    sim.run(DURATION)
    trains = [t.magnitude for t in cells.get_data(gather="all").segments[0].spiketrains]
    return trains[:50], np.concatenate(trains)


regimes = [
    ("excitation wins", 3.0, 2.0),
    ("inhibition wins", 5.0, 2.0),
    ("more of both", 6.0, 4.0),
    ("drive below threshold", 4.5, 0.9),
]
results = [simulate(g, eta) for _, g, eta in regimes]

if sim.rank() == 0:
    figure, axes = plt.subplots(
        2, 4, figsize=(11, 4.5), sharex=True, layout="constrained", height_ratios=(2, 1)
    )
    for (name, g, eta), (shown, times), (top, bottom) in zip(regimes, results, axes.T, strict=True):
        top.eventplot(shown, linewidths=0.7)
        top.set(title=f"{name}\ng = {g:g}, eta = {eta:g}", xlim=(BEGIN, DURATION))
        counts, edges = np.histogram(times, np.arange(BEGIN, DURATION + 0.1, 0.5))
        bottom.stairs(counts / (N_EXC + N_INH) / 0.0005, edges, fill=True)
        bottom.set(xlabel="time (ms)", ylim=(0, None))
    axes[0, 0].set_ylabel("cell")
    axes[1, 0].set_ylabel("rate (Hz)")
    plt.show()
