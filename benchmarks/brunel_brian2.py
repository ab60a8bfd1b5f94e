"""Brunel's network in Brian 2; prints one JSON row."""

import brian2 as b2
from brunel import DELAY, TAU_M, TAU_REFRAC, V_RESET, V_REST, V_THRESH, Brunel
from measures import parser
from on_brian2 import measure


def build(network):
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
    synapses = [
        connect(source, cells, weight, indegree)
        for source, weight, indegree in zip(
            (exc, inh), network.weights, network.indegrees, strict=True
        )
    ]
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


def main():
    """Measure the network."""
    options = parser(__doc__, has_threads=True).parse_args()
    measure(build, options, Brunel.scaled(options.scale))


if __name__ == "__main__":
    main()
