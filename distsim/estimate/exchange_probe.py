"""Time an Allgather between the ranks of a job: `python -m distsim.estimate.exchange_probe`.

Its arguments are sizes of messages [bytes]; rank 0 prints the seconds that each takes, as JSON.
"""

import json
import sys
import time
from collections.abc import Sequence
from statistics import median

import numpy as np

from distsim.comm.world import world

__all__ = ["main"]

N_BATCHES, N_CALLS = 9, 200


def main(sizes: Sequence[int]) -> None:
    """Print what exchanges of some sizes take; every rank must call it."""
    comm = world()
    found = []
    for n_bytes in sizes:
        mine = np.zeros(n_bytes, np.uint8)
        every = np.zeros(n_bytes * comm.Get_size(), np.uint8)
        batches = []
        for _ in range(N_BATCHES):
            begun = time.perf_counter()
            for _ in range(N_CALLS):
                comm.Allgather(mine, every)
            batches.append((time.perf_counter() - begun) / N_CALLS)
        found.append(median(batches))
    if comm.Get_rank() == 0:
        print(json.dumps(found))


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]])
