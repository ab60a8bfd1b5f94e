"""Numbers of Brunel's network of excitatory and inhibitory integrate-and-fire cells [1]_.

Model A at g = 5 and an external rate of twice what reaches the threshold: asynchronous, irregular.
Each cell draws its inputs from all cells of a population with replacement, and has a Poisson drive
of its own. Initial potentials are uniform between reset and threshold.

Where it is plastic, synapses between excitatory cells change with each pair of spikes, additively,
between zero and twice their first weight; with depression slightly above potentiation.

References
----------
.. [1] N. Brunel, "Dynamics of sparsely connected networks of excitatory and inhibitory spiking
   neurons", J. Comput. Neurosci. 8, 183-208 (2000).
"""

from dataclasses import dataclass

import numpy as np

N_EXC, N_INH, CONNECTED = 8000, 2000, 0.1
TAU_M, TAU_REFRAC, DELAY = 20.0, 2.0, 1.5  # ms
V_REST, V_RESET, V_THRESH = 0.0, 10.0, 20.0  # mV
J, G, ETA = 0.1, 5.0, 2.0  # mV
# of plastic synapses; changes are relative to the largest weight
TAU_PLASTIC, A_PLUS, A_MINUS = 20.0, 1e-3, 1.05e-3


@dataclass(frozen=True)
class Brunel:
    """The network at a scale; 1 is full.

    Cells and indegrees shrink by the scale and weights grow by it, so that the mean input stays;
    it fluctuates more. Scales below 1 are for trying things out.

    Attributes
    ----------
    sizes : ndarray of int, shape (2,)
        Excitatory, inhibitory cells.
    indegrees : ndarray of int, shape (2,)
        Inputs of a cell from either population.
    weights : tuple of float
        [mV]
    """

    sizes: np.ndarray
    indegrees: np.ndarray
    weights: tuple[float, float]
    dt: float = 0.1  # ms

    @property
    def largest_weight(self) -> float:
        """Of plastic synapses [mV]."""
        return 2.0 * self.weights[0]

    @classmethod
    def scaled(cls, scale: float) -> "Brunel":
        """Return the network with `scale` times 10,000 cells."""
        sizes = np.rint(np.array([N_EXC, N_INH]) * scale).astype(int)
        indegrees = np.rint(CONNECTED * sizes).astype(int)
        weight = J / scale
        return cls(sizes, indegrees, (weight, -G * weight))

    @property
    def outdegrees(self) -> np.ndarray:
        """Mean number of synapses of each population's cells."""
        return self.indegrees * self.sizes.sum() / self.sizes

    @property
    def drive_rate(self) -> float:
        """Rate of the Poisson drive of a cell, by synapses of the first weight [Hz]."""
        return ETA * V_THRESH / (self.weights[0] * TAU_M) * 1000.0
