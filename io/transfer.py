"""How the rank that writes asks the others for their data, one bounded block at a time.

Rank 0 asks, the others answer: each serves the requests of rank 0 until it is told that the file
is complete or that writing failed. A rank is therefore never in a call that rank 0 does not make,
whatever goes wrong on either side, and what rank 0 holds is only what it has asked for. The data of
rank 0 itself answer the same requests, so a serial run is the case of no other ranks.
"""

from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from distsim.errors import DistsimError, FileWriteError, ParameterError

__all__ = [
    "MESSAGE_BYTES",
    "Communicator",
    "Kind",
    "LocalPart",
    "Part",
    "RemotePart",
    "Request",
    "collect",
    "serve",
]

MESSAGE_BYTES = 8 * 2**20

_TAG = 7470
_OK = -1


# what can be raised again on another rank; the place in the tuple is what is sent
_ERRORS: tuple[type[DistsimError], ...] = (DistsimError, ParameterError, FileWriteError)


class Communicator(Protocol):
    """The calls of an mpi4py communicator that are used here."""

    def Get_rank(self) -> int: ...  # noqa: N802, D102
    def Get_size(self) -> int: ...  # noqa: N802, D102
    def Send(self, buf: Any, dest: int, tag: int) -> None: ...  # noqa: N802, D102
    def Recv(self, buf: Any, source: int, tag: int) -> None: ...  # noqa: N802, D102


class Kind(IntEnum):
    """What rank 0 can ask for or announce."""

    STRUCTURE = 0
    N_SPIKES = 1
    SPIKE_CELLS = 2
    SPIKES = 3
    SIGNAL_CELLS = 4
    SIGNAL = 5
    DONE = 6
    FAILED = 7
    SPIKE_STARTS = 8
    N_BYTES = 9


class Request(NamedTuple):
    """One request of rank 0; what is not needed stays zero.

    Parameters
    ----------
    kind : Kind
        What is asked for.
    segment, population, signal : int
        Positions in the lists of the recording.
    start, stop : int
        Range of spikes or of samples.
    first, last : int
        Range of columns of a signal.
    """

    kind: int
    segment: int = 0
    population: int = 0
    signal: int = 0
    start: int = 0
    stop: int = 0
    first: int = 0
    last: int = 0


Answer = Callable[[Request], NDArray[Any]]


class Part(Protocol):
    """The data of one rank, as seen by rank 0."""

    rank: int

    def ask(self, request: Request) -> None:
        """Send a request; `receive` must follow."""

    def receive(self, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return the answer, one-dimensional."""

    def dismiss(self, error: DistsimError | None) -> None:
        """End the service: the file is complete, or writing failed."""


class LocalPart:
    """Data that are here: those of rank 0 itself.

    Parameters
    ----------
    answer : callable
        Returns the array that a `Request` asks for, or raises `DistsimError`.
    rank : int
        Whose they are, if others' are here, too.
    """

    def __init__(self, answer: Answer, rank: int = 0) -> None:
        self.rank = rank
        self._answer = answer
        self._request = Request(Kind.DONE)

    def ask(self, request: Request) -> None:
        """Note a request; `receive` must follow."""
        self._request = request

    def receive(self, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return the answer, one-dimensional."""
        return np.asarray(self._answer(self._request), dtype=dtype).ravel()

    def dismiss(self, error: DistsimError | None) -> None:
        """Do nothing: rank 0 knows how its writing ended."""


class RemotePart:
    """The data of another rank, which must be in `serve`.

    Parameters
    ----------
    comm : Communicator
        The communicator of all ranks that take part.
    rank : int
        The other rank.
    """

    def __init__(self, comm: Communicator, rank: int) -> None:
        self.rank = rank
        self._comm = comm
        self._is_waited_for = False

    def ask(self, request: Request) -> None:
        """Send a request; `receive` must follow."""
        _send_numbers(self._comm, self.rank, request)
        self._is_waited_for = True

    def receive(self, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return the answer, one-dimensional; raise the error that the other rank met."""
        status, n_bytes = _receive_numbers(self._comm, self.rank, 2)
        payload = _receive_bytes(self._comm, self.rank, n_bytes)
        self._is_waited_for = False
        if status != _OK:
            raise _error(status, payload)
        return payload.view(dtype)

    def dismiss(self, error: DistsimError | None) -> None:
        """End the service: the file is complete, or writing failed."""
        # the other rank cannot listen before its pending answer is taken
        if self._is_waited_for:
            _, n_bytes = _receive_numbers(self._comm, self.rank, 2)
            _receive_bytes(self._comm, self.rank, n_bytes)
        if error is None:
            _send_numbers(self._comm, self.rank, Request(Kind.DONE))
            return
        payload = _to_bytes(str(error))
        _send_numbers(
            self._comm,
            self.rank,
            Request(Kind.FAILED, start=_error_code(error), stop=payload.size),
        )
        _send_bytes(self._comm, self.rank, payload)


def collect(
    parts: Sequence[Part], requests: Sequence[Request], dtype: np.dtype[Any]
) -> Iterator[NDArray[Any]]:
    """Ask several ranks at once and take their answers in turn.

    Parameters
    ----------
    parts : sequence of Part
        Whom to ask.
    requests : sequence of Request
        One for each part.
    dtype : dtype
        Of the answers.

    Yields
    ------
    ndarray
        The answers, in the order of `parts`; only one is held at a time.

    Raises
    ------
    DistsimError
        What the first part that failed has met.
    """
    for part, request in zip(parts, requests, strict=True):
        part.ask(request)
    for part in parts:
        yield part.receive(dtype)


def serve(comm: Communicator, answer: Answer) -> None:
    """Answer the requests of rank 0 until it says that the file is complete.

    Parameters
    ----------
    comm : Communicator
        The communicator of all ranks that take part.
    answer : callable
        Returns the array that a `Request` asks for, or raises `DistsimError`.

    Raises
    ------
    DistsimError
        Of the class and with the message that rank 0 raises, if writing failed.

    Notes
    -----
    Every rank but 0 must call it; rank 0 holds a `RemotePart` for each.
    """
    while True:
        request = Request(*_receive_numbers(comm, 0, len(Request._fields)))
        if request.kind == Kind.DONE:
            return
        if request.kind == Kind.FAILED:
            raise _error(request.start, _receive_bytes(comm, 0, request.stop))
        status, payload = _try_to_answer(answer, request, comm.Get_rank())
        _send_numbers(comm, 0, (status, payload.size))
        _send_bytes(comm, 0, payload)


def _try_to_answer(answer: Answer, request: Request, rank: int) -> tuple[int, NDArray[np.uint8]]:
    """Return a status and the answer, or the message of the error, as bytes."""
    try:
        block = np.ascontiguousarray(answer(request))
    except DistsimError as error:
        return _error_code(error), _to_bytes(f"rank {rank}: {error}")
    except Exception as error:  # rank 0 is waiting; it raises this again
        return 0, _to_bytes(f"rank {rank}: {type(error).__name__}: {error}")
    return _OK, block.reshape(-1).view(np.uint8)


def _error_code(error: DistsimError) -> int:
    """Return the place of the error's class among those that can be sent."""
    fitting = [code for code, known in enumerate(_ERRORS) if isinstance(error, known)]
    return fitting[-1]


def _error(code: int, payload: NDArray[np.uint8]) -> DistsimError:
    """Return the error that was sent."""
    return _ERRORS[code](payload.tobytes().decode())


def _to_bytes(text: str) -> NDArray[np.uint8]:
    """Return text as an array of bytes."""
    return np.frombuffer(text.encode(errors="backslashreplace"), dtype=np.uint8)


def _send_numbers(comm: Communicator, rank: int, numbers: Sequence[int]) -> None:
    """Send a few integers."""
    comm.Send(np.array(numbers, dtype=np.int64), dest=rank, tag=_TAG)


def _receive_numbers(comm: Communicator, rank: int, n_numbers: int) -> list[int]:
    """Receive as many integers as were sent."""
    numbers = np.empty(n_numbers, dtype=np.int64)
    comm.Recv(numbers, source=rank, tag=_TAG)
    return [int(number) for number in numbers]


def _send_bytes(comm: Communicator, rank: int, payload: NDArray[np.uint8]) -> None:
    """Send bytes in messages of at most `MESSAGE_BYTES`."""
    for start in range(0, payload.size, MESSAGE_BYTES):
        comm.Send(payload[start : start + MESSAGE_BYTES], dest=rank, tag=_TAG)


def _receive_bytes(comm: Communicator, rank: int, n_bytes: int) -> NDArray[np.uint8]:
    """Receive what `_send_bytes` sent."""
    payload = np.empty(n_bytes, dtype=np.uint8)
    for start in range(0, n_bytes, MESSAGE_BYTES):
        comm.Recv(payload[start : start + MESSAGE_BYTES], source=rank, tag=_TAG)
    return payload
