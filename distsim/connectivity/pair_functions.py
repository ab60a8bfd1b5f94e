"""Probabilities of connections as functions of what two cells are: distance, displacement, indices.

Each is asked for some targets at once, and answers for all sources of each of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from distsim.connectivity.distances import Coordinates, Distances
from distsim.connectivity.rows import Ints

__all__ = ["ProbabilityOfDisplacement", "ProbabilityOfDistance", "ProbabilityOfIndices"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ProbabilityOfDistance:
    """The probability of each connection to some targets, as a function of distance.

    Attributes
    ----------
    function : callable
        Probability for an array of distances, elementwise.
    distances : Distances
    """

    function: Callable[[Floats], ArrayLike]
    distances: Distances

    def __call__(self, targets: Ints) -> Floats:
        """Return the probabilities, shape (n_targets, n_pre)."""
        distances = self.distances.to(targets)
        return np.broadcast_to(np.asarray(self.function(distances), np.float64), distances.shape)


@dataclass(frozen=True, eq=False)
class ProbabilityOfDisplacement:
    """The probability of each connection to some targets, as a function of displacement.

    Attributes
    ----------
    function : callable
        Probability for an array of displacements of shape (3, n): target less source.
    pre, post : Coordinates
    """

    function: Callable[[Floats], ArrayLike]
    pre: Coordinates
    post: Coordinates

    def __call__(self, targets: Ints) -> Floats:
        """Return the probabilities, shape (n_targets, n_pre)."""
        displacements = self.post.at(targets)[:, :, None] - self.pre.all[:, None, :]
        _, *shape = displacements.shape
        return _of_pairs(self.function(displacements.reshape(3, -1)), tuple(shape))


@dataclass(frozen=True, eq=False)
class ProbabilityOfIndices:
    """The probability of each connection to some targets, as a function of both indices.

    Attributes
    ----------
    function : callable
        Probability for arrays of the indices of sources and targets, elementwise.
    n_pre : int
    """

    function: Callable[[Ints, Ints], ArrayLike]
    n_pre: int

    def __call__(self, targets: Ints) -> Floats:
        """Return the probabilities, shape (n_targets, n_pre)."""
        pre = np.tile(np.arange(self.n_pre, dtype=np.int64), targets.size)
        post = np.repeat(targets, self.n_pre)
        return _of_pairs(self.function(pre, post), (targets.size, self.n_pre))


def _of_pairs(given: Any, shape: tuple[int, ...]) -> Floats:
    """Return what a function gave for each pair, or for all of them alike, in rows."""
    values = np.asarray(given, np.float64)
    return np.broadcast_to(values.reshape(shape) if values.ndim else values, shape)
