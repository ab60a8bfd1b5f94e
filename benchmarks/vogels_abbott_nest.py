"""The networks of Vogels and Abbott by PyNEST; COBA by NEST's adaptive Runge-Kutta-Fehlberg."""

import nest
from measures import parser
from on_nest import NS, PA, PF, measure
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


def create(network):
    """Create cells, and what sets them going; return the populations."""
    parameters = {
        "C_m": CM * PF,
        "tau_syn_ex": TAU_SYN_E,
        "tau_syn_in": TAU_SYN_I,
        "t_ref": TAU_REFRAC,
        "E_L": network.v_rest,
        "V_reset": V_RESET,
        "V_th": V_THRESH,
    }
    if network.synapses == "cuba":
        model, parameters["tau_m"] = "iaf_psc_exp", TAU_M
    else:
        model = "iaf_cond_exp"
        parameters |= {"g_L": CM / TAU_M * NS, "E_ex": E_REV_E, "E_in": E_REV_I}
    cells = nest.Create(model, int(network.sizes.sum()), params=parameters)
    cells.V_m = nest.random.uniform(V_RESET, V_THRESH)
    if network.is_kicked:
        generator = nest.Create(
            "poisson_generator", params={"rate": KICK_RATE, "stop": KICK_DURATION}
        )
        # a generator gives each of its targets other spikes: these repeat theirs to all cells
        sources = nest.Create("parrot_neuron", KICK_SOURCES)
        nest.Connect(generator, sources)
        nest.Connect(
            sources,
            cells,
            {"rule": "pairwise_bernoulli", "p": KICK_P_CONNECT},
            {"weight": network.weights[0] * NS, "delay": DELAY},
        )
    return cells[: network.sizes[0]], cells[network.sizes[0] :]


def connect(populations, network):
    """Make the recurrent connections."""
    cells = populations[0] + populations[1]
    for source, weight in zip(populations, network.weights, strict=True):
        # pA; of a conductance nS, which the model subtracts for negative weights
        sign = 1.0 if network.synapses == "cuba" or source is populations[0] else -1.0
        nest.Connect(
            source,
            cells,
            {"rule": "pairwise_bernoulli", "p": network.p_connect},
            {"weight": sign * weight * PA, "delay": DELAY},
        )


def main():
    """Measure the network."""
    options = add_option(parser(__doc__, has_threads=True)).parse_args()
    measure(create, connect, options, VogelsAbbott.scaled(options.synapses, options.scale))


if __name__ == "__main__":
    main()
