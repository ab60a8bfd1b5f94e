"""What the kernels cost on one core; prints one JSON row.

    python kernels.py

Each figure is the fastest of several repeats, after one that compiles or loads the kernel: ns per
cell and step for each model's update and for the Poisson drive, ns per synaptic event for queueing
and delivery, on a network as one of two ranks has it of the full-scale microcircuit.
"""

import argparse
import json
import time

import numpy as np
from numba import njit

import distsim as sim
from distsim.kernels.delivery import deliver, empty_queue, enqueue_spikes
from distsim.kernels.drive import drive
from distsim.kernels.epoch import settle, update
from distsim.kernels.spike_keys import spike_key
from distsim.models import CELL_MODELS
from distsim.pynn.simulator import state

N_STEPS, N_REPEATS = 100, 20


@njit
def repeat_update(n, cells, coefficients):
    """Advance cells by n steps."""
    for _ in range(n):
        update(cells, coefficients)
        settle(cells, coefficients)


@njit
def repeat_drive(n, drives, inputs):
    """Draw the Poisson input of n steps; return the number of spikes."""
    n_events = 0
    for step in range(100, 100 + n):
        n_events += drive(step, drives, inputs)
    return n_events


@njit
def repeat_delivery(first, spikes, queue, connectome, inputs):
    """Queue the spikes of each step and deliver what arrives; return the number of events."""
    n_events = 0
    for k in range(spikes.shape[0]):
        step = first + k
        keys = spike_key(step - 1, spikes[k])
        enqueue_spikes(queue, connectome, keys, 0)
        n_events += deliver(step, queue, connectome, inputs)
    return n_events


def fastest(function, *arguments):
    """Return the seconds of the fastest of several calls."""
    function(*arguments)
    seconds = []
    for _ in range(N_REPEATS):
        started = time.perf_counter()
        function(*arguments)
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def built(name, n_cells):
    """Return the network of one group of quiet cells."""
    sim.setup(timestep=0.1, seed=1, log=False, progress=False)
    cells = sim.Population(n_cells, getattr(sim, name)())
    return cells, lambda: state.simulation.networks[CELL_MODELS[name]]


def update_ns(name, n_cells):
    """Return the ns per cell and step of a model's update."""
    _, network = built(name, n_cells)
    # the cells alone: what else a run takes would be compiled for each model, too
    group = network().group
    group.build()
    group.refresh()
    arguments = N_STEPS, group.cells, group.coefficients
    return fastest(repeat_update, *arguments) / N_STEPS / n_cells * 1e9


def drive_ns(rate, n_cells):
    """Return the ns per cell and step of private Poisson input."""
    cells, network = built("IF_curr_exp", n_cells)
    sources = sim.Population(n_cells, sim.SpikeSourcePoisson(rate=rate))
    synapse = sim.StaticSynapse(weight=0.1, delay=1.5)
    sim.Projection(sources, cells, sim.OneToOneConnector(), synapse)
    state.build()
    inputs = network().group.cells.state
    return fastest(repeat_drive, N_STEPS, network().drives, inputs) / N_STEPS / n_cells * 1e9


def delivery_ns(n_cells, n_sources, indegree, n_spikes):
    """Return ns per synaptic event, and bytes per synapse without and with the index of runs."""
    cells, network = built("IF_curr_exp", n_cells)
    sources = sim.Population(n_sources, sim.SpikeSourceArray())
    weight = sim.RandomDistribution("normal", mu=0.1, sigma=0.01)
    delay = sim.RandomDistribution("normal_clipped", mu=1.5, sigma=0.75, low=0.1, high=6.4)
    connector = sim.FixedNumberPreConnector(n=indegree, with_replacement=True)
    sim.Projection(sources, cells, connector, sim.StaticSynapse(weight=weight, delay=delay))
    state.build()
    connectome, first_gid = network().arrivals.rows, int(sources[0])
    spikes = np.sort(np.random.default_rng(1).integers(0, n_sources, (300, n_spikes)) + first_gid)
    queue, inputs = empty_queue(2**16), network().group.cells.state
    repeat_delivery(1, spikes, queue, connectome, inputs)
    seconds, first = [], 301
    for _ in range(N_REPEATS):
        started = time.perf_counter()
        n_events = repeat_delivery(first, spikes, queue, connectome, inputs)
        seconds.append((time.perf_counter() - started) / n_events)
        first += 300
    index = sum(
        array.nbytes
        for name, array in connectome._asdict().items()
        if name not in ("target", "weight")
    )
    n_synapses = n_cells * indegree
    both = connectome.weight.nbytes, connectome.weight.nbytes + index
    return min(seconds) * 1e9, [round(n / n_synapses, 2) for n in both]


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=38_500)
    parser.add_argument("--sources", type=int, default=20_000)
    parser.add_argument("--row", type=int, default=1940, help="targets of a source")
    parser.add_argument("--spikes", type=int, default=31, help="per step")
    parser.add_argument("--seed", type=int, default=1, help="not used: the work is the same")
    options = parser.parse_args()
    indegree = options.row * options.sources // options.cells
    event_ns, n_bytes = delivery_ns(options.cells, options.sources, indegree, options.spikes)
    row = {
        "cells": options.cells,
        "update_ns": {name: round(update_ns(name, options.cells), 2) for name in CELL_MODELS},
        "drive_ns": {rate: round(drive_ns(rate, options.cells), 2) for rate in (1000, 16_000)},
        "event_ns": round(event_ns, 2),
        "bytes_per_synapse": n_bytes[0],
        "bytes_per_synapse_with_index": n_bytes[1],
    }
    print(json.dumps(row))


if __name__ == "__main__":
    main()
