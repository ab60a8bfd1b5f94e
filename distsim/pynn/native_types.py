"""Cell types that only NEST has, by NEST's names, parameters and units."""

from pyNN.standardmodels import build_translations

from distsim import comm as communication
from distsim.engines.nest import import_nest
from distsim.engines.nest_models import native_type
from distsim.models import CellModel
from distsim.pynn.standardmodels import NeuronType

__all__ = ["native_cell_type"]

# what NEST's variables begin with, and their units
UNITS = {"V": "mV", "U": "mV", "E": "mV", "theta": "mV", "I": "pA", "w": "pA", "g": "nS"}


def native_cell_type(name: str) -> type[NeuronType]:
    """Return a cell type of NEST's own, for engine 'nest'; every rank must call it.

    Parameters
    ----------
    name : str
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
    native = native_type(import_nest(communication.world()), name)

    def cell_model() -> CellModel:
        return native.model

    variables = native.model.states
    return type(
        name,
        (NeuronType,),
        {
            "__doc__": f"NEST's {name}.",
            "cell_model": staticmethod(cell_model),
            "default_parameters": native.parameters,
            "default_initial_values": native.initial_values,
            "translations": build_translations(*((key, key) for key in native.parameters)),
            "recordable": ["spikes", *variables],
            "units": {variable: _unit(variable) for variable in variables},
            "receptor_types": native.receptor_types,
            "conductance_based": any(variable.startswith("g") for variable in variables),
            "injectable": "I_e" in native.parameters,
        },
    )


def _unit(variable: str) -> str:
    return next((u for start, u in UNITS.items() if variable.startswith(start)), "dimensionless")
