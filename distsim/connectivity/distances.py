"""Distances between cells, and functions of them, from where the cells are."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.connectivity.places import Places

__all__ = ["Coordinates", "DistanceExpression", "Distances", "Metric"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Coordinates:
    """Where some cells are: those of several populations, one after the other.

    Attributes
    ----------
    of_populations : tuple of Places, or of ndarray of float64, shape (3, n)
        Where all cells of each population are: computed when asked for, or coordinates, which are
        not copied.
    sizes : tuple of int
        How many cells of each.
    indices : tuple of ndarray of int64 or None
        Which cells of each, by their indices in the population; None: all, in their order.
    """

    of_populations: tuple[Places | Floats, ...]
    sizes: tuple[int, ...]
    indices: tuple[Ints | None, ...]

    @property
    def all(self) -> Floats:
        """Coordinates of all cells, shape (3, n)."""
        each = [self._of_part(k, np.arange(size)) for k, size in enumerate(self.sizes)]
        return each[0] if len(each) == 1 else np.concatenate([np.zeros((3, 0)), *each], axis=1)

    def at(self, positions: NDArray[np.integer]) -> Floats:
        """Return the coordinates of cells by their positions among all, shape (3, n).

        Examples
        --------
        >>> first, second = np.zeros((3, 2)), np.arange(12.0).reshape(3, 4)
        >>> cells = Coordinates((first, second), (2, 2), (None, np.array([1, 3])))
        >>> cells.at(np.array([0, 3, 2])).tolist()
        [[0.0, 3.0, 1.0], [0.0, 7.0, 5.0], [0.0, 11.0, 9.0]]
        """
        if len(self.of_populations) == 1:
            return self._of_part(0, positions)
        found = np.zeros((3, positions.size))
        first = 0
        for k, size in enumerate(self.sizes):
            inside = (positions >= first) & (positions < first + size)
            found[:, inside] = self._of_part(k, positions[inside] - first)
            first += size
        return found

    def _of_part(self, k: int, positions: NDArray[np.integer]) -> Floats:
        indices, where = self.indices[k], self.of_populations[k]
        chosen = positions if indices is None else indices[positions]
        return where[:, chosen] if isinstance(where, np.ndarray) else where.at(chosen)


@dataclass(frozen=True, eq=False)
class Metric:
    """How distances are measured; PyNN's `Space`, with its default values.

    Attributes
    ----------
    axes : tuple of int
        Along which.
    scale_factor : float
        Of the coordinates of the targets.
    offset : float or sequence of 3 float
        Added to the coordinates of the targets before they are scaled.
    periodic_boundaries : sequence of (low, high) or None, optional
        For each axis the part of space after which it repeats itself, if it does.
    """

    axes: tuple[int, ...] = (0, 1, 2)
    scale_factor: Any = 1.0
    offset: Any = 0.0
    periodic_boundaries: Any = None

    def distances(self, pre: Floats, post: Floats) -> Floats:
        """Return the distance of each pair of coordinates, as PyNN's `Space.distances` has it.

        Parameters
        ----------
        pre, post : ndarray of float64, shapes (3, ...), broadcast against each other

        Returns
        -------
        ndarray of float64

        Examples
        --------
        >>> ring = Metric(axes=(0,), periodic_boundaries=((0.0, 10.0), None, None))
        >>> ring.distances(np.array([[1.0], [0.0], [0.0]]), np.array([[9.0], [5.0], [0.0]]))
        array([2.])
        """
        scaled = self.scaled(post)
        squares: Any = 0.0
        for axis in self.axes:
            difference = np.abs(pre[axis] - scaled[axis])
            boundaries = self.periodic_boundaries
            if boundaries is not None and boundaries[axis] is not None:
                extent = boundaries[axis][1] - boundaries[axis][0]
                difference = np.minimum(difference, extent - difference)
            squares = squares + difference**2
        return np.asarray(np.sqrt(squares), np.float64)

    def scaled(self, post: Floats) -> Floats:
        """Return coordinates of targets, shape (3, ...), where the sources' are measured."""
        offset = np.reshape(self.offset, (-1,) + (1,) * (post.ndim - 1))
        return np.asarray(self.scale_factor * (post + offset), np.float64)


@dataclass(frozen=True, eq=False)
class Distances:
    """Distances between the sources and the targets of a projection.

    Attributes
    ----------
    metric : Metric
    pre, post : Coordinates
    """

    metric: Metric
    pre: Coordinates
    post: Coordinates

    def of(self, targets: Ints, indptr: Ints, sources: NDArray[np.integer]) -> Floats:
        """Return the distance of each connection in the rows of some targets."""
        post = np.repeat(targets, np.diff(indptr))
        return self.metric.distances(self.pre.at(sources), self.post.at(post))

    def to(self, targets: Ints) -> Floats:
        """Return the distances of all sources to some targets, shape (n_targets, n_pre)."""
        pre, post = self.pre.all, self.post.at(targets)
        return self.metric.distances(pre[:, None, :], post[:, :, None])


class DistanceExpression:
    """The function of distance that a text means, which can be pickled.

    Parameters
    ----------
    text : str
        An expression in `d`, in which numpy's functions are known.

    Examples
    --------
    >>> float(DistanceExpression("exp(-d / 100)")(0.0))
    1.0
    """

    def __init__(self, text: str) -> None:
        self.text = text
        # shown in messages, and where ranks compare what they are given
        self.__name__ = self.__qualname__ = text
        self._function = eval(f"lambda d: {text}", {**vars(np), "np": np})

    def __call__(self, d: Any) -> Any:
        """Return the value for a distance, or an array of them."""
        return self._function(d)

    def __reduce__(self) -> Any:
        return type(self), (self.text,)
