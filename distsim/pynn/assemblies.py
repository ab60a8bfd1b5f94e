"""Assemblies: cells of several populations and views."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN import common
from pyNN.core import deprecated

from distsim.pynn import simulator
from distsim.pynn.calls import collective, noted
from distsim.pynn.cells import IDArray, local_mask
from distsim.pynn.checks import name_list
from distsim.pynn.notebook import assembly_html
from distsim.pynn.output import assembly_block, write_assembly
from distsim.pynn.selection import Selection, checked_positions, gid_map, sampled, simplified
from distsim.pynn.simulator import ID, state

__all__ = ["Assembly"]

Integers = NDArray[np.int64]


class Assembly(common.Assembly):
    """Cells of several populations and views, which may be of different types.

    Parameters
    ----------
    *populations : Population or PopulationView
    label : str, optional
        Default: what its parts are called, as "Population 1 + Population 2", which is the same on
        all ranks also where one of them has made assemblies of its own.
    """

    _simulator = simulator

    def __init__(self, *populations: Selection, **kwargs: str) -> None:
        super().__init__(*populations, **kwargs)
        if "label" not in kwargs:
            self.label = " + ".join(part.label for part in self.parts) or "assembly"

    def __hash__(self) -> int:
        # the same on every rank, so that the order of sets is; what it holds may change
        return 0

    def _repr_html_(self) -> str:
        """Return what notebooks show; one rank may call it alone."""
        return assembly_html(self)

    @property
    def parts(self) -> list[Selection]:
        """The populations and views."""
        return list(self.populations)

    @property
    def _offsets(self) -> Integers:
        return np.cumsum([0, *(part.size for part in self.parts)])

    def gids(self, positions: Any = slice(None)) -> Integers:
        """Return the gids of the cells at some positions of the assembly."""
        if isinstance(positions, slice):
            positions = np.arange(*positions.indices(self.size))
        return gid_map(self.parts).gids(np.asarray(positions, np.int64))

    def positions_of(self, gids: Integers) -> Integers:
        """Return the positions of cells in the assembly, -1 for those not in it."""
        positions = np.full(np.shape(gids), -1, np.int64)
        for part, first in zip(self.parts, self._offsets, strict=False):
            places = part.positions_of(gids)
            positions = np.where(places >= 0, first + places, positions)
        return positions

    @property
    def local_positions(self) -> Integers:
        """Positions in the assembly of this rank's cells, ascending."""
        each = [
            first + part.local_positions
            for part, first in zip(self.parts, self._offsets, strict=False)
        ]
        return np.concatenate([np.zeros(0, np.int64), *each])

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, int | np.integer):
            if not -self.size <= index < self.size:
                raise IndexError(f"index {index} is out of range for '{self.label}' of {self.size}")
            return super().__getitem__(index % self.size)
        if isinstance(index, slice | list | np.ndarray | tuple):
            return super().__getitem__(checked_positions(index, self.size, self.label))
        return super().__getitem__(index)

    def _population_of(self, gid: int) -> Any:
        return next(p.root for p in self.parts if p.root.positions_of(np.array([gid]))[0] >= 0)

    @property
    def all_cells(self) -> IDArray:
        """Gids of all cells; made on demand, O(size)."""
        return IDArray(self.gids(), self._population_of)

    @property
    def local_cells(self) -> IDArray:
        """Gids of this rank's cells."""
        return IDArray(self.gids(self.local_positions), self._population_of)

    @property
    def local_size(self) -> int:
        """Number of cells on this rank."""
        return self.size if state.is_one_process else int(self.local_positions.size)

    @property
    def _mask_local(self) -> NDArray[np.bool_]:
        return local_mask(self.size, self.local_positions)

    @property
    def receptor_types(self) -> list[str]:
        """Receptor types that all populations have, in the order of the first."""
        first, *others = [list(part.celltype.receptor_types) for part in self.parts]
        return [name for name in first if all(name in other for other in others)]

    @property
    def position_generator(self) -> Any:
        """The function from positions in the assembly to coordinates, one row for each."""
        return lambda positions: self.positions.T[positions]

    def save_positions(self, file: Any) -> None:
        """Write index, x, y and z of all cells to a text file, on rank 0."""
        Selection.save_positions(self, file)

    def id_to_index(self, id: Any) -> Any:  # noqa: A002 - PyNN's name
        """Return the position(s) in the assembly of one or several cells."""
        return Selection.id_to_index(self, id)

    @noted(only=lambda given: given.get("rng") is None)
    def sample(self, n: int, rng: Any = None) -> "Assembly":
        """Return an assembly of `n` cells taken at random, the same on every rank."""
        return self[sampled(self.size, n, rng)]

    @deprecated("set(parametername=rand_distr)")
    def rset(self, parametername: str, rand_distr: Any) -> None:
        """Set a parameter of all cells to values drawn at random."""
        self.set(**{parametername: rand_distr})

    def get(self, parameter_names: Any, gather: bool = False, simplify: bool = True) -> Any:
        """Return parameters of this rank's cells, or of all; as for a population."""
        names = name_list(parameter_names, "parameter_names")
        parts = [part.get(names, gather, simplify=False) for part in self.parts]
        none = np.zeros(0)
        values = [np.concatenate([part[k] for part in parts] or [none]) for k in range(len(names))]
        if simplify:
            values = [simplified(value, self.size) for value in values]
        return values[0] if isinstance(parameter_names, str) else values

    @collective("annotations")
    def get_data(
        self,
        variables: Any = "all",
        gather: bool | str = True,
        clear: bool = False,
        annotations: dict[str, Any] | None = None,
    ) -> Any:
        """Return a Neo Block of what was recorded; parameters as for a population's.

        Signals of one variable are one signal, where their times agree.
        """
        state.passage.read(f"get_data() of '{self.label}'")
        return assembly_block(self, variables, gather, clear, annotations)

    @collective("io", "annotations")
    def write_data(
        self,
        io: Any,
        variables: Any = "all",
        gather: bool | str = True,
        clear: bool = False,
        annotations: dict[str, Any] | None = None,
    ) -> None:
        """Write what was recorded to a file; parameters as for a population's."""
        if not state.passage.passes(f"write_data() of '{self.label}'"):
            write_assembly(self, variables, io, gather, clear, annotations)

    @collective()
    def get_spike_counts(self, gather: bool = True) -> dict[ID, int]:
        """Return the number of recorded spikes of each recorded cell."""
        counts: dict[ID, int] = {}
        for part in self.parts:
            counts.update(part.get_spike_counts(gather))
        return counts

    @collective()
    def mean_spike_count(self, gather: bool = True) -> float:
        """Return the mean number of spikes of the recorded cells, on every rank."""
        counts = self.get_spike_counts(gather)
        return sum(counts.values()) / len(counts) if counts else 0.0
