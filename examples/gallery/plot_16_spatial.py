"""
Connections by distance
=======================

Cells on a plane that is closed in both directions, connected with a probability that falls with
their distance. The cells that one in the middle hears lie around it; the share of pairs that is
connected follows the function that was given.
"""

import matplotlib.pyplot as plt
import numpy as np

import distsim as sim

SIDE, SIGMA = 40, 4.0

sim.setup(timestep=0.1, seed=11, log=False, progress=False)
cells = sim.Population(SIDE**2, sim.IF_curr_exp(), structure=sim.Grid2D())
torus = sim.Space("xy", periodic_boundaries=((0, SIDE), (0, SIDE), None))
connector = sim.DistanceDependentProbabilityConnector(
    f"0.8 * exp(-d**2 / (2 * {SIGMA}**2))", allow_self_connections=False
)
projection = sim.Projection(cells, cells, connector, sim.StaticSynapse(weight=0.1), space=torus)
pairs = np.array(projection.get([], format="list"), dtype=int).reshape(-1, 2)
x, y, _ = cells.positions

if sim.rank() == 0:
    centre = SIDE * (SIDE // 2) + SIDE // 2
    heard = pairs[pairs[:, 1] == centre, 0]
    step_x, step_y = (np.abs(p[pairs[:, 0]] - p[pairs[:, 1]]) for p in (x, y))
    distance = np.hypot(np.minimum(step_x, SIDE - step_x), np.minimum(step_y, SIDE - step_y))
    away = np.minimum(np.arange(SIDE), SIDE - np.arange(SIDE))
    every = np.hypot(*np.meshgrid(away, away)).ravel()
    edges = np.arange(0.5, 16.0)
    share = np.histogram(distance, edges)[0] / (SIDE**2 * np.histogram(every, edges)[0])
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    left.plot(x, y, ".", color="0.85", markersize=3)
    left.plot(x[heard], y[heard], ".", label="heard by")
    left.plot(x[centre], y[centre], "r*", markersize=10, label="this cell")
    left.set(aspect="equal", xlabel="x", ylabel="y")
    left.legend(loc="upper right")
    middles = 0.5 * (edges[1:] + edges[:-1])
    right.plot(middles, share, "o", label=f"{len(pairs)} connections")
    right.plot(middles, 0.8 * np.exp(-(middles**2) / (2 * SIGMA**2)), "k", label="given")
    right.set(xlabel="distance", ylabel="share of pairs that is connected")
    right.legend()
    plt.show()
