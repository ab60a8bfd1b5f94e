"""The membrane equation under synaptic conductances, advanced by one step.

Over a step the conductances are known exactly, so the membrane equation is linear in v with
coefficients that depend on time: ``dv/dt = drive - v / tau_m - sum_k g_k(t) (v - e_k) / cm``.

Where the rate of change is moderate, it is solved by the two-stage Gauss-Legendre method of order 4
[1]_. Up to `MAX_DECAY` time constants a step, the new v is a mean, with positive weights, of the
old one and of the equilibria at the two nodes. Beyond, the method does not damp what it should, and
`exponential_step` is taken.

References
----------
.. [1] E. Hairer and G. Wanner, "Solving Ordinary Differential Equations II", Springer (1996),
   section IV.5.
"""

from math import exp, expm1, sqrt

from numba import njit

from distsim.compiled import KEPT

__all__ = ["MAX_DECAY", "NODE_1", "NODE_2", "exponential_step", "gauss_step", "rise"]

# abscissae of the method, as fractions of a step
NODE_1 = 0.5 - sqrt(3.0) / 6.0
NODE_2 = 0.5 + sqrt(3.0) / 6.0
TWELFTH = 1.0 / 12.0
A_12 = 0.25 - sqrt(3.0) / 6.0
A_21 = 0.25 + sqrt(3.0) / 6.0
# steps longer than this, in membrane time constants under all conductances, are `exponential_step`;
# the weights of the Gauss step are positive up to 2
MAX_DECAY = 1.0
# a piece of an exponential step in synaptic time constants, and at least, as a share of the step
LONGEST_PIECE, SHORTEST_PIECE = 0.5, 1.0 / 32.0
# charge of a synapse over capacitance below which it does not matter: 100 mV times this is no
# difference in v
NO_CHARGE = 1e-17
# in a difference of time constants that is less, relative to them, roundings would be larger than
# what it makes of the charge, which is of its square
NEARLY_EQUAL = 1e-5
# columns of a synapse
G, D, TAU, TAU_RISE, SLOPE, E_REV = range(6)


@njit(**KEPT, nogil=True, inline="always", error_model="numpy")
def gauss_step(v, dt, rate_1, drive_1, rate_2, drive_2):
    """Return v after one step of ``dv/dt = drive(t) - rate(t) v``.

    Parameters
    ----------
    v : float
        At the beginning of the step [mV].
    dt : float
        Length of the step [ms].
    rate_1, rate_2 : float
        Total conductance over capacitance at the two nodes [1/ms].
    drive_1, drive_2 : float
        [mV/ms].

    Returns
    -------
    float
        [mV]
    """
    f_1 = drive_1 - rate_1 * v
    f_2 = drive_2 - rate_2 * v
    h_1, h_2 = dt * rate_1, dt * rate_2
    # the two stages obey a linear system of two equations
    determinant = 1.0 + 0.25 * (h_1 + h_2) + TWELFTH * (h_1 * h_2)
    k_1 = f_1 * (1.0 + 0.25 * h_2) - f_2 * (A_12 * h_1)
    k_2 = f_2 * (1.0 + 0.25 * h_1) - f_1 * (A_21 * h_2)
    return v + 0.5 * dt * (k_1 + k_2) / determinant


@njit(**KEPT, nogil=True, error_model="numpy")
def exponential_step(v, dt, leak, drive, synapses):
    """Return v after a step of any length, under conductances of any size.

    With the decay ``u(t)``, the integral of all rates, the membrane obeys ``dv/du = E(u) - v``: it
    follows the equilibrium ``E = drive(t) / rate(t)``. A parabola through E at the nodes of the
    Gauss method and at the end has an exact solution, of order 4 where rates are small, which
    follows E where they are large. Pieces are so short that E is smooth in each. The result is held
    between the equilibria of v, where the exact one lies.

    Parameters
    ----------
    v : float
        At the beginning of the step [mV].
    dt : float
        Length of the step [ms].
    leak : float
        ``1 / tau_m`` [1/ms].
    drive : float
        ``v_rest / tau_m + current / cm`` [mV/ms].
    synapses : tuple of tuple of 6 float, or ndarray of float64, shape (n_synapses, 6)
        Of each: g / cm and d / cm [1/ms], tau and tau_rise [ms], slope [1/ms], reversal potential
        [mV]. The conductance is ``exp(-t / tau) g + slope r(t) d``, with r of `rise`.

    Returns
    -------
    float
        [mV]
    """
    rest = drive / leak
    low, high = min(v, rest), max(v, rest)
    for k in range(len(synapses)):
        low, high = min(low, synapses[k][E_REV]), max(high, synapses[k][E_REV])
    t = 0.0
    while t < dt:
        h = _piece(t, dt, leak, synapses)
        v = min(max(_follow(v, t, h, leak, drive, synapses), low), high)
        t += h
    return v


@njit(**KEPT, nogil=True, error_model="numpy")
def _piece(t, dt, leak, synapses):
    """Return the length of the next piece of a step: short beside what changes the conductances."""
    h, rate, growth = dt - t, leak, 0.0
    for k in range(len(synapses)):
        tau, tau_rise, slope = synapses[k][TAU], synapses[k][TAU_RISE], synapses[k][SLOPE]
        g, d = _after(synapses[k], t)
        rate += g
        if g * tau > NO_CHARGE:
            h = min(h, LONGEST_PIECE * tau)
        if slope * d * tau * tau_rise > NO_CHARGE:
            h = min(h, LONGEST_PIECE * min(tau, tau_rise))
            growth += slope * d
    # the rate grows by half at most, or the piece is a small part of the step
    if growth > 0.0:
        h = min(h, max(0.5 * rate, dt * SHORTEST_PIECE * growth) / growth)
    return h


@njit(**KEPT, nogil=True, inline="always", error_model="numpy")
def rise(t, tau, tau_rise):
    """Return how much a synapse has risen that a unit drives, before it is normalised.

    Parameters
    ----------
    t : float
        Since the spike arrived [ms].
    tau, tau_rise : float
        Time constants of the synapse and of what drives it, equal or not [ms].

    Returns
    -------
    float
        ``(exp(-t / tau) - exp(-t / tau_rise)) / (1 / tau_rise - 1 / tau)`` [ms]; the limit,
        ``t exp(-t / tau)``, where they are equal.
    """
    x = abs(t / tau_rise - t / tau)
    return t * exp(-t / max(tau, tau_rise)) * (-expm1(-x) / x if x > 0.0 else 1.0)


@njit(**KEPT, nogil=True, inline="always", error_model="numpy")
def _rise_charge(t, tau, tau_rise):
    """Return the integral of `rise` from 0."""
    excess, mean = 1.0 / tau_rise - 1.0 / tau, 2.0 * tau * tau_rise / (tau + tau_rise)
    if abs(excess) * min(t, mean) > NEARLY_EQUAL:
        return (tau_rise * expm1(-t / tau_rise) - tau * expm1(-t / tau)) / excess
    x = t / mean
    return mean * mean * (-expm1(-x) - x * exp(-x))


@njit(**KEPT, nogil=True, inline="always", error_model="numpy")
def _after(synapse, t):
    """Return a synapse's conductance, and what drives it, after some time."""
    tau, tau_rise = synapse[TAU], synapse[TAU_RISE]
    g, d = exp(-t / tau) * synapse[G], synapse[D]
    if d == 0.0:
        return g, d
    return g + synapse[SLOPE] * rise(t, tau, tau_rise) * d, exp(-t / tau_rise) * d


@njit(**KEPT, nogil=True, error_model="numpy")
def _decay_and_equilibrium(t, h, leak, drive, synapses):
    """Return the integral of all rates from t to t + h, and the equilibrium of v then."""
    u, rate, current = leak * h, leak, drive
    for k in range(len(synapses)):
        synapse = synapses[k]
        tau, tau_rise = synapse[TAU], synapse[TAU_RISE]
        g, d = _after(synapse, t)
        u -= tau * expm1(-h / tau) * g
        if d != 0.0:
            u += synapse[SLOPE] * _rise_charge(h, tau, tau_rise) * d
        g, d = _after(synapse, t + h)
        rate += g
        current += g * synapse[E_REV]
    return u, current / rate


@njit(**KEPT, nogil=True, error_model="numpy")
def _follow(v, t, h, leak, drive, synapses):
    """Return v after a piece of a step, following a parabola in u through three equilibria."""
    u_1, e_1 = _decay_and_equilibrium(t, NODE_1 * h, leak, drive, synapses)
    u_2, e_2 = _decay_and_equilibrium(t, NODE_2 * h, leak, drive, synapses)
    u, e_3 = _decay_and_equilibrium(t, h, leak, drive, synapses)
    x_1, x_2 = u_1 / u, u_2 / u
    # Newton's form: E = e_1 + slope (x - x_1) + bend (x - x_1) (x - x_2), with x from 0 to 1
    slope = (e_2 - e_1) / (x_2 - x_1)
    bend = ((e_3 - e_2) / (1.0 - x_2) - slope) / (1.0 - x_1)
    m_0, m_1, m_2 = _moments(u)
    follows = slope * (m_1 - x_1 * m_0) + bend * (m_2 - (x_1 + x_2) * m_1 + x_1 * x_2 * m_0)
    return v + u * (m_0 * (e_1 - v) + follows)


@njit(**KEPT, nogil=True, inline="always", error_model="numpy")
def _moments(u):
    """Return the integrals over x, from 0 to 1, of ``exp(-u (1 - x)) x**k``, k = 0, 1, 2."""
    if u < 0.5:
        # of the last one the series, as differences would cancel
        series = 1.0
        for k in range(16, 3, -1):
            series = 1.0 - u / k * series
        m_2 = series / 3.0
        m_1 = 0.5 * (1.0 - u * m_2)
        return 1.0 - u * m_1, m_1, m_2
    m_0 = -expm1(-u) / u
    m_1 = (1.0 - m_0) / u
    return m_0, m_1, (1.0 - 2.0 * m_1) / u
