"""`run()` and `run_until()`: what time is asked for, and callbacks on the way."""

import logging
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import compress
from typing import Any

import numpy as np

from distsim.errors import ParameterError
from distsim.interrupts import Interrupts
from distsim.network.blocks import CellBlock
from distsim.pynn.calls import collective
from distsim.pynn.checkpoints import act, resume_run
from distsim.pynn.simulator import state
from distsim.pynn.streaming import flush
from distsim.pynn.triggers import Wishes

__all__ = ["run", "run_until"]

logger = logging.getLogger(__name__)

# gets the present time, returns the next time at which it wants to be called [ms]
Callback = Callable[[float], float]

# of a step: no more than what comes from rounding, as in `run(end - get_current_time())`
ROUNDING = 1e-6


def run(simtime: float, callbacks: Sequence[Callback] | None = None) -> float:
    """Advance the simulation by `simtime` [ms]; every rank must call it.

    ``run(x)`` and then ``run(y)`` is ``run(x + y)``: a run ends at the step nearest to the sum of
    all that was asked for, also where the parts are no multiples of the time step.

    Parameters
    ----------
    simtime : float
        [ms]
    callbacks : sequence of callable, optional
        Each is called with the present time at once, and again at the step nearest to the time that
        it returned, but not before the next one; the first of them at the end of the run, too.

    Returns
    -------
    float
        The present time [ms].

    Raises
    ------
    ParameterError
        If `simtime` is negative, not finite, or longer than the clock can count; if a callback
        returns no time, or one in the past.
    CollectiveError
        If ranks ask for different times.
    KeyboardInterrupt
        At SIGINT, on every rank, whichever got it: all are at the same step, everything up to it
        can be read, and `run` can go on.
    """
    length = _number(simtime, "simtime")
    if length < -ROUNDING * state.dt:
        raise ParameterError(
            f"simtime = {simtime:g} ms ends in the past; give a time of 0 ms or more",
            simtime=simtime,
        )
    return _run_until(state.asked + max(Fraction(length), Fraction(0)), callbacks)


def run_until(time_point: float, callbacks: Sequence[Callback] | None = None) -> float:
    """Advance the simulation until `time_point` [ms]; every rank must call it.

    Parameters
    ----------
    time_point : float
        [ms]
    callbacks, Returns, Raises
        As of `run`.
    """
    end = _number(time_point, "time_point")
    if state.step_of(end) < state.simulation.step:
        raise ParameterError(
            f"time_point = {time_point:g} ms is in the past (current time {state.t:g} ms)",
            time_point=time_point,
        )
    return _run_until(Fraction(end), callbacks)


def _number(time: Any, name: str) -> float:
    """Return a time as a number; raise if it is none, or not finite."""
    try:
        value = float("nan") if isinstance(time, str) else float(time)
    except (TypeError, ValueError):
        value = float("nan")
    if not math.isfinite(value):
        raise ParameterError(f"{name} = {time!r} ms; give a finite time", value=time)
    return value


def _run_until(end: Fraction, callbacks: Sequence[Callback] | None) -> float:
    """Advance to a time [ms], and call callbacks on the way."""
    last_step = state.last_step(float(end))
    callbacks = _checked(callbacks)
    state.passage.runs(last_step - state.simulation.step)
    events: list[tuple[Callback, int]] | None = None
    if state.passage.is_passing:
        events = _resume(last_step, callbacks)
        if events is None:
            state.asked = end
            return state.t
    is_within = events is not None
    if events is None:
        events = [(callback, _next_step(callback)) for callback in callbacks]
    while events and (is_within or state.simulation.step < last_step):
        due = min(step for _, step in events)
        state.passage.callbacks = events
        _run_to_step(min(due, last_step))
        events = [(each, _next_step(each) if step == due else step) for each, step in events]
        is_within = False
    state.passage.callbacks = events
    _run_to_step(last_step)
    state.asked = end
    return state.t


def _checked(callbacks: Sequence[Callback] | None) -> list[Callback]:
    """Return callbacks as a list; raise if they are none."""
    if callable(callbacks):
        raise ParameterError("callbacks is one function; give a list of them")
    several = [] if callbacks is None else callbacks
    if not (isinstance(several, Sequence) and all(map(callable, several))):
        raise ParameterError(f"callbacks = {callbacks!r}; give a list of functions of the time")
    return list(several)


@collective(called="run")
def _resume(last_step: int, callbacks: list[Callback]) -> list[tuple[Callback, int]] | None:
    """Pass over a run, or go on within it, in a script that resumes."""
    state.build()
    events = resume_run(callbacks)
    if events is None:
        state.simulation.pass_over(last_step)
        state.running = True
    return events


def _run_to_step(last_step: int) -> None:
    """Advance to a step, and sample values of connections on the way."""
    recorders = state.synapse_recorders
    while recorders and min(recorder.next_step for recorder in recorders) <= last_step:
        run_to_step(min(recorder.next_step for recorder in recorders))
        for recorder in recorders:
            if recorder.next_step == state.simulation.step:
                recorder.sample()
    run_to_step(last_step)


@collective(called="run")
def run_to_step(last_step: int) -> None:
    """Make all steps up to one, if there are any; every rank must call it."""
    simulation, triggers = state.simulation, state.triggers
    with Interrupts() as interrupts:

        def is_noted() -> bool:
            return interrupts.is_noted or triggers.is_noted() or state.spool.is_due

        state.build_under(interrupts)
        is_done, is_any = False, simulation.step < last_step
        with state.bar("run", last_step - simulation.step, "step") as bar:
            state.running = True
            while not is_done:
                until = triggers.next_stop(simulation.step, last_step, state.step_of)
                is_stopped = simulation.run_until(until, bar, is_noted)
                is_done = until == last_step and not is_stopped
                is_due = triggers.is_due(simulation.step, state.segment_counter, state.step_of)
                if not (is_stopped or is_due):
                    continue
                wishes = triggers.take() if is_any else Wishes(False, False)
                noted = simulation.any_rank(interrupts.is_noted, *wishes)
                if is_stopped:
                    flush()
                if is_any:
                    act(Wishes(noted[1] or is_due, noted[2]))
                if noted[0]:
                    interrupts.happen(simulation.any_rank)
    _warn_of_nan()
    if state.spool.is_due:
        flush()


def _warn_of_nan() -> None:
    """Say, once, in which populations a solution is lost: no error of the method ends a run."""
    populations = [p for p in state.populations if isinstance(p.block, CellBlock)]
    flags = [bool(np.isnan(population.block.state).any()) for population in populations]
    are_lost = state.simulation.any_rank(*flags)
    for population in compress(populations, are_lost):
        text = (
            f"state variables of cells of '{population.label}' are nan: their equations were not "
            "solved; look at parameters and inputs, or take a smaller timestep"
        )
        if text not in state.notices:
            state.notices.add(text)
            if state.rank == 0:
                logger.warning("at t = %g ms %s", state.t, text)


def _next_step(callback: Callback) -> int:
    """Call a callback; return the step at which it is to be called again, after the present one."""
    present = state.simulation.step
    passage = state.passage
    # it may run the network itself, with callbacks of their own
    is_within, passage.is_within_callback = passage.is_within_callback, True
    try:
        answer = callback(state.t)
    finally:
        passage.is_within_callback = is_within
    if answer == float("inf"):
        return 2**63
    name = getattr(callback, "__qualname__", type(callback).__qualname__)
    step = state.step_of(_number(answer, f"answer of callback '{name}' at t = {state.t:g} ms"))
    if step < present:
        raise ParameterError(
            f"callback '{name}' was called at t = {state.t:g} ms and asks to be called at "
            f"{answer:g} ms, which is in the past; return a time after t",
            callback=name,
            time=answer,
        )
    return max(step, present + 1)
