"""Populations, views and assemblies: descriptions of cells, of which each rank has its own part."""

import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN import common, space
from pyNN.models import BaseCellType
from pyNN.parameters import ArrayParameter, LazyArray, Sequence
from pyNN.random import RandomDistribution

from distsim.connectivity import Places
from distsim.errors import ParameterError
from distsim.network.blocks import CellBlock, SourceBlock
from distsim.partitioning.streams import Purpose
from distsim.pynn import simulator
from distsim.pynn.assemblies import Assembly
from distsim.pynn.calls import collective, noted
from distsim.pynn.gather import gather_arrays
from distsim.pynn.positions import computed_places, generate_positions, is_repeatable
from distsim.pynn.random_numbers import DrawCounts, values_of_cells
from distsim.pynn.recording import Recorder
from distsim.pynn.selection import Selection, as_objects, checked_positions
from distsim.pynn.simulator import state
from distsim.pynn.standardmodels import StandardCell

__all__ = ["Population", "PopulationView"]

Integers = NDArray[np.int64]


class Population(Selection, common.Population):
    """A group of cells of one type, split over the ranks.

    Parameters
    ----------
    size : int or tuple of int
        Number of cells, or of grid points in each dimension.
    cellclass : cell type
        An instance such as ``IF_curr_exp(tau_m=10.0)``, or a class.
    cellparams : dict, optional
        Parameters, where `cellclass` is a class.
    structure : pyNN.space.BaseStructure, optional
        Where the cells are; default `Line`.
    initial_values : dict, optional
        Initial values of state variables.
    label : str, optional

    Raises
    ------
    ParameterError
        If size, parameters or initial values cannot be.
    """

    _simulator = simulator
    _recorder_class = Recorder
    _assembly_class = Assembly

    @collective()
    def __init__(
        self,
        size: Any,
        cellclass: Any,
        cellparams: dict[str, Any] | None = None,
        structure: Any = None,
        initial_values: dict[str, Any] | None = None,
        label: str | None = None,
    ) -> None:
        self.size, structure = _checked_size(size, structure)
        if structure is not None:
            _check_structure(structure)
        self.celltype = _cell_type(cellclass, cellparams)
        self.label = label or f"population{state.n_populations}"
        self.root = self
        self._positions: NDArray[np.float64] | None = None
        self._are_positions_shared = False
        # by this rank, cell by cell; others may not know
        self.is_moved = False
        # rather than following from the structure
        self.are_positions_set = False
        self.annotations: dict[str, Any] = {}
        self.number = state.n_populations
        self._seed = state.simulation.seed
        self.initial_values: dict[str, LazyArray] = {}
        self.initial: dict[str, NDArray[np.float64]] = {}
        self._network = state.network
        # checksums of what the cells were when they ran for the first time
        self.birth: dict[str, str] | None = None
        with state.together():
            self._create_cells()
            self.structure = structure or space.Line()
            self.recorder = Recorder(self)
            self.initialize(**{**self.celltype.default_initial_values, **(initial_values or {})})
        # number 0 is that of what a population is made with, be it random or not
        self._draws = DrawCounts(self._local.size, first=1)
        state.populations.append(self)

    def __hash__(self) -> int:
        # the same on every rank, so that the order of sets is
        return self.number

    def _create_cells(self) -> None:
        """Give the engine this rank's cells."""
        space = self.celltype.sized_parameters(self.size)
        self.first_gid, self.placement = state.place(self.size)
        self._local = self.placement.local_indices(state.rank)
        self._draws = DrawCounts(self._local.size)
        self.block: SourceBlock = self.celltype.add_to(
            state.simulation, self.first_gid, self.size, self._local
        )
        self._set_parameters(space)

    @property
    def first_id(self) -> int:
        """Gid of the first cell."""
        return self.first_gid

    @property
    def last_id(self) -> int:
        """Gid of the last cell."""
        return self.first_gid + self.size - 1

    def indices(self, positions: Any = slice(None)) -> Integers:
        """Return indices in the population: the positions themselves."""
        if isinstance(positions, slice):
            return np.arange(*positions.indices(self.size), dtype=np.int64)
        return np.asarray(positions, np.int64)

    def positions_of(self, gids: Integers) -> Integers:
        """Return the positions of cells in the population, -1 for those not in it."""
        positions = np.asarray(gids, np.int64) - self.first_gid
        return np.where((positions >= 0) & (positions < self.size), positions, -1)

    def check_present(self) -> None:
        """Raise if a later `setup()` has ended the network."""
        state.check_present(self._network, f"population '{self.label}'")

    @property
    def local_positions(self) -> Integers:
        """Indices of this rank's cells, ascending."""
        return self._local

    def _get_view(self, selector: Any, label: str | None = None) -> "PopulationView":
        return PopulationView(self, selector, label)

    @property
    def draws(self) -> DrawCounts:
        """How many random values its cells were given."""
        return self._draws

    # --- what the engine holds -----------------------------------------------------------------

    def draw(
        self,
        distribution: RandomDistribution,
        purpose: Purpose,
        variable: str,
        positions: Integers,
    ) -> NDArray[np.float64]:
        """Return new random values of a parameter or state variable of some of this rank's cells.

        Parameters
        ----------
        distribution : RandomDistribution
            With a rank-local rng.
        purpose : Purpose
        variable : str
        positions : ndarray of int64
            Of the cells in the engine's block.
        """
        revisions = self._draws.take((purpose, variable), positions)
        address = purpose, self.number, self.celltype.variable_names().index(variable)
        return values_of_cells(
            distribution, state.simulation.seed, address, self._local[positions], revisions
        )

    def block_values(self, name: str) -> NDArray[Any]:
        """Return a parameter of this rank's cells."""
        values = self.block.get(name)
        if values.dtype == object:
            values[:] = [Sequence(times) for times in values]
        if values.ndim > 1:
            return as_objects([ArrayParameter(row) for row in values])
        return values

    def set_block_values(self, name: str, positions: Integers, values: NDArray[Any]) -> None:
        """Set a parameter of some of this rank's cells."""
        given: Any = values
        if np.asarray(values).dtype == object:
            given = [getattr(value, "value", value) for value in values]
        self.block.set(name, positions, given)

    def set_initial(self, variable: str, positions: Integers, values: NDArray[np.float64]) -> None:
        """Set a state variable of some of this rank's cells, now and for `reset()`."""
        if variable not in self.initial:
            self.initial[variable] = np.zeros(self.block.n_local)
        self.initial[variable][positions] = values
        self._cell_block.set_state(variable, positions, values)

    def restore_initial(self) -> None:
        """Set all state variables to their initial values."""
        if isinstance(self.block, CellBlock):
            self.block.clear_state()
        for variable, values in self.initial.items():
            self._cell_block.set_state(variable, slice(None), values)

    @property
    def _cell_block(self) -> CellBlock:
        """The engine's block, of a population whose cells have state variables."""
        assert isinstance(self.block, CellBlock)
        return self.block

    # --- space ---------------------------------------------------------------------------------

    def _get_positions(self) -> NDArray[np.float64]:
        if self._positions is None:
            self._positions = generate_positions(
                self._structure, self.size, self._seed, self.number
            )
        return self._positions

    @noted(called="positions")
    def _set_positions(self, positions: NDArray[np.float64]) -> None:
        array = np.array(positions, np.float64)
        if array.shape != (3, self.size):
            raise ParameterError(
                f"positions of '{self.label}' have shape {array.shape}; they must have shape "
                f"(3, {self.size})"
            )
        self._positions, self._are_positions_shared = array, False
        self._structure, self.are_positions_set = None, True

    positions = property(
        _get_positions, _set_positions, doc="Coordinates of all cells, shape (3, size)."
    )

    def _set_cell_position(self, id: Any, pos: Any) -> None:  # noqa: A002 - PyNN's name
        self._own_positions()[:, self.id_to_index(id)] = pos
        self.is_moved = self.are_positions_set = True

    def _get_cell_position(self, id: Any) -> NDArray[np.float64]:  # noqa: A002 - PyNN's name
        places, index = self._places(), self.id_to_index(id)
        return self.positions[:, index] if places is None else places.at(np.array([index]))[:, 0]

    def _places(self) -> Places | None:
        """Return where the cells are, if they are where their structure computes them."""
        if self._positions is not None:
            return None
        return computed_places(self._structure, self.size, self._seed, self.number)

    def shared_places(self) -> Places | NDArray[np.float64]:
        """Return where the cells are, for projections: cells that move leave it as it is."""
        places = self._places()
        if places is not None:
            return places
        self._are_positions_shared = True
        return self._get_positions()

    def _own_positions(self) -> NDArray[np.float64]:
        """Return the coordinates, for changes."""
        if self._are_positions_shared:
            self._positions = self._get_positions().copy()
            self._are_positions_shared = False
        return self._get_positions()

    def take_positions_of_owners(self) -> None:
        """Let the owner of each cell say where it is; every rank must call it."""
        mine = self.local_positions
        indices, rows = gather_arrays(mine, self._get_positions().T[mine])
        self._own_positions()[:, indices] = rows.T
        self.is_moved, self.are_positions_set = False, True

    def lay_in_positions(self, of_local_cells: NDArray[np.float64]) -> None:
        """Take positions of this rank's cells, shape (n, 3); every rank must call it."""
        self._own_positions()[:, self.local_positions] = of_local_cells.T
        self.take_positions_of_owners()

    def _set_structure(self, structure: Any) -> None:
        _check_structure(structure)
        self._structure = structure
        self._positions = None
        # one that is set later than the first is in no description of the population
        self.are_positions_set = self.birth is not None
        if not is_repeatable(structure):
            self._get_positions()

    structure = property(
        common.Population._get_structure, _set_structure, doc="Where the cells are."
    )


class PopulationView(Selection, common.PopulationView):
    """Some cells of a population, or of another view.

    Parameters
    ----------
    parent : Population or PopulationView
    selector : slice, list or ndarray
        Indices in the parent, or a boolean mask of its size. The cells are in the order of their
        indices, whatever that of a list is, as in PyNN.
    label : str, optional

    Raises
    ------
    IndexError
        If an index is out of range.
    ParameterError
        If a mask has another size than the parent, or a slice reverses the cells.
    """

    _simulator = simulator
    _assembly_class = Assembly

    def __init__(self, parent: Any, selector: Any, label: str | None = None) -> None:
        self.parent = parent
        self.root = parent.root
        self.celltype = parent.celltype
        self.recorder = parent.recorder
        self.mask = checked_positions(selector, parent.size, parent.label)
        self._indices = parent.indices(self.mask)
        self.size = int(self._indices.size)
        if isinstance(selector, slice) and (selector.step or 1) < 0 and self.size > 1:
            raise ParameterError(
                f"a slice with step {selector.step} cannot reverse the cells of '{parent.label}': "
                "those of a view are in the order of their indices. Leave the step out; connect in "
                "another order by a FromListConnector, and reverse values by [::-1]"
            )
        self.label = label or f"view of '{parent.label}' with size {self.size}"
        self.annotations: dict[str, Any] = {}
        ranks = self.root.placement.rank_of(self._indices)
        self._local = np.nonzero(ranks == state.rank)[0]

    def indices(self, positions: Any = slice(None)) -> Integers:
        """Return indices in the population of the cells at some positions of the view."""
        return self._indices[positions]

    def positions_of(self, gids: Integers) -> Integers:
        """Return the positions of cells in the view, -1 for those not in it."""
        wanted = np.asarray(gids, np.int64) - self.root.first_gid
        if not self.size:
            return np.full(wanted.shape, -1, np.int64)
        places = np.searchsorted(self._indices, wanted)
        places[places == self.size] = 0
        return np.where(self._indices[places] == wanted, places, -1)

    @property
    def local_positions(self) -> Integers:
        """Positions in the view of this rank's cells, ascending."""
        return self._local

    @property
    def first_id(self) -> int:
        """Gid of the first cell; of an empty view, that of the population."""
        return int(self.gids().min()) if self.size else self.root.first_id

    @property
    def last_id(self) -> int:
        """Gid of the last cell; before the first one in an empty view."""
        return int(self.gids().max()) if self.size else self.first_id - 1

    def _get_view(self, selector: Any, label: str | None = None) -> "PopulationView":
        return PopulationView(self, selector, label)

    @property
    def initial_values(self) -> dict[str, Any]:
        """Initial values of this rank's cells, by variable."""
        return {name: values[self.block_positions] for name, values in self.root.initial.items()}

    @property
    def grandparent(self) -> Population:
        """The population at the root."""
        return self.root

    def index_in_grandparent(self, indices: Any) -> Integers:
        """Return indices in the population at the root of cells of the view."""
        return self.indices(np.asarray(indices))

    def __hash__(self) -> int:
        return hash((self.root.number, self.size))


def _checked_size(size: Any, structure: Any) -> tuple[int, Any]:
    """Return number of cells and structure of what was given as size."""
    if isinstance(size, int | np.integer) and not isinstance(size, bool):
        if size < 0:
            raise ParameterError(f"size = {size} of a population must be 0 or more", size=size)
        return int(size), structure
    if not (isinstance(size, tuple) and 1 <= len(size) <= 3):
        raise ParameterError(
            f"size = {size!r} of a population; give a number, or a tuple of up to 3"
        )
    if structure is not None:
        raise ParameterError(f"size = {size} gives a grid; leave out 'structure'")
    if not all(isinstance(n, int | np.integer) and n > 0 for n in size):
        raise ParameterError(f"size = {size} of a population must hold whole numbers above 0")
    grids: dict[int, Callable[..., Any]] = {1: space.Line, 2: space.Grid2D, 3: space.Grid3D}
    ratios = [size[0] / n for n in size[1:]]
    return int(reduce(operator.mul, size)), grids[len(size)](*ratios)


def _check_structure(structure: Any) -> None:
    if isinstance(structure, type) or not hasattr(structure, "generate_positions"):
        raise ParameterError(
            f"structure = {structure!r} of a population; give an instance, such as Line() or "
            "Grid2D(aspect_ratio=1.0)"
        )


def _cell_type(cellclass: Any, cellparams: dict[str, Any] | None) -> Any:
    """Return an instance of the cell type."""
    if isinstance(cellclass, type) and issubclass(cellclass, BaseCellType):
        cellclass = cellclass(**(cellparams or {}))
    elif cellparams is not None:
        raise ParameterError("cellparams were given with an instance; give them to its class")
    if not isinstance(cellclass, StandardCell):
        kind = cellclass.__name__ if isinstance(cellclass, type) else type(cellclass).__name__
        raise ParameterError(
            f"'{kind}' is not a cell type of distsim; use one of `sim.list_standard_models()`"
        )
    return cellclass
