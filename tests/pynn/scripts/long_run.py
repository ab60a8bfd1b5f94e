"""A run that makes checkpoints, and can be stopped: long_run.py OUTPUT.npz T [STOP], on any ranks.

While a file `hold` is beside the output, it waits at each second of its time for a signal. From the
time STOP on, its last rank sends one to itself.
"""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

import distsim as sim

output, duration, stop = sys.argv[1], float(sys.argv[2]), float((*sys.argv[3:], "inf")[0])
sim.setup(timestep=0.1, seed=11, log="INFO")


def wait_for_signal(t):
    while (
        t > 500.0 and Path(output).with_name("hold").exists() and not sim.state.triggers.is_noted()
    ):
        time.sleep(0.05)
    return t + 1000.0


def stop_oneself(t):
    if t >= stop and sim.rank() == sim.num_processes() - 1:
        signal.raise_signal(signal.SIGUSR2)
    return t + 50.0


offset = sim.RandomDistribution("uniform", low=0.9, high=1.2)
cells = sim.Population(60, sim.IF_curr_exp(i_offset=offset), label="cells")
noise = sim.Population(20, sim.SpikeSourcePoisson(rate=100.0), label="noise")
rule, dependence = sim.SpikePairRule(), sim.AdditiveWeightDependence(w_max=0.5)
delays = sim.RandomDistribution("uniform", low=0.3, high=3.0)
learning = sim.STDPMechanism(rule, dependence, weight=0.1, delay=delays)
plastic = sim.Projection(cells, cells, sim.FixedProbabilityConnector(0.2), learning)
static = sim.StaticSynapse(weight=0.2, delay=1.0)
sim.Projection(noise, cells, sim.FixedProbabilityConnector(0.2), static)
cells.record("spikes")
cells[:2].record("v")
sim.run(20.0)
noise.set(rate=200.0)
if sim.rank() == 0:
    print(f"process {os.getpid()}", flush=True)
sim.run(duration, callbacks=[wait_for_signal, stop_oneself])
(segment,) = cells.get_data(gather=True).segments
weights = plastic.get("weight", "array")
if sim.rank() == 0:
    spikes = np.concatenate([train.magnitude for train in segment.spiketrains])
    np.savez(output, spikes=spikes, v=segment.analogsignals[0].magnitude, weights=weights)
sim.end()
