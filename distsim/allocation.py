"""What Slurm has given to the job in which this process runs."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping

from distsim.errors import LauncherError

__all__ = [
    "END_VARIABLE",
    "check_room",
    "default_ranks",
    "end_of_job",
    "is_in_array",
    "is_in_job",
    "job_number",
    "tasks_of_nodes",
]

# when the job's time is over [s since 1970]; Slurm has it from version 23.02 on
END_VARIABLE = "SLURM_JOB_END_TIME"

# of the step in which salloc runs a shell: it holds nothing, and others may start in it
INTERACTIVE_STEP = str(2**32 - 6)

# seconds until an answer of Slurm's controller is no longer waited for
PATIENCE = 10


def is_in_job(environ: Mapping[str, str]) -> bool:
    """Tell whether this process belongs to a job of Slurm's."""
    return "SLURM_JOB_ID" in environ


def is_in_array(environ: Mapping[str, str]) -> bool:
    """Tell whether this process belongs to a task of an array job."""
    return "SLURM_ARRAY_JOB_ID" in environ and "SLURM_ARRAY_TASK_ID" in environ


def job_number(environ: Mapping[str, str]) -> str:
    """Return the number of this job, with that of the task for an array; '' outside of a job.

    Examples
    --------
    >>> array = {"SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "2"}
    >>> job_number({"SLURM_JOB_ID": "9"} | array), job_number({"SLURM_JOB_ID": "9"})
    ('7_2', '9')
    """
    if is_in_array(environ):
        return f"{environ['SLURM_ARRAY_JOB_ID']}_{environ['SLURM_ARRAY_TASK_ID']}"
    return environ.get("SLURM_JOB_ID", "")


def default_ranks(environ: Mapping[str, str]) -> int:
    """Return how many ranks a job has tasks for; 1 outside of a job, or if it did not say.

    Examples
    --------
    >>> default_ranks({"SLURM_JOB_ID": "7", "SLURM_NTASKS": "64"}), default_ranks({})
    (64, 1)
    """
    text = environ.get("SLURM_NTASKS", "") if is_in_job(environ) else ""
    return int(text) if text.isdecimal() and int(text) > 0 else 1


def tasks_of_nodes(environ: Mapping[str, str]) -> tuple[int, ...]:
    """Return how many tasks each node of this job is for; empty where Slurm does not say.

    Examples
    --------
    >>> tasks_of_nodes({"SLURM_JOB_ID": "7", "SLURM_TASKS_PER_NODE": "64(x2),3"})
    (64, 64, 3)
    """
    text = environ.get("SLURM_TASKS_PER_NODE", "") if is_in_job(environ) else ""
    tasks: list[int] = []
    for part in text.split(",") if text else []:
        match = re.fullmatch(r"(\d+)(?:\(x(\d+)\))?", part)
        if match is None:
            return ()
        tasks += [int(match[1])] * int(match[2] or 1)
    return tuple(tasks)


def check_room(n_ranks: int, environ: Mapping[str, str], script: object = "script.py") -> None:
    """Refuse to start more ranks than this job, or this step of it, has tasks for.

    Parameters
    ----------
    n_ranks : int
    environ : mapping of str to str
        The environment of this process.
    script : path
        For the message.

    Raises
    ------
    LauncherError
        If a launcher would wait for ever, or refuse without naming the option to change.
    """
    if not is_in_job(environ) or n_ranks == 1:
        return
    step = environ.get("SLURM_STEP_ID", INTERACTIVE_STEP)
    if step != INTERACTIVE_STEP:
        raise LauncherError(
            f"`distsim run -n {n_ranks}` within `srun`, which has taken the job's tasks: the "
            f"launcher would wait for them. In a batch script, or after salloc, leave out srun "
            f"before `distsim run`; or start the ranks by `srun --mpi=pmix -n {n_ranks} python "
            f"{script}`",
            n_ranks=n_ranks,
            step=step,
        )
    n_tasks = sum(tasks_of_nodes(environ))
    if 0 < n_tasks < n_ranks:
        raise LauncherError(
            f"-n {n_ranks}: the job has {n_tasks} task{'s' if n_tasks > 1 else ''} "
            f"(SLURM_TASKS_PER_NODE={environ['SLURM_TASKS_PER_NODE']}), one for each rank; submit "
            f"it with --ntasks={n_ranks} (--cpus-per-task makes no room), or leave out -n",
            n_ranks=n_ranks,
            n_tasks=n_tasks,
        )


def end_of_job(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return when the time of this job is over [s since 1970], as a text.

    Returns
    -------
    str or None
        None outside of a job, for a job without limit, and where Slurm does not answer.

    Notes
    -----
    Asks Slurm's controller where the environment does not say: once for a job.
    """
    if not is_in_job(environ):
        return None
    if END_VARIABLE in environ:
        return environ[END_VARIABLE]
    squeue = shutil.which("squeue", path=environ.get("PATH"))
    if squeue is None:
        return None
    command = [squeue, "--noheader", "--format=%e", f"--jobs={environ['SLURM_JOB_ID']}"]
    try:
        answer = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
            stdin=subprocess.DEVNULL,
            env={**environ, "SLURM_TIME_FORMAT": "%s"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    text = answer.stdout.strip()
    # a job without limit ends a year from now, or "NONE"
    return text if text.isdecimal() and int(text) > time.time() else None
