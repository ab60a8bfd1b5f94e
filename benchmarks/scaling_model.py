"""What an epoch would cost on many ranks, and what a rank would hold: a model on paper.

    python benchmarks/scaling_model.py

Prints the tables of docs/scaling.md, where the assumptions are argued. Costs of the exchange are
those by which the engine itself chooses (`distsim.engines.native.choice`), and memory is what
`distsim estimate` reckons with (`distsim.engines.native.footprint`), for a network whose
connections know no distance, or only reach the cells of a number of ranks.
"""

import numpy as np

from distsim.engines.native.choice import exchange_costs
from distsim.engines.native.footprint import COUNT, POSSIBLE, ROW, RUN, SLOT

RATE, INDEGREE, EPOCH, DT = 5.0, 10_000, 1.5, 0.1  # Hz, -, ms, ms
CELLS_PER_RANK = 10_000
# measured on the microcircuit, see docs/performance.md [s]
EVENT, UPDATE, DRIVE = 1.9e-9, 0.6e-9, 1.5e-9
# bytes; a row is a source with targets on the rank, a run its synapses of one delay
SYNAPSE, CELL = 6.0, 68.0
N_DELAYS = 35


def exchange_seconds(n_ranks, reach):
    """Return the seconds of an epoch's exchange of a rank: Allgather, and directed.

    Parameters
    ----------
    n_ranks : int
    reach : int
        Ranks whose cells a cell may hear.
    """
    spikes = RATE * EPOCH / 1000.0 * CELLS_PER_RANK
    reach = min(reach, n_ranks)
    # ranks with at least one of a cell's targets, and cells with at least one target on a rank
    receivers = reach * -np.expm1(-INDEGREE / reach)
    sources = receivers * CELLS_PER_RANK
    received = spikes * sources / CELLS_PER_RANK
    return exchange_costs(n_ranks, reach, n_ranks * spikes, received, received)


def compute_seconds():
    """Return the seconds of an epoch's steps of a rank."""
    events = CELLS_PER_RANK * INDEGREE * RATE * EPOCH / 1000.0
    return events * EVENT + CELLS_PER_RANK * EPOCH / DT * (UPDATE + DRIVE)


def memory_bytes(n_cells, n_ranks, indegree, reach):
    """Return what a rank holds [bytes]: synapses, index, cells, and while it builds, its table."""
    mine, heard = n_cells / n_ranks, min(reach, n_ranks) * n_cells / n_ranks
    synapses = mine * indegree
    rows = heard * -np.expm1(-synapses / heard)
    runs = rows * N_DELAYS * -np.expm1(-synapses / rows / N_DELAYS)
    table = POSSIBLE * n_cells + (COUNT + SLOT) * rows * N_DELAYS  # a row's number, and its runs
    return synapses * SYNAPSE, rows * ROW + runs * RUN, mine * CELL, table


def main():
    """Print both tables."""
    print(f"An epoch of {EPOCH} ms, {CELLS_PER_RANK} cells per rank; computing takes it "
          f"{compute_seconds() * 1e6:.0f} us.")  # fmt: skip
    print("| ranks | cells | Allgather [us] | directed, no distance [us] | within 100 ranks [us] |")
    print("| --- | --- | --- | --- | --- |")
    for n_ranks in (2, 10, 100, 1000, 10_000, 100_000):
        to_all, directed = exchange_seconds(n_ranks, n_ranks)
        local = exchange_seconds(n_ranks, 100)[1]
        times = " | ".join(f"{1e6 * t:.0f}" for t in (to_all, directed, local))
        print(f"| {n_ranks} | {n_ranks * CELLS_PER_RANK:.0e} | {times} |")
    print("\n| cells | ranks | synapses per cell | synapses [GB] | index [GB] | within 100 ranks "
          "[GB] | cells [GB] | table while building [GB] |")  # fmt: skip
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for n_cells, n_ranks, indegree in (
        (10**6, 100, 1000),
        (10**6, 100, 10_000),
        (10**8, 10_000, 1000),
        (10**8, 10_000, 10_000),
        (10**9, 100_000, 1000),
        (10**9, 100_000, 10_000),
    ):
        synapses, index, cells, table = memory_bytes(n_cells, n_ranks, indegree, n_ranks)
        local = memory_bytes(n_cells, n_ranks, indegree, 100)[1]
        sizes = " | ".join(f"{size / 1e9:.3g}" for size in (synapses, index, local, cells, table))
        print(f"| {n_cells:.0e} | {n_ranks} | {indegree} | {sizes} |")


if __name__ == "__main__":
    main()
