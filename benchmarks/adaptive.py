"""Numbers of networks of adaptive exponential, Hodgkin-Huxley or Izhikevich cells.

10,000 cells, four fifths of them excitatory. Each draws 80 excitatory and 20 inhibitory inputs from
all cells with replacement, 1 % of them, and has a Poisson drive of its own, which makes it fire: so
rates depend little on a network's realisation. Cells are PyNN's by their defaults, where nothing is
said; of the Hodgkin-Huxley cells those are of benchmark 3 of a review of simulators [1]_, whose
synapses are taken, too.

References
----------
.. [1] R. Brette et al., "Simulation of networks of spiking neurons: a review of tools and
   strategies", J. Comput. Neurosci. 23, 349-398 (2007), appendix 2.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

N_EXC, N_INH = 8000, 2000
INDEGREES = 80, 20
DELAY = 1.0  # ms


class Model(NamedTuple):
    """Cells of one model, and what they hear.

    Attributes
    ----------
    name : str
        PyNN's.
    parameters : dict of str to float
        All that some simulator is told, by PyNN's names and in its units.
    v_init : tuple of 2 float
        Initial potentials are uniform between these [mV].
    weights : tuple of 2 float
        Of excitatory and of inhibitory cells [uS or mV].
    drive_weight : float
        [uS or mV]
    drive_rate : float
        [Hz]
    """

    name: str
    parameters: dict[str, float]
    v_init: tuple[float, float]
    weights: tuple[float, float]
    drive_weight: float
    drive_rate: float


SYNAPSES = {"tau_syn_E": 5.0, "tau_syn_I": 10.0, "e_rev_E": 0.0, "e_rev_I": -80.0}
MODELS = {
    "adex": Model(
        "EIF_cond_exp_isfa_ista",
        {
            "v_rest": -70.6,
            "cm": 0.281,
            "tau_m": 9.3667,
            "tau_refrac": 2.0,
            "v_reset": -70.6,
            "v_thresh": -50.4,
            "v_spike": -40.0,
            "delta_T": 2.0,
            "tau_w": 144.0,
            "a": 4.0,
            "b": 0.0805,
            **SYNAPSES,
        },
        v_init=(-70.6, -50.4),
        weights=(0.001, 0.004),
        drive_weight=0.002,
        drive_rate=1200.0,
    ),
    "hh": Model(
        "HH_cond_exp",
        {
            "gbar_Na": 20.0,
            "gbar_K": 6.0,
            "g_leak": 0.01,
            "cm": 0.2,
            "v_offset": -63.0,
            "e_rev_Na": 50.0,
            "e_rev_K": -90.0,
            "e_rev_leak": -65.0,
            **SYNAPSES,
        },
        v_init=(-70.0, -60.0),
        weights=(0.001, 0.006),
        drive_weight=0.003,
        drive_rate=300.0,
    ),
    "izhikevich": Model(
        "Izhikevich",
        {"a": 0.02, "b": 0.2, "c": -65.0, "d": 8.0},
        v_init=(-75.0, -65.0),
        weights=(0.2, -0.8),
        drive_weight=1.0,
        drive_rate=4000.0,
    ),
}


@dataclass(frozen=True)
class Adaptive:
    """A network at a scale.

    Cells have as many inputs at each scale.

    Attributes
    ----------
    model : Model
    sizes : ndarray of int, shape (2,)
        Excitatory, inhibitory cells.
    """

    model: Model
    sizes: np.ndarray
    dt: float = 0.1  # ms

    @classmethod
    def scaled(cls, model: str, scale: float) -> "Adaptive":
        """Return the network of one of `MODELS` with `scale` times 10,000 cells."""
        return cls(MODELS[model], np.rint(np.array([N_EXC, N_INH]) * scale).astype(int))

    @property
    def indegrees(self) -> np.ndarray:
        """Inputs of a cell from either population."""
        return np.array(INDEGREES)

    @property
    def outdegrees(self) -> np.ndarray:
        """Mean number of synapses of each population's cells."""
        return self.indegrees * self.sizes.sum() / self.sizes


def add_option(parser):
    """Add the choice of the model."""
    parser.add_argument("--model", choices=MODELS, default="adex")
    return parser
