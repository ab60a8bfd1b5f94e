"""Setting of weights, delays, and other values of a projection's connections."""

from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN.parameters import LazyArray, ParameterSpace

from distsim.connectivity import Connections, Listed, PerEntry, Rule, Values
from distsim.errors import DistsimError, NotAvailableError
from distsim.pynn.calls import collective
from distsim.pynn.checks import plain_numbers
from distsim.pynn.connection import LocalConnections
from distsim.pynn.described import describe
from distsim.pynn.made_projection import MadeProjection
from distsim.pynn.projection_errors import as_pynns_error
from distsim.pynn.selection import gid_map
from distsim.pynn.simulator import state
from distsim.pynn.synapse_values import evaluator
from distsim.pynn.value_lists import check_shapes, of_own_connections
from distsim.pynn.values import as_function

__all__ = ["ChangedProjection"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class ChangedProjection(MadeProjection):
    """What is set of a projection; `Projection` has the rest."""

    _n_connections: int | None
    initial_values: dict[str, Any]
    # a checksum of all that was set of its connections together
    print: str
    # whether single ones of this rank were set since
    is_set_singly: bool

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
        self._set(attributes)

    def _set(self, attributes: dict[str, Any]) -> None:
        """Set parameters of the connections, or what their variables are now."""
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
        schema = self.synapse_type.get_schema()
        parameters = {name: value for name, value in others.items() if name in schema}
        space = ParameterSpace(parameters, schema, self.shape)
        lazy = dict(self.synapse_type.translate(space).items())
        for name in others.keys() - parameters.keys():
            lazy[name] = LazyArray(others[name], self.shape, float)
        changed: dict[str, Values] = {}
        for name in others:
            self._revisions[name] = self._revisions.get(name, -1) + 1
            changed[name] = evaluator(lazy[name], self, name, self._revisions[name])
        if lists:
            self._set_lists(lists, changed)
        else:
            self._replace(self._pathway.connections.rule, list(changed), **changed)

    @collective()
    def initialize(self, **initial_values: Any) -> None:
        """Set what synapses begin with, now and for each `reset()`: variables, or as `set` does.

        Parameters
        ----------
        **initial_values
            Of variables of the synapse type, weights or parameters; as for `set`.

        Raises
        ------
        NotAvailableError
            If it is a variable, and the engine begins with what the synapse type says.

        Notes
        -----
        The synapses of PyNN's models are at rest until the first spike of their source, and so
        find themselves recovered when it comes, whatever they began with.
        """
        variables = {v.name for v in self._pathway.synapse.initial_variables}
        parameters = self.synapse_type.get_schema()
        for name in initial_values:
            if name not in variables or name in parameters:
                self.synapse_type.check_name(name)
            elif not state.simulation.takes_initial_values:
                raise NotAvailableError(
                    f"initialize({name}=...) of projection '{self.label}' is not available on this "
                    "engine, where synapses begin as their type says; engine 'native' has it"
                )
        self._set(initial_values)
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

    def addresses(self) -> tuple[Integers, Integers, Integers]:
        """Return an order of this rank's connections, and gids of their targets and sources in it.

        By target, then source, then as they were made; so it does not depend on the ranks.
        """
        local_sources, local_targets = self.local_pairs()
        targets = gid_map(self.post.parts).gids(local_targets)
        sources = gid_map(self.pre.parts).gids(local_sources)
        order = np.lexsort((np.arange(targets.size), sources, targets))
        return order, targets[order], sources[order]

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
