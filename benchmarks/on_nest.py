"""Build and run a network in NEST by PyNEST, not through PyNN, and measure it."""

import time

import nest
from measures import peak_memory, print_row

PA, PF = 1000.0, 1000.0  # per nA, per nF
NS = 1000.0  # per uS


def measure(create, connect, options, network):
    """Build, discard the beginning, measure, print.

    Parameters
    ----------
    create : callable
        ``create(network)`` makes the cells and what drives them, and returns the populations.
    connect : callable
        ``connect(populations, network)`` makes the recurrent connections.
    options : argparse.Namespace
        Of `measures.parser`.
    network
        With `dt`, `sizes` and `outdegrees`.
    """
    nest.ResetKernel()
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.set(
        resolution=network.dt,
        local_num_threads=options.threads,
        rng_seed=options.seed,
        print_time=False,
    )
    started = time.perf_counter()
    populations = create(network)
    recorder = nest.Create("spike_recorder")
    for cells in populations:
        nest.Connect(cells, recorder)
    created = time.perf_counter()
    n_others = nest.num_connections
    connect(populations, network)
    connected = time.perf_counter()
    synapses = nest.num_connections - n_others
    nest.Prepare()
    prepared = time.perf_counter()
    nest.Run(options.warm_up)
    warm = time.perf_counter()
    nest.Run(options.duration)
    run_s = time.perf_counter() - warm
    nest.Cleanup()

    memory = peak_memory()
    print_row(
        "NEST",
        options,
        network,
        _spikes_of(populations, recorder.get("events"), options.warm_up),
        threads=options.threads,
        synapses=synapses,
        run_s=run_s,
        construction_s=prepared - started,
        create_s=created - started,
        connect_s=connected - created,
        prepare_s=prepared - connected,
        memory_mb=memory,
    )


def _spikes_of(populations, events, warm_up):
    """Return senders and times [ms] of each population's spikes after a time."""
    measured = events["times"] > warm_up
    senders, times = events["senders"][measured], events["times"][measured]
    spikes = []
    for cells in populations:
        first, last = int(cells[0].global_id), int(cells[-1].global_id)
        mine = (senders >= first) & (senders <= last)
        spikes.append((senders[mine] - first, times[mine]))
    return spikes
