"""What a current source has sent, as it was sent."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.network.currents import Signal
from distsim.pynn.simulator import state

__all__ = ["CurrentRecord"]

Values = NDArray[np.float64]


class CurrentRecord:
    """What a current was, each time with the step from which on it was so.

    Notes
    -----
    The sample at the present step belongs to the past: a change shows from the next one on. What
    was recorded outlives the network.
    """

    def __init__(self) -> None:
        self._dt = state.dt
        self._signals: list[tuple[int, Signal]] = []
        self._first_step: int | None = None
        self._kept: tuple[Values, Values] | None = None
        self.is_closed = False
        state.recorders.append(self)

    def start(self) -> None:
        """Record from the present step on."""
        if self._first_step is None:
            self._first_step = state.simulation.step

    def change(self, signal: Signal) -> None:
        """Note what the current is from now on."""
        first_step = state.simulation.step + state.running
        self._signals = [before for before in self._signals if before[0] < first_step]
        self._signals.append((first_step, signal))

    def forget(self) -> None:
        """Forget all so far: nothing has flowed."""
        self._signals = []

    def store_to_cache(self, annotations: dict[str, Any] | None = None) -> None:
        """End the present segment: keep it until the next one is run."""
        if state.running:
            self._kept = self._present()
        self._signals = [(0, signal) for _, signal in self._signals[-1:]]
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
        for first_step, signal in self._signals:
            held = steps >= first_step
            values[held] = signal.values(steps[held], state.segment_counter)
        return np.round(steps * self._dt, 9), values
