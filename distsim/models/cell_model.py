"""What is said of a cell model, once: its parameters, state and receptors, and its coefficients."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.errors import ParameterError

__all__ = [
    "Bound",
    "CellModel",
    "NativeModel",
    "Parameter",
    "Parameters",
    "Receptor",
    "State",
    "columns",
    "refractory_steps",
]

Parameters = Mapping[str, NDArray[np.float64]]


class Bound(Enum):
    """What values a parameter can take."""

    NONE = "any number"
    POSITIVE = "above 0"
    NOT_NEGATIVE = "0 or above"
    PART = "from 0 to 1"

    def are_outside(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which of some finite values cannot be."""
        if self is Bound.POSITIVE:
            return values <= 0
        if self is Bound.NOT_NEGATIVE:
            return values < 0
        if self is Bound.PART:
            return (values < 0) | (values > 1)
        return np.zeros(values.shape, np.bool_)


class Parameter(NamedTuple):
    """A parameter of a cell model.

    Attributes
    ----------
    name : str
        PyNN's.
    unit : str
        PyNN's, such as 'mV'.
    default : float or tuple of float
        A tuple where a cell has several numbers of it, always as many.
    meaning : str
        In a few words.
    bound : Bound
    below : str
        Another parameter that it must be below, if any.
    """

    name: str
    unit: str
    default: float | tuple[float, ...]
    meaning: str = ""
    bound: Bound = Bound.NONE
    below: str = ""

    def of_cells(self, n_cells: int) -> NDArray[np.float64]:
        """Return the default of some cells, a row each where there are several numbers."""
        return np.full((n_cells, *np.shape(self.default)), self.default, np.float64)


class State(NamedTuple):
    """A state variable of a cell model.

    Attributes
    ----------
    name : str
        PyNN's, if it has one.
    unit : str
    initial : float
    is_recordable : bool
    is_native : bool
        Whether the native engine alone has it; such states are the last.
    """

    name: str
    unit: str
    initial: float = 0.0
    is_recordable: bool = True
    is_native: bool = False


class Receptor(NamedTuple):
    """A receptor type of a cell model.

    Attributes
    ----------
    name : str
        As projections name it.
    state : str
        The state variable that a spike adds its weight to; receptors may share one.
    """

    name: str
    state: str


@dataclass(frozen=True, eq=False)
class CellModel:
    """A model of cells that some engine advances step by step.

    Attributes
    ----------
    name : str
        PyNN's name.
    parameters : tuple of Parameter
    states : tuple of State
        In the order of the rows of a block's state.
    receptors : tuple of Receptor
        In the order in which projections number them.
    title : str
        What cells it is of, in a line.
    source : str
        Where it was published.
    equations : tuple of str
        What is solved, a line each, by names of parameters and state variables.
    method : str
        How, and of which order, the native engine solves them.
    fixed : tuple of Parameter
        What engines take as parameters, but is the same in all cells and cannot be set.
    capacitance : str or float
        Of the membrane [nF]: a number, or the name of the parameter. If there is no such parameter,
        it is not known.
    """

    name: str
    parameters: tuple[Parameter, ...]
    states: tuple[State, ...]
    receptors: tuple[Receptor, ...] = ()
    title: str = ""
    source: str = ""
    equations: tuple[str, ...] = ()
    method: str = ""
    fixed: tuple[Parameter, ...] = field(default=(), kw_only=True)
    capacitance: str | float = field(default="cm", kw_only=True)

    @property
    def parameter_names(self) -> list[str]:
        """Names of the parameters."""
        return [parameter.name for parameter in self.parameters]

    @property
    def state_names(self) -> list[str]:
        """Names of the state variables, in the order of the rows."""
        return [state.name for state in self.states]

    @property
    def shared_state_names(self) -> list[str]:
        """Names of the state variables that every engine has, in the order of the rows."""
        return [state.name for state in self.states if not state.is_native]

    def state_row(self, variable: str) -> int:
        """Return the row of a block's state that holds a variable."""
        return self.state_names.index(variable)

    @property
    def receptor_rows(self) -> list[int]:
        """The row of a block's state that each receptor adds weights to."""
        return [self.state_row(receptor.state) for receptor in self.receptors]

    def check(self, values: Parameters) -> None:
        """Raise if some cell has a value that the model cannot take.

        Parameters
        ----------
        values : mapping of str to ndarray of float64, shape (n_local,) or (n_local, n_numbers)
            Of all parameters.

        Raises
        ------
        ParameterError
        """
        for parameter in self.parameters:
            mine, bound = values[parameter.name], parameter.bound
            self._refuse(parameter, mine, ~np.isfinite(mine), "finite")
            self._refuse(parameter, mine, bound.are_outside(mine), bound.value)
        for parameter in self.parameters:
            if parameter.below:
                mine, above = values[parameter.name], values[parameter.below]
                self._refuse(parameter, mine, mine >= above, f"below '{parameter.below}'")

    def _refuse(self, parameter: Parameter, values: Any, is_wrong: Any, allowed: str) -> None:
        if np.any(is_wrong):
            value = float(values.flat[np.argmax(is_wrong)])
            raise ParameterError(
                f"{parameter.name} = {value:g} of {self.name} must be {allowed}",
                name=parameter.name,
                value=value,
            )


@dataclass(frozen=True, eq=False)
class NativeModel(CellModel):
    """A model that the native engine has a kernel for.

    Attributes
    ----------
    name, parameters, states, receptors, title, source, equations, method, fixed, capacitance
        As for `CellModel`; where the kernel is an array kernel, the first state variable is v.
    coefficients : callable
        ``coefficients(parameters, dt)`` returns the NamedTuple of arrays that the kernel takes.
    """

    coefficients: Callable[[Parameters, float], NamedTuple] = field(kw_only=True)

    def check_code(self) -> None:
        """Raise if what the model was given cannot be compiled; of array kernels all can."""


def refractory_steps(parameters: Parameters, dt: float) -> NDArray[np.int32]:
    """Return the refractory period in steps, rounded up as NEST does, at most 2**31 - 1.

    Parameters
    ----------
    parameters : mapping
        Has `tau_refrac` [ms].
    dt : float
        [ms]

    Returns
    -------
    ndarray of int32
    """
    steps = np.ceil(parameters["tau_refrac"] / dt - 1e-9)
    return np.minimum(steps, np.iinfo(np.int32).max).astype(np.int32)


def columns(parameters: Parameters) -> dict[str, NDArray[np.float64]]:
    """Return parameters with one number per cell: of those with several, one by one.

    Parameters
    ----------
    parameters : mapping of str to ndarray, shape (n,) or (n, n_numbers)

    Returns
    -------
    dict of str to ndarray, shape (n,)

    Examples
    --------
    >>> columns({"a_eta": np.array([[0.1, 0.2]])})
    {'a_eta_1': array([0.1]), 'a_eta_2': array([0.2])}
    """
    single: dict[str, NDArray[np.float64]] = {}
    for name, values in parameters.items():
        if values.ndim == 1:
            single[name] = values
        else:
            single |= {f"{name}_{k + 1}": values[:, k] for k in range(values.shape[1])}
    return single
