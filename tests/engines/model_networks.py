"""Networks of the cell types that are not linear, on any engine."""

import numpy as np
from networks import QUIET, signal_of, trains_of

import distsim as sim

# parameters, largest i_offset [nA], and the weight of all synapses [uS or mV]
CASES = {
    "EIF_cond_exp_isfa_ista": ({"tau_refrac": 2.0}, 0.5, 0.01),
    "EIF_cond_alpha_isfa_ista": ({"tau_refrac": 2.0}, 0.5, 0.01),
    "IF_cond_exp_gsfa_grr": ({"tau_refrac": 1.0}, 0.5, 0.01),
    "HH_cond_exp": ({"tau_syn_E": 2.0, "tau_syn_I": 5.0}, 0.5, 0.01),
    "Izhikevich": ({}, 0.01, 1.0),
}
# initial values, and parameters that change
CHANGES = {
    "EIF_cond_exp_isfa_ista": ({"v": -60.0, "w": 0.05}, {"b": 0.04, "tau_w": 100.0}),
    "EIF_cond_alpha_isfa_ista": ({"v": -60.0, "w": 0.05}, {"a": 8.0, "tau_m": 8.0}),
    "IF_cond_exp_gsfa_grr": (
        {"v": -62.0, "g_s": 20.0, "g_r": 30.0, "gsyn_exc": 0.02},
        {"q_sfa": 30.0, "tau_rr": 3.0},
    ),
    "HH_cond_exp": ({"v": -70.0, "m": 0.1, "h": 0.6, "n": 0.3}, {"gbar_K": 8.0, "cm": 0.25}),
    "Izhikevich": ({"v": -60.0, "u": -10.0}, {"d": 6.0, "a": 0.03}),
}


def _cells(model, timestep, **options):
    """Return 20 cells that record everything, each with a current and noise of its own."""
    parameters, offset, weight = CASES[model]
    sim.setup(timestep=timestep, seed=3, **QUIET, **options)
    cells = sim.Population(20, getattr(sim, model)(**parameters))
    cells.set(i_offset=sim.RandomDistribution("uniform", (0.0, offset)))
    inhibition = -weight if model == "Izhikevich" else weight
    for rate, connector, receptor, w in (
        (600.0, sim.OneToOneConnector(), "excitatory", weight),
        (200.0, sim.FixedProbabilityConnector(0.2), "inhibitory", inhibition),
    ):
        noise = sim.Population(20, sim.SpikeSourcePoisson(rate=rate))
        synapse = sim.StaticSynapse(weight=w, delay=1.0)
        sim.Projection(noise, cells, connector, synapse, receptor_type=receptor)
    cells.record("all")
    return cells


def _results(cells):
    """Return trains, and signals by name."""
    variables = [name for name in cells.celltype.recordable if name != "spikes"]
    return trains_of(cells), {name: signal_of(cells, name) for name in variables}


def driven(model, engine, timestep=0.1, duration=300.0):
    """Run 20 cells, each with a current and noise of its own; return trains, signals."""
    cells = _cells(model, timestep, engine=engine)
    sim.run(duration - 100.0)
    sim.run(100.0)
    return _results(cells)


def changed(model, **options):
    """Run cells that hear each other, and change them twice; return trains, signals."""
    cells = _cells(model, 0.1, **options)
    initial_values, parameters = CHANGES[model]
    weight = CASES[model][2]
    synapse = sim.StaticSynapse(weight=weight, delay=sim.RandomDistribution("uniform", (0.4, 3.0)))
    sim.Projection(cells, cells, sim.FixedProbabilityConnector(0.2), synapse)
    cells.initialize(**initial_values)
    cells[:10].inject(sim.DCSource(amplitude=CASES[model][1], start=50.0, stop=130.0))
    sim.run(80.0)
    cells.set(**parameters)
    sim.run(0.1)
    sim.run(79.9)
    cells[::2].initialize(**initial_values)
    cells[5:].set(i_offset=np.linspace(0.0, CASES[model][1], 15))
    sim.run(80.0)
    return _results(cells)
