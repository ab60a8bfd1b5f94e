"""The renewal sources of a simulation: this rank's own, and those that its cells hear."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.comm.owners import fetch, fetch_lists
from distsim.declared import declares
from distsim.kernels.arrays import RenewalSources
from distsim.kernels.spike_keys import gid_of_key, spike_key, step_of_key
from distsim.network.poisson import is_source
from distsim.network.renewal import N_COLUMNS, RenewalBlock, fetched_sources
from distsim.partitioning import Partition
from distsim.partitioning.streams import Stream

__all__ = ["Renewals"]

Integers = NDArray[np.int64]


@declares(stored="blocks _latest", described="comm dt ranges")
class Renewals:
    """The renewal sources of a simulation, as one rank has them.

    A source is what its owner says: the owner draws it, too, up to where something changes, and
    tells all ranks with targets of it how far it is. From there on they draw it themselves.

    Parameters
    ----------
    comm : mpi4py communicator
    dt : float
        [ms]

    Attributes
    ----------
    blocks : list of RenewalBlock
        Of this rank, one for each population.
    ranges : list of (first gid, end gid)
        Of the populations.
    """

    def __init__(self, comm: Any, dt: float) -> None:
        self.comm, self.dt = comm, dt
        self.blocks: list[RenewalBlock] = []
        self.ranges: list[tuple[int, int]] = []
        self._latest = np.zeros(0, np.int64)

    def add(self, block: RenewalBlock, size: int) -> None:
        """Add this rank's cells of a population of `size` cells in all."""
        self.blocks.append(block)
        self.ranges.append((block.first_gid, block.first_gid + size))

    @property
    def is_changed(self) -> bool:
        """Whether parameters of this rank's sources were changed."""
        return any(block.is_changed for block in self.blocks)

    def check(self) -> None:
        """Raise if a changed parameter has a value that it cannot take."""
        for block in self.blocks:
            if block.is_changed:
                block.check(self.dt)

    def refresh(self, step: int, reach: int, stream: Stream) -> None:
        """Draw this rank's sources up to the present step, then take changed parameters.

        Parameters
        ----------
        step : int
        reach : int
            For how many steps a spike can be on its way.
        stream : Stream
        """
        self.draw_until(step, reach)
        for block in self.blocks:
            if block.is_changed:
                block.refresh(step, stream, self.dt)

    def draw_until(self, step: int, reach: int) -> Integers:
        """Draw all sources of this rank up to the present step; return what may be on its way."""
        self._draw(self.blocks, step, reach)
        return self._latest

    def lay_in(self, latest: Integers) -> None:
        """Take the spikes of this rank's sources that may be on their way."""
        self._latest = latest

    def record_until(self, first: int, last: int, reach: int) -> None:
        """Record the spikes of the steps ``first < step <= last`` where they are to be."""
        blocks = [block for block in self.blocks if block.spikes.is_on]
        self._draw(blocks, first, reach)
        self._draw(blocks, last, reach, is_recorded=True)

    def _draw(
        self, blocks: list[RenewalBlock], last: int, reach: int, is_recorded: bool = False
    ) -> None:
        """Draw sources up to a step, and keep what may be on its way."""
        parts = [self._latest]
        for block in blocks:
            for keys in block.draw_until(last):
                if is_recorded:
                    block.spikes.append(keys)
                parts.append(keys[step_of_key(keys) > last - reach])
        latest = np.concatenate(parts)
        self._latest = latest[step_of_key(latest) > last - reach]

    def fetch(
        self, gids: Integers, partition: Partition, step: int, stream: Stream
    ) -> RenewalSources:
        """Return sources as they are at the present step; every rank must call it.

        Parameters
        ----------
        gids : ndarray of int64, shape (n,), ascending
            Those that this rank wants to draw.
        partition : Partition
        step : int
            All were drawn up to it by their owners.
        stream : Stream
        """
        owners = partition.rank_of(gids)

        def rows_of(wanted: Integers) -> NDArray[np.float64]:
            rows = np.zeros((wanted.size, N_COLUMNS))
            for block, inside in self._by_block(wanted):
                rows[inside] = block.rows(wanted[inside])
            return rows

        rows = fetch(self.comm, gids, owners, rows_of)
        # the process of one source of each kind is enough
        _, one, table = np.unique(rows[:, :2], axis=0, return_index=True, return_inverse=True)
        lists = fetch_lists(self.comm, gids[one], owners[one], self._pieces)
        processes = [values.reshape(-1, 4) for values in lists]
        return fetched_sources(gids, rows, processes, table.ravel(), step, stream, self.dt)

    def fetch_latest(self, gids: Integers, partition: Partition) -> Integers:
        """Return the spikes that may be on their way; every rank must call it.

        Parameters
        ----------
        gids : ndarray of int64, shape (n,), ascending
            Of the sources that this rank hears.
        partition : Partition

        Returns
        -------
        ndarray of int64
            ``step << 32 | gid``, sorted; a source with several spikes in a step is there as often.
        """
        lists = fetch_lists(self.comm, gids, partition.rank_of(gids), self._steps)
        steps = np.concatenate([np.zeros(0), *lists]).astype(np.int64)
        counts = [values.size for values in lists]
        return np.sort(spike_key(steps, np.repeat(gids, counts)))

    def _by_block(self, gids: Integers) -> Iterator[tuple[RenewalBlock, NDArray[np.bool_]]]:
        """Yield each block, and which of some gids are its cells."""
        for block, bounds in zip(self.blocks, self.ranges, strict=True):
            yield block, is_source(gids, [bounds])

    def _pieces(self, gids: Integers) -> list[NDArray[np.float64]]:
        """Return the processes of some of this rank's sources, flat."""
        lists = [np.zeros(0)] * gids.size
        for block, inside in self._by_block(gids):
            pieces = block.pieces(gids[inside])
            for place, values in zip(np.flatnonzero(inside), pieces, strict=True):
                lists[place] = values.ravel()
        return lists

    def _steps(self, gids: Integers) -> list[NDArray[np.float64]]:
        """Return the steps of the latest spikes of some of this rank's sources."""
        sources = gid_of_key(self._latest)
        order = np.argsort(sources, kind="stable")
        sources, steps = sources[order], step_of_key(self._latest[order]).astype(np.float64)
        first, end = (np.searchsorted(sources, gids, side=side) for side in ("left", "right"))
        return [steps[low:high] for low, high in zip(first, end, strict=True)]

    def restart(self) -> None:
        """Begin again at step 0."""
        self._latest = self._latest[:0]
        for block in self.blocks:
            block.restart()
