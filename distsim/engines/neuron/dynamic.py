"""Synapses with variables in NEURON: given their values, read and set."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.engines.described import DynamicSynapses
from distsim.engines.neuron.synapses import SYNAPSES, NeuronSynapse
from distsim.engines.pending import NEVER, Learning, catch_up, trains_of
from distsim.kernels.spike_keys import spike_key, step_of_key
from distsim.models.synapse_model import SynapseModel
from distsim.partitioning.streams import Stream, uniforms

__all__ = ["Arrivals", "NeuronPathway", "Place", "make_places"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

# which side an event is of
SOURCE, TARGET = 0.0, 1.0
# by how much a spike of the target is before or after one of the source that it meets [steps]
MARGIN = 0.25


class Place(NamedTuple):
    """A synapse in NEURON.

    Attributes
    ----------
    mechanism : one of `SYNAPSES`
    source, target : NetCon
        From both sides to the mechanism; no target for one that does not look at it.
    beyond : NetCon
        From the mechanism to the synapse of the target.
    """

    mechanism: Any
    source: Any
    target: Any
    beyond: Any


class Arrivals(NamedTuple):
    """When spikes of the sources are delivered.

    Attributes
    ----------
    times : list of float
        Of each synapse, after the spike [ms].
    early : ndarray of int64, shape (n,)
        How much earlier that is than the delay [steps].
    """

    times: list[float]
    early: Integers


def make_places(
    h: Any,
    dynamic: DynamicSynapses,
    are_sent: Sequence[bool],
    hear: Callable[[int, bool, Any], Any],
    cells: Mapping[int, Any],
) -> list[Place]:
    """Return new synapses, without values.

    Parameters
    ----------
    h : NEURON's interpreter
    dynamic : DynamicSynapses
    are_sent : sequence of bool
        Whether NEURON sends the spikes of each source.
    hear : callable
        ``hear(gid, is_sent, mechanism)`` returns a new connection from a source.
    cells : mapping of int to Cell or UserCell
        This rank's, by gid.
    """
    model, synapses = dynamic.pathway.synapse, dynamic.synapses
    make, places = getattr(h, SYNAPSES[model].mechanism), []
    columns = synapses.sources.tolist(), synapses.targets.tolist(), are_sent
    for source, target, is_sent in zip(*columns, strict=True):
        mechanism = make()
        back = hear(target, True, mechanism) if model.is_learning else None
        beyond = h.NetCon(mechanism, cells[target].synapses[dynamic.receptor])
        beyond.delay = 0.0
        h.setpointer(beyond._ref_weight[0], "transmitted", mechanism)
        places.append(Place(mechanism, hear(source, is_sent, mechanism), back, beyond))
    return places


class NeuronPathway:
    """The synapses of a pathway onto cells of one model.

    Parameters
    ----------
    dynamic : DynamicSynapses
    places : sequence of Place
        New ones, of these synapses.
    arrivals : Arrivals
    dt : float
        [ms]
    stream : Stream
        Of what is drawn at spikes.
    step : int
        The present step.
    """

    def __init__(
        self,
        dynamic: DynamicSynapses,
        places: Sequence[Place],
        arrivals: Arrivals,
        dt: float,
        stream: Stream,
        step: int,
    ) -> None:
        self.dynamic = dynamic
        self.model: SynapseModel = dynamic.pathway.synapse
        self._own: NeuronSynapse = SYNAPSES[self.model]
        self._places = places
        self._dt = dt
        # synapses know nothing of spikes up to this step
        self._born = step if step > 0 else -1
        self._begin()
        self._set_delays(arrivals)
        if self.model.draws:
            self._seed(stream)

    # --- setting -------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Give new synapses all values but delays."""
        everything = np.arange(len(self._places))
        synapses = self.dynamic.synapses
        self._set(everything, "weight", synapses.weights)
        for state in self.model.initial_variables:
            self._set(everything, self._own.variables[state.name], state.initial)
        self._set_parameters(everything)
        self._set(everything, "source_last", -1.0)
        if self.model.is_learning:
            self._set(everything, "source_last", self._born + synapses.delays)
            self._set(everything, "target_last", self._born + 2 * self.dynamic.dendritic)
            self._set(everything, "settled", float(NEVER))

    def _seed(self, stream: Stream) -> None:
        """Give each synapse random numbers of its own, by its target and its place there."""
        targets = self.dynamic.synapses.targets
        order = np.argsort(targets, kind="stable")
        first = np.searchsorted(targets[order], targets[order])
        numbers = np.empty(targets.size, np.int64)
        numbers[order] = np.arange(targets.size) - first
        drawn = uniforms(stream, targets, counts=3, firsts=4 * numbers)
        words = (drawn.reshape(-1, 3) * 2.0**32).astype(np.int64).tolist()
        for place, row in zip(self._places, words, strict=True):
            place.mechanism.numbers.set_ids(*row)
            place.mechanism.numbers.set_seq(0)

    def _set(self, which: Integers, name: str, values: Any) -> None:
        """Give the mechanisms of some synapses a value; `values` are of all."""
        each = np.broadcast_to(np.asarray(values, np.float64), len(self._places))[which]
        for k, value in zip(which.tolist(), each.tolist(), strict=True):
            setattr(self._places[k].mechanism, name, value)

    def _set_parameters(self, which: Integers) -> None:
        for name, values in self._own.translate(self.dynamic, self._dt).items():
            self._set(which, name, values)

    def _set_delays(self, arrivals: Arrivals) -> None:
        """Give all connections the present delays."""
        early = arrivals.early
        for place, time, ahead in zip(self._places, arrivals.times, early.tolist(), strict=True):
            # in one step after another: the target's spikes, then the source's
            place.source.delay = time + ahead * 0.5 * MARGIN * self._dt
            place.source.weight[0], place.source.weight[1] = SOURCE, ahead
        if not self.model.is_learning:
            return
        lags = 2 * self.dynamic.dendritic
        # those that need no time to come are later than what they meet
        after = np.where(lags > 0, lags - early - MARGIN, np.maximum(MARGIN - early, 0.0))
        ahead = np.where(lags > 0, early, 0)
        for place, steps, given in zip(self._places, after.tolist(), ahead.tolist(), strict=True):
            place.target.delay = steps * self._dt
            place.target.weight[0], place.target.weight[1] = TARGET, given

    def change(
        self,
        dynamic: DynamicSynapses,
        places: Mapping[str, Integers | None],
        arrivals: Arrivals,
        keys: Integers,
        now: int,
    ) -> None:
        """Give synapses other values; see `ExternalSimulation._change_dynamic`, and `read`."""
        everything = np.arange(len(self._places))
        chosen = {name: everything if one is None else one for name, one in places.items()}
        which = np.unique(np.concatenate(list(chosen.values())))
        weights = self.read(["weight"], keys, now)["weight"]
        if self.model.is_learning:
            # what has reached them by now has done what it does
            self._set(which, "settled", float(now))
            later = 2 * (dynamic.dendritic - self.dynamic.dendritic)
            longer = dynamic.synapses.delays - self.dynamic.synapses.delays
            self._set(everything, "target_last", self._gathered("target_last") + later)
            self._set(everything, "source_last", self._gathered("source_last") + longer)
        self.dynamic = dynamic
        if "weight" in chosen:
            weights[chosen["weight"]] = dynamic.synapses.weights[chosen["weight"]]
        self._set(which, "weight", weights)
        self._set_parameters(which)
        if "delay" in chosen:
            self._set_delays(arrivals)

    # --- reading -------------------------------------------------------------------------------

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
        theirs = {"weight": "weight", **self._own.variables}
        found = {name: self._gathered(theirs[name]) for name in names}
        if "weight" in found and self.model.is_learning:
            learning = self._learning()
            # the last spikes may be longer ago
            seen = spike_key(learning.pre_done, learning.sources)[learning.traces > 0.0]
            recent = keys[step_of_key(keys) > self._born]
            every = np.concatenate([recent, np.setdiff1d(seen, recent)])
            catch_up(trains_of(every), learning, found["weight"], now)
        return found

    def _gathered(self, name: str) -> Floats:
        return np.array([getattr(place.mechanism, name) for place in self._places], np.float64)

    def _learning(self) -> Learning:
        """Return what `catch_up` takes: synapses are told of spikes when those arrive."""
        synapses, dendritic = self.dynamic.synapses, self.dynamic.dendritic
        return Learning(
            synapses.sources,
            synapses.targets,
            synapses.delays - dendritic,
            dendritic,
            self._gathered("source_last").astype(np.int64) - synapses.delays,
            self._gathered("target_last").astype(np.int64) - 2 * dendritic,
            self._gathered("settled").astype(np.int64),
            self._gathered("source_trace"),
            np.stack([self._gathered("target_before"), self._gathered("target_trace")]),
            self._own.rules(self.dynamic, self._dt),
        )
