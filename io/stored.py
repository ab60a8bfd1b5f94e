"""Arrays that stay in their file, and are read where they are indexed."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from distsim.errors import FileFormatError, ParameterError
from distsim.io import schema
from distsim.io.checksums import check, readable
from distsim.io.recordings import SpikeData

__all__ = ["Source", "StoredArray", "StoredSpikes", "read_array"]

# rows of a matrix that are read at once where not all of them are wanted
N_ROWS = 16 * schema.REPORT_CHUNK[0]


class Source:
    """A file that arrays are read from, as long as it is open, or opened for each of them.

    Parameters
    ----------
    path : str
        Of a file of HDF5.
    is_kept_open : bool
        Until `close`; else the file is opened whenever something is read.
    """

    def __init__(self, path: str, is_kept_open: bool) -> None:
        self.path = path
        self._file = _opened(path) if is_kept_open else None
        self._is_kept_open = is_kept_open

    @contextmanager
    def reading(self) -> Iterator[h5py.File]:
        """Give the file to read from.

        Raises
        ------
        ParameterError
            If it was closed.
        FileFormatError
            If the file is damaged.
        """
        if not self._is_kept_open:
            with _opened(self.path) as file, readable(self.path):
                yield file
            return
        if self._file is None:
            raise ParameterError(
                f"'{self.path}' was closed; read within the `with` that opened it, or open it again"
            )
        with readable(self.path):
            yield self._file

    def close(self) -> None:
        """Close the file; what was read stays."""
        if self._file is not None:
            self._file.close()
        self._file = None


def _opened(path: str) -> h5py.File:
    """Return a file open for reading; a missing one is Python's own error."""
    with open(path, "rb"):  # noqa: PTH123
        pass
    if not h5py.is_hdf5(path):
        raise FileFormatError(
            f"'{path}' is not an HDF5 file; give a file that distsim wrote", path=path
        )
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise FileFormatError(
            f"'{path}' cannot be opened as HDF5 ({error}); it may be cut short, "
            "or still be open in another program",
            path=path,
        ) from error


class StoredArray:
    """A matrix in a file, read where it is indexed; what is read is an array of NumPy's.

    It takes numbers, slices and a list of rows or of columns, as an array does. What is read as a
    whole, by ``[:]``, is compared with its checksum.

    Parameters
    ----------
    source : Source
    name : str
        Path of the dataset in the file.
    shape : tuple of int
        Numbers of rows and columns.

    Attributes
    ----------
    dtype : dtype
    ndim : int
    """

    dtype = schema.VALUE_DTYPE
    ndim = 2

    def __init__(self, source: Source, name: str, shape: tuple[int, int]) -> None:
        self._source = source
        self.name = name
        self.shape = shape

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.shape[0]

    def __getitem__(self, index: Any) -> NDArray[Any]:
        """Return what is indexed."""
        both = _of_both_axes(index if isinstance(index, tuple) else (index,))
        rows, columns = (_places(each, n) for each, n in zip(both, self.shape, strict=True))
        with self._source.reading() as file:
            dataset = file[self.name]
            if all(isinstance(each, slice) and each == slice(None) for each in both):
                return check(dataset, dataset[...])
            found = _read(dataset, np.atleast_1d(rows), np.atleast_1d(columns))
        found = found if rows.ndim else found[0]
        return found if columns.ndim else found[..., 0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return all of it."""
        return np.asarray(self[:], dtype)


def _of_both_axes(index: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the index of rows and that of columns."""
    dots = [k for k, each in enumerate(index) if each is Ellipsis][:1]
    for k in dots:
        index = (*index[:k], *[slice(None)] * (3 - len(index)), *index[k + 1 :])
    index += (slice(None),) * (2 - len(index))
    if len(index) > 2 or sum(not isinstance(each, slice) and np.ndim(each) for each in index) > 1:
        raise IndexError(
            "signals are indexed by rows and columns, by a list in one of them; index what was "
            "read by another list"
        )
    return index


def _places(index: Any, length: int) -> NDArray[np.int64]:
    """Return the places on an axis that are meant: one, or a list."""
    if isinstance(index, slice):
        return np.arange(*index.indices(length))
    return np.asarray(np.arange(length)[index])


def _read(
    dataset: h5py.Dataset, rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> NDArray[Any]:
    """Return some rows and columns; of each block of rows the stretch is read where these are."""
    found = np.empty((rows.size, columns.size), dataset.dtype)
    if not found.size:
        return found
    left, right = columns.min(), columns.max() + 1
    order = np.argsort(rows, kind="stable")
    for some in np.split(order, np.flatnonzero(np.diff(rows[order] // N_ROWS)) + 1):
        begin, end = rows[some[0]], rows[some[-1]] + 1
        stretch = dataset[begin:end, left:right]
        found[some] = stretch[rows[some] - begin][:, columns - left]
    return found


class StoredSpikes(SpikeData):
    """Spikes in a file; each array is read when it is asked for, checked, and then kept.

    Parameters
    ----------
    source : Source
    name : str
        Path of their group in the file.
    has_since : bool
        Whether the file tells when the recording of each cell began.
    n_cells, n_spikes : int
    """

    def __init__(
        self, source: Source, name: str, has_since: bool, n_cells: int, n_spikes: int
    ) -> None:
        # a record is frozen, but for what is read of it
        self.__dict__.update(_source=source, _name=name, _has_since=has_since)
        self.__dict__.update(_n_cells=n_cells, _n_spikes=n_spikes)

    @property
    def n_cells(self) -> int:
        """Number of recorded cells."""
        return int(self.__dict__["_n_cells"])

    @property
    def n_spikes(self) -> int:
        """Number of spikes."""
        return int(self.__dict__["_n_spikes"])

    @cached_property
    def node_ids(self) -> NDArray[np.int64]:
        """Of the recorded cells."""
        return self._array(schema.RECORDED_IDS, np.int64)

    @cached_property
    def times(self) -> NDArray[np.float64]:
        """Of the spikes [ms]."""
        return self._array(schema.TIMESTAMPS, np.float64)

    @cached_property
    def senders(self) -> NDArray[np.int64]:
        """Of the spikes."""
        return self._array(schema.SPIKE_NODE_IDS, np.int64)

    @cached_property
    def since(self) -> NDArray[np.float64] | None:
        """When the recording of each cell began [ms]."""
        has_since = self.__dict__["_has_since"]
        return self._array(schema.RECORDED_SINCE, np.float64) if has_since else None

    def _array(self, name: str, dtype: type) -> NDArray[Any]:
        source: Source = self.__dict__["_source"]
        with source.reading() as file:
            return read_array(file[f"{self.__dict__['_name']}/{name}"], dtype)


def read_array(dataset: h5py.Dataset, dtype: type) -> NDArray[Any]:
    """Return all values of a dataset, if they are what was written.

    Raises
    ------
    FileFormatError
    """
    return np.asarray(check(dataset, dataset[...]), dtype=dtype)
