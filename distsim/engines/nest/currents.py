"""Currents that change often, in NEST: carried by its generators, without a pause at a change."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.engines.nest.models import MODELS
from distsim.network.blocks import CellBlock
from distsim.network.currents import Course, Injection, Steps

__all__ = ["CurrentGenerators"]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Key = tuple[CellBlock, bytes]

# with fewer, pauses cost less than a generator, which sends to each of its cells at every step
MIN_CHANGES = 100


class CurrentGenerators:
    """Generators of NEST's, one for all cells that share a course.

    What a generator sends acts a delay later. So it takes a course over only then; until then,
    and for the rest of the time where a course changes seldom, a cell's constant current changes
    at pauses, by what the generators do not carry.

    Parameters
    ----------
    nest : PyNEST
    dt : float
        [ms]
    lead : int
        How far NEST's clock is ahead [steps].
    delay_steps : int
        Of the connections, such that NEST's slices become no shorter.
    """

    def __init__(self, nest: Any, dt: float, lead: int, delay_steps: int) -> None:
        self._nest = nest
        self._dt = dt
        self._lead = lead
        self._delay_steps = delay_steps
        self._nodes: dict[Key, Any] = {}
        # with the sign changed
        self._carried: dict[Key, Steps] = {}

    def opposites(self) -> list[Injection]:
        """Return what is carried, with its sign changed."""
        return [
            Injection(block, np.frombuffer(positions, np.int64), steps)
            for (block, positions), steps in self._carried.items()
        ]

    def plan(self, courses: list[Course], step: int, last: int, segment: int) -> list[int]:
        """Let generators carry the courses that change often, as soon as they can.

        Parameters
        ----------
        courses : list of Course
            All of them, in place of those planned before.
        step : int
            The present one.
        last : int
            Until when they are to be carried: the end of a piece of a run.
        segment : int

        Returns
        -------
        list of int
            The steps before `last` at which constant currents have to be changed.
        """
        first = step + self._delay_steps + 1
        often, pauses = {}, [np.zeros(0, np.int64)]
        for course in courses:
            is_often = MODELS[course.block.model].takes_generators and (
                course.n_changes_after(first) >= MIN_CHANGES
            )
            if is_often:
                often[course.block, course.positions.tobytes()] = course
            end = min(last, first + 1) if is_often else last
            pauses.append(course.within(step, end, segment).steps)
        for key in {**self._carried, **often}:
            self._carry(key, often.get(key), step, last, segment)
            pauses.append(self._carried[key].changes(step, min(last, first + 1)))
        steps: list[int] = np.unique(np.concatenate(pauses)).tolist()
        return steps

    def _carry(self, key: Key, course: Course | None, step: int, last: int, segment: int) -> None:
        """Let a generator carry a course, or nothing, from its first step on."""
        if course is not None and key not in self._nodes:
            self._create(key, course)
        first = step + self._delay_steps + 1
        before = self._carried[key]
        # what flows at present, and what is on its way
        begin = max(int(np.searchsorted(before.steps, step, side="right")) - 1, 0)
        end = int(np.searchsorted(before.steps, first))
        steps, amplitudes = np.array([first]), np.zeros(1)
        if course is not None:
            # what a generator sends before `last`
            later = course.within(first, last + self._delay_steps + 1, segment).steps
            steps = np.concatenate([steps, later])
            amplitudes = course.values(steps, segment)
        times = np.round((steps + self._lead - self._delay_steps) * self._dt, 9)
        self._nodes[key].set(amplitude_times=times, amplitude_values=1000.0 * amplitudes)
        self._carried[key] = Steps(
            np.concatenate([before.steps[begin:end], steps]),
            np.concatenate([before.amplitudes[begin:end], -amplitudes]),
        )

    def _create(self, key: Key, course: Course) -> None:
        """Connect a generator that carries nothing yet."""
        nest, gids = self._nest, course.block.gids[course.positions]
        self._nodes[key] = nest.Create("step_current_generator")
        cells = nest.NodeCollection((gids + 1).tolist())
        delay = round(self._delay_steps * self._dt, 9)
        nest.Connect(self._nodes[key], cells, None, {"delay": delay})
        self._carried[key] = Steps(np.zeros(0, np.int64), np.zeros(0))
