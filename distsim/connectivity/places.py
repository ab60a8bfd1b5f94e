"""Where cells are, computed from their indices, so that nobody holds positions of others' cells."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from distsim.partitioning.streams import Stream, uniforms

__all__ = ["Ball", "Box", "Lattice", "Places"]

Floats = NDArray[np.float64]
Triple = tuple[float, float, float]


class Places(Protocol):
    """Where some cells are."""

    def at(self, indices: NDArray[np.integer]) -> Floats:
        """Return the coordinates of cells by their indices, shape (3, n)."""


@dataclass(frozen=True)
class Lattice:
    """Cells on a line, or a grid of two or three dimensions; the last axis is filled first.

    Attributes
    ----------
    shape : tuple of 3 int
        How many cells along each axis.
    spacing, origin : tuple of 3 float
        From cell to cell, and of the first.
    """

    shape: tuple[int, int, int]
    spacing: Triple
    origin: Triple

    def at(self, indices: NDArray[np.integer]) -> Floats:
        """Return the coordinates of cells by their indices, shape (3, n).

        Examples
        --------
        >>> grid = Lattice((2, 3, 1), (1.0, 0.5, 0.0), (10.0, 0.0, -1.0))
        >>> grid.at(np.array([0, 4])).tolist()
        [[10.0, 11.0], [0.0, 0.5], [-1.0, -1.0]]
        """
        steps = np.array(np.unravel_index(indices, self.shape), np.float64).reshape(3, -1)
        return np.array(self.origin)[:, None] + np.array(self.spacing)[:, None] * steps


@dataclass(frozen=True)
class Box:
    """Cells anywhere in a cuboid, with equal density.

    Attributes
    ----------
    extent : tuple of 3 float
        Width, height and depth.
    origin : tuple of 3 float
        Of its centre.
    stream : Stream
        Random numbers, by cell.
    """

    extent: Triple
    origin: Triple
    stream: Stream

    def at(self, indices: NDArray[np.integer]) -> Floats:
        """Return the coordinates of cells by their indices, shape (3, n)."""
        u = _three_each(self.stream, indices)
        return np.array(self.origin)[:, None] + np.array(self.extent)[:, None] * (u - 0.5)


@dataclass(frozen=True)
class Ball:
    """Cells anywhere in a sphere, with equal density.

    Attributes
    ----------
    radius : float
    origin : tuple of 3 float
        Of its centre.
    stream : Stream
        Random numbers, by cell.
    """

    radius: float
    origin: Triple
    stream: Stream

    def at(self, indices: NDArray[np.integer]) -> Floats:
        """Return the coordinates of cells by their indices, shape (3, n)."""
        u = _three_each(self.stream, indices)
        # the volume inside a radius, the height and the longitude are evenly distributed
        distance, height, longitude = self.radius * np.cbrt(u[0]), 2 * u[1] - 1, 2 * np.pi * u[2]
        across = np.sqrt(1 - height**2)
        direction = np.array([across * np.cos(longitude), across * np.sin(longitude), height])
        return np.array(self.origin)[:, None] + distance * direction


def _three_each(stream: Stream, indices: NDArray[np.integer]) -> Floats:
    """Return three uniform numbers of each cell, shape (3, n)."""
    return uniforms(stream, np.asarray(indices, np.int64), counts=3).reshape(-1, 3).T
