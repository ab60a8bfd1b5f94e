"""Injected currents, and their sums: one course for all cells that share it.

A current is constant from each step to the next. What it is, is said by a *signal*: where it
changes, as a sine, or as the stream of its noise.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.kernels.arrays import Noises, Sines
from distsim.kernels.currents import fill_noise, fill_sine
from distsim.network.blocks import CellBlock
from distsim.partitioning.streams import Stream

__all__ = [
    "Course",
    "Injection",
    "Noise",
    "Signal",
    "Sine",
    "Steps",
    "courses_of",
    "signal_from_plain",
    "signal_to_plain",
    "table_of_noises",
    "table_of_sines",
]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Steps(NamedTuple):
    """A current that changes at given steps.

    Attributes
    ----------
    steps : ndarray of int64, shape (n,), ascending
        From when on each amplitude holds; before the first it is zero.
    amplitudes : ndarray of float64, shape (n,)
        [nA]
    """

    steps: Integers
    amplitudes: Floats

    def values(self, steps: Integers, segment: int) -> Floats:
        """Return what flows from each of some steps to the next [nA]."""
        last = np.searchsorted(self.steps, steps, side="right")
        return np.concatenate([[0.0], self.amplitudes])[last]

    def changes(self, first: int, last: int) -> Integers:
        """Return the steps at which it changes, after a step and before another."""
        return self.steps[(self.steps > first) & (self.steps < last)]

    def n_changes_after(self, step: int) -> int:
        """Return how often it changes after a step."""
        return int(np.count_nonzero(self.steps > step))


class Sine(NamedTuple):
    """A current in the shape of a sine between two steps; zero before and from `end` on.

    Attributes
    ----------
    first, end : int
        [steps]
    offset, amplitude : float
        [nA]
    frequency : float
        [Hz]
    phase : float
        At `start` [degrees].
    start, dt : float
        Of the phase; of a step [ms].
    """

    first: int
    end: int
    offset: float
    amplitude: float
    frequency: float
    phase: float
    start: float
    dt: float

    def values(self, steps: Integers, segment: int) -> Floats:
        """Return what flows from each of some steps to the next [nA]."""
        values = np.empty(steps.size)
        fill_sine(table_of_sines([(0, self)]), steps, values)
        return values

    def changes(self, first: int, last: int) -> Integers:
        """Return the steps at which it changes, after a step and before another."""
        return np.arange(max(first + 1, self.first), min(last, self.end + 1), dtype=np.int64)

    def n_changes_after(self, step: int) -> int:
        """Return how often it changes after a step."""
        return max(0, self.end - max(step, self.first - 1))


class Noise(NamedTuple):
    """A current with Gaussian noise between two steps; zero before and from `end` on.

    Attributes
    ----------
    first, end : int
        [steps]
    mean, stdev : float
        [nA]
    interval : int
        From one value to the next [steps].
    stream : Stream
        Where the values come from, revised for each segment.
    gid : int
        Whose sequence of it.
    """

    first: int
    end: int
    mean: float
    stdev: float
    interval: int
    stream: Stream
    gid: int

    def values(self, steps: Integers, segment: int) -> Floats:
        """Return what flows from each of some steps, ascending, to the next [nA]."""
        values = np.empty(steps.size)
        fill_noise(table_of_noises([(0, self)], segment), steps, values)
        return values

    def changes(self, first: int, last: int) -> Integers:
        """Return the steps at which it changes, after a step and before another."""
        begin = max(first + 1, self.first)
        begin += (self.first - begin) % self.interval
        ends = [self.end] if max(first, self.first) < self.end < last else []
        inner = np.arange(begin, min(last, self.end), self.interval, dtype=np.int64)
        return np.concatenate([inner, np.array(ends, np.int64)])

    def n_changes_after(self, step: int) -> int:
        """Return how often it changes after a step."""
        if step >= self.end:
            return 0
        n_before = max(0, (step - self.first) // self.interval + 1)
        return 1 - (self.first - self.end) // self.interval - n_before


Signal = Steps | Sine | Noise
KINDS: dict[str, Any] = {kind.__name__: kind for kind in (Steps, Sine, Noise)}


def signal_to_plain(signal: Signal) -> list[Any]:
    """Return the name of a signal's kind and its fields, as lists and numbers."""
    fields = [field.tolist() if isinstance(field, np.ndarray) else field for field in signal]
    return [type(signal).__name__, *fields]


def signal_from_plain(plain: list[Any]) -> Signal:
    """Return the signal that `signal_to_plain` was given.

    Examples
    --------
    >>> steps = Steps(np.array([3, 5]), np.array([0.1, 0.0]))
    >>> signal_from_plain(signal_to_plain(steps))
    Steps(steps=array([3, 5]), amplitudes=array([0.1, 0. ]))
    """
    name, *fields = plain
    if name == "Steps":
        return Steps(np.array(fields[0], np.int64), np.array(fields[1], np.float64))
    if name == "Noise":
        fields[5] = Stream(*fields[5])
    signal: Signal = KINDS[name](*fields)
    return signal


class Injection(NamedTuple):
    """A current into some local cells of a block.

    Attributes
    ----------
    block : CellBlock
    positions : ndarray of int64
        Positions of the cells in the block.
    signal : Signal
        Those that are one object are one current.
    """

    block: CellBlock
    positions: Integers
    signal: Signal


class Course(NamedTuple):
    """The whole current that is injected into some local cells of a block.

    Attributes
    ----------
    block : CellBlock
    positions : ndarray of int64, shape (n,), ascending
        Of the cells in the block; those of two courses have none in common.
    signals : tuple of Signal
        In the order in which they are summed.
    """

    block: CellBlock
    positions: Integers
    signals: tuple[Signal, ...]

    def values(self, steps: Integers, segment: int) -> Floats:
        """Return the sum that flows from each of some steps, ascending, to the next [nA]."""
        total = np.zeros(steps.size)
        for signal in self.signals:
            total += signal.values(steps, segment)
        return total

    def within(self, first: int, last: int, segment: int) -> Steps:
        """Return the changes after a step and before another."""
        steps = np.unique(np.concatenate([s.changes(first, last) for s in self.signals]))
        return Steps(steps, self.values(steps, segment))

    def n_changes_after(self, step: int) -> int:
        """Return how often its parts change after a step."""
        return sum(signal.n_changes_after(step) for signal in self.signals)


def courses_of(injections: Iterable[Injection]) -> list[Course]:
    """Return the courses of all injected cells.

    Parameters
    ----------
    injections : iterable of Injection
        In the order in which they are summed.

    Returns
    -------
    list of Course

    Notes
    -----
    A loop over the injected cells of this rank.
    """
    signals_of: dict[CellBlock, dict[int, tuple[Signal, ...]]] = {}
    for injection in injections:
        cells = signals_of.setdefault(injection.block, {})
        for position in injection.positions.tolist():
            cells[position] = (*cells.get(position, ()), injection.signal)
    courses = []
    for block, cells in signals_of.items():
        alike: dict[tuple[int, ...], list[int]] = {}
        for position in sorted(cells):
            alike.setdefault(tuple(id(signal) for signal in cells[position]), []).append(position)
        for positions in alike.values():
            courses.append(Course(block, np.array(positions, np.int64), cells[positions[0]]))
    return courses


def table_of_sines(sines: Iterable[tuple[int, Sine]]) -> Sines:
    """Return sines as arrays, each with the number of its current."""
    rows = list(sines)
    return Sines(
        source=_whole(number for number, _ in rows),
        first=_whole(sine.first for _, sine in rows),
        end=_whole(sine.end for _, sine in rows),
        offset=_real(sine.offset for _, sine in rows),
        amplitude=_real(sine.amplitude for _, sine in rows),
        frequency=_real(sine.frequency for _, sine in rows),
        phase=_real(sine.phase for _, sine in rows),
        start=_real(sine.start for _, sine in rows),
        dt=_real(sine.dt for _, sine in rows),
    )


def table_of_noises(noises: Iterable[tuple[int, Noise]], segment: int) -> Noises:
    """Return noises of a segment as arrays, each with the number of its current."""
    rows = list(noises)
    streams = [noise.stream.revised(segment) for _, noise in rows]
    return Noises(
        source=_whole(number for number, _ in rows),
        first=_whole(noise.first for _, noise in rows),
        end=_whole(noise.end for _, noise in rows),
        interval=_whole(noise.interval for _, noise in rows),
        mean=_real(noise.mean for _, noise in rows),
        stdev=_real(noise.stdev for _, noise in rows),
        stream=np.array(streams, np.int64).reshape(len(rows), 3),
        gid=_whole(noise.gid for _, noise in rows),
        held=np.full(len(rows), -1, np.int64),
    )


def _whole(values: Iterable[int]) -> Integers:
    return np.fromiter(values, np.int64)


def _real(values: Iterable[float]) -> Floats:
    return np.fromiter(values, np.float64)
