"""What Python and MPI take of an epoch in which nothing happens; prints one JSON row.

    distsim run -n 2 benchmarks/overhead.py

One silent cell per rank, epochs of one step. More ranks than cores take turns on them.
"""

import argparse
import json
import time

import distsim as sim

N_EPOCHS = 10_000


def main():
    """Run, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sim.setup(timestep=0.1, seed=options.seed, log=False, progress=False, min_delay=0.1)
    sim.Population(sim.num_processes(), sim.IF_curr_exp())
    sim.run(10.0)
    started = time.perf_counter()
    sim.run(0.1 * N_EPOCHS)
    seconds = time.perf_counter() - started
    if sim.rank() == 0:
        us = round(seconds / N_EPOCHS * 1e6, 2)
        print(json.dumps({"ranks": sim.num_processes(), "us_per_epoch": us}))


if __name__ == "__main__":
    main()
