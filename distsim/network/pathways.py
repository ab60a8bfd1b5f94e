"""Connections as an engine is given them: those of a projection onto this rank's cells."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["ConnectionChunks", "Pathway"]

Integers = NDArray[np.int64]


class ConnectionChunks(Protocol):
    """Connections that can be had again and again, chunk by chunk; see `distsim.connectivity`."""

    @property
    def constant_weight(self) -> float | None:
        """The weight of all connections, or None where they differ."""

    @property
    def constant_delay(self) -> float | None:
        """The delay of all connections, or None where they differ."""

    @property
    def expected_indegree(self) -> float | None:
        """Expected synapses per target, or None where that is not known."""

    def chunks(self, targets: Integers, want_weights: bool = True) -> Iterator[Any]:
        """Yield the connections onto `targets`."""


@dataclass(frozen=True, eq=False)
class Pathway:
    """A projection as one model group of this rank sees it.

    Attributes
    ----------
    label : str
        For messages.
    connections : ConnectionChunks
    targets : ndarray of int64, shape (n_targets,)
        Indices of this rank's target cells in the projection's target population, ascending.
    lids : callable
        Returns the local indices of `targets` in the model group, -1 for those in another.
    source_gids : callable
        Maps indices in the source population to gids.
    source_range : tuple of 2 int
        All sources have gids ``first <= gid < end``.
    receptor : int
        Index of the receptor type.
    is_drive : bool
        Whether it is one to one from Poisson sources.
    """

    label: str
    connections: ConnectionChunks
    targets: Integers
    lids: Callable[[], Integers]
    source_gids: Callable[[Integers], Integers]
    source_range: tuple[int, int]
    receptor: int
    is_drive: bool = False
