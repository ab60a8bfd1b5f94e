"""The cortical microcircuit by PyNEST, not through PyNN; prints one JSON row."""

import nest
import numpy as np
from measures import parser
from on_nest import PA, PF, measure
from potjans_diesmann import (
    CM,
    DELAY_EXC,
    DELAY_INH,
    DELAY_REL_STD,
    TAU_M,
    TAU_REFRAC,
    TAU_SYN,
    V_INIT_MEAN,
    V_INIT_STD,
    V_RESET,
    V_REST,
    V_THRESH,
    WEIGHT_REL_STD,
    Microcircuit,
)


def create(circuit):
    """Create cells with their drive; return the populations."""
    populations = []
    for k in range(8):
        cells = nest.Create(
            "iaf_psc_exp",
            int(circuit.sizes[k]),
            params={
                "C_m": CM * PF,
                "tau_m": TAU_M,
                "tau_syn_ex": TAU_SYN,
                "tau_syn_in": TAU_SYN,
                "t_ref": TAU_REFRAC,
                "E_L": V_REST,
                "V_reset": V_RESET,
                "V_th": V_THRESH,
                "I_e": circuit.dc[k] * PA,
            },
        )
        cells.V_m = nest.random.normal(mean=V_INIT_MEAN[k], std=V_INIT_STD[k])
        drive = nest.Create("poisson_generator", params={"rate": circuit.rates_ext[k]})
        external = {"weight": circuit.weight_ext * PA, "delay": DELAY_EXC}
        nest.Connect(drive, cells, "all_to_all", external)
        populations.append(cells)
    return populations


def connect(populations, circuit):
    """Make the recurrent connections."""
    for j, source in enumerate(populations):
        for i, target in enumerate(populations):
            n_synapses, weight = int(circuit.n_synapses[i, j]), circuit.weights[i, j] * PA
            if not n_synapses:
                continue
            low, high = (0.0, np.inf) if weight > 0 else (-np.inf, 0.0)
            delay = DELAY_EXC if weight > 0 else DELAY_INH
            normal_weight = nest.random.normal(mean=weight, std=abs(weight) * WEIGHT_REL_STD)
            normal_delay = nest.random.normal(mean=delay, std=delay * DELAY_REL_STD)
            nest.Connect(
                source,
                target,
                {"rule": "fixed_total_number", "N": n_synapses},
                {
                    "synapse_model": "static_synapse",
                    "weight": nest.math.redraw(normal_weight, min=low, max=high),
                    "delay": nest.math.redraw(normal_delay, min=circuit.dt, max=np.inf),
                },
            )


def main():
    """Measure the network."""
    options = parser(__doc__, scale=0.2, has_threads=True).parse_args()
    measure(create, connect, options, Microcircuit.scaled(options.scale))


if __name__ == "__main__":
    main()
