"""Set-up of a network by each connector: time, and memory of each rank.

Usage::

    python benchmarks/connectors.py [--ranks 1 2] [--only FixedNumberPre ...] [--scale 1.0]

Each connector is measured in a job of its own, of 10^6 cells and 10^7 synapses; those that ask a
function about every pair, those that are given a matrix, and sets that Python enumerates have fewer
cells. The time is that from before the projection is made until the network has run for one step;
memory is by how much the peak of a rank grew. With --nest, PyNN's back end for NEST is measured.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

N_CELLS, N_EACH = 1_000_000, 10
# what cannot have so many cells
SIZES = {
    "DistanceDependentProbability": 20_000,
    "IndexBasedProbability": 20_000,
    "DisplacementDependentProbability": 20_000,
    "Array": 10_000,
    "CSA": 100_000,
}
NAMES = (
    *("AllToAll", "OneToOne", "FixedProbability", "FixedNumberPre", "FixedNumberPost"),
    *("FixedTotalNumber", "FromList", "FromFile", "Array", "Clone", "SmallWorld", "CSA"),
    *("DistanceDependentProbability", "IndexBasedProbability"),
    "DisplacementDependentProbability",
)


def connector_of(sim, name, cells, space):
    """Return a connector that gives each cell about ten sources."""
    n, k = cells.size, N_EACH
    make = getattr(sim, f"{name}Connector")
    if name in ("FixedNumberPre", "FixedNumberPost"):
        return make(k)
    if name == "FixedTotalNumber":
        return make(k * n)
    if name == "FixedProbability":
        return make(k / n)
    if name == "SmallWorld":
        return make(k / 2 + 1, 0.1, allow_self_connections=False)
    if name == "Clone":
        return make(sim.Projection(cells, cells, sim.FixedNumberPreConnector(k), space=space))
    if name == "FromList":
        return make(rows_of(n, k))
    if name == "FromFile":
        return make(written(sim, n, k))
    if name == "Array":
        return make(np.random.default_rng(1).random((n, n)) < 0.1)
    if name == "CSA":
        import csa

        return make(csa.cset(csa.random(fanIn=k) * csa.cross((0, n - 1), (0, n - 1)), 1.0, 1.0))
    if name == "DistanceDependentProbability":
        return make(f"d < {k / 2}")
    if name == "DisplacementDependentProbability":
        return make(lambda d: np.abs(d[0]) < k / 2)
    if name == "IndexBasedProbability":
        from pyNN.core import IndexBasedExpression

        class Near(IndexBasedExpression):
            def __call__(self, i, j):
                return np.abs(i - j) < k / 2

        return make(Near())
    return make()


def rows_of(n, k):
    """Return a list of random connections."""
    rng = np.random.default_rng(1)
    return np.column_stack([rng.integers(n, size=(k * n, 2)), np.full((k * n, 2), 1.0)])


def written(sim, n, k):
    """Return a file of random connections, which rank 0 writes."""
    from mpi4py import MPI
    from pyNN.recording.files import NumpyBinaryFile

    path = str(Path(tempfile.gettempdir()) / "distsim_connections.npz")
    if sim.rank() == 0:
        out = NumpyBinaryFile(path, mode="wb")
        out.write(rows_of(n, k), {"columns": ["i", "j", "weight", "delay"]})
        out.close()
    MPI.COMM_WORLD.Barrier()
    return NumpyBinaryFile(path, mode="rb")


def peak():
    """Return the peak memory of this process [MB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(name, n_cells, back_end):
    """Build the network; print the seconds and the megabytes of each rank, on rank 0."""
    if back_end == "nest":
        import pyNN.nest as sim

        options = {"max_delay": 1.0}
    else:
        import distsim as sim

        options = {"log": False}
    for n in (100, n_cells):  # the first has everything compiled and imported
        sim.setup(timestep=0.1, min_delay=0.1, **options)
        space = sim.Space("x", periodic_boundaries=((0, n), None, None))
        cells = sim.Population(n, sim.IF_curr_exp())
        # all to all: as many synapses, from ten cells
        pre = cells[:N_EACH] if name == "AllToAll" else cells
        connector = connector_of(sim, name, cells, space)
        before, began = peak(), time.perf_counter()
        synapse = sim.StaticSynapse(weight=1.0, delay=1.0)
        made = sim.Projection(pre, cells, connector, synapse, space=space)
        sim.run(0.1)
    seconds, grown = time.perf_counter() - began, peak() - before
    n_synapses = made.size()
    results = [(seconds, grown)]
    if back_end != "nest":
        from mpi4py import MPI

        results = MPI.COMM_WORLD.gather((seconds, grown))
    if results:
        text = {"seconds": max(r[0] for r in results), "MB": [round(r[1]) for r in results]}
        print(json.dumps(text | {"cells": n_cells, "synapses": n_synapses}))


def main():
    """Measure each connector in jobs of its own, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of cells")
    parser.add_argument("--nest", action="store_true", help="PyNN's back end for NEST")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args()
    size = {name: int(SIZES.get(name, N_CELLS) * options.scale) for name in NAMES}
    if options.inside:
        measure(options.inside, size[options.inside], "nest" if options.nest else "distsim")
        return
    print("| connector | cells | synapses | ranks | s | MB per rank |\n| --- " + "| --- " * 5 + "|")
    for name in options.only:
        for n_ranks in options.ranks:
            launcher = [sys.executable] if options.nest else ["distsim", "run", "-n", str(n_ranks)]
            extra = ["--nest"] if options.nest else []
            scale = ["--scale", str(options.scale)]
            command = [*launcher, __file__, "--inside", name, *scale, *extra]
            job = subprocess.run(command, capture_output=True, text=True, check=False)
            lines = [line for line in job.stdout.splitlines() if line.startswith("{")]
            if job.returncode or not lines:
                print(f"| {name} | failed: {job.stdout[-300:]} {job.stderr[-300:]} |", flush=True)
                continue
            r = json.loads(lines[-1])
            megabytes = ", ".join(map(str, r["MB"]))
            shown = f"{r['cells']:,} | {r['synapses']:,} | {n_ranks} | {r['seconds']:.2f}"
            print(f"| {name} | {shown} | {megabytes} |", flush=True)


if __name__ == "__main__":
    main()
