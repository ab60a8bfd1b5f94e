"""Networks of adaptive, Hodgkin-Huxley and Izhikevich cells on distsim; prints one JSON row."""

from adaptive import DELAY, Adaptive, add_option
from measures import parser
from on_pynn import measure

import distsim as sim


def build(network, seed):
    """Describe the network; return its populations and how to count its synapses."""
    sim.setup(timestep=network.dt, seed=seed, log=False, progress=False)
    model = network.model
    cell_type = getattr(sim, model.name)(**model.parameters)
    exc, inh = (
        sim.Population(int(size), cell_type, label=label)
        for size, label in zip(network.sizes, ("exc", "inh"), strict=True)
    )
    cells = exc + inh
    low, high = model.v_init
    cells.initialize(v=sim.RandomDistribution("uniform", low=low, high=high))
    projections = [
        sim.Projection(
            source,
            cells,
            sim.FixedNumberPreConnector(n=int(indegree), with_replacement=True),
            sim.StaticSynapse(weight=weight, delay=DELAY),
            receptor_type=receptor_type,
        )
        for source, indegree, weight, receptor_type in zip(
            (exc, inh), network.indegrees, model.weights, ("excitatory", "inhibitory"), strict=True
        )
    ]
    drive = sim.Population(cells.size, sim.SpikeSourcePoisson(rate=model.drive_rate), label="drive")
    external = sim.StaticSynapse(weight=model.drive_weight, delay=DELAY)
    sim.Projection(drive, cells, sim.OneToOneConnector(), external, receptor_type="excitatory")
    cells.record("spikes")
    return (exc, inh), lambda: sum(projection.size() for projection in projections)


def main():
    """Measure the network."""
    options = add_option(parser(__doc__)).parse_args()
    measure(
        sim,
        build,
        options,
        tiny=Adaptive.scaled(options.model, 0.01),
        network=Adaptive.scaled(options.model, options.scale),
    )


if __name__ == "__main__":
    main()
