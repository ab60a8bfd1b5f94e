"""Refuse connections that cannot fit, from their rules, before anything is counted."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from distsim.connectivity.values import Constant
from distsim.engines.native.plastic import RING_SIZE
from distsim.errors import ConnectivityError
from distsim.kernels.plastic import N_LATEST
from distsim.models import CellModel
from distsim.network.pathways import Pathway

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["available_bytes", "check_memory", "plastic_bytes", "synapse_bytes"]

# fewer bytes on a rank are not looked at; expected numbers of synapses may be so much too large
SMALL, MARGIN = 2**28, 1.1
# bytes of a side of a gap junction while it is built, as measured: some index arrays of numpy's;
# 16 are left
SIDE = 120
# of the number of a synapse's connection; of a source's first run, without states and traces
NUMBER, RUN = 4, 35
# of a target that synapses learn from: its spikes, those at hand and in the ring; a trace at these
TARGET, TARGET_TRACE = 4 * (N_LATEST + RING_SIZE) + 8, 8 * (N_LATEST + RING_SIZE + 1)
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

    Counted are only rules from which the number of synapses follows. Of static synapses: targets,
    and weights where these differ; of those with variables: these, targets, parameters that differ,
    what each source's and each target's spikes leave, and what building takes more; of gap
    junctions: what building takes.

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
    n_targets = int(np.count_nonzero(pathway.lids(model) >= 0))
    n_synapses = indegree * n_targets
    if pathway.synapse.is_electrical:
        # the other sides of a rank's junctions are on other ranks, and theirs here
        return n_synapses, n_synapses * pathway.synapse.n_sides * SIDE
    if pathway.synapse.is_static:
        n_local = sum(block.n_local for block, _ in pathway.blocks if block.model is model)
        has_weights = pathway.connections.constant_weight is None
        return n_synapses, synapse_bytes(n_synapses, n_local, has_weights)
    return n_synapses, plastic_bytes(pathway, n_synapses, n_targets)


def synapse_bytes(n_synapses: float, n_local: int, has_weights: bool) -> float:
    """Return the bytes of static synapses: targets, and weights where these differ.

    Parameters
    ----------
    n_synapses : float
    n_local : int
        Cells on the rank that they can go to.
    has_weights : bool
        Whether the weights of a row differ.
    """
    return n_synapses * ((4 if has_weights else 0) + (2 if n_local < 2**16 else 4))


def plastic_bytes(pathway: Pathway, n_synapses: float, n_targets: int) -> float:
    """Return the bytes of synapses with variables, while they are built.

    Parameters
    ----------
    pathway : Pathway
    n_synapses : float
    n_targets : int
        Onto which they are.
    """
    model, connections = pathway.synapse, pathway.connections
    n_differing = sum(not isinstance(v, Constant) for v in connections.parameters.values())
    # parameters that differ make variables of the source each synapse's own
    n_numbers = len(model.column_names(is_shared=n_differing == 0)) + n_differing
    # values lie in the order of the connections, one after another, before they do in that of runs
    n_numbers += n_differing > 0 or connections.constant_weight is None
    synapse = 8 * n_numbers + NUMBER + (2 if n_targets < 2**16 else 4)
    # a run at least for each source with targets here
    n_sources = max(sum(pathway.sources.sizes), 1)
    n_runs = n_sources * -np.expm1(-n_synapses / n_sources)
    n_states = 0 if n_differing else len(model.source_states)
    run = RUN + 8 * (n_states + 2 * len(model.source_traces))
    n_traces = len(model.target_traces)
    target = TARGET + n_traces * TARGET_TRACE if model.is_learning else 0
    return n_synapses * synapse + n_runs * run + n_targets * target
