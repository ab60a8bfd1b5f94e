"""Checkpoints: snapshots that a script, a signal or a clock asks for, and how a script resumes."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from distsim.comm.world import world
from distsim.errors import (
    FileFormatError,
    FileWriteError,
    NotAvailableError,
    SetupError,
    SnapshotError,
)
from distsim.interrupts import Interrupts
from distsim.io.snapshot_file import previous, recover
from distsim.io.snapshots import opened
from distsim.pynn.calls import collective
from distsim.pynn.place import CALL, RUN
from distsim.pynn.recorded_snapshot import bytes_of_recorder
from distsim.pynn.setup_extras import checked_seed
from distsim.pynn.simulator import state
from distsim.pynn.snapshot import read_snapshot, write_snapshot
from distsim.pynn.triggers import RESUME_VARIABLE, STOPPED, STOPPED_WITHOUT, Wishes

__all__ = ["act", "begin_checkpoints", "checkpoint", "is_resuming", "restore", "resume_run"]

logger = logging.getLogger(__name__)

# of what was recorded, in a checkpoint that is written again and again [bytes]
LARGE_BYTES = 2**28


@collective("path")
def checkpoint(path: str | os.PathLike[str]) -> None:
    """Write all that the simulation needs to go on, bit for bit, to one file.

    The file appears under its name when it is whole and on the disk; an older one of that name is
    kept as ``<name>.previous``. Every rank must call it, between two runs.

    Parameters
    ----------
    path : str or path-like

    Raises
    ------
    FileWriteError
        If the file cannot be written; an older one keeps its name.
    SnapshotError
        If it is called by a callback of a run; ``setup(checkpoint_every=...)`` does not stop it.
    NotAvailableError
        On other engines than 'native'.
    KeyboardInterrupt
        At SIGINT, on every rank, when the file is whole.
    """
    place = state.passage
    if place.is_within_callback:
        raise SnapshotError(
            "checkpoint() within a callback, where others may be still to be called; call it "
            "between two runs, or let setup(checkpoint=..., checkpoint_every=...) do it"
        )
    place.n_calls += 1
    if place.is_passing:
        if place.is_at(CALL):
            _arrive()
        return
    with Interrupts() as interrupts:
        write_snapshot(Path(path), place.position(CALL))
        if state.simulation.any_rank(interrupts.is_noted)[0]:
            interrupts.happen(state.simulation.any_rank)


@collective("path")
def restore(path: str | os.PathLike[str], seed: int | None = None) -> None:
    """Go on from a checkpoint, when the same network is described as before its first run.

    On any number of ranks, and any partition, what follows is the same to the bit as if the
    simulation had never ended. Cells, connections and currents are as they were, whatever was set
    of them between two runs. Every rank must call it.

    Parameters
    ----------
    path : str or path-like
    seed : int, optional
        From here on random numbers are drawn of this seed: spikes of sources, noise, what
        stochastic cells and synapses do, values that are set later. One warm-up so has many
        branches.

    Raises
    ------
    SnapshotError
        If there is none, or it is of another network; the message says what differs.
    FileFormatError
        If the file is no checkpoint, of another format, cut short or altered.
    """
    if state.passage.describes_only:
        return
    _restored(Path(path))
    if seed is not None:
        checked_seed(seed)
        fork(int(seed))


def fork(seed: int) -> None:
    """Draw random numbers of another seed from now on; every rank must call it."""
    state.simulation.fork(seed)
    for source in state.current_sources:
        source.draw_from(seed)


def is_resuming() -> bool:
    """Return whether a script that resumes has not come to its checkpoint yet.

    Its runs are passed over till then, so that nothing can be read of what they have simulated.
    """
    return state.passage.is_passing


def begin_checkpoints() -> None:
    """Do what `setup()` was told of checkpoints; every rank must call it."""
    plan = state.setup.plan
    state.triggers.begin(plan, state.rank == 0)
    if plan.path is not None and not state.simulation.has_snapshots:
        raise NotAvailableError(
            f"engine '{state.setup.engine}' makes no checkpoints; engine 'native' does"
        )
    if not os.environ.get(RESUME_VARIABLE) or state.has_resumed:
        return
    try:
        _begin_to_resume(plan.path)
    except (SetupError, SnapshotError, FileFormatError) as error:
        # the command line is wrong, and not the script, whose lines a traceback would show
        raise SystemExit(f"distsim: {error}" if state.rank == 0 else 1) from None


def _begin_to_resume(path: Path | None) -> None:
    """Read where in the script its checkpoint was made, if there is one."""
    if path is None:
        raise SetupError(
            "this run is to resume, and no checkpoint is named: `distsim run --resume --checkpoint "
            "FILE`, or setup(checkpoint=...)"
        )
    state.has_resumed = True
    with state.together():
        if state.rank == 0 and recover(path):
            logger.warning("'%s' is not there: going on from the one before it", path)
    if world().bcast(path.exists()):
        with opened(world(), path) as source:
            state.passage.pass_to(source.note("position"))
    elif state.rank == 0:
        logger.info("there is no checkpoint '%s' yet: beginning at the beginning", path)


def resume_run(callbacks: Sequence[Any]) -> list[tuple[Any, int]] | None:
    """Go on within a run, if the checkpoint was made in it; return when callbacks are called.

    Every rank must call it; None: the run is passed over.
    """
    place = state.passage
    if not place.is_at(RUN):
        return None
    position = _arrive()
    stored = position["callbacks"]
    if len(stored) != len(callbacks):
        raise SnapshotError(
            f"this run has {len(callbacks)} callbacks, and had {len(stored)} when the checkpoint "
            "was made; give the same ones"
        )
    for callback, (_, own) in zip(callbacks, stored, strict=True):
        if own is not None and hasattr(callback, "set_state"):
            callback.set_state(own)
    return [(callback, step) for callback, (step, _) in zip(callbacks, stored, strict=True)]


def _arrive() -> dict[str, Any]:
    """Lay in the checkpoint from which this script resumes."""
    path = state.setup.plan.path
    assert path is not None
    position = _restored(path)
    state.passage.arrive()
    state.triggers.done(state.simulation.step, state.segment_counter)
    return position


def _restored(path: Path) -> dict[str, Any]:
    with state.together():
        if not path.is_file() and state.rank == 0:
            raise SnapshotError(f"there is no checkpoint '{path}'; give the name of one")
    position = read_snapshot(path)
    if state.rank == 0:
        logger.info("going on from '%s' at t = %g ms", path, state.t)
    return position


def act(wishes: Wishes) -> None:
    """Make a checkpoint in a run, if it is wanted on any rank; and end, if that is.

    Raises
    ------
    SystemExit
        If the end is wanted: with status 75, or 74 where the checkpoint could not be written.
    """
    if not wishes.is_wanted:
        return
    path, simulation = state.setup.plan.path, state.simulation
    assert path is not None
    status = STOPPED
    with state.together():
        # which asks callbacks of the user's
        position = state.passage.position(RUN)
    try:
        write_snapshot(path, position)
    except FileWriteError as error:
        status = STOPPED_WITHOUT
        if state.rank == 0:
            logger.warning("no checkpoint at t = %g ms: %s; an older one is kept", state.t, error)
    else:
        _tell(path)
        _tell_of_size()
    state.triggers.done(simulation.step, state.segment_counter)
    if wishes.is_end_wanted:
        if state.rank == 0:
            logger.warning(
                "stopped at t = %g ms, by a signal or as the job's time is over soon; "
                "`distsim run --resume` goes on",
                state.t,
            )
        raise SystemExit(status)


def _tell_of_size() -> None:
    """Warn once where each checkpoint writes much anew of what was recorded."""
    mine = sum(bytes_of_recorder(population.recorder) for population in state.populations)
    n_bytes = int(state.simulation.sum_of_all(np.array([mine], np.uint64))[0])
    if n_bytes < LARGE_BYTES or state.passage.is_size_told:
        return
    state.passage.is_size_told = True
    if state.rank == 0:
        logger.warning(
            "what was recorded is %.3g MB of this checkpoint, and is written anew with each: let "
            "the script write it on the way (write_data(..., clear=True) between two runs), record "
            "fewer cells or at longer intervals, or make checkpoints less often",
            n_bytes / 1e6,
        )


def _tell(path: Path) -> None:
    first, state.passage.first_read = state.passage.first_read, ""
    if state.rank > 0:
        return
    logger.info("checkpoint '%s' at t = %g ms (before: '%s')", path, state.t, previous(path))
    if first:
        logger.warning(
            "this script reads what it has simulated (%s) on the way; if it is resumed, that is "
            "not there: see is_resuming()",
            first,
        )
