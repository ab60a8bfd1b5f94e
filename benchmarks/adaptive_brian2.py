"""Networks of adaptive, Hodgkin-Huxley and Izhikevich cells in Brian 2; prints one JSON row.

The method is a choice. ``rk4`` is what distsim integrates by. Hodgkin-Huxley cells need shorter
steps than 0.1 ms by it, as they do in distsim: `HH_PIECES` to a step. ``exponential_euler``, of
order 1, makes do with steps of 0.1 ms, as in Brian's own example of these cells, COBAHH.
"""

import brian2 as b2
from adaptive import DELAY, Adaptive, add_option
from measures import parser
from on_brian2 import measure

HH_PIECES = 4
# numbers are in PyNN's units
SYNAPSES = """
dg_exc/dt = -g_exc / tau_syn_E / ms : 1
dg_inh/dt = -g_inh / tau_syn_I / ms : 1
i_syn = g_exc * (e_rev_E - v) + g_inh * (e_rev_I - v) : 1
"""
EQUATIONS = {
    "EIF_cond_exp_isfa_ista": """
dv/dt = ((v_rest - v + delta_T * exp((clip(v, -inf, v_spike) - v_thresh) / delta_T)) / tau_m
         + (i_syn - w) / capacitance) / ms : 1 (unless refractory)
dw/dt = (0.001 * a * (v - v_rest) - w) / tau_w / ms : 1
"""
    + SYNAPSES,
    "HH_cond_exp": """
dv/dt = (gbar_Na * m**3 * h * (e_rev_Na - v) + gbar_K * n**4 * (e_rev_K - v)
         + g_leak * (e_rev_leak - v) + i_syn) / capacitance / ms : 1
dm/dt = (1.28 / exprel((13 - x) / 4) * (1 - m) - 1.4 / exprel((x - 40) / 5) * m) / ms : 1
dh/dt = (0.128 * exp((17 - x) / 18) * (1 - h) - 4 / (1 + exp((40 - x) / 5)) * h) / ms : 1
dn/dt = (0.16 / exprel((15 - x) / 5) * (1 - n) - 0.5 * exp((10 - x) / 40) * n) / ms : 1
x = v - v_offset : 1
"""
    + SYNAPSES,
    "Izhikevich": """
dv/dt = (0.04 * v**2 + 5 * v + 140 - u) / ms : 1
du/dt = a * (b * v - u) / ms : 1
""",
}
# when a cell spikes, what it does then, when it does not spike again
SPIKES = {
    "EIF_cond_exp_isfa_ista": ("v >= v_spike", "v = v_reset; w += b", "tau_refrac * ms"),
    "HH_cond_exp": ("v >= v_offset + 30", "", "v >= v_offset + 30"),
    "Izhikevich": ("v >= 30", "v = c; u += d", False),
}


def build(network, method):
    """Describe the network, for `on_brian2.measure`."""
    model = network.model
    is_fine = model.name == "HH_cond_exp" and method == "rk4"
    threshold, reset, refractory = SPIKES[model.name]
    # Brian's own `cm` is a length
    namespace = {{"cm": "capacitance"}.get(k, k): value for k, value in model.parameters.items()}
    cells = b2.NeuronGroup(
        int(network.sizes.sum()),
        EQUATIONS[model.name],
        threshold=threshold,
        reset=reset,
        refractory=refractory,
        method=method,
        namespace=namespace,
        dt=network.dt / (HH_PIECES if is_fine else 1) * b2.ms,
    )
    low, high = model.v_init
    cells.v = f"{low} + rand()*{high - low}"
    if model.name == "HH_cond_exp":
        cells.h = 1.0
    if model.name == "Izhikevich":
        cells.u, targets = -14.0, ("v", "v")
    else:
        targets = "g_exc", "g_inh"
    exc, inh = cells[: network.sizes[0]], cells[network.sizes[0] :]
    synapses = [
        connect(source, cells, variable, weight, indegree)
        for source, variable, weight, indegree in zip(
            (exc, inh), targets, model.weights, network.indegrees, strict=True
        )
    ]
    # as many sources of 10 Hz
    n_external = round(model.drive_rate / 10.0)
    drive = b2.PoissonInput(
        cells, targets[0], N=n_external, rate=10.0 * b2.Hz, weight=model.drive_weight
    )
    return b2.SpikeMonitor(cells), synapses, [], [cells, drive]


def connect(source, cells, variable, weight, indegree):
    """Give each cell a number of inputs, drawn with replacement."""
    synapses = b2.Synapses(
        source,
        cells,
        on_pre=f"{variable}_post += weight",
        delay=DELAY * b2.ms,
        namespace={"weight": weight},
    )
    synapses.connect(i=f"int(rand()*N_pre) for k in range({indegree})")
    return synapses


def main():
    """Measure the network."""
    command = add_option(parser(__doc__, has_threads=True))
    command.add_argument("--method", choices=("rk4", "euler", "exponential_euler"), default="rk4")
    options = command.parse_args()
    measure(
        lambda network: build(network, options.method),
        options,
        Adaptive.scaled(options.model, options.scale),
    )


if __name__ == "__main__":
    main()
