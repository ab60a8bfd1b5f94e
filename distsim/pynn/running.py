"""`run()` and `run_until()`: what time is asked for, and callbacks on the way."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from distsim.errors import ParameterError
from distsim.pynn.simulator import state

__all__ = ["run", "run_until"]

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
    if callable(callbacks):
        raise ParameterError("callbacks is one function; give a list of them")
    events = [(callback, _next_step(callback)) for callback in callbacks or ()]
    while events and state.simulation.step < last_step:
        due = min(step for _, step in events)
        _run_to_step(min(due, last_step))
        events = [(each, _next_step(each) if step == due else step) for each, step in events]
    _run_to_step(last_step)
    state.asked = end
    return state.t


def _run_to_step(last_step: int) -> None:
    """Advance to a step, and sample values of connections on the way."""
    recorders = state.synapse_recorders
    while recorders and min(recorder.next_step for recorder in recorders) <= last_step:
        state.run_to_step(min(recorder.next_step for recorder in recorders))
        for recorder in recorders:
            if recorder.next_step == state.simulation.step:
                recorder.sample()
    state.run_to_step(last_step)


def _next_step(callback: Callback) -> int:
    """Call a callback; return the step at which it is to be called again, after the present one."""
    present = state.simulation.step
    answer = callback(state.t)
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
