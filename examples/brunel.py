"""Network of Brunel (J. Comput. Neurosci. 8, 2000): sparse, random, inhibition-dominated.

Cells whose potential jumps at each spike, an external Poisson drive, and asynchronous irregular
activity. It prints the mean rates.
"""

import argparse

import distsim as sim

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--cells", type=int, default=5000, help="4 of 5 are excitatory")
parser.add_argument("--duration", type=float, default=500.0, help="[ms]")
options = parser.parse_args()

# jump of the potential [mV], inhibition over excitation, external drive over what just suffices
J, G, ETA = 0.1, 5.0, 2.0
DELAY, TAU_M, THETA = 1.5, 20.0, 20.0
n_exc = options.cells * 4 // 5
n_inh = options.cells - n_exc
# a tenth of the cells project to each; jumps grow as inputs become fewer than 1,000
c_exc, c_inh = n_exc // 10, n_inh // 10
jump = J * 1000.0 / c_exc * 0.4

sim.setup(timestep=0.1, seed=9)
cell_type = sim.IF_curr_delta(
    v_rest=0.0, v_reset=10.0, v_thresh=THETA, tau_m=TAU_M, tau_refrac=2.0, cm=1.0
)
v = sim.RandomDistribution("uniform", low=0.0, high=THETA)
exc, inh = (
    sim.Population(n, cell_type, initial_values={"v": v}, label=label)
    for n, label in ((n_exc, "excitatory"), (n_inh, "inhibitory"))
)
cells = exc + inh
for pre, n, weight in ((exc, c_exc, jump), (inh, c_inh, -G * jump)):
    synapse = sim.StaticSynapse(weight=weight, delay=DELAY)
    sim.Projection(pre, cells, sim.FixedNumberPreConnector(n), synapse, receptor_type=pre.label)
rate = 1000.0 * ETA * THETA / (jump * TAU_M)  # Hz
drive = sim.Population(options.cells, sim.SpikeSourcePoisson(rate=rate), label="drive")
synapse = sim.StaticSynapse(weight=jump, delay=DELAY)
sim.Projection(drive, cells, sim.OneToOneConnector(), synapse)
cells.record("spikes")
exc[:3].record("v")
sim.run(options.duration)
rates = [1000.0 * p.mean_spike_count() / options.duration for p in (exc, inh)]
if sim.rank() == 0:
    print(f"{rates[0]:.2f} Hz excitatory, {rates[1]:.2f} Hz inhibitory")
sim.end()
