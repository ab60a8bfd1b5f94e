"""Izhikevich's cell [1]_: a quadratic potential and a recovery variable.

It is integrated by Runge and Kutta's method of order 4.

References
----------
.. [1] E. M. Izhikevich, "Simple model of spiking neurons", IEEE Trans. Neural Networks 14,
   1569-1572 (2003).
"""

from distsim.models.cell_model import Parameter, Receptor, State
from distsim.models.one_cell import one_cell_model
from distsim.models.parts import potential

__all__ = ["IZHIKEVICH"]

# potential at which a spike is seen [mV]
PEAK = 30.0
# what a current of 1 nA is [mV/ms]
PER_NA = 1000.0


def _slopes(v, u, current, a, b):
    """Return dv/dt [mV/ms] and du/dt [mV/ms^2]."""
    v = min(v, PEAK)
    return (0.04 * v + 5.0) * v + 140.0 - u + current, a * (b * v - u)


def _step(v, u, dt, a, b, i_offset, i_injected):
    current, half = PER_NA * (i_offset + i_injected), 0.5 * dt
    dv_1, du_1 = _slopes(v, u, current, a, b)
    dv_2, du_2 = _slopes(v + half * dv_1, u + half * du_1, current, a, b)
    dv_3, du_3 = _slopes(v + half * dv_2, u + half * du_2, current, a, b)
    dv_4, du_4 = _slopes(v + dt * dv_3, u + dt * du_3, current, a, b)
    v += dt / 6.0 * (dv_1 + 2.0 * dv_2 + 2.0 * dv_3 + dv_4)
    return v, u + dt / 6.0 * (du_1 + 2.0 * du_2 + 2.0 * du_3 + du_4)


def _is_at_peak(v):
    return v >= PEAK


def _spike(u, c, d):
    return c, u + d


IZHIKEVICH = one_cell_model(
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
    step=_step,
    is_spiking=_is_at_peak,
    spike=_spike,
    title="Cell with quadratic potential, which jumps by weights, and a recovery variable.",
    source="Izhikevich (2003), IEEE Trans. Neural Networks 14:1569",
    equations=(
        "dv/dt = 0.04 v^2 + 5 v + 140 - u + 1000 (i_offset + i_injected)",
        "du/dt = a (b v - u)",
        "a spike adds its weight to v",
        "where v >= 30 mV: a spike; v = c, u += d",
    ),
    method="Runge and Kutta's of order 4",
    capacitance=1.0 / PER_NA,
)
