"""How a rank ends: all ranks end with it, with one message and its status."""

import atexit
import ctypes
import gc
import os
import sys
import time
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["EXIT_DELAY", "Leaving"]

# how long a rank that failed waits for a lower one to end the job [s]
ABORT_DELAY = 0.5
# how long a rank that left with an error waits for all others to leave too [s]
EXIT_DELAY = 2.0
# how long a rank waits for the one that speaks for all to end the job [s]
SPEAKER_DELAY = 10.0


class Leaving:
    """Takes the place of `sys.excepthook`, and looks on when Python ends.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm
        All ranks.
    wait_for_all : callable
        Called with exit status and patience [s] or None when this rank's script has ended; returns
        whether all ranks' have.

    Notes
    -----
    - An uncaught error: rank 0 writes its traceback and aborts at once; another rank first
      gives a lower one time to do so, since mostly all fail alike.
    - The end of the script, or `SystemExit`, however it was raised: where all ranks leave, they end
      normally, each with its status. Else the job is aborted with that status, or 1 if it is 0.
    - KeyboardInterrupt: one line instead of a traceback, status 130.
    - A process that a rank forks ends without a word to MPI.

    An error in another thread ends that thread alone, as in any Python program.
    """

    def __init__(self, comm: "MPI.Intracomm", wait_for_all: Callable[[int, float | None], bool]):
        self._comm = comm
        self._wait_for_all = wait_for_all
        self._excepthook: Callable[..., Any] = sys.excepthook
        self._is_forked = False
        self._status = 0
        if comm.Get_size() > 1:
            sys.excepthook = self
            _tell_exit_code(self._take_code)
        atexit.register(self._at_exit)
        os.register_at_fork(after_in_child=self._after_fork)

    @property
    def is_forked(self) -> bool:
        """Whether this process was forked from a rank."""
        return self._is_forked

    def __call__(
        self,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        """Write what went wrong and end all ranks."""
        if self._is_forked:
            self._status = 1
            self._excepthook(kind, error, trace)
            return
        if issubclass(kind, KeyboardInterrupt):
            self._abort("interrupted", 130)
        self._abort("".join(traceback.format_exception(kind, error, trace)).rstrip(), 1)

    def end_job(self, speaker: int, text: str, status: int) -> None:
        """End all ranks with a message of one of them; every rank must call it."""
        if self._comm.Get_rank() != speaker:
            time.sleep(SPEAKER_DELAY)
        self._speak(text)
        self._comm.Abort(status or 1)

    def _at_exit(self) -> None:
        from mpi4py import MPI

        if self._is_forked:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(self._status)
        if MPI.Is_finalized() or self._comm.Get_size() == 1:
            return
        patience = EXIT_DELAY if self._status else None
        if not self._wait_for_all(self._status, patience):
            self._abort(
                f"left with exit status {self._status} while other ranks stayed", self._status or 1
            )

    def _after_fork(self) -> None:
        """Let a forked process end for itself alone."""
        self._is_forked = True
        if sys.excepthook is not self:
            self._excepthook, sys.excepthook = sys.excepthook, self
            _tell_exit_code(self._take_code)

    def _take_code(self, code: object) -> None:
        """Take the argument of the SystemExit that ends this process, as Python does."""
        self._status = code & 0xFF if isinstance(code, int) else int(code is not None)

    def _abort(self, text: str, status: int) -> None:
        rank = self._comm.Get_rank()
        if rank > 0:
            # lower ranks speak first; a short stagger keeps higher ranks from speaking as well
            time.sleep(ABORT_DELAY + 0.1 * min(rank - 1, 15))
        self._speak(text)
        self._comm.Abort(status)

    def _speak(self, text: str) -> None:
        sys.stdout.flush()
        # one write, so that lines of other ranks do not come between
        rank, n_ranks = self._comm.Get_rank(), self._comm.Get_size()
        sys.stderr.write(f"distsim: rank {rank} of {n_ranks}: {text}\n")
        sys.stderr.flush()


def _tell_exit_code(take: Callable[[object], None]) -> None:
    """Have the argument of the SystemExit that ends this process told before Python ends.

    Python neither calls `sys.excepthook` for it, nor tells functions of `atexit`. But it reads the
    error's attribute `code` then, and only then without any Python code that asks for it.
    """
    attributes = gc.get_referents(SystemExit.__dict__)[0]
    if sys.implementation.name != "cpython" or not isinstance(attributes, dict):
        return  # each exit status is taken to be 0
    member = attributes["code"]

    def code(error: SystemExit) -> object:
        value = member.__get__(error)
        if sys._getframe().f_back is None:
            take(value)
        return value

    attributes["code"] = property(code, member.__set__, member.__delete__, member.__doc__)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(SystemExit))
    if sys.version_info < (3, 12):
        _make_instances()


def _make_instances() -> None:
    """Have `sys.exit` make the error itself, which Python before 3.12 only does where it must."""
    written_in_c = sys.exit

    def exit(status: object = None, /) -> NoReturn:  # noqa: A001
        raise SystemExit(status)

    exit.__doc__ = written_in_c.__doc__
    # a script may have said `from sys import exit`
    for names in (vars(sys), vars(sys.modules["__main__"])):
        for name in [name for name, value in names.items() if value is written_in_c]:
            names[name] = exit
