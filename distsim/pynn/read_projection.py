"""Reading of what a projection's connections are now, and writing it to files."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN.core import deprecated

from distsim.pynn.addressed_values import AddressedValues, histogram
from distsim.pynn.calls import collective
from distsim.pynn.checks import name_list
from distsim.pynn.connection import LocalConnections
from distsim.pynn.connection_files import write_table
from distsim.pynn.gather import Audience, gather_arrays
from distsim.pynn.made_projection import MadeProjection
from distsim.pynn.projection_errors import ProjectionError
from distsim.pynn.simulator import state

__all__ = ["ReadProjection"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class ReadProjection(MadeProjection):
    """What is read of a projection; `Projection` has the rest."""

    _addresses: dict[Audience, tuple[Integers, Integers, Integers]]
    _n_connections: int | None

    @collective()
    def size(self, gather: bool = True) -> int:
        """Return the number of connections.

        Parameters
        ----------
        gather : bool
            On all ranks; every rank must call it then.
        """
        if not gather:
            return len(self)
        if state.passage.describes_only:
            return self.n_expected
        n_local = self._agreed_connections().sources.size
        (counts,) = gather_arrays(np.array([n_local], np.int64))
        self._n_connections = int(counts.sum())
        return self._n_connections

    @collective()
    def get(
        self,
        attribute_names: Any,
        format: str,  # noqa: A002 - PyNN's name
        gather: bool | str = True,
        with_address: bool = True,
        multiple_synapses: str = "sum",
    ) -> Any:
        """Return weights, delays, other values, and addresses of the connections.

        Values that spikes change are given with all that has reached the synapse by now.

        Parameters
        ----------
        attribute_names : str or list of str
            'weight', 'delay', and the parameters and variables of the synapse type.
        format : 'list' or 'array'
            Tuples (source index, target index, values), ordered by target, then source; or one
            array of shape (n_pre, n_post) for each attribute, nan where there is no connection.
            Where ``gather=True`` gives a rank its own connections, the array has the columns of its
            own targets alone, shape (n_pre, n_local).
        gather : bool or 'all'
            True: of all ranks on rank 0, and on the others of their own; 'all': of all ranks, on
            every rank; False: of this rank. Unless it is False, every rank must call it.
        with_address : bool
            Whether tuples begin with the indices.
        multiple_synapses : {'sum', 'min', 'max', 'first', 'last'}
            What stands in an array for several connections between the same two cells.

        Returns
        -------
        list of tuples, ndarray or list of ndarrays
        """
        if format not in ("list", "array"):
            raise ProjectionError(f"format = '{format}'; it must be 'list' or 'array'")
        audience = Audience.of(gather)
        is_single = isinstance(attribute_names, str)
        values = self._values_now(name_list(attribute_names, "attribute_names"), audience)
        if format == "list":
            if is_single and not with_address:
                return values.columns[0].tolist()
            return values.tuples(with_address)
        cells = np.arange(self.post.size)
        if audience is Audience.FIRST and state.rank > 0:
            cells = self.post.local_positions
        arrays = values.arrays(self.pre.size, cells, multiple_synapses)
        return arrays[0] if is_single else arrays

    def _values_now(self, names: list[str], audience: Audience) -> AddressedValues:
        """Return values as they are now, of all ranks or of this one."""
        self._note_reading(names)
        is_gathered = audience is not Audience.NONE
        local = self._agreed_connections() if is_gathered else self._local_connections()
        live = state.simulation.read_synapses(self._pathway, names)
        columns = [
            live[name] if name in live else local.column(self, name, state.dt) for name in names
        ]
        sources, targets, order = self._sorted_addresses(local, audience)
        columns = gather_arrays(*columns, audience=audience)
        return AddressedValues(sources, targets, [column[order] for column in columns])

    def _note_reading(self, names: list[str]) -> None:
        """Say that values are read, where spikes change them and there were some."""
        synapse = self._pathway.synapse
        is_changing = not synapse.is_static and set(names) & set(synapse.variable_names)
        if state.running and is_changing:
            state.passage.read(f"get() of '{self.label}'")

    def _sorted_addresses(
        self, local: LocalConnections, audience: Audience
    ) -> tuple[Integers, Integers, Integers]:
        """Return sources and targets, sorted by target, then source; and the order of values."""
        if audience in self._addresses:
            return self._addresses[audience]
        sources, targets = gather_arrays(local.sources, local.targets, audience=audience)
        order = np.lexsort((sources, targets))
        addresses = sources[order], targets[order], order
        if audience is not Audience.NONE and not self._pathway.synapse.is_static:
            # weights that change are read again and again
            self._addresses[audience] = addresses
        return addresses

    @deprecated("numpy.histogram()")
    @collective(called="weightHistogram")
    def weightHistogram(  # noqa: N802 - PyNN's name
        self,
        min: float | None = None,  # noqa: A002 - PyNN's name
        max: float | None = None,  # noqa: A002 - PyNN's name
        nbins: int = 10,
    ) -> tuple[Integers, Floats]:
        """Return how many weights of all ranks are in each of some bins, and their bounds.

        Parameters
        ----------
        min, max : float, optional
            Where the bins begin and end; default: at the smallest and the largest weight.
        nbins : int
        """
        self._note_reading(["weight"])
        local = self._agreed_connections()
        live = state.simulation.read_synapses(self._pathway, ["weight"])
        weights = live["weight"] if live else local.column(self, "weight", state.dt)
        return histogram(weights, min, max, nbins)

    @collective("file")
    def save(
        self,
        attribute_names: Any,
        file: Any,
        format: str = "list",  # noqa: A002 - PyNN's name
        gather: bool = True,
        with_address: bool = True,
    ) -> None:
        """Write attributes of the connections to a file, on rank 0, or to one on each rank.

        Parameters
        ----------
        attribute_names : str or list of str
            As for `get`; 'all' or 'connections' for all parameters.
        file : str or file of `pyNN.recording.files`
            A name gives a text file; `FromFileConnector` reads all of them. With `gather` only
            rank 0 uses it: where a file can be opened once only, as an HDF5ArrayFile, let the
            others give None.
        format, with_address
            As for `get`; in an array, zero stands for no connection.
        gather : bool
            False: each rank writes its connections to ``<file>.<rank>``, which
            ``FromFileConnector(file, distributed=True)`` reads on as many ranks.

        Raises
        ------
        FileWriteError
            If the file cannot be written.
        """
        if attribute_names in ("all", "connections"):
            attribute_names = self.synapse_type.get_parameter_names()
        if state.passage.passes(f"save() of '{self.label}'"):
            return
        names = name_list(attribute_names, "attribute_names")
        if format not in ("list", "array"):
            raise ProjectionError(f"format = '{format}'; it must be 'list' or 'array'")
        values = self._values_now(names, Audience.FIRST if gather else Audience.NONE)
        if gather and state.rank > 0:
            return
        if format == "array":
            arrays = values.arrays(self.pre.size, np.arange(self.post.size), "sum")
            table = np.concatenate([np.nan_to_num(array, nan=0.0) for array in arrays])
        else:
            table = values.table(with_address)
        columns = ["i", "j", *names] if with_address else names
        write_table(file, table, columns, of_rank=not gather)
