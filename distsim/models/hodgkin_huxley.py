"""Hodgkin and Huxley's channels, with the curves of Traub and Miles [1]_ as NEST has them.

Integrated in pieces of a step by Runge and Kutta's method of order 4. Where the potential follows
its conductances faster than that method can, a piece is an exponential step instead: gates over the
piece at its first potential, then the potential with these gates, each exact where the other is
constant. A cell spikes where its potential has a peak of at least 30 mV above `v_offset`.

References
----------
.. [1] R. D. Traub and R. Miles, "Neuronal Networks of the Hippocampus", Cambridge University Press
   (1991).
"""

from math import exp

import numpy as np

from distsim.models.cell_model import Bound, Parameter, Parameters, State
from distsim.models.one_cell import one_cell_model
from distsim.models.parts import (
    conductances,
    potential,
    receptors,
    reversal_potentials,
    synaptic_times,
)
from distsim.models.propagators import decay

__all__ = ["HH_COND_EXP"]

# of a peak above v_offset, at least [mV]
PEAK = 30.0
EXP_OF_MINUS_5 = exp(-5.0)
# longest piece of a step [ms], and longest in time constants of all channels open
LONGEST_PIECE, LONGEST_DECAY = 0.025, 4.0
# a piece longer than this, in time constants of the membrane, is an exponential step
MAX_DECAY = 2.0


def _linear(x, width, exponential):
    """Return ``x / (exp(x / width) - 1)``, given that exponential."""
    if abs(x) < 1e-6 * width:
        return width - 0.5 * x
    return x / (exponential - 1.0)


def _rates(x):
    """Return the rates at which m, h and n open and close [1/ms]; x is v above `v_offset`."""
    # of (x - 40) / 5, from which those of (40 - x) / 5 and (15 - x) / 5 follow
    rising = exp((x - 40.0) / 5.0)
    falling = 1.0 / rising
    return (
        0.32 * _linear(13.0 - x, 4.0, exp((13.0 - x) / 4.0)),
        0.28 * _linear(x - 40.0, 5.0, rising),
        0.128 * exp((17.0 - x) / 18.0),
        4.0 / (1.0 + falling),
        0.032 * _linear(15.0 - x, 5.0, EXP_OF_MINUS_5 * falling),
        0.5 * exp((10.0 - x) / 40.0),
    )


def _slopes(v, m, h, n, g_exc, g_inh, current, v_offset, cell):
    """Return dv/dt [mV/ms], and those of the gates [1/ms]."""
    gbar_Na, gbar_K, g_leak, cm, e_rev_Na, e_rev_K, e_rev_leak, e_rev_E, e_rev_I = cell
    alpha_m, beta_m, alpha_h, beta_h, alpha_n, beta_n = _rates(v - v_offset)
    current += gbar_Na * (m * m * m) * h * (e_rev_Na - v)
    current += gbar_K * (n * n) * (n * n) * (e_rev_K - v) + g_leak * (e_rev_leak - v)
    current += g_exc * (e_rev_E - v) + g_inh * (e_rev_I - v)
    return (
        current / cm,
        alpha_m - (alpha_m + beta_m) * m,
        alpha_h - (alpha_h + beta_h) * h,
        alpha_n - (alpha_n + beta_n) * n,
    )


def _gate(gate, opening, closing, t):
    """Return a gate after some time at constant rates."""
    final = opening / (opening + closing)
    return final + (gate - final) * exp(-(opening + closing) * t)


def _exponential_piece(v, m, h, n, g_exc, g_inh, current, v_offset, t, cell):
    """Return potential and gates after a piece of a step, under conductances of any size."""
    gbar_Na, gbar_K, g_leak, cm, e_rev_Na, e_rev_K, e_rev_leak, e_rev_E, e_rev_I = cell
    alpha_m, beta_m, alpha_h, beta_h, alpha_n, beta_n = _rates(v - v_offset)
    m, h, n = (
        _gate(m, alpha_m, beta_m, t),
        _gate(h, alpha_h, beta_h, t),
        _gate(n, alpha_n, beta_n, t),
    )
    g_Na, g_K = gbar_Na * (m * m * m) * h, gbar_K * (n * n) * (n * n)
    g = g_Na + g_K + g_leak + g_exc + g_inh
    drive = g_Na * e_rev_Na + g_K * e_rev_K + g_leak * e_rev_leak + g_exc * e_rev_E
    final = (drive + g_inh * e_rev_I + current) / g
    return final + (v - final) * exp(-g / cm * t), m, h, n


def _runge_kutta_piece(
    v, m, h, n, exc_0, inh_0, exc_1, inh_1, exc_2, inh_2, current, v_offset, t, cell
):  # fmt: skip
    """Return potential and gates after a piece; conductances of its beginning, middle and end."""
    half = 0.5 * t
    v_1, m_1, h_1, n_1 = _slopes(v, m, h, n, exc_0, inh_0, current, v_offset, cell)
    v_2, m_2, h_2, n_2 = _slopes(
        v + half * v_1, m + half * m_1, h + half * h_1, n + half * n_1,
        exc_1, inh_1, current, v_offset, cell,
    )  # fmt: skip
    v_3, m_3, h_3, n_3 = _slopes(
        v + half * v_2, m + half * m_2, h + half * h_2, n + half * n_2,
        exc_1, inh_1, current, v_offset, cell,
    )  # fmt: skip
    v_4, m_4, h_4, n_4 = _slopes(
        v + t * v_3, m + t * m_3, h + t * h_3, n + t * n_3,
        exc_2, inh_2, current, v_offset, cell,
    )  # fmt: skip
    v += t / 6.0 * (v_1 + 2.0 * v_2 + 2.0 * v_3 + v_4)
    m += t / 6.0 * (m_1 + 2.0 * m_2 + 2.0 * m_3 + m_4)
    h += t / 6.0 * (h_1 + 2.0 * h_2 + 2.0 * h_3 + h_4)
    n += t / 6.0 * (n_1 + 2.0 * n_2 + 2.0 * n_3 + n_4)
    return v, m, h, n


def _step(
    v, gsyn_exc, gsyn_inh, m, h, n, rise, is_peak, dt, i_injected,
    gbar_Na, gbar_K, g_leak, cm, v_offset, e_rev_Na, e_rev_K, e_rev_leak, e_rev_E, e_rev_I,
    i_offset, n_pieces, half_decay_exc, half_decay_inh,
):  # fmt: skip
    cell = gbar_Na, gbar_K, g_leak, cm, e_rev_Na, e_rev_K, e_rev_leak, e_rev_E, e_rev_I
    current, before = i_offset + i_injected, v
    t = dt / n_pieces
    max_open = g_leak + 0.3 * gbar_Na + gbar_K
    for _ in range(int(n_pieces)):
        exc_1, inh_1 = gsyn_exc * half_decay_exc, gsyn_inh * half_decay_inh
        exc_2, inh_2 = exc_1 * half_decay_exc, inh_1 * half_decay_inh
        if t * (gsyn_exc + gsyn_inh + max_open) > MAX_DECAY * cm:
            v, m, h, n = _exponential_piece(v, m, h, n, exc_1, inh_1, current, v_offset, t, cell)
        else:
            v, m, h, n = _runge_kutta_piece(
                v, m, h, n, gsyn_exc, gsyn_inh, exc_1, inh_1, exc_2, inh_2,
                current, v_offset, t, cell,
            )  # fmt: skip
        gsyn_exc, gsyn_inh = exc_2, inh_2
    is_peak = 1.0 if rise > 0.0 and v < before and before >= v_offset + PEAK else 0.0
    return v, gsyn_exc, gsyn_inh, m, h, n, v - before, is_peak


def _is_spiking(is_peak):
    return is_peak > 0.0


def _spike(v, gsyn_exc, gsyn_inh, m, h, n, rise):
    return v, gsyn_exc, gsyn_inh, m, h, n, rise, 0.0


def _derive(p: Parameters, dt: float) -> dict[str, np.ndarray]:
    fastest = (p["gbar_Na"] + p["gbar_K"] + p["g_leak"]) / p["cm"]
    longest = np.minimum(LONGEST_PIECE, LONGEST_DECAY / np.maximum(fastest, 1e-9))
    n_pieces = np.clip(np.ceil(dt / longest - 1e-9), 1.0, 1000.0)
    half = 0.5 * dt / n_pieces
    return {
        "n_pieces": n_pieces,
        "half_decay_exc": decay(half, p["tau_syn_E"]),
        "half_decay_inh": decay(half, p["tau_syn_I"]),
    }


HH_COND_EXP = one_cell_model(
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
        State("rise", "mV", is_recordable=False, is_native=True),
        State("is_peak", "", is_recordable=False, is_native=True),
    ),
    receptors("gsyn_exc", "gsyn_inh"),
    step=_step,
    is_spiking=_is_spiking,
    spike=_spike,
    derive=_derive,
    title="Cell with Hodgkin-Huxley channels and decaying conductances.",
    source="Traub & Miles (1991), Neuronal Networks of the Hippocampus",
)
