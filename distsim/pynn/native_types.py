"""Cell types that only one simulator has: NEST's by name, and the user's own for NEURON."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pyNN.standardmodels import build_translations

from distsim.comm.world import world
from distsim.engines.base import Engine
from distsim.engines.nest.models import native_type
from distsim.engines.nest.start import import_nest
from distsim.engines.neuron.user_models import UserModel
from distsim.errors import EngineError, ParameterError
from distsim.models import CELL_MODELS, Parameter, Receptor, State
from distsim.network.blocks import CellBlock
from distsim.pynn.calls import collective
from distsim.pynn.standardmodels import NeuronType, same_names

__all__ = ["NativeCellType", "native_cell_type"]

# what NEST's variables begin with, and their units
UNITS = {"V": "mV", "U": "mV", "E": "mV", "theta": "mV", "I": "pA", "w": "pA", "g": "nS"}


@collective()
def native_cell_type(model_name: str) -> type[NeuronType]:
    """Return a cell type of NEST's own, for engine 'nest'; every rank must call it.

    Parameters
    ----------
    model_name : str
        NEST's name, such as ``'iaf_psc_exp_ps_lossless'``.

    Returns
    -------
    type
        Its parameters, variables and their units are NEST's, as in ``V_m``; those that are no
        floating-point numbers keep NEST's defaults. Weights are in nA or uS, as for PyNN's own.

    Raises
    ------
    EngineError
        If NEST is not installed, or has no such cell model.
    """
    native = native_type(import_nest(world()), model_name)

    variables = native.model.state_names
    return type(
        model_name,
        (NeuronType,),
        {
            "__doc__": f"NEST's {model_name}.",
            "record": native.model,
            "default_parameters": native.parameters,
            "default_initial_values": native.initial_values,
            "translations": build_translations(*((key, key) for key in native.parameters)),
            "recordable": ["spikes", *variables],
            "units": {variable: _unit(variable) for variable in variables},
            "receptor_types": native.receptor_types,
            "conductance_based": native.is_conductance_based,
            "injectable": "I_e" in native.parameters,
        },
    )


def _unit(variable: str) -> str:
    return next((u for start, u in UNITS.items() if variable.startswith(start)), "dimensionless")


class NativeCellType(NeuronType):
    """A cell type of your own for engine 'neuron', such as one of many compartments.

    To be subclassed, with the attributes below, as in ``pyNN.neuron``.

    Attributes
    ----------
    model : type
        Makes a cell; called with the parameters as keywords. The cell has the attributes
        `source`, a mechanism that makes events, or a pointer to a potential such as
        ``soma(0.5)._ref_v``; `source_section`, in whose middle currents are injected and 'v' is
        recorded (not needed for an artificial cell that is not `injectable`); what `receptor_types`
        name; and each parameter, if that is to be changed after the first `run()`. It may have
        ``get_threshold()``, of spikes seen at a pointer [mV], else 10 mV; and ``memb_init()``,
        which sets the values in its dict `initial_values`, and is called before NEURON's
        initialization and after it; else all its sections begin at the initial 'v'.
    default_parameters : dict of str to float
    extra_parameters : dict
        Constants that `model` is called with as well, of any type.
    default_initial_values : dict of str to float
    recordable : list of str
        Paths such as ``'soma(0.5).v'``, ``'dendrites[2](1.0).hh.m'``, or ``'v'``; a name alone is
        of `source`. 'spikes' need not be there.
    units : dict of str to str
        Of what is recorded; if left out, mV for v.
    receptor_types : list of str
        Paths to the synapses, such as ``'apical.ampa'``.
    injectable, conductance_based : bool

    Notes
    -----
    Other than in PyNN, only what `recordable` names can be recorded, parameters are numbers, and
    initial values cannot be set between two runs. The attributes of a cell that PyNN keeps its
    records in, `parameter_names`, `section_labels`, `traces` and `recording_time`, are not used.
    NEURON is to be imported after `setup()`, as within the `__init__` of `model`.
    """

    model: Any = None
    default_parameters: ClassVar[dict[str, float]] = {}
    default_initial_values: ClassVar[dict[str, float]] = {"v": -65.0}
    extra_parameters: ClassVar[dict[str, Any]] = {}
    recordable: ClassVar[list[str]] = ["v"]
    units: ClassVar[dict[str, str]] = {}
    receptor_types: ClassVar[list[str]] = []

    def __init_subclass__(cls, **options: Any) -> None:
        """Complete what a subclass leaves out.

        Raises
        ------
        ParameterError
            If its name is that of a standard model, or a default is not a number.
        """
        super().__init_subclass__(**options)
        if cls.__name__ in CELL_MODELS:
            raise ParameterError(
                f"'{cls.__name__}' is the name of a standard cell type; call yours otherwise"
            )
        for name, value in cls.default_parameters.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ParameterError(
                    f"default_parameters of {cls.__name__}: {name} = {value!r} is not a number; "
                    "what is none goes to extra_parameters",
                    name=name,
                    value=value,
                )
        cls.default_parameters = {name: float(x) for name, x in cls.default_parameters.items()}
        cls.translations = same_names(cls)
        cls.recordable = list(dict.fromkeys(["spikes", *cls.recordable]))
        cls.units = {
            name: cls.units.get(name, "mV" if name.split(".")[-1] == "v" else "dimensionless")
            for name in cls.recordable
        }
        cls.record = _user_model(cls)

    def add_to(
        self, simulation: Engine, first_gid: int, size: int, indices: NDArray[np.int64]
    ) -> CellBlock:
        """Give the engine this rank's cells of a population.

        Raises
        ------
        EngineError
            If the engine is not NEURON, or is CoreNEURON; or the type has no `model`.
        """
        name = type(self).__name__
        if simulation.name != "neuron":
            raise EngineError(
                f"{name}, a cell type of your own for NEURON, is not available on engine "
                f"'{simulation.name}'; choose setup(engine='neuron')"
            )
        if self.model is None:
            raise EngineError(f"{name} has no 'model'; let it be the class that makes a cell")
        return simulation.add_cells(self.record, first_gid, indices)


def _user_model(cell_type: type[NativeCellType]) -> UserModel:
    """Return what the engine has to know of a cell type of the user's."""
    initialized = tuple(cell_type.default_initial_values)
    recorded = [name for name in cell_type.recordable if name not in ("spikes", *initialized)]
    return UserModel(
        cell_type.__name__,
        tuple(Parameter(name, "", x, "") for name, x in cell_type.default_parameters.items()),
        tuple(
            State(name, cell_type.units.get(name, "mV" if name == "v" else ""))
            for name in (*initialized, *recorded)
        ),
        tuple(Receptor(path, "") for path in cell_type.receptor_types),
        make=cell_type.model,
        constants=cell_type.extra_parameters,
        initialized=initialized,
        is_injectable=cell_type.injectable,
    )
