"""A run that takes a while: paced_run.py OUTPUT.npz T [PAUSE], on any ranks.

At each 20 ms of its time it waits for PAUSE seconds, and at each 100 ms says so.
"""

import sys
import time

import numpy as np

import distsim as sim

output, duration, pause = sys.argv[1], float(sys.argv[2]), float((*sys.argv[3:], "0")[0])
sim.setup(timestep=0.1, seed=11, log="INFO")


def wait(t):
    time.sleep(pause)
    if sim.rank() == 0 and round(t) % 100 == 0:
        print(f"t = {t:g} ms on {sim.num_processes()} ranks", flush=True)
    return t + 20.0


offset = sim.RandomDistribution("uniform", low=0.9, high=1.2)
cells = sim.Population(60, sim.IF_curr_exp(i_offset=offset), label="cells")
noise = sim.Population(20, sim.SpikeSourcePoisson(rate=100.0), label="noise")
learning = sim.STDPMechanism(
    sim.SpikePairRule(), sim.AdditiveWeightDependence(w_max=0.5), weight=0.1, delay=10.0
)
plastic = sim.Projection(cells, cells, sim.FixedProbabilityConnector(0.2), learning)
static = sim.StaticSynapse(weight=0.2, delay=10.0)
sim.Projection(noise, cells, sim.FixedProbabilityConnector(0.2), static)
cells.record("spikes")
cells[:2].record("v")
sim.run(duration, callbacks=[wait])
(segment,) = cells.get_data(gather=True).segments
weights = plastic.get("weight", "array")
if sim.rank() == 0:
    spikes = np.concatenate([train.magnitude for train in segment.spiketrains])
    np.savez(output, spikes=spikes, v=segment.analogsignals[0].magnitude, weights=weights)
sim.end()
