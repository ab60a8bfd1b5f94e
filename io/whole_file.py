"""Write a file as a whole or not at all, whatever the disk does meanwhile."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from io import FileIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Event, Thread

from distsim.errors import FileWriteError

__all__ = [
    "FailSafeFile",
    "Told",
    "check_folder",
    "check_new",
    "check_space",
    "new_file",
    "write_error",
]

# takes a number of bytes
Told = Callable[[int], object]
# how often the size of a file is looked at that others write [s]
INTERVAL = 0.2


@contextmanager
def new_file(path: Path, told: Told | None = None) -> Iterator[Path]:
    """Give a name beside a file's, and the file its own name when it is complete.

    Parameters
    ----------
    path : Path
        Its folder is made if need be; an older file of that name is replaced at the end.
    told : callable, optional
        Called now and then, from another thread, with the bytes by which the file has grown.

    Yields
    ------
    Path
        The name to write to; what is there is removed if writing fails.
    """
    _make_folder(path)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        with nullcontext() if told is None else _growth_told(temporary, told):
            yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _growth_told(path: Path, told: Told) -> Iterator[None]:
    """Tell by how much a file grows while others write it, who do not tell."""
    is_over = Event()

    def follow() -> None:
        size, is_last = 0, False
        while not is_last:
            is_last = is_over.wait(INTERVAL)
            present = path.stat().st_size if path.is_file() else size
            told(present - size)
            size = present

    thread = Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def check_folder(path: Path) -> None:
    """Raise if a file cannot be made in its folder, which is made if need be.

    Raises
    ------
    OSError
    """
    _make_folder(path)
    with NamedTemporaryFile(prefix=".", suffix=".part", dir=path.parent):
        pass


def check_new(path: Path, way_out: str) -> None:
    """Raise if something has the name of a file or folder that is to be made.

    Raises
    ------
    FileWriteError
        The message ends with the way out.
    """
    if path.exists():
        kind = "folder" if path.is_dir() else "file"
        raise FileWriteError(f"there is a {kind} '{path}' already{way_out}", path=str(path))


def _make_folder(path: Path) -> None:
    """Make the folder of a file whose name nothing else has."""
    if path.is_dir():
        raise IsADirectoryError(f"'{path}' is a folder")
    path.parent.mkdir(parents=True, exist_ok=True)


def check_space(path: Path, n_bytes: int) -> None:
    """Raise if a disk has less space than a file needs at least.

    Parameters
    ----------
    path : Path
        The file; its folder must exist.
    n_bytes : int

    Raises
    ------
    FileWriteError
    """
    disk = os.statvfs(path.parent)
    free = disk.f_bavail * disk.f_frsize
    # some file systems tell nothing about their size
    if disk.f_blocks and n_bytes > free:
        raise FileWriteError(
            f"'{path}' needs {n_bytes / 1e6:.3g} MB, and its folder has {free / 1e6:.3g} MB left; "
            "free some space, choose another path, or write fewer variables or cells",
            path=str(path),
            n_bytes=n_bytes,
            free=free,
        )


def write_error(cause: Exception, path: object) -> FileWriteError:
    """Return the error that says why a file could not be written."""
    reason = str(cause) if isinstance(cause, OSError) else f"{type(cause).__name__}: {cause}"
    return FileWriteError(
        f"'{path}' cannot be written: {reason}; check the folder's permissions and free "
        "space, or choose another path",
        path=str(path),
    )


class FailSafeFile(FileIO):
    """A file on a disk that may fail, which it hides from the library that writes to it.

    HDF5 cannot close a file that it cannot write: it tries again when the program ends, and takes
    it down. So what the disk refuses is kept in memory, where it is found when read, and `check`
    tells.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    failure : OSError or None
        The first one.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+")
        self.failure: OSError | None = None
        self._refused: list[tuple[int, bytes]] = []
        self._position = 0

    def check(self) -> None:
        """Raise what the disk has refused so far.

        Raises
        ------
        OSError
        """
        if self.failure is not None:
            raise self.failure

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position."""
        if whence == os.SEEK_END:
            size = os.fstat(self.fileno()).st_size
            ends = [begin + len(data) for begin, data in self._refused]
            offset, whence = max([size, *ends]) + offset, os.SEEK_SET
        self._position = offset + (self._position if whence == os.SEEK_CUR else 0)
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def write(self, data: object) -> int:
        """Write all of some bytes, or keep what cannot be written."""
        view = memoryview(data).cast("B")  # type: ignore[arg-type]
        n_done = 0
        while self.failure is None and n_done < len(view):
            try:
                n_done += os.pwrite(self.fileno(), view[n_done:], self._position + n_done)
            except OSError as error:
                self.failure = error
        if n_done < len(view):
            self._refused.append((self._position + n_done, bytes(view[n_done:])))
        self._position += len(view)
        return len(view)

    def readinto(self, buffer: object) -> int:
        """Read what was written, be it on the disk or not."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        begin, end = self._position, self._position + len(view)
        found = os.pread(self.fileno(), len(view), begin)
        view[: len(found)] = found
        n_read = len(found)
        for first, data in self._refused:
            low, high = max(begin, first), min(end, first + len(data))
            if low < high:
                view[low - begin : high - begin] = data[low - first : high - first]
                n_read = max(n_read, high - begin)
        self._position += n_read
        return n_read

    def truncate(self, size: int | None = None) -> int:
        """Set the size."""
        size = self._position if size is None else size
        try:
            os.ftruncate(self.fileno(), size)
        except OSError as error:
            self.failure = self.failure or error
        return size

    def flush(self) -> None:
        """Do nothing: nothing is held back."""
