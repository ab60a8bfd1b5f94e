"""Synapses with variables in NEST: made, found again, read and set."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.engines.described import DynamicSynapses
from distsim.engines.nest.synapses import SYNAPSES, NestSynapse, called
from distsim.engines.pending import (
    BY_SOURCE,
    NEVER,
    PAIR,
    VOGELS_OF_NEST,
    Learning,
    catch_up,
    reach_of,
    rules_of,
    trains_of,
    weights_before,
)
from distsim.errors import EngineError
from distsim.models.synapse_model import SynapseModel

__all__ = ["NestPathway", "agreed_trace_constants"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Found(NamedTuple):
    """NEST's connections of a pathway.

    Attributes
    ----------
    connections : nest.SynapseCollection
    order : ndarray of int64, shape (n,)
        Which of them each of the pathway's is.
    """

    connections: Any
    order: Integers


class NestPathway:
    """The synapses of a pathway onto cells of one model: of a copy of NEST's synapse model.

    Their labels in NEST are their places among the pathway's connections.

    Parameters
    ----------
    nest : PyNEST
    dynamic : DynamicSynapses
    copy : str
        Name of the copy, in which all have in common what is one number.
    port : int or None
        NEST's number of the receptor type, where it has numbers.
    unit : float
        1 in NEST's unit of weights, with its sign.
    dt : float
        [ms]
    """

    def __init__(
        self,
        nest: Any,
        dynamic: DynamicSynapses,
        copy: str,
        port: int | None,
        unit: float,
        dt: float,
    ) -> None:
        self._nest = nest
        self._copy = copy
        self._dt = dt
        self._unit = unit
        self._found: Found | None = None
        self._dynamic = dynamic
        self.model: SynapseModel = dynamic.pathway.synapse
        self._own: NestSynapse = SYNAPSES[self.model]
        self._make(port)

    def _values(self) -> dict[str, Any]:
        weights = self._dynamic.synapses.weights
        return {**self._dynamic.values, "weight": weights, "unit": self._unit}

    def _make(self, port: int | None) -> None:
        synapses, values = self._dynamic.synapses, self._values()
        n = synapses.sources.size
        given = self._own.translate(values, self._dynamic.pathway.label)
        given |= called(self._own.initial, values)
        weights = given.pop("weight")
        common = {key: value for key, value in given.items() if np.ndim(value) == 0}
        # NEST compares their signs
        first = {"weight": float(weights[0])} if n else {}
        if n and "Wmax" in given and "Wmax" not in common:
            common["Wmax"] = float(given["Wmax"][0])
        self._nest.CopyModel(f"{self._own.nest_name}_lbl", self._copy, common | first if n else {})
        if not n:
            return
        options = {
            "synapse_model": self._copy,
            "weight": weights,
            "delay": np.round(synapses.delays * self._dt, 9),
            "synapse_label": np.arange(n),
            **{key: value for key, value in given.items() if np.ndim(value)},
        }
        if port is not None:
            options["receptor_type"] = port
        self._nest.Connect(synapses.sources + 1, synapses.targets + 1, "one_to_one", options)

    # --- finding -------------------------------------------------------------------------------

    def forget_places(self) -> None:
        """Say that NEST may have put its connections in another order."""
        self._found = None

    def _find(self) -> Found:
        if self._found is None:
            there = self._nest.GetConnections(synapse_model=self._copy)
            order = np.argsort(np.atleast_1d(there.get("synapse_label")))
            self._found = Found(there, order)
        return self._found

    # --- setting -------------------------------------------------------------------------------

    def change(
        self,
        dynamic: DynamicSynapses,
        places: Mapping[str, Integers | None],
        keys: Integers,
        delivered: int,
        now: int,
    ) -> None:
        """Give synapses other values; see `ExternalSimulation._change_dynamic`, and `read`."""
        if not dynamic.synapses.sources.size:
            return
        connections, order = self._find()
        self._dynamic = dynamic
        columns = self._own.translate(self._values(), dynamic.pathway.label)
        columns["delay"] = np.round(dynamic.synapses.delays * self._dt, 9)
        if "weight" in places and self.model.is_learning:
            traces = np.atleast_1d(connections.get("Kplus"))[order]
            learning = self._learning(traces, delivered)
            compensated = weights_before(trains_of(keys), learning, dynamic.synapses.weights, now)
            columns["weight"] = compensated * self._unit
        of_all: set[str] = {name for name, chosen in places.items() if chosen is None}
        affected = {*self._own.affected(of_all), *({"delay"} & of_all)}
        for name in set(places) - of_all:
            affected_here = {*self._own.affected({name}), *({"delay"} & {name})} - affected
            for place in places[name]:  # type: ignore[union-attr]
                row = {key: _plain(columns[key], place) for key in affected_here}
                connections[int(order[place])].set(row)
        if affected:
            self._set_all(connections, order, {key: columns[key] for key in sorted(affected)})

    @staticmethod
    def _set_all(connections: Any, order: Integers, columns: dict[str, Any]) -> None:
        if all(np.ndim(x) == 0 or (x == x[0]).all() for x in columns.values()):
            connections.set({key: _plain(x, 0) for key, x in columns.items()})
            return
        rows: list[dict[str, Any]] = [{}] * order.size
        lists = {key: np.broadcast_to(x, order.size).tolist() for key, x in columns.items()}
        for k, place in enumerate(order.tolist()):
            rows[place] = {key: values[k] for key, values in lists.items()}
        connections.set(rows)

    # --- reading -------------------------------------------------------------------------------

    def read(
        self, names: Sequence[str], keys: Integers, delivered: int, now: int
    ) -> dict[str, Floats]:
        """Return variables, in the order of the pathway's connections.

        Parameters
        ----------
        names : sequence of str
        keys : ndarray of int64
            Recent spikes of sources and targets, ``step << 32 | gid``.
        delivered, now : int
            Steps: NEST has delivered the sources' spikes up to the first one.

        Raises
        ------
        EngineError
            If NEST does not show a variable.
        """
        if not self._dynamic.synapses.sources.size:
            return {name: np.zeros(0) for name in names}
        connections, order = self._find()
        found = {}
        for name in names:
            if name == "weight":
                theirs = self._weights(connections, order)
                if self.model.is_learning:
                    traces = np.atleast_1d(connections.get("Kplus"))[order]
                    catch_up(trains_of(keys), self._learning(traces, delivered), theirs, now)
                found[name] = theirs
            elif name in self._own.variables:
                values = np.atleast_1d(connections.get(self._own.variables[name]))
                found[name] = values[order].astype(np.float64)
            else:
                raise EngineError(
                    f"NEST does not show '{name}' of the synapses of "
                    f"'{self._dynamic.pathway.label}'; use engine 'native'"
                )
        return found

    def _weights(self, connections: Any, order: Integers) -> Floats:
        """Return weights in distsim's unit; those that nothing has changed to the bit."""
        theirs = np.atleast_1d(connections.get("weight"))[order]
        given, values = self._dynamic.synapses.weights, self._values()
        to_theirs = {"weight": self._own.parameters["weight"]}
        as_given = theirs == called(to_theirs, values)["weight"]
        factor = called(to_theirs, {**values, "weight": 1.0})["weight"]
        return np.where(as_given, given, theirs / factor)

    def _learning(self, traces: Floats, delivered: int) -> Learning:
        """Return what `catch_up` takes, given the present traces of the sources."""
        synapses, n = self._dynamic.synapses, traces.size
        theirs = self._own.translate(self._values(), self.label)
        exponents = theirs.get("mu_plus", 0.0), theirs.get("mu_minus", 0.0)
        rule = VOGELS_OF_NEST if "eta" in theirs else PAIR
        return Learning(
            synapses.sources,
            synapses.targets,
            np.zeros(n, np.int64),
            synapses.delays,
            np.full(n, delivered),
            np.full(n, BY_SOURCE),
            np.full(n, NEVER),
            traces,
            np.zeros((2, 0)),
            rules_of(self._dynamic, self._dt, rule, exponents),
        )

    # --- what it wants of cells ----------------------------------------------------------------

    @property
    def label(self) -> str:
        """The label of the projection."""
        return self._dynamic.pathway.label

    @property
    def ends(self) -> Integers:
        """The gids of all sources, and of this rank's targets."""
        sources = self._dynamic.pathway.sources
        gids = sources.gids(np.arange(sum(sources.sizes)))
        return np.union1d(gids, self._dynamic.synapses.targets)

    def trace_constants(self) -> tuple[Integers, Floats]:
        """Return the targets, and the time constants [ms] that their traces are to have."""
        if not self.model.is_learning:
            return np.zeros(0, np.int64), np.zeros(0)
        targets = self._dynamic.synapses.targets
        times = self._dynamic.values[self.model.target_traces[0].time_constant]
        gids, first = np.unique(targets, return_index=True)
        each = np.broadcast_to(times, targets.size)
        if (each != each[first][np.searchsorted(gids, targets)]).any():
            raise EngineError(
                f"the synapses of '{self.label}' onto one cell differ in the time constant of the "
                "cell's trace, of which a cell in NEST has one; use several cells"
            )
        return gids, each[first]

    @property
    def reach(self) -> int:
        """How far back spikes matter for the present weights [steps]."""
        return reach_of(self._dynamic, self._dt)


def _plain(values: Any, place: int) -> Any:
    """Return one value as a number of Python's."""
    return np.broadcast_to(values, max(np.size(values), place + 1))[place].item()


def agreed_trace_constants(pathways: Iterable[NestPathway], n_cells: int) -> Floats:
    """Return the time constant [ms] of each cell's trace, nan where no synapse looks at it.

    Raises
    ------
    EngineError
        If two pathways want different ones of a cell.
    """
    constants, owner = np.full(n_cells, np.nan), np.zeros(n_cells, np.int64)
    every = list(pathways)
    for number, pathway in enumerate(every):
        gids, times = pathway.trace_constants()
        is_other = ~np.isnan(constants[gids]) & (constants[gids] != times)
        if is_other.any():
            gid, time = int(gids[is_other][0]), float(times[is_other][0])
            raise EngineError(
                f"'{every[owner[gid]].label}' wants {constants[gid]:g} ms as time constant of the "
                f"traces of its targets (tau_minus, or tau of Vogels2011Rule), '{pathway.label}' "
                f"wants {time:g} ms; a cell in NEST has one: give both the same, or use engine "
                "'native'"
            )
        constants[gids], owner[gids] = times, number
    return constants
