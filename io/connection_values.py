"""Values of connections over time in an HDF5 file, such as weights that change.

The file has a group ``connections``, and in it one for each projection, by its label as
`distsim.io.schema.escape` writes it: `source` and
`target` (indices in the two populations) of each connection, and a group ``segment_<k>`` for each
run after a `reset`, with `time` [ms] and one dataset of shape (n_times, n_connections) for each
variable, which has its `unit` as an attribute.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from distsim.io import schema
from distsim.io.attributes import decode, fixed
from distsim.io.checksums import check, readable
from distsim.io.datasets import new_hdf5_file, store
from distsim.io.whole_file import write_error

__all__ = ["ConnectionValues", "read_connection_values", "write_connection_values"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ConnectionValues:
    """What was sampled of the connections of a projection.

    Attributes
    ----------
    label : str
        Of the projection.
    sources, targets : ndarray of int64, shape (n_connections,)
        Indices in the populations.
    units : mapping of str to str
        Of each variable.
    segments : sequence of (ndarray of float64, mapping of str to ndarray of float64)
        Times [ms], shape (n_times,), and values of each variable, shape (n_times, n_connections).
    """

    label: str
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    units: Mapping[str, str]
    segments: Sequence[tuple[Floats, Mapping[str, Floats]]]


def write_connection_values(path: str | Path, values: ConnectionValues) -> None:
    """Write values of connections to a new file.

    Parameters
    ----------
    path : str or Path
        An older file of that name is replaced once this one is complete.
    values : ConnectionValues

    Raises
    ------
    FileWriteError
        If the file cannot be written.
    """
    path = Path(path)
    n_bytes = sum(column.nbytes for _, columns in values.segments for column in columns.values())
    try:
        with new_hdf5_file(path, n_bytes) as (file, _):
            _write(file, values)
    except (OSError, RuntimeError) as error:
        # HDF5 reports what it cannot write as OSError or, when it closes the file, as RuntimeError
        raise write_error(error, path) from error


def _write(file: Any, values: ConnectionValues) -> None:
    group = file.create_group(f"connections/{schema.escape(values.label)}")
    group.attrs["label"] = fixed(values.label)
    store(group, "source", np.int64, values.sources)
    store(group, "target", np.int64, values.targets)
    for k, (times, columns) in enumerate(values.segments):
        segment = group.create_group(f"segment_{k}")
        store(segment, "time", np.float64, times).attrs["unit"] = fixed("ms")
        for name, column in columns.items():
            store(segment, name, np.float64, column).attrs["unit"] = fixed(values.units[name])


def read_connection_values(path: str | Path) -> list[ConnectionValues]:
    """Return what `write_connection_values` wrote, of each projection.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FileFormatError
        If it is no such file, or damaged.
    """
    with readable(str(path)), h5py.File(path, "r") as file:
        return [_read(group) for group in file["connections"].values()]


def _read(group: Any) -> ConnectionValues:
    segments, units = [], {}
    for k in range(sum(name.startswith("segment_") for name in group)):
        segment = group[f"segment_{k}"]
        names = [name for name in segment if name != "time"]
        units.update({name: decode(segment[name].attrs)["unit"] for name in names})
        segments.append((_whole(segment["time"]), {name: _whole(segment[name]) for name in names}))
    label = decode(group.attrs)["label"]
    ends = _whole(group["source"]), _whole(group["target"])
    return ConnectionValues(label, *ends, units, segments)


def _whole(dataset: Any) -> NDArray[Any]:
    return check(dataset, dataset[...])
