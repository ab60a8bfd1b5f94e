"""What a checkpoint costs: size and time per cell and per plastic synapse, and of a large network.

Usage::

    python benchmarks/checkpoint.py cells [--cells 100000] [--ranks 2]
    python benchmarks/checkpoint.py synapses [--cells 10000] [--ranks 2]
    python benchmarks/checkpoint.py recorded [--cells 1000] [--duration 1000] [--ranks 2]
    python benchmarks/checkpoint.py microcircuit [--scale 1.0] [--ranks 2] [--other-ranks 1]

cells: without synapses. synapses: with STDP of pairs, 100 onto each cell. recorded: spikes, and v
at each step, of all cells. microcircuit: a checkpoint is made, and the run goes on; then another
job on other ranks restores it, and both must have the same spikes, to the bit.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

import numpy as np


def job(options, folder, part, ranks):
    """Run a part of a measurement as a job of ranks; return the row that it prints."""
    command = [sys.executable, "-m", "distsim", "run", "-n", str(ranks), __file__, options.what]
    command += ["--part", part, "--folder", folder, "--scale", str(options.scale)]
    command += ["--cells", str(options.cells), "--duration", str(options.duration)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def timed(action):
    """Return what an action that every rank takes returns, and the seconds of the slowest."""
    from mpi4py import MPI

    MPI.COMM_WORLD.Barrier()
    started = time.perf_counter()
    result = action()
    MPI.COMM_WORLD.Barrier()
    return result, round(time.perf_counter() - started, 3)


def peaks_mb():
    """Return the peak of each rank's memory so far [MB]."""
    from mpi4py import MPI

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return MPI.COMM_WORLD.allgather(round(peak))


def microcircuit(options):
    """Describe the microcircuit; return its populations."""
    sys.path.insert(0, str(Path(__file__).parent))
    kind = import_module("potjans_diesmann").Microcircuit
    populations, _ = import_module("microcircuit_distsim").build(kind.scaled(options.scale), 1)
    return populations


def plain_cells(options):
    """Describe cells alone, at some 20 Hz."""
    import distsim as sim

    sim.setup(timestep=0.1, seed=1, log=False, progress=False)
    offset = sim.RandomDistribution("uniform", low=0.9, high=1.3)
    return [sim.Population(options.cells, sim.IF_curr_exp(i_offset=offset), label="cells")]


def plastic_cells(options):
    """Describe cells with synapses that learn."""
    import distsim as sim

    (cells,) = plain_cells(options)
    learning = sim.STDPMechanism(
        sim.SpikePairRule(),
        sim.AdditiveWeightDependence(w_max=0.02),
        weight=0.01,
        delay=sim.RandomDistribution("uniform", low=0.5, high=2.0),
    )
    sim.Projection(cells, cells, sim.FixedNumberPreConnector(100), learning)
    return [cells]


def recorded_cells(options):
    """Describe cells of which all is recorded."""
    (cells,) = plain_cells(options)
    cells.record(["spikes", "v"])
    return [cells]


DESCRIBED = {
    "cells": plain_cells,
    "synapses": plastic_cells,
    "recorded": recorded_cells,
    "microcircuit": microcircuit,
}


def work(options):
    """Do a part of a measurement, and print its row."""
    import distsim as sim

    describe = DESCRIBED[options.what]
    path = options.folder / "run.h5"
    if options.what != "microcircuit":
        # so that nothing is compiled, or read for the first time, in what is timed
        describe(argparse.Namespace(cells=200))
        sim.run(5.0)
        sim.checkpoint(options.folder / "tiny.h5")
    populations = describe(options)
    row = {"ranks": sim.num_processes()}
    if options.part == "first":
        sim.run(options.duration)
        before = peaks_mb()
        _, row["checkpoint_s"] = timed(lambda: sim.checkpoint(path))
        _, row["again_s"] = timed(lambda: sim.checkpoint(path))
        row["file_mb"] = round(path.stat().st_size / 1e6, 2)
        row |= {"peak_before_mb": before, "peak_after_mb": peaks_mb()}
    else:
        _, row["build_s"] = timed(sim.state.build)
        _, row["restore_s"] = timed(lambda: sim.restore(path))
    if options.what == "microcircuit":
        sim.run(100.0)
        keep_spikes(populations, options.folder / f"{options.part}.npz")
    if sim.rank() == 0:
        print(json.dumps(row), flush=True)


def keep_spikes(populations, path):
    """Write all spikes of some populations, from rank 0."""
    import distsim as sim

    arrays = {}
    for population in populations:
        trains = population.get_data("spikes").segments[0].spiketrains
        senders, times = (np.asarray(values) for values in trains.multiplexed)
        arrays[f"{population.label} senders"], arrays[f"{population.label} times"] = senders, times
    if sim.rank() == 0:
        np.savez(path, **arrays)


def compare(folder, since):
    """Return how many spikes there are after a time [ms]; raise if those of the jobs differ."""
    n_spikes = 0
    with np.load(folder / "first.npz") as ours, np.load(folder / "second.npz") as theirs:
        for name in ours:
            np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)
            n_spikes += int((ours[name] > since).sum()) if name.endswith("times") else 0
    return n_spikes


def lead(options, folder):
    """Run the jobs, and print their rows and what follows from them."""
    first = job(options, folder, "first", options.ranks)
    print(json.dumps({"part": "first", **first}), flush=True)
    if options.what == "synapses":
        n_synapses = 100 * options.cells
        print(f"bytes per synapse: {first['file_mb'] * 1e6 / n_synapses:.1f}")
    if options.what == "cells":
        print(f"bytes per cell: {first['file_mb'] * 1e6 / options.cells:.1f}")
    second = job(options, folder, "second", options.other_ranks)
    print(json.dumps({"part": "second", **second}), flush=True)
    if options.what == "microcircuit":
        n_spikes = compare(Path(folder), options.duration)
        print(f"{n_spikes} spikes in the 100 ms after it, on all ranks the same to the bit")


def main():
    """Measure, or do a part of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=list(DESCRIBED))
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--other-ranks", type=int, default=1, help="that restore it")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--cells", type=int)
    parser.add_argument("--duration", type=float, default=200.0, help="before it [ms]")
    parser.add_argument("--part", choices=["first", "second"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.cells is None:
        options.cells = {"cells": 100_000, "recorded": 1000}.get(options.what, 10_000)
    if options.part:
        work(options)
        return
    # on a disk, where a checkpoint is written to one
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        lead(options, folder)


if __name__ == "__main__":
    main()
