"""NEURON as engine: each cell a section of one compartment, one process per rank."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.comm.gathering import gather
from distsim.engines.described import Synapses
from distsim.engines.external import ExternalSimulation, refuse_no_exponential
from distsim.engines.neuron.models import FOREVER, MODELS, Cell, NeuronModel
from distsim.engines.neuron.start import import_neuron
from distsim.engines.neuron.user_models import Clamp, Site, UserCell, UserModel
from distsim.errors import EngineError
from distsim.kernels.spike_keys import gid_of_key, step_of_key
from distsim.models import CellModel
from distsim.models.cell_model import refractory_steps
from distsim.network.blocks import CellBlock
from distsim.network.currents import Course, Injection, Steps
from distsim.network.poisson import PoissonBlock
from distsim.network.records import ProbeSet
from distsim.network.renewal import RenewalBlock
from distsim.network.spike_arrays import ArrayBlock

__all__ = ["NeuronSimulation"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

# longest interval between two exchanges of spikes [ms]
MAX_STEP = 10.0
# added to delays [ms]: NEURON wants the smallest above dt, and delivers at the nearest step
DELAY_MARGIN = 1e-6
# what lies between the last step of a run and the time that NEURON is told [steps]
END_MARGIN = 0.25
# spikes that a synapse of alpha shape can hold
MAX_SPIKES = 999


class Source:
    """A source of spikes, and the way to it.

    Parameters
    ----------
    h : NEURON's interpreter
    mechanism : SpikeRelay or PoissonSource
    """

    __slots__ = ("entrance", "mechanism")

    def __init__(self, h: Any, mechanism: Any) -> None:
        self.mechanism = mechanism
        self.entrance = h.NetCon(None, mechanism)
        # events are put behind it; a short delay would only make NEURON exchange often
        self.entrance.delay = 1e9


class NeuronSimulation(ExternalSimulation):
    """The network in NEURON, with fixed steps, PyNN's synapses and distsim's resets.

    Each rank has its own cells, as on the native engine, and a relay for each source of spikes that
    are known beforehand and has targets there: those spikes are never sent.

    Parameters
    ----------
    coreneuron : bool
        Whether CoreNEURON makes the steps.
    **options
        As for `ExternalSimulation`.

    Notes
    -----
    NEURON looks for a threshold's crossing at the beginning of the next step. So at the end of a
    run the cells above threshold are counted as spiking; it reports them again in the next one.
    A cell that begins above threshold spikes at step 0, on the native engine at step 1.

    A jump of the potential is felt in the step after its arrival, a spike that it causes comes at
    that step's end. So jumps arrive a step earlier, as far as their delay allows it.
    """

    name = "neuron"
    models = MODELS

    def __init__(self, *arguments: Any, coreneuron: bool = False, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.coreneuron = coreneuron
        # CoreNEURON calls nothing of Python's
        self.takes_courses = not coreneuron
        if coreneuron:
            # the network is copied to it and back in each
            self.shortest_piece = 1000.0
        # whether NEURON makes its spikes, of each population, by its first gid, ascending; an empty
        # one gives way to the next
        self._is_sent: dict[int, bool] = {}
        self.h = import_neuron(self.comm, coreneuron)
        self.context = self.h.ParallelContext()
        self._events = self.h.CVode()
        self._n_plans = 0
        self._forget()

    # --- description ---------------------------------------------------------------------------

    def add_cells(self, model: CellModel, first_gid: int, indices: Integers) -> CellBlock:
        """Add this rank's cells of a population of model neurons."""
        if self.coreneuron and isinstance(model, UserModel):
            raise EngineError(
                f"{model.name} is a cell type of your own, which cannot run with CoreNEURON; leave "
                "coreneuron=True out"
            )
        block = super().add_cells(model, first_gid, indices)
        self._is_sent[first_gid] = True
        return block

    def add_array_sources(self, first_gid: int, indices: Integers) -> ArrayBlock:
        """Add this rank's cells of a population of SpikeSourceArray."""
        block = super().add_array_sources(first_gid, indices)
        self._is_sent[first_gid] = False
        return block

    def add_poisson_sources(self, first_gid: int, size: int, indices: Integers) -> PoissonBlock:
        """Add this rank's cells of a population of SpikeSourcePoisson of `size` cells in all."""
        block = super().add_poisson_sources(first_gid, size, indices)
        self._is_sent[first_gid] = not self.share_input
        return block

    def add_renewal_sources(self, block: RenewalBlock, size: int) -> None:
        """Add this rank's cells of a population of `size` renewal sources in all."""
        super().add_renewal_sources(block, size)
        self._is_sent[block.first_gid] = False

    def _are_sent(self, gids: Integers) -> NDArray[np.bool_]:
        """Return which of these gids are known to NEURON, which sends their spikes."""
        first_gids = np.array(list(self._is_sent), np.int64)
        is_sent = np.array(list(self._is_sent.values()), np.bool_)
        return is_sent[np.searchsorted(first_gids, gids, side="right") - 1]

    # --- building ------------------------------------------------------------------------------

    def _forget(self) -> None:
        """Delete everything that NEURON holds of this simulation."""
        self._is_initialized = False
        self._traces: dict[CellBlock, dict[ProbeSet, list[Any]]] = {}
        self._first_traced = 0
        self._connections: list[Any] = []
        self._relays: dict[int, Source] = {}
        self._generators: list[list[Source]] = []
        self._place: Any = None
        # of what NEURON sends, onto cells of this rank [steps]
        self._shortest = 2**30
        self._spike_times: Any = None
        self._spike_gids: Any = None
        # whose spikes at the end of the last run are recorded already
        self._counted = np.zeros(0, np.int64)
        self._clock: Any = None
        # before the cells: NEURON follows the gids to their sources
        self.context.gid_clear()
        self._cells: dict[CellBlock, list[Cell | UserCell]] = {}
        self._cell_of: dict[int, Cell | UserCell] = {}

    def _create(self) -> None:
        self._forget()
        h, context = self.h, self.context
        h.dt = self.dt
        for block in self.cell_blocks:
            self._cells[block] = self._make_cells(block)
            for gid, cell in zip(block.gids.tolist(), self._cells[block], strict=True):
                self._cell_of[gid] = cell
                self._give_gid(gid, cell.exit(h))
        for injection in self.injections.values():
            self._takers(injection.block)
        if not self.share_input:
            self._add_generators()
        self._spike_times, self._spike_gids = h.Vector(), h.Vector()
        if self.coreneuron:
            # it gives the time back only where something is traced
            self._clock = h.Vector().record(h._ref_t)
        context.spike_record(-1, self._spike_times, self._spike_gids)

    def _make_cells(self, block: CellBlock) -> list[Cell | UserCell]:
        model = block.model
        if not isinstance(model, UserModel):
            return [Cell(self.h, MODELS[model]) for _ in range(block.n_local)]
        model.check(block.parameters)
        return [
            UserCell(self.h, model, values) for values in _rows(block.parameters, block.n_local)
        ]

    def _add_generators(self) -> None:
        """Make this rank's Poisson sources, each with a random stream of its own."""
        h, seed = self.h, (self.seed & 0xFFFFFFFF, self.seed >> 32)
        h.Random().Random123_globalindex(self.segment)
        if any(block.n_local for block in self.poisson_blocks):
            self._place = h.Section()
        for block in self.poisson_blocks:
            sources = [Source(h, h.PoissonSource(self._place(0.5))) for _ in range(block.n_local)]
            for gid, source in zip(block.gids.tolist(), sources, strict=True):
                source.mechanism.numbers.set_ids(gid, *seed)
                source.mechanism.numbers.set_seq(0)
                self._give_gid(gid, h.NetCon(source.mechanism, None))
            self._generators.append(sources)

    def _give_gid(self, gid: int, connection: Any) -> None:
        """Let NEURON send the spikes that begin a connection, of this rank."""
        self.context.set_gid2node(gid, self.rank)
        self.context.cell(gid, connection)

    def _connect(self, receptor: int, model: CellModel, synapses: Synapses) -> None:
        h, gid_connect, cells = self.h, self.context.gid_connect, self._cell_of
        columns = (
            synapses.sources.tolist(),
            synapses.targets.tolist(),
            synapses.weights.tolist(),
            self._delays_of(model, synapses),
            self._are_sent(synapses.sources).tolist(),
        )
        for source, target, weight, delay, is_sent in zip(*columns, strict=True):
            synapse = cells[target].synapses[receptor]
            if is_sent:
                connection = gid_connect(source, synapse)
            else:
                connection = h.NetCon(self._relay(source).mechanism, synapse)
            connection.weight[0], connection.delay = weight, delay
            self._connections.append(connection)

    def _change_synapses(self, parts: list[tuple[int, CellModel, Synapses]]) -> None:
        connections = iter(self._connections)
        for _, model, synapses in parts:
            delays = self._delays_of(model, synapses)
            for weight, delay in zip(synapses.weights.tolist(), delays, strict=True):
                connection = next(connections)
                connection.weight[0], connection.delay = weight, delay

    def _delays_of(self, model: CellModel, synapses: Synapses) -> list[float]:
        """Return the delays that NEURON is told [ms]."""
        delays, are_sent = synapses.delays, self._are_sent(synapses.sources)
        if not _of(model).synapse:
            # a spike that is sent takes a step at least
            delays = np.maximum(delays - 1, are_sent)
        self._shortest = min(self._shortest, int(delays[are_sent].min(initial=self._shortest)))
        times: list[float] = (delays * self.dt + DELAY_MARGIN).tolist()
        return times

    def _relay(self, gid: int) -> Source:
        """Return what repeats a source's spikes to its targets on this rank."""
        if gid not in self._relays:
            self._relays[gid] = Source(self.h, self.h.SpikeRelay())
        return self._relays[gid]

    def _end_wiring(self) -> None:
        (shortest,) = self.smallest_of_all(self._shortest)
        self._shortest = 2**30
        if self.coreneuron and self.comm.Get_size() > 1 and shortest < 2:
            raise EngineError(
                f"a spike has to arrive {shortest * self.dt:g} ms after it was sent; on several "
                f"ranks CoreNEURON needs two steps, {2 * self.dt:g} ms (for IF_curr_delta and "
                "Izhikevich three): raise the delay, make timestep shorter, or leave "
                "coreneuron=True out"
            )
        if self._is_initialized:
            # lets NEURON take up the relays that are new
            self.h.fcurrent()
        self.context.set_maxstep(MAX_STEP)

    def _end_building(self) -> None:
        for block, cells in self._cells.items():
            if not isinstance(block.model, UserModel):
                for cell in cells:
                    cell.begin()
        self.h.finitialize()
        self._is_initialized = True
        for block in self.cell_blocks:
            self._set_state(block)

    # --- what may change -----------------------------------------------------------------------

    def _set_parameters(self, block: CellBlock) -> None:
        parameters = block.parameters
        refuse_no_exponential(block, "NEURON")
        if "tau_refrac" in parameters and not isinstance(block.model, UserModel):
            if (parameters["tau_refrac"] <= 0).any():
                raise EngineError(
                    f"tau_refrac = 0 ms of {block.model.name}: in NEURON a cell above threshold "
                    "again in the step after a spike would be silent; give tau_refrac = dt or more"
                )
            # whole steps, rounded up as on the native engine
            refractory = refractory_steps(parameters, self.dt) * self.dt
            parameters = parameters | {"tau_refrac": refractory}
        for cell, values in zip(self._cells[block], _rows(parameters, block.n_local), strict=True):
            cell.set_parameters(values)

    def _set_state(self, block: CellBlock) -> None:
        if isinstance(block.model, UserModel):
            self._set_own_state(block, block.model)
            return
        model = MODELS[block.model]
        is_kept = [model.is_alpha and model.is_synaptic(name) for name in block.model.state_names]
        if np.nan_to_num(block.state[is_kept]).any():
            raise EngineError(
                f"NEURON can set no synaptic variable of {block.model.name}, whose synapses keep "
                "spikes instead of a state; leave them at 0"
            )
        # NEURON's initialization would overwrite it
        if not self._is_initialized:
            return
        for variable, positions, values in self.changed_state(block):
            if not is_kept[block.model.state_row(variable)]:
                for position, value in zip(positions.tolist(), values.tolist(), strict=True):
                    self._cells[block][position].set_variable(variable, value)

    def _set_own_state(self, block: CellBlock, model: UserModel) -> None:
        """Set the initial values of cells that the user's class has made."""
        cells: list[Any] = self._cells[block]
        is_first = block not in self._given
        if not self._is_initialized:
            values = {name: block.state[model.state_row(name)] for name in model.initialized}
            for cell, row in zip(cells, _rows(values, block.n_local), strict=True):
                cell.take_initial_values(row)
                cell.begin()
            return
        if is_first:
            for cell in cells:
                cell.begin()
            for name in set(model.state_names) - set(model.initialized):
                block.state[model.state_row(name)] = [cell.reference(name)[0] for cell in cells]
        changed = [variable for variable, _, _ in self.changed_state(block)]
        if changed and not is_first:
            raise EngineError(
                f"'{changed[0]}' of {model.name}, a cell type of your own, can be initialized only "
                "before the first run(), or after reset()"
            )

    def inject(self, key: tuple[int, int], injection: Injection) -> None:
        """Let a current flow into cells, in place of an earlier one with the same key."""
        super().inject(key, injection)
        if getattr(injection.block, "block", injection.block) in self._cells:
            self._takers(injection.block)

    def _takers(self, block: CellBlock | Site) -> Sequence[Cell | UserCell | Clamp]:
        """Return what currents into a block flow into; at a place it is made, if there is none."""
        if isinstance(block, Site):
            cells: list[Any] = self._cells[block.block]
            return [cell.site(self.h, block.place) for cell in cells]
        return self._cells[block]

    def _set_current(self, block: CellBlock, total: Floats) -> None:
        for taker, amplitude in zip(self._takers(block), total.tolist(), strict=True):
            taker.inject(amplitude)

    def _play_currents(self, changes: list[tuple[Course, Steps]]) -> None:
        """Have NEURON call what sets the amplitude at each change."""
        # an interrupted run leaves events behind that are not meant any more
        self._n_plans += 1
        for (block, positions, _), (steps, amplitudes) in changes:
            all_takers = self._takers(block)
            takers = [all_takers[position] for position in positions.tolist()]
            for t, amplitude in zip((steps * self.dt).tolist(), amplitudes.tolist(), strict=True):
                self._events.event(t, partial(self._inject, self._n_plans, takers, amplitude))

    def _inject(self, plan: int, takers: list[Cell | UserCell | Clamp], amplitude: float) -> None:
        if plan == self._n_plans:
            for taker in takers:
                taker.inject(amplitude)

    def _set_rates(self) -> None:
        if self.share_input:
            return
        for block, sources in zip(self.poisson_blocks, self._generators, strict=True):
            rate, start, duration = (block.parameters[p] for p in ("rate", "start", "duration"))
            columns = rate / 1000.0, start, np.minimum(start + duration, FOREVER)
            for source, *values in zip(sources, *(x.tolist() for x in columns), strict=True):
                process = source.mechanism
                process.rate, process.start, process.stop = values
                source.entrance.event(self.h.t)

    # --- recording -----------------------------------------------------------------------------

    def _set_probes(self, block: CellBlock) -> None:
        """Let NEURON trace what is recorded from the beginning; it takes up nothing later."""
        cells = self._cells[block]
        if not self._is_initialized:
            self._traces[block] = {
                probes: [
                    cells[position].trace(self.h, probes.variable)
                    for position in probes.positions.tolist()
                ]
                for probes in block.probes
            }
        self._traces[block] = {
            probes: traces
            for probes, traces in self._traces[block].items()
            if probes in block.probes and len(traces) == probes.positions.size
        }

    # --- running -------------------------------------------------------------------------------

    def _play(self, keys: Integers) -> None:
        relays = self._relays
        times, gids = step_of_key(keys) * self.dt, gid_of_key(keys)
        for t, gid in zip(times.tolist(), gids.tolist(), strict=True):
            # those of given times are of all ranks, whether they have targets here or not
            if gid in relays:
                # a run ends a little after its last step; NEURON rounds the arrival to a step
                relays[gid].entrance.event(max(t, self.h.t))

    def _advance(self, end: int) -> None:
        late = [
            (block, probes)
            for block, traces in self._traces.items()
            for probes in block.probes
            if probes not in traces
        ]
        due = [np.arange(probes.next_step, end, probes.interval) for _, probes in late]
        # pause, on all ranks, where something is to be sampled that NEURON does not trace
        pauses = np.unique(np.concatenate([*due, [end]]).astype(np.int64))
        for step in np.unique(gather(self.comm, pauses)).tolist():
            self._solve(step)
            for block, probes in late:
                if step == probes.next_step:
                    self.take_samples(probes, self._look(block, probes)[None])
        for block, traces in self._traces.items():
            self._check_synapses(block)
            for probes in traces:
                self._fetch_samples(block, probes, end)
        self._first_traced = end + 1

    def _solve(self, step: int) -> None:
        """Make the steps up to this one."""
        end = (step + END_MARGIN) * self.dt
        if not self.coreneuron:
            self.context.psolve(end)
            return
        # not by psolve, which gives CoreNEURON six digits of the time; 1000 mV: go on as it is
        mpi = "--mpi" if self.comm.Get_size() > 1 else ""
        self.context.nrncore_run(f"--tstop {end!r} --voltage 1000 --verbose 0 {mpi}")
        self._clock.resize(0)

    def _check_synapses(self, block: CellBlock) -> None:
        """Raise if a synapse has so many spikes in its list that it loses some."""
        if _of(block.model).is_alpha:
            held = [synapse.q for cell in self._cells[block] for synapse in cell.synapses]
            if max(held, default=0) >= MAX_SPIKES:
                raise EngineError(
                    f"a synapse of {block.model.name} in NEURON holds at most {MAX_SPIKES} spikes "
                    "of the last 20 tau_syn, and more arrived; use the model with exponential "
                    "synapses, or another engine"
                )

    def _look(self, block: CellBlock, probes: ProbeSet) -> Floats:
        positions, variable = probes.positions.tolist(), probes.variable
        values = [self._cells[block][position].reference(variable)[0] for position in positions]
        return np.array(values, np.float64) * _of(block.model).unit(variable)

    def _fetch_samples(self, block: CellBlock, probes: ProbeSet, end: int) -> None:
        """Record what is due of the traces up to a step, and empty them."""
        due = np.arange(probes.next_step, end + 1, probes.interval)
        rows = np.full((due.size, probes.positions.size), np.nan)
        for column, trace in enumerate(self._traces[block][probes]):
            samples = trace.as_numpy()[due - self._first_traced]
            rows[:, column] = samples * _of(block.model).unit(probes.variable)
            trace.resize(0)
        self.take_samples(probes, rows)

    def _collect(self, first: int) -> None:
        """Fetch the spikes, and those that NEURON will see at the beginning of the next step."""
        steps = np.rint(self._spike_times.as_numpy() / self.dt).astype(np.int64)
        gids = self._spike_gids.as_numpy().astype(np.int64)
        self._spike_times.resize(0)
        self._spike_gids.resize(0)
        is_new = (steps > first) | ~np.isin(gids, self._counted)
        self._counted = self._gids_that_spike()
        self.take_spikes(
            np.concatenate([steps[is_new], np.full(self._counted.size, self.step, np.int64)]),
            np.concatenate([gids[is_new], self._counted]),
        )

    def _gids_that_spike(self) -> Integers:
        parts = [np.zeros(0, np.int64)]
        for block, cells in self._cells.items():
            parts.append(block.gids[np.array([cell.is_spiking() for cell in cells], np.bool_)])
        return np.concatenate(parts)

    def close(self) -> None:
        """Delete everything that NEURON holds of this simulation."""
        self._forget()


def _of(model: CellModel) -> NeuronModel:
    """Return what NEURON has for a model, with nothing special about the user's own."""
    return MODELS.get(model, NeuronModel(synapse="the user's"))


def _rows(columns: Mapping[str, Floats], n_cells: int) -> list[dict[str, float]]:
    """Return the values of each cell, by name."""
    lists = {name: values.tolist() for name, values in columns.items()}
    return [{name: values[k] for name, values in lists.items()} for k in range(n_cells)]
