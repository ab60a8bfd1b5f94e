"""Cells of one population, all or some: what populations and views have in common."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN import common
from pyNN.parameters import LazyArray, ParameterSpace, simplify
from pyNN.parameters import Sequence as ValueSequence
from pyNN.random import RandomDistribution
from pyNN.standardmodels import StandardCurrentSource

from distsim.errors import ParameterError
from distsim.io.whole_file import write_error
from distsim.lockstep import lockstep
from distsim.network.pathways import GidMap
from distsim.partitioning.streams import Purpose
from distsim.pynn.calls import collective, is_whole, noted
from distsim.pynn.cells import IDArray, local_mask, make_id
from distsim.pynn.checks import check_numbers, name_list
from distsim.pynn.connection_files import as_file
from distsim.pynn.described import describe
from distsim.pynn.gather import gather_arrays, gather_sequences
from distsim.pynn.notebook import selection_html
from distsim.pynn.random_numbers import is_rank_local, numpy_rng, on_streams
from distsim.pynn.recorded_selection import RecordedSelection
from distsim.pynn.recording import Recorder
from distsim.pynn.simulator import ID, state
from distsim.pynn.standardmodels import StandardCell, unknown_parameter
from distsim.pynn.values import evaluate, is_asked, lazy_numbers

__all__ = ["Selection", "as_objects", "checked_positions", "gid_map", "sampled", "simplified"]

Integers = NDArray[np.int64]


class Selection(RecordedSelection):
    """Cells of one population: all of them, or those of a view."""

    size: int
    celltype: StandardCell
    label: str
    annotations: dict[str, Any]
    recorder: Recorder
    positions: Any
    initial_values: Any
    root: Any

    def __setattr__(self, name: str, value: Any) -> None:
        celltype = vars(self).get("celltype")
        # what is no parameter may be the user's own; a native type may have one named as ours
        is_new = "_local" in vars(self) and name not in vars(self)
        if celltype is not None and is_new and name in celltype.default_parameters:
            raise ParameterError(
                f"'{name}' of the cells of '{self.label}' is set by .set({name}=...)", name=name
            )
        super().__setattr__(name, value)

    def _repr_html_(self) -> str:
        """Return what notebooks show; one rank may call it alone."""
        return selection_html(self)

    # --- which cells ---------------------------------------------------------------------------

    def indices(self, positions: Any = slice(None)) -> Integers:
        """Return indices in the population of the cells at some positions of the selection."""
        raise NotImplementedError

    def positions_of(self, gids: Integers) -> Integers:
        """Return the positions of cells in the selection, -1 for those not in it."""
        raise NotImplementedError

    @property
    def local_positions(self) -> Integers:
        """Positions in the selection of this rank's cells, ascending."""
        raise NotImplementedError

    def gids(self, positions: Any = slice(None)) -> Integers:
        """Return the gids of the cells at some positions of the selection."""
        return self.root.first_gid + self.indices(positions)

    @property
    def block_positions(self) -> Integers:
        """Positions in the engine's block, where it is present, of this rank's cells."""
        self.root.check_present()
        return self.root.placement.local_positions(self.indices(self.local_positions))

    @property
    def parts(self) -> list["Selection"]:
        """The selections that this one is made of: itself."""
        return [self]

    def _population_of(self, gid: int) -> Any:
        return self.root

    # --- PyNN's access to cells ----------------------------------------------------------------

    @property
    def all_cells(self) -> IDArray:
        """Gids of all cells; made on demand, O(size)."""
        return IDArray(self.gids(), self._population_of)

    @property
    def local_cells(self) -> IDArray:
        """Gids of this rank's cells."""
        return IDArray(self.gids(self.local_positions), self._population_of)

    @property
    def _mask_local(self) -> NDArray[np.bool_]:
        return local_mask(self.size, self.local_positions)

    @property
    def local_size(self) -> int:
        """Number of cells on this rank."""
        return self.size if state.is_one_process else int(self.local_positions.size)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, int | np.integer):
            if not -self.size <= index < self.size:
                raise IndexError(f"index {index} is out of range for '{self.label}' of {self.size}")
            return make_id(int(self.gids(np.array([index % self.size]))[0]), self.root)
        if isinstance(index, slice | list | np.ndarray | tuple):
            return self._get_view(list(index) if isinstance(index, tuple) else index)
        raise TypeError(
            f"indices must be integers, slices, lists, arrays or tuples, not {type(index).__name__}"
        )

    def __iter__(self) -> Iterator[ID]:
        return iter(self.local_cells)

    def all(self) -> Iterator[ID]:
        """Return an iterator over the cells of all ranks."""
        return iter(self.all_cells)

    def is_local(self, id: ID) -> bool:  # noqa: A002 - PyNN's name
        """Return whether this rank owns a cell."""
        index = np.array([int(id) - self.root.first_gid])
        return int(self.root.placement.rank_of(index)[0]) == state.rank

    def id_to_index(self, id: Any) -> Any:  # noqa: A002 - PyNN's name
        """Return the position(s) in the selection of one or several cells.

        Raises
        ------
        IndexError
            If a cell is not in the selection.
        """
        cells = id.all_cells if isinstance(id, Selection | common.Assembly) else id
        gids = np.atleast_1d(np.asarray(cells, np.int64))
        positions = self.positions_of(gids)
        if (positions < 0).any():
            missing = int(gids[np.argmin(positions)])
            raise IndexError(f"cell {missing} is not in '{self.label}'")
        return int(positions[0]) if isinstance(id, int | np.integer) else positions

    def id_to_local_index(self, id: Any) -> Any:  # noqa: A002 - PyNN's name
        """Return the position(s) of cells among this rank's cells of the selection."""
        return np.searchsorted(self.local_positions, self.id_to_index(id))

    def _get_view(self, selector: Any, label: str | None = None) -> Any:
        raise NotImplementedError

    @noted(only=lambda given: given.get("rng") is None)
    def sample(self, n: int, rng: Any = None) -> Any:
        """Return a view of `n` cells taken at random, the same on every rank.

        Parameters
        ----------
        n : int
        rng : pyNN.random.AbstractRNG, optional
            Default: made from the seed of `setup()`.
        """
        if not 0 <= n <= self.size:
            raise ParameterError(
                f"cannot sample {n} cells of '{self.label}', which has {self.size}"
            )
        return self._get_view(sampled(self.size, n, rng))

    # --- parameters ----------------------------------------------------------------------------

    @collective()
    def get(self, parameter_names: Any, gather: bool = False, simplify: bool = True) -> Any:
        """Return parameters of this rank's cells, or of all cells.

        Parameters
        ----------
        parameter_names : str or list of str
        gather : bool
            Of all cells, on every rank; every rank must call it then.
        simplify : bool
            One number where all cells have the same value; spike times are one `Sequence` per
            cell in any case.

        Returns
        -------
        value, ndarray, or list of them

        Raises
        ------
        UnknownParameterError
            If there is no such parameter.
        """
        names = name_list(parameter_names, "parameter_names")
        values = [self._get_one(name, gather) for name in names]
        if simplify:
            values = [simplified(value, self.size) for value in values]
        return values[0] if isinstance(parameter_names, str) else values

    def _get_one(self, name: str, gather: bool) -> NDArray[Any]:
        if not self.celltype.has_parameter(name):
            raise unknown_parameter(name, type(self.celltype))
        values = self.root.block_values(name)[self.block_positions]
        if not gather:
            return values
        if values.dtype == object:
            kind = type(self.celltype.default_parameters[name])
            every = gather_sequences(self.local_positions, [v.value for v in values])
            return as_objects([kind(numbers) for numbers in every])
        positions, values = gather_arrays(self.local_positions, values)
        return values[np.argsort(positions)]

    @noted(only=lambda given: is_whole(given["self"]))
    def set(self, **parameters: Any) -> None:
        """Set parameters of the cells.

        Parameters
        ----------
        **parameters
            Each a number, a `RandomDistribution`, a list or array of one value per cell, or a
            function of the index; in PyNN's units.

        Raises
        ------
        UnknownParameterError
            If there is no such parameter.
        ParameterError
            If a value cannot be.
        """
        space = self.celltype.checked_space(parameters, self.size)
        self._set_parameters(self.celltype.translate(space))

    def _set_parameters(self, parameter_space: ParameterSpace) -> None:
        for name, value in parameter_space.items():
            what = f"{name} of {type(self.celltype).__name__}"
            check = partial(self.celltype.check_values, name)
            values = self._evaluated(value, Purpose.PARAMETER, name, what, check)
            self.root.set_block_values(name, self.block_positions, values)

    def _evaluated(
        self,
        value: LazyArray,
        purpose: Purpose,
        variable: str,
        what: str,
        check: Callable[[NDArray[Any]], None],
    ) -> NDArray[Any]:
        """Return the values of this rank's cells."""
        in_block = self.block_positions
        if self is self.root and is_asked(value.base_value):
            check = self._compared(variable, check)

        def draw(distribution: RandomDistribution) -> NDArray[np.float64]:
            return self.root.draw(distribution, purpose, variable, in_block)

        units = getattr(self.celltype, "units", {}).get(variable)
        return evaluate(value, self.local_positions, draw, what, check, units)

    def _compared(
        self, variable: str, check: Callable[[NDArray[Any]], None]
    ) -> Callable[[NDArray[Any]], None]:
        """Return a check of the values of all cells that notes them, for comparison with others."""

        def compared(values: NDArray[Any]) -> None:
            lockstep().note("set", self.label, {f"values of {variable}": describe(values)})
            check(values)

        return compared

    # --- initial values ------------------------------------------------------------------------

    @noted(only=lambda given: is_whole(given["self"]))
    def initialize(self, **initial_values: Any) -> None:
        """Set the state variables, now and for each `reset()`.

        Parameters
        ----------
        **initial_values
            Each a number, a `RandomDistribution`, a list or array of one value per cell, or a
            function of the index; in PyNN's units.

        Raises
        ------
        ParameterError
            If the cell type has no such variable.
        """
        for variable, value in initial_values.items():
            self.celltype.check_variable(variable)
            what = f"initial value of {variable} of {type(self.celltype).__name__}"
            units = getattr(self.celltype, "units", {}).get(variable)
            lazy = lazy_numbers(value, self.size, what, units)
            self._set_initial_value_array(variable, lazy)
            if self is self.root:
                self.root.initial_values[variable] = lazy

    def _set_initial_value_array(self, variable: str, value: LazyArray) -> None:
        what = f"initial value of {variable} of {type(self.celltype).__name__}"
        check = partial(check_numbers, what=what)
        values = self._evaluated(value, Purpose.INITIAL_VALUE, variable, what, check)
        self.root.set_initial(variable, self.block_positions, np.asarray(values, np.float64))

    def _get_cell_initial_value(self, id: ID, variable: str) -> float:  # noqa: A002
        position = self.root.placement.local_positions([int(id) - self.root.first_gid])[0]
        return float(self.root.initial[variable][position])

    def _set_cell_initial_value(self, id: ID, variable: str, value: float) -> None:  # noqa: A002
        id.as_view().initialize(**{variable: value})

    # --- place and current ---------------------------------------------------------------------

    def inject(self, current_source: Any, location: Any = None) -> None:
        """Inject a current into all cells."""
        if not self.celltype.injectable:
            raise TypeError(f"cannot inject a current into '{self.label}', whose cells take none")
        if not isinstance(current_source, StandardCurrentSource):
            raise TypeError(
                f"cannot inject {current_source!r} into '{self.label}'; give a current source, "
                "such as DCSource(amplitude=0.1)"
            )
        current_source.inject_into(self, location)

    def save_positions(self, file: Any) -> None:
        """Write index, x, y and z of all cells to a text file, on rank 0.

        Raises
        ------
        FileWriteError
            If the file cannot be written.
        """
        if state.rank == 0:
            rows = np.column_stack([np.arange(self.size), self.positions.T])
            try:
                out = as_file(file, "w")
                out.write(rows, {"population": self.label})
                out.close()
            except OSError as error:
                raise write_error(error, getattr(file, "name", file)) from error


def sampled(size: int, n: int, rng: Any) -> Integers:
    """Return `n` of the positions below `size`, ascending, the same on every rank.

    Parameters
    ----------
    size, n : int
    rng : pyNN.random.AbstractRNG or None
        None: made from the seed of `setup()`.
    """
    rng = on_streams(rng)
    if rng is None or is_rank_local(rng):
        own_seed = getattr(rng, "seed", None)
        seed = state.simulation.seed if own_seed is None else own_seed
        rng = numpy_rng(seed, Purpose.SAMPLE, state.next_sample_number())
    return np.sort(rng.permutation(np.arange(size))[:n])


def simplified(values: NDArray[Any], size: int) -> Any:
    """Return the one value of alike cells; of sequences, that of the only one of `size` cells."""
    if values.dtype == object:
        is_one = size == values.size == 1
        if values.size and not isinstance(values[0], ValueSequence):
            is_one = all(value == values[0] for value in values)
        return values[0] if is_one else values
    return simplify(values) if values.size else values


def checked_positions(selector: Any, size: int, label: str) -> Integers:
    """Return the positions that a view's selector means, ascending, each once."""
    if isinstance(selector, slice):
        chosen = np.arange(*selector.indices(size), dtype=np.int64)
    else:
        array = np.asarray(selector)
        if array.ndim != 1 or (array.size and array.dtype.kind not in "biu"):
            raise TypeError(
                f"cells of '{label}' are selected by a list of whole numbers or a mask, not by "
                f"{selector!r}"
            )
        if array.dtype == np.bool_:
            if array.size != size:
                raise ParameterError(
                    f"a mask of {array.size} values cannot select cells of '{label}', "
                    f"which has {size}"
                )
            chosen = np.nonzero(array)[0]
        else:
            chosen = array.astype(np.int64)
    if chosen.size and not -size <= chosen.min() <= chosen.max() < size:
        bad = int(chosen[np.argmax((chosen < -size) | (chosen >= size))])
        raise IndexError(f"index {bad} is out of range for '{label}' of {size}")
    return np.unique(np.where(chosen < 0, chosen + size, chosen))


def as_objects(items: Sequence[Any]) -> NDArray[Any]:
    """Return an array of objects, whatever they hold, shape (n,)."""
    array = np.empty(len(items), object)
    array[:] = items
    return array


def gid_map(parts: Iterable[Any]) -> GidMap:
    """Return the gids of the cells of populations and views, one after the other."""
    parts = list(parts)
    roots = [part.root for part in parts]
    return GidMap(
        tuple(root.first_gid for root in roots),
        tuple(part.size for part in parts),
        tuple(None if part is part.root else part.indices() for part in parts),
        (
            min((root.first_gid for root in roots), default=0),
            max((root.first_gid + root.size for root in roots), default=0),
        ),
    )
