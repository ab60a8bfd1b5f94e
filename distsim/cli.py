"""The `distsim` command."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from distsim.errors import DistsimError, ParameterError
from distsim.info import describe_installation
from distsim.launch import launch

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the `distsim` command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; those of this process if not given.

    Returns
    -------
    int
        Exit status: that of the job for ``run``, 2 for a mistake in the arguments or the
        installation, which is told in one line.
    """
    options = _parser().parse_args(argv)
    try:
        status: int = options.command(options)
    except DistsimError as error:
        print(f"distsim: {error}", file=sys.stderr)
        return 2
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="distsim", description="Run spiking-network models in parallel with MPI."
    )
    parser.add_argument("--version", action="version", version=f"distsim {version('distsim')}")
    commands = parser.add_subparsers(metavar="command", required=True)
    _add_run(commands)
    _add_info(commands)
    _add_warmup(commands)
    return parser


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "run",
        help="run a script on N ranks",
        description="Run a script on N ranks with the launcher of the MPI that mpi4py loads.",
    )
    parser.add_argument("-n", type=int, default=1, metavar="N", help="number of ranks (1)")
    parser.add_argument(
        "--engine", metavar="NAME", help="simulator that runs a script that imports distsim"
    )
    parser.add_argument(
        "--launcher", metavar="PATH", help="mpiexec to use instead of the one found"
    )
    parser.add_argument("script", type=Path, help="Python script")
    parser.add_argument("args", nargs=argparse.REMAINDER, help="all that follows is the script's")
    parser.set_defaults(command=_run)


def _add_info(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "info",
        help="show versions, MPI, and the engines found",
        description="Show versions, MPI, and the engines found.",
    )
    parser.set_defaults(command=_info)


def _add_warmup(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "warmup",
        help="compile all kernels now",
        description="Compile all kernels, so that no later run has to wait for it, and delete "
        "those of other versions. `distsim info` shows where they are kept.",
    )
    parser.set_defaults(command=_warmup)


def _run(options: argparse.Namespace) -> int:
    if options.n < 1:
        raise ParameterError(f"-n {options.n}: a job has at least 1 rank", n_ranks=options.n)
    if not options.script.is_file():
        raise ParameterError(
            f"the script '{options.script}' is not a file; give the path of a Python script",
            script=options.script,
        )
    if options.engine is not None:
        # not above: it brings the simulator with it
        from distsim.engines.selection import VARIABLE, engine_class

        engine_class(options.engine)
        os.environ[VARIABLE] = options.engine
    return launch(options.n, options.script, options.args, options.launcher)


def _info(_options: argparse.Namespace) -> int:
    print(describe_installation())
    return 0


def _warmup(_options: argparse.Namespace) -> int:
    # not above: the other commands start faster without the simulator
    from distsim.warmup import warm_up

    total = 0.0
    for what, seconds in warm_up():
        print(f"{what:<40}{seconds:6.1f} s", flush=True)
        total += seconds
    print(f"{'all kernels':<40}{total:6.1f} s")
    return 0
