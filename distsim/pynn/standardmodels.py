"""PyNN's standard cell and synapse types."""

from importlib import import_module
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pyNN.errors
from numpy.typing import NDArray
from pyNN.parameters import ArrayParameter, ParameterSpace, Sequence
from pyNN.standardmodels import StandardCellType, build_translations
from pyNN.standardmodels import cells as pynn_cells

from distsim.engines.base import Engine
from distsim.engines.registry import engines_with
from distsim.errors import EngineError, NotAvailableError, ParameterError, did_you_mean
from distsim.models import CELL_MODELS, CellModel
from distsim.network.blocks import CellBlock, SourceBlock
from distsim.network.poisson import PoissonBlock
from distsim.network.spike_arrays import ArrayBlock
from distsim.pynn.checks import (
    InvalidValueError,
    check_times,
    plain_numbers,
    plain_rows,
    plain_times,
)
from distsim.pynn.simulator import state
from distsim.pynn.values import check_length

__all__ = [
    "CheckedParameters",
    "EIF_cond_alpha_isfa_ista",
    "EIF_cond_exp_isfa_ista",
    "GIF_cond_exp",
    "HH_cond_exp",
    "IF_cond_alpha",
    "IF_cond_exp",
    "IF_cond_exp_gsfa_grr",
    "IF_curr_alpha",
    "IF_curr_delta",
    "IF_curr_exp",
    "IF_facets_hardware1",
    "Izhikevich",
    "NeuronType",
    "SpikeSourceArray",
    "SpikeSourcePoisson",
    "StandardCell",
    "UnknownParameterError",
    "document",
    "same_names",
    "type_of",
    "unknown_attribute",
    "unknown_parameter",
]

Values = NDArray[Any]

# modules in which PyNN's other back ends have their models
KINDS = ("cells", "synapses", "electrodes", "receptors", "ion_channels")

# of a Poisson source in one step, in the mean
MAX_SPIKES = 100_000


class UnknownParameterError(ParameterError, pyNN.errors.NonExistentParameterError):
    """A parameter that a model does not have."""


class UnknownAttributeError(UnknownParameterError, AttributeError):
    """An attribute of a single cell that is no parameter of its model."""


def unknown_parameter(name: str, model: type) -> UnknownParameterError:
    """Return the error for a parameter that a model does not have.

    Examples
    --------
    >>> print(unknown_parameter("t_refrac", IF_curr_exp))
    unknown parameter 't_refrac' of IF_curr_exp; did you mean 'tau_refrac'?
    """
    known = model.default_parameters  # type: ignore[attr-defined]
    text = f"unknown parameter '{name}' of {model.__name__}; {did_you_mean(name, known)}"
    return UnknownParameterError(
        text, parameter_name=name, model_name=model.__name__, valid_parameter_names=sorted(known)
    )


def unknown_attribute(name: str, model: type) -> UnknownAttributeError:
    """Return the error for an attribute that is no parameter of a model."""
    error = unknown_parameter(name, model)
    return UnknownAttributeError(str(error), **vars(error))


def same_names(model: type) -> dict[str, Any]:
    """Return PyNN's translations for a model whose parameters keep names and units."""
    return build_translations(*((p, p) for p in model.default_parameters))  # type: ignore[attr-defined]


class CheckedParameters:
    """Refuses unknown parameters with a hint, and values that are none."""

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**{name: self.plain(name, v) for name, v in parameters.items()})

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.default_parameters:  # type: ignore[attr-defined]
            kind = type(self).__name__
            raise ParameterError(
                f"'{name}' of a {kind} cannot be set once it is made; write {kind}({name}=...)",
                name=name,
            )
        super().__setattr__(name, value)

    @classmethod
    def plain(cls, name: str, value: Any) -> Any:
        """Return a value of a parameter as numbers, if it is not evaluated later.

        Raises
        ------
        UnknownParameterError
            If there is no such parameter.
        InvalidValueError
            If there is anything but real numbers.
        """
        default = cls._default(name)
        if value is default:
            return value
        what, units = f"{name} of {cls.__name__}", getattr(cls, "units", {}).get(name)
        if isinstance(default, Sequence):
            return plain_times(value, what, units)
        if isinstance(default, ArrayParameter):
            return plain_rows(value, what, default.value.size, units)
        return plain_numbers(value, what, units)

    @classmethod
    def _default(cls, name: str) -> Any:
        try:
            return cls.default_parameters[name]  # type: ignore[attr-defined]
        except KeyError:
            raise unknown_parameter(name, cls) from None


class StandardCell(CheckedParameters, StandardCellType):
    """What the front end needs of every cell type, beyond PyNN's own."""

    def checked_space(self, parameters: dict[str, Any], size: int) -> ParameterSpace:
        """Return parameters of some cells.

        Parameters
        ----------
        parameters : dict
            By name: for each one value, one per cell, a distribution or a function of the index.
        size : int
            Number of cells.

        Raises
        ------
        UnknownParameterError, InvalidValueError, DimensionsError
        """
        plain = {name: self.plain(name, value) for name, value in parameters.items()}
        for name, value in plain.items():
            check_length(value, size, f"{name} of {type(self).__name__}")
        return ParameterSpace(plain, self.get_schema(), (size,), type(self))

    def sized_parameters(self, size: int) -> ParameterSpace:
        """Return all parameters, for some number of cells.

        Raises
        ------
        DimensionsError
            If a parameter has another number of values.
        """
        space = self.native_parameters
        for name, value in space.items():
            check_length(value.base_value, size, f"{name} of {type(self).__name__}")
        space.shape = (size,)
        return space

    def add_to(
        self,
        simulation: Engine,
        first_gid: int,
        size: int,
        indices: NDArray[np.int64],
    ) -> SourceBlock:
        """Give the engine this rank's cells of a population."""
        raise NotImplementedError

    @classmethod
    def located(cls, variables: list[str], locations: Any) -> list[str]:
        """Return what variables are called at some places of a cell.

        Raises
        ------
        NotAvailableError
            If cells are points.
        """
        raise NotAvailableError(
            f"recording at locations: cells of {cls.__name__} are points; a MultiCompartmentNeuron "
            "on engine 'neuron' has locations"
        )

    def site(self, block: Any, location: str) -> Any:
        """Return what a current into a place of the cells of a block flows into.

        Raises
        ------
        NotAvailableError
            If cells are points.
        """
        raise NotAvailableError(
            f"injection at a location: cells of {type(self).__name__} are points; a "
            "MultiCompartmentNeuron on engine 'neuron' has locations"
        )

    @classmethod
    def variable_names(cls) -> list[str]:
        """Return parameters and state variables; the place of each numbers its streams."""
        return [*cls.default_parameters, *cls.default_initial_values]

    @classmethod
    def is_conductance(cls, receptor: str) -> bool:
        """Return whether weights onto a receptor are conductances."""
        return cls.conductance_based

    @classmethod
    def check_variable(cls, variable: str) -> None:
        """Raise if the cell type has no such state variable."""
        if variable not in cls.default_initial_values:
            known = list(cls.default_initial_values)
            hint = did_you_mean(variable, known) if known else "it has none"
            raise ParameterError(f"unknown state variable '{variable}' of {cls.__name__}; {hint}")

    @classmethod
    def check_attribute(cls, name: str) -> None:
        """Raise if a single cell has no such parameter."""
        if name not in cls.default_parameters:
            raise unknown_attribute(name, cls)

    def check_values(self, name: str, values: Values) -> None:
        """Raise if values of a parameter cannot be, whatever those of others are.

        Those of a neuron are checked together, when the network is built.
        """


class NeuronType(StandardCell):
    """A cell type that a `CellModel` describes; a subclass of one has the same.

    Attributes
    ----------
    record : CellModel
        The model that the engine advances.
    """

    record: ClassVar[CellModel]

    def add_to(
        self,
        simulation: Engine,
        first_gid: int,
        size: int,
        indices: NDArray[np.int64],
    ) -> CellBlock:
        """Give the engine this rank's cells of a population.

        Raises
        ------
        EngineError
            If the engine does not have the model.
        """
        model = self.record
        if not simulation.has(model):
            others = " or ".join(f"'{name}'" for name in engines_with(model))
            raise EngineError(
                f"{model.name} is not available on engine '{simulation.name}'; choose one that has "
                f"it: setup(engine={others})"
            )
        return simulation.add_cells(model, first_gid, indices)

    def check_values(self, name: str, values: Values) -> None:
        """Raise if what a function has given of a parameter are not as many numbers as it has.

        All else is checked when the network is built.
        """
        if values.dtype == object:
            n_numbers = self.default_parameters[name].value.size
            plain_rows(list(values.flat), f"{name} of {type(self).__name__}", n_numbers)


def type_of(record: CellModel, module: str = __name__) -> type[NeuronType]:
    """Return the cell type of a model, as its record has it; PyNN's own, where PyNN has it.

    Parameters
    ----------
    record : CellModel
    module : str
        In which the type is found by the name of the record.
    """
    is_standard = CELL_MODELS.get(record.name) is record
    attributes: dict[str, Any] = {
        "__doc__": document(record),
        "__module__": module,
        "record": record,
        "recordable": ["spikes", *(s.name for s in record.states if s.is_recordable)],
        "receptor_types": tuple(receptor.name for receptor in record.receptors),
    }
    bases: tuple[type, ...] = (NeuronType,)
    if is_standard:
        bases += (getattr(pynn_cells, record.name),)
        attributes["translations"] = same_names(bases[1])
    else:
        attributes |= _of_no_pynn_type(record)
    return type(record.name, bases, attributes)


def _of_no_pynn_type(record: CellModel) -> dict[str, Any]:
    """Return those attributes of a cell type that PyNN's own ones inherit."""
    added = [record.states[row].unit for row in record.receptor_rows]
    units = {s.name: s.unit for s in record.states} | {p.name: p.unit for p in record.parameters}
    return {
        "default_parameters": {
            p.name: ArrayParameter(p.default) if isinstance(p.default, tuple) else p.default
            for p in record.parameters
        },
        "default_initial_values": {s.name: s.initial for s in record.states},
        "translations": build_translations(*((name, name) for name in record.parameter_names)),
        "units": units,
        "conductance_based": bool(added) and all(unit in ("uS", "nS") for unit in added),
        "injectable": getattr(record, "is_injectable", True),
    }


def document(record: Any) -> str:
    """Return the docstring of the type of a model, or of a part of one: its title and parameters.

    Parameters
    ----------
    record : CellModel, Membrane or Response
    """
    source = getattr(record, "source", "")
    lines = [record.title, "", *([f"{source}.", ""] if source else [])]
    lines += ["Parameters", "----------"]
    for parameter in record.parameters:
        kind = "float" if np.ndim(parameter.default) == 0 else "sequence of float"
        default = ", ".join(f"{number:g}" for number in np.ravel(parameter.default))
        lines.append(f"{parameter.name} : {kind}, default {default}")
        meaning = parameter.meaning[:1].upper() + parameter.meaning[1:]
        lines.append(f"    {meaning} [{parameter.unit or '1'}].".replace("     [", "    ["))
    return "\n".join(lines) + "\n"


IF_curr_exp = type_of(CELL_MODELS["IF_curr_exp"])
IF_curr_alpha = type_of(CELL_MODELS["IF_curr_alpha"])
IF_curr_delta = type_of(CELL_MODELS["IF_curr_delta"])
IF_cond_exp = type_of(CELL_MODELS["IF_cond_exp"])
IF_cond_alpha = type_of(CELL_MODELS["IF_cond_alpha"])
EIF_cond_exp_isfa_ista = type_of(CELL_MODELS["EIF_cond_exp_isfa_ista"])
EIF_cond_alpha_isfa_ista = type_of(CELL_MODELS["EIF_cond_alpha_isfa_ista"])
IF_cond_exp_gsfa_grr = type_of(CELL_MODELS["IF_cond_exp_gsfa_grr"])
HH_cond_exp = type_of(CELL_MODELS["HH_cond_exp"])
Izhikevich = type_of(CELL_MODELS["Izhikevich"])
IF_facets_hardware1 = type_of(CELL_MODELS["IF_facets_hardware1"])
GIF_cond_exp = type_of(CELL_MODELS["GIF_cond_exp"])


class SpikeSourceArray(StandardCell, pynn_cells.SpikeSourceArray):
    """Source of spikes at given times.

    Parameters
    ----------
    spike_times : Sequence, list of Sequence, or list of float
        [ms]; they go to the nearest step.
    """

    translations = same_names(pynn_cells.SpikeSourceArray)

    def add_to(
        self,
        simulation: Engine,
        first_gid: int,
        size: int,
        indices: NDArray[np.int64],
    ) -> ArrayBlock:
        """Give the engine this rank's cells of a population."""
        return simulation.add_array_sources(first_gid, indices)

    def check_values(self, name: str, values: Values) -> None:
        """Raise if spike times cannot be."""
        check_times(values, f"{name} of SpikeSourceArray", state.dt)


class SpikeSourcePoisson(StandardCell, pynn_cells.SpikeSourcePoisson):
    """Source of spikes at random times, a Poisson process.

    Each rank with targets of a source draws its spikes anew; they are never sent.

    Parameters
    ----------
    rate : float
        [Hz]
    start, duration : float
        The source is active from `start` to `start + duration` [ms].
    """

    translations = same_names(pynn_cells.SpikeSourcePoisson)

    def add_to(
        self,
        simulation: Engine,
        first_gid: int,
        size: int,
        indices: NDArray[np.int64],
    ) -> PoissonBlock:
        """Give the engine this rank's cells of a population."""
        return simulation.add_poisson_sources(first_gid, size, indices)

    def check_values(self, name: str, values: Values) -> None:
        """Raise if rates are so high that spikes of a step cannot be counted.

        Other values are checked when the network is built.
        """
        highest = MAX_SPIKES * 1000.0 / state.dt
        if name == "rate" and np.any(values > highest):
            raise InvalidValueError(
                f"rate = {np.max(values):g} Hz of SpikeSourcePoisson; it can be at most "
                f"{highest:g} Hz, {MAX_SPIKES} spikes in a step of {state.dt:g} ms",
                name=name,
            )


def __getattr__(name: str) -> Any:
    """Return all models of a kind, as in ``sim.standardmodels.cells.IF_curr_exp``."""
    if name not in KINDS:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    ours = vars(import_module("distsim.pynn"))
    names = vars(import_module(f"pyNN.standardmodels.{name}"))
    return SimpleNamespace(**{key: ours[key] for key in names if isinstance(ours.get(key), type)})
