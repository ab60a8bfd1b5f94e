"""Brunel's network through the PyNN API on distsim; prints one JSON row."""

from brunel import DELAY, TAU_M, TAU_REFRAC, V_RESET, V_REST, V_THRESH, Brunel
from measures import parser
from on_pynn import measure

import distsim as sim


def build(network, seed):
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
            cells,
            sim.FixedNumberPreConnector(n=int(indegree), with_replacement=True),
            sim.StaticSynapse(weight=weight, delay=DELAY),
        )
        for source, indegree, weight in zip(
            (exc, inh), network.indegrees, network.weights, strict=True
        )
    ]
    drive = sim.Population(
        cells.size, sim.SpikeSourcePoisson(rate=network.drive_rate), label="drive"
    )
    external = sim.StaticSynapse(weight=network.weights[0], delay=DELAY)
    sim.Projection(drive, cells, sim.OneToOneConnector(), external)
    cells.record("spikes")
    return (exc, inh), lambda: sum(projection.size() for projection in projections)


def main():
    """Measure the network."""
    options = parser(__doc__).parse_args()
    measure(sim, build, options, tiny=Brunel.scaled(0.01), network=Brunel.scaled(options.scale))


if __name__ == "__main__":
    main()
