"""What a current source has sent, as it was sent."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.pynn.simulator import state

__all__ = ["CurrentRecord"]

Integers = NDArray[np.int64]
Values = NDArray[np.float64]


class CurrentRecord:
    """The courses of a current, each with the step from which on it held.

    Notes
    -----
    The sample at the present step belongs to the past: a change shows from the next one on. What
    was recorded outlives the network.
    """

    def __init__(self) -> None:
        self._dt = state.dt
        self._courses: list[tuple[int, Integers, Values]] = []
        self._first_step: int | None = None
        self._kept: tuple[Values, Values] | None = None
        self.is_closed = False
        state.recorders.append(self)

    def start(self) -> None:
        """Record from the present step on."""
        if self._first_step is None:
            self._first_step = state.simulation.step

    def change(self, steps: Integers, amplitudes: Values) -> None:
        """Note the course of the current that begins to flow.

        Parameters
        ----------
        steps : ndarray of int64, shape (n,), ascending
            From when on each amplitude holds; before the first it is zero.
        amplitudes : ndarray of float64, shape (n,)
            [nA]
        """
        first_step = state.simulation.step + state.running
        self._courses = [course for course in self._courses if course[0] < first_step]
        self._courses.append((first_step, steps, amplitudes))

    def forget(self) -> None:
        """Forget all courses so far: nothing has flowed."""
        self._courses = []

    def store_to_cache(self, annotations: dict[str, Any] | None = None) -> None:
        """End the present segment: keep it until the next one is run."""
        if state.running:
            self._kept = self._present()
        self._courses = [(0, *course[1:]) for course in self._courses[-1:]]
        if self._first_step is not None:
            self._first_step = 0

    def close(self) -> None:
        """Keep the segment that is shown, beyond the network."""
        self._kept = self.data()
        self.is_closed = True

    def data(self) -> tuple[Values, Values]:
        """Return times [ms] and current [nA] at each step of the last segment that was run."""
        if self._kept is not None and (self.is_closed or not state.running):
            return self._kept
        return self._present()

    @property
    def is_recorded(self) -> bool:
        """Whether `start` was called."""
        return self._first_step is not None

    def _present(self) -> tuple[Values, Values]:
        end = state.simulation.step + 1
        steps = np.arange(end if self._first_step is None else self._first_step, end)
        values = np.zeros(steps.size)
        for first_step, changes, amplitudes in self._courses:
            held = steps >= first_step
            last = np.searchsorted(changes, steps[held], side="right")
            values[held] = np.concatenate([[0.0], amplitudes])[last]
        return np.round(steps * self._dt, 9), values
