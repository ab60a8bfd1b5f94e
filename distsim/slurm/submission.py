"""Put a script into Slurm's queue: `distsim submit`."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from distsim.errors import FileWriteError, LauncherError, ParameterError, did_you_mean
from distsim.slurm.batch_script import LAUNCHES, Job, batch_script, seconds_of
from distsim.slurm.sweep import ARGUMENTS, PARAMETERS, Sweep, read_sweep

__all__ = ["Request", "Submission", "prepare", "submit"]

# at the head of what may be written over
MARK = "Written by distsim submit."
# what sbatch is given for the job that collects a sweep's results
COLLECT_TIME = "00:10:00"


class Request(NamedTuple):
    """What a user asks for; see `distsim submit --help`."""

    script: Path
    args: Sequence[str] = ()
    nodes: int = 1
    ntasks_per_node: int = 1
    time: str = "01:00:00"
    name: str = ""
    partition: str = ""
    account: str = ""
    modules: Sequence[str] = ()
    others: Sequence[str] = ()
    launch: str = "run"
    array: Path | None = None
    requeue: bool = False
    checkpoint: str = ""


class Submission(NamedTuple):
    """What is given to sbatch.

    Attributes
    ----------
    text : str
        Batch script.
    file : Path
        Where it is written.
    job : Job
    sweep : Sweep or None
    """

    text: str
    file: Path
    job: Job
    sweep: Sweep | None


def prepare(request: Request, folder: Path) -> Submission:
    """Check what is asked for, and return the batch script for it; nothing is written.

    Parameters
    ----------
    request : Request
    folder : Path
        Where it is submitted.

    Raises
    ------
    ParameterError
        If something cannot be.
    """
    _check(request)
    name = request.name or re.sub(r"[^\w.+-]", "_", request.script.stem)
    if not re.fullmatch(r"\w[\w.+-]*", name):
        raise ParameterError(
            f"--name '{name}'; give letters, digits and any of '_', '.', '+', '-'", name=name
        )
    sweep = None if request.array is None else read_sweep(request.array)
    place = folder / f"{name}.sweep"
    # each task of a sweep runs in a folder of its own
    script = request.script if sweep is None else request.script.absolute()
    job = Job(
        program=shlex.join([str(script), *request.args]),
        name=name,
        nodes=request.nodes,
        ntasks_per_node=request.ntasks_per_node,
        time=request.time,
        usage=f"{MARK}\nsbatch {name}.sbatch",
        partition=request.partition,
        account=request.account,
        others=request.others,
        launch=request.launch,
        python=shlex.quote(sys.executable),
        software="".join(f"module load {shlex.quote(module)}\n" for module in request.modules),
        n_tasks=0 if sweep is None else len(sweep.rows),
        is_long=request.requeue,
        log=f"{place.name}/%a.log" if sweep is not None else "",
        sweep=""
        if sweep is None
        else f"list={shlex.quote(str(place / ARGUMENTS))}\nfolder={shlex.quote(str(place))}\n",
    )
    if request.checkpoint:
        job = job._replace(checkpoint=shlex.quote(request.checkpoint))
    return Submission(batch_script(job), folder / f"{name}.sbatch", job, sweep)


def submit(submission: Submission) -> list[str]:
    """Write a batch script, and what belongs to it, and give it to Slurm.

    Returns
    -------
    list of str
        Id of the job; for a sweep also that of the one that collects its results.

    Raises
    ------
    LauncherError
        If there is no Slurm, or it refuses.
    FileWriteError
        If something else has the name of what is to be written.
    """
    sbatch = shutil.which("sbatch")
    if sbatch is None:
        raise LauncherError(
            "there is no sbatch on PATH: jobs are submitted where Slurm is, as on a login node of "
            "a cluster; --dry-run shows the batch script, `distsim run` runs the model here"
        )
    file, job = submission.file, submission.job
    if file.exists() and MARK not in file.read_text(errors="replace"):
        raise FileWriteError(
            f"'{file}' was not written by distsim submit; remove it, or give another --name",
            path=str(file),
        )
    if submission.sweep is not None:
        _write_sweep(file.with_suffix(".sweep"), submission.sweep)
    file.write_text(submission.text)
    try:
        ids = [_sbatch(sbatch, file.parent, file.name)]
    except LauncherError:
        if submission.sweep is not None:
            shutil.rmtree(file.with_suffix(".sweep"))
        raise
    if submission.sweep is not None:
        ids.append(_submit_collection(sbatch, file, job, ids[0]))
    return ids


def _check(request: Request) -> None:
    """Raise if an option cannot be."""
    for option, number in (
        ("--nodes", request.nodes),
        ("--ntasks-per-node", request.ntasks_per_node),
    ):
        if number < 1:
            raise ParameterError(f"{option} {number}; give 1 or more", number=number)
    if request.launch not in LAUNCHES:
        hint = did_you_mean(request.launch, LAUNCHES)
        raise ParameterError(f"--launch '{request.launch}'; {hint}", launch=request.launch)
    seconds_of(request.time)
    if request.checkpoint and not request.requeue:
        raise ParameterError(
            f"--checkpoint '{request.checkpoint}' without --requeue, which makes checkpoints",
            checkpoint=request.checkpoint,
        )
    for option in request.others:
        if not option.startswith("-") or "\n" in option:
            raise ParameterError(
                f"--sbatch '{option}'; give one option as sbatch has it, as in "
                "--sbatch=--constraint=skylake",
                option=option,
            )
    for option, text in (("--partition", request.partition), ("--account", request.account)):
        if re.search(r"\s", text):
            raise ParameterError(f"{option} '{text}'; give a name without spaces", name=text)


def _write_sweep(place: Path, sweep: Sweep) -> None:
    """Write what tasks are given, into a folder that holds no other sweep."""
    import csv

    if place.exists():
        raise FileWriteError(
            f"'{place}' holds another sweep; remove it, or give another --name", path=str(place)
        )
    place.mkdir()
    with (place / PARAMETERS).open("w", newline="") as file:
        csv.writer(file).writerows([sweep.names, *sweep.rows])
    (place / ARGUMENTS).write_text("".join(f"{line}\n" for line in sweep.arguments()))


def _submit_collection(sbatch: str, file: Path, job: Job, array: str) -> str:
    """Submit the job that makes one table when all tasks have ended, however they did."""
    place = file.with_suffix(".sweep").name
    options = [
        f"--dependency=afterany:{array}",
        f"--job-name={job.name}.collect",
        "--ntasks=1",
        f"--time={COLLECT_TIME}",
        f"--output={place}/collect.log",
        *([f"--partition={job.partition}"] if job.partition else []),
        *([f"--account={job.account}"] if job.account else []),
    ]
    command = f"{job.python} -P -m distsim collect {place}"
    return _sbatch(sbatch, file.parent, *options, "--wrap", f"{job.software}{command}")


def _sbatch(sbatch: str, folder: Path, *words: str) -> str:
    """Call sbatch; return the job's id."""
    answer = subprocess.run(
        [sbatch, "--parsable", *words],
        cwd=folder,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if answer.returncode != 0:
        reason = "; ".join(" ".join(line.split()) for line in answer.stderr.splitlines())
        way_out = (
            "`man sbatch` has all options"
            if "option" in reason
            else "`sinfo` shows partitions with their limits, `scontrol show config` the longest "
            "array (MaxArraySize)"
        )
        raise LauncherError(f"Slurm refuses the job: {reason}. {way_out}", reason=reason)
    # on a federation the name of the cluster follows
    return answer.stdout.strip().partition(";")[0]
