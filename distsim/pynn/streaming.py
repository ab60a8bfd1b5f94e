"""Where what is recorded outlives a job that is killed: beside the file that it is to write."""

import atexit
import logging
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from typing import Any
from weakref import ref

import numpy as np

from distsim.errors import DistsimError, FileWriteError
from distsim.io.checksums import check_file
from distsim.io.shards import SUFFIX, Shard, shard_path
from distsim.pynn.gather import gather_arrays
from distsim.pynn.output import has_own_format, write_requests
from distsim.pynn.recording import note_run
from distsim.pynn.simulator import state

__all__ = ["FOLDER_END", "flush", "leave", "stream_to", "write_files"]

logger = logging.getLogger(__name__)

# of the name of the folder, behind that of the file
FOLDER_END = ".parts"


def stream_to(to_file: Any) -> None:
    """Let all that is recorded from now on outlive the job; every rank must call it.

    Each rank writes a shard of its own, in a folder beside the file that is named first, when its
    memory for it is used up, and every few seconds.

    Parameters
    ----------
    to_file : str, Path or Neo IO
        The file that `end()` is to write.

    Raises
    ------
    FileWriteError
        If that folder holds what a run has left that did not come to its end.
    """
    name = getattr(to_file, "filename", to_file)
    if state.setup.engine != "native" or state.spool.lasting is not None:
        return
    if not isinstance(name, str | Path):
        return
    folder = Path(f"{name}{FOLDER_END}")
    with state.together():
        if state.rank == 0 and state.passage.is_passing:
            _set_aside(folder)
        elif state.rank == 0:
            _check_empty(folder)
    # the same in all shards of a job
    started, _ = gather_arrays(np.array([time.time_ns()]), np.zeros(1))
    first = {"kind": "job", "job": int(started[0]), "rank": state.rank, "n_ranks": state.n_ranks}
    facts = {**first, "dt": state.dt, "file": str(name)}
    state.spool.keep_in(Shard(shard_path(folder.absolute(), state.rank), facts))
    note_run()
    atexit.register(_at_exit, os.getpid(), ref(state.spool))


def flush() -> None:
    """Write what this rank has recorded to the file that outlives the job, if there is one."""
    note_run()
    for recorder in state.recorders:
        recorder.complete()
    complete = {"segment": state.segment_counter, "step": state.simulation.step}
    state.spool.flush({"kind": "complete", **complete})


def _set_aside(folder: Path) -> None:
    """Keep what the run has recorded that is now resumed from a checkpoint, till this one ends."""
    if folder.exists():
        aside = _aside(folder)
        rmtree(aside, ignore_errors=True)
        folder.rename(aside)


def _aside(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.before")


def _check_empty(folder: Path) -> None:
    left = list(folder.glob(f"*{SUFFIX}"))
    if state.passage.is_passing:
        # what they hold up to the checkpoint is in that, and what came later is simulated again
        for shard in left:
            shard.unlink()
    elif left:
        raise FileWriteError(
            f"'{folder}' holds what a run has recorded that did not come to its end; make a file "
            f"of it by `distsim merge {folder}`, or remove that folder"
        )


def _at_exit(process: int, spool: Any) -> None:
    # not in a process that was forked, and not for a network that is gone
    if os.getpid() == process and spool() is state.spool:
        leave()


def leave() -> None:
    """Write what was recorded since it was last written, if the present network is to go.

    A run so short that nothing was written yet leaves nothing behind.
    """
    shard = state.spool.lasting
    if state.is_set_up and isinstance(shard, Shard) and shard.fd >= 0:
        flush()


def write_files() -> None:
    """Write the files named in ``record(..., to_file=...)``, and then remove the shards.

    Every rank must call it.
    """
    try:
        write_requests(state.write_on_end)
        _discard([file for _, _, file in state.write_on_end if has_own_format(file)])
    except DistsimError:
        shard = state.spool.lasting
        if isinstance(shard, Shard):
            flush()
            if state.rank == 0:
                logger.warning(
                    "what was recorded is kept in '%s'; `distsim merge` makes a file of it",
                    shard.path.parent,
                )
        raise
    state.write_on_end = []


def _discard(files: Sequence[Any]) -> None:
    """Remove the shards, of which files were made that are read again first."""
    shard = state.spool.lasting
    if not isinstance(shard, Shard):
        return
    (has_begun,) = state.simulation.any_rank(shard.fd >= 0)
    if has_begun:
        with state.together():
            if state.rank == 0:
                for file in dict.fromkeys(map(str, files)):
                    check_file(Path(file))
        shard.path.unlink(missing_ok=True)
        state.simulation.comm.Barrier()
        if state.rank == 0:
            # it may hold what is not ours, and a network's file system lets go of files later
            with suppress(OSError):
                shard.path.parent.rmdir()
    if state.rank == 0:
        rmtree(_aside(shard.path.parent), ignore_errors=True)
    state.spool.keep_in(None)
