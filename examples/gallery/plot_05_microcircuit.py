"""
A cortical microcircuit, scaled down
====================================

Four layers with an excitatory and an inhibitory population each, connected by the probabilities
that experiments gave (Potjans and Diesmann, Cereb. Cortex 24, 2014). A thirtieth of the cells with
as much smaller indegrees: weights grow by the root of that, and a current replaces the mean of the
input that is lost (van Albada, Helias and Diesmann, PLoS Comput. Biol. 11, 2015). At so small a
scale rates come out lower than those of the full model, in the same order.
"""

import matplotlib.pyplot as plt
import numpy as np

import distsim as sim

SCALE, DURATION, BEGIN = 1 / 30, 600.0, 200.0
LABELS = ["L2/3E", "L2/3I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I"]
FULL_SIZES = np.array([20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948])
PROBABILITIES = np.array([  # target by row, source by column
    [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
    [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
    [0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0.0],
    [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
    [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
    [0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0.0],
    [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
    [0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443],
])  # fmt: skip
EXTERNAL = np.array([1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100])
PUBLISHED = np.array([0.9, 2.9, 4.4, 5.9, 7.6, 8.6, 1.1, 7.8])  # Hz
BACKGROUND, TAU_SYN = 8.0, 0.5  # Hz, ms

weights = np.tile([0.0878, -4 * 0.0878] * 4, (8, 1))  # nA
weights[0, 2] *= 2.0
sizes = np.rint(FULL_SIZES * SCALE).astype(int)
pairs = np.outer(FULL_SIZES, FULL_SIZES)
full = np.log(1.0 - PROBABILITIES) / np.log1p(-1.0 / pairs)  # synapses
numbers = np.rint(full * SCALE**2).astype(int)
mean_input = (full / FULL_SIZES[:, None] * weights * PUBLISHED).sum(axis=1)
mean_input += EXTERNAL * BACKGROUND * weights[0, 0]
lost = 0.001 * TAU_SYN * (1.0 - np.sqrt(SCALE)) * mean_input  # nA
weights /= np.sqrt(SCALE)

sim.setup(timestep=0.1, seed=55, log=False, progress=False)
v = sim.RandomDistribution("normal", mu=-60.0, sigma=5.0)
layers = [
    sim.Population(
        n,
        sim.IF_curr_exp(
            v_rest=-65.0, v_reset=-65.0, v_thresh=-50.0, cm=0.25, tau_m=10.0, tau_refrac=2.0,
            tau_syn_E=TAU_SYN, tau_syn_I=TAU_SYN, i_offset=current,
        ),
        initial_values={"v": v},
        label=label,
    )
    for n, current, label in zip(sizes, lost, LABELS, strict=True)
]  # fmt: skip
for i, post in enumerate(layers):
    for j, pre in enumerate(layers):
        if numbers[i, j]:
            w, d = weights[i, j], 1.5 if j % 2 == 0 else 0.75
            spread = sim.RandomDistribution("normal", mu=w, sigma=0.1 * abs(w))
            delay = sim.RandomDistribution(
                "normal_clipped", mu=d, sigma=0.5 * d, low=0.1, high=4 * d
            )
            sim.Projection(
                pre, post,
                sim.FixedTotalNumberConnector(int(numbers[i, j]), with_replacement=True),
                sim.StaticSynapse(weight=spread, delay=delay),
                receptor_type="inhibitory" if j % 2 else "excitatory",
            )  # fmt: skip
    drive = sim.SpikeSourcePoisson(rate=EXTERNAL[i] * SCALE * BACKGROUND)
    background = sim.Population(post.size, drive)
    synapse = sim.StaticSynapse(weight=weights[0, 0], delay=1.5)
    sim.Projection(background, post, sim.OneToOneConnector(), synapse)
    post.record("spikes")
sim.run(DURATION)
segments = [post.get_data().segments[0] for post in layers]

if sim.rank() == 0:
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 5), layout="constrained", width_ratios=(2, 1)
    )
    row, rates = 0, []
    for k, segment in enumerate(segments):
        trains = [t.magnitude[t.magnitude > BEGIN] for t in segment.spiketrains]
        rates.append(1000.0 * np.mean([len(t) for t in trains]) / (DURATION - BEGIN))
        colour = "C3" if k % 2 else "C0"
        for cell, train in enumerate(trains):
            left.plot(train, np.full(len(train), row + cell), ".", color=colour, markersize=1.5)
        row += len(trains)
    left.set(xlabel="time (ms)", ylim=(row, 0), title=f"Spikes of all {row} cells")
    left.set_yticks(np.cumsum(sizes) - sizes / 2, LABELS)
    right.barh(np.arange(8), rates, color=["C0", "C3"] * 4, label="here")
    right.plot(PUBLISHED, np.arange(8), "kd", label="full model, published")
    right.set(xlabel="mean rate (Hz)", ylim=(7.6, -0.6), yticks=[])
    right.legend(loc="upper right")
    plt.show()
