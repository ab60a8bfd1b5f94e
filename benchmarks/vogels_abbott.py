"""Numbers of the networks of Vogels and Abbott [1]_, in the form of a review of simulators [2]_.

Benchmarks 1 (COBA, synapses are conductances) and 2 (CUBA, currents) of the review; delay of 0.2 ms
and random initial potentials as in PyNN's example VAbenchmarks. CUBA goes by itself: its resting
potential is above the threshold. COBA is set going for 50 ms by Poisson sources, and then fires on.
The example's kick is strong, and one network in ten falls silent when it ends. Here a cell hears 4
of 80 sources through ordinary excitatory synapses, a third of what it hears from other cells later.

Of larger networks, each cell has the same inputs: the probability of a connection shrinks as the
number of cells grows. Thus mean and variance of a cell's input, and the rates, stay what they are,
weights need no change, and the number of synapses grows with that of the cells. The kick reaches
the same share of cells.

References
----------
.. [1] T. P. Vogels and L. F. Abbott, "Signal propagation and logic gating in networks of
   integrate-and-fire neurons", J. Neurosci. 25, 10786-10795 (2005).
.. [2] R. Brette et al., "Simulation of networks of spiking neurons: a review of tools and
   strategies", J. Comput. Neurosci. 23, 349-398 (2007), appendix 2.
"""

from dataclasses import dataclass

import numpy as np

N_EXC, N_INH, P_CONNECT = 3200, 800, 0.02
CM, TAU_M, TAU_REFRAC = 0.2, 20.0, 5.0  # nF, ms
TAU_SYN_E, TAU_SYN_I = 5.0, 10.0  # ms
V_RESET, V_THRESH = -60.0, -50.0  # mV
V_REST = {"cuba": -49.0, "coba": -60.0}  # mV
E_REV_E, E_REV_I = 0.0, -80.0  # mV
# conductances, COBA [uS]; currents that conductances of 0.27 and 4.5 nS make at -60 mV, CUBA [nA]
WEIGHT_EXC = {"cuba": 0.00027 * 60.0, "coba": 0.004}
WEIGHT_INH = {"cuba": -0.0045 * 20.0, "coba": 0.051}
DELAY = 0.2  # ms
KICK_SOURCES, KICK_P_CONNECT = 80, 0.05
KICK_RATE, KICK_DURATION = 80.0, 50.0  # Hz, ms


@dataclass(frozen=True)
class VogelsAbbott:
    """The network at a scale.

    Attributes
    ----------
    synapses : str
        'cuba' or 'coba'.
    sizes : ndarray of int, shape (2,)
        Excitatory, inhibitory cells.
    p_connect : float
    """

    synapses: str
    sizes: np.ndarray
    p_connect: float
    dt: float = 0.1  # ms

    @classmethod
    def scaled(cls, synapses: str, scale: float) -> "VogelsAbbott":
        """Return the network with `scale` times 4,000 cells."""
        sizes = np.rint(np.array([N_EXC, N_INH]) * scale).astype(int)
        return cls(synapses, sizes, min(P_CONNECT / scale, 1.0))

    @property
    def outdegrees(self) -> np.ndarray:
        """Mean number of synapses of each population's cells."""
        return np.full(2, self.p_connect * self.sizes.sum())

    @property
    def v_rest(self) -> float:
        """Resting potential [mV]."""
        return V_REST[self.synapses]

    @property
    def weights(self) -> tuple[float, float]:
        """Weights of excitatory and of inhibitory cells [nA or uS]."""
        return WEIGHT_EXC[self.synapses], WEIGHT_INH[self.synapses]

    @property
    def is_kicked(self) -> bool:
        """Whether Poisson sources set the network going."""
        return self.synapses == "coba"


def add_option(parser):
    """Add the choice of synapses, and a warm-up that outlasts the kick."""
    parser.add_argument("--synapses", choices=("cuba", "coba"), default="cuba")
    parser.set_defaults(warm_up=200.0)
    return parser
