"""What all current sources share."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN.parameters import ParameterSpace, Sequence
from pyNN.standardmodels import StandardCurrentSource

from distsim.errors import ParameterError
from distsim.network.blocks import CellBlock
from distsim.network.currents import Injection, Signal
from distsim.pynn.calls import is_whole, noted
from distsim.pynn.checks import (
    InvalidValueError,
    check_numbers,
    is_lazy,
    is_several,
    plain_numbers,
)
from distsim.pynn.current_record import CurrentRecord
from distsim.pynn.simulator import ID, state
from distsim.pynn.standardmodels import unknown_attribute, unknown_parameter

__all__ = ["CurrentSource", "single_gid"]

# a step that no run reaches
NEVER = 2**62
# of the parameters; those of all others are nA
UNITS = {
    "start": "ms",
    "stop": "ms",
    "times": "ms",
    "dt": "ms",
    "frequency": "Hz",
    "phase": "degrees",
}


class CurrentSource(StandardCurrentSource):
    """A current into any number of cells, constant from each step to the next.

    A subclass says what it is (`_signal`), and what its parameters may be (`_check`).
    """

    def __init__(self, **parameters: Any) -> None:
        plain = self._plain(parameters)
        # currents of a cell are added up in the order in which their sources were made
        self._number = state.next_source_number()
        self._targets: list[tuple[CellBlock, NDArray[np.int64]]] = []
        self._network: object = None
        self._record: CurrentRecord | None = None
        # what it is known by on any number of ranks, once it flows
        self._key = ""
        self._is_changed = False
        super().__init__(**plain)
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
        location : str, optional
            Label of a section of a `MultiCompartmentNeuron`; default: its soma.

        Raises
        ------
        TypeError
            If the cells are spike sources, or something is not a cell.
        NotAvailableError
            If currents cannot be injected at a location.
        """
        self._check_present()
        parts = _parts_of(cells)
        for part in parts:
            if not part.celltype.injectable:
                raise TypeError(
                    f"cannot inject a current into '{part.label}', whose cells take none"
                )
        sites = [
            part.root.block if location is None else part.celltype.site(part.root.block, location)
            for part in parts
        ]
        self._begin(cells)
        if not self._targets:
            self._key = state.source_key(single_gid(cells))
            self._is_changed = False
            state.current_sources.append(self)
            self._network = state.network
            self._in_record().forget()
        for site, part in zip(sites, parts, strict=True):
            self._targets.append((site, part.block_positions))
        self._apply()

    def _begin(self, cells: Any) -> None:
        """Do what a kind of source does before it flows into some cells."""

    def _check_present(self) -> None:
        """Raise if the current flows into cells that are gone."""
        if self._targets:
            state.check_present(self._network, f"a {type(self).__name__}")

    def _apply(self) -> None:
        """Tell the engine what the current is now."""
        self._check_present()
        if not self._targets and self._record is None:
            return
        signal = self._signal()
        self._in_record().change(signal)
        for k, (block, positions) in enumerate(self._targets):
            state.simulation.inject((self._number, k), Injection(block, positions, signal))

    def _signal(self) -> Signal:
        """Return what the current is, in steps of the present simulation."""
        raise NotImplementedError

    @staticmethod
    def _steps_of(times: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the steps nearest to some times [ms]."""
        return np.rint(np.clip(times / state.dt, -NEVER, NEVER)).astype(np.int64)

    def _span(self) -> tuple[int, int]:
        """Return the steps at which a source with `start` and `stop` begins and ends."""
        times = np.array([self._value("start"), self._value("stop")], np.float64)
        first, end = self._steps_of(times).tolist()
        return first, end

    def _check_span(self) -> None:
        """Raise if a source stops before it starts."""
        start, stop = self._value("start"), self._value("stop")
        if stop < start:
            raise ParameterError(
                f"stop = {stop:g} ms of {type(self).__name__} is before start = {start:g} ms; "
                "give a later one"
            )

    def _check(self) -> None:
        """Raise if the parameters cannot be."""

    @classmethod
    def _plain(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        """Return parameters as finite numbers, or sequences of them."""
        plain = {}
        for name, value in parameters.items():
            if name not in cls.default_parameters:
                raise unknown_parameter(name, cls)
            what = f"{name} of {cls.__name__}"
            numbers = plain_numbers(getattr(value, "value", value), what, UNITS.get(name, "nA"))
            if not is_lazy(numbers):
                check_numbers(numbers, what)
            is_series = isinstance(cls.default_parameters[name], Sequence)
            if not is_series and is_several(numbers):
                raise InvalidValueError(
                    f"{what} has {np.size(numbers)} values; a source has one for all its cells: "
                    "give a number, or make a source for each value"
                )
            plain[name] = Sequence(np.atleast_1d(numbers)) if is_series else numbers
        return plain

    def set_parameters(self, copy: bool = True, **parameters: Any) -> None:
        """Set parameters, now and for cells that the current already flows into."""
        super().set_parameters(copy=copy, **self._plain(parameters))

    def set_native_parameters(self, parameters: ParameterSpace) -> None:
        """Set parameters, now and for cells that it already flows into."""
        space = self.parameter_space
        before = {name: space[name].base_value for name in parameters.keys()}  # noqa: SIM118
        space.update(**{name: value.base_value for name, value in parameters.items()})
        try:
            self._check()
        except ParameterError:
            space.update(**before)
            raise
        self._is_changed = True
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

    # --- snapshots -----------------------------------------------------------------------------

    @property
    def key(self) -> str:
        """What it is known by, on any number of ranks."""
        return self._key

    def draw_from(self, seed: int) -> None:
        """Draw random numbers, if any, of another seed from now on."""

    def to_plain(self) -> dict[str, Any]:
        """Return what was set since it flows, and what is recorded, as lists and numbers."""
        plain: dict[str, Any] = {}
        if self._is_changed:
            values = self.get_parameters().items()
            plain["parameters"] = {
                n: getattr(v, "value", np.asarray(v)).tolist() for n, v in values
            }
        if self._record is not None and self._record.is_recorded:
            plain["record"] = self._record.to_plain()
        return plain

    def take_plain(self, plain: dict[str, Any]) -> None:
        """Take what `to_plain` has returned."""
        if "parameters" in plain:
            self.set_parameters(**plain["parameters"])
        if "record" in plain:
            self._in_record().take_plain(plain["record"])

    def _get_data(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return times and current at each step so far."""
        if self._record is None or not self._record.is_recorded:
            raise ParameterError("the current was not recorded; call record() before run()")
        return self._record.data()


def single_gid(cells: Any) -> int | None:
    """Return the gid of a single cell; None of all else, such as a view of one."""
    if isinstance(cells, ID):
        return int(cells)
    if not hasattr(cells, "parts") and len(cells) == 1:
        return int(cells[0])
    return None


def _made(kind: Any, parameters: dict[str, Any]) -> Any:
    return kind(**parameters)


def _parts_of(cells: Any) -> list[Any]:
    """Return the populations and views that some cells are."""
    if hasattr(cells, "parts"):
        return list(cells.parts)
    several = [cells] if isinstance(cells, ID) else cells
    if not isinstance(several, Iterable):
        raise TypeError(
            f"cannot inject a current into {cells!r}; give a population, view, assembly or cell, "
            "or a list of cells"
        )
    several = list(several)
    for cell in several:
        if not isinstance(cell, ID):
            raise TypeError(f"cannot inject a current into {cell!r}, which is not a cell")
    return [cell.as_view() for cell in several]
