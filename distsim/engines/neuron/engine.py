"""NEURON as engine: each cell a section of one compartment, one process per rank."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.comm.gathering import gather
from distsim.engines.described import DynamicSynapses, Synapses
from distsim.engines.external import ExternalSimulation, refuse_no_exponential
from distsim.engines.neuron.currents import CurrentPlan
from distsim.engines.neuron.dynamic import Arrivals, NeuronPathway, make_places
from distsim.engines.neuron.junctions import Junctions
from distsim.engines.neuron.models import MODELS, Cell, check_held, neuron_model, rows_of
from distsim.engines.neuron.recent import Recent
from distsim.engines.neuron.sources import Source, make_generators, set_rates
from distsim.engines.neuron.start import import_neuron
from distsim.engines.neuron.synapses import SYNAPSES
from distsim.engines.neuron.user_models import Clamp, Site, UserCell, UserModel
from distsim.errors import EngineError
from distsim.kernels.spike_keys import gid_of_key, spike_key, step_of_key
from distsim.models import CellModel
from distsim.models.cell_model import refractory_steps
from distsim.models.synapse_model import SynapseModel
from distsim.network.blocks import CellBlock
from distsim.network.currents import Course, Injection, Steps
from distsim.network.pathways import Pathway
from distsim.network.poisson import PoissonBlock
from distsim.network.records import ProbeSet
from distsim.network.renewal import RenewalBlock
from distsim.network.spike_arrays import ArrayBlock
from distsim.partitioning.streams import Purpose, Stream

__all__ = ["NeuronSimulation"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

# longest interval between two exchanges of spikes [ms]
MAX_STEP = 10.0
# added to delays [ms]: NEURON wants the smallest above dt, and delivers at the nearest step
DELAY_MARGIN = 1e-6
# what lies between the last step of a run and the time that NEURON is told [steps]
END_MARGIN = 0.25


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
        self._plan = CurrentPlan(self.h, self.dt)
        self._forget()

    @classmethod
    def has_synapse(cls, model: SynapseModel, dendritic_fraction: float = 1.0) -> bool:
        """Return whether there is a synapse model."""
        return model.is_static or model.is_electrical or model in SYNAPSES

    # --- description ---------------------------------------------------------------------------

    def add_pathway(self, pathway: Pathway) -> None:
        """Add connections onto this rank's cells."""
        if self.coreneuron and not pathway.synapse.is_static:
            raise EngineError(
                f"{pathway.synapse.name} of '{pathway.label}' is no synapse that CoreNEURON can "
                "have, which takes static ones only; leave coreneuron=True out"
            )
        super().add_pathway(pathway)

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
        self._dynamic: dict[tuple[CellModel, Pathway], NeuronPathway] = {}
        self._recent = Recent(self.comm)
        self._junctions = Junctions(self.h, self.context, self.comm)
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
        rows = rows_of(block.parameters, block.n_local)
        return [UserCell(self.h, model, values) for values in rows]

    def _add_generators(self) -> None:
        """Make this rank's Poisson sources."""
        self.h.Random().Random123_globalindex(self.segment)
        if any(block.n_local for block in self.poisson_blocks):
            self._place = self.h.Section()
        for block in self.poisson_blocks:
            segment = self._place(0.5) if block.n_local else None
            sources = make_generators(self.h, block, segment, self.seed)
            for gid, source in zip(block.gids.tolist(), sources, strict=True):
                self._give_gid(gid, self.h.NetCon(source.mechanism, None))
            self._generators.append(sources)

    def _give_gid(self, gid: int, connection: Any) -> None:
        """Let NEURON send the spikes that begin a connection, of this rank."""
        self.context.set_gid2node(gid, self.rank)
        self.context.cell(gid, connection)

    def _connect(self, receptor: int, model: CellModel, synapses: Synapses) -> None:
        cells = self._cell_of
        columns = (
            synapses.sources.tolist(),
            synapses.targets.tolist(),
            synapses.weights.tolist(),
            self._arrivals(model, synapses).times,
            self._are_sent(synapses.sources).tolist(),
        )
        for source, target, weight, delay, is_sent in zip(*columns, strict=True):
            connection = self._hear(source, is_sent, cells[target].synapses[receptor])
            connection.weight[0], connection.delay = weight, delay
            self._connections.append(connection)

    def _hear(self, source: int, is_sent: bool, listener: Any) -> Any:
        """Return a new connection from a source to a mechanism on this rank."""
        if is_sent:
            return self.context.gid_connect(source, listener)
        return self.h.NetCon(self._relay(source).mechanism, listener)

    def _change_synapses(self, parts: list[tuple[int, CellModel, Synapses]]) -> None:
        connections = iter(self._connections)
        for _, model, synapses in parts:
            delays = self._arrivals(model, synapses).times
            for weight, delay in zip(synapses.weights.tolist(), delays, strict=True):
                connection = next(connections)
                connection.weight[0], connection.delay = weight, delay

    def _connect_dynamic(self, dynamic: DynamicSynapses) -> None:
        model, pathway, synapses = dynamic.model, dynamic.pathway, dynamic.synapses
        are_sent = self._are_sent(synapses.sources).tolist()
        places = make_places(self.h, dynamic, are_sent, self._hear, self._cell_of)
        arrivals = self._arrivals(model, synapses)
        stream = Stream.of(self.seed, Purpose.SYNAPSE, pathway.number, 0, self.segment)
        self._dynamic[model, pathway] = NeuronPathway(
            dynamic, places, arrivals, self.dt, stream, self.step
        )

    def _change_dynamic(
        self, dynamic: DynamicSynapses, places: Mapping[str, Integers | None]
    ) -> None:
        arrivals = self._arrivals(dynamic.model, dynamic.synapses)
        made = self._dynamic[dynamic.model, dynamic.pathway]
        made.change(dynamic, places, arrivals, self._recent.keys, self.step)

    def _read(
        self, model: CellModel, pathway: Pathway, names: Sequence[str]
    ) -> Mapping[str, Floats]:
        return self._dynamic[model, pathway].read(names, self._recent.keys, self.step)

    def _arrivals(self, model: CellModel, synapses: Synapses) -> Arrivals:
        """Return when NEURON is to deliver the spikes of sources."""
        delays, are_sent = synapses.delays, self._are_sent(synapses.sources)
        # of jumps a step earlier; but a spike that is sent takes a step at least
        steps = delays if neuron_model(model).synapse else np.maximum(delays - 1, are_sent)
        self._shortest = min(self._shortest, int(steps[are_sent].min(initial=self._shortest)))
        return Arrivals((steps * self.dt + DELAY_MARGIN).tolist(), delays - steps)

    def _relay(self, gid: int) -> Source:
        """Return what repeats a source's spikes to its targets on this rank."""
        if gid not in self._relays:
            self._relays[gid] = Source(self.h, self.h.SpikeRelay())
        return self._relays[gid]

    def _end_wiring(self) -> None:
        self._junctions.join(self._sides, self.partition, lambda gid: self._cell_of[gid].segment)
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
        for cell, values in zip(
            self._cells[block], rows_of(parameters, block.n_local), strict=True
        ):
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
            for cell, row in zip(cells, rows_of(values, block.n_local), strict=True):
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
        self._plan.play(changes, self._takers)

    def _set_rates(self) -> None:
        if self.share_input:
            return
        for block, sources in zip(self.poisson_blocks, self._generators, strict=True):
            set_rates(block, sources, self.h.t)

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

    def _make_steps(self, pieces: Iterator[int]) -> None:
        self._junctions.begin(self.partition, lambda gid: self._cell_of[gid].segment.v)
        super()._make_steps(pieces)

    def _play(self, keys: Integers) -> None:
        if self._is_learning:
            self._recent.take(keys)
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
            if neuron_model(block.model).is_alpha:
                check_held(block.model.name, self._cells[block])
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

    def _look(self, block: CellBlock, probes: ProbeSet) -> Floats:
        positions, variable = probes.positions.tolist(), probes.variable
        values = [self._cells[block][position].reference(variable)[0] for position in positions]
        return np.array(values, np.float64) * neuron_model(block.model).unit(variable)

    def _fetch_samples(self, block: CellBlock, probes: ProbeSet, end: int) -> None:
        """Record what is due of the traces up to a step, and empty them."""
        due = np.arange(probes.next_step, end + 1, probes.interval)
        rows = np.full((due.size, probes.positions.size), np.nan)
        for column, trace in enumerate(self._traces[block][probes]):
            samples = trace.as_numpy()[due - self._first_traced]
            rows[:, column] = samples * neuron_model(block.model).unit(probes.variable)
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
        steps = np.append(steps[is_new], np.full(self._counted.size, self.step, np.int64))
        gids = np.append(gids[is_new], self._counted)
        self.take_spikes(steps, gids)
        if self._is_learning:
            keys, longest = spike_key(steps, gids), self.max_delay_steps or 1
            self._recent.keep(keys, longest, self.step, self.partition)

    @property
    def _is_learning(self) -> bool:
        """Whether any rank has synapses that learn."""
        return any(pathway.synapse.is_learning for _, pathway in self.dynamic_pathways)

    def _gids_that_spike(self) -> Integers:
        parts = [np.zeros(0, np.int64)]
        for block, cells in self._cells.items():
            parts.append(block.gids[np.array([cell.is_spiking() for cell in cells], np.bool_)])
        return np.concatenate(parts)

    def close(self) -> None:
        """Delete everything that NEURON holds of this simulation."""
        self._forget()
