"""One model group with its connectome and the spikes on their way to it."""

from collections.abc import Callable, Sequence
from operator import is_not
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.engines.native.connectome import build_connectome, empty_connectome
from distsim.engines.native.drives import DriveSet, build_drives, collect_set
from distsim.engines.native.groups import CellGroup
from distsim.kernels.arrays import (
    Connectome,
    PoissonInput,
    PoissonSources,
    PoissonTables,
    Queue,
    RenewalSources,
    SpikeLog,
)
from distsim.kernels.bundle import bundle, entry_of
from distsim.kernels.delivery import (
    DONE,
    compact,
    empty_queue,
    enqueue_spikes,
    skip_arrived,
)
from distsim.kernels.poisson import enqueue_poisson
from distsim.kernels.renewal import enqueue_counted
from distsim.kernels.spike_keys import gid_of_key
from distsim.network.pathways import Pathway
from distsim.network.poisson import is_source
from distsim.network.renewal import no_renewals
from distsim.partitioning.streams import Stream

__all__ = ["GroupNetwork", "PastPoisson", "select_sources"]

Integers = NDArray[np.int64]
NO_DELAY = 2**30


class _Generation(NamedTuple):
    """What Poisson sources were between two changes.

    Attributes
    ----------
    last_step : int
        The last step in which they spiked so.
    tables : PoissonTables
    sources : PoissonSources
    pathways : frozenset of Pathway
        Those that there were.
    """

    last_step: int
    tables: PoissonTables
    sources: PoissonSources
    pathways: frozenset[Pathway]

    def until(self, step: int) -> "_Generation":
        """Return the same, ended at a step if it has not ended before."""
        last_step = min(self.last_step, step)
        ended = self.sources._replace(end=np.minimum(self.sources.end, last_step))
        return self._replace(last_step=last_step, sources=ended)


class PastPoisson(NamedTuple):
    """What Poisson sources were in the steps ``first <= step <= last``.

    Attributes
    ----------
    first, last : int
    tables : PoissonTables
    sources : PoissonSources
    """

    first: int
    last: int
    tables: PoissonTables
    sources: PoissonSources


class GroupNetwork:
    """A model group, the pathways onto it, its connectome and queues.

    Parameters
    ----------
    group : CellGroup

    Attributes
    ----------
    connectome : Connectome
    n_synapses : int
        Of the connectome.
    queues : tuple of 2 Queue
        Rows of exchanged spikes; rows of spikes that are drawn here.
    poisson : PoissonInput
        Poisson and renewal sources whose rows wait in the second queue.
    drives : Drives
        Poisson sources whose spikes are drawn as they arrive.
    """

    def __init__(self, group: CellGroup) -> None:
        self.group = group
        self.pathways: list[Pathway] = []
        self.connectome = empty_connectome()
        self.queues: tuple[Queue, Queue] = (empty_queue(256), empty_queue(256))
        self.n_synapses = 0
        self.drives = build_drives([], Stream(0, 0, 0))
        self._renewals = no_renewals()
        self._sets: dict[Pathway, DriveSet] = {}
        self._generations: list[_Generation] = []
        self._parts: tuple[object, ...] = ()
        self.max_delay_steps = 0

    def entry(self, log: SpikeLog) -> tuple[int, int]:
        """Return what compiled code calls the group by; see `entry_of`.

        Valid until some part is another object, and as long as this one is.
        """
        group = self.group
        parts = (
            group.cells,
            group.coefficients,
            self.connectome,
            self.queues,
            self.poisson,
            self.drives,
            group.currents,
            group.probes,
            log,
        )
        if len(self._parts) != len(parts) or any(map(is_not, parts, self._parts)):
            self._bundle, self._parts = bundle(*parts), parts
            self._entry = entry_of(self._bundle)
        return self._entry

    @property
    def drive_candidates(self) -> list[Pathway]:
        """Pathways whose spikes may be drawn as they arrive: the same on every rank."""
        return [pathway for pathway in self.pathways if pathway.is_drive]

    def build(self, dt: float, drives: Sequence[Pathway], progress: Callable[[int], None]) -> None:
        """Build cells and connectome from what was described; state is kept.

        Parameters
        ----------
        dt : float
            [ms]
        drives : sequence of Pathway
            Those whose spikes are drawn as they arrive; the same on every rank.
        progress : callable
            Called with the number of synapses placed.
        """
        self.group.build()
        self._sets = {pathway: collect_set(pathway, self.group.model, dt) for pathway in drives}
        others = [pathway for pathway in self.pathways if pathway not in self._sets]
        self.connectome, self.n_synapses = build_connectome(
            others, self.group.model, self.group.n_local, dt, progress
        )
        self.n_synapses += sum(drive_set.gids.size for drive_set in self._sets.values())
        delays = [drive_set.delay for drive_set in self._sets.values() if drive_set.gids.size]
        if self.connectome.run_delay.size:
            delays.append(int(self.connectome.run_delay.max()))
        self.max_delay_steps = max(delays, default=0)

    def delay_range(self, regenerated: Sequence[tuple[int, int]]) -> tuple[int, int, int]:
        """Return the smallest delay, the smallest of an exchanged source, and the largest [steps].

        Parameters
        ----------
        regenerated : sequence of (first gid, end gid)
            Sources whose spikes are not exchanged, and so do not bound an epoch.
        """
        net = self.connectome
        driven = [drive_set.delay for drive_set in self._sets.values() if drive_set.gids.size]
        if not net.run_delay.size:
            return min(driven, default=NO_DELAY), NO_DELAY, self.max_delay_steps
        # the runs of a row are sorted by delay: the first is its smallest
        smallest = net.run_delay[net.row_start[:-1]].astype(np.int64)
        exchanged = smallest[~is_source(net.row_source, regenerated)]
        low_exchanged = int(exchanged.min()) if exchanged.size else NO_DELAY
        return min([int(smallest.min()), *driven]), low_exchanged, self.max_delay_steps

    def source_gids(self, ranges: Sequence[tuple[int, int]]) -> Integers:
        """Return the gids in some ranges that have targets here, ascending."""
        sources = np.unique(self.connectome.row_source)
        driven = [drive_set.gids for drive_set in self._sets.values()]
        every = np.unique(np.concatenate([sources, *driven]))
        return every[is_source(every, ranges)]

    def set_poisson(
        self, step: int, stream: Stream, tables: PoissonTables, sources: PoissonSources
    ) -> None:
        """Take the Poisson sources that have targets here, as they are after `step`."""
        self.poisson = PoissonInput(
            np.array(stream, np.int64),
            select_sources(sources, self.connectome),
            tables,
            np.zeros(2, np.int64),
            self._renewals,
        )
        # what the sources were before holds for the spikes that they have made
        reach = max((drive_set.delay for drive_set in self._sets.values()), default=0)
        past = [g.until(step) for g in self._generations if g.last_step + reach > step]
        present = sources._replace(begin=np.maximum(sources.begin, step))
        self._generations = [*past, _Generation(int(DONE), tables, present, frozenset(self._sets))]
        self.drives = build_drives(
            [
                (self._sets[pathway], g.tables, g.sources)
                for g in self._generations
                for pathway in self._sets
                if pathway in g.pathways
            ],
            stream,
        )

    def set_renewals(self, sources: RenewalSources) -> None:
        """Take the renewal sources that have targets here, as they are at the present step."""
        first, end = find_rows(sources.gid, self.connectome)
        here = end > first
        columns = {
            name: column[here].copy()
            for name, column in sources._asdict().items()
            if name not in ("stream", "tables", "first_row", "end_row")
        }
        self._renewals = sources._replace(**columns, first_row=first[here], end_row=end[here])
        self.poisson = self.poisson._replace(renewals=self._renewals)

    def make_room(self) -> None:
        """Make room in the queues, if there is little."""
        for which in range(2):
            self._make_room(which)

    def _make_room(self, which: int) -> None:
        """Drop the entries of a queue that are done, and double it if it is still half full."""
        queue = self.queues[which]
        compact(queue, queue)
        if queue.bounds[1] > queue.arrival.size // 2:
            larger = empty_queue(2 * queue.arrival.size)
            compact(queue, larger)
            queues = list(self.queues)
            queues[which] = larger
            self.queues = (queues[0], queues[1])

    def requeue(
        self,
        step: int,
        keys: Integers,
        past: Sequence[PastPoisson],
        stream: Stream,
        renewal_keys: Integers,
    ) -> None:
        """Put the spikes on their way into new queues, after the connectome was built anew.

        They arrive by the new connections, where these let them arrive after the present step.
        Poisson spikes on their way are drawn again, as the sources were when they made them.

        Parameters
        ----------
        step : int
            The present step.
        keys : ndarray of int64
            Spikes by sources with targets here that could still have been on their way, sorted.
        past : sequence of PastPoisson
            Of the Poisson sources with targets here, as far back as spikes could be on their way.
        stream : Stream
            Of the Poisson sources.
        renewal_keys : ndarray of int64
            Spikes by renewal sources with targets here that could still have been on their way,
            sorted.
        """
        for queue in self.queues:
            queue.bounds[:] = 0
        if step == 0:
            return
        n_queued = 0
        while n_queued < keys.size:
            n_queued = enqueue_spikes(self.queues[0], self.connectome, keys, n_queued)
            if n_queued < keys.size:
                self._make_room(0)
        for period in past:
            sources = select_sources(period.sources, self.connectome)
            position = np.array([period.first, 0], np.int64)
            while not enqueue_poisson(
                position,
                period.last,
                stream,
                sources,
                period.tables,
                self.queues[1],
                self.connectome,
            ):
                self._make_room(1)
        if renewal_keys.size:
            self._requeue_renewals(renewal_keys)
        for queue in self.queues:
            skip_arrived(queue, self.connectome, step)

    def _requeue_renewals(self, keys: Integers) -> None:
        """Put spikes of renewal sources behind those of Poisson sources of the same step."""
        keys, counts = np.unique(keys, return_counts=True)
        rows = find_rows(gid_of_key(keys), self.connectome)
        n_queued = 0
        while n_queued < keys.size:
            n_queued = enqueue_counted(
                n_queued, keys, counts, *rows, self.queues[1], self.connectome
            )
            if n_queued < keys.size:
                self._make_room(1)
        queue = self.queues[1]
        used = slice(*queue.bounds)
        order = np.argsort(queue.stamp[used], kind="stable")
        for name, column in queue._asdict().items():
            if name not in ("due", "bounds"):
                column[used] = column[used][order]

    def forget_spikes(self) -> None:
        """Drop all spikes on their way."""
        self._generations = []
        for queue in self.queues:
            queue.bounds[:] = 0


def find_rows(gids: Integers, connectome: Connectome) -> tuple[Integers, Integers]:
    """Return the first row of each of some sources, and the end of its rows."""
    first = np.searchsorted(connectome.row_source, gids)
    return first, np.searchsorted(connectome.row_source, gids, side="right")


def select_sources(sources: PoissonSources, connectome: Connectome) -> PoissonSources:
    """Return those sources that have rows in a connectome, with their rows.

    Parameters
    ----------
    sources : PoissonSources
    connectome : Connectome
    """
    first, end = find_rows(sources.gid, connectome)
    here = end > first
    return PoissonSources(
        sources.gid[here],
        sources.table[here],
        sources.begin[here],
        sources.end[here],
        first[here],
        end[here],
    )
