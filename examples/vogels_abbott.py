"""Network of Vogels and Abbott (J. Neurosci. 25, 2005), in the form of Brette et al. (2007).

Excitatory and inhibitory cells, connected at random, that keep themselves going: `--synapses cuba`
with currents, `coba` with conductances, set going by Poisson sources. It prints the mean rates.
"""

import argparse

import distsim as sim

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--synapses", choices=["cuba", "coba"], default="cuba")
parser.add_argument("--cells", type=int, default=4000, help="4 of 5 are excitatory")
parser.add_argument("--duration", type=float, default=1000.0, help="[ms]")
options = parser.parse_args()
is_cuba = options.synapses == "cuba"

sim.setup(timestep=0.1, seed=5)
shared = {"v_reset": -60.0, "v_thresh": -50.0, "cm": 0.2, "tau_m": 20.0, "tau_refrac": 5.0}
shared |= {"tau_syn_E": 5.0, "tau_syn_I": 10.0}
if is_cuba:
    cell_type = sim.IF_curr_exp(v_rest=-49.0, **shared)
    weights = {"excitatory": 0.00027 * 60.0, "inhibitory": -0.0045 * 20.0}
else:
    cell_type = sim.IF_cond_exp(v_rest=-60.0, e_rev_E=0.0, e_rev_I=-80.0, **shared)
    weights = {"excitatory": 0.004, "inhibitory": 0.051}
n_exc = options.cells * 4 // 5
v = sim.RandomDistribution("uniform", low=-60.0, high=-50.0)
exc, inh = (
    sim.Population(n, cell_type, initial_values={"v": v}, label=label)
    for n, label in ((n_exc, "excitatory"), (options.cells - n_exc, "inhibitory"))
)
cells = exc + inh
# 80 inputs per cell, whatever the size
connector = sim.FixedProbabilityConnector(min(1.0, 80.0 / options.cells))
for pre in (exc, inh):
    synapse = sim.StaticSynapse(weight=weights[pre.label], delay=0.2)
    sim.Projection(pre, cells, connector, synapse, receptor_type=pre.label)
if not is_cuba:
    kick = sim.Population(80, sim.SpikeSourcePoisson(rate=80.0, duration=50.0), label="kick")
    synapse = sim.StaticSynapse(weight=weights["excitatory"], delay=0.2)
    sim.Projection(kick, cells, sim.FixedProbabilityConnector(0.05), synapse)
cells.record("spikes")
exc[:3].record("v")
sim.run(options.duration)
rates = [1000.0 * p.mean_spike_count() / options.duration for p in (exc, inh)]
if sim.rank() == 0:
    print(f"{rates[0]:.2f} Hz excitatory, {rates[1]:.2f} Hz inhibitory")
sim.end()
