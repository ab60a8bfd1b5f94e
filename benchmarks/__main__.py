"""Compare distsim with its peers: ``python -m benchmarks microcircuit --scale 0.2``.

Prints each run as a JSON row, then the ratios of medians, and by how much mean rates differ. The
peers need ``pip install -e '.[mpi,bench]'``.
"""

import argparse
import json
import subprocess
import sys

from benchmarks.adaptive import MODELS
from benchmarks.harness import (
    FOLDER,
    Contestant,
    compare,
    environment,
    rate_differences,
    ratio,
    ratios,
)

QUANTITIES = ("real_time_factor", "construction_s", "memory_mb")


def microcircuit(options):
    """Compare the cortical microcircuit: distsim on ranks, NEST on threads, on the same cores."""
    arguments = [f"--scale={options.scale}", *common(options)]
    return [
        Contestant("distsim", "microcircuit_distsim.py", arguments, n_ranks=options.ranks),
        Contestant("nest", "microcircuit_nest.py", [*arguments, f"--threads={options.threads}"]),
    ]


def vogels_abbott(options):
    """Compare networks of Vogels and Abbott: NEST, NEURON through PyNN, Brian 2 as C++ program."""
    arguments = [f"--synapses={options.synapses}", f"--scale={options.scale}", *common(options)]
    threads, script = f"--threads={options.threads}", "vogels_abbott_pynn.py"
    neuron = [*arguments, "--simulator=neuron"]
    if "neuron" not in options.without:
        prepare_neuron()
    return [
        Contestant("distsim", script, arguments, n_ranks=options.ranks),
        Contestant("nest", "vogels_abbott_nest.py", [*arguments, threads]),
        Contestant("brian2", "vogels_abbott_brian2.py", [*arguments, threads]),
        Contestant("neuron", script, neuron, n_ranks=options.ranks),
    ]


def brunel(options):
    """Compare Brunel's network, perhaps with STDP: NEST, Brian 2 as C++ program."""
    static = [f"--scale={options.scale}", *common(options)]
    arguments = [*static, "--plastic"] if options.plastic else static
    threads = f"--threads={options.threads}"
    contestants = [
        Contestant("distsim", "brunel_distsim.py", arguments, n_ranks=options.ranks),
        Contestant("nest", "brunel_nest.py", [*arguments, threads]),
        Contestant("brian2", "brunel_brian2.py", [*arguments, threads]),
    ]
    if options.plastic:
        contestants.append(Contestant("static", "brunel_distsim.py", static, n_ranks=options.ranks))
    return contestants


def adaptive(options):
    """Compare AdEx, Hodgkin-Huxley or Izhikevich cells: NEST, Brian 2 as C++ program."""
    arguments = [f"--model={options.model}", f"--scale={options.scale}", *common(options)]
    threaded = [*arguments, f"--threads={options.threads}"]
    contestants = [
        Contestant("distsim", "adaptive_distsim.py", arguments, n_ranks=options.ranks),
        Contestant("nest", "adaptive_nest.py", threaded),
        Contestant("brian2", "adaptive_brian2.py", threaded),
    ]
    if options.model == "hh":
        # what costs it least, of order 1
        coarse = [*threaded, "--method=exponential_euler"]
        contestants.append(Contestant("brian2_coarse", "adaptive_brian2.py", coarse))
    return contestants


def scaling(options):
    """Measure distsim on 1 and 2 ranks, and count what is exchanged on 2 to 64."""
    arguments = [f"--scale={options.scale}", *common(options)]
    weak = [f"--cells-per-rank={options.cells_per_rank}"]
    for name, script, given in (
        ("microcircuit", "microcircuit_distsim.py", arguments),
        ("random network, cells per rank the same", "random_network.py", weak),
    ):
        ranks = [Contestant(f"{n} ranks", script, given, n_ranks=n) for n in (1, 2)]
        rows = compare(ranks, options.repeats)
        speedup = ratio(rows, "1 ranks", "2 ranks", "real_time_factor")
        print(json.dumps({f"{name}: time on 1 rank over time on 2": round(speedup, 3)}))
    volumes = [
        Contestant(kind, "exchange_volume.py", [f"--exchange={kind}"], n_ranks=n_ranks)
        for n_ranks in (2, 4, 8, 16, 32, 64)
        for kind in ("allgather", "directed", "auto")
    ]
    checksums = {row["checksum"] for row in compare(volumes, 1)}
    if len(checksums) != 1:
        raise SystemExit(f"spikes differ between numbers of ranks: {checksums}")
    print(json.dumps({"spikes equal on 2 to 64 ranks": True}))


def kernels(options):
    """Measure the kernels alone, and what Python and MPI take of an epoch on 1, 2 and 4 ranks."""
    compare([Contestant("kernels", "kernels.py", [])], options.repeats)
    overheads = [
        Contestant("overhead", "overhead.py", [f"--models={models}"], n_ranks=n_ranks)
        for n_ranks in (1, 2, 4)
        for models in (1, 3)
    ]
    compare(overheads, options.repeats)


def engines(options):
    """Compare how long distsim's other engines and PyNN's take to construct a million synapses."""
    prepare_neuron()
    names = "distsim", "distsim.nest", "pyNN.nest", "distsim.neuron", "pyNN.neuron"
    script = "engine_construction.py"
    contestants = [Contestant(n, script, [f"--simulator={n}"], n_ranks=1) for n in names]
    rows = compare(contestants, options.repeats)
    for name in ("nest", "neuron"):
        times = ratio(rows, f"pyNN.{name}", f"distsim.{name}", "construction_s")
        print(json.dumps({f"pyNN.{name} over distsim.{name}": round(times, 1)}))


def prepare_neuron():
    """Let PyNN compile its extensions, as it does on the first import: not two ranks at once."""
    # what NEURON does at the end of a process that no launcher started is none of our concern
    command = [sys.executable, "-c", "import os, pyNN.neuron; os._exit(0)"]
    subprocess.run(command, check=True, cwd=FOLDER, env=environment())


def common(options):
    """Return the arguments that all scripts take."""
    return [f"--duration={options.duration}", f"--warm-up={options.warm_up}"]


def main():
    """Run the comparison that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, function, scale, warm_up in (
        ("microcircuit", microcircuit, 0.2, 100.0),
        ("vogels-abbott", vogels_abbott, 1.0, 200.0),
        ("brunel", brunel, 1.0, 100.0),
        ("adaptive", adaptive, 1.0, 200.0),
    ):
        command = commands.add_parser(name, help=function.__doc__)
        command.add_argument("--scale", type=float, default=scale)
        command.add_argument("--duration", type=float, default=1000.0, help="measured [ms]")
        command.add_argument("--warm-up", type=float, default=warm_up, help="discarded [ms]")
        command.add_argument("--ranks", type=int, default=2)
        command.add_argument("--threads", type=int, default=2, help="of peers without ranks")
        command.add_argument("--repeats", type=int, default=3)
        command.add_argument("--without", action="append", default=[], help="leave a peer out")
        command.set_defaults(function=function)
    commands.choices["vogels-abbott"].add_argument(
        "--synapses", choices=("cuba", "coba"), default="cuba"
    )
    commands.choices["brunel"].add_argument(
        "--plastic", action="store_true", help="STDP on synapses between excitatory cells"
    )
    commands.choices["adaptive"].add_argument("--model", choices=MODELS, default="adex")
    for name, function in (("scaling", scaling), ("kernels", kernels), ("engines", engines)):
        command = commands.add_parser(name, help=function.__doc__)
        command.add_argument("--repeats", type=int, default=3)
        command.set_defaults(function=function)
    command = commands.choices["scaling"]
    command.add_argument("--scale", type=float, default=1.0, help="of the microcircuit")
    command.add_argument("--duration", type=float, default=1000.0, help="measured [ms]")
    command.add_argument("--warm-up", type=float, default=100.0, help="discarded [ms]")
    command.add_argument("--cells-per-rank", type=int, default=10_000)
    options = parser.parse_args()
    outcome = options.function(options)
    if outcome is not None:
        compare_with_peers(outcome, options)


def compare_with_peers(contestants, options):
    """Run the contestants in turn, and print by how much they differ."""
    rows = compare([c for c in contestants if c.name not in options.without], options.repeats)
    print(json.dumps({"ratio to distsim": ratios(rows, "distsim", QUANTITIES)}))
    print(json.dumps({"relative difference of rates": rate_differences(rows, "distsim")}))


if __name__ == "__main__":
    main()
