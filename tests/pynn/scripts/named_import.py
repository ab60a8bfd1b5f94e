"""Integrate-and-fire cells under a step of current, with static and dynamic synapses."""

import numpy as np
import pyNN.nest as sim

sim.setup(
    timestep=0.1,
    min_delay=0.1,
    max_delay=10.0,
    spike_precision="on_grid",
    threads=1,
    rng_seed=7,
    verbosity="error",
)
cells = sim.Population(4, sim.IF_curr_exp(tau_m=15.0, tau_refrac=2.0), label="cells")
cells.set(i_offset=np.linspace(0.5, 1.2, 4))
readers = sim.Population(2, sim.IF_curr_exp, {"cm": 0.5}, label="readers")
step = sim.StepCurrentSource(times=[40.0, 80.0], amplitudes=[0.6, 0.0])
step.inject_into(cells[1:3])
static = sim.StaticSynapse(weight=2.0, delay=1.5)
depressing = sim.TsodyksMarkramSynapse(U=0.5, tau_rec=100.0, tau_facil=0.0, weight=5.0, delay=0.5)
sim.Projection(cells, readers, sim.FromListConnector([(0, 0), (3, 0), (2, 1)]), static)
sim.Projection(cells, readers, sim.OneToOneConnector(), depressing, receptor_type="excitatory")
cells.record("spikes")
readers.record(["spikes", "v"])
sim.run(60.0)
cells[3:].set(i_offset=0.0)
sim.run(60.0)

trains = [*cells.get_data("spikes").segments[0].spiketrains]
trains += [*readers.get_data("spikes").segments[0].spiketrains]
v = readers.get_data("v").segments[0].filter(name="v")[0]
results = {
    "spikes": [np.round(train.magnitude, 6).tolist() for train in trains],
    "v": np.round(v.magnitude[::100, 0], 6).tolist(),
    "units": str(v.units.dimensionality),
}
sim.end()
