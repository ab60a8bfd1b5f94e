"""Hodgkin and Huxley's channels, with the curves of Traub and Miles [1]_ as NEST has them.

Integrated in pieces of a step by Runge and Kutta's method of order 4. Where the potential follows
its conductances faster than that method can, a piece is an exponential step instead: gates over the
piece at its first potential, then the potential with these gates, each exact where the other is
constant. A cell spikes where its potential has a peak of at least 30 mV above `v_offset`.

All that the curves take of exponentials of v are powers of ``exp(-v / 40)`` and ``exp(-v / 18)``.

References
----------
.. [1] R. D. Traub and R. Miles, "Neuronal Networks of the Hippocampus", Cambridge University Press
   (1991).
"""

import math

import numpy as np

from distsim.kernels.exponential import exp
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

__all__ = ["HH_COND_EXP"]

# of a peak above v_offset, at least [mV]
PEAK = 30.0
# longest piece of a step [ms] while channels open and close fast, and while they do not
LONGEST_PIECE, LONGEST_QUIET_PIECE = 0.0125, 0.1
# longest piece in time constants of all channels open
LONGEST_DECAY = 2.0
# between which potentials above v_offset they do not [mV]
QUIET = -30.0, 4.0
# longest piece of a cell at rest, in time constants of what is open
QUIET_DECAY = 0.2
# a piece longer than this, in time constants of the membrane, is an exponential step
MAX_DECAY = 2.0
# what shifts the curves
FROM_10_BY_40, FROM_13_BY_4, FROM_15_BY_5 = math.exp(0.25), math.exp(3.25), math.exp(3.0)
FROM_17_BY_18, FROM_40_BY_5 = math.exp(17.0 / 18.0), math.exp(8.0)
# of a series, and below which number it is taken
TWELFTH, SIXTIETH, SMALL = 1.0 / 12.0, 1.0 / 60.0, 0.01
PER_18, PER_40 = 1.0 / 18.0, 1.0 / 40.0


def _linear(z, exponential):
    """Return ``z / (exp(z) - 1)``, given that exponential."""
    square = z * z
    series = 1.0 - 0.5 * z + TWELFTH * square * (1.0 - SIXTIETH * square)
    return series if abs(z) < SMALL else z / (exponential - 1.0)


def _rates(x):
    """Return the rates at which m, h and n open and close [1/ms]; x is v above `v_offset`."""
    by_40 = exp(-PER_40 * x)
    by_20 = by_40 * by_40
    by_10 = by_20 * by_20
    by_5 = by_10 * by_10
    by_4 = by_5 * by_20
    return (
        1.28 * _linear(0.25 * (13.0 - x), FROM_13_BY_4 * by_4),
        1.4 * _linear(0.2 * (x - 40.0), 1.0 / (FROM_40_BY_5 * by_5)),
        0.128 * FROM_17_BY_18 * exp(-PER_18 * x),
        4.0 / (1.0 + FROM_40_BY_5 * by_5),
        0.16 * _linear(0.2 * (15.0 - x), FROM_15_BY_5 * by_5),
        0.5 * FROM_10_BY_40 * by_40,
    )


def _slopes(v, m, h, n, g_exc, g_inh, current, v_offset, cell):
    """Return dv/dt [mV/ms], and those of the gates [1/ms]."""
    gbar_Na, gbar_K, g_leak, elastance, e_rev_Na, e_rev_K, e_rev_leak, e_rev_E, e_rev_I = cell
    alpha_m, beta_m, alpha_h, beta_h, alpha_n, beta_n = _rates(v - v_offset)
    current += gbar_Na * (m * m * m) * h * (e_rev_Na - v)
    current += gbar_K * (n * n) * (n * n) * (e_rev_K - v) + g_leak * (e_rev_leak - v)
    current += g_exc * (e_rev_E - v) + g_inh * (e_rev_I - v)
    return (
        current * elastance,
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
    gbar_Na, gbar_K, g_leak, elastance, e_rev_Na, e_rev_K, e_rev_leak, e_rev_E, e_rev_I = cell
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
    return final + (v - final) * exp(-g * elastance * t), m, h, n


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


def _decays(n_pieces, n_quiet, quiet_exc, quiet_inh, fast_exc, fast_inh):
    """Return by what the conductances decay in half a piece."""
    is_quiet = n_pieces == n_quiet
    return quiet_exc if is_quiet else fast_exc, quiet_inh if is_quiet else fast_inh


def _step(
    v, gsyn_exc, gsyn_inh, m, h, n, rise, is_peak, before, dt, piece, n_pieces, i_injected,
    gbar_Na, gbar_K, g_leak, v_offset, e_rev_Na, e_rev_K, e_rev_leak, e_rev_E, e_rev_I,
    i_offset, elastance, n_quiet, quiet_exc, quiet_inh, fast_exc, fast_inh,
):  # fmt: skip
    cell = gbar_Na, gbar_K, g_leak, elastance, e_rev_Na, e_rev_K, e_rev_leak, e_rev_E, e_rev_I
    decay_exc, decay_inh = _decays(n_pieces, n_quiet, quiet_exc, quiet_inh, fast_exc, fast_inh)
    exc_1, inh_1 = gsyn_exc * decay_exc, gsyn_inh * decay_inh
    exc_2, inh_2 = exc_1 * decay_exc, inh_1 * decay_inh
    before = v if piece == 0 else before
    v, m, h, n = _runge_kutta_piece(
        v, m, h, n, gsyn_exc, gsyn_inh, exc_1, inh_1, exc_2, inh_2,
        i_offset + i_injected, v_offset, dt / n_pieces, cell,
    )  # fmt: skip
    rise, is_peak = _seen(v, before, rise, is_peak, v_offset, piece, n_pieces)
    return v, exc_2, inh_2, m, h, n, rise, is_peak, before


def _stiff_step(
    v, gsyn_exc, gsyn_inh, m, h, n, rise, is_peak, before, dt, piece, n_pieces, i_injected,
    gbar_Na, gbar_K, g_leak, v_offset, e_rev_Na, e_rev_K, e_rev_leak, e_rev_E, e_rev_I,
    i_offset, elastance, n_quiet, quiet_exc, quiet_inh, fast_exc, fast_inh,
):  # fmt: skip
    cell = gbar_Na, gbar_K, g_leak, elastance, e_rev_Na, e_rev_K, e_rev_leak, e_rev_E, e_rev_I
    decay_exc, decay_inh = _decays(n_pieces, n_quiet, quiet_exc, quiet_inh, fast_exc, fast_inh)
    exc, inh = gsyn_exc * decay_exc, gsyn_inh * decay_inh
    before = v if piece == 0 else before
    v, m, h, n = _exponential_piece(
        v, m, h, n, exc, inh, i_offset + i_injected, v_offset, dt / n_pieces, cell
    )
    rise, is_peak = _seen(v, before, rise, is_peak, v_offset, piece, n_pieces)
    return v, exc * decay_exc, inh * decay_inh, m, h, n, rise, is_peak, before


def _pieces(v, m, n, gsyn_exc, gsyn_inh, v_offset, gbar_K, elastance, dt, n_quiet, n_fast):
    x = v - v_offset
    conductance = gsyn_exc + gsyn_inh + gbar_K * (n * n) * (n * n)
    is_slow = dt * conductance * elastance < QUIET_DECAY * n_quiet
    # a gate that was never open moves fast
    is_quiet = QUIET[0] < x < QUIET[1] and m > 0.0 and is_slow
    return n_quiet if is_quiet else n_fast


def _seen(v, before, rise, is_peak, v_offset, piece, n_pieces):
    """Return the rise of v in this step, and whether the last one ended at a peak.

    Known at the end of a step, where `rise` is still that of the last one.
    """
    is_down = rise > 0.0 and v < before and before >= v_offset + PEAK
    is_end = piece + 1 == n_pieces
    return (v - before if is_end else rise), ((1.0 if is_down else 0.0) if is_end else is_peak)


def _is_stiff(gsyn_exc, gsyn_inh, n_pieces, n_quiet, g_leak, gbar_Na, gbar_K, elastance, dt):
    # not all channels are open at once; in a quiet cell few are
    max_open = g_leak + 0.3 * gbar_Na + gbar_K if n_pieces > n_quiet else g_leak
    return dt * (gsyn_exc + gsyn_inh + max_open) * elastance > MAX_DECAY * n_pieces


def _is_spiking(is_peak):
    return is_peak > 0.0


def _spike(v, gsyn_exc, gsyn_inh, m, h, n, rise, before):
    return v, gsyn_exc, gsyn_inh, m, h, n, rise, 0.0, before


def _derive(p: Parameters, dt: float) -> dict[str, np.ndarray]:
    fastest = (p["gbar_Na"] + p["gbar_K"] + p["g_leak"]) / p["cm"]
    longest = np.minimum(LONGEST_PIECE, LONGEST_DECAY / np.maximum(fastest, 1e-9))
    n_fast = np.clip(np.ceil(dt / longest - 1e-9), 1.0, 1000.0)
    n_quiet = np.minimum(n_fast, np.ceil(dt / LONGEST_QUIET_PIECE - 1e-9))
    halves = {"quiet": 0.5 * dt / n_quiet, "fast": 0.5 * dt / n_fast}
    decays = {
        f"{kind}_{name}": decay(half, p[tau])
        for kind, half in halves.items()
        for name, tau in (("exc", "tau_syn_E"), ("inh", "tau_syn_I"))
    }
    return {"elastance": 1.0 / p["cm"], "n_fast": n_fast, "n_quiet": n_quiet, **decays}


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
        State("before", "mV", is_recordable=False, is_native=True),
    ),
    receptors("gsyn_exc", "gsyn_inh"),
    step=_step,
    is_spiking=_is_spiking,
    spike=_spike,
    derive=_derive,
    is_stiff=_is_stiff,
    stiff_step=_stiff_step,
    pieces=_pieces,
    title="Cell with Hodgkin-Huxley channels and decaying conductances.",
    source="Traub & Miles (1991), Neuronal Networks of the Hippocampus",
    equations=(
        "cm dv/dt = gbar_Na m^3 h (e_rev_Na - v) + gbar_K n^4 (e_rev_K - v)",
        "           + g_leak (e_rev_leak - v) + i_syn + i_offset + i_injected",
        "i_syn = gsyn_exc (e_rev_E - v) + gsyn_inh (e_rev_I - v)",
        *(line.format(x="gsyn") for line in DECAYING),
        "dm/dt = 0.32 L(13 - x, 4) (1 - m) - 0.28 L(x - 40, 5) m",
        "dh/dt = 0.128 exp((17 - x) / 18) (1 - h) - 4 / (1 + exp((40 - x) / 5)) h",
        "dn/dt = 0.032 L(15 - x, 5) (1 - n) - 0.5 exp((10 - x) / 40) n",
        "x = v - v_offset, L(y, k) = y / (exp(y / k) - 1)",
        "where v has a peak, x >= 30 mV: a spike, which changes nothing",
    ),
    method=(
        "Runge and Kutta's of order 4, in pieces of at most 0.1 ms near rest and 0.0125 ms else; "
        "under conductances so large that v follows them, an exponential step of order 1"
    ),
)
