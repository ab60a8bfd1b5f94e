"""Projections: connections between populations, each made by the rank that owns its target."""

from collections.abc import Iterator
from typing import Any

from pyNN import descriptions
from pyNN.space import Space

from distsim.pynn import simulator
from distsim.pynn.calls import collective
from distsim.pynn.changed_projection import ChangedProjection
from distsim.pynn.connection import Connection
from distsim.pynn.connectors import own_connector
from distsim.pynn.described import describe
from distsim.pynn.made_projection import is_made_by_ranks
from distsim.pynn.notebook import projection_html
from distsim.pynn.positions import share_positions
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
from distsim.pynn.read_projection import ReadProjection
from distsim.pynn.recorded_projection import RecordedProjection
from distsim.pynn.rule_connector import RuleConnector
from distsim.pynn.signatures import also_named
from distsim.pynn.simulator import state
from distsim.pynn.synapse_types import StaticSynapse
from distsim.pynn.value_lists import check_shapes, without_lists

__all__ = ["Projection"]


class Projection(ReadProjection, ChangedProjection, RecordedProjection):
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
            is_whole = not is_made_by_ranks(connector, synapse_type.parameter_space)
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
        self._local = None
        self._addresses = {}
        self.recorder = None
        self._n_connections = None
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
        self.initial_values = {}
        self.annotations: dict[str, Any] = {}

    def __hash__(self) -> int:
        # the same on every rank, so that the order of sets is
        return self.number

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

    def _repr_html_(self) -> str:
        """Return what notebooks show; one rank may call it alone."""
        return projection_html(self, self._connector, self._n_connections)

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
