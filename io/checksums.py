"""Checksums of what is in a file, by which damage is found when it is read.

HDF5 itself watches over its own structures, attributes among them, and by `fletcher32` over each
chunk of a dataset; but it does not see a chunk whose bytes are all zero. So each dataset has a
CRC-32 of its values as well. Text of variable length lies in a heap that nothing watches over, and
where that is damaged HDF5 may look for its end for ever: text in attributes has a fixed length.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

import h5py
import numpy as np
from numpy.typing import NDArray

from distsim.errors import DistsimError, FileFormatError
from distsim.io import schema

__all__ = ["Checksum", "check", "check_file", "readable"]


class Checksum:
    """The checksum of the values of a dataset, taken as they are written or read."""

    def __init__(self) -> None:
        self._value = 0

    @classmethod
    def of(cls, values: NDArray[Any]) -> "Checksum":
        """Return that of values that are there as a whole."""
        checksum = cls()
        if values.ndim == 2:
            checksum.add_tile(values, 0, 0)
        else:
            checksum.add(values)
        return checksum

    def add(self, values: NDArray[Any]) -> None:
        """Add the next values of a list, of the dataset's own type."""
        self._value = _crc(values, self._value)

    def add_tile(self, values: NDArray[Any], row: int, column: int) -> None:
        """Add a part of a matrix that is made of whole chunks; in any order.

        Parameters
        ----------
        values : ndarray, shape (n_rows, n_columns)
            Of the dataset's own type.
        row, column : int
            Of its first value.
        """
        height, width = schema.REPORT_CHUNK
        for y in range(0, values.shape[0], height):
            for x in range(0, values.shape[1], width):
                place = crc32(f"{row + y},{column + x}".encode())
                self._value += _crc(values[y : y + height, x : x + width], place)
        self._value %= 2**32

    def seal(self, dataset: h5py.Dataset) -> None:
        """Note it at a dataset that is whole."""
        dataset.attrs[schema.CHECKSUM_ATTR] = np.uint32(self._value)

    def compare(self, dataset: h5py.Dataset) -> None:
        """Raise if another one was noted at a dataset.

        Raises
        ------
        FileFormatError
        """
        noted = dataset.attrs.get(schema.CHECKSUM_ATTR)
        if noted is not None and int(noted) != self._value:
            raise _damaged(dataset, "its values do not have the checksum that was noted")


def check(dataset: h5py.Dataset, values: NDArray[Any]) -> NDArray[Any]:
    """Return the values of a dataset that was read as a whole, if they are what was written.

    Raises
    ------
    FileFormatError
    """
    Checksum.of(values).compare(dataset)
    return values


def check_file(path: Path) -> None:
    """Read all that a file holds, in pieces, and compare it with the checksums noted there.

    Parameters
    ----------
    path : Path

    Raises
    ------
    FileFormatError
        If anything is not as it was written.
    """

    def look(_name: str, found: Any) -> None:
        if isinstance(found, h5py.Dataset) and schema.CHECKSUM_ATTR in found.attrs:
            checksum = Checksum()
            if found.ndim == 2:
                height, width = schema.REPORT_CHUNK
                for y in range(0, found.shape[0], height):
                    for x in range(0, found.shape[1], 32 * width):
                        checksum.add_tile(found[y : y + height, x : x + 32 * width], y, x)
            else:
                for start in range(0, found.size, 2**20):
                    checksum.add(found[start : start + 2**20])
            checksum.compare(found)

    with readable(str(path)), h5py.File(path, "r") as file:
        file.visititems(look)


@contextmanager
def readable(path: str, way_out: str = "") -> Iterator[None]:
    """Let whatever HDF5 and its values raise while a file is read say that it is damaged.

    The message ends with the way out.

    Raises
    ------
    FileFormatError
    """
    try:
        yield
    except (DistsimError, FileNotFoundError):
        raise
    # h5py has an error of another class for each thing that it does not understand, and gives None
    # for what it cannot open
    except Exception as error:
        raise FileFormatError(
            f"'{path}' is damaged, or was changed by another program: {error}; take a copy of the "
            f"file, or run the simulation again{way_out}",
            path=path,
        ) from error


def _damaged(owner: Any, what: str) -> FileFormatError:
    """Return the error that says what of a file is not as it was written."""
    path = owner.file.filename
    return FileFormatError(
        f"'{owner.name}' in '{path}' is damaged, or was changed by another program: {what}; "
        "take a copy of the file, or run the simulation again",
        path=path,
    )


def _crc(values: NDArray[Any], begun: int) -> int:
    return crc32(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data, begun)
