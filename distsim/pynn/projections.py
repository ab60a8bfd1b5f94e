"""Projections: connections between populations, each made by the rank that owns its target."""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN import descriptions
from pyNN.core import deprecated
from pyNN.parameters import ParameterSpace
from pyNN.space import Space

from distsim.connectivity import (
    Connections,
    Constant,
    Distances,
    Listed,
    PerEntry,
    Rule,
    Values,
)
from distsim.errors import DistsimError, NotAvailableError
from distsim.network.pathways import Pathway
from distsim.partitioning.streams import Purpose
from distsim.pynn import simulator
from distsim.pynn.addressed_values import AddressedValues, histogram
from distsim.pynn.calls import collective
from distsim.pynn.checked_projection import CheckedProjection
from distsim.pynn.checks import plain_numbers
from distsim.pynn.connection import Connection, LocalConnections
from distsim.pynn.connection_files import write_table
from distsim.pynn.connectors import OneToOneConnector, own_connector
from distsim.pynn.described import describe
from distsim.pynn.gather import Audience, gather_arrays
from distsim.pynn.positions import coordinates, metric_of, share_positions
from distsim.pynn.projection_checks import (
    GAP,
    check_ends,
    check_kinds,
    check_membranes,
    check_receptor,
    check_receptors,
    check_synapse,
)
from distsim.pynn.projection_errors import ProjectionError, as_pynns_error
from distsim.pynn.random_numbers import drawn_in_turn, shared_numbers
from distsim.pynn.recorded_projection import RecordedProjection
from distsim.pynn.rule_connector import RuleConnector
from distsim.pynn.selection import gid_map
from distsim.pynn.shared_draws import SharedDraws, values_drawn_later, with_detached
from distsim.pynn.signatures import also_named
from distsim.pynn.simulator import state
from distsim.pynn.standardmodels import SpikeSourcePoisson
from distsim.pynn.synapse_recording import SynapseRecorder
from distsim.pynn.synapse_types import StaticSynapse
from distsim.pynn.synapse_values import (
    drawn_values,
    evaluator,
    has_numpy_rng,
)
from distsim.pynn.value_lists import check_shapes, of_own_connections, without_lists
from distsim.pynn.values import as_function

__all__ = ["Projection"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Projection(CheckedProjection, RecordedProjection):
    """Connections of one synapse type between two groups of cells.

    Parameters
    ----------
    presynaptic_population, postsynaptic_population : Population, PopulationView or Assembly
        Also by the names `presynaptic_neurons` and `postsynaptic_neurons`, as some of PyNN's
        back ends have it.
    connector : Connector
        Which cells to connect.
    synapse_type : StaticSynapse, STDPMechanism and others, optional
        Weights [nA, uS or mV, as the target's model has it], delays [ms], and what spikes change.
    source : None
        Not used by point neurons.
    receptor_type : str, optional
        'excitatory' or 'inhibitory'; default by the sign of the weights.
    space : pyNN.space.Space, optional
        How distances are measured.
    label : str, optional

    Raises
    ------
    ProjectionError, ParameterError
        If something cannot be; errors that depend on random weights and delays are raised when
        the network is built.

    Notes
    -----
    Weights of a StaticSynapse are delivered as 32-bit numbers.
    """

    _simulator = simulator
    _static_synapse_class = StaticSynapse

    @also_named(
        presynaptic_neurons="presynaptic_population", postsynaptic_neurons="postsynaptic_population"
    )
    @collective()
    def __init__(
        self,
        presynaptic_population: Any,
        postsynaptic_population: Any,
        connector: Any,
        synapse_type: Any = None,
        source: Any = None,
        receptor_type: str | None = None,
        space: Any = None,
        label: str | None = None,
    ) -> None:
        check_ends(presynaptic_population, postsynaptic_population)
        check_kinds(connector, synapse_type, space)
        connector = own_connector(connector)
        pre, post = presynaptic_population, postsynaptic_population
        synapse_type = synapse_type or StaticSynapse()
        self.described = {
            "from": describe(pre),
            "onto": describe(post),
            "connector": describe(connector),
            "synapse type": describe(synapse_type),
            "receptor type": describe(receptor_type),
            "space": describe(space),
        }
        # a checksum of all that was set of its connections together
        self.print = ""
        # what its connections were when they were there for the first time
        self.birth: str | None = None
        # whether single ones of this rank were set since
        self.is_set_singly = False
        if synapse_type.record.is_electrical:
            check_membranes(pre, post, receptor_type)
        else:
            check_receptors(post)
            check_receptor(post, receptor_type)
        check_synapse(synapse_type, state.simulation)
        values = {name: v.base_value for name, v in synapse_type.parameter_space.items()}
        check_shapes(values, (pre.size, post.size), label or f"{pre.label}→{post.label}")
        synapse_type, lists = without_lists(synapse_type)
        share_positions(list(dict.fromkeys(part.root for part in (*pre.parts, *post.parts))))
        if isinstance(connector, RuleConnector):
            is_whole = not _is_rank_local(connector, synapse_type.parameter_space)
            with as_pynns_error(), state.together():
                connector.load(pre, post, is_whole)
        if synapse_type.record.is_electrical:
            self._join(pre, post, connector, synapse_type, source, space or Space(), label)
        else:
            with as_pynns_error():
                super().__init__(
                    *(pre, post, connector, synapse_type),
                    *(source, receptor_type, space or Space(), label),
                )
        self._network = state.network
        self.number = state.n_projections
        state.n_projections += 1
        names = ["weight", "delay", *self.synapse_type.record.parameter_names]
        if synapse_type.record.is_electrical:
            names.remove("delay")
        self._revisions = dict.fromkeys(names, 0)
        self._local: LocalConnections | None = None
        self._addresses: dict[Audience, tuple[Integers, Integers, Integers]] = {}
        self.recorder: SynapseRecorder | None = None
        self._n_connections: int | None = None
        with as_pynns_error():
            with state.together():
                self._bounds = self._own_bounds()
                self._pathway = self._described_pathway()
            if lists:
                self._set_lists(lists, {})
        state.simulation.add_pathway(self._pathway)
        state.projections.append(self)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("weight", "delay"):
            raise ProjectionError(
                f"'{name}' of the connections of '{self.label}' is set by .set({name}=...)"
            )
        super().__setattr__(name, value)

    def _join(
        self,
        pre: Any,
        post: Any,
        connector: Any,
        synapse_type: Any,
        source: Any,
        space: Space,
        label: str | None,
    ) -> None:
        """Begin with electrical synapses, as PyNN's constructor does with others.

        That looks for a receptor type, which cells need not have.
        """
        self.pre, self.post, self.source, self.space = pre, post, source, space
        self.label = label or f"{pre.label}→{post.label}"
        self._connector, self.synapse_type, self.receptor_type = connector, synapse_type, GAP
        self.initial_values: dict[str, Any] = {}
        self.annotations: dict[str, Any] = {}

    def __hash__(self) -> int:
        # the same on every rank, so that the order of sets is
        return self.number

    # --- description ---------------------------------------------------------------------------

    def _described(self) -> Connections:
        """Return the connections: a rule with evaluators of weights and delays."""
        values = self.synapse_type.native_parameters
        values.shape = self.shape
        if _is_rank_local(self._connector, values):
            rule = self._connector.rule(self)
            return self._of_values(rule, {n: self._values(n, values) for n in self._revisions})
        return self._drawn_by_pynn()

    @staticmethod
    def _of_values(rule: Rule, values: dict[str, Values]) -> Connections:
        """Return connections by a rule; of those without delays, these are a time step."""
        weight, delay = values.pop("weight"), values.pop("delay", Constant(state.dt))
        return Connections(rule, weight, delay, parameters=values)

    def _values(self, name: str, space: ParameterSpace) -> Values:
        column = self._connector.column(name)
        if column is not None:
            return PerEntry(np.asarray(column, np.float64))
        return evaluator(space[name], self, name, self._revisions[name])

    def _drawn_by_pynn(self) -> Connections:
        """Let PyNN's own code connect, as in a serial run, and keep what is local."""
        self._drawn: list[tuple[NDArray[Any], ...]] = []
        holders: list[tuple[Any, Purpose]] = list(drawn_values(self.synapse_type.parameter_space))
        if not isinstance(self._connector, RuleConnector) and hasattr(self._connector, "rng"):
            holders.append((self._connector, Purpose.CONNECT))
        seed = state.simulation.seed
        own_type = self.synapse_type
        shared = values_drawn_later(own_type, self._connector)
        self._later = SharedDraws(shared) if shared else None
        with (
            state.as_one_process(),
            shared_numbers(holders, seed, self.number),
            drawn_in_turn(self._connector),
        ):
            self.synapse_type = with_detached(own_type, shared)
            try:
                self._connector.connect(self)
            finally:
                self.synapse_type = own_type
        none = np.zeros(0)
        columns = [np.concatenate([none, *column]) for column in zip(*self._drawn, strict=True)]
        sources, targets, *values = columns or [none] * (2 + len(self._revisions))
        by_name = dict(zip(self._revisions, values, strict=True))
        if self._later is not None:
            by_name |= self._later.values(self.shape)
        del self._drawn, self._later
        rule = Listed(self.pre.size, self.post.size, sources=sources, targets=targets)
        return self._of_values(rule, {name: PerEntry(each) for name, each in by_name.items()})

    def _convergent_connect(
        self,
        presynaptic_indices: Integers,
        postsynaptic_index: int,
        location_selector: Any = None,
        **connection_parameters: Any,
    ) -> None:
        """Take the connections onto one cell from PyNN's code."""
        sources = np.asarray(presynaptic_indices, np.int64)
        is_local = bool(self._is_target_local[postsynaptic_index])
        if self._later is not None:
            self._later.note(sources, postsynaptic_index, is_local)
        if not is_local:
            return
        values = (
            np.broadcast_to(np.asarray(connection_parameters[name], np.float64), sources.shape)
            for name in self._revisions
        )
        targets = np.full(sources.shape, postsynaptic_index, np.int64)
        self._drawn.append((sources, targets, *values))

    @property
    def pathway(self) -> Pathway:
        """Connections of this rank, as the engine has them."""
        return self._pathway

    @property
    def _is_target_local(self) -> NDArray[np.bool_]:
        mask = np.zeros(self.post.size, np.bool_)
        mask[self.post.local_positions] = True
        return mask

    def _described_pathway(self) -> Pathway:
        """Return the connections as the engine is given them."""
        return Pathway(
            label=self.label or f"projection{self.number}",
            connections=self._checked(self._described()),
            targets=self.post.local_positions,
            blocks=[(part.root.block, part.block_positions) for part in self.post.parts],
            sources=gid_map(self.pre.parts),
            receptors={
                part.root.block.model: list(part.celltype.receptor_types).index(self.receptor_type)
                for part in self.post.parts
                if not self.synapse_type.record.is_electrical
            },
            is_drive=isinstance(self._connector, OneToOneConnector)
            and self.synapse_type.record.is_static
            and all(isinstance(p.celltype, SpikeSourcePoisson) for p in self.pre.parts),
            number=self.number,
            synapse=self.synapse_type.record,
            dendritic_fraction=self.synapse_type.dendritic_delay_fraction,
        )

    # --- distances -----------------------------------------------------------------------------

    @property
    def distances(self) -> Distances:
        """The distances between its cells, where they are now."""
        return Distances(
            metric_of(self.space), coordinates(self.pre.parts), coordinates(self.post.parts)
        )

    # --- connections of this rank --------------------------------------------------------------

    def _local_connections(self) -> "LocalConnections":
        """Return this rank's connections as arrays; made on demand, and kept until changed."""
        self._check_present()
        if self._local is None:
            with as_pynns_error():
                self._local = LocalConnections.of(self)
        return self._local

    def local_pairs(self) -> tuple[Integers, Integers]:
        """Return indices of source and target of each connection of this rank."""
        local = self._local_connections()
        return local.sources, local.targets

    def _check_present(self) -> None:
        state.check_present(self._network, f"projection '{self.label}'")

    def _agreed_connections(self) -> "LocalConnections":
        """Return this rank's connections; every rank must call it, and fails if one does."""
        with state.together():
            self._local_connections()
        return self._local_connections()

    def __len__(self) -> int:
        """Return the number of connections on this rank."""
        return int(self._local_connections().sources.size)

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
        n_local = self._agreed_connections().sources.size
        (counts,) = gather_arrays(np.array([n_local], np.int64))
        self._n_connections = int(counts.sum())
        return self._n_connections

    def describe(self, template: Any = "projection_default.txt", engine: Any = "default") -> Any:
        """Return a description, without asking other ranks: one rank may call it alone.

        Parameters
        ----------
        template, engine
            See `pyNN.descriptions`; None gives the context as a dict.
        """
        context = {
            "label": self.label,
            "pre": self.pre.describe(template=None),
            "post": self.post.describe(template=None),
            "source": self.source,
            "receptor_type": self.receptor_type,
            "size_local": len(self),
            "size": self._n_connections or "unknown; call size() on every rank",
            "connector": self._connector.describe(template=None),
            "plasticity": self.synapse_type.describe(template=None),
        }
        return descriptions.render(engine, template, context)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [Connection(self, k) for k in range(*i.indices(len(self)))]
        if not -len(self) <= i < len(self):
            raise IndexError(
                f"connection {i} of '{self.label}', which has {len(self)} on this rank"
            )
        return Connection(self, int(i) % len(self))

    def __iter__(self) -> Iterator["Connection"]:
        return (Connection(self, k) for k in range(len(self)))

    @property
    def connections(self) -> list["Connection"]:
        """Connections of this rank, one object each."""
        return list(self)

    # --- reading and setting -------------------------------------------------------------------

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
        values = self._values_now(
            [attribute_names] if is_single else list(attribute_names), audience
        )
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

    @collective()
    def set(self, **attributes: Any) -> None:
        """Set weights, delays, or other parameters of all connections.

        Parameters
        ----------
        **attributes
            'weight', 'delay' or parameters of the synapse type: each a number, a
            `RandomDistribution`, an array of shape (n_pre, n_post), a function of distance, or a
            list: of one value per connection of all ranks, ordered by source, then by target,
            several between the same two cells as `get` lists them; or of one value for each two
            cells that are connected.

        Raises
        ------
        ValuesError
            If an array has another shape, or a list another length.
        """
        for name in attributes:
            self.synapse_type.check_name(name)
        attributes = {
            name: plain_numbers(as_function(value), f"{name} of projection '{self.label}'")
            for name, value in attributes.items()
        }
        check_shapes(attributes, self.shape, str(self.label))
        self.print = blake2b(
            (self.print + describe(attributes)).encode(), digest_size=8
        ).hexdigest()
        lists = {name: value for name, value in attributes.items() if np.ndim(value) == 1}
        others = {name: value for name, value in attributes.items() if name not in lists}
        space = ParameterSpace(others, self.synapse_type.get_schema(), self.shape)
        changed: dict[str, Values] = {}
        for name, value in self.synapse_type.translate(space).items():
            self._revisions[name] += 1
            changed[name] = evaluator(value, self, name, self._revisions[name])
        if lists:
            self._set_lists(lists, changed)
        else:
            self._replace(self._pathway.connections.rule, list(changed), **changed)

    @collective()
    def initialize(self, **initial_values: Any) -> None:
        """Set what synapses begin with: weights, or parameters, as `set` does.

        Parameters
        ----------
        **initial_values
            As for `set`.

        Raises
        ------
        NotAvailableError
            If it is another variable, which begins as the synapse type says.
        """
        for variable in self._pathway.synapse.initial_variables:
            if variable.name in initial_values and variable.name not in self._revisions:
                raise NotAvailableError(
                    f"initialize({variable.name}=...) of projection '{self.label}' is not "
                    f"available: '{variable.name}' begins at {variable.initial:g}. PyNN's own back "
                    "end for NEST, `import pyNN.nest as sim`, has it"
                )
        self.set(**initial_values)
        self.initial_values.update(initial_values)

    def _set_lists(self, lists: dict[str, Floats], changed: dict[str, Values]) -> None:
        """Set weights or delays of which there is one per connection, beside those changed."""
        local = self._agreed_connections()
        own = of_own_connections(self, local, lists)
        for check, name in ((self.check_weights, "weight"), (self.check_delays, "delay")):
            check(lists.get(name, ()))
        present = {name: PerEntry(value) for name, value in (local.values | own).items()}
        self._replace(self._listed(local), [*own, *changed], **(present | changed))

    def _listed(self, local: LocalConnections) -> Listed:
        """Return the connections of this rank as a list."""
        return Listed(self.pre.size, self.post.size, sources=local.sources, targets=local.targets)

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
        names = [attribute_names] if isinstance(attribute_names, str) else list(attribute_names)
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

    def _replace(self, rule: Rule, names: list[str], **values: Values) -> None:
        """Take other connections in place of the present ones, between the same cells.

        `names` are those of which the engine is to take what is given, in place of what spikes have
        made of them.
        """
        self._check_present()
        old = self._pathway.connections
        each = {"weight": old.weight, "delay": old.delay, **old.parameters, **values}
        weight, delay = each.pop("weight"), each.pop("delay")
        new = self._checked(Connections(rule, weight, delay, parameters=each))
        with as_pynns_error(), state.together():
            state.simulation.check_connections(self._pathway, new, names)
        self._local = None
        self._n_connections = None
        state.simulation.change_connections(self._pathway, new, names)

    def set_one(self, index: int, name: str, value: float) -> None:
        """Set weight or delay of one connection of this rank."""
        local = self._local_connections()
        self.is_set_singly = True
        if not local.is_read_by_engine:
            self._check_present()
            # the evaluators hold these very arrays, so that many changes cost little each
            values = {key: PerEntry(column) for key, column in local.values.items()}
            weight, delay = values.pop("weight"), values.pop("delay")
            new = Connections(self._listed(local), weight, delay, parameters=values)
            state.simulation.change_connections(self._pathway, self._checked(new), [])
            local.is_read_by_engine = True
        before = local.values[name][index]
        local.values[name][index] = value
        try:
            state.simulation.change_one(self._pathway, index, name, value)
        except DistsimError:
            local.values[name][index] = before
            raise

    # --- snapshots -----------------------------------------------------------------------------

    @property
    def revisions(self) -> dict[str, int]:
        """How often each of its values was drawn anew."""
        return dict(self._revisions)

    def connection_values(self) -> dict[str, Floats]:
        """Return weights, delays and parameters of this rank's connections as they were set."""
        return dict(self._agreed_connections().values)

    def take_values(self, values: dict[str, Floats]) -> None:
        """Take what `connection_values` has returned; every rank must call it."""
        each = {name: PerEntry(column) for name, column in values.items()}
        self._replace(self._listed(self._agreed_connections()), list(values), **each)

    def lay_in(self, revisions: dict[str, int], print_: str, is_set_singly: bool) -> None:
        """Go on from what was set elsewhere."""
        self._revisions.update(revisions)
        self.print, self.is_set_singly = print_, is_set_singly


def _is_rank_local(connector: Any, values: ParameterSpace) -> bool:
    """Return whether connections and values are made by each rank for its own cells alone."""
    if not isinstance(connector, RuleConnector) or not connector.is_rank_local:
        return False
    return not any(has_numpy_rng(value) for _, value in values.items())
