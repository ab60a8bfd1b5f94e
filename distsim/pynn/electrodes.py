"""Current sources."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN.parameters import ParameterSpace, Sequence
from pyNN.standardmodels import StandardCurrentSource, electrodes

from distsim.errors import ParameterError
from distsim.network.blocks import CellBlock
from distsim.network.currents import Injection
from distsim.pynn.calls import is_whole, noted
from distsim.pynn.checks import check_numbers, is_lazy, plain_numbers
from distsim.pynn.current_record import CurrentRecord
from distsim.pynn.simulator import ID, state
from distsim.pynn.standardmodels import same_names, unknown_attribute, unknown_parameter

__all__ = ["DCSource", "StepCurrentSource"]

# a step that no run reaches
NEVER = 2**62


class _CurrentSource(StandardCurrentSource):
    """A piecewise constant current into any number of cells."""

    def __init__(self, **parameters: Any) -> None:
        for name in parameters:
            if name not in self.default_parameters:
                raise unknown_parameter(name, type(self))
        # currents of a cell are added up in the order in which their sources were made
        self._number = state.next_source_number()
        self._targets: list[tuple[CellBlock, NDArray[np.int64]]] = []
        self._network: object = None
        self._record: CurrentRecord | None = None
        super().__init__(**self._plain(parameters))
        self._check()

    def __getattr__(self, name: str) -> Any:
        if name in self.default_parameters and "parameter_space" in vars(self):
            return self._value(name)
        if name == "set":
            return super().__getattr__(name)
        if name.startswith("_"):
            raise AttributeError(name)
        raise unknown_attribute(name, type(self))

    def __setattr__(self, name: str, value: Any) -> None:
        is_own = name.startswith("_") or name == "parameter_space" or hasattr(type(self), name)
        if not is_own and name not in self.default_parameters:
            raise unknown_attribute(name, type(self))
        super().__setattr__(name, value)

    def __reduce__(self) -> Any:
        # a copy flows nowhere
        return _made, (type(self), self.get_parameters())

    @noted(only=lambda given: is_whole(given["cells"]), called="inject")
    def inject_into(self, cells: Any, location: Any = None) -> None:
        """Inject the current into cells.

        Parameters
        ----------
        cells : Population, PopulationView, Assembly, ID or sequence of ID

        Raises
        ------
        TypeError
            If the cells are spike sources, or something is not a cell.
        """
        if location is not None:
            raise NotImplementedError("injection at a location: the cells of distsim are points")
        self._check_present()
        parts = _parts_of(cells)
        for part in parts:
            if not part.celltype.injectable:
                raise TypeError(
                    f"cannot inject a current into '{part.label}', whose cells take none"
                )
        if not self._targets:
            self._network = state.network
            self._in_record().forget()
        for part in parts:
            self._targets.append((part.root.block, part.block_positions))
        self._apply()

    def _check_present(self) -> None:
        """Raise if the current flows into cells that are gone."""
        if self._targets:
            state.check_present(self._network, f"a {type(self).__name__}")

    def _apply(self) -> None:
        """Tell the engine the present course of the current."""
        self._check_present()
        if not self._targets and self._record is None:
            return
        times, amplitudes = self._course()
        steps = np.rint(np.clip(times / state.dt, -NEVER, NEVER)).astype(np.int64)
        self._in_record().change(steps, amplitudes)
        for k, (block, positions) in enumerate(self._targets):
            injection = Injection(block, positions, steps, amplitudes)
            state.simulation.inject((self._number, k), injection)

    def _course(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the times at which the current changes, and its value from then on."""
        raise NotImplementedError

    def _check(self) -> None:
        """Raise if the parameters cannot be."""

    @classmethod
    def _plain(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        """Return parameters as finite numbers, or sequences of them."""
        plain = {}
        for name, value in parameters.items():
            what = f"{name} of {cls.__name__}"
            units = "ms" if name in ("start", "stop", "times") else "nA"
            numbers = plain_numbers(getattr(value, "value", value), what, units)
            if not is_lazy(numbers):
                check_numbers(numbers, what)
            is_series = isinstance(cls.default_parameters[name], Sequence)
            plain[name] = Sequence(np.atleast_1d(numbers)) if is_series else numbers
        return plain

    def set_parameters(self, copy: bool = True, **parameters: Any) -> None:
        """Set parameters, now and for cells that the current already flows into."""
        for name in parameters:
            if name not in self.default_parameters:
                raise unknown_parameter(name, type(self))
        super().set_parameters(copy=copy, **self._plain(parameters))

    def set_native_parameters(self, parameters: ParameterSpace) -> None:
        """Set parameters, now and for cells that it already flows into."""
        self.parameter_space.update(
            **{name: value.base_value for name, value in parameters.items()}
        )
        self._check()
        self._apply()

    def get_native_parameters(self) -> ParameterSpace:
        """Return all parameters."""
        self.parameter_space.shape = (1,)
        return self.parameter_space

    def get_parameters(self) -> dict[str, Any]:
        """Return a dict of all parameters."""
        return {name: self._value(name) for name in self.default_parameters}

    def _value(self, name: str) -> Any:
        lazy = self.parameter_space[name]
        lazy.shape = (1,)
        return lazy.evaluate(simplify=True)

    def record(self) -> None:
        """Record the current from now on, for `get_data`."""
        self._check_present()
        self._in_record().start()
        if not self._targets:
            self._apply()

    def _in_record(self) -> CurrentRecord:
        """Return the record of the present network."""
        if self._record is None or self._record.is_closed:
            self._record = CurrentRecord()
        return self._record

    def _get_data(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return times and current at each step so far."""
        if self._record is None or not self._record.is_recorded:
            raise ParameterError("the current was not recorded; call record() before run()")
        return self._record.data()


class DCSource(_CurrentSource, electrodes.DCSource):
    """Constant current between two times.

    Parameters
    ----------
    amplitude : float
        [nA]
    start, stop : float
        [ms]
    """

    translations = same_names(electrodes.DCSource)

    def _course(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        amplitude = float(self._value("amplitude"))
        times = np.array([self._value("start"), self._value("stop")], np.float64)
        return times, np.array([amplitude, 0.0])

    def _check(self) -> None:
        start, stop = self._value("start"), self._value("stop")
        if stop < start:
            raise ParameterError(f"stop = {stop:g} ms of DCSource is before start = {start:g} ms")


class StepCurrentSource(_CurrentSource, electrodes.StepCurrentSource):
    """Current that changes at given times.

    Parameters
    ----------
    times : Sequence or list of float
        [ms], ascending; before the first the current is zero.
    amplitudes : Sequence or list of float
        From each time on [nA].
    """

    translations = same_names(electrodes.StepCurrentSource)

    def _course(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._sequence("times"), self._sequence("amplitudes")

    def _sequence(self, name: str) -> NDArray[np.float64]:
        value = self._value(name)
        return np.asarray(value.value if isinstance(value, Sequence) else value, np.float64)

    def _check(self) -> None:
        times, amplitudes = self._course()
        if times.size != amplitudes.size:
            raise ParameterError(
                f"StepCurrentSource has {times.size} times and {amplitudes.size} amplitudes; give "
                "as many of the one as of the other"
            )
        if (np.diff(times) < 0).any():
            raise ParameterError("times of StepCurrentSource must not decrease")


def _made(kind: Any, parameters: dict[str, Any]) -> Any:
    return kind(**parameters)


def _parts_of(cells: Any) -> list[Any]:
    """Return the populations and views that some cells are."""
    if hasattr(cells, "parts"):
        return list(cells.parts)
    several = [cells] if isinstance(cells, ID) else list(cells)
    for cell in several:
        if not isinstance(cell, ID):
            raise TypeError(f"cannot inject a current into {cell!r}, which is not a cell")
    return [cell.as_view() for cell in several]
