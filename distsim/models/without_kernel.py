"""Models that other simulators have, and the native engine has no kernel for yet."""

from distsim.models.cell_model import Bound, CellModel, Parameter, Receptor, State
from distsim.models.parts import (
    conductances,
    drives,
    membrane,
    potential,
    receptors,
    reversal_potentials,
    synaptic_times,
)

__all__ = [
    "EIF_COND_ALPHA_ISFA_ISTA",
    "EIF_COND_EXP_ISFA_ISTA",
    "HH_COND_EXP",
    "IF_COND_EXP_GSFA_GRR",
    "IZHIKEVICH",
]

ADAPTIVE_EXPONENTIAL = (
    *membrane(-70.6, 0.281, 9.3667, -70.6, -50.4, peak="v_spike"),
    Parameter("v_spike", "mV", -40.0, "potential at which a spike is seen"),
    Parameter("delta_T", "mV", 2.0, "slope of the exponential", Bound.POSITIVE),
    Parameter("tau_w", "ms", 144.0, "time constant of adaptation", Bound.POSITIVE),
    Parameter("a", "nS", 4.0, "adaptation below threshold"),
    Parameter("b", "nA", 0.0805, "adaptation current added by a spike"),
    *synaptic_times(),
    *reversal_potentials(0.0, -80.0),
)
EIF_COND_EXP_ISFA_ISTA = CellModel(
    "EIF_cond_exp_isfa_ista",
    ADAPTIVE_EXPONENTIAL,
    (*potential(-70.6), State("w", "nA"), *conductances()),
    receptors("gsyn_exc", "gsyn_inh"),
    title="Adaptive exponential integrate-and-fire cell with decaying conductances.",
    source="Brette & Gerstner (2005), J. Neurophysiol. 94:3637",
)
EIF_COND_ALPHA_ISFA_ISTA = CellModel(
    "EIF_cond_alpha_isfa_ista",
    ADAPTIVE_EXPONENTIAL,
    (*potential(-70.6), State("w", "nA"), *conductances(), *drives("uS")),
    receptors("drive_exc", "drive_inh"),
    title="Adaptive exponential integrate-and-fire cell with alpha-shaped conductances.",
    source=EIF_COND_EXP_ISFA_ISTA.source,
)
IF_COND_EXP_GSFA_GRR = CellModel(
    "IF_cond_exp_gsfa_grr",
    (
        *(membrane() + synaptic_times() + reversal_potentials()),
        Parameter(
            "tau_sfa", "ms", 100.0, "time constant of spike-frequency adaptation", Bound.POSITIVE
        ),
        Parameter("e_rev_sfa", "mV", -75.0, "reversal potential of spike-frequency adaptation"),
        Parameter("q_sfa", "nS", 15.0, "what a spike adds to its conductance"),
        Parameter("tau_rr", "ms", 2.0, "time constant of relative refractoriness", Bound.POSITIVE),
        Parameter("e_rev_rr", "mV", -75.0, "reversal potential of relative refractoriness"),
        Parameter("q_rr", "nS", 3000.0, "what a spike adds to its conductance"),
    ),
    (*potential(), State("g_r", "nS"), State("g_s", "nS"), *conductances()),
    receptors("gsyn_exc", "gsyn_inh"),
    title="Leaky integrate-and-fire cell whose spikes open two more conductances.",
    source="Muller et al. (2007), Neural Computation 19:2958",
)
HH_COND_EXP = CellModel(
    "HH_cond_exp",
    (
        Parameter("gbar_Na", "uS", 20.0, "conductance of sodium channels", Bound.NOT_NEGATIVE),
        Parameter("gbar_K", "uS", 6.0, "conductance of potassium channels", Bound.NOT_NEGATIVE),
        Parameter("g_leak", "uS", 0.01, "leak conductance", Bound.NOT_NEGATIVE),
        Parameter("cm", "nF", 0.2, "capacitance", Bound.POSITIVE),
        Parameter("v_offset", "mV", -63.0, "shift of the channels' curves"),
        Parameter("e_rev_Na", "mV", 50.0, "reversal potential of sodium"),
        Parameter("e_rev_K", "mV", -90.0, "reversal potential of potassium"),
        Parameter("e_rev_leak", "mV", -65.0, "reversal potential of the leak"),
        Parameter("i_offset", "nA", 0.0, "constant current"),
        *synaptic_times(0.2, 2.0),
        *reversal_potentials(0.0, -80.0),
    ),
    (
        *(potential() + conductances()),
        State("m", ""),
        State("h", "", 1.0),
        State("n", ""),
    ),
    receptors("gsyn_exc", "gsyn_inh"),
    title="Cell with Hodgkin-Huxley channels and decaying conductances.",
    source="Traub & Miles (1991), Neuronal Networks of the Hippocampus",
)
IZHIKEVICH = CellModel(
    "Izhikevich",
    (
        Parameter("a", "/ms", 0.02, "rate of the recovery variable"),
        Parameter("b", "/ms", 0.2, "how the recovery variable depends on v"),
        Parameter("c", "mV", -65.0, "reset potential"),
        Parameter("d", "mV/ms", 2.0, "what a spike adds to the recovery variable"),
        Parameter("i_offset", "nA", 0.0, "constant current, 1 nA being 1000 mV/ms"),
    ),
    (*potential(-70.0), State("u", "mV/ms", -14.0)),
    (Receptor("excitatory", "v"), Receptor("inhibitory", "v")),
    title="Cell with quadratic potential, which jumps by weights, and a recovery variable.",
    source="Izhikevich (2003), IEEE Trans. Neural Networks 14:1569",
)
