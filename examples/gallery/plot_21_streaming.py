"""
Stream to a file, and look at it later
======================================

``record(..., to_file=...)`` writes while the network runs, so that neither memory nor a killed
job costs anything; ``end()`` makes one file of it. The analysis needs no simulator and no MPI,
and reads from the file what it looks at, not more.
"""

import matplotlib.pyplot as plt
import numpy as np

import distsim as sim

sim.setup(timestep=0.1, seed=6, log=False, progress=False)
cells = sim.Population(500, sim.IF_curr_exp(tau_m=15.0, tau_refrac=2.0), label="cells")
noise = sim.Population(500, sim.SpikeSourcePoisson(rate=1500.0))
sim.Projection(noise, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.12, delay=1.0))
# all cells hear a slow sine, too
sim.ACSource(amplitude=0.2, frequency=4.0).inject_into(cells)
cells.record(["spikes", "v"], to_file="results/run.h5", sampling_interval=1.0)
sim.run(1000.0)
sim.end()

# %%
# From here on any Python will do: another day, on a laptop.

if sim.rank() == 0:
    import distsim.io

    with distsim.io.open("results/run.h5") as recording:
        found = recording.segments[0].population("cells")
        signal = found.signal("v")
        print("v in the file:", signal.data.shape, "samples; read:", signal.data[:, :3].shape)
        times, few = signal.times, signal.data[:, :3]
        spikes = found.spikes.times
    figure, (top, bottom) = plt.subplots(2, figsize=(8, 4.5), sharex=True, layout="constrained")
    top.plot(times, few, linewidth=0.6)
    top.set(ylabel="v (mV)", title="Three of 500 cells")
    counts, edges = np.histogram(spikes, np.arange(0.0, 1001.0, 10.0))
    bottom.stairs(counts / 500 / 0.01, edges, label="rate of all cells")
    bottom.plot(
        edges,
        8.0 + 6.0 * np.sin(2 * np.pi * 4.0 * edges / 1000.0),
        "0.6",
        label="the sine (scaled)",
    )
    bottom.set(xlabel="time (ms)", ylabel="rate (Hz)")
    bottom.legend(loc="upper right")
    plt.show()
