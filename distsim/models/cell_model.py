"""What the engine must know of a cell model, and checks that all models share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.errors import ParameterError

__all__ = ["CellModel", "NativeModel", "Parameters", "check_parameters", "refractory_steps"]

# excitatory, inhibitory
N_RECEPTORS = 2
Parameters = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class CellModel:
    """A model of cells that some engine advances step by step.

    Attributes
    ----------
    name : str
        PyNN's name.
    parameters : tuple of str
        PyNN's names.
    states : tuple of str
        Names of the state variables, in the order of the rows of a block's state.
    """

    name: str
    parameters: tuple[str, ...]
    states: tuple[str, ...]

    def state_row(self, variable: str) -> int:
        """Return the row of a block's state that holds a variable."""
        return self.states.index(variable)

    def check(self, parameters: Parameters) -> None:
        """Raise if some cell has a value that the model cannot take; see `check_parameters`."""
        check_parameters(self.name, parameters)


@dataclass(frozen=True, eq=False)
class NativeModel(CellModel):
    """A model that the native engine has a kernel for.

    Attributes
    ----------
    name, parameters, states
        As for `CellModel`; the first state variable is v.
    inputs : str
        State variable to which excitatory weights are added; the next row is the inhibitory one.
    coefficients : callable
        ``coefficients(parameters, dt)`` returns the NamedTuple of arrays that the kernel takes.
    """

    inputs: str
    coefficients: Callable[[Parameters, float], NamedTuple]

    @property
    def input_rows(self) -> slice:
        """The rows of `Cells.state` that are `Cells.inputs`."""
        first = self.state_row(self.inputs)
        return slice(first, first + N_RECEPTORS)


POSITIVE = ("tau_m", "cm", "tau_syn_E", "tau_syn_I", "tau_w", "tau_sfa", "tau_rr", "delta_T")
NOT_NEGATIVE = ("tau_refrac", "gbar_Na", "gbar_K", "g_leak")


def check_parameters(model: str, parameters: Parameters) -> None:
    """Raise if some cell has a value that its model cannot take.

    Parameters
    ----------
    model : str
        Name for the message.
    parameters : mapping of str to ndarray of float64, shape (n_local,)

    Raises
    ------
    ParameterError
        If a time constant or capacitance is not positive, a refractory period is negative, a
        reset potential is not below the potential at which a spike is seen, or a value is not
        finite.
    """
    for name, values in parameters.items():
        _refuse(model, name, values, ~np.isfinite(values), "must be finite")
    for name in POSITIVE:
        if name in parameters:
            _refuse(model, name, parameters[name], parameters[name] <= 0, "must be above 0")
    for name in NOT_NEGATIVE:
        if name in parameters:
            _refuse(model, name, parameters[name], parameters[name] < 0, "must be 0 or above")
    if "v_reset" in parameters:
        peak = "v_spike" if "v_spike" in parameters else "v_thresh"
        above = parameters["v_reset"] >= parameters[peak]
        _refuse(model, "v_reset", parameters["v_reset"], above, f"must be below '{peak}'")


def _refuse(model: str, name: str, values: Any, is_wrong: Any, what: str) -> None:
    if np.any(is_wrong):
        value = float(values[np.argmax(is_wrong)])
        raise ParameterError(f"{name} = {value:g} of {model} {what}", name=name, value=value)


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
