"""Synapses compete: spike-timing-dependent plasticity drives weights to their bounds.

Ten cells hear of 400 random sources each, through synapses whose weights change with each pair of
spikes, as in Song, Miller and Abbott (2000): potentiation is slightly weaker than depression. At
first all weights are alike and the cells fire fast; then most weights fall and some stay high,
until cells fire slowly and irregularly. Run it with `python`, or on any number of ranks with
`distsim run -n 2 stdp.py`: weights, file and picture are the same.
"""

import argparse
from pathlib import Path

import numpy as np

import distsim as sim

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--output", type=Path, default=Path("results"), help="folder for the results")
parser.add_argument("--cells", type=int, default=10)
parser.add_argument("--duration", type=float, default=40_000.0, help="[ms]")
options = parser.parse_args()

N_SOURCES, RATE = 400, 20.0  # Hz
W_MAX = 0.0003  # uS

sim.setup(timestep=0.1, seed=42, log=False)
cell_type = sim.IF_cond_exp(
    v_rest=-70.0, v_reset=-60.0, v_thresh=-54.0, tau_m=20.0, cm=0.2, tau_refrac=1.0,
    e_rev_E=0.0, tau_syn_E=5.0, e_rev_I=-70.0, tau_syn_I=5.0,
)  # fmt: skip
cells = sim.Population(options.cells, cell_type, initial_values={"v": -70.0}, label="cells")
sources = sim.Population(N_SOURCES, sim.SpikeSourcePoisson(rate=RATE), label="sources")
stdp = sim.STDPMechanism(
    timing_dependence=sim.SpikePairRule(tau_plus=20.0, tau_minus=20.0, A_plus=0.02, A_minus=0.021),
    weight_dependence=sim.AdditiveWeightDependence(w_min=0.0, w_max=W_MAX),
    weight=W_MAX / 2,
    delay=1.0,
)
projection = sim.Projection(sources, cells, sim.AllToAllConnector(), stdp, label="learning")
projection.record("weight", sampling_interval=options.duration / 100)
cells.record("spikes")

sim.run(options.duration)

weights = projection.get_data().segments[0].analogsignals
options.output.mkdir(parents=True, exist_ok=True)
projection.write_data(str(options.output / "stdp.h5"))
trains = cells.get_data().segments[0].spiketrains

if sim.rank() == 0:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    relative = np.asarray(weights[0]) / W_MAX
    times = weights[0].times.rescale("s").magnitude
    spikes = np.concatenate([train.magnitude for train in trains]) / 1000.0
    bins = np.linspace(0.0, 1.0, 21)
    part = np.stack([np.histogram(row, bins)[0] for row in relative], axis=1) / relative.shape[1]
    figure, (top, middle, bottom) = plt.subplots(3, 1, figsize=(7, 8), layout="constrained")
    image = top.imshow(
        part, origin="lower", aspect="auto", vmax=0.2, extent=(times[0], times[-1], 0, 1)
    )
    figure.colorbar(image, ax=top, label="part of the synapses", extend="max")
    top.set(xlabel="Time (s)", ylabel="weight / w_max", title="Weights over time")
    middle.hist(relative[-1], bins, label="at the end")
    middle.axvline(relative[0, 0], color="k", linestyle=":", label="all at the beginning")
    middle.set(xlabel="weight / w_max", ylabel="synapses", title="Weights at the end")
    middle.legend()
    width = options.duration / 1000.0 / 40
    counts, edges = np.histogram(spikes, np.arange(41) * width)
    bottom.step(edges[:-1], counts / width / options.cells, where="post")
    bottom.set(
        xlabel="Time (s)", ylabel="rate (Hz)", title="Mean rate of the cells", ylim=(0, None)
    )
    picture = options.output / "stdp.png"
    figure.savefig(picture)
    first, last = (counts[k] / width / options.cells for k in (0, -1))
    print(f"rate: {first:.1f} Hz at first, {last:.1f} Hz at the end")
    low, high = (relative[-1] < 0.1).mean(), (relative[-1] > 0.9).mean()
    print(f"weights: {low:.0%} below a tenth of w_max, {high:.0%} above nine tenths")
    print(f"wrote {picture}")

sim.end()
