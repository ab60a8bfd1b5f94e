"""The connections of a projection, as each rank makes those onto its own cells."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN.parameters import ParameterSpace

from distsim.connectivity import (
    Connections,
    Constant,
    Distances,
    Listed,
    Masked,
    PerEntry,
    Rule,
    Values,
    sampled,
)
from distsim.network.pathways import Pathway
from distsim.partitioning.streams import Purpose
from distsim.pynn.checked_projection import CheckedProjection
from distsim.pynn.connection import LocalConnections
from distsim.pynn.connectors import OneToOneConnector
from distsim.pynn.positions import coordinates, metric_of
from distsim.pynn.projection_errors import as_pynns_error
from distsim.pynn.random_numbers import drawn_in_turn, shared_numbers
from distsim.pynn.rule_connector import RuleConnector
from distsim.pynn.selection import gid_map
from distsim.pynn.shared_draws import SharedDraws, values_drawn_later, with_detached
from distsim.pynn.simulator import state
from distsim.pynn.standardmodels import SpikeSourcePoisson
from distsim.pynn.synapse_values import drawn_values, evaluator, has_numpy_rng

__all__ = ["MadeProjection", "is_made_by_ranks"]

Integers = NDArray[np.int64]


class MadeProjection(CheckedProjection):
    """How a projection's connections are made, and those of this rank; `Projection` has the rest.

    Attributes
    ----------
    number : int
        Of the projection; the same on every rank.
    """

    number: int
    synapse_type: Any
    _network: object
    _pathway: Pathway
    _local: LocalConnections | None
    # how often each parameter was set before
    _revisions: dict[str, int]

    def _described(self) -> Connections:
        """Return the connections: a rule with evaluators of weights and delays."""
        values = self.synapse_type.native_parameters
        values.shape = self.shape
        if is_made_by_ranks(self._connector, values):
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
        """Return the number of connections on this rank; the expected one if nothing is built."""
        if state.passage.describes_only:
            return self.n_expected
        return int(self._local_connections().sources.size)

    @property
    def n_told(self) -> float | None:
        """How many connections this rank is to have, as far as the rule tells at once."""
        connections = self._pathway.connections
        indegree = connections.expected_indegree
        if indegree is None and isinstance(connections.rule, Listed | Masked):
            indegree = connections.rule.mean_indegree
        return None if indegree is None else indegree * self._pathway.targets.size

    @property
    def n_expected(self) -> int:
        """How many connections this rank is expected to have."""
        return round(sampled(self._pathway.connections, self._pathway.targets).n_synapses)


def is_made_by_ranks(connector: Any, values: ParameterSpace) -> bool:
    """Return whether connections and values are made by each rank for its own cells alone."""
    if not isinstance(connector, RuleConnector) or not connector.is_rank_local:
        return False
    return not any(has_numpy_rng(value) for _, value in values.items())
