"""Brunel's network by PyNEST; prints one JSON row."""

import nest
from brunel import DELAY, TAU_M, TAU_REFRAC, V_RESET, V_REST, V_THRESH, Brunel
from measures import parser
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
        },
    )
    cells.V_m = nest.random.uniform(V_RESET, V_THRESH)
    drive = nest.Create("poisson_generator", params={"rate": network.drive_rate})
    nest.Connect(drive, cells, "all_to_all", {"weight": network.weights[0], "delay": DELAY})
    return cells[: network.sizes[0]], cells[network.sizes[0] :]


def connect(populations, network):
    """Make the recurrent connections."""
    for source, indegree, weight in zip(
        populations, network.indegrees, network.weights, strict=True
    ):
        nest.Connect(
            source,
            populations[0] + populations[1],
            {"rule": "fixed_indegree", "indegree": int(indegree)},
            {"weight": weight, "delay": DELAY},
        )


def main():
    """Measure the network."""
    options = parser(__doc__, has_threads=True).parse_args()
    measure(create, connect, options, Brunel.scaled(options.scale))


if __name__ == "__main__":
    main()
