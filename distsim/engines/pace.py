"""When a run pauses, on all ranks at the same epoch: for progress, and to see an interrupt."""

import time
from collections.abc import Callable

__all__ = ["Pace"]


class Pace:
    """How many epochs to make until the next pause, so that pauses come in about equal times.

    Parameters
    ----------
    smallest_of_all : callable
        Returns the smallest of each number on any rank; collective.
    seconds : float
        From one pause to the next.

    Attributes
    ----------
    n_epochs : int
        Until the next pause: the same on every rank.
    """

    def __init__(self, smallest_of_all: Callable[..., list[int]], seconds: float) -> None:
        self.n_epochs = 1
        self._smallest_of_all = smallest_of_all
        self._seconds = seconds
        self._since = 0.0

    def begin(self) -> None:
        """Begin a run."""
        self._since = time.perf_counter()

    def pause(self, n_epochs: int, is_noted: bool) -> bool:
        """Return whether some rank has noted an interrupt; every rank must call it.

        Parameters
        ----------
        n_epochs : int
            Made since the last pause: the same on every rank.
        is_noted : bool
            Whether this one has.
        """
        now = time.perf_counter()
        # of the slowest rank [us]; the largest travels as a negative number
        least = self._smallest_of_all(-int(is_noted), -1 - int(1e6 * (now - self._since)))
        self._since = now
        wanted = int(n_epochs * 1e6 * self._seconds / -least[1])
        self.n_epochs = max(1, min(wanted, 2 * self.n_epochs))
        return least[0] < 0
