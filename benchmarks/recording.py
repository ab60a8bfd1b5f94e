"""What recording costs: memory, time of a run, time to get, write and read again.

Usage::

    python benchmarks/recording.py memory [--ranks 2] [--scale 1.0]
    python benchmarks/recording.py run [--ranks 2] [--scale 0.2] [--repeats 3]
    python benchmarks/recording.py spikes [--cells 100000] [--rate 100.0]
    python benchmarks/recording.py signals [--cells 500] [--duration 5000.0]

memory: 20,000 cells, spikes of all, v of 1,000, 10 s, with recording and without: peak of each rank
before `end()`. run: the microcircuit, all spikes streamed to shards, against no recording. spikes,
signals: one process; PyNN's back end for NEST beside, the same cells, rates and samples.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path


def peak_mb():
    """Return the peak of this process's memory so far [MB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def now_mb():
    """Return this process's memory [MB]."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def job(options, *arguments, ranks=0):
    """Run this script as a process, or as a job of ranks; return the row that it prints."""
    command = [sys.executable]
    if ranks:
        command += ["-m", "distsim", "run", "-n", str(ranks)]
    command += [__file__, options.what, "--worker", *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def clock(rows, name, action):
    """Note the time that something takes and how far it raises the peak of memory."""
    # the peak so far is forgotten
    Path("/proc/self/clear_refs").write_text("5")
    before, started = now_mb(), time.perf_counter()
    result = action()
    rows[f"{name}_s"] = round(time.perf_counter() - started, 3)
    status = Path("/proc/self/status").read_text()
    highest = int(status.split("VmHWM:")[1].split()[0]) / 1024
    rows[f"{name}_mb"] = round(highest - before, 1)
    return result


def random_network(sim, n_cells, duration, file):
    """Run cells at some 20 Hz that excite each other a little; return the peak of each rank."""
    from mpi4py import MPI

    sim.setup(timestep=0.1, seed=1, log=False, progress=False)
    offset = sim.RandomDistribution("uniform", low=0.9, high=1.3)
    cells = sim.Population(n_cells, sim.IF_curr_exp(i_offset=offset), label="cells")
    synapse = sim.StaticSynapse(weight=0.02, delay=1.5)
    sim.Projection(cells, cells, sim.FixedNumberPreConnector(50), synapse)
    if file:
        cells.record("spikes", to_file=file)
        cells.sample(n_cells // 20).record("v", to_file=file)
    sim.run(duration)
    return MPI.COMM_WORLD.allgather(round(peak_mb(), 1))


def work_memory(options):
    """Run the network for `memory`."""
    sim = import_module("distsim")
    with tempfile.TemporaryDirectory() as folder:
        random_network(sim, 200, 10.0, f"{folder}/tiny.h5" if options.record else None)
        n_cells = int(20_000 * options.scale)
        path = options.folder / "memory.h5" if options.record else None
        row = {"run_mb": random_network(sim, n_cells, options.duration, path)}
    parts = path and path.with_name("memory.h5.parts")
    if parts:
        row["shards_mb"] = sum(each.stat().st_size for each in parts.iterdir()) / 1e6
    started = time.perf_counter()
    sim.end()
    row["end_s"] = round(time.perf_counter() - started, 2)
    row["end_mb"] = round(peak_mb(), 1)
    if path:
        row["file_mb"] = round(path.stat().st_size / 1e6, 1)
    return sim.rank(), row


def work_run(options):
    """Run the microcircuit, with recording or without."""
    sys.path.insert(0, str(Path(__file__).parent))
    circuits = import_module("microcircuit_distsim")
    sim = circuits.sim
    kind = import_module("potjans_diesmann").Microcircuit
    for scale, duration in ((0.005, 10.0), (options.scale, options.duration)):
        populations, _ = circuits.build(kind.scaled(scale), 1)
        for population in populations:
            population.record(None)
            if options.record:
                population.record("spikes", to_file=options.folder / f"{scale}.h5")
        sim.run(100.0)
        started, cpu_started = time.perf_counter(), time.process_time()
        sim.run(duration)
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu_started
        sim.end()
    return sim.rank(), {"run_s": round(seconds, 3), "cpu_s": round(cpu, 3)}


def work_spikes(options):
    """Get, write and read the spikes of Poisson sources."""
    sim = import_module(options.simulator)
    sim.setup(timestep=0.1)
    cells = sim.Population(options.cells, sim.SpikeSourcePoisson(rate=options.rate))
    cells.record("spikes")
    sim.run(1000.0)
    return times_of(options, cells, "spikes")


def work_signals(options):
    """Get, write and read the voltages of cells."""
    sim = import_module(options.simulator)
    sim.setup(timestep=0.1)
    cells = sim.Population(options.cells, sim.IF_curr_exp(i_offset=0.9))
    cells.record("v")
    sim.run(options.duration)
    return times_of(options, cells, "v")


def times_of(options, cells, variable):
    """Return the times of all that is done with what was recorded."""
    row = {}
    is_ours = options.simulator == "distsim"
    data = clock(row, "get_data", lambda: cells.get_data(variable))
    (segment,) = data.segments
    if variable == "spikes":
        row["n_spikes"] = (
            sum(map(len, segment.spiketrains))
            if not is_ours
            else int(segment.spiketrains.counts().sum())
        )
    else:
        row["data_mb"] = round(segment.analogsignals[0].nbytes / 2**20, 1)
    del data, segment
    formats = [*(["h5"] if is_ours else []), "pkl", *(["nix"] if options.nix else [])]
    for ending in formats:
        path = options.folder / f"{options.simulator}.{ending}"
        path.unlink(missing_ok=True)
        clock(row, f"write_{ending}", lambda path=path: cells.write_data(str(path)))
    if is_ours:
        from distsim.io import read_block

        path = options.folder / "distsim.h5"
        block = clock(row, "read_h5", lambda: read_block(path, lazy=True))
        if variable == "spikes":
            clock(row, "counts_and_rates", lambda: block.segments[0].spiketrains.counts() / 1.0)
    else:
        from neo.io import PickleIO

        path = options.folder / f"{options.simulator}.pkl"
        block = clock(row, "read_pkl", lambda: PickleIO(str(path)).read_block())
        if variable == "spikes":
            count = [train.size for train in block.segments[0].spiketrains]
            row["n_trains"] = len(count)
    return 0, row


def lead(options, folder):
    """Run the jobs of what is asked for, and print their rows."""
    common = ("--folder", folder, "--duration", options.duration, "--scale", options.scale)
    if options.what in ("memory", "run"):
        rows = []
        for _ in range(options.repeats):
            for record in (False, True):
                extra = ["--record"] if record else []
                row = {"record": record, **job(options, *common, *extra, ranks=options.ranks)}
                rows.append(row)
                print(json.dumps(row), flush=True)
        for key in ("run_s", "cpu_s") if options.what == "run" else ():
            without, with_it = (
                statistics.median(r[key] for r in rows if r["record"] is is_on)
                for is_on in (False, True)
            )
            print(f"{key}, with / without recording: {with_it / without:.3f} (medians)")
        return
    for simulator in ("distsim", "pyNN.nest"):
        extra = ["--cells", options.cells, "--rate", options.rate, "--simulator", simulator]
        row = job(options, *common, *extra, *(["--nix"] if options.nix else []))
        print(json.dumps({"simulator": simulator, **row}), flush=True)


def main():
    """Measure, or do one measurement's work."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["memory", "run", "spikes", "signals"])
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--scale", type=float)
    parser.add_argument("--duration", type=float, help="[ms]")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--cells", type=int)
    parser.add_argument("--rate", type=float, default=100.0, help="[Hz]")
    parser.add_argument("--nix", action="store_true", help="write NIX, too")
    for name in ("--worker", "--record"):
        parser.add_argument(name, action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--simulator", default="distsim", help=argparse.SUPPRESS)
    options = parser.parse_args()
    defaults = {"memory": (1.0, 10_000.0, 0), "run": (0.2, 5000.0, 0)}
    defaults |= {"spikes": (1.0, 1000.0, 100_000), "signals": (1.0, 5000.0, 500)}
    for name, value in zip(("scale", "duration", "cells"), defaults[options.what], strict=True):
        if getattr(options, name) is None:
            setattr(options, name, value)
    if options.worker:
        work = {"memory": work_memory, "run": work_run}
        work |= {"spikes": work_spikes, "signals": work_signals}
        rank, row = work[options.what](options)
        if rank == 0:
            print(json.dumps(row), flush=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        lead(options, folder)


if __name__ == "__main__":
    main()
