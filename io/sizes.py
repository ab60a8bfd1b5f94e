"""How large a file of recordings will be, by what is to be in it."""

import math

import numpy as np

from distsim.io import schema
from distsim.io.datasets import chunks_of

__all__ = ["FILE", "POPULATION", "dataset_bytes", "report_bytes", "spikes_bytes"]

# of a dataset beside its values, and of each chunk: its place in the index, and a checksum; of a
# population and of a file beside its datasets: groups and attributes
DATASET, CHUNK, POPULATION, FILE = 700, 16 + 4, 2100, 4500


def dataset_bytes(dtype: "np.dtype[np.generic]", shape: tuple[int, ...]) -> int:
    """Return what a dataset takes that is not compressed: whole chunks of values.

    Parameters
    ----------
    dtype : numpy dtype
    shape : tuple of int
        Of a list or a matrix.

    Examples
    --------
    >>> dataset_bytes(np.dtype("<f8"), (10_000, 20)) > 8 * 10_000 * 20
    True
    """
    if not all(shape):
        return DATASET
    chunks = chunks_of(shape)
    n_chunks = math.prod(-(-n // chunk) for n, chunk in zip(shape, chunks, strict=True))
    return DATASET + n_chunks * (math.prod(chunks) * dtype.itemsize + CHUNK)


def spikes_bytes(n_cells: int, n_spikes: int) -> int:
    """Return what the spikes of a population take, and which cells were recorded since when."""
    cells = dataset_bytes(schema.NODE_ID_DTYPE, (n_cells,))
    cells += dataset_bytes(schema.TIME_DTYPE, (n_cells,))
    spikes = dataset_bytes(schema.TIME_DTYPE, (n_spikes,))
    return cells + spikes + dataset_bytes(schema.NODE_ID_DTYPE, (n_spikes,))


def report_bytes(n_samples: int, n_cells: int) -> int:
    """Return what a variable of some cells takes, and which column is of which cell."""
    mapping = dataset_bytes(schema.NODE_ID_DTYPE, (n_cells,))
    mapping += dataset_bytes(schema.POINTER_DTYPE, (n_cells + 1,))
    mapping += dataset_bytes(schema.ELEMENT_DTYPE, (n_cells,))
    mapping += dataset_bytes(schema.TIME_DTYPE, (3,))
    return mapping + dataset_bytes(schema.VALUE_DTYPE, (n_samples, n_cells))
