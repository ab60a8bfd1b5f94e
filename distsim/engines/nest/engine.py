"""NEST as engine: with threads in one process, or one process per rank where NEST has MPI."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.comm.agreement import together
from distsim.comm.gathering import gather
from distsim.engines.described import DynamicSynapses, Synapses
from distsim.engines.external import ExternalSimulation
from distsim.engines.nest.currents import CurrentGenerators
from distsim.engines.nest.dynamic import NestPathway, agreed_trace_constants
from distsim.engines.nest.models import MODELS
from distsim.engines.nest.point_neurons import point_neuron
from distsim.engines.nest.start import import_nest
from distsim.engines.nest.synapses import SYNAPSES
from distsim.errors import EngineError
from distsim.kernels.spike_keys import gid_of_key, spike_key, step_of_key
from distsim.models import CellModel
from distsim.models.synapse_model import SynapseModel
from distsim.network.blocks import CellBlock, SourceBlock
from distsim.network.currents import Injection
from distsim.network.pathways import Pathway
from distsim.network.poisson import PoissonBlock
from distsim.network.records import ProbeSet

__all__ = ["NestSimulation"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

NO_KEYS = np.zeros(0, np.int64)


class NestSimulation(ExternalSimulation):
    """The network in NEST's kernel.

    A cell's node is its gid + 1: populations are created in order. Spike sources with given times,
    and Poisson sources that share their trains with other engines, are devices, which each thread
    has by itself and whose spikes are never sent; those with synapses that have variables, which
    NEST's devices cannot have, are nodes like cells. NEST's devices do nothing at time 0: where a
    source spikes at step 0, NEST makes that step, too, and its clock goes ahead of distsim's by it.

    Parameters
    ----------
    threads : int
        Of each process.
    **options
        As for `ExternalSimulation`.
    """

    name = "nest"
    models = MODELS

    def __init__(self, *arguments: Any, threads: int = 1, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.nest = import_nest(self.comm)
        self.threads = threads
        # first gids of the populations that are devices
        self._devices: set[int] = set()
        self._reset_kernel()

    @classmethod
    def has(cls, model: CellModel) -> bool:
        """Return whether there is a cell model, be it of any receptors."""
        return model in MODELS or point_neuron(model) is not None

    def add_cells(self, model: CellModel, first_gid: int, indices: Integers) -> CellBlock:
        """Add this rank's cells of a population of model neurons."""
        composed = point_neuron(model)
        if composed is not None:
            MODELS[model] = composed
        return super().add_cells(model, first_gid, indices)

    @classmethod
    def has_synapse(cls, model: SynapseModel, dendritic_fraction: float = 1.0) -> bool:
        """Return whether there is a synapse model; where it learns, all of a delay is dendritic."""
        if model.is_learning and dendritic_fraction != 1.0:
            return False
        return model.is_static or model in SYNAPSES

    def add_pathway(self, pathway: Pathway) -> None:
        """Add connections onto this rank's cells."""
        devices = {*pathway.sources.first_gids} & self._devices
        if self._is_built and devices and not pathway.synapse.is_static:
            raise EngineError(
                f"the sources of '{pathway.label}' are devices in NEST since the first run(), and "
                f"cannot have synapses of the type {pathway.synapse.name}; make the projection "
                "before it, or after reset()"
            )
        super().add_pathway(pathway)

    def _reset_kernel(self) -> None:
        nest = self.nest
        nest.ResetKernel()
        nest.verbosity = nest.VerbosityLevel.ERROR
        nest.set(
            resolution=self.dt,
            local_num_threads=self.threads,
            rng_seed=1 + (self.seed + self.segment) % (2**31 - 1),
            print_time=False,
        )
        if self._bounds is not None:
            nest.set(min_delay=self._bounds[0], max_delay=self._bounds[1])
        if self.comm.Get_size() > 1:
            # else spikes go astray, on 3 ranks or more, once something is connected after a run
            nest.use_compressed_spikes = False

    def placement(self) -> str | Callable[[int, int, int], Any]:
        """Return how populations are divided: as NEST divides its nodes."""
        if self.comm.Get_size() == 1:
            return "block"
        n_processes, n_threads = self.comm.Get_size(), self.threads

        def rank_of(first_gid: int, n_cells: int, n_ranks: int) -> Integers:
            nodes = first_gid + 1 + np.arange(n_cells)
            return nodes % (n_processes * n_threads) % n_processes

        return rank_of

    # --- building ------------------------------------------------------------------------------

    def prepare(self, progress: Callable[[float], None] = lambda n: None) -> None:
        """Build what was described, and hand over what was changed; every rank must call it."""
        self._has_connected = False
        if not self._is_built:
            self._first_keys = self._keys_at_0()
            self._lead = int(self._first_keys.size > 0)
        super().prepare(progress)
        if self.comm.Get_size() > 1 and any(self.any_rank(self._has_connected)):
            # else NEST would wait for ranks where nothing was connected
            self._connect_anchors(self._device_delay)

    def _keys_at_0(self) -> Integers:
        """Return the spikes that sources on any rank make at step 0; every rank must call it."""
        with together(self.comm):
            self._check_sources()
        keys = [block.new for block in self.array_blocks]
        return np.sort(gather(self.comm, np.concatenate([NO_KEYS, *keys])))

    def _agree_on_delays(self) -> None:
        super()._agree_on_delays()
        if not self._is_built and self._lead:
            if self.comm.Get_size() > 1:
                self._connect_anchors(self._device_delay)
            # of cells that have neither parameters nor state of their own yet
            self._play(self._first_keys)
            self.nest.Simulate(self._lead * self.dt)

    def _nest_times(self, steps: Any) -> Any:
        """Return what NEST calls the time of steps [ms]."""
        return np.round((steps + self._lead) * self.dt, 9)

    def _steps(self, times: Any) -> Integers:
        """Return the steps of what NEST calls times."""
        return np.rint(np.asarray(times) / self.dt).astype(np.int64) - self._lead

    def _nest_connect(self, *arguments: Any) -> None:
        """Let NEST connect nodes."""
        self.nest.Connect(*arguments)
        self._has_connected = True

    def _check_sources(self) -> None:
        super()._check_sources()
        late = [block.new for block in self.array_blocks if self._is_built]
        # those of step 0 were there as NEST began
        if any(np.setdiff1d(new, self._first_keys).size for new in late):
            raise EngineError(
                f"NEST's sources cannot spike at the present time, {self.step * self.dt:g} ms; let "
                f"new 'spike_times' begin at the next step, {(self.step + 1) * self.dt:g} ms"
            )

    def _hand_over(self) -> None:
        super()._hand_over()
        self._set_trace_constants()
        self._connect_recorder()
        self._connect_listener()

    def _create(self) -> None:
        nest = self.nest
        self._reset_kernel()
        self._parameters: dict[CellBlock, dict[str, Floats]] = {}
        self._multimeters: dict[int, tuple[Any, int]] = {}
        self._latest: dict[tuple[int, int], Floats] = {}
        self._devices = set()
        self._nest_pathways: dict[tuple[CellModel, Pathway], NestPathway] = {}
        self._trace_constants = np.full(self.partition.n_cells, np.nan)
        # hears the spikes that plastic synapses depend on
        self._listener: Any = None
        self._heard_nodes = np.zeros(0, np.int64)
        self._recent = self._recent_of_all = NO_KEYS
        blocks: list[SourceBlock] = [*self.cell_blocks, *self.source_blocks]
        blocks.sort(key=lambda block: block.first_gid)
        ends = [*(block.first_gid for block in blocks[1:]), self.partition.n_cells]
        self._recorder = None
        # of no populations there is one end, and no block
        for block, end in zip(blocks, ends, strict=False):
            n_cells = end - block.first_gid
            if n_cells:
                nodes = nest.Create(self._nest_model(block), n_cells, _default_arrays(block))
                if nodes[0].global_id != block.first_gid + 1:
                    raise EngineError("NEST numbers its nodes otherwise than this engine expects")
        self._recorded_nodes = np.zeros(0, np.int64)
        self._is_slice_a_step = any(
            _is_unseen(block, probes.variable)
            for block in self.cell_blocks
            for probes in block.probes
        )
        # on each thread of each rank one that never spikes
        self._anchors = nest.Create("parrot_neuron", self.comm.Get_size() * self.threads)
        if self._is_slice_a_step:
            # a short delay anywhere makes NEST's slices short
            self._connect_anchors(self.dt)

    def _connect_anchors(self, delay: float) -> None:
        """Connect something on each rank, without effect."""
        self.nest.Connect(self._anchors, self._anchors, "one_to_one", {"delay": delay})

    def _nest_model(self, block: SourceBlock) -> str:
        """Return NEST's name of what a block's cells are."""
        if isinstance(block, CellBlock):
            return MODELS[block.model].nest_name
        if isinstance(block, PoissonBlock) and not self.share_input:
            return "parrot_neuron"
        dynamic = [pathway.sources.first_gids for _, pathway in self.dynamic_pathways]
        if any(block.first_gid in first_gids for first_gids in dynamic):
            return "spike_train_injector"
        self._devices.add(block.first_gid)
        return "spike_generator"

    def _nodes(self, gids: Integers) -> Any:
        return self.nest.NodeCollection((gids + 1).tolist())

    def _connect(self, receptor: int, model: CellModel, synapses: Synapses) -> None:
        if not synapses.sources.size:
            return
        self._check_delays(synapses.delays)
        options: dict[str, Any] = {
            "synapse_model": "static_synapse",
            "weight": self._nest_weights(receptor, model, synapses),
            "delay": np.round(synapses.delays * self.dt, 9),
        }
        if MODELS[model].receptors:
            # not for the others, since NEST takes longer with it
            options["receptor_type"] = _port(model, receptor)
        self._nest_connect(synapses.sources + 1, synapses.targets + 1, "one_to_one", options)

    def _check_delays(self, delays: Integers) -> None:
        """Raise if a delay [steps] is one that NEST, having run, would not take or hang for."""
        if not (self._is_built and delays.size):
            return
        low, high = self._delay_range
        if delays.min() < low or delays.max() > high:
            wrong = delays.min() if delays.min() < low else delays.max()
            raise EngineError(
                f"delay = {wrong * self.dt:g} ms: in NEST delays must stay between the smallest "
                f"and largest that there were at the first run(), {low * self.dt:g} and "
                f"{high * self.dt:g} ms; setup(min_delay=..., max_delay=...) leaves room for others"
            )

    def _connect_dynamic(self, dynamic: DynamicSynapses) -> None:
        model, receptor, synapses = dynamic.model, dynamic.receptor, dynamic.synapses
        self._check_delays(synapses.delays)
        self._nest_weights(receptor, model, synapses)
        kind = SYNAPSES[dynamic.pathway.synapse].nest_name
        self._nest_pathways[model, dynamic.pathway] = NestPathway(
            self.nest,
            dynamic,
            f"{kind}_{len(self._nest_pathways)}_of_distsim",
            _port(model, receptor) if MODELS[model].receptors else None,
            MODELS[model].weight_unit * _sign(model, receptor),
            self.dt,
        )
        self._has_connected |= synapses.sources.size > 0

    def _change_dynamic(
        self, dynamic: DynamicSynapses, places: Mapping[str, Integers | None]
    ) -> None:
        self._check_delays(dynamic.synapses.delays)
        self._nest_weights(dynamic.receptor, dynamic.model, dynamic.synapses)
        made = self._nest_pathways[dynamic.model, dynamic.pathway]
        made.change(dynamic, places, self._recent_of_all, self._delivered, self.step)

    def _read(
        self, model: CellModel, pathway: Pathway, names: Sequence[str]
    ) -> Mapping[str, Floats]:
        made = self._nest_pathways[model, pathway]
        return made.read(names, self._recent_of_all, self._delivered, self.step)

    @property
    def _delivered(self) -> int:
        """The step up to which NEST has delivered spikes: a slice's when the next one begins."""
        n_slices = -(-(self.step + self._lead) // self._slice_steps)
        return (n_slices - 1) * self._slice_steps - self._lead

    def _set_trace_constants(self) -> None:
        """Give the targets of plastic synapses the time constants of their traces."""
        constants = agreed_trace_constants(self._nest_pathways.values(), self.partition.n_cells)
        is_new = ~np.isnan(constants) & (constants != self._trace_constants)
        gids = np.flatnonzero(is_new)
        if gids.size:
            self._set(self._nodes(gids), {"tau_minus": constants[gids]})
        self._trace_constants = constants

    @staticmethod
    def _nest_weights(receptor: int, model: CellModel, synapses: Synapses) -> Floats:
        return _signed(synapses.weights * MODELS[model].weight_unit, model, receptor)

    def _change_synapses(self, parts: list[tuple[int, CellModel, Synapses]]) -> None:
        """Find NEST's connections by their ends; those with the same ends stand for each other."""
        parts = [part for part in parts if part[2].sources.size]
        if not parts:
            return
        ours = [np.concatenate([part[2][k] for part in parts]) for k in range(4)]
        ours[0:2] = [gids + 1 for gids in ours[0:2]]
        self._check_delays(ours[3])
        weights = np.concatenate([self._nest_weights(*part) for part in parts])
        ports = np.concatenate(
            [np.full(part[2].sources.size, _port(part[1], part[0])) for part in parts]
        )
        ends = (self._nodes(np.unique(gids) - 1) for gids in ours[0:2])
        there = self.nest.GetConnections(*ends, synapse_model="static_synapse")
        theirs = there.get(["source", "target", "receptor", "delay"])
        mine = np.lexsort((ports, ours[1], ours[0]))
        other = np.lexsort([theirs[name] for name in ("receptor", "target", "source")])
        values = {"weight": np.empty(mine.size), "delay": np.empty(mine.size)}
        values["weight"][other] = weights[mine]
        values["delay"][other] = np.round(ours[3][mine] * self.dt, 9)
        if np.allclose(values["delay"], theirs["delay"], rtol=0.0, atol=1e-6):
            del values["delay"]
        self._set(there, values)

    def _end_building(self) -> None:
        low, high = round(self._device_delay / self.dt), self.max_delay_steps or 1
        self._slice_steps = 1 if self._is_slice_a_step else low
        if self._bounds is not None:
            high = round(self._bounds[1] / self.dt)
        # what NEST takes from now on
        self._delay_range = self._slice_steps, high
        self._currents_carried = CurrentGenerators(
            self.nest, self.dt, self._lead, self._slice_steps
        )
        if not self.share_input:
            self._add_generators()

    def _add_generators(self) -> None:
        """Let each Poisson source repeat the spikes of a generator of NEST's own."""
        self._generators: list[Any] = []
        for block, (first, end) in zip(self.poisson_blocks, self.poisson_ranges, strict=True):
            # nodes are made on every rank alike, connections by the owner
            generators: Any = None
            if end > first:
                generators = self.nest.Create("poisson_generator", end - first)
            self._generators.append(generators)
            if block.n_local:
                self._nest_connect(
                    generators[block.indices.tolist()],
                    self._nodes(block.gids),
                    "one_to_one",
                    {"delay": self._device_delay},
                )

    def _set_rates(self) -> None:
        if self.share_input:
            return
        for block, generators in zip(self.poisson_blocks, self._generators, strict=True):
            if block.n_local:
                rate, start, duration = (
                    block.parameters[name] for name in ("rate", "start", "duration")
                )
                lead = self._lead * self.dt
                stop = np.minimum(start + duration, 1e12)
                columns = {"rate": rate, "start": start + lead, "stop": stop + lead}
                self._set(generators[block.indices.tolist()], columns)

    @property
    def _bounds(self) -> tuple[float, float] | None:
        """Smallest and largest delay as given by the user, if both are: NEST wants no less [ms]."""
        low, high = self.user_min_delay, self.user_max_delay
        return None if low is None or high is None else (low, high)

    @property
    def _device_delay(self) -> float:
        """Delay of connections that are NEST's affair: within those that the network has [ms]."""
        if self._bounds is not None:
            return self._bounds[0]
        return round(self.dt * (self.min_delay_steps or 1), 9)

    # --- what may change -----------------------------------------------------------------------

    def _set_parameters(self, block: CellBlock) -> None:
        if not block.n_local:
            return
        model, parameters = MODELS[block.model], block.parameters
        before = self._parameters.get(block, {})
        changed = [
            name
            for name, values in parameters.items()
            if name not in before or not np.array_equal(values, before[name])
        ]
        columns = {}
        for name in changed:
            if name in model.parameters:
                nest_name, unit = model.parameters[name]
                columns[nest_name] = parameters[name] * unit
        for nest_name, names in model.arrays.items():
            if not {*changed}.isdisjoint(names):
                columns[nest_name] = np.stack([parameters[name] for name in names], axis=1)
        if (
            "tau_m" in parameters
            and "tau_m" not in model.parameters
            and {"tau_m", "cm"} & {*changed}
        ):
            columns["g_L"] = 1000.0 * parameters["cm"] / parameters["tau_m"]
        nodes = self._nodes(block.gids)
        if before and "E_L" in columns:
            # a change of E_L would move V_m
            columns["V_m"] = np.ravel(nodes.get("V_m"))
        self._set(nodes, columns)
        self._parameters[block] = {name: values.copy() for name, values in parameters.items()}

    @staticmethod
    def _set(nodes: Any, columns: dict[str, Floats]) -> None:
        """Set parameters or variables of nodes or connections, an array each."""
        if columns and all((values == values[:1]).all() for values in columns.values()):
            # much faster
            nodes.set({name: values[0].tolist() for name, values in columns.items()})
        elif columns:
            # all at once, since NEST compares some with each other
            rows = zip(*(values.tolist() for values in columns.values()), strict=True)
            nodes.set([dict(zip(columns, row, strict=True)) for row in rows])

    def _set_state(self, block: CellBlock) -> None:
        is_new = block not in self._given
        for variable, positions, values in self.changed_state(block):
            if is_new and variable.endswith(("_exc", "_inh")) and not values.any():
                # as NEST begins
                continue
            model = MODELS[block.model]
            name, unit = model.variables.get(variable, (variable, 1.0))
            if variable in model.sums:
                continue
            if _is_unseen(block, variable):
                if values.any():
                    raise EngineError(
                        f"NEST cannot set '{variable}' of {block.model.name}; leave it at 0"
                    )
                continue
            self._set(self._nodes(block.gids[positions]), {name: values / unit})

    def _set_current(self, block: CellBlock, total: Floats) -> None:
        if block.n_local:
            offset = MODELS[block.model].offset
            unit = MODELS[block.model].parameters[offset][1]
            current = block.parameters[offset] * unit + total * 1000.0
            self._set(self._nodes(block.gids), {"I_e": current})

    def _pauses_between(self, first: int, last: int) -> list[int]:
        """Let generators carry what changes often, and return the changes of the rest.

        On several ranks each change is a pause: NEST wants new connections on all of them alike.
        """
        if self.comm.Get_size() > 1:
            return super()._pauses_between(first, last)
        return self._currents_carried.plan(self._courses, first, last, self.segment)

    def _held(self) -> Iterable[Injection]:
        return [*self.injections.values(), *self._currents_carried.opposites()]

    # --- recording -----------------------------------------------------------------------------

    def _set_probes(self, block: CellBlock) -> None:
        for probes in block.probes:
            old, n_additions = self._multimeters.get(id(probes), (None, 0))
            if old is not None and n_additions == probes.n_additions:
                continue
            if old is not None:
                old.stop = self._nest_times(self.step)
            # nodes are made on every rank alike, connections by the owner
            multimeter = self.nest.Create(
                "multimeter",
                params={
                    "record_from": [MODELS[block.model].variables[probes.variable][0]],
                    "interval": probes.interval * self.dt,
                    "start": self._nest_times(self.step),
                },
            )
            if probes.positions.size:
                nodes = self._nodes(block.gids[probes.positions])
                self._nest_connect(multimeter, nodes, None, {"delay": self._device_delay})
            self._multimeters[id(probes)] = multimeter, probes.n_additions

    def _connect_recorder(self) -> None:
        """Record the spikes of all cells that are to be recorded, and are not yet."""
        blocks: list[SourceBlock] = [*self.cell_blocks]
        if not self.share_input:
            blocks += self.poisson_blocks
        gids = [block.gids[block.spikes.recorded] for block in blocks]
        nodes = np.concatenate([np.zeros(0, np.int64), *gids]) + 1
        new = np.setdiff1d(nodes, self._recorded_nodes)
        if self._recorder is None:
            self._recorder = self.nest.Create("spike_recorder")
        if new.size:
            nodes = self._nodes(new - 1)
            self._nest_connect(nodes, self._recorder, None, {"delay": self._device_delay})
            self._recorded_nodes = np.union1d(self._recorded_nodes, new)

    def _connect_listener(self) -> None:
        """Hear the spikes of both sides of plastic synapses, of which NEST shows only the past."""
        learning = [p.ends for p in self._nest_pathways.values() if p.model.is_learning]
        if not learning:
            return
        blocks: list[SourceBlock] = [*self.cell_blocks, *self.source_blocks]
        gids = np.unique(np.concatenate([block.gids for block in blocks]))
        mine = np.intersect1d(gids, np.concatenate(learning))
        new = np.setdiff1d(mine, self._heard_nodes)
        if self._listener is None:
            self._listener = self.nest.Create("spike_recorder")
        if new.size:
            delay = {"delay": self._device_delay}
            self._nest_connect(self._nodes(new), self._listener, None, delay)
            self._heard_nodes = np.union1d(self._heard_nodes, new)

    def _listen(self, step: int) -> None:
        """Keep the spikes that plastic synapses may still depend on."""
        if self._listener is None:
            return
        if self._listener.n_events:
            events = self._listener.events
            gids = np.asarray(events["senders"], np.int64) - 1
            keys = spike_key(self._steps(events["times"]), gids)
            self._recent = np.concatenate([self._recent, keys])
            self._listener.n_events = 0
        reach = max(pathway.reach for pathway in self._nest_pathways.values())
        self._recent = self._recent[step_of_key(self._recent) >= step - reach]

    # --- running -------------------------------------------------------------------------------

    def _play(self, keys: Integers) -> None:
        steps, gids = step_of_key(keys), gid_of_key(keys)
        order = np.argsort(gids, kind="stable")
        sources, first = np.unique(gids[order], return_index=True)
        if sources.size:
            # a generator that is not among them has played all that it was given
            trains = np.split(self._nest_times(steps[order]), first[1:])
            self._nodes(sources).set([{"spike_times": train} for train in trains])

    def _advance(self, end: int) -> None:
        """Let NEST simulate; at the end of a run, one step at a time, and look what is due.

        Multimeters give their samples at the beginning of the next slice of the smallest delay.
        """
        probes = [(block, each) for block in self.cell_blocks for each in block.probes]
        last_slice = self._end_of_run - 1 + self._lead
        last_slice = last_slice // self._slice_steps * self._slice_steps - self._lead
        begin = min(end, max(self.step, last_slice)) if probes else end
        if begin > self.step:
            self.nest.Simulate((begin - self.step) * self.dt)
        for step in range(begin + 1, end + 1):
            self.nest.Simulate(self.dt)
            for block, probe_set in probes:
                if step % probe_set.interval == 0:
                    self._latest[id(probe_set), step] = self._look(block, probe_set)
        self._listen(end)
        if self._has_connected:
            # NEST puts them in order when it simulates
            for pathway in self._nest_pathways.values():
                pathway.forget_places()

    def _look(self, block: CellBlock, probes: ProbeSet) -> Floats:
        """Return the present values of what is sampled; nan where NEST does not show them."""
        name, unit = MODELS[block.model].variables[probes.variable]
        if not probes.positions.size or _is_unseen(block, probes.variable):
            return np.full(probes.positions.size, np.nan)
        return unit * np.ravel(self._nodes(block.gids[probes.positions]).get(name))

    def _collect(self, first: int) -> None:
        if self._recorder is not None and self._recorder.n_events:
            events = self._recorder.events
            self.take_spikes(
                self._steps(events["times"]), np.asarray(events["senders"], np.int64) - 1
            )
            self._recorder.n_events = 0
        for block in self.cell_blocks:
            for probes in block.probes:
                self._collect_samples(block, probes)
        self._latest = {}
        if self._listener is not None:
            self._recent_of_all = gather(self.comm, self._recent)

    def _collect_samples(self, block: CellBlock, probes: ProbeSet) -> None:
        """Fetch what a multimeter has given, and what was looked at after it."""
        name, unit = MODELS[block.model].variables[probes.variable]
        due = np.arange(probes.next_step, self.step + 1, probes.interval)
        if not due.size:
            return
        rows = np.full((due.size, probes.positions.size), np.nan)
        multimeter, _ = self._multimeters[id(probes)]
        events = multimeter.events
        steps = self._steps(events["times"])
        gids = np.asarray(events["senders"], np.int64) - 1
        columns = np.searchsorted(block.gids[probes.positions], gids)
        values = unit * np.asarray(events[name])
        multimeter.n_events = 0
        is_due = steps >= due[0]
        rows[(steps[is_due] - due[0]) // probes.interval, columns[is_due]] = values[is_due]
        # of the end of the run before, when NEST did not show them yet
        is_late = ~is_due & (steps >= probes.first_step)
        if is_late.any():
            places = (steps[is_late] - probes.first_step) // probes.interval
            probes.data()[places, columns[is_late]] = values[is_late]
        for k, step in enumerate(due.tolist()):
            if (id(probes), step) in self._latest:
                rows[k] = self._latest[id(probes), step]
        self.take_samples(probes, rows)


def _default_arrays(block: SourceBlock) -> dict[str, Any]:
    """Return NEST's parameters that say how many receptors there are, which connections need."""
    if not isinstance(block, CellBlock):
        return {}
    defaults = {parameter.name: parameter.default for parameter in block.model.parameters}
    arrays = MODELS[block.model].arrays
    return {key: [defaults[name] for name in names] for key, names in arrays.items()}


def _is_unseen(block: CellBlock, variable: str) -> bool:
    """Return whether NEST neither sets a variable nor shows it but by a multimeter."""
    model = MODELS[block.model]
    return variable not in model.variables or model.variables[variable][0] in model.unseen


def _port(model: CellModel, receptor: int) -> int:
    """Return NEST's number of a receptor type."""
    return MODELS[model].receptors[receptor] if MODELS[model].receptors else 0


def _sign(model: CellModel, receptor: int) -> int:
    """Return the sign of NEST's weights where a weight of distsim's is positive."""
    is_conductance = MODELS[model].weights == "conductance" and not MODELS[model].receptors
    return -1 if is_conductance and receptor == 1 else 1


def _signed(weights: Floats, model: CellModel, receptor: int) -> Floats:
    """Return weights with the sign that says in NEST which receptor is meant.

    Raises
    ------
    EngineError
        If a current has the sign of the other receptor.
    """
    kind, is_inhibitory = MODELS[model].weights, receptor == 1
    if kind == "potential" or MODELS[model].receptors:
        return weights
    if kind == "conductance":
        return weights * _sign(model, receptor)
    if (weights * (-1 if is_inhibitory else 1) < 0).any():
        raise EngineError(
            "in NEST the sign of a weight says which receptor is meant: a negative weight on "
            "an excitatory synapse, or a positive one on an inhibitory one, cannot be"
        )
    return weights
