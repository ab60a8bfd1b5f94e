"""Brunel's network in Brian 2; prints one JSON row."""

from functools import partial

import brian2 as b2
from brunel import (
    A_MINUS,
    A_PLUS,
    DELAY,
    TAU_M,
    TAU_PLASTIC,
    TAU_REFRAC,
    V_RESET,
    V_REST,
    V_THRESH,
    Brunel,
)
from measures import plastic_parser
from on_brian2 import measure


def build(network, is_plastic):
    """Describe the network, for `on_brian2.measure`."""
    cells = b2.NeuronGroup(
        int(network.sizes.sum()),
        "dv/dt = (v_rest - v)/tau_m : volt (unless refractory)",
        threshold="v > v_thresh",
        reset="v = v_reset",
        refractory=TAU_REFRAC * b2.ms,
        method="exact",
        namespace={
            "v_rest": V_REST * b2.mV,
            "v_reset": V_RESET * b2.mV,
            "v_thresh": V_THRESH * b2.mV,
            "tau_m": TAU_M * b2.ms,
        },
    )
    cells.v = "v_reset + rand()*(v_thresh - v_reset)"
    exc, inh = cells[: network.sizes[0]], cells[network.sizes[0] :]
    (from_exc, from_inh), (k_exc, k_inh) = network.weights, network.indegrees
    if is_plastic:
        onto_exc = connect_plastic(exc, exc, network)
        synapses = [onto_exc, connect(exc, inh, from_exc, k_exc)]
    else:
        synapses = [connect(exc, cells, from_exc, k_exc)]
    synapses.append(connect(inh, cells, from_inh, k_inh))
    n_external = int(network.indegrees[0])
    drive = b2.PoissonInput(
        cells,
        "v",
        N=n_external,
        rate=network.drive_rate / n_external * b2.Hz,
        weight=network.weights[0] * b2.mV,
    )
    return b2.SpikeMonitor(cells), synapses, [], [cells, drive]


def connect(source, cells, weight, indegree):
    """Give each cell a number of inputs, drawn with replacement."""
    synapses = b2.Synapses(
        source,
        cells,
        on_pre="v_post += weight",
        delay=DELAY * b2.ms,
        namespace={"weight": weight * b2.mV},
    )
    synapses.connect(i=f"int(rand()*N_pre) for k in range({indegree})")
    return synapses


def connect_plastic(source, target, network):
    """Give each cell as many inputs, whose weights change as in Brian 2's own example of STDP.

    Its delays are axonal: spikes of the target reach a synapse at once.
    """
    synapses = b2.Synapses(
        source,
        target,
        """
        weight : volt
        dx/dt = -x/tau : 1 (event-driven)
        dy/dt = -y/tau : 1 (event-driven)
        """,
        on_pre="""
        v_post += weight
        x += 1
        weight = clip(weight - a_minus*w_max*y, 0*volt, w_max)
        """,
        on_post="""
        y += 1
        weight = clip(weight + a_plus*w_max*x, 0*volt, w_max)
        """,
        delay={"pre": DELAY * b2.ms},
        namespace={
            "tau": TAU_PLASTIC * b2.ms,
            "a_plus": A_PLUS,
            "a_minus": A_MINUS,
            "w_max": network.largest_weight * b2.mV,
        },
    )
    synapses.connect(i=f"int(rand()*N_pre) for k in range({network.indegrees[0]})")
    synapses.weight = network.weights[0] * b2.mV
    return synapses


def main():
    """Measure the network."""
    options = plastic_parser(__doc__, has_threads=True).parse_args()
    measure(partial(build, is_plastic=options.plastic), options, Brunel.scaled(options.scale))


if __name__ == "__main__":
    main()
