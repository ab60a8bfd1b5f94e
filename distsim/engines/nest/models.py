"""NEST's cell models: its names and units for PyNN's, and those that only NEST has."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from distsim.errors import EngineError, did_you_mean
from distsim.models import (
    EIF_COND_ALPHA_ISFA_ISTA,
    EIF_COND_EXP_ISFA_ISTA,
    GIF_COND_EXP,
    HH_COND_EXP,
    IF_COND_ALPHA,
    IF_COND_EXP,
    IF_COND_EXP_GSFA_GRR,
    IF_CURR_ALPHA,
    IF_CURR_DELTA,
    IF_CURR_EXP,
    IF_FACETS_HARDWARE1,
    IZHIKEVICH,
    CellModel,
    Parameter,
    State,
)

__all__ = [
    "ADAPTATION",
    "MEMBRANE",
    "MODELS",
    "TAU_M",
    "NativeType",
    "NestModel",
    "V",
    "W",
    "native_type",
]

# by PyNN's name: NEST's name, and PyNN's unit in NEST's
Parameters = dict[str, tuple[str, float]]
# by PyNN's name: NEST's name, and NEST's unit in PyNN's
Variables = dict[str, tuple[str, float]]


class NestModel(NamedTuple):
    """What NEST calls a model, its parameters and variables, and in which units.

    Attributes
    ----------
    nest_name : str
    parameters : dict
        By PyNN's name: NEST's name, and PyNN's unit in NEST's.
    variables : dict
        By PyNN's name: NEST's name, and NEST's unit in PyNN's.
    weights : {'current', 'conductance', 'potential'}
        What a weight is: in NEST a current [pA] whose sign says which receptor is meant, a
        conductance [nS] that is negative for inhibition, or a jump of the potential [mV].
    unseen : tuple of str
        Of NEST's variables, those that only a multimeter shows, and too late for the end of a run.
    receptors : tuple of int
        NEST's numbers of the receptor types, where they have any.
    takes_generators : bool
        Whether a current from a generator is known to act as the same constant current does.
    sums : tuple of str
        PyNN's names of variables that follow from others, and are not set.
    arrays : dict of str to tuple of str
        By NEST's name: PyNN's of the parameters that it is an array of, in PyNN's units.
    """

    nest_name: str
    parameters: Parameters
    variables: Variables
    weights: Literal["current", "conductance", "potential"] = "conductance"
    unseen: tuple[str, ...] = ()
    receptors: tuple[int, ...] = ()
    takes_generators: bool = True
    sums: tuple[str, ...] = ()
    arrays: Mapping[str, tuple[str, ...]] = MappingProxyType({})

    @property
    def weight_unit(self) -> float:
        """PyNN's unit of weights in NEST's."""
        return 1.0 if self.weights == "potential" else 1000.0

    @property
    def offset(self) -> str:
        """PyNN's name of the parameter that is a constant current."""
        return next(name for name, (nest_name, _) in self.parameters.items() if nest_name == "I_e")


MEMBRANE: Parameters = {
    "v_rest": ("E_L", 1.0),
    "cm": ("C_m", 1000.0),
    "tau_refrac": ("t_ref", 1.0),
    "i_offset": ("I_e", 1000.0),
    "v_reset": ("V_reset", 1.0),
    "v_thresh": ("V_th", 1.0),
}
# models whose leak NEST wants as a conductance lack it
TAU_M: Parameters = {"tau_m": ("tau_m", 1.0)}
SYNAPSES: Parameters = {"tau_syn_E": ("tau_syn_ex", 1.0), "tau_syn_I": ("tau_syn_in", 1.0)}
REVERSAL: Parameters = {"e_rev_E": ("E_ex", 1.0), "e_rev_I": ("E_in", 1.0)}
ADAPTATION: Parameters = {
    "a": ("a", 1.0),
    "b": ("b", 1000.0),
    "delta_T": ("Delta_T", 1.0),
    "tau_w": ("tau_w", 1.0),
    "v_spike": ("V_peak", 1.0),
}
SPIKE_CONDUCTANCES: Parameters = {
    "tau_sfa": ("tau_sfa", 1.0),
    "e_rev_sfa": ("E_sfa", 1.0),
    "q_sfa": ("q_sfa", 1.0),
    "tau_rr": ("tau_rr", 1.0),
    "e_rev_rr": ("E_rr", 1.0),
    "q_rr": ("q_rr", 1.0),
}
ESCAPE: Parameters = {
    **{name: nest for name, nest in MEMBRANE.items() if name != "v_thresh"},
    "delta_v": ("Delta_V", 1.0),
    "v_t_star": ("V_T_star", 1.0),
    "lambda0": ("lambda_0", 1.0),
    "tau_eta": ("tau_stc", 1.0),
    "a_eta": ("q_stc", 1000.0),
    "tau_gamma": ("tau_sfa", 1.0),
    "a_gamma": ("q_sfa", 1.0),
}
CHANNELS: Parameters = {
    "gbar_Na": ("g_Na", 1000.0),
    "gbar_K": ("g_K", 1000.0),
    "g_leak": ("g_L", 1000.0),
    "cm": ("C_m", 1000.0),
    "v_offset": ("V_T", 1.0),
    "e_rev_Na": ("E_Na", 1.0),
    "e_rev_K": ("E_K", 1.0),
    "e_rev_leak": ("E_L", 1.0),
    "i_offset": ("I_e", 1000.0),
}

V: Variables = {"v": ("V_m", 1.0)}
CURRENTS: Variables = {"isyn_exc": ("I_syn_ex", 0.001), "isyn_inh": ("I_syn_in", 0.001)}
CONDUCTANCES: Variables = {"gsyn_exc": ("g_ex", 0.001), "gsyn_inh": ("g_in", 0.001)}
W: Variables = {"w": ("w", 0.001)}

CURRENT_NAMES = ("I_syn_ex", "I_syn_in")

MODELS: dict[CellModel, NestModel] = {
    IF_CURR_EXP: NestModel(
        "iaf_psc_exp", MEMBRANE | TAU_M | SYNAPSES, V | CURRENTS, "current", CURRENT_NAMES
    ),
    IF_CURR_ALPHA: NestModel(
        "iaf_psc_alpha", MEMBRANE | TAU_M | SYNAPSES, V | CURRENTS, "current", CURRENT_NAMES
    ),
    IF_CURR_DELTA: NestModel("iaf_psc_delta", MEMBRANE | TAU_M, V, "potential"),
    IF_COND_EXP: NestModel("iaf_cond_exp", MEMBRANE | SYNAPSES | REVERSAL, V | CONDUCTANCES),
    IF_COND_ALPHA: NestModel("iaf_cond_alpha", MEMBRANE | SYNAPSES | REVERSAL, V | CONDUCTANCES),
    IF_FACETS_HARDWARE1: NestModel(
        "iaf_cond_exp", MEMBRANE | {"g_leak": ("g_L", 1.0)} | SYNAPSES | REVERSAL, V | CONDUCTANCES
    ),
    EIF_COND_EXP_ISFA_ISTA: NestModel(
        "aeif_cond_exp", MEMBRANE | ADAPTATION | SYNAPSES | REVERSAL, V | W | CONDUCTANCES
    ),
    EIF_COND_ALPHA_ISFA_ISTA: NestModel(
        "aeif_cond_alpha", MEMBRANE | ADAPTATION | SYNAPSES | REVERSAL, V | W | CONDUCTANCES
    ),
    IF_COND_EXP_GSFA_GRR: NestModel(
        "iaf_cond_exp_sfa_rr",
        MEMBRANE | SPIKE_CONDUCTANCES | SYNAPSES | REVERSAL,
        V | {"g_s": ("g_sfa", 1.0), "g_r": ("g_rr", 1.0)} | CONDUCTANCES,
    ),
    GIF_COND_EXP: NestModel(
        "gif_cond_exp",
        ESCAPE | SYNAPSES | REVERSAL,
        V | {"i_eta": ("I_stc", 0.001), "v_t": ("E_sfa", 1.0)} | CONDUCTANCES,
        sums=("i_eta", "v_t"),
    ),
    HH_COND_EXP: NestModel(
        "hh_cond_exp_traub",
        CHANNELS | SYNAPSES | REVERSAL,
        V | {"m": ("Act_m", 1.0), "h": ("Inact_h", 1.0), "n": ("Act_n", 1.0)} | CONDUCTANCES,
        unseen=("g_ex", "g_in"),
    ),
    IZHIKEVICH: NestModel(
        "izhikevich",
        {**{name: (name, 1.0) for name in "abcd"}, "i_offset": ("I_e", 1000.0)},
        V | {"u": ("U_m", 1.0)},
        "potential",
    ),
}

# what NEST shows of a cell that is neither a parameter nor recorded
READ_ONLY = ("Ca", "post_trace", "t_spike")


class NativeType(NamedTuple):
    """A cell model that only NEST has.

    Attributes
    ----------
    model : CellModel
    parameters, initial_values : dict of str to float
        NEST's defaults, in NEST's units.
    receptor_types : tuple of str
    is_conductance_based : bool
    """

    model: CellModel
    parameters: dict[str, float]
    initial_values: dict[str, float]
    receptor_types: tuple[str, ...]
    is_conductance_based: bool


def native_type(nest: Any, name: str) -> NativeType:
    """Describe a cell model of NEST's by its defaults, and let the engine have it.

    Parameters
    ----------
    nest : PyNEST
    name : str
        NEST's name.

    Raises
    ------
    EngineError
        If NEST has no such cell model.
    """
    if name not in nest.node_models:
        raise EngineError(f"NEST has no model '{name}'; {did_you_mean(name, nest.node_models)}")
    defaults = nest.GetDefaults(name)
    if defaults["element_type"] != "neuron":
        raise EngineError(
            f"'{name}' of NEST is a {defaults['element_type']}, not a neuron; use SpikeSourceArray "
            "or SpikeSourcePoisson for input, and record() for output"
        )
    variables = [str(variable) for variable in defaults.get("recordables", ())]
    numbers = {
        key: value
        for key, value in defaults.items()
        if isinstance(value, float) and key not in READ_ONLY
    }
    ports = {str(key): int(port) for key, port in defaults.get("receptor_types", {}).items()}
    parameters = {key: value for key, value in numbers.items() if key not in variables}
    native = NestModel(
        name,
        {key: (key, 1.0) for key in parameters},
        {key: (key, 1.0) for key in variables},
        "conductance" if any(key.startswith("g") for key in variables) else "current",
        tuple(key for key in variables if key not in numbers),
        tuple(ports.values()),
        takes_generators=False,
    )
    model = CellModel(
        name,
        tuple(Parameter(key, "", value, "") for key, value in parameters.items()),
        tuple(State(key, "", numbers.get(key, 0.0)) for key in variables),
    )
    MODELS[model] = native
    return NativeType(
        model,
        parameters,
        {key: numbers[key] for key in variables if key in numbers},
        tuple(ports) or ("excitatory", "inhibitory"),
        native.weights == "conductance",
    )
