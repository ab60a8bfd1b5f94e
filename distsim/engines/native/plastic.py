"""Synapses with variables: those of one projection onto one model group on this rank.

Each such projection has rows and columns of its own, so that nothing else touches them; they are
what `Projection.get` and `set` read and write.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from distsim.engines.native.arrivals import Arrivals, find_rows
from distsim.engines.native.connectome import delay_steps, empty_connectome
from distsim.engines.native.groups import CellGroup
from distsim.errors import ParameterError
from distsim.kernels.arrays import Connectome
from distsim.kernels.by_address import address_of
from distsim.kernels.delivery import DONE, guide_rows
from distsim.kernels.plastic import (
    FIRST_LID,
    N_CLOCK,
    N_LATEST,
    NEEDS_ROOM,
    NEVER,
    NO_SPIKE,
    PEEK,
    SET,
    SWEPT,
    WORK,
    PlasticArrays,
    decay_tables,
    peek_at,
    plastic_set,
)
from distsim.kernels.spike_keys import gid_of_key, step_of_key
from distsim.models.functions import argument_names
from distsim.models.synapse_code import SynapseCode, code_of
from distsim.network.pathways import Pathway
from distsim.partitioning.streams import Purpose, Stream, word_block

__all__ = ["PlasticPathway"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

# spikes of each target that wait for synapses to look at them
RING_SIZE = 32
# where a synapse takes a time constant from its target, by receptor type
TIME_CONSTANTS = {"excitatory": "tau_syn_E", "inhibitory": "tau_syn_I"}


class PlasticPathway:
    """The synapses of a pathway onto the cells of one group.

    Parameters
    ----------
    pathway : Pathway
    group : CellGroup
    dt : float
        [ms]
    seed : int

    Attributes
    ----------
    arrivals : Arrivals
        Rows whose runs count synapses.
    n_synapses : int
    net : PlasticArrays
    is_set_alone : bool
        Whether something was set on this rank that others do not know of.
    """

    def __init__(self, pathway: Pathway, group: CellGroup, dt: float, seed: int) -> None:
        self.pathway = pathway
        self.model = pathway.synapse
        self.arrivals = Arrivals(empty_connectome())
        self.n_synapses = 0
        self.is_set_alone = False
        self._group = group
        self._dt = dt
        self._seed = seed
        self._segment = 0
        self._connections: Any = None
        self._parts: tuple[Any, ...] = ()
        self._entry = (0, 0)

    # --- building ------------------------------------------------------------------------------

    def build(self) -> None:
        """Make the synapses, if that was not done.

        Raises
        ------
        ParameterError
            If a parameter has a value that it cannot have.
        """
        if self._connections is None:
            self._connections = self.pathway.connections
            columns = self._make_rows()
            self._make_arrays(columns)
            self._begin()

    def _make_rows(self) -> dict[str, Any]:
        """Make rows and runs; return weights and parameters in the order of the columns."""
        gids, steps, targets, columns = self._edges()
        lids = self.pathway.lids(self._group.model)
        inside = lids[lids >= 0]
        self._first_lid = int(inside.min()) if inside.size else 0
        self._n_targets = int(inside.max()) + 1 - self._first_lid if inside.size else 0
        row_source, row = np.unique(gids, return_inverse=True)
        keys = row.astype(np.int64) << 16 | steps
        # within a run in the order in which connections are made
        order = np.argsort(keys, kind="stable")
        run_keys, run_first = np.unique(keys[order], return_index=True)
        self.n_synapses = order.size
        receptor = self._group.model.receptor_rows[self.pathway.receptors[self._group.model]]
        guide, guide_origin = guide_rows(row_source)
        kind: Any = np.uint16 if self._n_targets < 2**16 else np.uint32
        self.arrivals.rows = Connectome(
            row_source=row_source,
            row_receptor=np.full(row_source.size, receptor, np.uint8),
            row_weight=np.full(row_source.size, np.nan, np.float32),
            row_start=np.searchsorted(run_keys >> 16, np.arange(row_source.size + 1)),
            guide=guide,
            guide_origin=guide_origin,
            run_delay=(run_keys & 0xFFFF).astype(np.uint16),
            run_start=np.append(run_first, order.size).astype(np.uint32),
            target=targets[order].astype(kind),
            weight=np.zeros(0, np.float32),
        )
        self._order = order.astype(np.uint32)
        return {name: of_layout(column, order) for name, column in columns.items()}

    def _edges(self) -> tuple[Integers, Integers, Integers, dict[str, Any]]:
        """Return sources, delays, targets in the span, weights and parameters, as they are made."""
        lids = self.pathway.lids(self._group.model)
        first = int(lids[lids >= 0].min(initial=2**62))
        parts: list[tuple[Any, ...]] = []
        columns: dict[str, list[Any]] = {"weight": []}
        columns |= {name: [] for name in self.pathway.connections.parameters}
        for chunk in self.pathway.chunks():
            targets = lids[chunk.target_positions]
            is_here = targets >= 0
            steps = delay_steps(chunk, self._dt, self.pathway.label).astype(np.int64)
            gids = self.pathway.sources.gids(chunk.sources)
            parts.append((gids[is_here], steps[is_here], targets[is_here] - first))
            for name, values in {"weight": chunk.weights, **chunk.parameters}.items():
                given: Any = values
                columns[name].append(given if np.ndim(given) == 0 else given[is_here])
        sizes = [part[0].size for part in parts]
        none = (np.zeros(0, np.int64),) * 3
        gids, steps, targets = (np.concatenate(each) for each in zip(none, *parts, strict=True))
        return gids, steps, targets, {n: joined(c, sizes) for n, c in columns.items()}

    def _make_arrays(self, columns: Mapping[str, Any]) -> None:
        """Make what runs take, from weights and parameters."""
        model, rows = self.model, self.arrivals.rows
        self._given = {name: columns[name] for name in self._connections.parameters}
        self._derive()
        self.column_names = ["weight", *(s.name for s in model.states)]
        if not self.is_shared:
            self.column_names += [s.name for s in model.source_states]
        self._columns = np.zeros((len(self.column_names), self.n_synapses))
        self._columns[0] = columns["weight"]
        self._check_values()
        lag_of_delay, lags = self._lags()
        n_lags, n_runs = lags.size, rows.run_delay.size
        n_source, n_target = len(model.source_traces), len(model.target_traces)
        traces = (*model.source_traces, *model.target_traces)
        decays, rates = decay_tables([self._time_constant(t) for t in traces], self._dt)
        n_cells = self._n_targets if model.is_learning else 0
        first = self._first_lid
        longest = int(np.diff(rows.run_start.astype(np.int64)).max(initial=0))
        self.net = PlasticArrays(
            columns=self._columns,
            run_states=np.zeros((len(model.source_states) if self.is_shared else 0, n_runs)),
            run_traces=np.zeros((2 * n_source, n_runs)),
            run_last=np.full(n_runs, NEVER, np.int64),
            row_keys=np.zeros((0, 2), np.uint32),
            target_gids=self._group.cells.gids[first : first + self._n_targets],
            lag_of_delay=lag_of_delay,
            lags=lags,
            latest=np.zeros((n_cells, N_LATEST), np.int32),
            held=np.zeros((len(self.column_names), longest + 1)),
            latest_traces=np.zeros((n_cells, N_LATEST * n_target)),
            lists=np.zeros((N_LATEST, longest + 1), np.uint32),
            present=np.zeros((n_lags, n_target, n_cells)),
            present_at=np.full(n_lags, NEVER, np.int64),
            n_due=np.zeros(n_lags, np.int64),
            ring=np.zeros((n_cells, RING_SIZE), np.int32),
            ring_traces=np.zeros((n_target, n_cells, RING_SIZE)),
            count=np.zeros(n_cells, np.int32),
            done=np.zeros(n_cells, np.int32),
            decays=decays,
            rates=rates,
            is_nearest=np.array([trace.is_nearest for trace in traces], np.bool_),
            clock=np.zeros(N_CLOCK, np.int64),
        )

    def _lags(self) -> tuple[Integers, Integers]:
        """Return the number of the lag of each delay, and the lags [steps]."""
        delays = self.arrivals.rows.run_delay.astype(np.int64)
        present = np.unique(delays)
        # to the nearest step, halves into the dendrite
        dendritic = np.floor(self.pathway.dendritic_fraction * present + 0.5)
        lags, which = np.unique(2 * dendritic.astype(np.int64), return_inverse=True)
        lag_of_delay = np.zeros(int(present.max(initial=0)) + 1, np.int64)
        lag_of_delay[present] = which
        return lag_of_delay, lags if lags.size else np.zeros(1, np.int64)

    def _derive(self) -> None:
        """Find what functions take, from parameters."""
        values = {**self._given, **self._of_targets(self._given)}
        self._values: dict[str, Any] = {**values, **self.model.derive(values, self._dt)}
        self.is_shared = self._is_shared()
        self.code: SynapseCode = code_of(self.model, self.is_shared)
        self._parameters = self.code.parameters(self._dt, self._stream.purpose, self._values)

    def _check_values(self) -> None:
        every = {"weight": self._columns[0], **self._given} if self.n_synapses else self._given
        self.model.check(every, self.pathway.label)

    @property
    def _stream(self) -> Stream:
        return Stream.of(self._seed, Purpose.SYNAPSE, self.pathway.number, 0, self._segment)

    def _is_shared(self) -> bool:
        """Whether the variables of a source are the same for all synapses of a run."""
        release = self.model.functions.get("release")
        taken = argument_names(release.function) if release else ()
        return all(np.ndim(self._values.get(name, 0.0)) == 0 for name in taken)

    def _of_targets(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what functions take from the target: the time constant of its receptor."""
        taken = {n for f in self.model.functions.values() for n in argument_names(f.function)}
        if "tau_psc" not in taken or "tau_psc" in given:
            return {}
        model = self._group.model
        receptor = model.receptors[self.pathway.receptors[model]].name
        name = TIME_CONSTANTS.get(receptor, f"{receptor}.tau_syn")
        of_lids = [
            block.parameters.get(name, np.zeros(block.n_local)) for block in self._group.blocks
        ]
        constants = np.concatenate(of_lids)
        targets = self._first_lid + self.arrivals.rows.target.astype(np.int64)
        mine = constants[targets]
        if mine.size and (mine == mine[0]).all():
            return {"tau_psc": float(mine[0])}
        return {"tau_psc": mine if mine.size else 0.0}

    def _time_constant(self, trace: Any) -> float:
        value = self._values[trace.time_constant]
        if np.ndim(value) == 0:
            return float(value)
        if value.size and (value != value[0]).any():
            raise ParameterError(
                f"{trace.time_constant} of the {self.model.name} of '{self.pathway.label}' differs "
                "from synapse to synapse; it is a time constant of traces, which all synapses of a "
                "projection share: make several projections"
            )
        return float(value[0]) if value.size else 1.0

    def _begin(self) -> None:
        """Set all but the columns' weights to what they are at the beginning."""
        model, net = self.model, self.net
        for state in (*model.states, *model.source_states):
            if state.name in self.column_names:
                self._columns[self.column_names.index(state.name)] = state.initial
        for i, state in enumerate(model.source_states):
            if self.is_shared:
                net.run_states[i] = state.initial
        net.run_traces[:] = net.latest_traces[:] = net.ring_traces[:] = 0.0
        net.run_last[:] = NEVER
        net.latest[:] = NO_SPIKE
        net.present_at[:] = NEVER
        net.count[:] = net.done[:] = net.clock[:] = 0
        net.clock[FIRST_LID], net.clock[SWEPT], net.clock[SET] = self._first_lid, NEVER, NEVER
        self._renew_keys()

    def _renew_keys(self) -> None:
        """Take the keys of this segment's random numbers."""
        if self.model.draws:
            keys = row_keys(self._stream, self.arrivals.rows.row_source)
            self.net = self.net._replace(row_keys=keys)
        self._parameters = self.code.parameters(self._dt, self._stream.purpose, self._values)

    def reset(self, segment: int) -> None:
        """Go back to the beginning, weights to what they were set to last, in a new segment."""
        self._segment = segment
        if self._connections is None:
            return
        *_, columns = self._edges()
        self._columns[0] = of_layout(columns["weight"], self._order)
        self._begin()

    # --- running -------------------------------------------------------------------------------

    def entry(self) -> tuple[int, int]:
        """Return what compiled code calls the synapses by; see `address_of`.

        Valid until some part is another object, and as long as this one is.
        """
        arrivals = self.arrivals
        parts = arrivals.rows, arrivals.queues, arrivals.poisson, self.net, self._parameters
        if len(parts) != len(self._parts) or any(
            a is not b for a, b in zip(parts, self._parts, strict=True)
        ):
            self._set, self._parts = plastic_set(*parts), parts
            self._entry = address_of(self.code.work, WORK, self._set)
        return self._entry

    def make_room(self) -> None:
        """Make room for spikes of the targets, where there is none for another step."""
        net = self.net
        if not net.clock[NEEDS_ROOM]:
            return
        size = net.ring.shape[1]
        ring = np.zeros((net.ring.shape[0], 2 * size), np.int32)
        traces = np.zeros((*net.ring_traces.shape[:2], 2 * size))
        for back in range(1, size + 1):
            places = np.maximum(net.count - back, 0)
            cells = np.arange(places.size)
            ring[cells, places % (2 * size)] = net.ring[cells, places % size]
            traces[:, cells, places % (2 * size)] = net.ring_traces[:, cells, places % size]
        self.net = net._replace(ring=ring, ring_traces=traces)
        net.clock[NEEDS_ROOM] = 0

    # --- reading and writing -------------------------------------------------------------------

    def read(self, names: list[str], step: int, arrived: Integers) -> dict[str, Floats]:
        """Return variables or parameters as they are at a step, in the order of the connections.

        Variables are given with all that has reached the synapse by then.

        Parameters
        ----------
        names : list of str
        step : int
        arrived : ndarray of int64
            Keys of exchanged spikes that are not queued yet, sorted.

        Returns
        -------
        dict of str to ndarray of float64, shape (n_synapses,)
        """
        model, rows = self.model, self.arrivals.rows
        variables = [name for name in names if name in model.variable_names]
        found: dict[str, Floats] = {}
        if variables:
            columns, run_states = self._present(step, arrived)
            for name in variables:
                if name in self.column_names:
                    values = columns[self.column_names.index(name)]
                else:
                    place = [s.name for s in model.source_states].index(name)
                    sizes = np.diff(rows.run_start.astype(np.int64))
                    values = np.repeat(run_states[place], sizes)
                found[name] = values
        for name in set(names) - set(variables):
            found[name] = np.full(self.n_synapses, self._values[name])
        return {name: self._in_order(found[name], self._order) for name in names}

    def _in_order(self, values: Any, order: NDArray[np.integer]) -> Any:
        """Return values of columns in the order of the connections; one number stays one."""
        if np.ndim(values) == 0:
            return values
        ordered = np.empty(self.n_synapses)
        ordered[order] = values
        return ordered

    def _present(self, step: int, arrived: Integers) -> tuple[Floats, Floats]:
        """Return copies of columns and of sources' variables, brought up to a step."""
        net, rows = self.net, self.arrivals.rows
        columns, run_states = net.columns.copy(), net.run_states.copy()
        first_row, end_row = find_rows(gid_of_key(arrived), rows)
        is_here = end_row > first_row
        parts = [(step_of_key(arrived[is_here]), first_row[is_here])]
        for queue in self.arrivals.queues:
            used = np.arange(*queue.bounds)
            used = used[queue.arrival[used] != DONE]
            used = np.repeat(used, queue.multiplicity[used].astype(np.int64))
            row = np.searchsorted(rows.row_start, queue.run[used], side="right") - 1
            parts.append((queue.stamp[used], row))
        stamps, waiting = (
            np.concatenate(each).astype(np.int64) for each in zip(*parts, strict=True)
        )
        order = np.lexsort((waiting, stamps))
        stamps, waiting = stamps[order], waiting[order]
        is_first = np.append(True, (np.diff(stamps) != 0) | (np.diff(waiting) != 0))[: order.size]
        places = np.arange(order.size)
        numbers = places - np.maximum.accumulate(np.where(is_first, places, 0))
        n_rows = len(self._group.model.states)
        self.entry()
        peek_at(
            *(*address_of(self.code.peek, PEEK, self._set), step),
            *(columns, run_states, net.run_traces.copy(), net.run_last.copy()),
            np.zeros((n_rows, self._group.n_local)),
            *(waiting, stamps, numbers),
        )
        return columns, run_states

    def settle(self, step: int, arrived: Integers) -> None:
        """Bring what spikes change up to a step, at which something is to be set."""
        if self.model.is_learning and self.net.clock[SET] < step:
            columns, _ = self._present(step, arrived)
            n_own = 1 + len(self.model.states)
            self._columns[:n_own] = columns[:n_own]
            self.net.clock[SET] = step

    def check(self, names: Sequence[str]) -> None:
        """Raise if what the pathway's connections now give of some values cannot be."""
        if self._connections is None or not self.n_synapses:
            return
        present = {"weight": self._columns[0], **self._given}
        values = {name: self._in_order(each, self._order) for name, each in present.items()}
        *_, columns = self._edges()
        values |= {name: columns[name] for name in names if name in columns}
        self.model.check(values, self.pathway.label)

    def change(self, names: Sequence[str], step: int, arrived: Integers) -> None:
        """Take what the pathway's connections now give of some variables and parameters.

        Parameters
        ----------
        names : sequence of str
            Where 'delay' is one of them, the synapses are put in order anew.
        step, arrived
            As for `read`.
        """
        is_built = self._connections is not None
        self._connections = self.pathway.connections
        if not is_built or not names:
            return
        self.settle(step, arrived)
        if "delay" in names:
            self._put_in_order()
        *_, columns = self._edges()
        for name in names:
            if name in columns:
                self._set_values(name, of_layout(columns[name], self._order))

    def change_one(self, index: int, name: str, value: float, step: int, arrived: Integers) -> None:
        """Set a value of one connection, by its place in the order of the connections."""
        if self._connections is None:
            return
        place = int(np.flatnonzero(self._order == index)[0])
        if name == "weight":
            given = {n: np.broadcast_to(v, self.n_synapses)[place] for n, v in self._given.items()}
            self.model.check({**given, "weight": value}, self.pathway.label)
        self.settle(step, arrived)
        self.is_set_alone = True
        self._connections = self.pathway.connections
        if name == "delay":
            self._put_in_order()
            return
        if name == "weight":
            self._columns[0, place] = value
        else:
            column = np.array(np.broadcast_to(self._values[name], self.n_synapses))
            column[place] = value
            self._set_values(name, column)

    def _set_values(self, name: str, values: Any) -> None:
        """Take values of a variable or parameter, in the order of the columns."""
        if name == "weight":
            self._columns[0] = values
            return
        self._given[name] = values
        was_shared = self.is_shared
        self._derive()
        if self.is_shared != was_shared or any(
            name == t.time_constant for t in (*self.model.source_traces, *self.model.target_traces)
        ):
            self._put_in_order()

    def _put_in_order(self) -> None:
        """Make the synapses anew, with delays as they are given now; all else stays."""
        old, order = self.net, self._order
        memory = self._memory()
        given = {name: self._in_order(value, order) for name, value in self._given.items()}
        columns = self._make_rows()
        again = {name: of_layout(value, self._order) for name, value in given.items()}
        self._make_arrays({**columns, **again, "weight": memory["weight"][self._order]})
        net, rows = self.net, self.arrivals.rows
        for name, values in memory.items():
            if name in self.column_names:
                self._columns[self.column_names.index(name)] = values[self._order]
        # the synapses of a run have a source and a delay in common
        firsts = self._order[rows.run_start[:-1].astype(np.int64)]
        if self.is_shared:
            for i, state in enumerate(self.model.source_states):
                net.run_states[i] = memory[state.name][firsts]
        stamps = memory["stamp"][firsts]
        net.run_last[:] = np.where(stamps > NEVER, stamps + rows.run_delay, NEVER)
        for i in range(net.run_traces.shape[0]):
            net.run_traces[i] = memory[f"trace {i}"][firsts]
        kept = ("latest", "latest_traces", "ring", "ring_traces", "count", "done", "clock")
        self.net = net._replace(**{name: getattr(old, name) for name in kept})
        self._renew_keys()

    def _memory(self) -> dict[str, NDArray[Any]]:
        """Return all that changes, of each synapse, in the order of the connections."""
        net, rows = self.net, self.arrivals.rows
        of_run = {
            "stamp": np.where(net.run_last > NEVER, net.run_last - rows.run_delay, NEVER),
            **{f"trace {i}": trace for i, trace in enumerate(net.run_traces)},
        }
        if self.is_shared:
            of_run |= {s.name: net.run_states[i] for i, s in enumerate(self.model.source_states)}
        sizes = np.diff(rows.run_start.astype(np.int64))
        memory = {name: np.repeat(values, sizes) for name, values in of_run.items()}
        memory |= dict(zip(self.column_names, self._columns, strict=True))
        ordered = {}
        for name, values in memory.items():
            ordered[name] = np.empty_like(values)
            ordered[name][self._order] = values
        return ordered


def of_layout(values: Any, order: NDArray[np.integer]) -> Any:
    """Return values in the order of the columns; one number stays one."""
    return float(values) if np.ndim(values) == 0 else np.asarray(values, np.float64)[order]


def joined(parts: list[Any], sizes: list[int]) -> Any:
    """Return values of chunks as one number if they are, else as an array."""
    if all(np.ndim(part) == 0 for part in parts) and len({float(part) for part in parts}) <= 1:
        return float(parts[0]) if parts else np.zeros(0)
    return np.concatenate(
        [np.broadcast_to(part, size) for part, size in zip(parts, sizes, strict=True)]
    )


@njit(cache=True)
def _fill_keys(stream, gids, keys):
    for k in range(gids.size):
        keys[k, 0], keys[k, 1], _, _ = word_block(stream, gids[k], 0)


def row_keys(stream: Stream, gids: Integers) -> NDArray[np.uint32]:
    """Return a key of random numbers for each source, shape (n, 2)."""
    keys = np.empty((gids.size, 2), np.uint32)
    _fill_keys(stream, gids, keys)
    return keys
