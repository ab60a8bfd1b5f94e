"""The targets within a distance of each source, found by a tree instead of asking all pairs."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.connectivity.distances import Distances
from distsim.connectivity.rows import Ints

__all__ = ["Neighbours"]

Floats = NDArray[np.float64]

# by which the tree looks further, lest rounding hide a neighbour
_SLACK = 1e-9


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Who is near whom.

    Attributes
    ----------
    distances : Distances
        Between sources and targets.
    radius : float
        Targets at a smaller distance are near.

    Notes
    -----
    Holds the coordinates of all targets while it exists, O(n_post) on each rank.
    """

    distances: Distances
    radius: float

    def of(self, sources: Ints) -> tuple[Ints, Ints]:
        """Return the near targets of some sources.

        Parameters
        ----------
        sources : ndarray of int64, shape (n_sources,)

        Returns
        -------
        indptr : ndarray of int64, shape (n_sources + 1,)
        targets : ndarray of int64
            Those of source i are ``targets[indptr[i]:indptr[i + 1]]``, ascending.
        """
        pre = self.distances.pre.at(sources)
        if sources.size == 0 or self._tree.n == 0:
            return np.zeros(sources.size + 1, np.int64), np.zeros(0, np.int64)
        points = self._points(pre)
        reach = self.radius + _SLACK * (self.radius + np.abs(points).max() + self._extent)
        found = _tree_of(points, self._box).sparse_distance_matrix(
            self._tree, reach, output_type="ndarray"
        )
        i, targets = found["i"].astype(np.int64), found["j"].astype(np.int64)
        is_near = (
            self.distances.metric.distances(pre[:, i], self.distances.post.at(targets))
            < self.radius
        )
        i, targets = i[is_near], targets[is_near]
        order = np.lexsort((targets, i))
        indptr = np.searchsorted(i[order], np.arange(sources.size + 1))
        return indptr.astype(np.int64), targets[order]

    @cached_property
    def _tree(self) -> Any:
        post = self.distances.post.all
        return _tree_of(self._points(self.distances.metric.scaled(post)), self._box)

    @property
    def _extent(self) -> float:
        return float(np.abs([self._tree.mins, self._tree.maxes]).max())

    @cached_property
    def _bounds(self) -> tuple[Floats, Floats]:
        """Where each axis begins, and after what extent it repeats itself; 0 if it does not."""
        metric = self.distances.metric
        given = metric.periodic_boundaries or (None, None, None)
        bounds = [given[axis] or (0.0, 0.0) for axis in metric.axes]
        low, high = np.array(bounds, np.float64).reshape(-1, 2).T
        return low, high - low

    @property
    def _box(self) -> Floats | None:
        return self._bounds[1] if self._bounds[1].any() else None

    def _points(self, coordinates: Floats) -> Floats:
        """Return coordinates as the tree takes them, one row for each cell."""
        points = coordinates[list(self.distances.metric.axes)].T.copy()
        low, extents = self._bounds
        for k, extent in enumerate(extents):
            if extent > 0:
                within = np.mod(points[:, k] - low[k], extent)
                points[:, k] = np.where(within < extent, within, 0.0)
        return points


def _tree_of(points: Floats, box: Floats | None) -> Any:
    # few networks need it, and it takes long to be loaded
    from scipy.spatial import cKDTree

    return cKDTree(points, boxsize=box)
