"""Cell models, each one record: parameters, state, receptors, and how the native engine runs it."""

import distsim.compiled  # noqa: F401 - keeps machine code
from distsim.models.adaptive import (
    EIF_COND_ALPHA_ISFA_ISTA,
    EIF_COND_EXP_ISFA_ISTA,
    IF_COND_EXP_GSFA_GRR,
)
from distsim.models.cell_model import Bound, CellModel, NativeModel, Parameter, Receptor, State
from distsim.models.electrical import ELECTRICAL, ONE_SIDED
from distsim.models.gif import GIF_COND_EXP
from distsim.models.hodgkin_huxley import HH_COND_EXP
from distsim.models.if_cond import IF_COND_ALPHA, IF_COND_EXP, IF_FACETS_HARDWARE1
from distsim.models.if_curr import IF_CURR_ALPHA, IF_CURR_DELTA, IF_CURR_EXP
from distsim.models.izhikevich import IZHIKEVICH
from distsim.models.short_term import (
    MULTI_QUANTAL,
    SIMPLE_STOCHASTIC,
    STOCHASTIC_TSODYKS_MARKRAM,
    TSODYKS_MARKRAM,
)
from distsim.models.stdp import DEPENDENCES, stdp_model
from distsim.models.synapse_model import SynapseModel, Trace

__all__ = [
    "CELL_MODELS",
    "EIF_COND_ALPHA_ISFA_ISTA",
    "EIF_COND_EXP_ISFA_ISTA",
    "GIF_COND_EXP",
    "HH_COND_EXP",
    "IF_COND_ALPHA",
    "IF_COND_EXP",
    "IF_COND_EXP_GSFA_GRR",
    "IF_CURR_ALPHA",
    "IF_CURR_DELTA",
    "IF_CURR_EXP",
    "IF_FACETS_HARDWARE1",
    "IZHIKEVICH",
    "SYNAPSE_MODELS",
    "Bound",
    "CellModel",
    "NativeModel",
    "Parameter",
    "Receptor",
    "State",
    "SynapseModel",
    "Trace",
]

# by PyNN's name
CELL_MODELS = {
    model.name: model
    for model in (
        *(IF_CURR_EXP, IF_CURR_ALPHA, IF_CURR_DELTA, IF_COND_EXP, IF_COND_ALPHA),
        *(EIF_COND_EXP_ISFA_ISTA, EIF_COND_ALPHA_ISFA_ISTA, IF_COND_EXP_GSFA_GRR),
        *(HH_COND_EXP, IZHIKEVICH, IF_FACETS_HARDWARE1, GIF_COND_EXP),
    )
}

# all but the static one
SYNAPSE_MODELS = {
    model.name: model
    for model in (
        *(stdp_model("SpikePairRule", dependence) for dependence in DEPENDENCES),
        stdp_model("Vogels2011Rule", "AdditiveWeightDependence"),
        *(TSODYKS_MARKRAM, SIMPLE_STOCHASTIC, STOCHASTIC_TSODYKS_MARKRAM, MULTI_QUANTAL),
        *(ELECTRICAL, ONE_SIDED),
    )
}
