"""Injected currents, and their sums: one course for all cells that share it."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.network.blocks import CellBlock

__all__ = ["Course", "Injection", "courses_of"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Injection(NamedTuple):
    """A piecewise constant current into some local cells of a block.

    Attributes
    ----------
    block : CellBlock
    positions : ndarray of int64
        Positions of the cells in the block.
    steps : ndarray of int64, shape (n,), ascending
        From when on each amplitude holds; before the first it is zero.
    amplitudes : ndarray of float64, shape (n,)
        [nA]
    """

    block: CellBlock
    positions: Integers
    steps: Integers
    amplitudes: Floats


class Course(NamedTuple):
    """The whole current that is injected into some local cells of a block.

    Attributes
    ----------
    block : CellBlock
    positions : ndarray of int64, shape (n,), ascending
        Of the cells in the block; those of two courses have none in common.
    steps : ndarray of int64, shape (n_changes,), ascending
        From when on each amplitude holds; before the first it is zero.
    amplitudes : ndarray of float64, shape (n_changes,)
        [nA]
    """

    block: CellBlock
    positions: Integers
    steps: Integers
    amplitudes: Floats

    def within(self, first: int, last: int) -> "Course":
        """Return the changes after a step and before another."""
        is_within = (self.steps > first) & (self.steps < last)
        return self._replace(steps=self.steps[is_within], amplitudes=self.amplitudes[is_within])


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
    sources_of: dict[CellBlock, dict[int, tuple[Injection, ...]]] = {}
    for injection in injections:
        cells = sources_of.setdefault(injection.block, {})
        for position in injection.positions.tolist():
            cells[position] = (*cells.get(position, ()), injection)
    courses = []
    for block, cells in sources_of.items():
        alike: dict[tuple[int, ...], list[int]] = {}
        for position in sorted(cells):
            alike.setdefault(tuple(id(source) for source in cells[position]), []).append(position)
        for positions in alike.values():
            steps, amplitudes = _total(cells[positions[0]])
            courses.append(Course(block, np.array(positions, np.int64), steps, amplitudes))
    return courses


def _total(injections: Iterable[Injection]) -> tuple[Integers, Floats]:
    """Return the steps at which a sum of currents changes, and what it is from then on."""
    injections = list(injections)
    steps = np.unique(np.concatenate([injection.steps for injection in injections]))
    total = np.zeros(steps.size)
    for injection in injections:
        last = np.searchsorted(injection.steps, steps, side="right")
        total += np.concatenate([[0.0], injection.amplitudes])[last]
    return steps, total
