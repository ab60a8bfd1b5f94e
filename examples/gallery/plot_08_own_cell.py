"""
A cell type of your own
=======================

FitzHugh and Nagumo's oscillator as a function for one cell: a cubic v, and a slow w. Numba
compiles it, and cells of this type take part in all that others do. Without current the state
rests where the nullclines cross; with it, that point lies on the middle branch, and the state
circles.
"""

import matplotlib.pyplot as plt
import numpy as np

import distsim as sim
from distsim.models import Bound, Parameter, Receptor, State


def slopes(v, w, current, tau):
    """Return dv/dt and dw/dt."""
    return v - v**3 / 3.0 - w + current, (v + 0.7 - 0.8 * w) / tau


def step(v, w, dt, i_injected, i_offset, tau):
    """Return the state a step later, by the midpoint method."""
    current = i_offset + i_injected
    dv, dw = slopes(v, w, current, tau)
    dv, dw = slopes(v + 0.5 * dt * dv, w + 0.5 * dt * dw, current, tau)
    return v + dt * dv, w + dt * dw


Oscillator = sim.cell_type(
    "Oscillator",
    parameters=[
        Parameter("tau", "ms", 12.5, "time constant of w", Bound.POSITIVE),
        Parameter("i_offset", "nA", 0.0),
    ],
    states=[State("v", "", -1.2), State("w", "", -0.6)],
    receptors=[Receptor("input", "v")],
    step=step,
    # it has no reset, and nobody hears it
    is_spiking=lambda v: v > 1e9,
    spike=lambda v, w: (v, w),
)

sim.setup(timestep=0.05, log=False, progress=False)
currents = np.array([0.0, 0.5])
cells = sim.Population(2, Oscillator(i_offset=currents), initial_values={"v": [0.5, -1.0]})
cells.record(["v", "w"])
sim.run(200.0)
segment = cells.get_data().segments[0]

if sim.rank() == 0:
    v, w = (segment.filter(name=name)[0] for name in ("v", "w"))
    grid = np.linspace(-2.2, 2.2, 200)
    figure, axes = plt.subplots(2, 2, figsize=(9, 5.5), layout="constrained")
    for k, (current, (left, right)) in enumerate(zip(currents, axes, strict=True)):
        left.plot(v.times, v.magnitude[:, k], label="v")
        left.plot(w.times, w.magnitude[:, k], label="w")
        left.set(xlabel="time (ms)", title=f"i_offset = {current:g}", ylim=(-2.4, 2.4))
        right.plot(grid, grid - grid**3 / 3 + current, "0.6", label="dv/dt = 0")
        right.plot(grid, (grid + 0.7) / 0.8, "0.6", linestyle="--", label="dw/dt = 0")
        right.plot(v.magnitude[:, k], w.magnitude[:, k], "C2", linewidth=1.0)
        right.set(xlabel="v", ylabel="w", ylim=(-1.3, 2.0))
        left.legend(loc="upper right")
        right.legend(loc="upper left")
    plt.show()
