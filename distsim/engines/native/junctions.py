"""The gap junctions of a network, as one rank has them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.comm.owners import fetch
from distsim.declared import declares
from distsim.engines.junction_sides import (
    Sides,
    described_sides,
    joined_sides,
    sent_to_owners,
)
from distsim.engines.native.exchange import allgather_call
from distsim.engines.native.group_network import GroupNetwork
from distsim.engines.native.groups import CellGroup
from distsim.engines.native.messages import Traffic
from distsim.kernels.by_address import NOTHING, Addressed
from distsim.kernels.junctions import (
    Coupling,
    PotentialExchange,
    exchange_potentials,
    uncoupled,
)
from distsim.network.blocks import CellBlock
from distsim.network.pathways import Pathway
from distsim.partitioning import Partition

__all__ = ["Junctions"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

# the load of a cell is dt times the conductance of all its junctions over its capacitance; with
# more than this, its potential is not extrapolated
EXTRAPOLATED = 0.25
# conductances are reduced so that no load is more: two equal cells are then at their mean after
# one step, and no step brings a cell further than to the mean of the others
LARGEST = 0.5


@declares(
    stored="_gids _change",
    remade="n_connections are_any traffic _networks exchange _addressed _max _in_place _type",
    described="comm pathways",
)
class Junctions:
    """Gap junctions onto this rank's cells, and the potentials that ranks tell each other.

    Parameters
    ----------
    comm : mpi4py communicator

    Attributes
    ----------
    pathways : list of Pathway
    n_connections : int
        Connections onto this rank's cells, as they were described.
    are_any : bool
        Whether any rank has some.
    exchange : PotentialExchange
    traffic : Traffic
        Exchanges of potentials.
    """

    def __init__(self, comm: Any) -> None:
        # not above: where there is no MPI, this module is imported all the same
        from mpi4py import MPI

        self.comm = comm
        self.pathways: list[Pathway] = []
        self.n_connections = 0
        self.are_any = False
        self.traffic = Traffic()
        self._max = MPI.MAX
        self._in_place, self._type = MPI.IN_PLACE, MPI.INT64_T
        self._networks: list[GroupNetwork] = []
        self._gids = np.zeros(0, np.int64)
        self._change = np.zeros(0)
        none = np.zeros(0, np.int64)
        self._addressed = Addressed()
        self.exchange = PotentialExchange(
            np.zeros(4, np.int64), np.zeros(3, np.int64), none, np.zeros(0), np.zeros(0)
        )

    @property
    def is_changed(self) -> bool:
        """Whether parameters of some cell with junctions were changed."""
        coupled = (network.group for network in self._networks if network.group.is_coupled)
        return any(block.is_changed for group in coupled for block in group.blocks)

    @property
    def entry(self) -> Integers:
        """What compiled code calls `exchange_potentials` by, valid until these are built anew."""
        if not self.exchange.potentials.size:
            return np.array(NOTHING)
        return np.array(
            self._addressed.entry(PotentialExchange, self.exchange, exchange_potentials, ())
        )

    # --- building ------------------------------------------------------------------------------

    def described(self) -> Sides:
        """Return the junctions onto this rank's cells, each by its side there.

        Raises
        ------
        ConnectivityError
            If a conductance is out of its bounds.
        """
        sides = described_sides(self.pathways)
        self.n_connections = sides.target.size
        return sides

    def build(
        self, described: Sides, networks: Sequence[GroupNetwork], partition: Partition, dt: float
    ) -> None:
        """Couple the cells; every rank must call it, once groups are built.

        Parameters
        ----------
        described : Sides
            See `described`.
        networks : sequence of GroupNetwork
            `coupling` and `group.is_coupled` of each are set.
        partition : Partition
        dt : float
            [ms]
        """
        cells = _LocalCells(networks)
        sides = self._both_sides(described, partition)
        # no current flows from a cell to itself
        sides = sides.taken(sides.target != sides.source)
        # the order of sums, whatever the partition is
        target = cells.find(sides.target)
        order = np.lexsort((sides.source, sides.order, target))
        sides, target = sides.taken(order), target[order]
        load = np.bincount(target, sides.conductance, cells.n_cells) * cells.elastances * dt
        source = cells.find(sides.source)
        is_here = source >= 0
        exported, places, loads = self._ask(sides.source[~is_here], partition, cells, load)
        n_sent, n_all = self._largest(exported.size, sides.target.size)
        self.are_any = n_all > 0
        # those of whose potential some rank takes notice
        own = np.unique(np.concatenate([target, source[is_here], exported]))
        place = np.empty(source.size, np.int64)
        place[is_here] = np.searchsorted(own, source[is_here])
        place[~is_here] = own.size + places[:, 0] * n_sent + places[:, 1]
        # alike for both sides, so that what flows out of one cell flows into the other
        largest = np.empty(source.size)
        largest[is_here], largest[~is_here] = load[source[is_here]], loads
        largest = np.maximum(np.maximum(largest, load[target]), LARGEST)
        conductance = sides.conductance * (LARGEST / largest)
        self._use_exchange(np.searchsorted(own, exported), own.size, n_sent)
        self._keep_changes(cells.gids[own])
        weight = np.where(load[own] <= EXTRAPOLATED, 0.5, 0.0)
        start = np.searchsorted(target, np.append(own, cells.n_cells))
        self._networks = list(networks)
        for k, network in enumerate(networks):
            begin, end = np.searchsorted(own, cells.first[k : k + 2])
            mine = slice(begin, end)
            network.coupling = self._coupling(
                network.group,
                mine,
                lid=own[mine] - cells.first[k],
                weight=weight[mine],
                start=start[begin : end + 1] - start[begin],
                source=place[start[begin] : start[end]],
                conductance=conductance[start[begin] : start[end]],
            )

    def _both_sides(self, described: Sides, partition: Partition) -> Sides:
        """Return all sides with their targets on this rank; every rank must call it."""
        symmetric = [p.number for p in self.pathways if p.synapse.n_sides == 2]
        others = described.taken(np.isin(described.order // 2, symmetric)).turned()
        return joined_sides(described, sent_to_owners(self.comm, others, partition))

    def _ask(
        self, gids: Integers, partition: Partition, cells: "_LocalCells", load: Floats
    ) -> tuple[Integers, Integers, Floats]:
        """Ask for the cells of other ranks whose potentials are needed; every rank must call it.

        Returns
        -------
        exported : ndarray of int64
            Places in `cells` of those that others need, ascending.
        places : ndarray of int64, shape (n, 2)
            Of each gid: its owner, and where it is in the owner's message.
        loads : ndarray of float64, shape (n,)
        """
        remote, of_remote = np.unique(gids, return_inverse=True)
        owners = np.asarray(partition.rank_of(remote), np.int64)
        exported = np.zeros(0, np.int64)

        def answer(wanted: Integers) -> Floats:
            nonlocal exported
            asked = cells.find(wanted)
            exported = np.unique(asked)
            return np.column_stack([np.searchsorted(exported, asked), load[asked]])

        told = fetch(self.comm, remote, owners, answer)
        places = np.column_stack([owners, told[:, 0].astype(np.int64)])
        return exported, places[of_remote], told[of_remote, 1]

    def _coupling(self, group: CellGroup, mine: slice, **columns: NDArray[Any]) -> Coupling:
        """Return what a group takes, whose cells are these of the rank's with junctions."""
        group.is_coupled = columns["lid"].size > 0
        if not group.is_coupled:
            return uncoupled()
        place = np.full(group.n_local, -1, np.int64)
        place[columns["lid"]] = np.arange(columns["lid"].size)
        return Coupling(
            place=place,
            row=group.model.state_row("v"),
            change=self._change[mine],
            expected=self.exchange.expected[mine],
            own=self.exchange.potentials[mine],
            potentials=self.exchange.potentials,
            **columns,
        )

    def _largest(self, *numbers: int) -> list[int]:
        most = np.array(numbers, np.int64)
        self.comm.Allreduce(self._in_place, most, self._max)
        largest: list[int] = most.tolist()
        return largest

    def _use_exchange(self, sent: Integers, n_own: int, n_sent: int) -> None:
        potentials = np.zeros(n_own + n_sent * self.comm.Get_size())
        place = n_own, n_own + n_sent * self.comm.Get_rank(), n_sent
        self.exchange = PotentialExchange(
            call=allgather_call(self.comm),
            place=np.array(place, np.int64),
            sent=sent.astype(np.int64),
            expected=np.zeros(n_own),
            potentials=potentials,
        )

    def _keep_changes(self, gids: Integers) -> None:
        """Take other cells, of which those that there were before keep their last change."""
        change = np.zeros(gids.size)
        _, new, old = np.intersect1d(gids, self._gids, return_indices=True)
        change[new] = self._change[old]
        self._gids, self._change = gids, change

    # --- snapshots -----------------------------------------------------------------------------

    def changes(self) -> tuple[Integers, Floats]:
        """Return the gids of coupled cells, and how their potentials changed in the last step."""
        return self._gids, self._change

    def lay_in(self, gids: Integers, change: Floats) -> None:
        """Take what `changes` has returned, before the cells are coupled anew."""
        self._gids, self._change = gids, change

    # --- running -------------------------------------------------------------------------------

    def begin(self) -> None:
        """Expect potentials from what the cells are now; every rank must call it before a run."""
        for network in self._networks:
            c = network.coupling
            v = network.group.cells.state[c.row, c.lid]
            c.expected[:] = v + c.weight * c.change
        if self.are_any:
            exchange_potentials(self.exchange._replace(call=np.zeros(4, np.int64)))
            self._gather()
            self._count(1)

    def complete(self, n_exchanges: int) -> None:
        """Exchange potentials where compiled code could not; every rank must call it.

        Parameters
        ----------
        n_exchanges : int
            Steps that were made since the last call, each with an exchange.
        """
        if self.are_any:
            if not self.exchange.call.any():
                self._gather()
            self._count(n_exchanges)

    def _gather(self) -> None:
        first, _, n_sent = self.exchange.place
        if n_sent:
            words = self.exchange.potentials[first:].view(np.int64)
            self.comm.Allgather(self._in_place, [words, self._type])

    def _count(self, n_exchanges: int) -> None:
        n_ranks, n_sent = self.comm.Get_size(), int(self.exchange.place[2])
        if n_sent:
            self.traffic.add_gathers(n_exchanges, n_ranks, 8 * n_sent * (n_ranks - 1))

    def reset(self) -> None:
        """Forget how the potentials have changed."""
        self._change[:] = 0.0


class _LocalCells:
    """The model neurons of this rank, of all groups one after another.

    Attributes
    ----------
    first : ndarray of int64, shape (n_groups + 1,)
        Where each group begins.
    gids : ndarray of int64, shape (n_cells,)
    elastances : ndarray of float64, shape (n_cells,)
        1 over the capacitance [1/nF], or 0 where it is not known.
    """

    def __init__(self, networks: Sequence[GroupNetwork]) -> None:
        groups = [network.group for network in networks]
        sizes = [group.n_local for group in groups]
        self.first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        none = np.zeros(0, np.int64)
        self.gids = np.concatenate([none, *(group.cells.gids for group in groups)])
        each = [_elastances(block) for group in groups for block in group.blocks]
        self.elastances = np.concatenate([np.zeros(0), *each])
        self._order = np.argsort(self.gids)
        self._sorted = self.gids[self._order]

    @property
    def n_cells(self) -> int:
        """How many there are."""
        return self.gids.size

    def find(self, gids: Integers) -> Integers:
        """Return the places of cells with some gids, -1 for those that are not here."""
        if not self.n_cells:
            return np.full(gids.shape, -1, np.int64)
        near = np.minimum(np.searchsorted(self._sorted, gids), self.n_cells - 1)
        return np.where(self._sorted[near] == gids, self._order[near], -1)


def _elastances(block: CellBlock) -> Floats:
    capacitance = block.model.capacitance
    if isinstance(capacitance, str):
        values = block.parameters.get(capacitance, np.full(block.n_local, np.inf))
    else:
        values = np.full(block.n_local, capacitance)
    # what cannot be is refused when coefficients are made
    return np.where(values > 0.0, 1.0 / np.where(values > 0.0, values, 1.0), 0.0)
