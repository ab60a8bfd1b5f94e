"""Current sources."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN.parameters import Sequence
from pyNN.standardmodels import electrodes

from distsim.errors import ParameterError
from distsim.network.currents import Sine, Steps
from distsim.pynn.current_source import CurrentSource
from distsim.pynn.simulator import state
from distsim.pynn.standardmodels import same_names

__all__ = ["ACSource", "DCSource", "StepCurrentSource"]


class DCSource(CurrentSource, electrodes.DCSource):
    """Constant current between two times.

    Parameters
    ----------
    amplitude : float
        [nA]
    start, stop : float
        [ms]
    """

    translations = same_names(electrodes.DCSource)

    def _signal(self) -> Steps:
        amplitudes = np.array([self._value("amplitude"), 0.0], np.float64)
        return Steps(np.array(self._span(), np.int64), amplitudes)

    def _check(self) -> None:
        self._check_span()


class StepCurrentSource(CurrentSource, electrodes.StepCurrentSource):
    """Current that changes at given times.

    Its attributes `times` and `amplitudes` are what is made of those given: times on the grid of
    steps, and of several that are one step the last.

    Parameters
    ----------
    times : Sequence or list of float
        [ms], ascending; before the first the current is zero.
    amplitudes : Sequence or list of float
        From each time on [nA].
    """

    translations = same_names(electrodes.StepCurrentSource)

    def __getattr__(self, name: str) -> Any:
        if name not in self.default_parameters or "parameter_space" not in vars(self):
            return super().__getattr__(name)
        steps = self._steps_of(self._sequence("times"))
        is_last = np.append(np.diff(steps) > 0, True)[: steps.size]
        return steps[is_last] * state.dt if name == "times" else self._sequence(name)[is_last]

    def _signal(self) -> Steps:
        return Steps(self._steps_of(self._sequence("times")), self._sequence("amplitudes"))

    def _sequence(self, name: str) -> NDArray[np.float64]:
        value = self._value(name)
        return np.asarray(value.value if isinstance(value, Sequence) else value, np.float64)

    def _check(self) -> None:
        times, amplitudes = self._sequence("times"), self._sequence("amplitudes")
        if times.size != amplitudes.size:
            raise ParameterError(
                f"StepCurrentSource has {times.size} times and {amplitudes.size} amplitudes; give "
                "as many of the one as of the other"
            )
        if (np.diff(times) < 0).any():
            raise ParameterError("times of StepCurrentSource must not decrease")


class ACSource(CurrentSource, electrodes.ACSource):
    """Current in the shape of a sine between two times.

    From each step t to the next flows what the sine is at t:
    ``offset + amplitude * sin(2 pi (frequency (t - start) / 1000 + phase / 360))``. A change
    between two runs leaves the phase where the parameters have it, counted from `start`.

    Parameters
    ----------
    amplitude : float
        Of the sine [nA].
    offset : float
        Its mean [nA].
    frequency : float
        [Hz], 0 or above.
    phase : float
        At `start` [degrees].
    start, stop : float
        [ms]; before and after the current is zero.
    """

    translations = same_names(electrodes.ACSource)

    def _signal(self) -> Sine:
        first, end = self._span()
        return Sine(
            first,
            end,
            offset=float(self._value("offset")),
            amplitude=float(self._value("amplitude")),
            frequency=float(self._value("frequency")),
            phase=float(self._value("phase")),
            start=float(self._value("start")),
            dt=state.dt,
        )

    def _check(self) -> None:
        self._check_span()
        frequency = self._value("frequency")
        if frequency < 0:
            raise ParameterError(
                f"frequency = {frequency:g} Hz of ACSource must be 0 or above; to go through the "
                "sine backwards, change the sign of amplitude and phase"
            )
