"""
Noise on a membrane
===================

White noise in steps of 0.1 ms, through a membrane that forgets within 20 ms: the potential is an
Ornstein-Uhlenbeck process, and its distribution over time and cells a Gaussian, whose width
follows from the noise in closed form.
"""

import matplotlib.pyplot as plt
import numpy as np

import distsim as sim

N, DT, STDEV, TAU_M, CM = 50, 0.1, 0.5, 20.0, 0.25

sim.setup(timestep=DT, seed=1, log=False, progress=False)
cells = sim.Population(N, sim.IF_curr_exp(tau_m=TAU_M, cm=CM, v_thresh=1000.0))
for k in range(N):  # each cell has noise of its own
    sim.NoisyCurrentSource(mean=0.0, stdev=STDEV).inject_into(cells[k : k + 1])
cells.record("v", sampling_interval=1.0)
sim.run(1200.0)
(v,) = cells.get_data().segments[0].analogsignals

if sim.rank() == 0:
    # v[k + 1] = a v[k] + (1 - a) R I[k], so that its variance is (1 - a) / (1 + a) (R stdev)^2
    a = np.exp(-DT / TAU_M)
    sigma = STDEV * TAU_M / CM * np.sqrt((1.0 - a) / (1.0 + a))
    samples = v.magnitude[200:].ravel()
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 4), sharey=True, layout="constrained", width_ratios=(3, 1)
    )
    left.plot(v.times[:400], v.magnitude[:400, :3], linewidth=0.8)
    left.set(xlabel="time (ms)", ylabel="v (mV)", title="Three cells")
    right.hist(samples, 60, density=True, orientation="horizontal", alpha=0.5)
    grid = np.linspace(-65.0 - 4 * sigma, -65.0 + 4 * sigma, 200)
    density = np.exp(-(((grid + 65.0) / sigma) ** 2) / 2) / sigma / np.sqrt(2 * np.pi)
    right.plot(density, grid, "k")
    right.set(xlabel="density", title=f"sigma: {samples.std():.2f} mV\nexpected: {sigma:.2f} mV")
    plt.show()
