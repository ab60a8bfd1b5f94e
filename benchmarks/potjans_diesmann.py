"""Numbers of the cortical microcircuit model [1]_, and what follows from them at any scale.

References
----------
.. [1] T. C. Potjans and M. Diesmann, "The cell-type specific cortical microcircuit: relating
   structure and activity in a full-scale spiking network model", Cereb. Cortex 24, 785-806 (2014),
   tables 4 and 5; initial potentials as optimised in NEST's version of the model.
"""

from dataclasses import dataclass

import numpy as np

POPULATIONS = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
FULL_SIZES = np.array([20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948])
# probability of a connection, target population by row, source population by column
PROBABILITIES = np.array(
    [
        [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
        [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
        [0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0.0],
        [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
        [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
        [0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0.0],
        [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
        [0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443],
    ]
)
EXTERNAL_INDEGREES = np.array([1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100])
BACKGROUND_RATE = 8.0  # Hz
PUBLISHED_RATES = np.array([0.9, 2.9, 4.4, 5.9, 7.6, 8.6, 1.1, 7.8])  # Hz
V_INIT_MEAN = np.array([-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43])  # mV
V_INIT_STD = np.array([5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48])  # mV
CM, TAU_M, TAU_SYN, TAU_REFRAC = 0.25, 10.0, 0.5, 2.0  # nF, ms
V_REST, V_RESET, V_THRESH = -65.0, -65.0, -50.0  # mV
PSP, RELATIVE_INHIBITION, WEIGHT_REL_STD = 0.15, -4.0, 0.1  # mV
DELAY_EXC, DELAY_INH, DELAY_REL_STD = 1.5, 0.75, 0.5  # ms


@dataclass(frozen=True)
class Microcircuit:
    """The model at a scale: sizes and indegrees shrink by it, weights grow by its root.

    Attributes
    ----------
    sizes : ndarray of int, shape (8,)
    n_synapses : ndarray of int, shape (8, 8)
        Total number, target population by row.
    weights : ndarray of float, shape (8, 8)
        Mean [nA].
    weight_ext : float
        [nA]
    rates_ext : ndarray of float, shape (8,)
        Rate of the Poisson drive of each cell [Hz].
    dc : ndarray of float, shape (8,)
        Current that replaces the mean of the input lost by scaling [nA].
    """

    sizes: np.ndarray
    n_synapses: np.ndarray
    weights: np.ndarray
    weight_ext: float
    rates_ext: np.ndarray
    dc: np.ndarray
    dt: float = 0.1  # ms

    @classmethod
    def scaled(cls, scale: float) -> "Microcircuit":
        """Return the model at a scale; 1 is full."""
        pairs = np.outer(FULL_SIZES, FULL_SIZES).astype(float)
        full = np.log(1.0 - PROBABILITIES) / np.log(1.0 - 1.0 / pairs)
        psc = PSP / _psp_per_psc()
        sources = np.array([1.0, RELATIVE_INHIBITION] * 4)
        weights = np.tile(psc * sources, (8, 1))
        weights[0, 2] *= 2.0  # from L4E to L23E
        indegrees = full / FULL_SIZES[:, None]
        lost = 1.0 - np.sqrt(scale)
        internal = (indegrees * weights * PUBLISHED_RATES).sum(axis=1)
        external = EXTERNAL_INDEGREES * BACKGROUND_RATE * psc
        return cls(
            sizes=np.rint(FULL_SIZES * scale).astype(int),
            n_synapses=np.rint(full * scale**2).astype(int),
            weights=weights / np.sqrt(scale),
            weight_ext=psc / np.sqrt(scale),
            rates_ext=EXTERNAL_INDEGREES * scale * BACKGROUND_RATE,
            dc=0.001 * TAU_SYN * lost * (internal + external),
        )

    @property
    def outdegrees(self) -> np.ndarray:
        """Mean number of synapses of each population's cells."""
        return self.n_synapses.sum(axis=0) / self.sizes


def _psp_per_psc() -> float:
    """Return the peak of the response to an exponential current of 1 nA [mV]."""
    ratio = TAU_SYN / TAU_M
    t_peak = np.log(ratio) / (1.0 / TAU_M - 1.0 / TAU_SYN)
    factor = TAU_M * TAU_SYN / (TAU_M - TAU_SYN) / CM
    return float(factor * (np.exp(-t_peak / TAU_M) - np.exp(-t_peak / TAU_SYN)))
