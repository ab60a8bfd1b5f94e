"""Brunel's network through the PyNN API on distsim; prints one JSON row."""

from functools import partial

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
from on_pynn import measure

import distsim as sim


def build(network, seed, is_plastic=False):
    """Describe the network; return its populations and how to count its synapses."""
    sim.setup(timestep=network.dt, seed=seed, log=False, progress=False)
    cell_type = sim.IF_curr_delta(
        v_rest=V_REST, v_reset=V_RESET, v_thresh=V_THRESH, tau_m=TAU_M, tau_refrac=TAU_REFRAC
    )
    exc, inh = (
        sim.Population(int(size), cell_type, label=label)
        for size, label in zip(network.sizes, ("exc", "inh"), strict=True)
    )
    cells = exc + inh
    cells.initialize(v=sim.RandomDistribution("uniform", low=V_RESET, high=V_THRESH))
    projections = [
        sim.Projection(
            source,
            targets,
            sim.FixedNumberPreConnector(n=int(indegree), with_replacement=True),
            synapse,
            receptor_type=receptor,
        )
        for source, targets, indegree, synapse, receptor in wiring(network, exc, inh, is_plastic)
    ]
    drive = sim.Population(
        cells.size, sim.SpikeSourcePoisson(rate=network.drive_rate), label="drive"
    )
    external = sim.StaticSynapse(weight=network.weights[0], delay=DELAY)
    sim.Projection(drive, cells, sim.OneToOneConnector(), external)
    cells.record("spikes")
    return (exc, inh), lambda: sum(projection.size() for projection in projections)


def wiring(network, exc, inh, is_plastic):
    """Return sources, targets, indegree, synapse type and receptor type of each projection."""
    (n_exc, n_inh), (from_exc, from_inh) = network.indegrees, network.weights
    excitatory = sim.StaticSynapse(weight=from_exc, delay=DELAY)
    inhibitory = sim.StaticSynapse(weight=from_inh, delay=DELAY)
    others = (inh, exc + inh, n_inh, inhibitory, "inhibitory")
    if not is_plastic:
        return [(exc, exc + inh, n_exc, excitatory, "excitatory"), others]
    plastic = sim.STDPMechanism(
        sim.SpikePairRule(
            tau_plus=TAU_PLASTIC, tau_minus=TAU_PLASTIC, A_plus=A_PLUS, A_minus=A_MINUS
        ),
        sim.AdditiveWeightDependence(w_max=network.largest_weight),
        weight=from_exc,
        delay=DELAY,
    )
    onto_exc, onto_inh = (exc, exc, n_exc, plastic), (exc, inh, n_exc, excitatory)
    return [(*onto_exc, "excitatory"), (*onto_inh, "excitatory"), others]


def main():
    """Measure the network."""
    options = plastic_parser(__doc__).parse_args()
    build_chosen = partial(build, is_plastic=options.plastic)
    measure(
        sim, build_chosen, options, tiny=Brunel.scaled(0.01), network=Brunel.scaled(options.scale)
    )


if __name__ == "__main__":
    main()
