"""The commands `distsim submit` and `distsim collect`."""

import argparse
from pathlib import Path

from distsim.errors import ParameterError

__all__ = ["add_collect", "add_submit", "check_script", "cut_words"]


def cut_words(words: list[str]) -> tuple[list[str], list[str]]:
    """Return the words for this command, and those for the script of `distsim submit -- WORDS`."""
    if words[:1] != ["submit"] or "--" not in words:
        return words, []
    place = words.index("--")
    return words[:place], words[place + 1 :]


def add_submit(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `distsim submit` to the commands."""
    parser = commands.add_parser(
        "submit",
        help="put a script into Slurm's queue",
        usage="distsim submit [options] script.py [args] [-- args that begin with a dash]",
        description="Write a batch script for Slurm, show it, submit it, and print the job's id.",
    )
    parser.add_argument("script", type=Path, help="Python script")
    parser.add_argument("args", nargs="*", help="its arguments")
    parser.add_argument("--nodes", type=int, default=1, metavar="N", help="(1)")
    parser.add_argument(
        "--ntasks-per-node", type=int, default=1, metavar="N", help="ranks on each node (1)"
    )
    parser.add_argument(
        "--time", default="01:00:00", help="limit, [days-]hours:minutes:seconds (01:00:00)"
    )
    parser.add_argument("--name", default="", help="of the job (that of the script)")
    parser.add_argument("--partition", default="", metavar="NAME", help="where to run")
    parser.add_argument("--account", default="", metavar="NAME", help="who pays")
    parser.add_argument(
        "--module", action="append", default=[], metavar="NAME", help="to be loaded; any number"
    )
    parser.add_argument(
        "--sbatch", action="append", default=[], metavar="OPTION", help="any other of sbatch"
    )
    parser.add_argument(
        "--launch",
        default="run",
        metavar="HOW",
        help="who starts the ranks: 'run', the mpiexec of the MPI that mpi4py loads; 'srun', Slurm",
    )
    parser.add_argument(
        "--array", type=Path, metavar="CSV", help="a task for each line: the script with its values"
    )
    parser.add_argument(
        "--requeue", action="store_true", help="stop in time with a checkpoint, and go on"
    )
    parser.add_argument(
        "--checkpoint", default="", metavar="FILE", help="its name (by the job's number)"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show the script; write and submit nothing"
    )
    parser.set_defaults(command=_submit)


def add_collect(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `distsim collect` to the commands."""
    parser = commands.add_parser(
        "collect",
        help="make one table of a sweep",
        description="Write one table of all tasks of a sweep, results.csv: parameters, how each "
        "ended, its files, and spikes and rates of what it has recorded.",
    )
    parser.add_argument("folder", type=Path, help="of the sweep")
    parser.set_defaults(command=_collect)


def _submit(options: argparse.Namespace) -> int:
    # not above, here and below: other commands start faster without them
    from distsim.slurm.submission import Request, prepare, submit

    check_script(options.script)
    given = vars(options)
    request = Request(
        modules=options.module,
        others=options.sbatch,
        args=[*options.args, *options.behind],
        **{name: given[name] for name in Request._fields if name in given and name != "args"},
    )
    submission = prepare(request, Path.cwd())
    print(submission.text)
    if options.dry_run:
        print("not submitted (--dry-run)")
        return 0
    job, *collection = submit(submission)
    print(f"written: {submission.file}")
    for each in collection:
        print(
            f"job {each} makes {submission.file.stem}.sweep/results.csv when all tasks have ended"
        )
    print(f"submitted: job {job}")
    return 0


def _collect(options: argparse.Namespace) -> int:
    from distsim.slurm.sweep import collect

    path, states = collect(options.folder)
    print(f"written: {path} ({', '.join(f'{n} {state}' for state, n in states.items())})")
    return 0


def check_script(script: Path) -> None:
    """Raise if a script is not a file.

    Raises
    ------
    ParameterError
    """
    if not script.is_file():
        raise ParameterError(
            f"the script '{script}' is not a file; give the path of a Python script", script=script
        )
