"""Injected currents in NEURON: amplitudes that it changes while it runs."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from distsim.engines.neuron.models import Cell
from distsim.engines.neuron.user_models import Clamp, UserCell
from distsim.network.blocks import CellBlock
from distsim.network.currents import Course, Steps

__all__ = ["CurrentPlan"]

Taker = Cell | UserCell | Clamp


class CurrentPlan:
    """What NEURON is told to change in the present piece of a run.

    Parameters
    ----------
    h : NEURON's interpreter
    dt : float
        [ms]
    """

    def __init__(self, h: Any, dt: float) -> None:
        self._events = h.CVode()
        self._dt = dt
        self._number = 0

    def play(
        self,
        changes: Sequence[tuple[Course, Steps]],
        takers_of: Callable[[CellBlock], Sequence[Taker]],
    ) -> None:
        """Have NEURON call what sets the amplitude at each change, in place of earlier plans.

        Parameters
        ----------
        changes : sequence of (Course, Steps)
        takers_of : callable
            Returns what the currents into a block flow into.
        """
        # an interrupted run leaves events behind that are not meant any more
        self._number += 1
        for (block, positions, _), (steps, amplitudes) in changes:
            every = takers_of(block)
            takers = [every[position] for position in positions.tolist()]
            for t, amplitude in zip((steps * self._dt).tolist(), amplitudes.tolist(), strict=True):
                self._events.event(t, partial(self._inject, self._number, takers, amplitude))

    def _inject(self, number: int, takers: Sequence[Taker], amplitude: float) -> None:
        if number == self._number:
            for taker in takers:
                taker.inject(amplitude)
