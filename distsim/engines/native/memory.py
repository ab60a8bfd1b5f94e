"""Refuse connections that cannot fit, from their rules, before anything is counted."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from distsim.errors import ConnectivityError
from distsim.models import CellModel
from distsim.network.pathways import Pathway

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["available_bytes", "check_memory"]

# fewer bytes on a rank are not looked at; expected numbers of synapses may be so much too large
SMALL, MARGIN = 2**28, 1.1
CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def available_bytes() -> float:
    """Return the memory that this node can still give, at most; infinity if it does not say."""
    available = np.inf
    meminfo = Path("/proc/meminfo")
    if meminfo.is_file():
        lines = (line.split() for line in meminfo.read_text().splitlines())
        kilobytes = {words[0]: int(words[1]) for words in lines}
        if "MemAvailable:" in kilobytes:
            available = 1024.0 * (kilobytes["MemAvailable:"] + kilobytes.get("SwapFree:", 0))
    for path in CGROUP_LIMITS:
        limit = path.read_text().strip() if path.is_file() else ""
        if limit.isdigit():
            available = min(available, float(limit))
    return available


def check_memory(pathways: Sequence[tuple[CellModel, Pathway]], comm: "MPI.Intracomm") -> None:
    """Raise if the synapses of some node's ranks need more memory than it has.

    Counted are targets, and weights where these differ; only rules from which the number of
    synapses follows.

    Parameters
    ----------
    pathways : sequence of (CellModel, Pathway)
        Each with the model of those of its targets that are meant.
    comm : mpi4py.MPI.Intracomm
        All ranks.

    Raises
    ------
    ConnectivityError
        On the ranks of that node.

    Notes
    -----
    Collective: every rank must call it, in the same order. One reduction where networks are small.
    """
    from mpi4py import MPI

    sizes = [_expected(model, pathway) for model, pathway in pathways]
    need = sum(n_bytes for _, n_bytes in sizes)
    if comm.allreduce(need, op=MPI.MAX) < SMALL:
        return
    node = comm.Split_type(MPI.COMM_TYPE_SHARED)
    of_node, n_ranks = node.allreduce(need), node.Get_size()
    node.Free()
    available = available_bytes()
    if of_node <= MARGIN * available:
        return
    largest = max(range(len(sizes)), key=lambda k: sizes[k][1])
    n_synapses, n_bytes = sizes[largest]
    raise ConnectivityError(
        f"projection '{pathways[largest][1].label}' would have {n_synapses:.3g} synapses, "
        f"{n_bytes / 2**30:.3g} GiB, on this rank; all synapses of the {n_ranks} ranks of its node "
        f"take {of_node / 2**30:.3g} GiB, and {available / 2**30:.3g} GiB are available there; "
        "make fewer connections, or spread the ranks over more nodes",
        n_synapses=n_synapses,
    )


def _expected(model: CellModel, pathway: Pathway) -> tuple[float, float]:
    """Return expected synapses and their bytes on this rank; 0 where the rule does not tell."""
    indegree = pathway.connections.expected_indegree
    if indegree is None or pathway.targets.size == 0:
        return 0.0, 0.0
    n_synapses = indegree * np.count_nonzero(pathway.lids(model) >= 0)
    return n_synapses, n_synapses * (2 if pathway.connections.constant_weight is not None else 6)
