"""The generalized integrate-and-fire cell with escape noise [1]_ [2]_.

A spike adds to three currents and to three shifts of the threshold, each of which decays by
itself. The membrane is integrated as that of IF_cond_exp, and all that decays is exact. As in NEST
a cell that is not refractory spikes in a step with the probability ``1 - exp(-rate dt)``, where the
rate is ``lambda0 exp((v - v_t) / delta_v)`` at the end of the step. `i_eta` and `v_t` are sums, so
that initial values of theirs are recorded at time 0, and do nothing else.

References
----------
.. [1] S. Mensi, R. Naud, C. Pozzorini, M. Avermann, C. C. H. Petersen and W. Gerstner, "Parameter
   extraction and classification of three cortical neuron types reveals two distinct adaptation
   mechanisms", J. Neurophysiol. 107, 1756-1775 (2012).
.. [2] C. Pozzorini, S. Mensi, O. Hagens, R. Naud, C. Koch and W. Gerstner, "Automated
   high-throughput characterization of single neurons by means of simplified spiking models", PLoS
   Comput. Biol. 11, e1004275 (2015).
"""

from math import exp, expm1

import numpy as np

from distsim.kernels.conductance import MAX_DECAY, NODE_1, NODE_2, exponential_step, gauss_step
from distsim.kernels.exponential import LARGEST_EXPONENT
from distsim.models.cell_model import Bound, Parameter, Parameters, State
from distsim.models.one_cell import one_cell_model
from distsim.models.parts import (
    DECAYING,
    conductances,
    potential,
    receptors,
    reversal_potentials,
    synaptic_times,
)
from distsim.models.propagators import decay

__all__ = ["GIF_COND_EXP"]


def _step(
    v, gsyn_exc, gsyn_inh, eta_1, eta_2, eta_3, gamma_1, gamma_2, gamma_3,
    dt, is_refractory, i_injected, leak, rest, per_nA, tau_syn_E, tau_syn_I, e_rev_E, e_rev_I,
    delta_v, v_t_star, per_step,
    decay_exc_1, decay_inh_1, decay_exc_2, decay_inh_2, decay_exc, decay_inh,
    decay_eta_1_1, decay_eta_2_1, decay_eta_3_1, decay_eta_1_2, decay_eta_2_2, decay_eta_3_2,
    decay_eta_1, decay_eta_2, decay_eta_3, decay_gamma_1, decay_gamma_2, decay_gamma_3,
):  # fmt: skip
    gamma_1, gamma_2 = gamma_1 * decay_gamma_1, gamma_2 * decay_gamma_2
    gamma_3 = gamma_3 * decay_gamma_3
    v_t = v_t_star + gamma_1 + gamma_2 + gamma_3
    p_spike = 0.0
    if not is_refractory:
        i_1 = i_injected - eta_1 * decay_eta_1_1 - eta_2 * decay_eta_2_1 - eta_3 * decay_eta_3_1
        i_2 = i_injected - eta_1 * decay_eta_1_2 - eta_2 * decay_eta_2_2 - eta_3 * decay_eta_3_2
        exc, inh = per_nA * gsyn_exc, per_nA * gsyn_inh
        if dt * (leak + exc + inh) > MAX_DECAY:
            drive = rest + 0.5 * per_nA * (i_1 + i_2)
            synapses = (
                (exc, 0.0, tau_syn_E, tau_syn_E, 0.0, e_rev_E),
                (inh, 0.0, tau_syn_I, tau_syn_I, 0.0, e_rev_I),
            )
            v = exponential_step(v, dt, leak, drive, synapses)
        else:
            exc_1, inh_1 = exc * decay_exc_1, inh * decay_inh_1
            exc_2, inh_2 = exc * decay_exc_2, inh * decay_inh_2
            v = gauss_step(
                v,
                dt,
                leak + exc_1 + inh_1,
                rest + per_nA * i_1 + exc_1 * e_rev_E + inh_1 * e_rev_I,
                leak + exc_2 + inh_2,
                rest + per_nA * i_2 + exc_2 * e_rev_E + inh_2 * e_rev_I,
            )
        p_spike = -expm1(-per_step * exp(min((v - v_t) / delta_v, LARGEST_EXPONENT)))
    eta_1, eta_2, eta_3 = eta_1 * decay_eta_1, eta_2 * decay_eta_2, eta_3 * decay_eta_3
    return (
        v, gsyn_exc * decay_exc, gsyn_inh * decay_inh, eta_1 + eta_2 + eta_3, v_t,
        eta_1, eta_2, eta_3, gamma_1, gamma_2, gamma_3, p_spike,
    )  # fmt: skip


def _is_spiking(p_spike, uniform):
    return uniform < p_spike


def _spike(
    gsyn_exc, gsyn_inh, eta_1, eta_2, eta_3, gamma_1, gamma_2, gamma_3, v_reset, v_t_star,
    a_eta_1, a_eta_2, a_eta_3, a_gamma_1, a_gamma_2, a_gamma_3,
):  # fmt: skip
    eta_1, eta_2, eta_3 = eta_1 + a_eta_1, eta_2 + a_eta_2, eta_3 + a_eta_3
    gamma_1, gamma_2, gamma_3 = gamma_1 + a_gamma_1, gamma_2 + a_gamma_2, gamma_3 + a_gamma_3
    v_t = v_t_star + gamma_1 + gamma_2 + gamma_3
    return (
        v_reset, gsyn_exc, gsyn_inh, eta_1 + eta_2 + eta_3, v_t,
        eta_1, eta_2, eta_3, gamma_1, gamma_2, gamma_3, 0.0,
    )  # fmt: skip


def _derive(p: Parameters, dt: float) -> dict[str, np.ndarray]:
    synapses = {"exc": p["tau_syn_E"], "inh": p["tau_syn_I"]}
    currents = {f"eta_{k + 1}": p["tau_eta"][:, k] for k in range(3)}
    shifts = {f"gamma_{k + 1}": p["tau_gamma"][:, k] for k in range(3)}
    decays = {
        f"decay_{name}": decay(dt, tau) for name, tau in (synapses | currents | shifts).items()
    }
    for node, part in ((1, NODE_1), (2, NODE_2)):
        decays |= {
            f"decay_{name}_{node}": decay(part * dt, tau)
            for name, tau in (synapses | currents).items()
        }
    return {
        "leak": 1.0 / p["tau_m"],
        "rest": p["v_rest"] / p["tau_m"] + p["i_offset"] / p["cm"],
        "per_nA": 1.0 / p["cm"],
        # spikes per step where v is at v_t, from Hz
        "per_step": 1e-3 * dt * p["lambda0"],
        **decays,
    }


THREE = 1.0, 1.0, 1.0
TIMES = 1.0, 10.0, 100.0

GIF_COND_EXP = one_cell_model(
    "GIF_cond_exp",
    (
        Parameter("v_rest", "mV", -65.0, "resting potential"),
        Parameter("cm", "nF", 1.0, "capacitance", Bound.POSITIVE),
        Parameter("tau_m", "ms", 20.0, "time constant of the membrane", Bound.POSITIVE),
        Parameter(
            "tau_refrac",
            "ms",
            4.0,
            "refractory period, rounded up to whole steps",
            Bound.NOT_NEGATIVE,
        ),
        *synaptic_times(),
        *reversal_potentials(),
        Parameter("v_reset", "mV", -65.0, "reset potential"),
        Parameter("i_offset", "nA", 0.0, "constant current"),
        Parameter("delta_v", "mV", 0.5, "how blurred the threshold is", Bound.POSITIVE),
        Parameter("v_t_star", "mV", -48.0, "threshold long after all spikes"),
        Parameter("lambda0", "Hz", 1.0, "rate of spikes at threshold", Bound.NOT_NEGATIVE),
        Parameter("tau_eta", "ms", TIMES, "time constants of spikes' currents", Bound.POSITIVE),
        Parameter(
            "tau_gamma", "ms", TIMES, "time constants of the threshold's shifts", Bound.POSITIVE
        ),
        Parameter("a_eta", "nA", THREE, "what a spike adds to the currents, which flow outwards"),
        Parameter("a_gamma", "mV", THREE, "what a spike adds to the threshold's shifts"),
    ),
    (
        *(potential() + conductances()),
        State("i_eta", "nA"),
        State("v_t", "mV", -48.0),
        *(
            State(f"{name}_{k}", unit, is_recordable=False, is_native=True)
            for name, unit in (("eta", "nA"), ("gamma", "mV"))
            for k in (1, 2, 3)
        ),
        State("p_spike", "", is_recordable=False, is_native=True),
    ),
    receptors("gsyn_exc", "gsyn_inh"),
    step=_step,
    is_spiking=_is_spiking,
    spike=_spike,
    derive=_derive,
    equations=(
        "dv/dt = (v_rest - v) / tau_m + (i_syn - i_eta + i_offset + i_injected) / cm",
        "i_syn = gsyn_exc (e_rev_E - v) + gsyn_inh (e_rev_I - v)",
        *(line.format(x="gsyn") for line in DECAYING),
        "i_eta = sum of eta_k, v_t = v_t_star + sum of gamma_k, k from 1 to 3",
        "deta_k/dt = -eta_k / tau_eta_k, dgamma_k/dt = -gamma_k / tau_gamma_k",
        "rate of the cell's spikes: lambda0 exp((v - v_t) / delta_v), 0 for tau_refrac after one",
        "the cell spikes: v = v_reset, eta_k = eta_k + a_eta_k, gamma_k = gamma_k + a_gamma_k",
    ),
    method=(
        "all but v exactly, v by a Gauss method of order 4; under conductances so large that v "
        "follows them, by an exponential step; in a step with the rate at its end the cell spikes "
        "with probability 1 - exp(-rate dt)"
    ),
    title="Integrate-and-fire cell with currents and threshold moved by spikes, and escape noise.",
    source="Mensi et al. (2012), J. Neurophysiol. 107:1756; Pozzorini et al. (2015)",
)
