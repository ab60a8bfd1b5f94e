"""Cell models: parameters, state, and the coefficients that the native engine's kernels take."""

from distsim.models.cell_model import CellModel, NativeModel, Parameter, Receptor, State
from distsim.models.if_cond import IF_COND_ALPHA, IF_COND_EXP
from distsim.models.if_curr import IF_CURR_ALPHA, IF_CURR_DELTA, IF_CURR_EXP
from distsim.models.without_kernel import (
    EIF_COND_ALPHA_ISFA_ISTA,
    EIF_COND_EXP_ISFA_ISTA,
    HH_COND_EXP,
    IF_COND_EXP_GSFA_GRR,
    IZHIKEVICH,
)

__all__ = [
    "CELL_MODELS",
    "NATIVE_MODELS",
    "CellModel",
    "NativeModel",
    "Parameter",
    "Receptor",
    "State",
]

NATIVE_MODELS = {
    model.name: model
    for model in (IF_CURR_EXP, IF_CURR_ALPHA, IF_CURR_DELTA, IF_COND_EXP, IF_COND_ALPHA)
}
# by PyNN's name
CELL_MODELS: dict[str, CellModel] = {
    **NATIVE_MODELS,
    **{
        model.name: model
        for model in (
            EIF_COND_EXP_ISFA_ISTA,
            EIF_COND_ALPHA_ISFA_ISTA,
            IF_COND_EXP_GSFA_GRR,
            HH_COND_EXP,
            IZHIKEVICH,
        )
    },
}
