"""The network of PyNN's first tutorial: one hundred cells that fire drive one hundred others.

Run it with `python`, or on any number of ranks with `distsim run -n 2 simple_network.py`; spikes
and voltages are the same. It writes one HDF5 file and one picture. `--engine nest`, before the
script's name, has NEST simulate the same network.
"""

import argparse
from pathlib import Path

import distsim as sim

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--output", type=Path, default=Path("results"), help="folder for the results")
options = parser.parse_args()

sim.setup(timestep=0.1, seed=42)

# cells whose resting, threshold and reset potentials vary by 1 mV
cell_type = sim.IF_curr_exp(
    v_rest=sim.RandomDistribution("normal", mu=-65.0, sigma=1.0),
    v_thresh=sim.RandomDistribution("normal", mu=-55.0, sigma=1.0),
    v_reset=sim.RandomDistribution("normal", mu=-65.0, sigma=1.0),
    tau_refrac=1.0,
    tau_m=10.0,
    cm=1.0,
    i_offset=1.7,
)
population1 = sim.Population(100, cell_type, label="Population 1")
population2 = sim.Population(100, cell_type, label="Population 2")
population2.set(i_offset=0)

sim.Projection(
    population1,
    population2,
    sim.FixedProbabilityConnector(p_connect=0.5),
    sim.StaticSynapse(weight=0.5, delay=0.5),
)

population1.record(["v", "spikes"])
population2.record(["v", "spikes"])
sim.run(100.0)

# every rank takes part in gathering the data, rank 0 alone draws and prints
(population1 + population2).write_data(options.output / "simple_network.h5")
segments = [population.get_data().segments[0] for population in (population1, population2)]
counts = [population.mean_spike_count() for population in (population1, population2)]

if sim.rank() == 0:
    from pyNN.utility.plotting import Figure, Panel

    panels = [
        Panel(
            segment.filter(name="v")[0],
            xticks=True,
            yticks=True,
            xlabel="Time (ms)",
            ylabel=f"{name}: v (mV)",
            legend=False,
        )
        for name, segment in zip(("Population 1", "Population 2"), segments, strict=True)
    ]
    picture = options.output / "simple_network.png"
    Figure(*panels, title="Simple network").save(str(picture))
    print(f"spikes per cell: {counts[0]:.2f} in population 1, {counts[1]:.2f} in population 2")
    print(f"wrote {options.output / 'simple_network.h5'} and {picture}")

sim.end()
