"""What Python and MPI take of an epoch in which nothing happens; prints one JSON row.

    distsim run -n 2 benchmarks/overhead.py --models 3

One silent cell of each model per rank, epochs of one step; with several models, a silent source of
given spike times as well. The fastest of several runs. More ranks than cores take turns on them.
"""

import argparse
import json
import time

import distsim as sim

MODELS = (sim.IF_curr_exp, sim.IF_cond_exp, sim.IF_curr_alpha)
N_EPOCHS, N_REPEATS = 2_000, 50


def main():
    """Run, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=1, help=f"1 to {len(MODELS)}")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sim.setup(timestep=0.1, seed=options.seed, log=False, progress=False, min_delay=0.1)
    for model in MODELS[: options.models]:
        sim.Population(sim.num_processes(), model())
    if options.models > 1:
        sim.Population(sim.num_processes(), sim.SpikeSourceArray(spike_times=[1.0]))
    sim.run(10.0)
    seconds = []
    for _ in range(N_REPEATS):
        started = time.perf_counter()
        sim.run(0.1 * N_EPOCHS)
        seconds.append(time.perf_counter() - started)
    if sim.rank() == 0:
        us = round(min(seconds) / N_EPOCHS * 1e6, 2)
        row = {"ranks": sim.num_processes(), "models": options.models, "us_per_epoch": us}
        print(json.dumps(row))


if __name__ == "__main__":
    main()
