"""What every engine can be asked and told, and what it keeps of a described network."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from distsim.comm.owners import fetch
from distsim.connectivity import Connections
from distsim.engines.renewals import Renewals
from distsim.errors import ConnectivityError, NotAvailableError
from distsim.models import CellModel
from distsim.models.synapse_model import SynapseModel
from distsim.network.blocks import CellBlock
from distsim.network.currents import Injection
from distsim.network.pathways import Pathway
from distsim.network.poisson import PoissonBlock
from distsim.network.renewal import RenewalBlock
from distsim.network.spike_arrays import ArrayBlock
from distsim.partitioning import Partition
from distsim.partitioning.streams import Purpose, Stream

__all__ = ["Engine"]


class Engine(ABC):
    """What runs a described network on this rank.

    First it is told of cells, sources, connections and currents; `prepare` builds what is new or
    was changed, and `run_until` makes the steps. Between two runs all may be told anew.

    Parameters
    ----------
    comm : mpi4py communicator
    dt : float
        [ms]
    seed : int
    min_delay : float or None
        Given by the user [ms]; None: the smallest delay of any pathway.
    max_delay : float or None
        Given by the user [ms]; None: no limit.

    Attributes
    ----------
    name : str
        As `setup(engine=...)` has it.
    has_snapshots : bool
        Whether it can store its state, and go on from it.
    models : collection of CellModel
        PyNN's cell models that there are, and more.
    takes_initial_values : bool
        Whether variables of synapses can begin with other values than their model says: those that
        `Pathway.connections` have among their parameters.
    step : int
        The present step; time is ``step * dt``.
    segment : int
        How often `reset` was called.
    partition : Partition
    renewals : Renewals
        The renewal sources.
    min_delay_steps, max_delay_steps : int or None
        Of the connections, once they are built; None if there are none.
    counters : dict of str to int
    seconds : dict of str to float
        Spent on this rank: 'build' and 'run'; where the engine tells it, parts of these:
        'compile', and 'exchange', in which the wait for other ranks is included.
    """

    name: ClassVar[str]
    has_snapshots: ClassVar[bool] = False
    models: Collection[CellModel]
    takes_initial_values: ClassVar[bool] = False

    def __init__(
        self, comm: Any, dt: float, seed: int, min_delay: float | None, max_delay: float | None
    ) -> None:
        # not above: where there is no MPI, this module is imported all the same
        from mpi4py import MPI

        self._in_place, self._min, self._sum = MPI.IN_PLACE, MPI.MIN, MPI.SUM
        self.comm = comm
        self.rank = comm.Get_rank()
        self.dt = dt
        self.seed = seed
        self.user_min_delay = min_delay
        self.user_max_delay = max_delay
        self.step = 0
        self.segment = 0
        self.partition = Partition()
        self.array_blocks: list[ArrayBlock] = []
        self.poisson_blocks: list[PoissonBlock] = []
        self.poisson_ranges: list[tuple[int, int]] = []
        self.renewals = Renewals(comm, dt)
        self.min_delay_steps: int | None = None
        self.max_delay_steps: int | None = None
        self.counters = {"spikes": 0, "events": 0, "epochs": 0, "steps": 0}
        self.seconds = {"build": 0.0, "run": 0.0}

    @classmethod
    def has(cls, model: CellModel) -> bool:
        """Return whether there is a cell model: that record, not another of the same name."""
        return model in cls.models

    # --- what it is told -----------------------------------------------------------------------

    @abstractmethod
    def add_cells(self, model: Any, first_gid: int, indices: NDArray[np.int64]) -> CellBlock:
        """Add this rank's cells of a population of model neurons."""

    def add_array_sources(self, first_gid: int, indices: NDArray[np.int64]) -> ArrayBlock:
        """Add this rank's cells of a population of SpikeSourceArray."""
        self.array_blocks.append(ArrayBlock(first_gid, indices))
        return self.array_blocks[-1]

    def add_poisson_sources(
        self, first_gid: int, size: int, indices: NDArray[np.int64]
    ) -> PoissonBlock:
        """Add this rank's cells of a population of SpikeSourcePoisson of `size` cells in all."""
        self.poisson_blocks.append(PoissonBlock(first_gid, indices))
        self.poisson_ranges.append((first_gid, first_gid + size))
        return self.poisson_blocks[-1]

    def add_renewal_sources(self, block: RenewalBlock, size: int) -> None:
        """Add this rank's cells of a population of `size` renewal sources in all."""
        self.renewals.add(block, size)

    @abstractmethod
    def add_pathway(self, pathway: Pathway) -> None:
        """Add connections onto this rank's cells."""

    @classmethod
    def has_synapse(cls, model: SynapseModel, dendritic_fraction: float = 1.0) -> bool:
        """Return whether there is a synapse model: that record.

        Parameters
        ----------
        model : SynapseModel
        dendritic_fraction : float
            What part of each delay is after the synapse.
        """
        return model.is_static

    @abstractmethod
    def touch_connections(self) -> None:
        """Say that connections, weights or delays were changed."""

    def check_connections(  # noqa: B027 - most engines look at values when they build
        self, pathway: Pathway, connections: Connections, names: Sequence[str]
    ) -> None:
        """Raise if `change_connections` cannot take these values; nothing is changed.

        Raises
        ------
        DistsimError
        """

    def change_connections(
        self, pathway: Pathway, connections: Connections, names: Sequence[str]
    ) -> None:
        """Take other values of the connections of a pathway.

        Parameters
        ----------
        pathway : Pathway
        connections : Connections
            Between the same cells, in the same order.
        names : sequence of str
            Of what was set: 'weight', 'delay', parameters. Of others, what spikes have made of them
            stays.
        """
        pathway.connections = connections
        self.touch_connections()

    def change_one(self, pathway: Pathway, index: int, name: str, value: float) -> None:
        """Take another value of one connection on this rank.

        `Pathway.connections` have it; their rule is a list.
        """
        self.touch_connections()

    def read_synapses(
        self, pathway: Pathway, names: Sequence[str]
    ) -> Mapping[str, NDArray[np.float64]]:
        """Return those values of the connections that spikes change, as they are now.

        Returns
        -------
        mapping of str to ndarray of float64
            In the order of the connections on this rank; empty if all are as they were described.
        """
        return {}

    @abstractmethod
    def inject(self, key: tuple[int, int], injection: Injection) -> None:
        """Let a current flow into cells, in place of an earlier one with the same key."""

    # --- what it does --------------------------------------------------------------------------

    @property
    @abstractmethod
    def n_synapses(self) -> int:
        """Number of synapses onto this rank's cells, once they are built."""

    @property
    def is_build_repeatable(self) -> bool:
        """Whether `prepare` may be ended by an error on the way, and called again."""
        return True

    @abstractmethod
    def prepare(self, progress: Callable[[float], None] = lambda n: None) -> None:
        """Build what was described or changed since the last call; every rank must call it.

        Parameters
        ----------
        progress : callable
            Called with the number of synapses made, now and then.

        Raises
        ------
        DistsimError
            On every rank, if something on any rank cannot be.
        """

    @abstractmethod
    def run_until(
        self,
        last_step: int,
        progress: Callable[[int], None] = lambda n: None,
        is_noted: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Make all steps up to `last_step`; every rank must call it.

        Parameters
        ----------
        last_step : int
        progress : callable
            Called with the number of steps made, at each pause.
        is_noted : callable
            Returns whether this rank has noted an interrupt.

        Returns
        -------
        bool
            Whether the run was ended by an interrupt on some rank: at the same step on all, with
            everything recorded up to it. Another call goes on.
        """

    def store(self, sink: Any) -> None:
        """Hand all that goes on to a sink of `distsim.io.snapshots`; every rank must call it."""
        raise self._no_snapshots()

    def lay_in(self, source: Any) -> None:
        """Go on from what `store` has handed over; every rank must call it.

        All is described, and parameters of cells and connections are as they were.
        """
        raise self._no_snapshots()

    def fork(self, seed: int) -> None:
        """Draw random numbers of another seed from now on; every rank must call it."""
        raise self._no_snapshots()

    def pass_over(self, step: int) -> None:
        """Be at a step without making those before it, since `lay_in` will follow."""
        raise self._no_snapshots()

    def _no_snapshots(self) -> NotAvailableError:
        return NotAvailableError(
            f"engine '{self.name}' cannot store its state, nor go on from it; engine 'native' can"
        )

    @abstractmethod
    def reset(self) -> None:
        """Go back to step 0 of a new segment; state is for the caller to set."""

    @abstractmethod
    def close(self) -> None:
        """Give back what it holds outside of Python; every rank must call it."""

    # --- what all engines share ----------------------------------------------------------------

    @property
    def poisson_stream(self) -> Stream:
        """The stream of the Poisson sources in this segment."""
        return Stream.of(self.seed, Purpose.POISSON, 0, revision=self.segment)

    @property
    def renewal_stream(self) -> Stream:
        """The stream of the renewal sources in this segment."""
        return Stream.of(self.seed, Purpose.RENEWAL, 0, revision=self.segment)

    @property
    def drawn_ranges(self) -> list[tuple[int, int]]:
        """The populations whose spikes are drawn where they are heard: (first gid, end gid)."""
        return [*self.poisson_ranges, *self.renewals.ranges]

    def fetch_poisson_values(
        self, gids: NDArray[np.int64], values: list[NDArray[np.float64]] | None = None
    ) -> NDArray[np.float64]:
        """Return rate, start and duration of Poisson sources; every rank must call it.

        Parameters
        ----------
        gids : ndarray of int64, shape (n,)
            Those that this rank wants to know.
        values : list of ndarray of float64, shape (n_local, 3), optional
            Of the blocks of this rank; default: the present ones.

        Returns
        -------
        ndarray of float64, shape (n, 3)
            Zeros for sources that are not in `values`.
        """
        if values is None:
            values = [block.values() for block in self.poisson_blocks]
        owners = np.asarray(self.partition.rank_of(gids), np.int64)

        def answer(wanted: NDArray[np.int64]) -> NDArray[np.float64]:
            found = np.zeros((wanted.size, 3))
            blocks = zip(self.poisson_blocks, self.poisson_ranges, values, strict=False)
            for block, (first, end), columns in blocks:
                inside = (wanted >= first) & (wanted < end)
                found[inside] = columns[np.searchsorted(block.gids, wanted[inside])]
            return found

        return fetch(self.comm, gids, owners, answer)

    def any_rank(self, *flags: bool) -> list[bool]:
        """Return for each flag whether it is set on any rank; every rank must call it."""
        return [least < 0 for least in self.smallest_of_all(*(-int(flag) for flag in flags))]

    def smallest_of_all(self, *values: int) -> list[int]:
        """Return the smallest of each value on any rank; every rank must call it."""
        least = np.array(values, np.int64)
        self.comm.Allreduce(self._in_place, least, self._min)
        smallest: list[int] = least.tolist()
        return smallest

    def sum_of_all(self, values: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return the sums of values of all ranks, modulo 2**64; every rank must call it."""
        total = np.array(values, np.uint64)
        self.comm.Allreduce(self._in_place, total, self._sum)
        return total

    def check_delays(self, smallest: int, largest: int) -> None:
        """Raise, on every rank, if a delay [steps] is outside what `setup()` was told.

        Raises
        ------
        ConnectivityError
        """
        low, high = self.user_min_delay, self.user_max_delay
        # bounds need not be multiples of dt, up to rounding errors
        if low is not None and smallest < math.ceil(low / self.dt - 1e-6):
            raise ConnectivityError(
                f"delay = {smallest * self.dt:g} ms is shorter than min_delay = {low:g} ms; "
                "raise the delay or set setup(min_delay=...)"
            )
        if high is not None and largest > math.floor(high / self.dt + 1e-6):
            raise ConnectivityError(
                f"delay = {largest * self.dt:g} ms is longer than max_delay = {high:g} ms; "
                "lower the delay or set setup(max_delay=...)"
            )
