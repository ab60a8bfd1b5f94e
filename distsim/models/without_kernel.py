"""Models that other simulators have, and the native engine has no kernel for yet."""

from distsim.models.cell_model import CellModel
from distsim.models.if_cond import REVERSAL
from distsim.models.if_curr import MEMBRANE, SYNAPSES

__all__ = [
    "EIF_COND_ALPHA_ISFA_ISTA",
    "EIF_COND_EXP_ISFA_ISTA",
    "HH_COND_EXP",
    "IF_COND_EXP_GSFA_GRR",
    "IZHIKEVICH",
]

ADAPTATION = ("a", "b", "delta_T", "tau_w", "v_spike")
CONDUCTANCES = ("gsyn_exc", "gsyn_inh")

EIF_COND_EXP_ISFA_ISTA = CellModel(
    "EIF_cond_exp_isfa_ista",
    MEMBRANE + ADAPTATION + SYNAPSES + REVERSAL,
    ("v", "w", *CONDUCTANCES),
)
EIF_COND_ALPHA_ISFA_ISTA = CellModel(
    "EIF_cond_alpha_isfa_ista",
    MEMBRANE + ADAPTATION + SYNAPSES + REVERSAL,
    ("v", "w", *CONDUCTANCES, "drive_exc", "drive_inh"),
)
IF_COND_EXP_GSFA_GRR = CellModel(
    "IF_cond_exp_gsfa_grr",
    (
        *(MEMBRANE + SYNAPSES + REVERSAL),
        *("tau_sfa", "e_rev_sfa", "q_sfa", "tau_rr", "e_rev_rr", "q_rr"),
    ),
    ("v", "g_s", "g_r", *CONDUCTANCES),
)
HH_COND_EXP = CellModel(
    "HH_cond_exp",
    (
        *("gbar_Na", "gbar_K", "g_leak", "cm", "v_offset", "e_rev_Na", "e_rev_K", "e_rev_leak"),
        *("i_offset", *SYNAPSES, *REVERSAL),
    ),
    ("v", "m", "h", "n", *CONDUCTANCES),
)
IZHIKEVICH = CellModel("Izhikevich", ("a", "b", "c", "d", "i_offset"), ("v", "u"))
