"""Brunel's network by PyNEST; prints one JSON row."""

from functools import partial

import nest
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
from on_nest import measure


def create(network):
    """Create cells and their drive; return the populations."""
    cells = nest.Create(
        "iaf_psc_delta",
        int(network.sizes.sum()),
        params={
            "tau_m": TAU_M,
            "t_ref": TAU_REFRAC,
            "E_L": V_REST,
            "V_reset": V_RESET,
            "V_th": V_THRESH,
            "tau_minus": TAU_PLASTIC,
        },
    )
    cells.V_m = nest.random.uniform(V_RESET, V_THRESH)
    drive = nest.Create("poisson_generator", params={"rate": network.drive_rate})
    nest.Connect(drive, cells, "all_to_all", {"weight": network.weights[0], "delay": DELAY})
    return cells[: network.sizes[0]], cells[network.sizes[0] :]


def connect(populations, network, is_plastic):
    """Make the recurrent connections."""
    (n_exc, n_inh), (from_exc, from_inh) = network.indegrees, network.weights
    exc, inh = populations
    link(inh, exc + inh, n_inh, {"weight": from_inh, "delay": DELAY})
    static = {"weight": from_exc, "delay": DELAY}
    if not is_plastic:
        link(exc, exc + inh, n_exc, static)
        return
    link(exc, inh, n_exc, static)
    # the one whose parameters all synapses share
    plastic = {
        "tau_plus": TAU_PLASTIC,
        "lambda": A_PLUS,
        "alpha": A_MINUS / A_PLUS,
        "mu_plus": 0.0,
        "mu_minus": 0.0,
        "Wmax": network.largest_weight,
    }
    nest.CopyModel("stdp_synapse_hom", "plastic", plastic)
    link(exc, exc, n_exc, {"synapse_model": "plastic", **static})


def link(source, target, indegree, synapse):
    """Give each target as many inputs, drawn with replacement."""
    nest.Connect(source, target, {"rule": "fixed_indegree", "indegree": int(indegree)}, synapse)


def main():
    """Measure the network."""
    options = plastic_parser(__doc__, has_threads=True).parse_args()
    connect_chosen = partial(connect, is_plastic=options.plastic)
    measure(create, connect_chosen, options, Brunel.scaled(options.scale))


if __name__ == "__main__":
    main()
