"""A job that is killed while it runs: `killed.py <file> <which rank, or all, or none>`."""

import os
import signal
import sys

import numpy as np

import distsim as sim
from distsim.network import spool

path, who = sys.argv[1:]
spool.FLUSH_SECONDS = 0.05
sim.setup(timestep=0.1, seed=5, log=False, progress=False)
assert sim.num_processes() == int(os.environ.get("DISTSIM_TEST_N_RANKS", "1"))
cells = sim.Population(30, sim.IF_curr_exp(i_offset=np.linspace(0.8, 2.0, 30)), label="cells")
noise = sim.Population(20, sim.SpikeSourcePoisson(rate=100.0), label="noise")
synapse = sim.StaticSynapse(weight=0.2, delay=1.0)
sim.Projection(noise, cells, sim.FixedProbabilityConnector(0.3), synapse)
cells.record(["spikes", "v"], to_file=path, sampling_interval=1.0)
noise.record("spikes", to_file=path)


def kill(t):
    """End this process as the system's killer of processes does, in mid-run."""
    is_meant = who == "all" or who == str(sim.rank())
    if is_meant and t >= 10_000.0:
        os.kill(os.getpid(), signal.SIGKILL)
    return t + 1000.0


sim.run(12_500.0, callbacks=[kill])
sim.end()
