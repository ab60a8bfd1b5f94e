"""The cortical microcircuit through the PyNN API on distsim; prints one JSON row."""

import numpy as np
from measures import parser
from on_pynn import measure
from potjans_diesmann import (
    CM,
    DELAY_EXC,
    DELAY_INH,
    DELAY_REL_STD,
    POPULATIONS,
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

import distsim as sim


def build(circuit, seed):
    """Describe the network; return its populations and how to count its synapses."""
    sim.setup(timestep=circuit.dt, seed=seed, log=False, progress=False)
    populations, drives = [], []
    for k, name in enumerate(POPULATIONS):
        cell_type = sim.IF_curr_exp(
            v_rest=V_REST,
            v_reset=V_RESET,
            v_thresh=V_THRESH,
            cm=CM,
            tau_m=TAU_M,
            tau_syn_E=TAU_SYN,
            tau_syn_I=TAU_SYN,
            tau_refrac=TAU_REFRAC,
            i_offset=circuit.dc[k],
        )
        n_cells = int(circuit.sizes[k])
        populations.append(sim.Population(n_cells, cell_type, label=name))
        populations[k].initialize(
            v=sim.RandomDistribution("normal", mu=V_INIT_MEAN[k], sigma=V_INIT_STD[k])
        )
        drive = sim.SpikeSourcePoisson(rate=circuit.rates_ext[k])
        drives.append(sim.Population(n_cells, drive, label=f"drive of {name}"))
        external = sim.StaticSynapse(weight=circuit.weight_ext, delay=DELAY_EXC)
        sim.Projection(drives[k], populations[k], sim.OneToOneConnector(), external)
        populations[k].record("spikes")
    for j, source in enumerate(populations):
        for i, target in enumerate(populations):
            if circuit.n_synapses[i, j]:
                connect(source, target, circuit.weights[i, j], int(circuit.n_synapses[i, j]))
    # the projections' own count would draw all of them again
    return populations, lambda: int(circuit.n_synapses.sum())


def connect(source, target, weight, n_synapses):
    """Make a number of connections, with weights of one sign and delays of a step at least."""
    low, high = (0.0, np.inf) if weight > 0 else (-np.inf, 0.0)
    delay = DELAY_EXC if weight > 0 else DELAY_INH
    dt = sim.get_time_step()
    synapse = sim.StaticSynapse(
        weight=sim.RandomDistribution(
            "normal_clipped", mu=weight, sigma=abs(weight) * WEIGHT_REL_STD, low=low, high=high
        ),
        delay=sim.RandomDistribution(
            "normal_clipped", mu=delay, sigma=delay * DELAY_REL_STD, low=dt, high=np.inf
        ),
    )
    connector = sim.FixedTotalNumberConnector(n=n_synapses, with_replacement=True)
    sim.Projection(source, target, connector, synapse, "excitatory" if weight > 0 else "inhibitory")


def main():
    """Measure the network."""
    options = parser(__doc__, scale=0.2).parse_args()
    tiny, network = Microcircuit.scaled(0.005), Microcircuit.scaled(options.scale)
    measure(sim, build, options, tiny, network)


if __name__ == "__main__":
    main()
