"""What one way to exchange spikes sends; prints one JSON row.

    distsim run -n 16 benchmarks/exchange_volume.py --exchange directed

Cells lie on a ring of ranks, and hear cells near them: each has as many sources, drawn from a
window of cells, as in a network with local connections. Counts, not times: there may be more ranks
than cores. The checksum is of all spikes; it must be the same for any number of ranks.
"""

import argparse
import json
import zlib

import numpy as np

import distsim as sim
from distsim.pynn.simulator import state


def build(n_cells, indegree, window, exchange, seed):
    """Describe the network; return its cells."""
    sim.setup(timestep=0.1, seed=seed, log=False, progress=False, exchange=exchange)
    cells = sim.Population(
        n_cells,
        sim.IF_curr_exp(cm=0.25, tau_m=20.0, tau_refrac=2.0, i_offset=0.17),
        initial_values={"v": sim.RandomDistribution("uniform", low=-65.0, high=-50.0)},
    )
    noise = sim.Population(n_cells, sim.SpikeSourcePoisson(rate=1000.0))
    sim.Projection(noise, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.05, delay=0.1))
    rng = np.random.default_rng(7)
    shifts = rng.integers(-(window // 2), window // 2 + 1, (n_cells, indegree))
    targets = np.repeat(np.arange(n_cells), indegree)
    sources = (targets + shifts.ravel()) % n_cells
    links = [(int(i), int(j), -0.02, 1.0) for i, j in zip(sources, targets, strict=True)]
    sim.Projection(cells, cells, sim.FromListConnector(links), sim.StaticSynapse())
    cells.record("spikes")
    return cells


def main():
    """Run, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=1280)
    parser.add_argument("--indegree", type=int, default=20)
    parser.add_argument("--window", type=int, default=160, help="cells that a cell can hear")
    parser.add_argument("--exchange", default="auto")
    parser.add_argument("--duration", type=float, default=100.0, help="[ms]")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    cells = build(options.cells, options.indegree, options.window, options.exchange, options.seed)
    sim.run(0.1)  # builds
    simulation = state.simulation
    traffic = simulation.exchange.traffic
    before = np.array([traffic.n_collectives, traffic.n_messages, traffic.n_bytes])
    n_epochs = simulation.counters["epochs"]
    sim.run(options.duration)
    after = np.array([traffic.n_collectives, traffic.n_messages, traffic.n_bytes])
    mine = (after - before) / (simulation.counters["epochs"] - n_epochs)
    everyone = np.empty((sim.num_processes(), 3))
    simulation.comm.Allgather(mine, everyone)
    trains = cells.get_data("spikes").segments[0].spiketrains
    senders, times = (np.asarray(values) for values in trains.multiplexed)
    order = np.lexsort((senders, times))
    if sim.rank() == 0:
        spikes = np.rint(times[order] * 10).astype(np.int64).tobytes() + senders[order].tobytes()
        row = {
            "ranks": sim.num_processes(),
            "exchange": simulation.exchange.name,
            "cells": options.cells,
            "spikes": len(times),
            "checksum": zlib.crc32(spikes),
            "collectives_per_epoch": round(float(everyone[:, 0].max()), 2),
            "messages_per_epoch_and_rank": round(float(everyone[:, 1].mean()), 2),
            "bytes_per_epoch_and_rank": round(float(everyone[:, 2].mean()), 1),
        }
        print(json.dumps(row))


if __name__ == "__main__":
    main()
