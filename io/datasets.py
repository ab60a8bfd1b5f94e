"""Datasets of a file: cut into chunks, each with a checksum, whose bytes depend on values alone."""

from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from distsim.io import schema
from distsim.io.checksums import Checksum

__all__ = ["create", "store"]


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


def create(group: h5py.Group, name: str, dtype: Any, shape: tuple[int, ...]) -> h5py.Dataset:
    """Create a dataset to be filled.

    Parameters
    ----------
    group : h5py.Group
    name : str
    dtype : numpy dtype
    shape : tuple of int
        Of a list or a matrix; the shape of chunks follows from it.
    """
    limits = schema.REPORT_CHUNK if len(shape) == 2 else (schema.LIST_CHUNK,)
    chunks = tuple(min(length, limit) for length, limit in zip(shape, limits, strict=True))
    # what is empty has no chunks
    return group.create_dataset(
        name,
        shape=shape,
        dtype=dtype,
        chunks=chunks if all(chunks) else None,
        fletcher32=all(chunks),
        track_times=False,
    )
