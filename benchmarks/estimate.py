"""Compare what `distsim estimate` tells with what runs really take.

    python benchmarks/estimate.py [--networks microcircuit,cuba,coba,brunel] [--repeats 3]

Each network is estimated, and run on 1 and on 2 ranks in turn with it, as often as asked for. Of
times the fastest run counts. On 1 rank that is the processor's time, which others at work hardly
change; on 2 ranks, which wait for each other, the clock's, and the load is printed.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

SCRIPT = Path(__file__).parent / "estimated_network.py"
# so large that the microcircuit does not fit into one piece, and the others do
SCALES = {"microcircuit": 0.3, "cuba": 5.0, "coba": 5.0, "brunel": 0.5}
RANKS = (1, 2)


def distsim(*words):
    """Return the output of a command of distsim."""
    command = [sys.executable, "-P", "-m", "distsim", *map(str, words)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def estimated(words):
    """Return what is told."""
    ranks = ",".join(map(str, RANKS))
    return json.loads(distsim("estimate", "--json", "--ranks", ranks, SCRIPT, *words))


def run(n_ranks, words, file):
    """Return what a run has taken: of memory and of time the rank that took most."""
    told = distsim("run", "-n", n_ranks, SCRIPT, *words)
    rows = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    most = {name: max(row[name] for row in rows) for name in rows[0]}
    sums = {name: sum(row[name] for row in rows) for name in ("n_synapses", "n_spikes")}
    return {**most, **sums, "file": file.stat().st_size}


def compare(network, options, folder):
    """Estimate and run a network, and print a row for each number of ranks."""
    file = folder / f"{network}.h5"
    words = ["--network", network, "--scale", SCALES[network], "--file", file]
    words += ["--duration", options.duration]
    told, runs = [], {n: [] for n in RANKS}
    for _ in range(options.repeats):
        told.append(estimated(words))
        for n_ranks in RANKS:
            runs[n_ranks].append(run(n_ranks, words, file))
        print(f"load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    for k, n_ranks in enumerate(RANKS):
        jobs, made = [document["jobs"][k] for document in told], runs[n_ranks]

        def of_jobs(name, jobs=jobs):
            return median(job[name] for job in jobs)

        pairs = {
            "synapses": (told[0]["n_synapses"], made[0]["n_synapses"]),
            "spikes": (median(d["n_spikes"] for d in told), made[0]["n_spikes"]),
            "file [MB]": (median(d["file"] for d in told) / 1e6, made[0]["file"] / 1e6),
            "memory [MB]": (
                of_jobs("memory_peak") / 1e6,
                median(row["peak"] for row in made) / 1e6,
            ),
        }
        which = "cpu_s" if n_ranks == 1 else "s"
        for phase in ("construction", "run"):
            fastest = min(row[f"{phase}_{which}"] for row in made)
            pairs[f"{phase} [s]"] = (of_jobs(f"{phase}_s"), fastest)
        for what, (estimate, measured) in pairs.items():
            error = 100.0 * (estimate / measured - 1.0)
            row = {"network": network, "ranks": n_ranks, "what": what}
            row |= {"estimated": estimate, "measured": measured, "error_percent": round(error, 1)}
            print(json.dumps(row), flush=True)
        spread = [min(job["run_s"] for job in jobs), max(job["run_s"] for job in jobs)]
        others = {"estimated_run_s": spread, "measured_run_s": [row["run_s"] for row in made]}
        others["told_range_s"] = [of_jobs("run_low_s"), of_jobs("run_high_s")]
        print(json.dumps({"network": network, "ranks": n_ranks, **others}), flush=True)


def main():
    """Compare all networks that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", default=",".join(SCALES))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--duration", type=float, default=1000.0, help="of each run [ms]")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        for network in options.networks.split(","):
            compare(network, options, Path(folder))


if __name__ == "__main__":
    main()
