"""Networks of adaptive, Hodgkin-Huxley and Izhikevich cells by PyNEST; prints one JSON row.

NEST integrates the first two by an adaptive Runge-Kutta-Fehlberg method at its default tolerance,
Izhikevich's cells by Euler's method.
"""

import nest
from adaptive import DELAY, Adaptive, add_option
from measures import parser
from on_nest import NS, PA, PF, measure

# by PyNN's name: NEST's, and PyNN's unit in NEST's
SYNAPSES = {
    "tau_syn_E": ("tau_syn_ex", 1.0),
    "tau_syn_I": ("tau_syn_in", 1.0),
    "e_rev_E": ("E_ex", 1.0),
    "e_rev_I": ("E_in", 1.0),
}
MODELS = {
    "EIF_cond_exp_isfa_ista": (
        "aeif_cond_exp",
        SYNAPSES
        | {
            "v_rest": ("E_L", 1.0),
            "cm": ("C_m", PF),
            "tau_refrac": ("t_ref", 1.0),
            "v_reset": ("V_reset", 1.0),
            "v_thresh": ("V_th", 1.0),
            "v_spike": ("V_peak", 1.0),
            "delta_T": ("Delta_T", 1.0),
            "tau_w": ("tau_w", 1.0),
            "a": ("a", 1.0),
            "b": ("b", PA),
        },
    ),
    "HH_cond_exp": (
        "hh_cond_exp_traub",
        SYNAPSES
        | {
            "gbar_Na": ("g_Na", NS),
            "gbar_K": ("g_K", NS),
            "g_leak": ("g_L", NS),
            "cm": ("C_m", PF),
            "v_offset": ("V_T", 1.0),
            "e_rev_Na": ("E_Na", 1.0),
            "e_rev_K": ("E_K", 1.0),
            "e_rev_leak": ("E_L", 1.0),
        },
    ),
    "Izhikevich": ("izhikevich", {name: (name, 1.0) for name in "abcd"}),
}


def nest_weights(model):
    """Return the weights of excitatory and inhibitory cells and of the drive, as NEST has them."""
    if model.name == "Izhikevich":
        return (*model.weights, model.drive_weight)
    # nS, negative where inhibition is meant
    exc, inh = model.weights
    return exc * NS, -inh * NS, model.drive_weight * NS


def create(network):
    """Create cells and their drive; return the populations."""
    model = network.model
    name, units = MODELS[model.name]
    parameters = {
        units[key][0]: value * units[key][1]
        for key, value in model.parameters.items()
        if key in units
    }
    if model.name == "EIF_cond_exp_isfa_ista":
        parameters["g_L"] = model.parameters["cm"] / model.parameters["tau_m"] * NS
    cells = nest.Create(name, int(network.sizes.sum()), params=parameters)
    cells.V_m = nest.random.uniform(*model.v_init)
    drive = nest.Create("poisson_generator", params={"rate": model.drive_rate})
    synapse = {"weight": nest_weights(model)[2], "delay": DELAY}
    nest.Connect(drive, cells, "all_to_all", synapse)
    return cells[: network.sizes[0]], cells[network.sizes[0] :]


def connect(populations, network):
    """Make the recurrent connections."""
    for source, indegree, weight in zip(
        populations, network.indegrees, nest_weights(network.model)[:2], strict=True
    ):
        nest.Connect(
            source,
            populations[0] + populations[1],
            {"rule": "fixed_indegree", "indegree": int(indegree)},
            {"weight": weight, "delay": DELAY},
        )


def main():
    """Measure the network."""
    options = add_option(parser(__doc__, has_threads=True)).parse_args()
    measure(create, connect, options, Adaptive.scaled(options.model, options.scale))


if __name__ == "__main__":
    main()
