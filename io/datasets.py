"""Files of HDF5 and their datasets, cut into chunks, whose bytes depend on values alone."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from distsim.io import schema
from distsim.io.checksums import Checksum
from distsim.io.whole_file import FailSafeFile, check_space, new_file

__all__ = ["chunks_of", "create", "mark_order", "mark_sonata", "new_hdf5_file", "store"]


@contextmanager
def new_hdf5_file(path: Path, n_bytes: int = 0) -> Iterator[tuple[h5py.File, Callable[[], None]]]:
    """Give a file to write to, which appears under its name when it is complete.

    Parameters
    ----------
    path : Path
    n_bytes : int
        That it needs at least.

    Yields
    ------
    file : h5py.File
    check : callable
        To be called now and then; raises if something was not written.

    Raises
    ------
    FileWriteError
        If there is less space.
    OSError, RuntimeError
        If it cannot be written; HDF5 has the latter when it closes the file.
    """
    with new_file(path) as temporary:
        check_space(path, n_bytes)
        with FailSafeFile(temporary) as disk:
            with h5py.File(disk, "w", libver=schema.HDF5_VERSIONS) as file:
                yield file, disk.check
            disk.check()
            os.fsync(disk.fileno())


def mark_sonata(file: h5py.File) -> None:
    """Note at the root that a file is SONATA's."""
    file.attrs[schema.MAGIC_ATTR] = schema.MAGIC_DTYPE.type(schema.MAGIC)
    file.attrs[schema.VERSION_ATTR] = np.array(schema.VERSION, dtype=schema.MAGIC_DTYPE)


def mark_order(spikes: h5py.Group) -> None:
    """Note at a group of spikes in which order they are, as SONATA does."""
    sorting = h5py.enum_dtype(schema.SORTING, basetype=schema.SORTING_DTYPE)
    order = schema.SORTING[schema.SPIKE_ORDER]
    spikes.attrs.create(schema.SORTING_ATTR, order, dtype=sorting)


def store(group: h5py.Group, name: str, dtype: Any, values: NDArray[Any]) -> h5py.Dataset:
    """Create a dataset with values that are there as a whole.

    Parameters
    ----------
    group : h5py.Group
    name : str
    dtype : numpy dtype
        To store the values as.
    values : ndarray
    """
    stored = np.asarray(values).astype(dtype)
    dataset = create(group, name, dtype, stored.shape)
    dataset[...] = stored
    Checksum.of(stored).seal(dataset)
    return dataset


def create(
    group: h5py.Group,
    name: str,
    dtype: Any,
    shape: tuple[int, ...],
    compression: str | None = None,
) -> h5py.Dataset:
    """Create a dataset to be filled.

    Parameters
    ----------
    group : h5py.Group
    name : str
    dtype : numpy dtype
    shape : tuple of int
        Of a list or a matrix; the shape of chunks follows from it.
    compression : str, optional
        One of h5py's.
    """
    chunks = chunks_of(shape)
    # what is empty has no chunks
    return group.create_dataset(
        name,
        shape=shape,
        dtype=dtype,
        chunks=chunks if all(chunks) else None,
        fletcher32=all(chunks),
        compression=compression if all(chunks) else None,
        # bytes of one place in all numbers side by side compress better
        shuffle=compression is not None and all(chunks),
        track_times=False,
    )


def chunks_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of the chunks of a list or a matrix.

    Examples
    --------
    >>> chunks_of((100,)), chunks_of((10_000, 20))
    ((100,), (256, 20))
    """
    limits = schema.REPORT_CHUNK if len(shape) == 2 else (schema.LIST_CHUNK,)
    return tuple(min(length, limit) for length, limit in zip(shape, limits, strict=True))
