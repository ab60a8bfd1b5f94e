"""Functions for setting up and controlling a simulation."""

import logging
import os
from collections.abc import Callable
from functools import wraps
from typing import Any

from pyNN import common

from distsim.compiled import tell
from distsim.engines.registry import VARIABLE, chosen_engine
from distsim.errors import SetupError
from distsim.io.accounts import account_lines
from distsim.io.tables import table
from distsim.pynn import simulator
from distsim.pynn.calls import collective
from distsim.pynn.checkpoints import begin_checkpoints
from distsim.pynn.gather import Audience
from distsim.pynn.keeping import keep_run
from distsim.pynn.notices import notice
from distsim.pynn.provenance import collected, known_here
from distsim.pynn.running import run, run_until
from distsim.pynn.setup_extras import LEVELS, translated
from distsim.pynn.setup_options import Setup
from distsim.pynn.simulator import state
from distsim.pynn.streaming import leave, write_files

__all__ = [
    "end",
    "get_current_time",
    "get_max_delay",
    "get_min_delay",
    "get_time_step",
    "initialize",
    "num_processes",
    "rank",
    "reset",
    "run",
    "run_for",
    "run_until",
    "setup",
    "setup_on",
]

logger = logging.getLogger(__name__)


@collective("progress", "log", *LEVELS)
def setup(
    timestep: float = 0.1,
    min_delay: float | str = "auto",
    max_delay: float | str = "auto",
    **options: Any,
) -> int:
    """Begin a new simulation; what was there before is gone. Every rank must call it.

    Parameters
    ----------
    timestep : float
        Resolution [ms].
    min_delay, max_delay : float or 'auto'
        Bounds of all delays [ms]; a delay outside is an error. 'auto': found from the connections.
    **options
        `seed`, `partition`, `exchange`, `engine`, `threads`, `coreneuron`, `share_input`,
        `recording_memory`, `compression`, `overwrite`, `checkpoint`, `checkpoint_every`,
        `progress`, `summary`, `log`: see `distsim.pynn.setup_options.Setup`. Those of PyNN's other
        back ends are taken, too: `rng_seed` and its like for `seed`; `verbosity`, `debug`,
        `loglevel` for `log`; one `PortabilityWarning` says what is done instead of what has no
        meaning here.

    Returns
    -------
    int
        The rank of this process.

    Raises
    ------
    SetupError
        If an option is unknown or its value cannot be; or within a callback of a run.
    PartitionError
        If a partition is.
    LauncherError
        If MPI cannot be loaded, or the ranks came up apart from each other.
    """
    _refuse_within_callback("setup")
    options, notes = translated(options)
    given = Setup.checked(timestep=timestep, min_delay=min_delay, max_delay=max_delay, **options)
    state.passage.begins(given.engine)
    leave()
    state.start(given)
    _tell_of_another_engine(given.engine)
    begin_checkpoints()
    tell(is_first=rank() == 0)
    if notes:
        notice("setup(): " + ". ".join(notes))
    return rank()


def _tell_of_another_engine(engine: str) -> None:
    """Write to the log that the script's engine is not that of the command or environment."""
    asked = chosen_engine()
    if VARIABLE in os.environ and asked != engine and state.rank == 0:
        logger.warning(
            "engine '%s' runs, which the script names, not '%s' of %s (`distsim run --engine`); "
            "a script that says `import distsim as sim` and setup() without engine=... takes any",
            *(engine, asked, VARIABLE),
        )


def setup_on(engine: str) -> Callable[..., int]:
    """Return the `setup()` of the module of an engine, which no option of it can change."""

    @wraps(setup)
    def setup_here(*times: Any, **options: Any) -> int:
        given = options.setdefault("engine", engine)
        if given != engine:
            raise SetupError(
                f"engine = {given!r} in setup() of 'distsim.{engine}', which is engine '{engine}'; "
                "leave the option out, or `import distsim as sim`"
            )
        return setup(*times, **options)

    return setup_here


@collective()
def end(compatible_output: bool = True) -> None:
    """Write the files named in ``record(..., to_file=...)`` and log one line about the run.

    With ``setup(summary=True)`` a table follows: what each rank did, and spent its time on. Every
    rank must call it.
    """
    if state.passage.ends():
        return
    write_files()
    keep_run()
    summary = state.summary()
    if state.setup.summary:
        accounts = collected(known_here(), Audience.FIRST).ranks
        summary = "\n".join([summary, *table(account_lines(accounts))])
    if state.rank == 0:
        logger.info(summary)


@collective("annotations")
def reset(annotations: dict[str, Any] | None = None) -> None:
    """Go back to time 0 and the initial values, and begin a new segment of recorded data.

    Network, parameters and what is recorded stay. Poisson sources go on with new spikes.

    Parameters
    ----------
    annotations : dict, optional
        Of the segment that ends.

    Raises
    ------
    SetupError
        Within a callback of a run, which could not come to its end.
    """
    _refuse_within_callback("reset")
    for recorder in state.recorders:
        recorder.store_to_cache(annotations)
    state.reset()
    for population in state.populations:
        population.restore_initial()


def _refuse_within_callback(name: str) -> None:
    if state.passage.is_within_callback:
        raise SetupError(
            f"{name}() within a callback of a run, which goes on to the time that it was asked "
            f"for; call {name}() when the run has returned"
        )


run_for = run

initialize = common.initialize

(
    get_current_time,
    get_time_step,
    get_min_delay,
    get_max_delay,
    num_processes,
    rank,
) = common.build_state_queries(simulator)
