"""Spikes on their way to the synapses of one connectome, and the drawn sources that feed it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.kernels.arrays import (
    Connectome,
    PoissonInput,
    PoissonSources,
    PoissonTables,
    Queue,
    RenewalSources,
)
from distsim.kernels.by_address import NOTHING, Addressed
from distsim.kernels.delivery import compact, empty_queue, enqueue_spikes, skip_arrived
from distsim.kernels.poisson import enqueue_poisson
from distsim.kernels.rarer import PART, DrawnPart, queue_drawn, queue_poisson
from distsim.kernels.renewal import enqueue_counted
from distsim.kernels.spike_keys import gid_of_key
from distsim.network.renewal import no_renewals
from distsim.partitioning.streams import Stream

__all__ = ["Arrivals", "PastPoisson", "find_rows", "select_sources"]

Integers = NDArray[np.int64]


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


class Arrivals:
    """Rows of a connectome that wait for their runs to arrive, and sources drawn into them.

    Parameters
    ----------
    rows : Connectome

    Attributes
    ----------
    rows : Connectome
        Another may take its place; `requeue` then puts the spikes on their way into it.
    queues : tuple of 2 Queue
        Rows of exchanged spikes; rows of spikes that are drawn here.
    poisson : PoissonInput
        Poisson and renewal sources whose rows wait in the second queue.
    """

    def __init__(self, rows: Connectome) -> None:
        self.rows = rows
        self.queues: tuple[Queue, Queue] = (empty_queue(256), empty_queue(256))
        self._renewals = no_renewals()
        self._drawn, self._drawn_by = np.zeros(2, np.int64), Addressed()
        self.poisson = PoissonInput(
            np.zeros(3, np.int64),
            PoissonSources(*(np.zeros(0, np.int64) for _ in range(6))),
            PoissonTables(np.zeros(0, np.uint32), np.zeros(1, np.int64)),
            np.zeros(2, np.int64),
            self._renewals,
        )

    def set_poisson(self, stream: Stream, tables: PoissonTables, sources: PoissonSources) -> None:
        """Take the Poisson sources that have rows here."""
        self.poisson = PoissonInput(
            np.array(stream, np.int64),
            select_sources(sources, self.rows),
            tables,
            np.zeros(2, np.int64),
            self._renewals,
        )

    def set_renewals(self, sources: RenewalSources) -> None:
        """Take the renewal sources that have rows here, as they are at the present step."""
        first, end = find_rows(sources.gid, self.rows)
        here = end > first
        columns = {
            name: column[here].copy()
            for name, column in sources._asdict().items()
            if name not in ("stream", "tables", "first_row", "end_row")
        }
        self._renewals = sources._replace(**columns, first_row=first[here], end_row=end[here])
        self.poisson = self.poisson._replace(renewals=self._renewals)

    def drawn(self) -> Integers:
        """Return what compiled code calls the sources by, zeros if there are none; see `Addressed`.

        It is always the same array.
        """
        n_renewals, n_poisson = self._renewals.gid.size, self.poisson.sources.gid.size
        parts = self.poisson, self.queues[1], self.rows
        function = queue_drawn if n_renewals else queue_poisson
        self._drawn[:] = (
            self._drawn_by.entry(DrawnPart, parts, function, PART)
            if n_renewals + n_poisson
            else NOTHING
        )
        return self._drawn

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
        self.forget_spikes()
        if step == 0:
            return
        n_queued = 0
        while n_queued < keys.size:
            n_queued = enqueue_spikes(self.queues[0], self.rows, keys, n_queued)
            if n_queued < keys.size:
                self._make_room(0)
        for period in past:
            sources = select_sources(period.sources, self.rows)
            position = np.array([period.first, 0], np.int64)
            while not enqueue_poisson(
                position,
                period.last,
                stream,
                sources,
                period.tables,
                self.queues[1],
                self.rows,
            ):
                self._make_room(1)
        if renewal_keys.size:
            self._requeue_renewals(renewal_keys)
        for queue in self.queues:
            skip_arrived(queue, self.rows, step)

    def _requeue_renewals(self, keys: Integers) -> None:
        """Put spikes of renewal sources behind those of Poisson sources of the same step."""
        keys, counts = np.unique(keys, return_counts=True)
        rows = find_rows(gid_of_key(keys), self.rows)
        n_queued = 0
        while n_queued < keys.size:
            n_queued = enqueue_counted(n_queued, keys, counts, *rows, self.queues[1], self.rows)
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
        for queue in self.queues:
            queue.bounds[:] = 0


def find_rows(gids: Integers, rows: Connectome) -> tuple[Integers, Integers]:
    """Return the first row of each of some sources, and the end of its rows."""
    first = np.searchsorted(rows.row_source, gids)
    return first, np.searchsorted(rows.row_source, gids, side="right")


def select_sources(sources: PoissonSources, rows: Connectome) -> PoissonSources:
    """Return those sources that have rows in a connectome, with their rows.

    Parameters
    ----------
    sources : PoissonSources
    rows : Connectome
    """
    first, end = find_rows(sources.gid, rows)
    here = end > first
    return PoissonSources(
        sources.gid[here],
        sources.table[here],
        sources.begin[here],
        sources.end[here],
        first[here],
        end[here],
    )
