"""Compare distsim with its peers: ``python -m benchmarks microcircuit --scale 0.2``.

Prints each run as a JSON row, then the ratios of medians.
"""

import argparse
import json

from benchmarks.harness import Contestant, compare, ratio


def microcircuit(options):
    """Compare the cortical microcircuit: distsim on ranks, NEST on threads, on the same cores."""
    arguments = [
        f"--scale={options.scale}",
        f"--duration={options.duration}",
        f"--warm-up={options.warm_up}",
    ]
    threads = f"--threads={options.threads}"
    contestants = [
        Contestant("distsim", "microcircuit_distsim.py", arguments, n_ranks=options.ranks),
        Contestant("nest", "microcircuit_nest.py", [*arguments, threads]),
    ]
    rows = compare(contestants, options.repeats)
    return {
        key: round(ratio(rows, "nest", "distsim", key), 2)
        for key in ("real_time_factor", "construction_s", "memory_mb")
    }


def main():
    """Run the comparison that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("microcircuit", help=microcircuit.__doc__)
    command.add_argument("--scale", type=float, default=0.2)
    command.add_argument("--duration", type=float, default=1000.0, help="measured [ms]")
    command.add_argument("--warm-up", type=float, default=100.0, help="discarded [ms]")
    command.add_argument("--ranks", type=int, default=2)
    command.add_argument("--threads", type=int, default=2, help="of NEST")
    command.add_argument("--repeats", type=int, default=3)
    command.set_defaults(function=microcircuit)
    options = parser.parse_args()
    print(json.dumps({"ratio to the peer": options.function(options)}))


if __name__ == "__main__":
    main()
