"""Brian 2 as engine: one process, models as equations that Brian integrates."""

import logging
import re
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.engines.brian2.dynamic import BrianPathway, Part, make_synapses
from distsim.engines.brian2.models import EXACT, LARGEST_DECAY, MODELS, brian_name, is_singular
from distsim.engines.brian2.point_neurons import point_neuron_model
from distsim.engines.brian2.synapses import SYNAPSES as BRIAN_SYNAPSES
from distsim.engines.described import DynamicSynapses, Synapses
from distsim.engines.external import (
    ExternalSimulation,
    refuse_no_exponential,
    refuse_ranks,
)
from distsim.engines.pending import reach_of
from distsim.errors import EngineError
from distsim.kernels.spike_keys import gid_of_key, spike_key, step_of_key
from distsim.models import CellModel
from distsim.models.cell_model import refractory_steps
from distsim.models.point_neuron import PointModel
from distsim.models.synapse_model import SynapseModel
from distsim.network.blocks import CellBlock, SourceBlock
from distsim.network.currents import Course, Steps
from distsim.network.pathways import Pathway
from distsim.network.records import ProbeSet

__all__ = ["Brian2Simulation"]

logger = logging.getLogger(__name__)

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
# group of sources, model and receptor type of synapses
Kind = tuple[CellModel | str, CellModel, int]

# input of a step comes before the threshold, as the potential of IF_curr_delta jumps by it
SCHEDULE = ["start", "groups", "synapses", "thresholds", "resets", "end"]

# groups of sources: those whose spikes distsim gives, and Brian's own
GIVEN, POISSON_SOURCES = "given_spikes", "poisson_sources"
POISSON = """
rate : 1
start : 1
duration : 1
"""
HAS_SPIKED = "rand() < rate * dt / second * int(t / ms >= start) * int(t / ms < start + duration)"
# that a source spikes in a step; it spikes only once
LARGEST_PROBABILITY = 0.1


class Group(NamedTuple):
    """Cells or sources that are one group in Brian.

    Attributes
    ----------
    brian_group : brian2.Group
    gids : ndarray of int64, shape (n,)
        In the order of Brian's indices.
    """

    brian_group: Any
    gids: Integers

    def values(self, variable: str) -> NDArray[Any]:
        """Return the array that Brian itself works on."""
        return self.brian_group.variables[variable].get_value()


class Brian2Simulation(ExternalSimulation):
    """The network in Brian 2's runtime, in one process.

    All cells of a model are one group, and so are all sources; there is one object of synapses for
    each group of sources, group of targets and receptor type. A run of distsim is one of Brian's,
    in which three functions are called in each step: one begins pieces, one hands on the spikes of
    sources, one records.

    Parameters
    ----------
    **options
        As for `ExternalSimulation`.

    Notes
    -----
    Brian's step b makes step b + 1 of distsim. Synapses hand on the spikes of the step before,
    so their delays are a step shorter in Brian. Objects have the same names in each simulation:
    they are in the code that Brian makes, which is compiled once only if it stays the same.
    """

    name = "brian2"
    models = MODELS
    takes_courses = True

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.brian2 = import_brian2(self.comm)
        _tell_if_compiling(self.brian2)

    @classmethod
    def has(cls, model: CellModel) -> bool:
        """Return whether there is a cell model, be it of any receptors."""
        return model in MODELS or isinstance(model, PointModel)

    @classmethod
    def has_synapse(cls, model: SynapseModel, dendritic_fraction: float = 1.0) -> bool:
        """Return whether there is a synapse model."""
        return model.is_static or model in BRIAN_SYNAPSES

    def add_cells(self, model: CellModel, first_gid: int, indices: Integers) -> CellBlock:
        """Add this rank's cells of a population of model neurons."""
        composed = point_neuron_model(model)
        if composed is not None:
            MODELS[model] = composed
        return super().add_cells(model, first_gid, indices)

    # --- building ------------------------------------------------------------------------------

    def _create(self) -> None:
        brian2 = self.brian2
        self._clock = brian2.Clock(self.dt * brian2.ms, name="distsim_clock")
        self._network = brian2.Network()
        self._network.schedule = SCHEDULE
        gids_of = {model: gids for model, gids in self._gids_of.items() if gids.size}
        self._groups: dict[CellModel | str, Group] = {
            model: self._create_cells(model, gids) for model, gids in gids_of.items()
        }
        self._create_sources()
        self._locate()
        self._parts: dict[Kind, list[Synapses]] = {}
        # in the order in which they were made
        self._connections: dict[Kind, list[Any]] = {}
        self._source_pathways: list[Any] = []
        # those of synapses with variables
        self._once_pathways: list[Any] = []
        self._dynamic: dict[tuple[CellModel, Pathway], BrianPathway] = {}
        # spikes that plastic synapses may still depend on
        self._recent = np.zeros(0, np.int64)
        self._keys = np.zeros(0, np.int64)
        self._now = 0
        self._n_spiking: dict[CellModel | str, int] = {}
        for function, when, order in (
            (self._begin_step, "start", 0),
            (self._send_sources, "synapses", -2),
            (self._record, "end", 0),
        ):
            self._network.add(
                brian2.NetworkOperation(function, clock=self._clock, when=when, order=order)
            )

    def _create_cells(self, cell_model: CellModel, gids: Integers) -> Group:
        """Make all cells of a model."""
        name, model = _group_name(cell_model), MODELS[cell_model]
        method = model.method
        blocks = [block for block in self.cell_blocks if block.model is cell_model]
        if method in EXACT and any(is_singular(block.parameters) for block in blocks):
            method = "rk4"
        cells = self.brian2.NeuronGroup(
            gids.size,
            model.equations,
            method=method,
            threshold=model.threshold,
            reset=model.reset,
            refractory=model.refractory,
            clock=self._clock,
            namespace={"e_drive": np.e},
            name=name,
        )
        for code, when, order in ((model.before, "start", 1), (model.after, "synapses", 1)):
            if code:
                cells.run_regularly(
                    code, clock=self._clock, when=when, order=order, name=f"{name}_{when}"
                )
        self._network.add(cells)
        group = Group(cells, gids)
        if model.refractory:
            # long enough ago for any refractory period [s]
            group.values("lastspike")[:] = -1e9
        return group

    def _create_sources(self) -> None:
        """Make the sources; of those whose spikes are given, Brian only knows how many."""
        brian2 = self.brian2
        gids = _sorted_gids(self.given_blocks)
        if gids.size:
            sources = brian2.SpikeGeneratorGroup(
                gids.size, [], [] * brian2.second, clock=self._clock, name=GIVEN
            )
            sources.active = False
            self._groups[GIVEN] = Group(sources, gids)
            self._network.add(sources)
        gids = _sorted_gids([] if self.share_input else self.poisson_blocks)
        if gids.size:
            brian2.seed((self.seed + self.segment) % 2**32)
            sources = brian2.NeuronGroup(
                gids.size,
                POISSON,
                threshold=HAS_SPIKED,
                clock=self._clock,
                namespace={},
                name=POISSON_SOURCES,
            )
            self._groups[POISSON_SOURCES] = Group(sources, gids)
            self._network.add(sources)

    def _locate(self) -> None:
        """Note of each gid the number of its group, and its index in it."""
        self._number = np.zeros(self.partition.n_cells, np.int64)
        self._index = np.zeros(self.partition.n_cells, np.int64)
        for number, group in enumerate(self._groups.values()):
            self._number[group.gids] = number
            self._index[group.gids] = np.arange(group.gids.size)

    def _connect(self, receptor: int, model: CellModel, synapses: Synapses) -> None:
        for source, part in self._by_source(synapses):
            self._parts.setdefault((source, model, receptor), []).append(part)

    def _by_source(self, synapses: Synapses) -> Iterator[tuple[CellModel | str, Synapses]]:
        """Yield the synapses from each group of sources."""
        numbers = self._number[synapses.sources]
        for number, source in enumerate(self._groups):
            chosen = numbers == number
            if chosen.any():
                yield source, Synapses(*(values[chosen] for values in synapses))

    def _end_wiring(self) -> None:
        for (source, model, receptor), parts in self._parts.items():
            synapses = Synapses(*map(np.concatenate, zip(*parts, strict=True)))
            connections = self._create_synapses(source, model, receptor, synapses)
            self._connections.setdefault((source, model, receptor), []).append(connections)
            if source == GIVEN:
                self._source_pathways.append(connections.pre)
        self._parts = {}

    def _change_synapses(self, parts: list[tuple[int, CellModel, Synapses]]) -> None:
        changed: dict[Kind, list[Synapses]] = {}
        for receptor, model, synapses in parts:
            for source, part in self._by_source(synapses):
                changed.setdefault((source, model, receptor), []).append(part)
        for key, pieces in changed.items():
            weights = np.concatenate([piece.weights for piece in pieces])
            delays = np.concatenate([piece.delays for piece in pieces])
            first = 0
            for connections in self._connections[key]:
                end = first + len(connections)
                connections.weight = weights[first:end]
                connections.delay = self._brian_delays(delays[first:end])
                first = end

    def _brian_delays(self, steps: Integers) -> Any:
        return (steps - 1) * self.dt * self.brian2.ms

    def _create_synapses(
        self, source: CellModel | str, model: CellModel, receptor: int, synapses: Synapses
    ) -> Any:
        """Make synapses between two groups; return Brian's object."""
        begin = _group_name(source) if isinstance(source, CellModel) else source
        name = f"{begin}_to_{model.receptors[receptor].name}_of_{_group_name(model)}"
        n_others = len(self._connections.get((source, model, receptor), ()))
        connections = self.brian2.Synapses(
            self._groups[source].brian_group,
            self._groups[model].brian_group,
            "weight : 1",
            on_pre=f"{MODELS[model].inputs[receptor]}_post += weight",
            clock=self._clock,
            namespace={},
            name=f"{name}_{n_others}" if n_others else name,
        )
        connections.connect(i=self._index[synapses.sources], j=self._index[synapses.targets])
        connections.weight = synapses.weights
        connections.delay = self._brian_delays(synapses.delays)
        self._network.add(connections)
        return connections

    def _connect_dynamic(self, dynamic: DynamicSynapses) -> None:
        model, pathway = dynamic.model, dynamic.pathway
        made = BrianPathway(dynamic, self.dt, self.brian2.ms)
        self._dynamic[model, pathway] = made
        numbers = self._number[dynamic.synapses.sources]
        for number, source in enumerate(self._groups):
            places = np.flatnonzero(numbers == number)
            if not places.size:
                continue
            connections = make_synapses(
                self.brian2,
                self._groups[source].brian_group,
                self._groups[model].brian_group,
                pathway.synapse,
                MODELS[model].inputs[dynamic.receptor],
                clock=self._clock,
                name=f"dynamic_{len(self._dynamic)}_{number}",
            )
            ends = (dynamic.synapses.sources[places], dynamic.synapses.targets[places])
            connections.connect(i=self._index[ends[0]], j=self._index[ends[1]])
            made.begin(Part(connections, places))
            self._network.add(connections)
            if source == GIVEN:
                self._source_pathways.append(connections.pre)
                self._once_pathways.append(connections.pre)

    def _change_dynamic(
        self, dynamic: DynamicSynapses, places: Mapping[str, Integers | None]
    ) -> None:
        self._dynamic[dynamic.model, dynamic.pathway].change(dynamic, places)

    def _read(
        self, model: CellModel, pathway: Pathway, names: Sequence[str]
    ) -> Mapping[str, Floats]:
        return self._dynamic[model, pathway].read(names, self._recent, self.step)

    def _keep_recent(self, keys: Integers) -> None:
        """Keep spikes that plastic synapses may still depend on."""
        each = [reach_of(made.dynamic, self.dt) for made in self._dynamic.values()]
        reach = max(each, default=0)
        if reach:
            recent = np.concatenate([self._recent, keys])
            self._recent = recent[step_of_key(recent) >= self.step - reach]

    def _fetch_poisson(self) -> None:
        super()._fetch_poisson()
        for block in [] if self.share_input else self.poisson_blocks:
            if (block.parameters["rate"] * self.dt > 1000.0 * LARGEST_PROBABILITY).any():
                raise EngineError(
                    f"rate = {block.parameters['rate'].max():g} Hz: Brian's Poisson sources spike "
                    f"at most once in a step of {self.dt:g} ms, too seldom for this rate; leave "
                    "share_input=True, or use more sources"
                )
            for name in ("rate", "start", "duration"):
                values = self._groups[POISSON_SOURCES].values(name)
                values[self._index[block.gids]] = block.parameters[name]

    # --- what may change -----------------------------------------------------------------------

    def _cells(self, block: CellBlock) -> slice:
        """Return where a block's cells are in the group of their model."""
        return slice(block.first_lid, block.first_lid + block.n_local)

    def _set_parameters(self, block: CellBlock) -> None:
        if not block.n_local:
            return
        refuse_no_exponential(block, "Brian")
        group, cells = self._groups[block.model], self._cells(block)
        if group.brian_group.method_choice in EXACT and is_singular(block.parameters):
            raise EngineError(
                "'tau_syn_E' or 'tau_syn_I' has come near 'tau_m', where the solution that Brian "
                "found is not exact enough; set them before the first run(), or after reset()"
            )
        if group.brian_group.method_choice == "rk4":
            self._check_time_constants(block)
        for name, values in MODELS[block.model].translate(block.parameters).items():
            if name not in ("tau_refrac", "i_offset"):
                group.values(brian_name(name))[cells] = values
        if "tau_refrac" in block.parameters:
            group.values("n_refractory")[cells] = refractory_steps(block.parameters, self.dt)
        self._set_current(block, self._currents.get(block, np.zeros(block.n_local)))

    def _check_time_constants(self, block: CellBlock) -> None:
        """Raise if something decays too fast for Brian's steps."""
        shortest = self.dt / LARGEST_DECAY
        for name, values in MODELS[block.model].translate(block.parameters).items():
            is_time = name.rpartition(".")[2].startswith("tau_") and name != "tau_refrac"
            if is_time and (values < shortest).any():
                raise EngineError(
                    f"{name} = {values.min():g} ms of {block.model.name}: with steps of "
                    f"{self.dt:g} ms Brian's Runge-Kutta method runs away below {shortest:.3g} ms; "
                    "make timestep shorter, or use the native engine"
                )

    def _set_state(self, block: CellBlock) -> None:
        for values, variable in zip(block.state, block.model.shared_state_names, strict=False):
            if block.n_local:
                self._groups[block.model].values(brian_name(variable))[self._cells(block)] = values

    def _set_current(self, block: CellBlock, total: Floats) -> None:
        if block.n_local:
            values = self._groups[block.model].values("i_in")
            values[self._cells(block)] = block.parameters["i_offset"] + total

    def _play_currents(self, changes: list[tuple[Course, Steps]]) -> None:
        """Keep what is to be set before which step, the last first."""
        each = [
            (step, course, amplitude)
            for course, steps in changes
            for step, amplitude in zip(steps.steps.tolist(), steps.amplitudes, strict=True)
        ]
        self._current_changes = sorted(each, key=itemgetter(0), reverse=True)

    def _set_probes(self, block: CellBlock) -> None:
        """Do nothing: each run looks anew what is to be recorded."""

    # --- running -------------------------------------------------------------------------------

    def _play(self, keys: Integers) -> None:
        # Brian hands on spikes a step later, so those of the last step are still to be sent
        waiting = self._keys[self._keys >= spike_key(self.step, 0)]
        self._keys = np.sort(np.concatenate([waiting, keys]))
        self._keep_recent(keys)

    def _make_steps(self, pieces: Iterator[int]) -> None:
        """Make all steps in one run of Brian's, since each takes long to begin."""
        self._pieces_left = pieces
        self._piece_end = next(pieces)
        self._spikes: list[Integers] = []
        self._samplers = list(self._make_samplers(self._end_of_run))
        self._last_planned = self._end_of_run
        self._pulls = list(self._make_pulls())
        self._runaway = ""
        self._advance(self._end_of_run)
        if self._runaway:
            raise EngineError(self._runaway)
        # Brian forgets who has spiked in the last step, which synapses have not seen yet
        for name, n_spiking in self._n_spiking.items():
            self._groups[name].values("_spikespace")[-1] = n_spiking
        # ends the last piece
        next(pieces, None)

    def _advance(self, end: int) -> None:
        # without a compiler, Brian writes out, at each call, what exprel() gives, for an error
        # message; printed whole, that takes longer than all else
        with np.printoptions(threshold=0, edgeitems=0):
            self._network.run((end - self.step) * self.dt * self.brian2.ms, namespace={})

    def _begin_step(self) -> None:
        """Begin the next piece where one has ended; Brian calls it before each step."""
        if self._now == self._piece_end:
            self._piece_end = next(self._pieces_left)
        while self._current_changes and self._current_changes[-1][0] == self._now:
            _, (block, positions, _), amplitude = self._current_changes.pop()
            values = self._groups[block.model].values("i_in")[self._cells(block)]
            values[positions] = block.parameters["i_offset"][positions] + amplitude
        if self._now + 1 == self._end_of_run < self._last_planned:
            # the step that begins is the last one of an interrupted run
            self._network.stop()

    def _send_sources(self) -> None:
        """Hand on the given spikes of the step before, a source's several ones, too."""
        bounds = spike_key(self._now, 0), spike_key(self._now + 1, 0)
        first, end = np.searchsorted(self._keys, bounds)
        if end > first:
            indices = self._index[gid_of_key(self._keys[first:end])].astype(np.int32)
            for pathway in self._source_pathways:
                pathway.queue.push(indices)
            if self._once_pathways and np.unique(indices).size < indices.size:
                self._refuse_several(self._once_pathways)

    def _refuse_several(self, pathways: list[Any]) -> None:
        """End the run if Brian's code in numpy would look at a synapse once, for two spikes."""
        if any(pathway.code_objects[-1].class_name == "numpy" for pathway in pathways):
            self._runaway = (
                f"a source has several spikes in the step at {self._now * self.dt:g} ms: without a "
                "C++ compiler Brian lets a synapse with variables see one of them; install one, "
                "lower the rate, make timestep shorter, or use the native engine"
            )
            self._network.stop()

    def _record(self) -> None:
        """Note who has spiked, and take the samples that are due; called after each step."""
        self._now += 1
        for name, group in self._groups.items():
            if name == GIVEN:
                continue
            spiking = group.values("_spikespace")
            self._n_spiking[name] = n_spiking = int(spiking[-1])
            if n_spiking:
                self._spikes.append(spike_key(self._now, group.gids[spiking[:n_spiking]]))
        for sampler in self._samplers:
            sampler.sample(self._now)
        for pull in self._pulls:
            conductance, cell = pull.strongest()
            if conductance > pull.largest[cell]:
                self._runaway = (
                    f"a cell of {pull.model} has a conductance of {conductance:g} uS at "
                    f"{self._now * self.dt:g} ms: with its capacitance and steps of {self.dt:g} ms "
                    f"Brian's Runge-Kutta method runs away above {pull.largest[cell]:.3g} uS; "
                    "lower the weights, make timestep shorter, or use the native engine"
                )
                self._network.stop()

    def _make_pulls(self) -> Iterator["Pull"]:
        for model in self._gids_of:
            conductances = MODELS[model].conductances
            if model in self._groups and conductances:
                group = self._groups[model]
                values = [(group.values(variable), unit) for variable, unit in conductances]
                decay = LARGEST_DECAY / self.dt - 1.0 / group.values("tau_m")
                yield Pull(model.name, values, decay * group.values("capacitance"))

    def _make_samplers(self, last_step: int) -> Iterator["Sampler"]:
        for block in self.cell_blocks:
            for probes in block.probes:
                n_due = len(range(probes.next_step, last_step + 1, probes.interval))
                rows = np.full((n_due, probes.positions.size), np.nan)
                if probes.positions.size:
                    values = self._values_of(block, probes)
                    yield Sampler(probes, values, rows)

    def _values_of(self, block: CellBlock, probes: ProbeSet) -> Floats:
        """Return Brian's array of what is sampled of a block's cells."""
        variable = block.model.state_names[probes.state_row]
        return self._groups[block.model].values(brian_name(variable))[self._cells(block)]

    def _look(self, block: CellBlock, probes: ProbeSet) -> Floats:
        return self._values_of(block, probes)[probes.positions]

    def _collect(self, first: int) -> None:
        keys = np.concatenate([np.zeros(0, np.int64), *self._spikes])
        self.take_spikes(step_of_key(keys), gid_of_key(keys))
        self._keep_recent(keys)
        for sampler in self._samplers:
            self.take_samples(sampler.probes, sampler.rows_until(self.step))
        for block in self.cell_blocks:
            for values, variable in zip(block.state, block.model.shared_state_names, strict=False):
                if block.n_local:
                    values[:] = self._groups[block.model].values(brian_name(variable))[
                        self._cells(block)
                    ]


def _group_name(model: CellModel) -> str:
    """Return the name of a model's group in Brian, which takes letters, digits and '_'."""
    return re.sub(r"\W+", "_", model.name).strip("_")


class Sampler(NamedTuple):
    """What one set of probes gives in a run.

    Attributes
    ----------
    probes : ProbeSet
    values : ndarray of float64, shape (n_local,)
        A view of Brian's array.
    rows : ndarray of float64, shape (n_due, n_positions)
        Filled step by step.
    """

    probes: ProbeSet
    values: Floats
    rows: Floats

    def sample(self, step: int) -> None:
        """Take the sample of a step, if one is due."""
        row, rest = divmod(step - self.probes.next_step, self.probes.interval)
        if rest == 0 and row >= 0:
            self.rows[row] = self.values[self.probes.positions]

    def rows_until(self, step: int) -> Floats:
        """Return the samples of the steps up to one."""
        n_due = len(range(self.probes.next_step, step + 1, self.probes.interval))
        return self.rows[:n_due]


class Pull(NamedTuple):
    """The conductances of the cells of a model, and the largest that Brian's method can follow.

    Attributes
    ----------
    model : str
        Its name.
    values : list of (ndarray of float64, float)
        Views of Brian's arrays, and 1 of them in uS.
    largest : ndarray of float64, shape (n,)
        [uS]
    """

    model: str
    values: list[tuple[Floats, float]]
    largest: Floats

    def strongest(self) -> tuple[float, int]:
        """Return the conductance [uS] of the cell with the least left, and its index."""
        total = np.sum([unit * values for values, unit in self.values], axis=0)
        cell = int(np.argmax(total - self.largest))
        return float(total[cell]), cell


def _sorted_gids(blocks: Sequence[SourceBlock]) -> Integers:
    """Return the gids of all blocks, ascending."""
    return np.sort(np.concatenate([np.zeros(0, np.int64), *(block.gids for block in blocks)]))


def import_brian2(comm: Any) -> Any:
    """Return Brian 2; every rank must call it.

    Raises
    ------
    EngineError
        If it is not installed, or there are several ranks.
    """
    refuse_ranks(comm, "brian2", "Brian 2")
    hook, handler = sys.excepthook, signal.getsignal(signal.SIGINT)
    try:
        import brian2
    except ImportError as error:
        raise EngineError(
            f"engine 'brian2' needs Brian 2, which cannot be imported ({error}); "
            "`pip install 'distsim[brian2]'`"
        ) from error
    # Brian's own would take any error of the user's script for one of Brian's, and fail at Ctrl-C
    # where SIGINT was ignored, as behind nohup; `interrupts` sees to runs
    sys.excepthook = hook
    if threading.current_thread() is threading.main_thread() and handler is not None:
        signal.signal(signal.SIGINT, handler)
    return brian2


def _tell_if_compiling(brian2: Any) -> None:
    """Write to the log that Brian compiles code, where it does."""
    target = brian2.prefs.codegen.target
    if target == "cython" or (target == "auto" and auto_target() == "cython"):
        logger.info(
            "Brian 2 compiles what of this network it has not compiled before, half a minute and "
            "more for a model; brian2.prefs.codegen.target = 'numpy' before setup() does without"
        )


def auto_target() -> str:
    """Return what Brian makes of code where nobody has chosen: 'cython' or 'numpy'."""
    # not `brian2.devices.device`, which is an object of the module's name
    return str(import_module("brian2.devices.device").auto_target().class_name)
