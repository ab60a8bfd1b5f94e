"""Synapses with variables in Brian: made, read and set."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.engines.brian2.synapses import SYNAPSES
from distsim.engines.described import DynamicSynapses
from distsim.engines.pending import PAIR, VOGELS, Learning, catch_up, rules_of, trains_of
from distsim.models.synapse_model import SynapseModel

__all__ = ["BrianPathway", "Part", "make_synapses"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

# of a spike that never was [steps]
NEVER = -(10**9)


class Part(NamedTuple):
    """Those of a pathway's synapses that come from one group of sources.

    Attributes
    ----------
    connections : brian2.Synapses
    places : ndarray of int64, shape (n,)
        Which of the pathway's they are.
    """

    connections: Any
    places: Integers


class BrianPathway:
    """The synapses of a pathway onto cells of one model.

    Parameters
    ----------
    dynamic : DynamicSynapses
    dt : float
        [ms]
    millisecond : brian2.Quantity

    Attributes
    ----------
    parts : list of Part
    """

    def __init__(self, dynamic: DynamicSynapses, dt: float, millisecond: Any) -> None:
        self.dynamic = dynamic
        self.model: SynapseModel = dynamic.pathway.synapse
        self.parts: list[Part] = []
        self._dt = dt
        self._step = dt * millisecond

    def begin(self, part: Part) -> None:
        """Give new synapses all values."""
        connections = part.connections
        names = ["weight", "delay", *self.dynamic.values]
        for name in names:
            self._set(part, name, np.arange(part.places.size))
        for state in self.model.initial_variables:
            _array(connections, state.name)[:] = state.initial
        for name in ("source_step", "target_step"):
            if name in connections.variables:
                _array(connections, name)[:] = NEVER
        self.parts.append(part)

    def change(self, dynamic: DynamicSynapses, places: Mapping[str, Integers | None]) -> None:
        """Give synapses other values; see `ExternalSimulation._change_dynamic`."""
        self.dynamic = dynamic
        for part in self.parts:
            for name, chosen in places.items():
                is_set = np.ones(part.places.size, np.bool_)
                if chosen is not None:
                    is_set = np.isin(part.places, chosen)
                self._set(part, name, np.flatnonzero(is_set))

    def _set(self, part: Part, name: str, which: Integers) -> None:
        """Give some synapses of a part a value as it was described."""
        connections, synapses = part.connections, self.dynamic.synapses
        if name == "delay":
            # Brian hands on the spikes of the step before
            connections.delay = (synapses.delays[part.places] - 1) * self._step
            if self.model.is_learning:
                lags = 2 * self.dynamic.dendritic[part.places]
                connections.post.delay = np.maximum(lags - 1, 0) * self._step
                _array(connections, "late")[:] = lags == 0
            return
        values = synapses.weights if name == "weight" else self.dynamic.values[name]
        each = np.broadcast_to(values, synapses.sources.size)
        _array(connections, name)[which] = each[part.places[which]]

    def read(self, names: Sequence[str], keys: Integers, now: int) -> dict[str, Floats]:
        """Return variables, in the order of the pathway's connections.

        Parameters
        ----------
        names : sequence of str
        keys : ndarray of int64
            Recent spikes of sources and targets, ``step << 32 | gid``.
        now : int
            The present step.
        """
        found = {name: self._gathered(name) for name in names}
        if "weight" in found and self.model.is_learning:
            catch_up(trains_of(keys), self._learning(now), found["weight"], now)
        return found

    def _gathered(self, name: str) -> Floats:
        values = np.zeros(self.dynamic.synapses.sources.size)
        for part in self.parts:
            values[part.places] = _array(part.connections, name)
        return values

    def _learning(self, now: int) -> Learning:
        """Return what `catch_up` takes: Brian looks at a synapse when a spike arrives."""
        synapses, dendritic = self.dynamic.synapses, self.dynamic.dendritic
        given = SYNAPSES[self.model].exponents
        plus, minus = (self.dynamic.values[e] if isinstance(e, str) else e for e in given)
        rule = VOGELS if "eta" in self.dynamic.values else PAIR
        return Learning(
            synapses.sources,
            synapses.targets,
            synapses.delays - dendritic,
            dendritic,
            now - synapses.delays,
            now - np.maximum(2 * dendritic, 1),
            np.full(dendritic.size, NEVER),
            self._gathered("x"),
            np.zeros((2, 0)),
            rules_of(self.dynamic, self._dt, rule, (plus, minus)),
        )


def make_synapses(
    brian2: Any, sources: Any, targets: Any, model: SynapseModel, raised: str, **options: Any
) -> Any:
    """Return new synapses of a model, without connections; `raised` is the target's variable."""
    own = SYNAPSES[model]
    more = {"on_post": own.on_post} if own.on_post else {}
    connections = brian2.Synapses(
        *(sources, targets, own.equations(model)),
        on_pre=own.on_pre.format(input=raised),
        namespace={},
        **more,
        **options,
    )
    if own.on_post:
        # spikes of the target come to a synapse before those of the source
        connections.post.order = -1
    return connections


def _array(connections: Any, name: str) -> Any:
    """Return the array that Brian itself works on."""
    return connections.variables[name].get_value()
