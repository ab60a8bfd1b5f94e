"""Synapses with state on NEURON, on any number of ranks."""

import numpy as np

import distsim as sim


def uniform(low, high):
    """Return a distribution."""
    return sim.RandomDistribution("uniform", (low, high))


def signal_of(population):
    """Return v."""
    return population.get_data(gather="all").segments[-1].analogsignals[0].magnitude


def run():
    """Return spikes, learned weights and v, on every rank."""
    sim.setup(timestep=0.1, seed=42, log=False, engine="neuron", partition="round_robin")
    cells = sim.Population(31, sim.IF_curr_exp(tau_refrac=2.0, i_offset=uniform(0.9, 1.1)))
    noise = sim.Population(31, sim.SpikeSourcePoisson(rate=300.0))
    dull = sim.Population(10, sim.IF_curr_exp(v_thresh=1e9))
    rule = sim.SpikePairRule(A_plus=0.05, A_minus=0.04)
    bounds = sim.AdditiveWeightDependence(w_max=0.4)
    plastic = [
        sim.Projection(
            pre,
            cells,
            sim.FixedProbabilityConnector(0.3),
            sim.STDPMechanism(
                *(rule, bounds),
                weight=uniform(0.1, 0.3),
                delay=uniform(0.1, 3.0),
                dendritic_delay_fraction=fraction,
            ),
        )
        for pre, fraction in ((cells, 0.4), (noise, 1.0))
    ]
    drawn = sim.MultiQuantalSynapse(n=3, weight=uniform(1.0, 2.0), delay=uniform(0.1, 2.0))
    sim.Projection(cells, dull, sim.FixedProbabilityConnector(0.5), drawn)
    gap = sim.ElectricalSynapse(weight=uniform(0.01, 0.03))
    junctions = sim.Projection(cells, dull, sim.FixedProbabilityConnector(0.1), gap)
    for population in (cells, dull):
        population.record(["v", "spikes"])
    weights = []
    for duration in (20.3, 12.1):
        sim.run(duration)
        weights += [p.get("weight", "array", gather="all").ravel() for p in plastic]
        junctions.set(weight=uniform(0.01, 0.03))
    # onto cells of all ranks, from one of them, only into the targets
    one_sided = sim.ElectricalSynapse(is_symmetric=False, weight=0.02)
    sim.Projection(cells[:1], dull, sim.AllToAllConnector(), one_sided)
    sim.run(5.0)
    trains = cells.get_data(gather="all").segments[0].spiketrains
    return {
        "times": np.concatenate([train.magnitude for train in trains]),
        "counts": np.array([len(train) for train in trains]),
        "weights": np.concatenate(weights),
        "v": np.concatenate([signal_of(cells), signal_of(dull)], axis=1),
    }
