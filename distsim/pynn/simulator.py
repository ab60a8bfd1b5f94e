"""The state of the simulation as PyNN's common code sees it."""

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy as np
from pyNN import common, errors

from distsim.comm.agreement import together
from distsim.comm.log import configure_log
from distsim.comm.world import world
from distsim.engines.base import Engine
from distsim.engines.registry import engine_entry
from distsim.errors import ParameterError, SetupError
from distsim.interrupts import InterruptedBuildError, Interrupts
from distsim.kernels.spike_keys import GID_BITS, LAST_STEP
from distsim.lockstep import lockstep
from distsim.network.spool import Spool
from distsim.partitioning.placement import Placement, place
from distsim.partitioning.streams import Purpose, Stream
from distsim.progress import progress_bar
from distsim.pynn.described import describe
from distsim.pynn.fingerprint import note_births
from distsim.pynn.place import Place
from distsim.pynn.projection_errors import as_pynns_error
from distsim.pynn.random_numbers import compile_draws, refuse_single_draw
from distsim.pynn.script import script_facts
from distsim.pynn.setup_options import Setup
from distsim.pynn.triggers import Triggers

__all__ = ["ID", "State", "name", "state"]

name = "distsim"
logger = logging.getLogger(__name__)

# gids are numbers of 32 bits in streams and sorted spikes
MAX_CELLS = 2**GID_BITS


class ID(int, common.IDMixin):
    """A cell: its gid, with the population that it belongs to.

    Made when a population is indexed; no rank keeps such objects for its cells.
    """

    def __init__(self, n: int) -> None:
        common.IDMixin.__init__(self)

    def __getattr__(self, name: str) -> Any:
        if name == "parent":
            raise AttributeError(f"cell {int(self)} was read from a pickle and has no population")
        if name.startswith("_"):
            raise AttributeError(name)
        if name != "set":
            self.parent.celltype.check_attribute(name)
        return super().__getattr__(name)

    def __reduce__(self) -> Any:
        # without the population, and with it the whole network
        return type(self), (int(self),)

    def __copy__(self) -> "ID":
        return self

    def __deepcopy__(self, memo: Any) -> "ID":
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        # this object is soon gone, and with it an attribute that is no parameter
        if name != "parent" and not hasattr(type(self), name):
            self.celltype.check_attribute(name)
        super().__setattr__(name, value)

    def set_parameters(self, **parameters: Any) -> None:
        """Set parameters of the cell, on the rank that owns it; elsewhere nothing is set."""
        for name, value in parameters.items():
            refuse_single_draw(name, value, state.n_ranks, "set")
        self.as_view().set(**parameters)

    def get_parameters(self) -> dict[str, Any]:
        """Return all parameters of the cell.

        Raises
        ------
        NotLocalError
            If another rank owns the cell.
        """
        self._check_local("parameters", "get(..., gather=True)")
        values: dict[str, Any] = super().get_parameters()
        return values

    def get_initial_value(self, variable: str) -> float:
        """Return the initial value of a state variable of the cell.

        Raises
        ------
        NotLocalError
            If another rank owns the cell.
        """
        self._check_local(f"the initial value of {variable}", "initial_values, of its own cells,")
        return float(super().get_initial_value(variable))

    def set_initial_value(self, variable: str, value: Any) -> None:
        """Set the initial value of a state variable of the cell, on the rank that owns it."""
        refuse_single_draw(variable, value, state.n_ranks, "initialize")
        super().set_initial_value(variable, value)

    def _check_local(self, what: str, instead: str) -> None:
        if not self.local:
            raise errors.NotLocalError(
                f"{what} of cell {int(self)} cannot be read here: another rank than this one, "
                f"{state.rank}, owns it. Ask `if cell.local` before, or call {instead} of "
                f"'{self.parent.label}' on every rank"
            )


class State(common.control.BaseState):
    """The simulation of this process, between `setup()` and the next `setup()`."""

    def __init__(self) -> None:
        super().__init__()
        self.setup: Setup = Setup()
        self._simulation: Engine | None = None
        self._is_one_process = False
        self._n_sources = 0
        # what Python remembers of warnings, over all networks
        self.warnings: dict[Any, Any] = {}
        self.passage = Place()
        self.triggers = Triggers()
        # whether a setup() has looked for the checkpoint from which the script resumes
        self.has_resumed = False
        self._clear()

    def _clear(self) -> None:
        # nothing but itself: what is of this network holds it, too
        self.network = object()
        self.recorders: list[Any] = []
        self.spool = Spool(int(self.setup.recording_memory * 2**20))
        self.write_on_end: list[Any] = []
        # in the order in which `record(to_file=...)` named them
        self.file_numbers: dict[str | int, int] = {}
        self.running = False
        self._asked = Fraction(0)
        self.populations: list[Any] = []
        self.projections: list[Any] = []
        # what samples values of connections
        self.synapse_recorders: list[Any] = []
        self.n_populations = 0
        self.n_projections = 0
        self._n_samples = 0
        # what users were warned of
        self.notices: set[str] = set()
        # sources of noise: into each single cell, and into several
        self._n_noises: dict[int | None, int] = {}
        self.current_sources: list[Any] = []
        self._n_keys: dict[int | None, int] = {}

    def start(self, setup: Setup) -> None:
        """Begin a new, empty simulation; every rank must call it."""
        comm = world()
        if setup.log:
            level = setup.log if isinstance(setup.log, str) else logging.INFO
            configure_log(comm.Get_rank(), level)
        # a record of a current knows nothing of the network
        last = next((each.last for each in self.recorders if hasattr(each, "last")), None)
        for recorder in self.recorders:
            recorder.close(last)
        self.setup = setup
        self._clear()
        low = None if isinstance(setup.min_delay, str) else float(setup.min_delay)
        high = None if isinstance(setup.max_delay, str) else float(setup.max_delay)
        if self._simulation is not None:
            self._simulation.close()
            self._simulation = None
        make = engine_entry(setup.engine).load()
        with together(comm):
            self._simulation = make(
                comm, float(setup.timestep), int(setup.seed), low, high, **setup.engine_options
            )
        self.started = time.perf_counter()
        compile_draws(comm)
        self.script = script_facts() if comm.Get_rank() == 0 else {}

    @property
    def is_set_up(self) -> bool:
        """Whether `setup()` was called."""
        return self._simulation is not None

    @property
    def simulation(self) -> Engine:
        """The engine.

        Raises
        ------
        SetupError
            If `setup()` was not called.
        """
        if self._simulation is None:
            raise SetupError("there is no simulation yet; call setup() first")
        return self._simulation

    # --- what PyNN's common code asks for ------------------------------------------------------

    @property
    def t(self) -> float:
        """Present time [ms]."""
        return self.time_of(self.simulation.step)

    @property
    def dt(self) -> float:
        """Resolution [ms]."""
        return self.simulation.dt

    @property
    def min_delay(self) -> float:
        """Smallest delay: as given to `setup()`, else of the connections built, else dt [ms].

        What was given is rounded up to a multiple of dt.
        """
        given = self.setup.min_delay
        if isinstance(given, str):
            return self.time_of(self.simulation.min_delay_steps or 1)
        return self.time_of(math.ceil(given / self.dt - 1e-6))

    @property
    def max_delay(self) -> float:
        """Largest delay: as given to `setup()`, else of the connections built, else dt [ms]."""
        steps = self.simulation.max_delay_steps or 1
        given = self.setup.max_delay
        return self.time_of(steps) if isinstance(given, str) else given

    @property
    def mpi_rank(self) -> int:
        """Rank of this process."""
        return 0 if self._is_one_process else self.rank

    @property
    def num_processes(self) -> int:
        """Number of ranks."""
        return 1 if self._is_one_process else self.n_ranks

    @property
    def rank(self) -> int:
        """Rank of this process, whatever PyNN's code is made to believe."""
        return lockstep().rank

    @property
    def n_ranks(self) -> int:
        """Number of ranks, whatever PyNN's code is made to believe."""
        return lockstep().n_ranks

    @property
    def segment_counter(self) -> int:
        """Number of the present segment."""
        return self.simulation.segment

    @contextmanager
    def as_one_process(self) -> Iterator[None]:
        """Make PyNN's own connectors believe that this is the only process.

        They then draw what they draw in a serial run, on every rank alike.
        """
        self._is_one_process = True
        try:
            yield
        finally:
            self._is_one_process = False

    @contextmanager
    def together(self) -> Iterator[None]:
        """Raise an error of any rank on every rank; every rank must enter and leave."""
        with together(self.simulation.comm):
            yield

    @property
    def is_one_process(self) -> bool:
        """Whether PyNN's code is made to believe that this is the only process."""
        return self._is_one_process

    def check_present(self, network: object, what: str) -> None:
        """Raise if something is not of the present network.

        Parameters
        ----------
        network : object
            What `network` was when it was made.
        what : str
            Kind and label, for the error.

        Raises
        ------
        SetupError
        """
        if network is not self.network:
            raise SetupError(
                f"{what} is of a network that setup() has ended; make it anew after setup(). What "
                "was recorded from that network can still be read"
            )

    # --- time and numbers ----------------------------------------------------------------------

    def time_of(self, step: int) -> float:
        """Return the time of a step [ms]."""
        return round(step * self.dt, 9)

    def step_of(self, t: float) -> int:
        """Return the step nearest to a time [ms]."""
        return round(t / self.dt)

    def place(self, size: int) -> tuple[int, Placement]:
        """Return the first gid and the placement of a new population."""
        simulation = self.simulation
        first_gid = simulation.partition.n_cells
        if first_gid + size > MAX_CELLS:
            raise ParameterError(
                f"a population of {size} cells after {first_gid} others: a network can have at "
                f"most {MAX_CELLS} cells",
                size=size,
            )
        partition = getattr(simulation, "placement", lambda: self.setup.partition)()
        placement = place(partition, first_gid, size, self.n_ranks, self.n_populations)
        simulation.partition = simulation.partition.with_population(placement)
        self.n_populations += 1
        if callable(partition):
            owners = describe(placement.rank_of(np.arange(size)))
            lockstep().note("partition", "", {"ranks of the cells": owners})
        return first_gid, placement

    def stream(
        self,
        purpose: Purpose,
        object_id: int,
        variant: int = 0,
        revision: int = 0,
        seed: Any = None,
    ) -> Stream:
        """Return a stream of this simulation's seed, or of another."""
        seed = self.simulation.seed if seed is None else int(seed)
        return Stream.of(seed, purpose, object_id, variant, revision)

    def next_sample_number(self) -> int:
        """Return the number of a sample of cells, which every rank must take."""
        self._n_samples += 1
        return self._n_samples

    def next_source_number(self) -> int:
        """Return the number of a current source, larger than those made before on this rank."""
        self._n_sources += 1
        return self._n_sources

    def noise_address(self, gid: int | None, is_counted: bool = True) -> tuple[Stream, int]:
        """Return the stream of a source of noise, and the gid whose sequence it takes.

        Parameters
        ----------
        gid : int or None
            Of the single cell that it flows into. None: into several; every rank must ask.
        is_counted : bool
            Whether the next one gets another.
        """
        n = self._n_noises.get(gid, 0)
        self._n_noises[gid] = n + is_counted
        stream = self.stream(Purpose.NOISE, n, variant=int(gid is None))
        return stream, 0 if gid is None else gid

    @property
    def n_samples(self) -> int:
        """How many samples of cells were taken."""
        return self._n_samples

    @property
    def n_shared_noises(self) -> int:
        """How many sources of noise flow into several cells."""
        return self._n_noises.get(None, 0)

    def lay_in(self, running: bool, asked: Fraction, n_samples: int, n_shared_noises: int) -> None:
        """Be where a snapshot was made, apart from what the engine knows."""
        self.running, self._asked, self._n_samples = running, asked, n_samples
        self._n_noises[None] = n_shared_noises

    def source_key(self, gid: int | None) -> str:
        """Return what a current source is known by that begins to flow into a cell, or several."""
        n = self._n_keys[gid] = self._n_keys.get(gid, 0) + 1
        return f"{n} of several cells" if gid is None else f"{n} of cell {gid}"

    # --- running -------------------------------------------------------------------------------

    @property
    def asked(self) -> Fraction:
        """The sum of the times asked for, off the grid too; after an interrupt, `t` [ms]."""
        if self.step_of(float(self._asked)) != self.simulation.step:
            return Fraction(self.t)
        return self._asked

    @asked.setter
    def asked(self, time: Fraction) -> None:
        self._asked = time

    def last_step(self, t: float) -> int:
        """Return the step at which a run until `t` [ms] ends.

        Raises
        ------
        ParameterError
            If there is no such step.
        """
        step = self.step_of(t)
        if step > LAST_STEP:
            raise ParameterError(
                f"a run until t = {t:.12g} ms has {step} steps of {self.dt:g} ms; from setup() or "
                f"reset() on there can be {LAST_STEP}, until {self.time_of(LAST_STEP):.12g} ms: "
                "run for a shorter time, raise the timestep, or call reset() on the way",
                t=t,
            )
        return step

    def build(self) -> None:
        """Build what was described; every rank must call it."""
        with Interrupts() as interrupts:
            self.build_under(interrupts)

    def build_under(self, interrupts: Interrupts) -> None:
        """Build; after an interrupt, and if it lets us go on, begin to build anew."""
        if self.passage.describes_only:
            return
        simulation = self.simulation
        if simulation.has_snapshots:
            note_births(self)

        def report(n: float) -> None:
            bar(n)
            if interrupts.is_noted and simulation.is_build_repeatable:
                raise InterruptedBuildError("the network is not built yet")

        is_built = False
        while not is_built:
            try:
                with as_pynns_error():
                    n_expected = self._n_expected_synapses()
                    with self.bar("build", n_expected, "synapse") as bar:
                        simulation.prepare(report)
                is_built = True
            except InterruptedBuildError:
                interrupts.happen(simulation.any_rank)

    def _n_expected_synapses(self) -> int | None:
        """Return how many synapses this rank is to have, if all rules tell."""
        spiking = (p for p in self.projections if not p.pathway.synapse.is_electrical)
        each = [projection.n_told for projection in spiking]
        return None if None in each else round(sum(each))

    def bar(self, label: str, total: int | None, unit: str) -> Any:
        """Show a progress bar on rank 0 where it is wanted; see `progress_bar`."""
        return progress_bar(label, total, unit, self.setup.progress if self.rank == 0 else False)

    def reset(self) -> None:
        """Go back to time 0 of a new segment."""
        self.simulation.reset()
        self.asked = Fraction(0)
        for recorder in self.synapse_recorders:
            recorder.begin_segment()
        self.running = False

    def summary(self) -> str:
        """Return one line about the simulation; every rank must call it."""
        simulation = self.simulation
        mine = np.array(
            [
                simulation.n_synapses,
                simulation.counters["spikes"],
            ],
            np.int64,
        )
        everyone = np.empty((self.n_ranks, 2), np.int64)
        simulation.comm.Allgather(mine, everyone)
        n_synapses, n_spikes = everyone.sum(axis=0)
        seconds = simulation.seconds
        simulated = simulation.counters["steps"] * self.dt / 1000.0
        factor = f"{seconds['run'] / simulated:.3g}" if simulated else "-"
        return (
            f"{simulation.partition.n_cells} cells, {n_synapses} synapses, {n_spikes} spikes "
            f"(Poisson sources not counted), {self.n_ranks} ranks, "
            f"wall time {time.perf_counter() - self.started:.2f} s "
            f"(build {seconds['build']:.2f} s, run {seconds['run']:.2f} s), "
            f"real-time factor {factor}"
        )


state = State()
