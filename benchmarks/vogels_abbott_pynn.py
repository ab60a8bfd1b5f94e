"""The networks of Vogels and Abbott through the PyNN API, on distsim or on NEURON: one script.

    distsim run -n 2 benchmarks/vogels_abbott_pynn.py --simulator neuron --synapses coba

NEURON integrates by its default method, implicit Euler, as PyNN sets it up.
"""

import importlib

from measures import parser
from on_pynn import measure
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

MODULES = {"distsim": "distsim", "neuron": "pyNN.neuron"}
NAMES = {"distsim": "distsim", "neuron": "NEURON"}


def build(sim, network, seed):
    """Describe the network; return its populations and how to count its synapses."""
    if sim.__name__ == "distsim":
        sim.setup(timestep=network.dt, seed=seed, log=False, progress=False)
        rng = None  # its own, from the seed
    else:
        sim.setup(timestep=network.dt, min_delay=DELAY, native_rng_baseseed=seed)
        rng = sim.NumpyRNG(seed)
    cell_type = make_cell_type(sim, network)
    exc, inh = (
        sim.Population(int(size), cell_type, label=label)
        for size, label in zip(network.sizes, ("exc", "inh"), strict=True)
    )
    cells = exc + inh
    cells.initialize(v=sim.RandomDistribution("uniform", low=V_RESET, high=V_THRESH, rng=rng))
    connector = sim.FixedProbabilityConnector(network.p_connect, rng=rng)
    projections = [
        sim.Projection(
            source,
            cells,
            connector,
            sim.StaticSynapse(weight=weight, delay=DELAY),
            receptor_type=receptor_type,
        )
        for source, weight, receptor_type in zip(
            (exc, inh), network.weights, ("excitatory", "inhibitory"), strict=True
        )
    ]
    if network.is_kicked:
        source_type = sim.SpikeSourcePoisson(rate=KICK_RATE, duration=KICK_DURATION)
        sim.Projection(
            sim.Population(KICK_SOURCES, source_type, label="kick"),
            cells,
            sim.FixedProbabilityConnector(KICK_P_CONNECT, rng=rng),
            sim.StaticSynapse(weight=network.weights[0], delay=DELAY),
            receptor_type="excitatory",
        )
    cells.record("spikes")
    return (exc, inh), lambda: sum(projection.size() for projection in projections)


def make_cell_type(sim, network):
    """Return the cell type with its parameters."""
    parameters = {
        "v_rest": network.v_rest,
        "v_reset": V_RESET,
        "v_thresh": V_THRESH,
        "cm": CM,
        "tau_m": TAU_M,
        "tau_refrac": TAU_REFRAC,
        "tau_syn_E": TAU_SYN_E,
        "tau_syn_I": TAU_SYN_I,
    }
    if network.synapses == "cuba":
        return sim.IF_curr_exp(**parameters)
    return sim.IF_cond_exp(e_rev_E=E_REV_E, e_rev_I=E_REV_I, **parameters)


def main():
    """Measure the network."""
    command = add_option(parser(__doc__))
    command.add_argument("--simulator", choices=MODULES, default="distsim")
    options = command.parse_args()
    sim = importlib.import_module(MODULES[options.simulator])
    measure(
        sim,
        lambda network, seed: build(sim, network, seed),
        options,
        tiny=VogelsAbbott.scaled(options.synapses, 0.02),
        network=VogelsAbbott.scaled(options.synapses, options.scale),
        simulator=NAMES[options.simulator],
    )


if __name__ == "__main__":
    main()
