"""What `setup()` may be told."""

import dataclasses
import inspect
import logging
import math
import os
from typing import Any

import numpy as np

from distsim.engines.registry import OPTIONS, chosen_engine, engine_entry
from distsim.errors import PartitionError, SetupError, did_you_mean
from distsim.partitioning.placement import PlacementFunction, place
from distsim.pynn.setup_extras import EXTRAS, LEVELS, SEEDS, checked_seed
from distsim.pynn.triggers import EVERY_VARIABLE, PATH_VARIABLE, Plan

__all__ = ["Setup"]


@dataclasses.dataclass(frozen=True)
class Setup:
    """What `setup()` was told.

    Attributes
    ----------
    timestep : float
        Resolution dt [ms].
    min_delay, max_delay : float or 'auto'
        Bounds of all delays [ms]; 'auto': found from the connections.
    seed : int
        All random numbers that have no `rng` of their own depend on it.
    partition : str or callable
        'block' (default): a contiguous block of each population for each rank; 'round_robin':
        cells dealt to the ranks in turn; or a function ``f(first_gid, n_cells, n_ranks)`` that
        returns the rank of each cell of a population.
    engine : str
        'native', or another simulator: see `distsim.engines`. Default: the environment's
        DISTSIM_ENGINE, else 'native'.
    engine_options : dict
        What that engine is told beyond time step, seed and delays; those of all engines are

        - `exchange`, of 'native': 'allgather', 'directed', how ranks exchange spikes: all to all,
          or each only to ranks with targets; or 'auto' (default), what is estimated to take less
          time;
        - `threads`, of 'nest': threads of each process (1);
        - `coreneuron`, of 'neuron': whether CoreNEURON makes the steps (False);
        - `share_input`, of all but 'native': whether Poisson sources spike as on the native engine
          (True), else by the simulator's own generators.
    recording_memory : float
        Memory of each rank for what is recorded [MiB]; what is beyond it waits in files.
    compression : str or None
        'gzip': spikes and samples in distsim's own files are compressed; None (default): they are
        not.
    overwrite : bool
        Whether a file of recordings replaces one of its name (True), as with PyNN's other back
        ends, or is refused.
    checkpoint : str or path-like, optional
        File to which checkpoints of a run are written, on the native engine: on SIGUSR1; on SIGUSR2
        or SIGTERM, which then end the job with status 75; and when a file of that name with
        ``.now`` behind it appears. Default: the environment's DISTSIM_CHECKPOINT.
    checkpoint_every : float or str, optional
        How often it is written, too: in ms of the simulation's time, or ``'10 min'`` and the like
        of the clock on the wall. Default: the environment's DISTSIM_CHECKPOINT_EVERY.
    progress : bool or None
        Show progress bars on rank 0; None: in a terminal or a notebook, of what takes longer.
    summary : bool
        Whether `end()` logs a table of what each rank did, and spent its time on.
    log : bool or str
        Whether rank 0 writes log messages to stderr, or from which level on.
    """

    timestep: float = 0.1
    min_delay: float | str = "auto"
    max_delay: float | str = "auto"
    seed: int = 1
    partition: str | PlacementFunction = "block"
    engine: str = dataclasses.field(default_factory=chosen_engine)
    engine_options: dict[str, Any] = dataclasses.field(default_factory=dict)
    recording_memory: float = 64.0
    compression: str | None = None
    overwrite: bool = True
    checkpoint: Any = dataclasses.field(default_factory=lambda: os.environ.get(PATH_VARIABLE))
    checkpoint_every: Any = dataclasses.field(
        default_factory=lambda: os.environ.get(EVERY_VARIABLE)
    )
    progress: bool | None = None
    summary: bool = False
    log: bool | str = True

    @classmethod
    def checked(cls, **options: Any) -> "Setup":
        """Return the options, checked.

        Raises
        ------
        SetupError
            If an option is unknown or its value cannot be.
        PartitionError
            If a partition is.
        """
        known = [f.name for f in dataclasses.fields(cls) if f.name != "engine_options"]
        known += OPTIONS
        synonyms = {"dt": "timestep", "time_step": "timestep"}
        for key in options:
            if key not in known:
                hint = f"did you mean '{synonyms[key]}'?" if key in synonyms else ""
                raise SetupError(
                    f"unknown option '{key}' of setup(); "
                    f"{hint or did_you_mean(key, [*known, *SEEDS, *LEVELS, *EXTRAS])}"
                )
        for_engine = {key: options.pop(key) for key in OPTIONS if key in options}
        setup = cls(**options)
        setup._check_times()
        memory = setup.recording_memory
        if not (_is_number(memory) and memory > 0):
            raise SetupError(f"recording_memory = {memory!r} MiB; it must be a number above 0")
        if setup.compression not in (None, "gzip"):
            raise SetupError(f"compression = {setup.compression!r}; it must be 'gzip' or None")
        setup._check_switches()
        setup._check_partition()
        checked_seed(setup.seed)
        setup.plan  # noqa: B018 - raises
        entry = engine_entry(setup.engine)
        return dataclasses.replace(setup, engine_options=entry.checked_options(for_engine, OPTIONS))

    @property
    def plan(self) -> Plan:
        """Where checkpoints go, and how often."""
        return Plan.of(self.checkpoint, self.checkpoint_every)

    def _check_switches(self) -> None:
        for option in ("overwrite", "summary", "progress"):
            value = getattr(self, option)
            if not (isinstance(value, bool) or (option == "progress" and value is None)):
                either = "True, False or None" if option == "progress" else "True or False"
                raise SetupError(f"{option} = {value!r}; it must be {either}")
        is_level = isinstance(self.log, str) and self.log in logging.getLevelNamesMapping()
        if not (isinstance(self.log, bool) or is_level):
            raise SetupError(
                f"log = {self.log!r}; it must be True, False, or a level of `logging`, such as "
                "'WARNING'"
            )

    def _check_partition(self) -> None:
        if not callable(self.partition):
            # raises where the word is unknown
            place(self.partition, first_gid=0, n_cells=0, n_ranks=1, ordinal=0)
            return
        try:
            inspect.signature(self.partition).bind(0, 0, 1)
        except TypeError as error:
            raise PartitionError(
                f"partition = {self.partition!r} cannot be called as partition(first_gid, "
                f"n_cells, n_ranks): {error}; give a function of these three"
            ) from error
        except ValueError:
            # what is built in may not tell what it takes
            return

    def _check_times(self) -> None:
        dt, low, high = self.timestep, self.min_delay, self.max_delay
        if not (_is_number(dt) and dt > 0):
            raise SetupError(f"timestep = {dt!r} ms; it must be a number above 0")
        for option, delay in (("min_delay", low), ("max_delay", high)):
            if delay == "auto":
                continue
            if isinstance(delay, str) or not _is_number(delay):
                raise SetupError(f"{option} = {delay!r}; give a time in ms, or 'auto'")
            if delay < dt * (1 - 1e-9):
                raise SetupError(f"{option} = {delay:g} ms is shorter than timestep = {dt:g} ms")
        if not isinstance(low, str) and not isinstance(high, str) and low > high:
            raise SetupError(f"min_delay = {low:g} ms is longer than max_delay = {high:g} ms")


def _is_number(value: Any) -> bool:
    is_real = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return is_real and math.isfinite(value)
