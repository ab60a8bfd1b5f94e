"""Batch scripts for Slurm, with what a newcomer to clusters needs to know beside each line.

Plain text, without a library: `submitit` runs pickled Python functions under srun, and no script
under an MPI's own launcher; `simple_slurm` puts directives together much as here, and hands them to
a shell unquoted.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from distsim.errors import ParameterError

__all__ = ["LAUNCHES", "Job", "batch_script", "seconds_of"]

# who starts the ranks: the mpiexec of the MPI that mpi4py loads, or Slurm
LAUNCHES = ("run", "srun")
# so long before the end of its time a long job is told [s], which Slurm may do a minute early
NOTICE, EARLY = 120, 60
# so often a long job may begin again: one that comes no further does not go on for ever
MOST_RESTARTS = 1000

# the forms that sbatch knows
TIME = re.compile(
    r"(?P<minutes>\d+)(:(?P<seconds>\d+))?"
    r"|(?P<h>\d+):(?P<m>\d+):(?P<s>\d+)"
    r"|(?P<days>\d+)-(?P<hours>\d+)(:(?P<min>\d+)(:(?P<sec>\d+))?)?"
)
SECONDS = {"days": 86400, "hours": 3600, "h": 3600, "minutes": 60, "m": 60, "min": 60}

RUN_COMMENT = """
# The ranks are started by the mpiexec of the MPI that mpi4py loads, one for each task: right for
# any MPI. `srun --mpi=pmix python model.py` does the same where that MPI is the cluster's own,
# built for Slurm (`srun --mpi=list` shows pmix); srun without it starts runs of one rank each.
"""

SRUN_COMMENT = """
# The ranks are started by Slurm, one for each task. This wants an MPI that is built for it, such as
# the cluster's own, and pmix in `srun --mpi=list`.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 NUMBA_NUM_THREADS=1
"""

SOFTWARE = """
# The software: `module avail` shows what the cluster has. With an MPI by pip no module is needed.
# module load python openmpi
# source ~/venv/bin/activate
"""

ARRAY = """
# Line K of a file has the arguments of task K, quoted as for a shell.
line=$(sed -n "${SLURM_ARRAY_TASK_ID}p" "$list")
[ -n "$line" ] || { echo "no line $SLURM_ARRAY_TASK_ID in $list: give --array=1-N" >&2; exit 2; }
eval "arguments=($line)"

# All tasks run the same script: each in a folder of its own, where none overwrites another's file.
mkdir -p "$folder/$SLURM_ARRAY_TASK_ID"
cd "$folder/$SLURM_ARRAY_TASK_ID"
rm -f status
echo "$line" >arguments
"""

CHECKPOINT = """
# Checkpoints, also in between, for a node that fails. The name has the job's number, which it keeps
# when it begins again: it then goes on from there.
export DISTSIM_CHECKPOINT=NAME DISTSIM_CHECKPOINT_EVERY="15 min" DISTSIM_RESUME=1
"""

WAIT_FOR_RUN = """run=$!
while status=0; wait "$run" || status=$?; kill -0 "$run" 2>/dev/null; do :; done
"""

TRAP = """
# Slurm ends a job at its time limit without mercy. So long before as --signal says it sends USR1
# to this shell alone (B:), which hands it on as USR2: all ranks write a checkpoint, and end with
# status 75. Without B: only what srun has started would get it.
run=
trap 'kill -USR2 "$run"' USR1
"""

NO_TRAP = """
# Slurm ends a job at its time limit without mercy. So long before as --signal says it sends USR2 to
# all ranks that srun has started: they write a checkpoint, and end with status 75.
"""

REQUEUE = """
# Not done yet: back into the queue, as the same job. It begins when there is room, on any nodes.
if [ "$status" -eq 75 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt MOST_RESTARTS ]; then
  scontrol requeue "$SLURM_JOB_ID"
fi
""".replace("MOST_RESTARTS", str(MOST_RESTARTS))


class Job(NamedTuple):
    """What a batch script asks for.

    Attributes
    ----------
    program : str
        The PyNN script and its arguments, as a shell reads them.
    name : str
    nodes, ntasks_per_node : int
    time : str
        As sbatch takes it.
    usage : str
        Lines of comment at the head.
    partition, account : str
        '': not asked for.
    others : sequence of str
        Further options of sbatch.
    launch : str
        One of `LAUNCHES`.
    python : str
        Command of the Python that has distsim; '': what `distsim` and `python` are on PATH.
    software : str
        Lines that load it.
    n_tasks : int
        Of an array; 0: no array, or as is said to sbatch.
    sweep : str
        Lines that set `list` and `folder`, for an array; '': none.
    is_long : bool
        Whether it writes a checkpoint before its time is over, and begins again.
    checkpoint : str
        Its name, as a shell reads it.
    log : str
        File of all that is printed; '': named by job.
    """

    program: str
    name: str = "distsim"
    nodes: int = 1
    ntasks_per_node: int = 4
    time: str = "01:00:00"
    usage: str = ""
    partition: str = ""
    account: str = ""
    others: Sequence[str] = ()
    launch: str = "run"
    python: str = ""
    software: str = SOFTWARE
    n_tasks: int = 0
    sweep: str = ""
    is_long: bool = False
    checkpoint: str = '"$SLURM_JOB_NAME-$SLURM_JOB_ID.checkpoint.h5"'
    log: str = ""


def batch_script(job: Job) -> str:
    """Return the text of a batch script.

    Parameters
    ----------
    job : Job

    Returns
    -------
    str
    """
    head = "".join(f"# {line}".rstrip() + "\n" for line in job.usage.splitlines())
    directives = "".join(f"{line}\n" for line in _directives(job))
    return f"#!/bin/bash\n{head}{directives}set -euo pipefail\n{job.software}{_body(job)}"


def seconds_of(time: str) -> int:
    """Return how long a time limit is [s].

    Parameters
    ----------
    time : str
        As sbatch takes it: minutes, minutes:seconds, hours:minutes:seconds, days-hours,
        days-hours:minutes, days-hours:minutes:seconds.

    Returns
    -------
    int

    Raises
    ------
    ParameterError
        If it has another form, or is 0.

    Examples
    --------
    >>> seconds_of("30"), seconds_of("24:00:00"), seconds_of("1-12")
    (1800, 86400, 129600)
    """
    match = TIME.fullmatch(time)
    parts = match.groupdict() if match else {}
    seconds = sum(SECONDS.get(name, 1) * int(text) for name, text in parts.items() if text)
    if seconds == 0:
        raise ParameterError(
            f"--time '{time}' is no time limit; give minutes, hours:minutes:seconds, or "
            "days-hours:minutes:seconds, such as '24:00:00' or '1-12:00:00'",
            time=time,
        )
    return seconds


def _directives(job: Job) -> Iterator[str]:
    """Yield the lines that sbatch reads."""
    is_array = bool(job.sweep)
    yield f"#SBATCH --job-name={job.name}"
    yield f"#SBATCH --nodes={job.nodes}"
    yield "# ranks on each node: as many as it has cores, not hardware threads"
    yield f"#SBATCH --ntasks-per-node={job.ntasks_per_node}"
    yield "#SBATCH --cpus-per-task=1"
    yield "# [days-]hours:minutes:seconds, then Slurm kills the job; with less it begins sooner"
    yield f"#SBATCH --time={job.time}"
    log = job.log or ("%x-%A_%a.log" if is_array else "%x-%j.log")
    meaning = "%A array and %a task" if is_array else "%j number of the job"
    yield f"# all that is printed; %x stands for the name, {meaning}"
    yield f"#SBATCH --output={log}"
    if job.n_tasks:
        yield f"#SBATCH --array=1-{job.n_tasks}"
    if job.is_long:
        notice = max(1, min(NOTICE, seconds_of(job.time) // 4 - EARLY))
        yield f"#SBATCH --signal={'B:USR1' if job.launch == 'run' else 'USR2'}@{notice}"
        yield "# the job may begin again, and then adds to what it has printed"
        yield "#SBATCH --requeue"
        yield "#SBATCH --open-mode=append"
    else:
        # a node that failed would run the job again from the beginning, over its own files
        yield "#SBATCH --no-requeue"
    if not (job.partition and job.account):
        yield "# where to run, and who pays: `sinfo` shows partitions, your cluster's help accounts"
    yield f"#SBATCH --partition={job.partition}" if job.partition else "##SBATCH --partition=NAME"
    yield f"#SBATCH --account={job.account}" if job.account else "##SBATCH --account=NAME"
    yield from (f"#SBATCH {option}" for option in job.others)


def _body(job: Job) -> str:
    """Return what is done when the job has its nodes."""
    command = _command(job)
    comment = (SRUN_COMMENT if job.launch == "srun" else RUN_COMMENT).rstrip("\n")
    if not (job.sweep or job.is_long):
        return f"{comment}\nexec {command}\n"
    run = f"{comment}\nstatus=0\n{command} || status=$?\n"
    if job.is_long and job.launch == "run":
        run = f"{TRAP}{comment}\n{command} &\n{WAIT_FOR_RUN}"
    elif job.is_long:
        run = f"{NO_TRAP.rstrip()}{run}"
    parts = [
        f"\n{job.sweep}{ARRAY}" if job.sweep else "",
        CHECKPOINT.replace("NAME", job.checkpoint) if job.is_long else "",
        run,
        'echo "$status" >status\n' if job.sweep else "",
        REQUEUE if job.is_long else "",
        'exit "$status"\n',
    ]
    return "".join(parts)


def _command(job: Job) -> str:
    program = f'{job.program} "${{arguments[@]}}"' if job.sweep else job.program
    if job.launch == "srun":
        return f"srun --mpi=pmix {job.python or 'python'} {program}"
    return f"{f'{job.python} -P -m distsim' if job.python else 'distsim'} run {program}"
