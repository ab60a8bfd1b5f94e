"""Which files a run must not write over."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from distsim.allocation import is_in_array, job_number
from distsim.errors import FileFormatError, FileWriteError
from distsim.io import reader
from distsim.io.whole_file import check_new
from distsim.pynn.simulator import state

__all__ = ["check_replaced", "is_choosy"]


def is_choosy() -> bool:
    """Return whether there may be files that must not be replaced; the same on every rank."""
    return not state.setup.overwrite or is_in_array(os.environ)


def check_replaced(io: Any) -> None:
    """Raise if a file must not be replaced.

    Parameters
    ----------
    io : str, Path or Neo IO

    Raises
    ------
    FileWriteError
        If `setup()` was told ``overwrite=False``, or another task of the same array job of Slurm's
        has written it.
    """
    name = getattr(io, "filename", io)
    if not isinstance(name, str | Path):
        return
    if not state.setup.overwrite:
        way_out = ", and setup() was told overwrite = False; name another one, or remove it"
        check_new(Path(name), way_out)
    elif is_in_array(os.environ):
        _check_task(Path(name))


def _check_task(path: Path) -> None:
    mine, other = job_number(os.environ), ""
    with suppress(OSError, FileFormatError), reader.open(path) as recording:
        other = str(recording.run.provenance.facts.get("slurm_job", ""))
    if other != mine and other.partition("_")[0] == mine.partition("_")[0]:
        raise FileWriteError(
            f"'{path}' was written by task {other.partition('_')[2]} of this array job of Slurm's, "
            f"and this is task {mine.partition('_')[2]}; name a file for each, by "
            "os.environ['SLURM_ARRAY_TASK_ID'], or run each in a folder of its own, as `distsim "
            "submit --array` does",
            path=str(path),
            job=other,
        )
