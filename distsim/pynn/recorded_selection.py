"""Recording of the cells of a population or view."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.errors import ParameterError, did_you_mean
from distsim.io.attributes import encode
from distsim.lockstep import lockstep
from distsim.pynn.calls import collective, noted
from distsim.pynn.checks import name_list
from distsim.pynn.output import check_target
from distsim.pynn.recording import Recorder
from distsim.pynn.simulator import ID, state
from distsim.pynn.standardmodels import StandardCell
from distsim.pynn.streaming import stream_to

__all__ = ["RecordedSelection"]


class RecordedSelection:
    """What cells of one population record; `Selection` has the rest."""

    celltype: StandardCell
    label: str
    annotations: dict[str, Any]
    recorder: Recorder

    @property
    def block_positions(self) -> NDArray[np.int64]:
        """Positions in the engine's block, where it is present, of this rank's cells."""
        raise NotImplementedError

    def find_units(self, variable: Any) -> str:
        """Return the units of a variable or parameter.

        Raises
        ------
        ParameterError
            If there is none of that name, or it has none, as spikes have.
        """
        name = getattr(variable, "name", variable)
        units: dict[str, str] = self.celltype.units
        if name not in units:
            kind = type(self.celltype).__name__
            raise ParameterError(f"'{name}' of {kind} has no units; {did_you_mean(name, units)}")
        return units[name]

    def annotate(self, **annotations: Any) -> None:
        """Note something about the population or view, which its recordings keep.

        Raises
        ------
        ParameterError
            If a value is no number, text, array of numbers, or list or dict of these.
        """
        encode(annotations, f"'{self.label}'")
        plain = {n: str(v) if isinstance(v, str) else v for n, v in annotations.items()}
        self.annotations.update(plain)

    @noted("to_file")
    def record(
        self,
        variables: Any,
        to_file: Any = None,
        sampling_interval: float | None = None,
        locations: Any = None,
    ) -> None:
        """Record variables of all cells of the population or view.

        Parameters
        ----------
        variables : str, list of str, 'all' or None
            None: record nothing any more in the whole population.
        to_file : str or Neo IO, optional
            Where `end()` writes these variables of these cells. What several calls ask for that
            name one file adds up; a ``.h5`` file may hold several populations. Every rank must
            call it then.
        sampling_interval : float, optional
            [ms]; a multiple of the time step, which is the default.
        locations : str or list of str, optional
            Places of a `MultiCompartmentNeuron`; a variable has that of the place before its name.

        Raises
        ------
        RecordingError
            If the cell type has no such variable.
        ParameterError
            If the sampling interval cannot be, or no format has the end of the file's name.
        FileWriteError
            If the file cannot be written.
        """
        variables = self._located(variables, locations)
        if variables is None:
            self.recorder.reset()
        else:
            self.recorder.record(variables, self.block_positions, sampling_interval)
        # PyNN's deprecated record_v() and its like give True for no file
        if to_file is not None and not isinstance(to_file, bool):
            if not state.passage.describes_only:
                with state.together():
                    if state.rank == 0:
                        check_target(to_file)
                stream_to(to_file)
            self.recorder.file = to_file
            state.write_on_end.append((self, variables, to_file))
            # names may differ from rank to rank, but not which populations share one
            file = str(to_file) if isinstance(to_file, str | Path) else id(to_file)
            number = state.file_numbers.setdefault(file, len(state.file_numbers))
            lockstep().note("record", self.label, {"number of the file": str(number)})

    @collective("annotations")
    def get_data(
        self,
        variables: Any = "all",
        gather: bool | str = True,
        clear: bool = False,
        locations: Any = None,
        annotations: dict[str, Any] | None = None,
    ) -> Any:
        """Return a Neo Block of what was recorded.

        Parameters
        ----------
        variables : str, list of str or 'all'
        gather : bool or 'all'
            True: rank 0 is given the data of all cells, the other ranks those of their own.
            'all': every rank is given everything. Every rank must call it then. False: each rank
            is given the data of its own cells.
        clear : bool
            Forget what was recorded.
        locations : str or list of str, optional
            As of `record`.
        annotations : dict, optional
            Added to the block's.

        Returns
        -------
        neo.Block
            Annotated with what was noted on the population, on the view, and here.
        """
        state.passage.read(f"get_data() of '{self.label}'")
        variables = self._located(variables, locations)
        return self.recorder.get(variables, gather, self, clear, annotations=annotations)

    def _located(self, variables: Any, locations: Any) -> Any:
        """Return what variables are called at some places of a cell, where these are given."""
        if locations is None:
            return variables
        return self.celltype.located(name_list(variables, "variables"), locations)

    @collective("io", "annotations")
    def write_data(
        self,
        io: Any,
        variables: Any = "all",
        gather: bool | str = True,
        clear: bool = False,
        annotations: dict[str, Any] | None = None,
        locations: Any = None,
    ) -> None:
        """Write what was recorded to a file; every rank must call it.

        Parameters
        ----------
        io : str or Neo IO
            A name that ends in ``.h5`` or ``.hdf5`` gives distsim's file in SONATA's layout,
            another one of Neo's formats.
        variables, gather, clear, annotations
            As for `get_data`. Rank 0 writes one file of all cells; without `gather`, each rank
            writes a file of its own.
        """
        if state.passage.passes(f"write_data() of '{self.label}'"):
            return
        variables = self._located(variables, locations)
        self.recorder.write(variables, io, gather, self, clear, annotations=annotations)

    @collective()
    def get_spike_counts(self, gather: bool = True) -> dict[ID, int]:
        """Return the number of recorded spikes of each recorded cell.

        Parameters
        ----------
        gather : bool
            Of all cells, on every rank; every rank must call it then.
        """
        state.passage.read(f"get_spike_counts() of '{self.label}'")
        return self.recorder.count("spikes", gather, self)

    @collective()
    def mean_spike_count(self, gather: bool = True) -> float:
        """Return the mean number of spikes of the recorded cells, on every rank.

        Parameters
        ----------
        gather : bool
            Of the cells of all ranks; every rank must call it then.
        """
        counts = self.get_spike_counts(gather)
        return sum(counts.values()) / len(counts) if counts else 0.0
