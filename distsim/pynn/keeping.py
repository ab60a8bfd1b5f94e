"""Keep what a run has recorded and learned, and what it has connected, for `distsim validate`."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from distsim.io.kept import KEEP_VARIABLE, weights_path
from distsim.network.prints import mixed
from distsim.pynn.gather import gather_arrays
from distsim.pynn.output import write_whole
from distsim.pynn.recording import run_facts
from distsim.pynn.simulator import state

__all__ = ["keep_run"]


def keep_run(environ: Mapping[str, str] = os.environ) -> None:
    """Write all that was recorded to the file that the environment names, if any.

    Every rank must call it.
    """
    path = environ.get(KEEP_VARIABLE)
    if path is None:
        return
    prints = {f"{n}: {p.label}": _fingerprint(p) for n, p in enumerate(state.projections)}
    seconds = {name: round(value, 4) for name, value in state.simulation.seconds.items()}
    facts = {"engine": state.setup.engine, "connections": prints, "seconds": seconds}
    weights: dict[str, Any] = {
        str(n): np.array(projection.get("weight", "list", with_address=False))
        for n, projection in enumerate(state.projections)
        if projection.pathway.synapse.is_learning
    }
    if weights and state.rank == 0:
        np.savez(weights_path(Path(path)), **weights)
    used = [population for population in state.populations if population.recorder.is_used]
    write_whole(used, path, {**run_facts(), "validation": json.dumps(facts)})


def _fingerprint(projection: Any) -> list[str]:
    """Return the number of connections, and a checksum; every rank must call it.

    The checksum is a sum over connections, so that neither their order nor the number of ranks
    matters.
    """
    n, total = 0, np.uint64(0)
    with state.together():
        targets = projection.post.local_positions
        for chunk in projection.pathway.chunks():
            shape = chunk.target_positions.shape
            weights = np.broadcast_to(np.asarray(chunk.weights, np.float32), shape)
            delays = np.rint(np.broadcast_to(chunk.delays, shape) / state.dt)
            total += mixed(
                chunk.sources.astype(np.uint64) << np.uint64(32)
                | targets[chunk.target_positions].astype(np.uint64),
                np.ascontiguousarray(weights).view(np.uint32).astype(np.uint64),
                delays.astype(np.uint64),
            ).sum(dtype=np.uint64)
            n += int(chunk.target_positions.size)
    counts, totals = gather_arrays(np.array([n]), np.array([total], np.uint64).view(np.int64))
    checksum = int(totals.view(np.uint64).sum(dtype=np.uint64))
    return [str(int(counts.sum())), f"{checksum:016x}"]
