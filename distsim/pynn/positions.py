"""Positions of cells, which follow from their structure whoever asks for them, and when."""

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN import space

from distsim.connectivity import Ball, Box, Coordinates, Lattice, Metric, Places
from distsim.partitioning.streams import Purpose, Stream
from distsim.pynn.random_numbers import is_rank_local, numpy_rng, on_streams
from distsim.pynn.simulator import state

__all__ = [
    "computed_places",
    "coordinates",
    "generate_positions",
    "is_repeatable",
    "metric_of",
    "share_positions",
]

KNOWN = (space.Line, space.Grid2D, space.Grid3D, space.RandomStructure)


def is_repeatable(structure: Any) -> bool:
    """Return whether `generate_positions` gives the same whenever it is called.

    A seeded rng does not, since it goes on, and may be shared; nor may a structure of the user's.
    Positions are then to be generated at a time that all ranks agree on.

    Parameters
    ----------
    structure : pyNN.space.BaseStructure
    """
    if type(structure) not in KNOWN:
        return False
    if getattr(structure, "fill_order", "random") == "sequential" or "rng" not in vars(structure):
        return True
    return structure.rng is None or is_rank_local(on_streams(structure.rng))


def share_positions(populations: Sequence[Any]) -> None:
    """Make positions the same on all ranks where cells were moved one by one.

    Every rank must call it; where no cell was moved it costs one small exchange.

    Parameters
    ----------
    populations : sequence of Population
        The same on every rank. The owner of a cell says where it is.
    """
    if not populations:
        return
    moved = state.simulation.any_rank(*(population.is_moved for population in populations))
    for population, is_moved in zip(populations, moved, strict=True):
        if is_moved:
            population.take_positions_of_owners()


def coordinates(parts: Iterable[Any]) -> Coordinates:
    """Return where the cells of populations and views are now, one after the other."""
    parts = list(parts)
    return Coordinates(
        tuple(part.root.shared_places() for part in parts),
        tuple(part.size for part in parts),
        tuple(None if part is part.root else part.indices() for part in parts),
    )


def metric_of(measured: space.Space) -> Metric:
    """Return how a space of PyNN's measures distances."""
    return Metric(
        tuple(int(axis) for axis in measured.axes),
        measured.scale_factor,
        measured.offset,
        measured.periodic_boundaries,
    )


def computed_places(structure: Any, size: int, seed: int, number: int) -> Places | None:
    """Return where the cells of a population are, if that follows from the index of each.

    Parameters
    ----------
    structure : pyNN.space.BaseStructure
    size : int
        Number of cells.
    seed : int
        Of structures whose rng has none.
    number : int
        Of the population.

    Returns
    -------
    Places or None
        None for structures of the user's, random orders and seeded generators: see
        `generate_positions`.
    """
    kind = type(structure)
    if kind in GRIDS:
        if getattr(structure, "fill_order", "sequential") != "sequential":
            return None
        return GRIDS[kind](structure, size)
    if kind is not space.RandomStructure:
        return None
    rng, shape = on_streams(structure.rng), structure.boundary
    if not (rng is None or is_rank_local(rng)):
        return None
    own_seed = getattr(rng, "seed", None)
    stream = Stream.of(seed if own_seed is None else own_seed, Purpose.POSITION, number)
    x, y, z = (float(value) for value in structure.origin)
    if type(shape) is space.Cuboid:
        return Box((shape.width, shape.height, shape.depth), (x, y, z), stream)
    return Ball(shape.radius, (x, y, z), stream) if type(shape) is space.Sphere else None


def _line(line: Any, size: int) -> Lattice:
    return Lattice((size, 1, 1), (line.dx, 0.0, 0.0), (line.x0, line.y, line.z))


def _grid_2d(grid: Any, size: int) -> Lattice:
    n_x, n_y = grid.calculate_size(size) if size else (0, 1)
    return Lattice((n_x, n_y, 1), (grid.dx, grid.dy, 0.0), (grid.x0, grid.y0, grid.z))


def _grid_3d(grid: Any, size: int) -> Lattice:
    n_x, n_y, n_z = grid.calculate_size(size)
    spacing = grid.dx, grid.dy, grid.dz
    return Lattice((n_x, n_y, n_z), spacing, (grid.x0, grid.y0, grid.z0))


GRIDS: dict[type, Callable[[Any, int], Lattice]] = {
    space.Line: _line,
    space.Grid2D: _grid_2d,
    space.Grid3D: _grid_3d,
}


def generate_positions(structure: Any, size: int, seed: int, number: int) -> NDArray[np.float64]:
    """Return the positions of the cells of a population, as their structure generates them.

    Parameters
    ----------
    structure : pyNN.space.BaseStructure
    size : int
        Number of cells.
    seed : int
        Of structures whose rng has none.
    number : int
        Of the population.

    Returns
    -------
    ndarray of float64, shape (3, size)

    Notes
    -----
    O(size) on each rank that asks.
    """
    places = computed_places(structure, size, seed, number)
    if places is not None:
        return places.at(np.arange(size))
    rng = on_streams(getattr(structure, "rng", None))
    if "rng" in vars(structure) and (rng is None or is_rank_local(rng)):
        own_seed = getattr(rng, "seed", None)
        # on a copy: the structure is the user's, and may be another population's too
        structure = copy.copy(structure)
        structure.rng = numpy_rng(seed if own_seed is None else own_seed, Purpose.POSITION, number)
    return np.asarray(structure.generate_positions(size), np.float64)
