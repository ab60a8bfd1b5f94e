"""PyNN's connectors whose connections are given: as a list, file, matrix, projection or set."""

import itertools
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyNN.connectors
from numpy.typing import NDArray
from pyNN import common

from distsim.comm.world import world
from distsim.connectivity import Listed, Masked, PairsOnce, Rule
from distsim.connectivity.explicit import checked_indices
from distsim.errors import ConnectivityError, MissingPackageError, ParameterError, did_you_mean
from distsim.pynn.connection_files import as_file, read_table
from distsim.pynn.gather import gather_arrays
from distsim.pynn.rule_connector import RuleConnector
from distsim.pynn.shared_rows import N_ROWS, in_blocks, shared_rows
from distsim.pynn.simulator import state

__all__ = [
    "ArrayConnector",
    "CSAConnector",
    "CloneConnector",
    "FromFileConnector",
    "FromListConnector",
]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class ArrayConnector(RuleConnector, pyNN.connectors.ArrayConnector):
    """Connect the pairs of cells that a boolean array names.

    Parameters
    ----------
    array : ndarray of bool, shape (n_pre, n_post)
    """

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""
        array = np.asarray(self.array, np.bool_)
        if array.shape != projection.shape:
            raise ConnectivityError(
                f"the array of ArrayConnector has shape {array.shape}; projection "
                f"'{projection.label}' needs {projection.shape}"
            )
        return Masked(array)


class _ListedConnector(RuleConnector):
    """What connectors have in common whose connections are rows of numbers.

    Attributes
    ----------
    first_row : ndarray of float64 or None
        Of the whole list, if that is elsewhere.
    """

    first_row: Floats | None = None

    @property
    def rows(self) -> Any:
        """Source, target and values of each connection that this rank knows of."""
        raise NotImplementedError

    @property
    def names(self) -> list[str]:
        """What the values are called."""
        raise NotImplementedError

    def _listed(self, projection: Any, targets: Integers | None) -> Listed:
        """Return the rule of the rows, or of those onto some targets."""
        table = self.rows if len(self.rows) else np.zeros((0, 2))
        return Listed(
            projection.pre.size, projection.post.size, table[:, 0], table[:, 1], only=targets
        )

    def column(self, name: str) -> Floats | None:
        """Return the rows' values of a synapse parameter, if they have them."""
        if name not in self.names:
            return None
        if not len(self.rows):
            return np.zeros(0) if self.first_row is not None else None
        return np.asarray(self.rows[:, self._place(name)], np.float64)

    def first_value(self, name: str) -> Floats:
        """Return what `column` begins with on all ranks together: one value, or none."""
        return np.zeros(0) if self.first_row is None else self.first_row[self._place(name)][None]

    def _place(self, name: str) -> int:
        return 2 + self.names.index(name)


class FromListConnector(_ListedConnector, pyNN.connectors.FromListConnector):
    """Connect the pairs of cells in a list.

    Parameters
    ----------
    conn_list : sequence of (source index, target index, value, ...)
    column_names : sequence of str, optional
        Names of the values; default weight and delay.
    """

    @property
    def rows(self) -> Any:
        """The list."""
        return self.conn_list

    @property
    def names(self) -> list[str]:
        """The names of its columns."""
        return list(self.column_names)

    def _check(self) -> None:
        table = np.asarray(self.conn_list)
        if table.dtype.kind not in "biuf":
            raise ParameterError(
                f"conn_list of FromListConnector begins with {table[0].tolist()}; give rows of "
                "numbers: source index, target index, values"
            )

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""
        known = projection.synapse_type.get_parameter_names()
        for name in self.names:
            if name not in known:
                raise ConnectivityError(
                    f"unknown column '{name}' in the connection list of projection "
                    f"'{projection.label}'; {did_you_mean(name, known)}"
                )
        return self._listed(projection, projection.post.local_positions)

    def first_value(self, name: str) -> Floats:
        """Return what `column` begins with on all ranks together: one value, or none."""
        if self.first_row is not None:
            return super().first_value(name)
        (first,) = gather_arrays(np.asarray(self.column(name), np.float64)[:1])
        return first[:1]


class FromFileConnector(FromListConnector, pyNN.connectors.FromFileConnector):
    """Connect the pairs of cells in a file.

    Parameters
    ----------
    file : str or file of `pyNN.recording.files`
    distributed : bool
        Whether each rank has a file of its own, ``<file>.<rank>``, of which it takes what goes to
        its own cells. Of files that `Projection.save(..., gather=False)` wrote there must be as
        many as ranks, and each cell be on the rank that it was on.
    """

    @classmethod
    def _pynn_class(cls) -> type:
        return pyNN.connectors.FromFileConnector

    file: Any
    is_of_rank: bool

    def _check(self) -> None:
        self.file = as_file(self.file, "r")

    def load(self, pre: Any, post: Any, is_whole: bool) -> None:
        """Read the rows that concern this rank: itself, or from rank 0, which reads all.

        Parameters
        ----------
        pre, post : Population, PopulationView or Assembly
        is_whole : bool
            Whether these are all.
        """
        table = None
        with state.together():
            if self.distributed or state.rank == 0:
                table = read_table(self.file, self.distributed)
                for place, (side, cells) in enumerate((("source", pre), ("target", post))):
                    checked_indices(side, table.rows[:, place], cells.size)
        if self.distributed:
            assert table is not None
            self.conn_list, self.column_names, self.is_of_rank = table
            return
        self.column_names = world().bcast(table.columns if table is not None else ())
        self.is_of_rank = False
        blocks = in_blocks(table.rows) if table is not None else iter(())
        width = 2 + len(self.column_names)
        self.conn_list, self.first_row = shared_rows(blocks, width, post, is_whole)

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""
        rule = super().rule(projection)
        if self.is_of_rank and len(self.conn_list):
            targets = self.conn_list[:, 1].astype(np.int64)
            elsewhere = targets[~np.isin(targets, projection.post.local_positions)]
            if elsewhere.size:
                raise ConnectivityError(
                    f"'{self.file.name}.{state.rank}' has connections to cell {elsewhere[0]} of "
                    f"'{projection.post.label}', which another rank has; use the partition that "
                    "the file was written with, or save with gather=True"
                )
        return rule


class CloneConnector(RuleConnector, pyNN.connectors.CloneConnector):
    """Connect the pairs of cells that another projection connects, each once.

    Parameters
    ----------
    reference_projection : Projection
        Between the same cells.
    """

    def _check(self) -> None:
        if not isinstance(self.reference_projection, common.Projection):
            raise ParameterError(
                f"reference_projection = {self.reference_projection!r} of CloneConnector is no "
                "Projection"
            )

    def load(self, pre: Any, post: Any, is_whole: bool) -> None:
        """Raise if the other projection is between other cells."""
        reference = self.reference_projection
        if pre != reference.pre or post != reference.post:
            raise ConnectivityError(
                f"CloneConnector cannot connect '{pre.label}' to '{post.label}' as projection "
                f"'{reference.label}', which connects '{reference.pre.label}' to "
                f"'{reference.post.label}'; give the same cells"
            )

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""
        return PairsOnce(self.reference_projection.pathway.connections.rule)

    def whole_rule(self, projection: Any) -> Rule:
        """Return the rule that makes the connections onto all cells, on every rank."""
        pairs = gather_arrays(*self.reference_projection.local_pairs())
        return PairsOnce(Listed(projection.pre.size, projection.post.size, *pairs))


class CSAConnector(_ListedConnector, pyNN.connectors.CSAConnector):
    """Connect the pairs of cells of a connection set [1]_, as rank 0 makes it.

    Parameters
    ----------
    cset : csa.CSet or mask
        A mask, of which each pair is connected once, or a connection set with weight and delay.

    Raises
    ------
    MissingPackageError
        If the package csa is not installed.

    Notes
    -----
    A random mask draws from Python's own generator: `random.seed` decides. Rank 0 enumerates the
    set, in Python, and gives each rank the connections onto its cells: csa can enumerate a part of
    the targets, but draws other numbers then, so that the ranks would decide what is connected.

    References
    ----------
    .. [1] M. Djurfeldt, "The connection-set algebra", Neuroinformatics 10, 287-304 (2012).
    """

    cset: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not pyNN.connectors.haveCSA:
            raise MissingPackageError(
                "CSAConnector needs the package 'csa', which is not installed; "
                "`pip install distsim[csa]`"
            )
        super().__init__(*args, **kwargs)

    @property
    def rows(self) -> Any:
        """Those that rank 0 has sent."""
        return self._rows

    @property
    def names(self) -> list[str]:
        """Weight and delay, if the set has values."""
        return ["weight", "delay"] if pyNN.connectors.csa.arity(self.cset) else []

    def load(self, pre: Any, post: Any, is_whole: bool) -> None:
        """Take the connections that concern this rank from rank 0, which makes them.

        Parameters
        ----------
        pre, post : Population, PopulationView or Assembly
        is_whole : bool
            Whether these are all.
        """
        blocks = self._blocks(pre.size, post.size)
        self._rows, self.first_row = shared_rows(blocks, 2 + len(self.names), post, is_whole)

    def rule(self, projection: Any) -> Rule:
        """Return the rule that makes this connector's connections of a projection."""
        return self._once(self._listed(projection, projection.post.local_positions))

    def whole_rule(self, projection: Any) -> Rule:
        """Return the rule that makes the connections onto all cells, on every rank."""
        return self._once(self._listed(projection, None))

    def _once(self, rule: Rule) -> Rule:
        # a mask names each pair once
        return rule if self.names else PairsOnce(rule)

    def connect(self, projection: Any) -> None:
        """Connect in PyNN's way, where other values than the set's are drawn on every rank."""
        if not self.names:
            super().connect(projection)
            return
        rows = self._listed(projection, None).rows(np.arange(projection.post.size))
        others = projection.synapse_type.native_parameters
        others.shape = projection.shape
        for target, (first, last) in enumerate(itertools.pairwise(rows.indptr)):
            sources = rows.sources[first:last]
            values = {name: value[sources, target] for name, value in others.items()}
            for name in self.names:
                column = self.column(name)
                assert column is not None
                assert rows.entries is not None
                values[name] = column[rows.entries[first:last]]
            if sources.size:
                projection._convergent_connect(sources, target, **values)

    def _blocks(self, n_pre: int, n_post: int) -> Iterator[Floats]:
        """Yield sources, targets and values of all connections, some at a time."""
        if 0 in (n_pre, n_post):
            return
        # the set begins from where the generators were when it was made
        states = random.getstate(), np.random.get_state()  # noqa: NPY002
        part = pyNN.connectors.csa.cross((0, n_pre - 1), (0, n_post - 1)) * self.cset
        try:
            rows = iter(part)
            while block := list(itertools.islice(rows, N_ROWS)):
                yield np.array(block, np.float64)
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002
