"""
One warm-up, several futures
============================

A checkpoint after the transient, and runs that go on from there: with the same seed one that is
the same to the bit as if nothing had been written, with other seeds others, as random input and
noise are drawn anew. Connections and the past stay.
"""

from pathlib import Path

import matplotlib.pyplot as plt

import distsim as sim


def describe():
    """Describe cells that hear noise and inhibit each other."""
    sim.setup(timestep=0.1, seed=7, log=False, progress=False)
    cells = sim.Population(200, sim.IF_curr_exp(tau_m=15.0, tau_refrac=2.0), label="cells")
    noise = sim.Population(200, sim.SpikeSourcePoisson(rate=1500.0))
    drive = sim.StaticSynapse(weight=0.12, delay=1.0)
    sim.Projection(noise, cells, sim.OneToOneConnector(), drive)
    inhibition = sim.StaticSynapse(weight=-0.1, delay=1.5)
    sim.Projection(cells, cells, sim.FixedNumberPreConnector(20), inhibition)
    cells[:1].record("v")
    return cells


def last_v(cells):
    """Return times and potentials of the recorded cell."""
    (v,) = cells.get_data(gather="all").segments[0].analogsignals
    return v.times.magnitude, v.magnitude[:, 0]


Path("results").mkdir(exist_ok=True)
cells = describe()
sim.run(100.0)
sim.checkpoint("results/warm.h5")
sim.run(100.0)
futures = {"it went on": last_v(cells)}
for seed in (None, 8, 9):
    cells = describe()
    sim.restore("results/warm.h5", **({} if seed is None else {"seed": seed}))
    sim.run(100.0)
    name = "restored" if seed is None else f"restored, seed = {seed}"
    futures[name] = last_v(cells)

if sim.rank() == 0:
    figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
    styles = ["k", "C1--", "C0", "C2"]
    for style, (name, (times, v)) in zip(styles, futures.items(), strict=True):
        axes.plot(times, v, style, linewidth=1.2, label=name)
    axes.axvline(100.0, color="0.6", linewidth=1.0)
    axes.set(xlabel="time (ms)", ylabel="v of one cell (mV)", xlim=(60.0, 160.0))
    axes.legend(loc="lower left")
    plt.show()
