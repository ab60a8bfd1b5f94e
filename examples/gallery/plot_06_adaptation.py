"""
Adaptation and bursting
=======================

One cell type, the adaptive exponential integrate-and-fire cell of Brette and Gerstner (2005), and
one step of current. How much a spike adds to the adaptation current, how fast that decays, and
whereto the potential is reset, make of it a cell that spikes regularly, one that slows down, or
one that spikes in bursts.
"""

import matplotlib.pyplot as plt

import distsim as sim

sim.setup(timestep=0.1, log=False, progress=False)
patterns = {
    "tonic": {"a": 0.0, "b": 0.0, "tau_w": 30.0, "v_reset": -60.0},
    "adapting": {"a": 0.0, "b": 0.06, "tau_w": 200.0, "v_reset": -60.0},
    "bursting": {"a": 0.0, "b": 0.1, "tau_w": 120.0, "v_reset": -46.0},
}
cells = sim.Population(
    3,
    sim.EIF_cond_exp_isfa_ista(
        cm=0.2, tau_m=20.0, v_rest=-70.0, v_thresh=-50.0, delta_T=2.0, tau_refrac=1.0,
        **{name: [p[name] for p in patterns.values()] for name in ("a", "b", "tau_w", "v_reset")},
    ),
    initial_values={"v": -70.0},
)  # fmt: skip
sim.DCSource(amplitude=0.5, start=50.0).inject_into(cells)
cells.record(["v", "w", "spikes"])
sim.run(500.0)
segment = cells.get_data().segments[0]

if sim.rank() == 0:
    v, w = (segment.filter(name=name)[0] for name in ("v", "w"))
    figure, axes = plt.subplots(2, 3, figsize=(10, 4.5), sharex=True, layout="constrained")
    for k, (name, (top, bottom)) in enumerate(zip(patterns, axes.T, strict=True)):
        top.plot(v.times, v.magnitude[:, k], linewidth=0.8)
        top.vlines(segment.spiketrains[k].magnitude, -45.0, 0.0, linewidth=0.8)
        top.set(title=name, ylim=(-75.0, 5.0))
        bottom.plot(w.times, w.magnitude[:, k], color="C1", linewidth=0.8)
        bottom.set(xlabel="time (ms)")
    axes[0, 0].set_ylabel("v (mV)")
    axes[1, 0].set_ylabel("w (nA)")
    plt.show()
