"""Synapses with variables: those of one projection onto one model group on this rank.

Each such projection has rows and columns of its own, so that nothing else touches them; they are
what `Projection.get` and `set` read and write.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.declared import declares
from distsim.engines.native.arrivals import Arrivals, find_rows
from distsim.engines.native.groups import CellGroup
from distsim.engines.native.plastic_rows import build_rows, no_rows, read_values, row_keys
from distsim.errors import ParameterError
from distsim.kernels.by_address import Addressed, address_of
from distsim.kernels.delivery import DONE
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
    PlasticSet,
    decay_tables,
    peek_at,
    sweep_at,
)
from distsim.kernels.spike_keys import gid_of_key, step_of_key
from distsim.models.functions import argument_names
from distsim.models.synapse_code import SynapseCode, code_of
from distsim.network.pathways import Pathway
from distsim.partitioning.streams import Purpose, Stream

__all__ = ["PlasticPathway"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

# spikes of each target that wait for synapses to look at them
RING_SIZE = 32
# where a synapse takes a time constant from its target, by receptor type
TIME_CONSTANTS = {"excitatory": "tau_syn_E", "inhibitory": "tau_syn_I"}


@declares(
    stored="net _segment _seed _columns",
    remade="arrivals layout is_set_alone is_shared column_names code _coefficients "
    "_addressed _connections _given _initial _values _parameters",
    described="pathway model _group _dt",
)
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
    layout : PlasticRows
    arrivals : Arrivals
        Of its rows.
    net : PlasticArrays
    is_set_alone : bool
        Whether something was set on this rank that others do not know of.
    """

    def __init__(self, pathway: Pathway, group: CellGroup, dt: float, seed: int) -> None:
        self.pathway = pathway
        self.model = pathway.synapse
        self.layout = no_rows()
        self.arrivals = Arrivals(self.layout.rows)
        self.is_set_alone = False
        self.is_shared = True
        self._group = group
        self._dt = dt
        self._seed = seed
        self._segment = 0
        self._connections: Any = None
        self._coefficients: Any = None
        self._addressed = Addressed()

    # --- building ------------------------------------------------------------------------------

    def build(self, progress: Callable[[float], None]) -> None:
        """Make the synapses, if that was not done.

        Parameters
        ----------
        progress : callable
            Called with the number of synapses placed.

        Raises
        ------
        ParameterError
            If a parameter has a value that it cannot have.
        """
        if self._connections is None:
            connections = self.pathway.connections
            names = ["weight", *connections.parameters]
            self.layout, values = build_rows(
                self.pathway, self._group.model, self._dt, names, progress
            )
            self._make_arrays(values)
            self._begin()
            self._connections = connections
        else:
            progress(self.n_synapses)

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return self.layout.order.size

    def _described(self, names: Sequence[str]) -> dict[str, Any]:
        """Return weights or parameters as they are described, in the order of the connections."""
        if not names:
            return {}
        return read_values(self.pathway, self._group.model, names, self.n_synapses)

    def _make_arrays(self, values: dict[str, Any]) -> None:
        """Make what runs take, of weights and parameters in the order of the connections."""
        model, layout, rows = self.model, self.layout, self.layout.rows
        self.arrivals.rows = rows
        given = {n: layout.of_synapses(values.pop(n)) for n in list(values) if n != "weight"}
        variables = {state.name for state in model.initial_variables}
        self._initial = {name: given.pop(name) for name in variables & set(given)}
        self._given = given
        self._derive()
        self.column_names = model.column_names(self.is_shared)
        self._columns = np.zeros((len(self.column_names), self.n_synapses))
        layout.fill(self._columns[0], values.pop("weight"))
        self._check_values()
        lag_of_delay, lags = self._lags()
        n_lags, n_runs = lags.size, rows.run_delay.size
        n_source, n_target = len(model.source_traces), len(model.target_traces)
        traces = (*model.source_traces, *model.target_traces)
        decays, rates = decay_tables([self._time_constant(t) for t in traces], self._dt)
        n_cells = layout.n_targets if model.is_learning else 0
        first = layout.first_lid
        longest = int(np.diff(rows.run_start.astype(np.int64)).max(initial=0))
        self.net = PlasticArrays(
            columns=self._columns,
            run_states=np.zeros((len(model.source_states) if self.is_shared else 0, n_runs)),
            run_traces=np.zeros((2 * n_source, n_runs)),
            run_last=np.full(n_runs, NEVER, np.int64),
            row_keys=np.zeros((0, 2), np.uint32),
            target_gids=self._group.cells.gids[first : first + layout.n_targets],
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
        delays = self.layout.rows.run_delay.astype(np.int64)
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
        # variables that once differ from synapse to synapse go on to
        self.is_shared = self.is_shared and self._is_shared()
        self.code: SynapseCode = code_of(self.model, self.is_shared)

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
        values = {**self._initial, **self._values}
        return all(np.ndim(values.get(name, 0.0)) == 0 for name in taken)

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
        mine = constants[self.layout.first_lid :][self.layout.rows.target]
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
            self._write(state.name, self._initial.get(state.name, state.initial))
        net.run_traces[:] = net.latest_traces[:] = net.ring_traces[:] = 0.0
        net.run_last[:] = NEVER
        net.latest[:] = NO_SPIKE
        net.present_at[:] = NEVER
        net.count[:] = net.done[:] = net.clock[:] = 0
        net.clock[FIRST_LID], net.clock[SWEPT], net.clock[SET] = self.layout.first_lid, NEVER, NEVER
        self._take_parameters()

    def _write(self, name: str, values: Any) -> None:
        """Write a variable of all synapses, in the order of the columns."""
        if name in self.column_names:
            self._columns[self.column_names.index(name)] = values
        else:
            place = [state.name for state in self.model.source_states].index(name)
            self.net.run_states[place] = values

    def _take_parameters(self) -> None:
        """Take parameters, and this segment's random numbers, for what runs."""
        if self.model.draws:
            keys = row_keys(self._stream, self.layout.rows.row_source)
            self.net = self.net._replace(row_keys=keys)
        self._parameters = self.code.parameters(self._dt, self._stream.purpose, self._values)

    def reset(self, segment: int) -> None:
        """Go back to the beginning, weights to what they were set to last, in a new segment."""
        self._segment = segment
        if self._connections is None:
            return
        self.layout.fill(self._columns[0], self._described(["weight"])["weight"])
        self._begin()

    def _follow_targets(self) -> None:
        """Take what functions take from the targets anew, where it has changed."""
        if self._coefficients is self._group.coefficients:
            return
        self._coefficients = self._group.coefficients
        of_targets = self._of_targets(self._given)
        if any(not np.array_equal(self._values[n], of_targets[n]) for n in of_targets):
            self._derive_anew()

    # --- snapshots -----------------------------------------------------------------------------

    @property
    def segment(self) -> int:
        """The segment whose random numbers are drawn."""
        return self._segment

    def begin_segment(self, segment: int, seed: int) -> None:
        """Draw the random numbers of a segment, and of a seed, from now on."""
        self._segment, self._seed = segment, seed
        self._take_parameters()

    def tell_apart(self) -> None:
        """Let variables of a source be those of each synapse, as where they once differed."""
        if self.is_shared:
            self.is_shared = False
            self._put_in_order()

    def learn_all(self, step: int) -> None:
        """Have all synapses learn of what their targets did; all was delivered up to a step."""
        if self.model.is_learning:
            function, place = self.entry()
            inputs = np.zeros((len(self._group.model.states), self._group.n_local))
            sweep_at(function, place, step, self.net, inputs, np.zeros(1, np.int64))

    def targets_of_synapses(self) -> Integers:
        """Return the gids of the targets of all synapses."""
        targets = self.net.target_gids[self.layout.rows.target.astype(np.int64)]
        return targets.astype(np.int64)

    def variables(self, names: Sequence[str]) -> list[Floats]:
        """Return variables of all synapses, those that a run shares, too."""
        sizes = np.diff(self.layout.rows.run_start.astype(np.int64))
        shared = [state.name for state in self.model.source_states]
        return [
            self._columns[self.column_names.index(name)]
            if name in self.column_names
            else np.repeat(self.net.run_states[shared.index(name)], sizes)
            for name in names
        ]

    def take_variables(self, values: Mapping[str, Floats], set_at: int, swept_at: int) -> None:
        """Take the variables of all synapses, and when all were last set and have last learned."""
        for k, name in enumerate(self.column_names):
            self._columns[k] = values[name]
        firsts = self.layout.rows.run_start[:-1].astype(np.int64)
        for run_state, state in zip(self.net.run_states, self.model.source_states, strict=False):
            run_state[:] = values[state.name][firsts]
        clock = self.net.clock
        clock[:] = 0
        clock[FIRST_LID], clock[SWEPT], clock[SET] = self.layout.first_lid, swept_at, set_at

    # --- running -------------------------------------------------------------------------------

    def entry(self) -> tuple[int, int]:
        """Return what compiled code calls the synapses by; see `Addressed`."""
        self._follow_targets()
        arrivals = self.arrivals
        parts = arrivals.rows, arrivals.queues, arrivals.drawn(), self.net, self._parameters
        return self._addressed.entry(PlasticSet, parts, self.code.work, WORK)

    def make_room(self) -> None:
        """Make room for spikes of the targets, where there is none for another step."""
        net = self.net
        if not net.clock[NEEDS_ROOM]:
            return
        self._widen_ring()
        net.clock[NEEDS_ROOM] = 0

    def make_room_for(self, n: int) -> None:
        """Make room for this many spikes of each target, and some more."""
        while self.net.ring.shape[1] < 2 * n:
            self._widen_ring()

    def _widen_ring(self) -> None:
        """Make a ring twice as long."""
        net = self.net
        size = net.ring.shape[1]
        ring = np.zeros((net.ring.shape[0], 2 * size), np.int32)
        traces = np.zeros((*net.ring_traces.shape[:2], 2 * size))
        for back in range(1, size + 1):
            places = np.maximum(net.count - back, 0)
            cells = np.arange(places.size)
            ring[cells, places % (2 * size)] = net.ring[cells, places % size]
            traces[:, cells, places % (2 * size)] = net.ring_traces[:, cells, places % size]
        self.net = net._replace(ring=ring, ring_traces=traces)

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
        model, rows = self.model, self.layout.rows
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
        return {name: self.layout.of_connections(found[name]) for name in names}

    def _present(self, step: int, arrived: Integers) -> tuple[Floats, Floats]:
        """Return copies of columns and of sources' variables, brought up to a step."""
        self.entry()
        net, rows = self.net, self.layout.rows
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
        peek_at(
            address_of(self.code.peek, PEEK, self._addressed.kind),
            *(self._addressed.place, step),
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
        values = {name: self.layout.of_connections(each) for name, each in present.items()}
        values |= self._described([name for name in names if name in values])
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
        if self._connections is None:
            return
        self._connections = self.pathway.connections
        if not names:
            return
        self.settle(step, arrived)
        if "delay" in names:
            self._put_in_order()
        known = {*self.model.variable_names, *self._given}
        described = self._described([name for name in names if name in known])
        for name, values in described.items():
            self._set_values(name, self.layout.of_synapses(values))

    def change_one(self, index: int, name: str, value: float, step: int, arrived: Integers) -> None:
        """Set a value of one connection, by its place in the order of the connections."""
        if self._connections is None:
            return
        place = int(np.flatnonzero(self.layout.order == index)[0])
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
        if name in self.model.variable_names:
            if name != "weight":
                self._initial[name] = values
                self._derive_anew()
            self._write(name, values)
            return
        self._given[name] = values
        traces = (*self.model.source_traces, *self.model.target_traces)
        self._derive_anew(name in [trace.time_constant for trace in traces])

    def _derive_anew(self, are_traces_changed: bool = False) -> None:
        """Take parameters that have changed."""
        was_shared = self.is_shared
        self._derive()
        if are_traces_changed or self.is_shared != was_shared:
            self._put_in_order()
        else:
            self._take_parameters()

    def _put_in_order(self) -> None:
        """Make the synapses anew, with delays as they are given now; all else stays."""
        old, memory = self.net, self._memory()
        given = {**self._given, **self._initial}
        given = {name: self.layout.of_connections(value) for name, value in given.items()}
        self.layout, _ = build_rows(self.pathway, self._group.model, self._dt)
        self._make_arrays({**given, "weight": memory["weight"]})
        net, layout, rows = self.net, self.layout, self.layout.rows
        for name, values in memory.items():
            if name in self.column_names:
                layout.fill(self._columns[self.column_names.index(name)], values)
        # the synapses of a run have a source and a delay in common
        firsts = layout.order[rows.run_start[:-1].astype(np.int64)]
        if self.is_shared:
            for i, state in enumerate(self.model.source_states):
                net.run_states[i] = memory[state.name][firsts]
        stamps = memory["stamp"][firsts]
        net.run_last[:] = np.where(stamps > NEVER, stamps + rows.run_delay, NEVER)
        for i in range(net.run_traces.shape[0]):
            net.run_traces[i] = memory[f"trace {i}"][firsts]
        kept = ("latest", "latest_traces", "ring", "ring_traces", "count", "done", "clock")
        self.net = net._replace(**{name: getattr(old, name) for name in kept})
        self._take_parameters()

    def _memory(self) -> dict[str, NDArray[Any]]:
        """Return all that changes, of each synapse, in the order of the connections."""
        net, rows = self.net, self.layout.rows
        of_run = {
            "stamp": np.where(net.run_last > NEVER, net.run_last - rows.run_delay, NEVER),
            **{f"trace {i}": trace for i, trace in enumerate(net.run_traces)},
        }
        # there are none where each synapse has a column
        states = zip(self.model.source_states, net.run_states, strict=False)
        of_run |= {state.name: values for state, values in states}
        sizes = np.diff(rows.run_start.astype(np.int64))
        memory = {name: np.repeat(values, sizes) for name, values in of_run.items()}
        memory |= dict(zip(self.column_names, self._columns, strict=True))
        return {name: self.layout.of_connections(values) for name, values in memory.items()}
