"""What a process does with signals whose work is done by a job that it has started."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path

from distsim.allocation import is_in_job

__all__ = ["end_session", "end_with_parent", "has_terminal", "say_what_ended", "signals_passed_to"]

# of Linux's prctl: the signal to a process whose parent has ended
PR_SET_PDEATHSIG = 1

ADVICE = (
    " from Slurm: cancelled, or at the time limit. What was not written is lost; "
    "`distsim run --checkpoint FILE --resume` goes on where a job was ended"
)


def end_with_parent() -> Callable[[], None] | None:
    """Return what a child must call first, to get SIGTERM once this process is gone.

    Returns
    -------
    callable or None
        For ``Popen(preexec_fn=...)``; None where the system is not Linux, which alone has this.
    """
    if sys.platform != "linux":
        return None
    parent, prctl = os.getpid(), ctypes.CDLL(None).prctl

    def ask_for_signal() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            # it was gone before
            os.kill(os.getpid(), signal.SIGTERM)

    return ask_for_signal


def end_session(leader: int) -> None:
    """Kill what is left of a session on this node.

    Parameters
    ----------
    leader : int
        Process that began it.
    """
    for process in Path("/proc").glob("[0-9]*"):
        pid = int(process.name)
        # a process may end meanwhile
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(pid) == leader:
                os.kill(pid, signal.SIGKILL)


def has_terminal() -> bool:
    """Tell whether a terminal sends its signals to this process and its children."""
    try:
        with Path("/dev/tty").open() as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


@contextlib.contextmanager
def signals_passed_to(
    job: "subprocess.Popen[bytes]", has_session: bool, has_checkpoints: bool = False
) -> Iterator[list[int]]:
    """Pass signals on to a job as long as the context lasts; give a list of those that came.

    Parameters
    ----------
    job : subprocess.Popen
    has_session : bool
        Whether it has a session of its own, so that no terminal sends it anything.
    has_checkpoints : bool
        Whether it makes checkpoints: USR1 and USR2 are passed on, too, and the latter for TERM.
    """
    passed: list[int] = []

    def pass_on(number: int, _frame: types.FrameType | None) -> None:
        passed.append(number)
        # Ctrl-C in its terminal reaches the launcher without our help
        if has_session or number != signal.SIGINT or not has_terminal():
            is_end = has_checkpoints and number == signal.SIGTERM
            job.send_signal(signal.SIGUSR2 if is_end else number)

    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    numbers += [signal.SIGUSR1, signal.SIGUSR2] if has_checkpoints else []
    before = {number: signal.signal(number, pass_on) for number in numbers}
    try:
        yield passed
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def say_what_ended(number: int, status: int) -> int:
    """Write which signal ended a job, if its ranks have not; return the status for it."""
    if status != 128 + number:
        text = "interrupted" if number == signal.SIGINT else signal.Signals(number).name
        advice = ADVICE if number == signal.SIGTERM and is_in_job(os.environ) else ""
        sys.stderr.write(f"distsim: {text}{advice}\n")
    return 128 + number
