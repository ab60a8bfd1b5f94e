"""
Izhikevich's cells
==================

Four sets of the parameters a, b, c, d (Izhikevich, IEEE Trans. Neural Netw. 14, 2003), one step
of current: cells that spike regularly and adapt, that begin with a burst, that chatter, and that
spike fast.
"""

import matplotlib.pyplot as plt
import numpy as np

import distsim as sim

sim.setup(timestep=0.1, log=False, progress=False)
names = ["regular spiking", "intrinsically bursting", "chattering", "fast spiking"]
a, b, c, d = np.transpose(
    [[0.02, 0.2, -65, 8], [0.02, 0.2, -55, 4], [0.02, 0.2, -50, 2], [0.1, 0.2, -65, 2]]
)
cells = sim.Population(
    4, sim.Izhikevich(a=a, b=b, c=c, d=d), initial_values={"v": -70.0, "u": -70.0 * b}
)
# 10 in Izhikevich's units, for a capacitance of 1 pF
sim.DCSource(amplitude=0.01, start=50.0).inject_into(cells)
cells.record("v")
sim.run(300.0)
(v,) = cells.get_data().segments[0].analogsignals

if sim.rank() == 0:
    figure, axes = plt.subplots(4, figsize=(7, 6), sharex=True, layout="constrained")
    for k, (name, each) in enumerate(zip(names, axes, strict=True)):
        each.plot(v.times, v.magnitude[:, k], linewidth=0.8, color=f"C{k}")
        each.set(title=name, ylabel="v (mV)")
    axes[-1].set_xlabel("time (ms)")
    plt.show()
