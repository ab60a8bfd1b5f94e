"""Weights and delays that are given as arrays: of the right shape, or one value per connection.

Values of a list are those of the connections ordered by source, then by target; several between
the same two cells in the order in which `Projection.get` lists them.
"""

import copy
from itertools import pairwise
from typing import Any

import numpy as np
import pyNN.errors
from numpy.typing import NDArray
from pyNN.parameters import ParameterSpace

from distsim.errors import ParameterError
from distsim.pynn.connection import LocalConnections
from distsim.pynn.gather import gather_arrays
from distsim.pynn.projection_errors import ProjectionError
from distsim.pynn.simulator import state

__all__ = ["ValuesError", "check_shapes", "of_own_connections", "without_lists"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

# connections of all ranks that are numbered together
N_AT_ONCE = 2**20


class ValuesError(ProjectionError, ParameterError, pyNN.errors.InvalidDimensionsError):
    """As many weights or delays as there are not connections."""


def check_shapes(values: dict[str, Any], shape: tuple[int, int], label: str) -> None:
    """Raise if an array of weights or delays is neither a list nor of the projection's shape.

    Raises
    ------
    ValuesError
    """
    for name, value in values.items():
        if np.ndim(value) > 1 and np.shape(value) != shape:
            raise ValuesError(
                f"{name} of projection '{label}' has shape {np.shape(value)}; give a number, a "
                f"list of one value per connection, or an array of shape {shape}"
            )


def without_lists(synapse_type: Any) -> tuple[Any, dict[str, Floats]]:
    """Return a synapse type with one value in the place of each list, and the lists.

    Parameters
    ----------
    synapse_type : SynapseType

    Returns
    -------
    synapse_type : SynapseType
        The same if there are no lists.
    lists : dict of str to ndarray of float64
    """
    values = {name: value.base_value for name, value in synapse_type.parameter_space.items()}
    lists = {name: np.asarray(v, float) for name, v in values.items() if np.ndim(v) == 1}
    if not lists:
        return synapse_type, lists
    first = {name: float(v[0]) if v.size else state.dt for name, v in lists.items()}
    plain = copy.copy(synapse_type)
    plain.parameter_space = ParameterSpace(
        {**dict(synapse_type.parameter_space.items()), **first}, plain.get_schema(), None
    )
    return plain, lists


def of_own_connections(
    projection: Any, local: LocalConnections, lists: dict[str, Floats]
) -> dict[str, Floats]:
    """Return the values of this rank's connections; every rank must call it.

    Parameters
    ----------
    projection : Projection
    local : LocalConnections
    lists : dict of str to ndarray
        One value for each connection of all ranks, or for each pair of connected cells.

    Returns
    -------
    dict of str to ndarray

    Raises
    ------
    ValuesError
        If there are too few or too many values.
    """
    place, pair, n_places, n_pairs = _numbers_of(projection, local)
    own: dict[str, Floats] = {}
    for name, values in lists.items():
        if values.size not in (n_places, n_pairs):
            several = f", or for each of {n_pairs} pairs of cells" if n_pairs < n_places else ""
            raise ValuesError(
                f"{name} of projection '{projection.label}' has {values.size} values; give one for "
                f"each of {n_places} connections{several}, ordered by source, then by target"
            )
        own[name] = values[place if values.size == n_places else pair]
    return own


def _numbers_of(projection: Any, local: LocalConnections) -> tuple[Integers, Integers, int, int]:
    """Return the numbers of this rank's connections among all, by source, then target.

    Those of a part of the sources are gathered at a time, so that no rank holds all addresses.

    Returns
    -------
    places, pairs : ndarray of int64, shape (n_local,)
        The number of each connection, and that of its pair of cells.
    n_places, n_pairs : int
        How many there are on all ranks.
    """
    by_source = np.argsort(local.sources, kind="stable")
    (counts,) = gather_arrays(np.array([local.sources.size]))
    n_parts = int(counts.sum()) // N_AT_ONCE + 1
    bounds = np.linspace(0, projection.shape[0], n_parts + 1).astype(np.int64)
    ends = np.searchsorted(local.sources[by_source], bounds)
    places, pairs = np.empty((2, local.sources.size), np.int64)
    n_places = n_pairs = 0
    for begin, end in pairwise(ends):
        mine = by_source[begin:end]
        counts, sources, targets = gather_arrays(
            np.array([mine.size]), local.sources[mine], local.targets[mine]
        )
        order = np.lexsort((targets, sources))
        is_new = np.ones(order.size, np.bool_)
        is_new[1:] = (np.diff(sources[order]) != 0) | (np.diff(targets[order]) != 0)
        place, pair = np.empty((2, order.size), np.int64)
        place[order], pair[order] = np.arange(order.size), np.cumsum(is_new) - 1
        first = int(counts[: state.rank].sum())
        places[mine] = n_places + place[first : first + mine.size]
        pairs[mine] = n_pairs + pair[first : first + mine.size]
        n_places += order.size
        n_pairs += int(is_new.sum())
    return places, pairs, n_places, n_pairs
