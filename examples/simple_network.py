"""PyNN's first tutorial: one hundred cells that fire drive one hundred others.

Run it with `python`, or on any number of ranks with `distsim run -n 2 simple_network.py`; spikes
and voltages are the same. It writes one HDF5 file and one picture. `--step` draws one of the
tutorial's steps towards that network instead. `--engine nest`, before the script's name, has NEST
simulate it.
"""

import argparse
from pathlib import Path

import distsim as sim

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--output", type=Path, default=Path("results"), help="folder for the results")
parser.add_argument(
    "--step",
    choices=["one_cell", "five_alike", "five_different", "network"],
    default="network",
    help="one cell, five that are alike, five that differ, or the network (the default)",
)
options = parser.parse_args()

sim.setup(timestep=0.1, seed=42)

same = {"tau_refrac": 1.0, "tau_m": 10.0, "cm": 1.0, "i_offset": 1.7}
alike = sim.IF_curr_exp(v_rest=-65.0, v_thresh=-55.0, v_reset=-65.0, **same)
# resting, threshold and reset potentials vary by 1 mV from cell to cell
different = sim.IF_curr_exp(
    v_rest=sim.RandomDistribution("normal", mu=-65.0, sigma=1.0),
    v_thresh=sim.RandomDistribution("normal", mu=-55.0, sigma=1.0),
    v_reset=sim.RandomDistribution("normal", mu=-65.0, sigma=1.0),
    **same,
)

if options.step == "network":
    population1 = sim.Population(100, different, label="Population 1")
    population2 = sim.Population(100, different, label="Population 2")
    population2.set(i_offset=0)
    sim.Projection(
        population1,
        population2,
        sim.FixedProbabilityConnector(p_connect=0.5),
        sim.StaticSynapse(weight=0.05, delay=0.5),
    )
    populations = [population1, population2]
    name, title = "simple_network", "Response of simple network"
else:
    size, cell_type, title = {
        "one_cell": (1, alike, "Response of one cell"),
        "five_alike": (5, alike, "Response of five cells that are alike"),
        "five_different": (5, different, "Response of five cells that differ"),
    }[options.step]
    populations = [sim.Population(size, cell_type, label="Population 1")]
    name = options.step

for population in populations:
    population.record(["v", "spikes"])
sim.run(100.0)

# every rank takes part in gathering the data, rank 0 alone draws and prints
sim.Assembly(*populations).write_data(options.output / f"{name}.h5")
blocks = [population.get_data() for population in populations]
counts = [population.mean_spike_count() for population in populations]

if sim.rank() == 0:
    from pyNN.utility.plotting import Figure, Panel

    panels = []
    for population, block in zip(populations, blocks, strict=True):
        segment = block.segments[0]
        # the first five cells, or as many as there are
        v, trains = segment.filter(name="v")[0][:, :5], list(segment.spiketrains[:5])
        panels += [
            Panel(
                v,
                xlim=(0, 100),
                yticks=True,
                ylabel=f"{population.label}: v (mV)",
                legend=False,
            ),
            Panel(trains, yticks=True, markersize=6),
        ]
    panels[-1].options.update(xticks=True, xlabel="Time (ms)")
    engine = blocks[0].annotations["engine"].upper()
    figure = Figure(*panels, title=title, annotations=f"Simulated with {engine}")
    for raster in figure.fig.axes[1::2]:
        raster.set_yticks(range(len(trains)))
    picture = options.output / f"{name}.png"
    figure.save(str(picture))
    for population, count in zip(populations, counts, strict=True):
        print(f"{population.label}: {count:.2f} spikes per cell")
    print(f"wrote {options.output / name}.h5 and {picture}")

sim.end()
