"""Ctrl-C at an orderly point: an interrupt is noted, and happens when nothing is half done."""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

from distsim.errors import DistsimError

__all__ = ["InterruptedBuildError", "Interrupts"]


class InterruptedBuildError(DistsimError):
    """An interrupt was noted while a network was built that can be built anew."""


class Interrupts:
    """Notes SIGINT while the context lasts; then the handler that was there has its turn.

    Only a handler that is a Python function is replaced: where SIGINT is ignored, or ends the
    process, it goes on to. Outside of the main thread, which alone sees signals, none is noted.

    Attributes
    ----------
    is_noted : bool
        Whether an interrupt waits for its turn.

    Examples
    --------
    >>> try:
    ...     with Interrupts() as interrupts:
    ...         signal.raise_signal(signal.SIGINT)
    ...         print("still here:", interrupts.is_noted)
    ... except KeyboardInterrupt:
    ...     print("interrupted")
    still here: True
    interrupted
    """

    def __init__(self) -> None:
        self.is_noted = False
        self._handler: Callable[[int, FrameType | None], object] | None = None

    def __enter__(self) -> Self:
        """Take the place of the handler."""
        handler = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is threading.main_thread() and callable(handler):
            self._handler = handler
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Put the handler back, and call it if an interrupt still waits."""
        if self._handler is not None:
            handler, self._handler = self._handler, None
            signal.signal(signal.SIGINT, handler)
            if self.is_noted:
                handler(signal.SIGINT, None)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.is_noted = True

    def happen(self, any_rank: Callable[[bool, bool], list[bool]]) -> None:
        """Let an interrupt of some rank have its effect on all; every rank must call it.

        Parameters
        ----------
        any_rank : callable
            Returns for each of two flags whether it is set on any rank.

        Raises
        ------
        KeyboardInterrupt
            On every rank, if the handler of some rank raises it, or something else that those of
            the others do not: only where all raise an error, it is the own error of each.

        Notes
        -----
        Each rank's handler is called, whichever rank it was that got the signal: what a handler
        notes is then known to all.
        """
        self.is_noted = False
        failure: BaseException | None = None
        if self._handler is not None:
            handler, self._handler = self._handler, None
            signal.signal(signal.SIGINT, handler)
            try:
                handler(signal.SIGINT, None)
            except BaseException as error:  # raised below, when all ranks know of it
                failure = error
            # which may be another one now
            self.__enter__()
        # an error of all ranks is agreed on by the call around; one of some would not be waited for
        has_failed, is_mixed = any_rank(failure is not None, not isinstance(failure, Exception))
        if has_failed and (failure is None or (is_mixed and isinstance(failure, Exception))):
            raise KeyboardInterrupt from failure
        if failure is not None:
            raise failure
