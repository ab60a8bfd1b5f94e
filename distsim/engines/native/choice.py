"""Which exchange: all spikes to all ranks, or each only where its targets are."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.engines.native.directed import DirectedExchange
from distsim.engines.native.exchange import Exchange, SpikeExchange
from distsim.engines.native.messages import Traffic
from distsim.engines.native.routes import Routes, find_routes
from distsim.partitioning import Partition

__all__ = ["choose_exchange", "estimate_costs", "exchange_costs"]

# fewer ranks are not asked for their routes: an Allgather takes three hops at most
FEW_RANKS = 8
# spikes of a cell that are reckoned with [Hz]
RATE = 5.0
# see docs/scaling.md: a hop between nodes, a further message [s]; a byte [s]; a received spike [s]
HOP, MESSAGE, BYTE, SPIKE = 2e-6, 0.4e-6, 1e-10, 5e-8


def choose_exchange(
    kind: str,
    comm: Any,
    partition: Partition,
    wanted: NDArray[np.int64],
    epoch: float,
    traffic: Traffic,
) -> Exchange:
    """Return the exchange for a network as it is built; every rank must call it.

    Parameters
    ----------
    kind : {'auto', 'allgather', 'directed'}
        'auto': the one that is estimated to cost the slowest rank less.
    comm : mpi4py communicator
    partition : Partition
    wanted : ndarray of int64, ascending
        Sources, each once, whose spikes this rank needs.
    epoch : float
        [ms]
    traffic : Traffic
        Where to go on counting.

    Returns
    -------
    Exchange
        The same kind on every rank.
    """
    n_ranks = comm.Get_size()
    if kind == "allgather" or (kind == "auto" and n_ranks < FEW_RANKS):
        return SpikeExchange(comm, traffic=traffic)
    routes = find_routes(comm, partition, wanted)
    if kind == "auto":
        costs = np.array(estimate_costs(routes, wanted.size, n_ranks, partition.n_cells, epoch))
        everyone = np.empty((n_ranks, 2))
        comm.Allgather(costs, everyone)
        all_to_all, directed = everyone.max(axis=0)
        if all_to_all <= directed:
            return SpikeExchange(comm, traffic=traffic)
    return DirectedExchange(comm, routes, traffic=traffic)


def estimate_costs(
    routes: Routes, n_wanted: int, n_ranks: int, n_cells: int, epoch: float
) -> tuple[float, float]:
    """Return what an epoch's exchange costs a rank by Allgather, and directed [s].

    Parameters
    ----------
    routes : Routes
    n_wanted : int
        Sources that have targets on this rank.
    n_ranks, n_cells : int
    epoch : float
        [ms]
    """
    spikes = RATE * epoch / 1000.0
    n_neighbours = max(routes.receivers.size, routes.senders.size)
    n_sent, n_received = spikes * routes.neighbour.size, spikes * n_wanted
    return exchange_costs(n_ranks, n_neighbours, spikes * n_cells, n_sent, n_received)


def exchange_costs(
    n_ranks: int, n_neighbours: int, n_spikes: float, n_sent: float, n_received: float
) -> tuple[float, float]:
    """Return what one exchange costs a rank by Allgather, and directed [s].

    Parameters
    ----------
    n_ranks : int
    n_neighbours : int
        Ranks that it sends to, or receives from, when directed.
    n_spikes : float
        Of all ranks.
    n_sent, n_received : float
        Spikes of a rank, when directed.
    """
    all_to_all = (n_ranks - 1).bit_length() * HOP
    all_to_all += 8 * (n_ranks + n_spikes) * BYTE + n_spikes * SPIKE
    directed = HOP + n_neighbours * MESSAGE
    directed += 8 * (n_neighbours + max(n_sent, n_received)) * BYTE + n_received * SPIKE
    return all_to_all, directed
