"""What an exchange of spikes costs: measured on as many ranks as there are cores, else modelled."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

from distsim.engines.native.choice import FEW_RANKS, SPIKE, exchange_costs
from distsim.errors import LauncherError
from distsim.launch import (
    build_command,
    build_environment,
    count_cores,
    find_launcher,
    is_root,
)

__all__ = ["Exchange", "exchange_of"]

# messages that are tried [bytes], and the longest time that this may take [s]
SMALL, LARGE = 1024, 65_536
TIMEOUT = 60


@dataclass(frozen=True)
class Exchange:
    """What one exchange costs a rank.

    Attributes
    ----------
    seconds : float
    is_measured : bool
        Whether on this machine, on as many ranks.
    kind : str
        'none', 'allgather' or 'directed'.
    """

    seconds: float
    is_measured: bool
    kind: str


def exchange_of(
    n_ranks: int, n_neighbours: int, n_spikes: float, n_sent: float, n_received: float
) -> Exchange:
    """Return what one exchange costs a rank beyond taking the spikes that it needs.

    Parameters
    ----------
    n_ranks, n_neighbours, n_spikes, n_sent, n_received
        As for `exchange_costs`.
    """
    if n_ranks == 1:
        return Exchange(0.0, True, "none")
    unwanted = (n_spikes - n_received) * SPIKE
    if n_ranks <= count_cores():
        n_bytes = 8 * (1 + n_spikes / n_ranks)
        measured = _measured(n_ranks, n_bytes)
        if measured is not None:
            return Exchange(measured + unwanted, True, "allgather")
    all_to_all, directed = exchange_costs(n_ranks, n_neighbours, n_spikes, n_sent, n_received)
    is_directed = n_ranks >= FEW_RANKS and directed < all_to_all
    # to sort, look up and queue what is needed was measured with the piece
    seconds = (directed if is_directed else all_to_all) - n_received * SPIKE
    return Exchange(seconds, False, "directed" if is_directed else "allgather")


def _measured(n_ranks: int, n_bytes: float) -> float | None:
    """Return what an Allgather of messages of a size takes here [s]; None if it cannot be tried."""
    try:
        launcher = find_launcher()
    except LauncherError:
        return None
    sizes = [str(SMALL), str(LARGE)]
    program = [sys.executable, "-m", "distsim.estimate.exchange_probe", *sizes]
    environment = build_environment(launcher, n_ranks, os.environ, count_cores(), is_root())
    try:
        done = subprocess.run(
            build_command(launcher, n_ranks, program),
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=TIMEOUT,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    small, large = json.loads(done.stdout.strip().splitlines()[-1])
    per_byte = max(large - small, 0.0) / (LARGE - SMALL)
    return float(max(small + per_byte * (n_bytes - SMALL), small * min(n_bytes / SMALL, 1.0)))
