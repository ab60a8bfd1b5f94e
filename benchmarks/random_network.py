"""A random network of 20,000 cells and 2 million synapses: construction, run and overhead.

    distsim run -n 2 benchmarks/random_network.py
    distsim run -n 2 benchmarks/random_network.py --cells-per-rank 10000

Kernels are compiled, or loaded from the cache, by a first small run that is not counted. Rank 0
prints one JSON row.
"""

import argparse
import json
import resource
import time

import distsim as sim
from distsim.pynn.simulator import state

N_CELLS, INDEGREE, DURATION = 20_000, 100, 1000.0


def build(n_cells, indegree, seed=1):
    """Describe a network of excitatory and inhibitory cells that fires irregularly."""
    sim.setup(timestep=0.1, seed=seed, log=False)
    n_exc = n_cells * 4 // 5
    cell_type = sim.IF_curr_exp(
        tau_m=20.0, cm=0.25, tau_syn_E=2.0, tau_syn_I=2.0, tau_refrac=2.0, i_offset=0.17
    )
    exc = sim.Population(n_exc, cell_type, label="exc")
    inh = sim.Population(n_cells - n_exc, cell_type, label="inh")
    cells = exc + inh
    cells.initialize(v=sim.RandomDistribution("uniform", low=-65.0, high=-50.0))
    drive = sim.Population(n_cells, sim.SpikeSourcePoisson(rate=1000.0), label="drive")
    delay = sim.RandomDistribution("uniform", low=1.0, high=2.0)
    projections = [
        sim.Projection(
            source,
            cells,
            sim.FixedNumberPreConnector(n=n, with_replacement=True),
            sim.StaticSynapse(
                weight=sim.RandomDistribution("normal", mu=weight, sigma=abs(weight) / 10),
                delay=delay,
            ),
        )
        for source, n, weight in (
            (exc, indegree * 4 // 5, 0.04),
            (inh, indegree - indegree * 4 // 5, -0.2),
        )
    ]
    sim.Projection(drive, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.05, delay=0.1))
    cells.record("spikes")
    return cells, projections


def main():
    """Warm up, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells-per-rank", type=int, help=f"else {N_CELLS} in all")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    n_cells = N_CELLS
    if options.cells_per_rank:
        n_cells = options.cells_per_rank * sim.num_processes()
    build(200, 20)
    sim.run(10.0)

    started = time.perf_counter()
    cells, projections = build(n_cells, INDEGREE, options.seed)
    state.build()
    built = time.perf_counter()
    sim.run(DURATION)
    ran = time.perf_counter()

    networks = state.simulation.networks.values()
    n_local = sum(network.n_synapses for network in networks)
    n_synapse_bytes = sum(network.arrivals.rows.weight.nbytes for network in networks)
    # targets and weights are two views of the same memory
    n_index_bytes = sum(
        array.nbytes
        for network in networks
        for name, array in network.arrivals.rows._asdict().items()
        if name not in ("target", "weight")
    )
    counters, memory = state.simulation.counters, resource.getrusage(resource.RUSAGE_SELF)
    row = {
        "ranks": sim.num_processes(),
        "cells": n_cells,
        "synapses": sum(projection.size() for projection in projections),
        "rate_hz": round(cells.mean_spike_count() / DURATION * 1000.0, 3),
        "construction_s": round(built - started, 3),
        "run_s": round(ran - built, 3),
        "real_time_factor": round((ran - built) / DURATION * 1000.0, 3),
        "ns_per_event_all_included": round((ran - built) / max(counters["events"], 1) * 1e9, 2),
        "bytes_per_synapse": round(n_synapse_bytes / n_local, 2),
        "bytes_per_synapse_with_index": round((n_synapse_bytes + n_index_bytes) / n_local, 2),
        "epochs": counters["epochs"],
        "peak_rss_mb": round(memory.ru_maxrss / 1024),
    }
    if sim.rank() == 0:
        print(json.dumps(row))


if __name__ == "__main__":
    main()
