"""Cell models: parameters, state, and the coefficients that their kernels take."""

from distsim.models.cell_model import CellModel
from distsim.models.if_cond import IF_COND_ALPHA, IF_COND_EXP
from distsim.models.if_curr import IF_CURR_ALPHA, IF_CURR_DELTA, IF_CURR_EXP

__all__ = ["CELL_MODELS", "CellModel"]

CELL_MODELS = {
    model.name: model
    for model in (IF_CURR_EXP, IF_CURR_ALPHA, IF_CURR_DELTA, IF_COND_EXP, IF_COND_ALPHA)
}
