"""A sweep: one row of a table for each run, and what came of them in another table."""

import csv
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from distsim.analysis.measures import mean_rate
from distsim.errors import FileFormatError, ParameterError
from distsim.io import reader
from distsim.io.whole_file import new_file

__all__ = ["ARGUMENTS", "PARAMETERS", "RESULTS", "Sweep", "collect", "read_sweep"]

# in the folder of a sweep: what was given, as words for each task, and what came of it
PARAMETERS, ARGUMENTS, RESULTS = "parameters.csv", "arguments.txt", "results.csv"

# what the exit status of a run says; any other one: failed
STATES = {"0": "done", "74": "stopped", "75": "stopped"}


class Sweep(NamedTuple):
    """A table of parameters.

    Attributes
    ----------
    names : list of str
        Of the columns.
    rows : list of list of str
        One for each task.
    """

    names: list[str]
    rows: list[list[str]]

    def arguments(self) -> list[str]:
        """Return the arguments of each task, quoted as for a shell.

        Examples
        --------
        >>> Sweep(["rate", "label"], [["8.5", "two words"], ["9", ""]]).arguments()
        ["--rate 8.5 --label 'two words'", '--rate 9']
        """
        options = [name if name.startswith("-") else f"--{name}" for name in self.names]
        return [
            shlex.join(word for pair in zip(options, row, strict=True) if pair[1] for word in pair)
            for row in self.rows
        ]


def read_sweep(file: Path) -> Sweep:
    """Read the parameters of a sweep.

    Parameters
    ----------
    file : Path
        CSV: a line of names, and a line for each task.

    Returns
    -------
    Sweep

    Raises
    ------
    ParameterError
        If it cannot be read, has no line for a task, or lines of other lengths than the first.
    """
    if not file.is_file():
        raise ParameterError(
            f"--array '{file}' is not a file; give a table, its first line names, such as "
            "'rate,weight', and then a line for each task",
            file=file,
        )
    try:
        with file.open(newline="", encoding="utf-8-sig") as text:
            lines = [(k, row) for k, row in enumerate(csv.reader(text), 1) if any(row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ParameterError(f"--array '{file}' is no CSV file: {error}", file=file) from error
    if len(lines) < 2:
        raise ParameterError(
            f"--array '{file}' has no line for a task; give a first line of names, such as "
            "'rate,weight', and then a line for each task",
            file=file,
        )
    names = [name.strip() for name in lines[0][1]]
    if len(set(names)) < len(names) or not all(names) or any(" " in name for name in names):
        raise ParameterError(
            f"--array '{file}' begins with {names}; these become options, so each must be a word "
            "of its own",
            file=file,
        )
    for number, row in lines[1:]:
        if len(row) != len(names) or any("\n" in value for value in row):
            raise ParameterError(
                f"--array '{file}', line {number}: {row}; give {len(names)} values, one for each "
                f"of {', '.join(names)}, without a line break",
                file=file,
            )
    rows = [[value.strip() for value in row] for _, row in lines[1:]]
    if not all(any(row) for row in rows):
        raise ParameterError(f"--array '{file}' has a line without a value", file=file)
    return Sweep(names, rows)


def collect(folder: Path) -> tuple[Path, dict[str, int]]:
    """Write one table of all tasks of a sweep: parameters, how each ended, files, spikes, rates.

    Parameters
    ----------
    folder : Path
        Of the sweep, with a folder for each task, as batch scripts make it.

    Returns
    -------
    Path
        The table.
    dict of str to int
        How many tasks are in which state: done; failed; stopped, with a checkpoint; unfinished,
        which runs, or was killed; not begun.

    Raises
    ------
    ParameterError
        If it is no such folder.
    """
    tasks = _tasks(folder)
    if not tasks:
        raise ParameterError(
            f"'{folder}' has no folders of tasks, 1 and so on; give the folder of a sweep",
            folder=folder,
        )
    rows = [{"task": str(task), **given, **_outcome(folder / str(task))} for task, given in tasks]
    names = list(dict.fromkeys(name for row in rows for name in row))
    path = folder / RESULTS
    with new_file(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(rows)
    states = [row["state"] for row in rows]
    return path, {state: states.count(state) for state in dict.fromkeys(states)}


def _tasks(folder: Path) -> list[tuple[int, Mapping[str, str]]]:
    """Return the number of each task, and its parameters."""
    if (folder / PARAMETERS).is_file():
        names, rows = read_sweep(folder / PARAMETERS)
        return [(k, dict(zip(names, row, strict=True))) for k, row in enumerate(rows, 1)]
    numbers = sorted(int(path.name) for path in folder.glob("*") if path.name.isdecimal())
    return [(k, {"arguments": _text(folder / str(k) / "arguments")}) for k in numbers]


def _outcome(folder: Path) -> dict[str, str]:
    """Return what came of a task."""
    if not folder.is_dir():
        return {"state": "not begun"}
    status = _text(folder / "status")
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("arguments", "status")
    )
    outcome = {
        "state": STATES.get(status, "failed") if status else "unfinished",
        "exit_status": status,
        "files": ";".join(str(path.relative_to(folder)) for path in files),
    }
    for path in files:
        if path.suffix == ".h5" and ".checkpoint." not in path.name:
            outcome.update(_measures(path))
    return outcome


def _measures(path: Path) -> Iterator[tuple[str, str]]:
    """Yield spikes and rate of each population in the last segment of a file of recordings."""
    try:
        with reader.open(path) as recording:
            segment = recording.segments[-1]
            for info, spikes, _ in segment.populations:
                if spikes is not None:
                    rate = mean_rate(spikes, segment.t_start, segment.t_stop)
                    yield f"spikes of {info.label}", str(spikes.times.size)
                    yield f"rate of {info.label} [Hz]", f"{rate:.6g}"
    except (FileFormatError, IndexError):
        # it may be of something else, or not whole
        return


def _text(file: Path) -> str:
    return file.read_text().strip() if file.is_file() else ""
