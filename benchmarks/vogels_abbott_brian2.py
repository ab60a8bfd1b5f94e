"""The networks of Vogels and Abbott in Brian 2; CUBA exactly, COBA by exponential Euler."""

import brian2 as b2
from measures import parser
from on_brian2 import measure
from vogels_abbott import (
    CM,
    DELAY,
    E_REV_E,
    E_REV_I,
    KICK_DURATION,
    KICK_P_CONNECT,
    KICK_RATE,
    KICK_SOURCES,
    TAU_M,
    TAU_REFRAC,
    TAU_SYN_E,
    TAU_SYN_I,
    V_RESET,
    V_THRESH,
    VogelsAbbott,
    add_option,
)

# currents as the potential that they lead to, conductances in units of the leak
INPUT = {
    "cuba": ("g_exc + g_inh", "volt", "exact"),
    "coba": ("g_exc*(e_rev_exc - v) + g_inh*(e_rev_inh - v)", "1", "exponential_euler"),
}
EQUATIONS = """
dv/dt = (v_rest - v + {input})/tau_m : volt (unless refractory)
dg_exc/dt = -g_exc/tau_syn_exc : {unit}
dg_inh/dt = -g_inh/tau_syn_inh : {unit}
"""
G_LEAK = CM / TAU_M  # uS


def build(network):
    """Describe the network, for `on_brian2.measure`."""
    synaptic, unit, method = INPUT[network.synapses]
    parameters = {
        "v_rest": network.v_rest * b2.mV,
        "v_reset": V_RESET * b2.mV,
        "v_thresh": V_THRESH * b2.mV,
        "tau_m": TAU_M * b2.ms,
        "tau_syn_exc": TAU_SYN_E * b2.ms,
        "tau_syn_inh": TAU_SYN_I * b2.ms,
        "e_rev_exc": E_REV_E * b2.mV,
        "e_rev_inh": E_REV_I * b2.mV,
    }
    cells = b2.NeuronGroup(
        int(network.sizes.sum()),
        EQUATIONS.format(input=synaptic, unit=unit),
        threshold="v > v_thresh",
        reset="v = v_reset",
        refractory=TAU_REFRAC * b2.ms,
        method=method,
        namespace=parameters,
    )
    cells.v = "v_reset + rand()*(v_thresh - v_reset)"
    exc, inh = cells[: network.sizes[0]], cells[network.sizes[0] :]
    unit_of_weight = (b2.mV if network.synapses == "cuba" else 1) / G_LEAK
    synapses = [
        connect(source, cells, variable, weight * unit_of_weight, network.p_connect)
        for source, variable, weight in zip(
            (exc, inh), ("g_exc", "g_inh"), network.weights, strict=True
        )
    ]
    kick = []
    if network.is_kicked:
        rates = f"{KICK_RATE}*Hz*int(t < {KICK_DURATION}*ms)"
        sources = b2.PoissonGroup(KICK_SOURCES, rates)
        weight = network.weights[0] * unit_of_weight
        kick = [sources, connect(sources, cells, "g_exc", weight, KICK_P_CONNECT)]
    return b2.SpikeMonitor(cells), synapses, kick, [cells]


def connect(source, cells, variable, weight, probability):
    """Connect pairs of cells with a probability."""
    synapses = b2.Synapses(
        source,
        cells,
        on_pre=f"{variable} += weight",
        delay=DELAY * b2.ms,
        namespace={"weight": weight},
    )
    synapses.connect(p=probability)
    return synapses


def main():
    """Measure the network."""
    options = add_option(parser(__doc__, has_threads=True)).parse_args()
    measure(build, options, VogelsAbbott.scaled(options.synapses, options.scale))


if __name__ == "__main__":
    main()
