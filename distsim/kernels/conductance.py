"""The membrane equation under synaptic conductances, advanced by one step.

Over a step the conductances are known exactly, so the membrane equation is linear in v with
coefficients that depend on time: ``dv/dt = drive - v / tau_m - sum_k g_k(t) (v - e_k) / cm``. It is
solved by the two-stage Gauss-Legendre method, of order 4 and stable for any conductance [1]_.

References
----------
.. [1] E. Hairer and G. Wanner, "Solving Ordinary Differential Equations II", Springer (1996),
   section IV.5.
"""

from math import sqrt

from numba import njit

__all__ = ["NODE_1", "NODE_2", "gauss_step"]

# abscissae of the method, as fractions of a step
NODE_1 = 0.5 - sqrt(3.0) / 6.0
NODE_2 = 0.5 + sqrt(3.0) / 6.0
A_12 = 0.25 - sqrt(3.0) / 6.0
A_21 = 0.25 + sqrt(3.0) / 6.0


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
    determinant = 1.0 + 0.25 * (h_1 + h_2) + h_1 * h_2 / 12.0
    k_1 = f_1 * (1.0 + 0.25 * h_2) - f_2 * (A_12 * h_1)
    k_2 = f_2 * (1.0 + 0.25 * h_1) - f_1 * (A_21 * h_2)
    return v + 0.5 * dt * (k_1 + k_2) / determinant
