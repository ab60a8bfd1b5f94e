"""When a checkpoint is to be made: by a clock, on a signal, when a file appears."""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from distsim.allocation import END_VARIABLE
from distsim.errors import SetupError
from distsim.intervals import read_interval

__all__ = ["STOPPED", "STOPPED_WITHOUT", "Plan", "Triggers", "Wishes"]

# exit status of a job that a signal has stopped: with a checkpoint, or where none could be written
STOPPED, STOPPED_WITHOUT = 75, 74
# what each signal asks for: a checkpoint; and the end
SIGNALS = {signal.SIGUSR1: False, signal.SIGUSR2: True, signal.SIGTERM: True}
# from one look for the file to the next [s]
LOOK_SECONDS = 1.0
# so long before a job's time is over it ends with a checkpoint [s], and a part of what it has left
MARGIN_SECONDS, MARGIN_PART = 120.0, 0.1

PATH_VARIABLE, EVERY_VARIABLE, RESUME_VARIABLE = (
    "DISTSIM_CHECKPOINT",
    "DISTSIM_CHECKPOINT_EVERY",
    "DISTSIM_RESUME",
)


class Plan(NamedTuple):
    """Where checkpoints go, and how often they are made.

    Attributes
    ----------
    path : Path or None
        None: none are made.
    every_ms : float
        Of the simulation's time [ms]; 0: not by that.
    every_seconds : float
        Of the clock on the wall [s]; 0: not by that.
    """

    path: Path | None
    every_ms: float
    every_seconds: float

    @classmethod
    def of(cls, path: Any, every: Any) -> "Plan":
        """Return the plan that `setup(checkpoint=..., checkpoint_every=...)` asks for.

        Raises
        ------
        SetupError
            If it cannot be.

        Examples
        --------
        >>> Plan.of("run.h5", "10 min").every_seconds, Plan.of("run.h5", 500).every_ms
        (600.0, 500.0)
        """
        if path is None:
            if every is not None:
                raise SetupError(
                    f"checkpoint_every = {every!r} without a file; give its name, as in "
                    "setup(checkpoint='run.checkpoint.h5')"
                )
            return cls(None, 0.0, 0.0)
        if not isinstance(path, str | os.PathLike):
            raise SetupError(f"checkpoint = {path!r}; give the name of a file")
        found = Path(os.fspath(path)).absolute()
        if every is None:
            return cls(found, 0.0, 0.0)
        return cls(found, *read_interval(every, "checkpoint_every"))

    @property
    def trigger(self) -> Path | None:
        """The file whose appearance asks for a checkpoint."""
        return None if self.path is None else self.path.with_name(self.path.name + ".now")


class Wishes(NamedTuple):
    """What is asked for, on this rank or on any.

    Attributes
    ----------
    is_wanted : bool
        A checkpoint.
    is_end_wanted : bool
        And then the end.
    """

    is_wanted: bool
    is_end_wanted: bool


class Triggers:
    """Notes what asks for a checkpoint; all ranks act on it when they pause.

    Only rank 0 looks at the clock and for the file. Signals are noted on any rank, from `begin` on
    until another plan has none; what comes outside of a run waits for the next one.
    """

    def __init__(self) -> None:
        self.plan = Plan(None, 0.0, 0.0)
        self._is_first = False
        # how often a checkpoint, and the end, was asked for; and how much of that was taken
        self._n_wanted = self._n_ends = 0
        self._taken = (0, 0)
        self._handlers: dict[signal.Signals, Any] = {}
        self._last = self._looked = 0.0
        # when to end, as there will be no time later; by the monotonic clock [s]
        self._end = float("inf")
        # step and segment of the last checkpoint
        self._moment = (0, 0)

    def begin(self, plan: Plan, is_first: bool) -> None:
        """Begin with a plan, on rank 0 or on another.

        What was noted for the plan before, and not taken, stays.
        """
        self.plan, self._is_first = plan, is_first
        self._last = time.monotonic()
        self._end = self._last + _time_to_run(os.environ.get(END_VARIABLE, ""), time.time())
        self._moment = (0, 0)
        is_listening = plan.path is not None
        if threading.current_thread() is not threading.main_thread():
            return
        if is_listening and not self._handlers:
            self._handlers = {number: signal.signal(number, self._note) for number in SIGNALS}
        elif not is_listening:
            self._taken = self._n_wanted, self._n_ends
            for number, handler in self._handlers.items():
                signal.signal(number, handler if handler is not None else signal.SIG_DFL)
            self._handlers = {}
        # `distsim run --checkpoint` has them wait until somebody listens
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._n_wanted += 1
        self._n_ends += SIGNALS[signal.Signals(number)]

    def is_noted(self) -> bool:
        """Return whether this rank has noted something that was not taken yet."""
        if self._is_first and (
            self._is_end_near() or self._is_time_over() or self._is_file_there()
        ):
            return True
        return self._n_wanted > self._taken[0]

    def _is_end_near(self) -> bool:
        if self.plan.path is None or time.monotonic() < self._end:
            return False
        self._end = float("inf")
        self._n_wanted += 1
        self._n_ends += 1
        return True

    def _is_time_over(self) -> bool:
        seconds = self.plan.every_seconds
        return seconds > 0 and time.monotonic() - self._last >= seconds

    def _is_file_there(self) -> bool:
        now, trigger = time.monotonic(), self.plan.trigger
        if trigger is None or now - self._looked < LOOK_SECONDS:
            return False
        self._looked = now
        if trigger.is_file():
            self._n_wanted += 1
            # gone before the checkpoint is there: who waits for that sees it appear
            with suppress(OSError):
                trigger.unlink()
            return True
        return False

    def take(self) -> Wishes:
        """Return what this rank has noted, once; what comes from here on is for the next time."""
        is_noted = self.is_noted()
        wanted, ends = self._n_wanted, self._n_ends
        wishes = Wishes(is_noted or wanted > self._taken[0], ends > self._taken[1])
        self._taken = wanted, ends
        return wishes

    def next_stop(self, step: int, last_step: int, step_of: Callable[[float], int]) -> int:
        """Return where the next piece of a run ends: the same on every rank."""
        if not self.plan.every_ms:
            return last_step
        interval = max(1, step_of(self.plan.every_ms))
        return min(last_step, (step // interval + 1) * interval)

    def is_due(self, step: int, segment: int, step_of: Callable[[float], int]) -> bool:
        """Return whether it is time by the simulation's own: the same on every rank."""
        if not self.plan.every_ms or self._moment == (step, segment):
            return False
        return step % max(1, step_of(self.plan.every_ms)) == 0

    def done(self, step: int, segment: int) -> None:
        """Begin to wait anew for what the clocks ask for."""
        self._last, self._moment = time.monotonic(), (step, segment)


def _time_to_run(end: str, now: float) -> float:
    """Return for how long to run until a checkpoint must be made, before a job is ended [s].

    Examples
    --------
    >>> _time_to_run("1000", now=900.0), _time_to_run("90000", now=0.0), _time_to_run("", now=0.0)
    (90.0, 89880.0, inf)
    """
    left = float(end) - now if end.isdecimal() else 0.0
    if left <= 0.0:
        return float("inf")
    return left - min(MARGIN_SECONDS, MARGIN_PART * left)
