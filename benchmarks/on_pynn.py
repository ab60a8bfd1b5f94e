"""Build and run a network through the PyNN API, and measure it."""

import time

import numpy as np
from measures import peak_memory, print_row
from mpi4py import MPI


def measure(sim, build, options, tiny, network, simulator="distsim"):
    """Warm up, build, discard the beginning, measure, print; every rank must call it.

    Parameters
    ----------
    sim : module
        The PyNN back end.
    build : callable
        ``build(network, seed)`` describes the network, from `setup()` on, and returns its
        populations and a function that counts its recurrent synapses on all ranks.
    options : argparse.Namespace
        Of `measures.parser`.
    tiny, network
        What `build` is called with: at first a network whose kernels are compiled by it.
    simulator : str
        One of `measures.PACKAGES`.
    """
    build(tiny, options.seed)
    sim.run(5.0)

    started = time.perf_counter()
    populations, count_synapses = build(network, options.seed)
    described = time.perf_counter()
    sim.run(network.dt)
    built = time.perf_counter()
    sim.run(options.warm_up - network.dt)
    MPI.COMM_WORLD.Barrier()
    warm = time.perf_counter()
    sim.run(options.duration)
    MPI.COMM_WORLD.Barrier()
    run_s = time.perf_counter() - warm

    # before the spikes are gathered, which a model on its own does not need
    memory = MPI.COMM_WORLD.allgather(peak_memory())
    if sim.num_processes() != len(memory):
        raise RuntimeError(f"{simulator} runs on {sim.num_processes()} of {len(memory)} ranks")
    spikes = [_spikes_of(population, options.warm_up) for population in populations]
    synapses = count_synapses()
    if sim.rank() == 0:
        print_row(
            simulator,
            options,
            network,
            spikes,
            ranks=len(memory),
            synapses=synapses,
            run_s=run_s,
            construction_s=built - started,
            description_s=described - started,
            memory_mb=sum(memory),
            memory_mb_per_rank=memory,
        )


def _spikes_of(population, warm_up):
    """Return senders and times [ms] of a population's spikes after a time, on rank 0."""
    trains = population.get_data("spikes").segments[0].spiketrains
    senders, times = (np.asarray(values) for values in trains.multiplexed)
    return senders[times > warm_up], times[times > warm_up]
