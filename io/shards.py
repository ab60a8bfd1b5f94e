"""What one rank records, in a file of its own while the run goes on, which outlives a killed job.

A shard is a sequence of frames, each of which is appended as a whole: facts as JSON, and an array.
Head, facts and array have a CRC-32 each, so that what is damaged is told apart from what is not,
and what a killed process has begun to write from what it has written. HDF5 was not taken for it:
a file that is open for writing when its process is killed can often not be opened any more.

Kinds of facts: ``job`` and ``run`` (facts of the run), ``population``, ``segment`` (a population's
part of one begins), ``set`` (cells that are recorded together, with their indices), ``samples`` and
``spikes`` of a set, ``cleared`` (sets that count no more), ``reset`` (a segment ends), ``complete``
(all up to that step is there).
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from struct import Struct
from typing import Any, NamedTuple
from weakref import finalize
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from distsim.errors import FileFormatError
from distsim.network.spool import Rows, write_all

__all__ = ["SUFFIX", "Frame", "Shard", "ShardFile", "as_text", "from_text", "shard_path"]

SUFFIX = ".shard"
MAGIC = b"distsim shard 1\n"
# size of the facts and of the array, their checksums
HEAD = Struct("<IQII")
# and that of the head itself
HEAD_SUM = Struct("<I")

Facts = Mapping[str, Any]


def shard_path(folder: Path, rank: int) -> Path:
    """Return the name of a rank's shard."""
    return folder / f"rank-{rank:05d}{SUFFIX}"


class Shard:
    """A shard to be written; its file is made with the first frame.

    Parameters
    ----------
    path : Path
        What is there is not touched.
    first : mapping of str to object
        Facts of the first frame.

    Attributes
    ----------
    fd : int
        The descriptor.
    """

    def __init__(self, path: Path, first: Facts) -> None:
        self.path = path
        self.fd = -1
        self._first = first
        self._end = 0

    def append(self, facts: Facts, values: NDArray[Any] | None = None) -> int:
        """Append a frame; return where its array begins [bytes].

        Raises
        ------
        OSError
            If it could not be written as a whole; nothing of it is in the file then.
        """
        if self.fd < 0:
            self._begin()
        array = np.zeros(0, np.uint8) if values is None else np.ascontiguousarray(values)
        described = {**facts, "dtype": array.dtype.str, "shape": array.shape}
        text = as_text(described).encode()
        data = array.reshape(-1).view(np.uint8).data
        head = HEAD.pack(len(text), len(data), crc32(text), crc32(data))
        begin = self._end + HEAD.size + HEAD_SUM.size + len(text)
        try:
            write_all(self.fd, head + HEAD_SUM.pack(crc32(head)) + text, self._end)
            write_all(self.fd, data, begin)
        except OSError:
            os.ftruncate(self.fd, self._end)
            raise
        self._end = begin + len(data)
        return begin

    def _begin(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        # what was moved to it can be read as long as somebody holds it
        finalize(self, os.close, fd)
        write_all(fd, MAGIC, 0)
        self.fd, self._end = fd, len(MAGIC)
        self.append(self._first)


class Frame(NamedTuple):
    """A frame that was read.

    Attributes
    ----------
    facts : dict of str to object
    rows : Rows
        Its array, read where it is indexed.
    """

    facts: dict[str, Any]
    rows: Rows


class ShardFile:
    """A shard to be read.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    path : Path
    n_damaged : int
        Frames, read so far, that were damaged and left out.
    n_lost : int
        Bytes at the end that are no frames: what was being written when the process was killed, or
        what came after a damaged head.

    Raises
    ------
    FileFormatError
        If it is no shard.
    OSError
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.n_damaged = self.n_lost = 0
        self.fd = os.open(path, os.O_RDONLY)
        if os.pread(self.fd, len(MAGIC), 0) != MAGIC:
            os.close(self.fd)
            raise FileFormatError(f"'{path}' is no shard of distsim, or of another version")

    def close(self) -> None:
        """Close the file."""
        os.close(self.fd)

    def frames(self) -> Iterator[Frame]:
        """Yield the frames that are whole."""
        size, place = os.fstat(self.fd).st_size, len(MAGIC)
        while (found := self._frame(place, size)) is not None:
            frame, place = found
            if frame is None:
                self.n_damaged += 1
            else:
                yield frame
        self.n_lost = size - place

    def _frame(self, place: int, size: int) -> tuple[Frame | None, int] | None:
        """Return the frame at a place, None if it is damaged, and where the next one begins.

        Without a frame there, and where it was cut short, None in all.
        """
        head = os.pread(self.fd, HEAD.size + HEAD_SUM.size, place)
        if len(head) < HEAD.size + HEAD_SUM.size:
            return None
        if crc32(head[: HEAD.size]) != HEAD_SUM.unpack(head[HEAD.size :])[0]:
            return None
        n_text, n_data, text_sum, data_sum = HEAD.unpack(head[: HEAD.size])
        begin = place + len(head) + n_text
        if begin + n_data > size:
            return None
        text = os.pread(self.fd, n_text, place + len(head))
        if crc32(text) != text_sum or self._crc(begin, n_data) != data_sum:
            return None, begin + n_data
        facts = from_text(text)
        shape, dtype = tuple(facts.pop("shape")), np.dtype(facts.pop("dtype"))
        return Frame(facts, Rows.stored(self, begin, shape, dtype)), begin + n_data

    def _crc(self, begin: int, n_bytes: int) -> int:
        found = 0
        for first in range(0, n_bytes, 2**22):
            found = crc32(os.pread(self.fd, min(2**22, n_bytes - first), begin + first), found)
        return found


def as_text(facts: Facts) -> str:
    """Return facts as JSON; arrays too, and as text what JSON cannot hold."""
    return json.dumps(facts, default=_as_json, skipkeys=True)


def from_text(text: str | bytes) -> dict[str, Any]:
    """Return the facts that `as_text` has made a text of."""
    facts: dict[str, Any] = json.loads(text, object_hook=_from_json)
    return facts


def _as_json(value: Any) -> Any:
    """Return what JSON can hold in place of an array or a number of numpy's."""
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": value.dtype.str}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, bytes):
        return value.decode()
    return str(value)


def _from_json(value: dict[str, Any]) -> Any:
    if value.keys() == {"array", "dtype"}:
        return np.array(value["array"], value["dtype"])
    return value
