"""The `distsim` command."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import shtab

from distsim.allocation import default_ranks
from distsim.errors import DistsimError, ParameterError
from distsim.intervals import read_interval
from distsim.launch import launch
from distsim.slurm.commands import add_collect, add_submit, check_script, cut_words

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
    words, behind = cut_words(sys.argv[1:] if argv is None else list(argv))
    options = _parser().parse_args(words)
    options.behind = behind
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
    shtab.add_argument_to(parser, "--print-completion", help="for your shell to complete commands")
    commands = parser.add_subparsers(metavar="command", required=True)
    _add_run(commands)
    add_submit(commands)
    add_collect(commands)
    _add_info(commands)
    _add_warmup(commands)
    _add_validate(commands)
    _add_estimate(commands)
    _add_inspect(commands)
    _add_plot(commands)
    _add_report(commands)
    _add_compare(commands)
    _add_convert(commands)
    _add_merge(commands)
    return parser


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "run",
        help="run a script on N ranks",
        description="Run a script on N ranks with the launcher of the MPI that mpi4py loads.",
    )
    parser.add_argument(
        "-n",
        # mpirun's
        "-np",
        type=int,
        dest="n",
        metavar="N",
        help="number of ranks (1; in a job of Slurm's its number of tasks)",
    )
    parser.add_argument(
        "--engine", metavar="NAME", help="simulator that runs a script that imports distsim"
    )
    parser.add_argument(
        "--launcher", metavar="PATH", help="mpiexec to use instead of the one found"
    )
    parser.add_argument(
        "--checkpoint", metavar="FILE", help="write checkpoints to it, when a signal asks for one"
    )
    parser.add_argument(
        "--checkpoint-every",
        metavar="TIME",
        help="also so often: 500 (ms of the simulation's time), '10 min' (of the clock's)",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on from the checkpoint, if it is there: --checkpoint, or that of setup()",
    )
    _add_script(parser)
    parser.set_defaults(command=_run)


def _add_script(parser: argparse.ArgumentParser) -> None:
    """Add a script with its arguments, which end a command."""
    parser.add_argument("script", type=Path, help="Python script")
    parser.add_argument("args", nargs=argparse.REMAINDER, help="all that follows is the script's")


def _add_info(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "info",
        help="show versions, MPI, and the engines found",
        description="Show versions, MPI, and the engines found.",
    )
    parser.add_argument("--json", action="store_true", help="for programs to read")
    parser.set_defaults(command=_info)


def _add_warmup(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "warmup",
        help="compile all kernels now",
        description="Compile all kernels, so that no later run has to wait for it, and delete "
        "those of versions that are long unused. `distsim info` shows where they are kept.",
    )
    parser.set_defaults(command=_warmup)


def _add_validate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "validate",
        help="run a script on several engines and compare",
        description="Run a script on several engines, compare spikes, voltages, rates, CVs, "
        "correlations and weights of plastic synapses with those of the first, and draw them over "
        "each other. Status 1 if one differs by more than is allowed.",
    )
    parser.add_argument("--engines", default="native,nest", help="names, by commas (native,nest)")
    parser.add_argument("-n", type=int, default=1, metavar="N", help="number of ranks (1)")
    parser.add_argument(
        "--output", type=Path, default=Path("validation"), help="folder of records and picture"
    )
    parser.add_argument("--rate", type=float, default=0.1, help="allowed, relative (0.1)")
    parser.add_argument("--cv", type=float, default=0.1, help="allowed difference (0.1)")
    parser.add_argument("--correlation", type=float, default=0.05, help="allowed (0.05)")
    parser.add_argument(
        "--weight", type=float, default=0.1, help="of plastic synapses, allowed, relative (0.1)"
    )
    _add_script(parser)
    parser.set_defaults(command=_validate)


def _add_estimate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "estimate",
        help="tell what a script would take on some numbers of ranks",
        description="Describe the network of a script without building it, and tell memory of a "
        "rank, size of files, and time on some numbers of ranks, by a short calibration here.",
        parents=[_estimate_options()],
    )
    parser.add_argument("script", type=Path, help="Python script")
    parser.add_argument(
        "args", nargs=argparse.REMAINDER, help="of the script; behind -- all that follows is"
    )
    parser.set_defaults(command=_estimate)


def _estimate_options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "distsim estimate", add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS
    )
    parser.add_argument("--ranks", metavar="N,N,...", help="numbers of ranks (1)")
    parser.add_argument(
        "--rate", type=float, metavar="HZ", help="of all cells (found with a piece of the network)"
    )
    parser.add_argument("--json", action="store_true", help="bytes, seconds and Hz as JSON")
    return parser


def _add_inspect(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "inspect",
        help="show what is in a file of recordings",
        description="Show what is in a file of recordings: the run, and of each segment the "
        "populations, their spikes, rates, CVs of intervals, and signals.",
    )
    parser.add_argument("file", type=Path, help="file that distsim wrote")
    parser.set_defaults(command=_inspect)


def _add_plot(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "plot",
        help="draw what is in a file of recordings",
        description="Draw the spikes, the rate and some traces of each population.",
    )
    parser.add_argument("file", type=Path, help="file that distsim wrote")
    parser.add_argument(
        "-o", "--output", type=Path, help="picture, .png, .svg or .pdf (beside the file, .png)"
    )
    parser.add_argument(
        "--segment", type=int, default=-1, metavar="K", help="counted from 0 (the last one)"
    )
    parser.set_defaults(command=_plot)


def _add_report(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "report",
        help="write a page for a browser of what is in a file of recordings",
        description="Write one page for a browser, which needs nothing else: spikes, rates and "
        "traces to move and zoom in, tables, times and load of each rank, how the file came about.",
    )
    parser.add_argument("file", type=Path, help="file that distsim wrote")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="PAGE", help="page (beside the file, .html)"
    )
    parser.add_argument(
        "--segment", type=int, default=-1, metavar="K", help="counted from 0 (the last one)"
    )
    parser.set_defaults(command=_report)


def _add_compare(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "compare",
        help="compare two files of recordings",
        description="Compare networks, spikes and signals of two files. Status 1 if they differ.",
    )
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument(
        "--tolerance", type=float, default=0.0, help="of samples, each in its own unit (0)"
    )
    parser.set_defaults(command=_compare)


def _add_convert(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "convert",
        help="write a file of recordings in another format",
        description="Write a file of recordings as NIX, NWB or CSV, or to a folder of SONATA's.",
    )
    parser.add_argument("file", type=Path, help="file that distsim wrote")
    parser.add_argument("target", type=Path, help="out.nix, out.nwb, out.csv, or a new folder")
    parser.add_argument("--overwrite", action="store_true", help="replace what has that name")
    parser.set_defaults(command=_convert)


def _add_merge(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "merge",
        help="make one file of what a killed job has recorded",
        description="Make one file of what a job that did not come to its end has recorded, which "
        "lies beside the file that it was to write, in a folder named 'FILE.parts'. The folder is "
        "removed when the file is written and was read again.",
    )
    parser.add_argument("folder", type=Path, help="FILE.parts")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="the file (that of the script, as .h5)"
    )
    parser.add_argument("--compression", choices=["gzip"], help="of spikes and samples (none)")
    parser.add_argument("--overwrite", action="store_true", help="replace a file of that name")
    parser.set_defaults(command=_merge)


def _merge(options: argparse.Namespace) -> int:
    from distsim.io.merging import merge
    from distsim.progress import progress_bar

    with progress_bar("merge", None, "B", None) as bar:
        found = merge(options.folder, options.output, options.overwrite, options.compression, bar)
    print(f"written: {found.path} ({found.n_spikes} spikes, {found.n_values} samples)")
    print(f"shards of {found.n_shards} of {found.n_ranks} ranks")
    print(f"complete until t = {found.complete_until:g} ms", end="")
    print(f"; some of it until t = {found.last:g} ms" if found.last > found.complete_until else "")
    for loss in found.losses:
        print(f"lost: {loss}")
    return 0


def _inspect(options: argparse.Namespace) -> int:
    # not above, here and below: the other commands start faster without them
    from distsim.analysis.inspection import inspect_file

    _check_file(options.file)
    print(inspect_file(options.file))
    return 0


def _plot(options: argparse.Namespace) -> int:
    from distsim.analysis.picture import draw_file

    _check_file(options.file)
    picture = options.output or options.file.with_suffix(".png")
    draw_file(options.file, picture, options.segment)
    print(f"drawn to {picture}")
    return 0


def _report(options: argparse.Namespace) -> int:
    from distsim.analysis.report import report_file

    _check_file(options.file)
    page = options.output or options.file.with_suffix(".html")
    report_file(options.file, page, options.segment)
    print(f"written: {page}")
    return 0


def _compare(options: argparse.Namespace) -> int:
    from distsim.analysis.comparison import compare_files

    for file in (options.first, options.second):
        _check_file(file)
    found = compare_files(options.first, options.second, options.tolerance)
    print(found)
    return int(not found.are_same)


def _convert(options: argparse.Namespace) -> int:
    from distsim.io.conversion import convert
    from distsim.io.whole_file import check_new
    from distsim.progress import progress_bar

    _check_file(options.file)
    if not options.overwrite:
        check_new(options.target, "; name another one, or say --overwrite")
    with progress_bar("convert", None, "B", None) as bar:
        paths = convert(options.file, options.target, bar)
    for path in paths:
        print(f"written: {path}")
    return 0


def _check_file(file: Path) -> None:
    if file.is_dir() and file.suffix == ".parts":
        raise ParameterError(
            f"'{file}' has what a job writes while it runs, or has left when it was killed; "
            f"`distsim merge {file}` makes a file of that",
            file=file,
        )
    if not file.is_file():
        raise ParameterError(f"'{file}' is not a file; give one that distsim wrote", file=file)


def _validate(options: argparse.Namespace) -> int:
    # not above: the other commands start faster without them
    from distsim import validation
    from distsim.engines.registry import engine_entry

    names = options.engines.split(",")
    for name in names:
        engine_entry(name)
    check_script(options.script)
    options.output.mkdir(parents=True, exist_ok=True)
    outcomes = [
        validation.run_engine(options.script, options.args, name, options.n, options.output)
        for name in names
    ]
    tolerances = validation.Tolerances(
        options.rate, options.cv, options.correlation, options.weight
    )
    rows = validation.compare(outcomes, tolerances)
    learned = validation.compare_weights(outcomes, tolerances)
    print(validation.report(outcomes, rows, learned))
    picture = options.output / f"{options.script.stem}.png"
    validation.draw(outcomes, picture)
    print(f"drawn to {picture}")
    return int(any(row.failures for row in rows) or any(row.failures for row in learned))


def _estimate(options: argparse.Namespace) -> int:
    # options may stand behind the script, too; what follows -- is the script's
    end = options.args.index("--") if "--" in options.args else len(options.args)
    given, own = _estimate_options().parse_known_args(options.args[:end], options)
    check_script(given.script)
    # not above: the other commands start faster without the simulator
    from distsim.estimate.estimate import estimate, parsed_ranks
    from distsim.estimate.report import as_json, as_text

    ranks = parsed_ranks(getattr(given, "ranks", "1"))
    args = [*own, *options.args[end + 1 :]]
    rate, is_json = getattr(given, "rate", None), getattr(given, "json", False)
    found = estimate(given.script, args, ranks, rate)
    if found.has_compiled:
        # memory that the compiler took is no rank's: once more, with kernels that are there now
        again = ["--ranks", ",".join(map(str, ranks)), *(["--json"] if is_json else [])]
        again += [] if rate is None else ["--rate", str(rate)]
        command = [sys.executable, "-m", "distsim", "estimate", *again, str(given.script), "--"]
        return subprocess.run([*command, *args], check=False).returncode
    print(as_json(found) if is_json else as_text(found))
    return 0


def _run(options: argparse.Namespace) -> int:
    n_ranks = default_ranks(os.environ) if options.n is None else options.n
    if n_ranks < 1:
        raise ParameterError(f"-n {n_ranks}: a job has at least 1 rank", n_ranks=n_ranks)
    check_script(options.script)
    if options.n is None:
        _tell_of_misplaced_ranks(options.args)
    if options.engine is not None:
        # not above: the other commands start faster without it
        from distsim.engines.registry import VARIABLE, engine_entry

        engine_entry(options.engine)
        os.environ[VARIABLE] = options.engine
    has_checkpoints = _tell_of_checkpoints(options)
    return launch(n_ranks, options.script, options.args, options.launcher, has_checkpoints)


def _tell_of_misplaced_ranks(args: Sequence[str]) -> None:
    """Write that a number of ranks stands where it is the script's, if one seems to."""
    for option, number in pairwise(args):
        if option in ("-n", "-np") and number.isdecimal():
            text = (
                f"'{option} {number}' stands behind the script, which gets it; for {number} ranks"
            )
            print(f"distsim: {text} put it before the script", file=sys.stderr)
            return


def _tell_of_checkpoints(options: argparse.Namespace) -> bool:
    """Let ranks know of checkpoints; return whether there are any."""
    if options.checkpoint_every is not None:
        read_interval(options.checkpoint_every, "--checkpoint-every")
    told = {
        "DISTSIM_CHECKPOINT": options.checkpoint,
        "DISTSIM_CHECKPOINT_EVERY": options.checkpoint_every,
        "DISTSIM_RESUME": "1" if options.resume else None,
    }
    os.environ.update({name: text for name, text in told.items() if text is not None})
    return any(os.environ.get(name) for name in told)


def _info(options: argparse.Namespace) -> int:
    from distsim.info import describe_installation, find_installation

    print(json.dumps(find_installation(), indent=2) if options.json else describe_installation())
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
