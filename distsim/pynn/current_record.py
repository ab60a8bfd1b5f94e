"""What a current source has sent, as it was sent."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.declared import declares
from distsim.network.currents import Signal, signal_from_plain, signal_to_plain
from distsim.pynn.simulator import state

__all__ = ["CurrentRecord"]

Values = NDArray[np.float64]


class Sent(NamedTuple):
    """What was sent in a segment.

    Attributes
    ----------
    signals : list of (int, Signal)
        Each with the step from which on it held.
    first, end : int
        The steps ``first <= step < end`` are shown.
    segment : int
    """

    signals: list[tuple[int, Signal]]
    first: int
    end: int
    segment: int

    def data(self, dt: float) -> tuple[Values, Values]:
        """Return times [ms] and current [nA] at each step."""
        steps = np.arange(self.first, self.end)
        values = np.zeros(steps.size)
        for first_step, signal in self.signals:
            held = steps >= first_step
            values[held] = signal.values(steps[held], self.segment)
        return np.round(steps * dt, 9), values


@declares(stored="_signals _first_step _kept", remade="is_closed", described="_dt")
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
        self._kept: Sent | None = None
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

    def complete(self) -> None:
        """Do nothing: what was sent is worked out when it is asked for, and in no spool."""

    def close(self, _last: Any) -> None:
        """Keep the segment that is shown, beyond the network."""
        self._kept = self._shown
        self.is_closed = True

    def data(self) -> tuple[Values, Values]:
        """Return times [ms] and current [nA] at each step of the last segment that was run."""
        return self._shown.data(self._dt)

    @property
    def _shown(self) -> Sent:
        if self._kept is not None and (self.is_closed or not state.running):
            return self._kept
        return self._present()

    @property
    def is_recorded(self) -> bool:
        """Whether `start` was called."""
        return self._first_step is not None

    def _present(self) -> Sent:
        end = state.simulation.step + 1
        first = end if self._first_step is None else self._first_step
        return Sent(self._signals, first, end, state.segment_counter)

    # --- snapshots -----------------------------------------------------------------------------

    def to_plain(self) -> list[Any]:
        """Return all of it as lists and numbers."""
        kept = self._kept
        past = None if kept is None else [_to_plain(kept.signals), *kept[1:]]
        return [self._first_step, _to_plain(self._signals), past]

    def take_plain(self, plain: list[Any]) -> None:
        """Take what `to_plain` has returned."""
        self._first_step, signals, past = plain
        self._signals = _from_plain(signals)
        self._kept = None if past is None else Sent(_from_plain(past[0]), *past[1:])


def _to_plain(signals: list[tuple[int, Signal]]) -> list[Any]:
    return [[step, signal_to_plain(signal)] for step, signal in signals]


def _from_plain(plain: list[Any]) -> list[tuple[int, Signal]]:
    return [(step, signal_from_plain(signal)) for step, signal in plain]
