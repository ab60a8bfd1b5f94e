"""The file of a snapshot: datasets that are written row by row, and one document; no MPI.

A dataset's name is a path. The document is JSON, and holds what is the same for all cells.
Nothing in the file is code, or is run when it is read.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from distsim.comm.rows import blocks_of
from distsim.errors import FileFormatError
from distsim.io import schema
from distsim.io.attributes import fixed
from distsim.io.checksums import Checksum, readable
from distsim.io.kinds import Kind, kind_of
from distsim.io.whole_file import FailSafeFile, new_file

__all__ = ["FORMAT", "SnapshotFile", "SnapshotWriter", "new_snapshot", "previous", "recover"]

FORMAT_ATTR, FORMAT = "snapshot_format", 4
DOCUMENT = "document"
OTHERS = {
    Kind.RECORDINGS: "it has recordings, which distsim.io.open() reads",
    Kind.CONNECTION_VALUES: (
        "it has values of connections, which distsim.io.read_connection_values() reads"
    ),
    Kind.OTHER: "another program has written it",
}
WAY_OUT = "give a file that checkpoint() or `distsim run --checkpoint` has written"
# of a chunk; its length is that of what is appended first, if that is less
CHUNK_BYTES, LEAST_ROWS = 2**19, 16


def previous(path: Path) -> Path:
    """Return the name of the snapshot that was there before the one of a name."""
    return path.with_name(path.name + ".previous")


@contextmanager
def new_snapshot(path: Path) -> Iterator["SnapshotWriter"]:
    """Give a snapshot to write to, which gets its name when it is whole and on the disk.

    The one that had the name before is kept as `previous`; what a process has left that ended
    while it wrote one is removed.

    Raises
    ------
    OSError, RuntimeError
        If it cannot be written; the one before keeps its name.
    """
    with new_file(path) as temporary:
        for left in path.parent.glob(f".{escape(path.stem)}.*.part{escape(path.suffix)}"):
            left.unlink(missing_ok=True)
        with FailSafeFile(temporary) as disk:
            with h5py.File(disk, "w", libver=schema.HDF5_VERSIONS) as file:
                file.attrs[schema.KIND_ATTR] = fixed(schema.SNAPSHOT)
                file.attrs[FORMAT_ATTR] = FORMAT
                writer = SnapshotWriter(file, disk)
                yield writer
                writer.seal()
            disk.check()
            os.fsync(disk.fileno())
        _keep_previous(path)
    _flush_folder(path.parent)


def _keep_previous(path: Path) -> None:
    """Give a snapshot that is there a second name, so that it is never without one."""
    if not path.exists():
        return
    try:
        between = path.with_name(f".{path.name}.{os.getpid()}.part")
        between.unlink(missing_ok=True)
        os.link(path, between)
        between.replace(previous(path))
    except OSError:  # the file system has no hard links
        path.replace(previous(path))


def recover(path: Path) -> bool:
    """Give the snapshot before the one of a name that name, if there is no other of it.

    Where the file system has no hard links, a process may end between the two steps by which a
    snapshot takes the place of another.
    """
    if path.exists() or not previous(path).exists():
        return False
    previous(path).rename(path)
    return True


def _flush_folder(folder: Path) -> None:
    """Have the names in a folder written to the disk, where the system can."""
    with suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


class SnapshotWriter:
    """Datasets that grow, and the document; made by `new_snapshot`."""

    def __init__(self, file: h5py.File, disk: FailSafeFile) -> None:
        self._file, self._disk = file, disk
        self._datasets: dict[str, tuple[h5py.Dataset, Checksum]] = {}
        # of datasets whose rows hold nothing: all rows so far, none of them with a byte
        self._empty: dict[str, NDArray[Any]] = {}

    def append(self, name: str, values: NDArray[Any]) -> None:
        """Add rows to a dataset.

        Raises
        ------
        OSError
            If something was not written so far.
        """
        if not all(values.shape[1:]):
            before = self._empty.get(name, values[:0])
            self._empty[name] = np.concatenate([before, values])
            return
        if name not in self._datasets:
            self._datasets[name] = self._created(name, values), Checksum()
        dataset, checksum = self._datasets[name]
        n_before = dataset.shape[0]
        dataset.resize(n_before + values.shape[0], axis=0)
        dataset[n_before:] = values
        checksum.add(values)
        self._disk.check()

    def _created(self, name: str, values: NDArray[Any]) -> h5py.Dataset:
        shape = values.shape[1:]
        row_bytes = values.itemsize * int(np.prod(shape))
        return self._file.create_dataset(
            name,
            shape=(0, *shape),
            maxshape=(None, *shape),
            dtype=values.dtype,
            chunks=(min(max(values.shape[0], LEAST_ROWS), 1 + CHUNK_BYTES // row_bytes), *shape),
            fletcher32=True,
            track_times=False,
        )

    def write_document(self, document: dict[str, Any]) -> None:
        """Write the document: what JSON can hold."""
        text = json.dumps(document, sort_keys=True, indent=1)
        self.append(DOCUMENT, np.frombuffer(text.encode(), np.uint8))

    def seal(self) -> None:
        """Note the checksums."""
        for name, values in self._empty.items():
            dataset = self._file.create_dataset(name, data=values, track_times=False)
            self._datasets[name] = dataset, Checksum()
        for dataset, checksum in self._datasets.values():
            checksum.seal(dataset)


class SnapshotFile:
    """A snapshot that is read; every value is checked when it is opened.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    document : dict

    Raises
    ------
    FileNotFoundError
    FileFormatError
        If it is no snapshot, of another format, cut short or altered.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise FileNotFoundError(f"there is no checkpoint '{path}'; {WAY_OUT}")
        if not h5py.is_hdf5(path):
            raise _other(path, _kind_of(path))
        with readable(str(path), _one_before(path)):
            self._file = h5py.File(path, "r")
            _check_kind(path, self._file)
            self._file.visititems(_check_values)
            self.document: dict[str, Any] = json.loads(self._file[DOCUMENT][:].tobytes())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def like(self, name: str) -> NDArray[Any]:
        """Return no rows of a dataset, with its type and shape."""
        dataset = self._file[name]
        return np.empty((0, *dataset.shape[1:]), dataset.dtype)

    def names(self, group: str) -> list[str]:
        """Return the names of the datasets in a group."""
        return sorted(self._file[group])

    def n_rows(self, name: str) -> int:
        """Return the number of rows of a dataset."""
        return int(self._file[name].shape[0])

    def rows(self, name: str, first: int, end: int) -> NDArray[Any]:
        """Return some rows of a dataset."""
        return self._file[name][first:end]


def _check_kind(path: Path, file: h5py.File) -> None:
    """Raise if an HDF5 file is no snapshot, or one of another format."""
    kind = kind_of(file)
    if kind is not Kind.SNAPSHOT:
        raise _other(path, OTHERS[kind])
    number = int(file.attrs[FORMAT_ATTR])
    if number != FORMAT:
        raise FileFormatError(
            f"'{path}' is a checkpoint of format {number}; this distsim reads format {FORMAT}: use "
            "the version that has written it",
            path=str(path),
        )


def _kind_of(path: Path) -> str:
    """Return what something is that is no HDF5 file."""
    if path.is_dir():
        return "it is a folder"
    return "it is no HDF5 file" if path.stat().st_size else "it is empty"


def _other(path: Path, kind: str) -> FileFormatError:
    """Return the error that says what a file is in place of a snapshot."""
    way_out = _one_before(path) or f"; {WAY_OUT}, or another name"
    return FileFormatError(f"'{path}' is no checkpoint: {kind}{way_out}", path=str(path))


def _one_before(path: Path) -> str:
    """Return where the snapshot before this one is, if there is one."""
    return f"; the one before is '{previous(path)}'" if previous(path).exists() else ""


def _check_values(_name: str, item: Any) -> None:
    """Raise if a dataset has other values than were written."""
    if isinstance(item, h5py.Dataset):
        if schema.CHECKSUM_ATTR not in item.attrs:
            raise ValueError(f"'{item.name}' has no checksum")
        checksum = Checksum()
        row_bytes = item.dtype.itemsize * int(np.prod(item.shape[1:]))
        for first, end in blocks_of(item.shape[0], row_bytes):
            checksum.add(item[first:end])
        checksum.compare(item)
