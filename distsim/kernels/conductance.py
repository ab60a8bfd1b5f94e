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

from math import e, exp, expm1, sqrt

from numba import njit

__all__ = ["MAX_DECAY", "NODE_1", "NODE_2", "exponential_step", "gauss_step"]

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


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
def exponential_step(v, dt, leak, drive, exc, inh):
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
    exc, inh : tuple of 4 float
        Synapses: g / cm and d / cm [1/ms], where the conductance is
        ``exp(-t / tau) (g + e t / tau d)``; tau [ms]; reversal potential [mV].

    Returns
    -------
    float
        [mV]
    """
    rest = drive / leak
    low = min(v, rest, exc[3], inh[3])
    high = max(v, rest, exc[3], inh[3])
    left = dt
    while left > 0.0:
        t = _piece(left, dt, leak, exc, inh)
        v = min(max(_follow(v, t, leak, drive, exc, inh), low), high)
        exc, inh = _advanced(exc, t), _advanced(inh, t)
        left -= t
    return v


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def _piece(left, dt, leak, exc, inh):
    """Return the length of the next piece of a step: short beside what changes the conductances."""
    t, rise = left, 0.0
    for g, d, tau, _ in (exc, inh):
        if (g + e * d) * tau > NO_CHARGE:
            t = min(t, LONGEST_PIECE * tau)
            rise += e * d / tau
    # the rate grows by half at most, or the piece is a small part of the step
    growth = max(0.5 * (leak + exc[0] + inh[0]), dt * SHORTEST_PIECE * rise)
    return min(t, growth / rise) if rise > 0.0 else t


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def _advanced(synapse, t):
    """Return a synapse after some time."""
    g, d, tau, e_rev = synapse
    decay = exp(-t / tau)
    return decay * (g + e * t / tau * d), decay * d, tau, e_rev


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def _charge(synapse, t):
    """Return the integral of a synapse's conductance over capacitance."""
    g, d, tau, _ = synapse
    x = t / tau
    share = -expm1(-x)
    return tau * (g * share + e * d * (share - x * exp(-x)))


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
def _decay_and_equilibrium(t, leak, drive, exc, inh):
    """Return the integral of all rates up to a time, and the equilibrium of v there."""
    u = leak * t + _charge(exc, t) + _charge(inh, t)
    rate_exc, rate_inh = _advanced(exc, t)[0], _advanced(inh, t)[0]
    current = drive + rate_exc * exc[3] + rate_inh * inh[3]
    return u, current / (leak + rate_exc + rate_inh)


@njit(cache=True, nogil=True, error_model="numpy")
def _follow(v, t, leak, drive, exc, inh):
    """Return v after a piece of a step, following a parabola in u through three equilibria."""
    u_1, e_1 = _decay_and_equilibrium(NODE_1 * t, leak, drive, exc, inh)
    u_2, e_2 = _decay_and_equilibrium(NODE_2 * t, leak, drive, exc, inh)
    u, e_3 = _decay_and_equilibrium(t, leak, drive, exc, inh)
    x_1, x_2 = u_1 / u, u_2 / u
    # Newton's form: E = e_1 + slope (x - x_1) + bend (x - x_1) (x - x_2), with x from 0 to 1
    slope = (e_2 - e_1) / (x_2 - x_1)
    bend = ((e_3 - e_2) / (1.0 - x_2) - slope) / (1.0 - x_1)
    m_0, m_1, m_2 = _moments(u)
    follows = slope * (m_1 - x_1 * m_0) + bend * (m_2 - (x_1 + x_2) * m_1 + x_1 * x_2 * m_0)
    return v + u * (m_0 * (e_1 - v) + follows)


@njit(cache=True, nogil=True, inline="always", error_model="numpy")
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
