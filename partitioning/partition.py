"""The partition: which rank owns which gids, over all populations."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from distsim.errors import PartitionError
from distsim.partitioning.placement import Placement

__all__ = ["Partition"]


@dataclass(frozen=True)
class Partition:
    """An immutable row of populations, each a contiguous range of gids with its placement.

    Parameters
    ----------
    placements : tuple of Placement
        In the order of the populations; the gids of one follow those of the one before.

    Raises
    ------
    PartitionError
        If the placements are for different numbers of ranks.

    Examples
    --------
    >>> from distsim.partitioning.placement import Block, RoundRobin
    >>> partition = Partition().with_population(Block(4, 2)).with_population(RoundRobin(3, 2))
    >>> partition.local_gids(0)
    array([0, 1, 4, 6])
    """

    placements: tuple[Placement, ...] = ()

    def __post_init__(self) -> None:
        numbers = {placement.n_ranks for placement in self.placements}
        if len(numbers) > 1:
            raise PartitionError(
                f"placements for {' and '.join(map(str, sorted(numbers)))} ranks in one "
                "partition; make all of them for the same number",
                n_ranks=sorted(numbers),
            )

    @property
    def n_cells(self) -> int:
        """Number of cells of all populations."""
        return int(self.first_gids[-1])

    @cached_property
    def first_gids(self) -> NDArray[np.int64]:
        """First gid of each population, and the first unused gid, shape (n_populations + 1,)."""
        sizes = [placement.n_cells for placement in self.placements]
        return np.concatenate(([0], np.cumsum(sizes, dtype=np.int64))).astype(np.int64)

    def with_population(self, placement: Placement) -> "Partition":
        """Return this partition with one more population at the end.

        Parameters
        ----------
        placement : Placement

        Raises
        ------
        PartitionError
            If the placement is for another number of ranks.
        """
        return Partition((*self.placements, placement))

    def population_of(self, gids: ArrayLike) -> NDArray[np.int64]:
        """Return the number of the population that each gid belongs to.

        Parameters
        ----------
        gids : int or array of int

        Returns
        -------
        ndarray of int64

        Raises
        ------
        PartitionError
            If a gid does not exist.
        """
        wanted = np.asarray(gids, np.int64)
        wrong = wanted[(wanted < 0) | (wanted >= self.n_cells)]
        if wrong.size:
            raise PartitionError(
                f"gid {wrong[0]} does not exist; there are {self.n_cells} cells, counted from 0",
                gid=int(wrong[0]),
                n_cells=self.n_cells,
            )
        return np.asarray(np.searchsorted(self.first_gids, wanted, side="right") - 1, np.int64)

    def rank_of(self, gids: ArrayLike) -> NDArray[np.int64]:
        """Return the rank that owns each gid.

        Parameters
        ----------
        gids : int or array of int

        Returns
        -------
        ndarray of int64

        Raises
        ------
        PartitionError
            If a gid does not exist.
        """
        wanted = np.asarray(gids, np.int64)
        populations = self.population_of(wanted)
        ranks = np.empty(wanted.shape, np.int64)
        for number in np.unique(populations):
            members = populations == number
            indices = wanted[members] - self.first_gids[number]
            ranks[members] = self.placements[number].rank_of(indices)
        return ranks

    def local_gids(self, rank: int) -> NDArray[np.int64]:
        """Return the gids that a rank owns, ascending.

        Parameters
        ----------
        rank : int

        Returns
        -------
        ndarray of int64, shape (n_local,)
        """
        parts = [
            placement.local_indices(rank) + first
            for placement, first in zip(self.placements, self.first_gids[:-1], strict=True)
        ]
        return np.concatenate([np.empty(0, np.int64), *parts])

    def n_local(self, rank: int) -> int:
        """Return how many cells a rank owns.

        Parameters
        ----------
        rank : int
        """
        return sum(placement.n_local(rank) for placement in self.placements)
