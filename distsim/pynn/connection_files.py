"""Files of connections: one of all ranks', or one for each rank, ``<file>.<rank>``.

A file of one rank names in its header, beside the columns, that rank and how many there were.
"""

import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyNN.recording import files

from distsim.errors import ConnectivityError, FileWriteError, ParameterError
from distsim.pynn.simulator import state

__all__ = ["ConnectionTable", "as_file", "read_table", "write_table"]


class ConnectionTable(NamedTuple):
    """What a file of connections holds.

    Attributes
    ----------
    rows : ndarray of float64, shape (n, 2 + n_columns)
        Source index, target index and values of each connection.
    columns : tuple of str
        Names of the values.
    is_of_rank : bool
        Whether these are the connections of this rank in a run with as many ranks.
    """

    rows: NDArray[np.float64]
    columns: tuple[str, ...]
    is_of_rank: bool


def as_file(file: Any, mode: str) -> Any:
    """Return the file of `pyNN.recording.files` that a name or path means."""
    if isinstance(file, str | Path):
        return files.StandardTextFile(str(file), mode=mode)
    if not hasattr(file, "write" if "w" in mode else "read"):
        raise ParameterError(
            f"file = {file!r}; give a file's name, or one of the files of `pyNN.recording.files`"
        )
    return file


def write_table(file: Any, values: Any, columns: list[str], of_rank: bool) -> None:
    """Write a table.

    Parameters
    ----------
    file : str, Path or file of `pyNN.recording.files`
    values : list of tuples, or ndarray
    columns : list of str
    of_rank : bool
        To the file of this rank.

    Raises
    ------
    FileWriteError
        If the file cannot be written.
    """
    header: dict[str, Any] = {"columns": columns}
    try:
        if of_rank:
            file = _file_of_rank(file, "w")
            header["ranks"] = [state.rank, state.n_ranks]
        out = as_file(file, "w")
        out.write(values, header)
        out.close()
    except OSError as error:
        raise FileWriteError(f"cannot write connections: {error}") from error


def read_table(file: Any, distributed: bool) -> ConnectionTable:
    """Read a table.

    Parameters
    ----------
    file : file of `pyNN.recording.files`
    distributed : bool
        From the file of this rank.

    Raises
    ------
    ConnectivityError
        If there is no such file, or it does not hold connections, or was one of another number of
        ranks.
    """
    if distributed:
        file = _file_of_rank(file, file.mode)
    header: dict[str, Any] = {}
    try:
        if hasattr(getattr(file, "fileobj", None), "seek"):
            file.fileobj.seek(0)  # it may have been read before
        header = _header(file)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*contained no data")
            rows = np.atleast_2d(file.read())
    except LookupError:  # HDF5ArrayFile writes nothing where there is nothing
        rows = np.zeros((0, 0))
    except (OSError, ValueError) as error:
        raise ConnectivityError(f"cannot read connections from '{file.name}': {error}") from error
    columns = header.get("columns")
    if columns is None:
        columns = ("weight", "delay") if rows.shape[1] > 2 else ()
    names = tuple(str(name) for name in columns if name not in ("i", "j"))
    if rows.size and rows.shape[1] != 2 + len(names):
        raise ConnectivityError(
            f"'{file.name}' has {rows.shape[1]} columns; these must be source, target"
            + "".join(f", {name}" for name in names)
            + ', or be named in a line such as # columns = ["i", "j", "weight"]'
        )
    is_of_rank = "ranks" in header
    if is_of_rank:
        _check_ranks(file.name, [int(n) for n in header["ranks"]], distributed)
    return ConnectionTable(rows if rows.size else np.zeros((0, 2 + len(names))), names, is_of_rank)


def _file_of_rank(file: Any, mode: str) -> Any:
    """Return the file of this rank."""
    if isinstance(file, str | Path):
        return as_file(f"{file}.{state.rank}", mode)
    if mode.startswith("w"):
        # the user's, opened for all ranks, stays empty
        file.close()
        with suppress(OSError):
            Path(file.name).unlink()
    return type(file)(f"{file.name}.{state.rank}", mode=file.mode)


def _header(file: Any) -> dict[str, Any]:
    """Return what the file says of itself."""
    try:
        return dict(file.get_metadata())
    except LookupError:
        return {}
    except (SyntaxError, NameError, TypeError, ValueError):  # a remark that names no columns
        file.fileobj.seek(0)
        return {}


def _check_ranks(name: str, ranks: list[int], distributed: bool) -> None:
    """Raise if a file is not that of this rank."""
    rank, n_ranks = ranks
    if not distributed:
        raise ConnectivityError(
            f"'{name}' holds the connections of rank {rank} of {n_ranks} only; read all by "
            f"FromFileConnector('{name.removesuffix(f'.{rank}')}', distributed=True)"
        )
    if ranks != [state.rank, state.n_ranks]:
        raise ConnectivityError(
            f"'{name}' was written by rank {rank} of {n_ranks} and is read by rank {state.rank} of "
            f"{state.n_ranks}; start {n_ranks} ranks, or save with gather=True"
        )
