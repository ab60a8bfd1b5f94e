"""Cells that spike in the steps that a test gives, and show in their v what reaches them."""

import numpy as np

import distsim as sim

DT = 0.1
# a relay forgets within a step: its v is what arrived in the last one [mV]
RELAY = {"tau_m": 1e-3, "v_rest": 0.0, "v_reset": 0.0, "v_thresh": 1e3, "tau_refrac": 0.0}
CAUSE = 1e4


def times(trains):
    """Return spike times [ms] of spikes in some steps."""
    return [sim.Sequence(np.array(sorted(train), float) * DT) for train in trains]


def set_up(**settings):
    """Begin a simulation."""
    sim.setup(timestep=DT, log=False, progress=False, **settings)


def sources(trains):
    """Return recorded sources that spike in some steps."""
    population = sim.Population(len(trains), sim.SpikeSourceArray(spike_times=times(trains)))
    population.record("spikes")
    return population


def relays(trains, cell=None):
    """Return recorded cells that are made to spike in the step after each that is given."""
    cells = sim.Population(len(trains), cell or sim.IF_curr_delta(**RELAY))
    cause(cells, trains)
    cells.record("spikes")
    return cells


def cause(cells, trains):
    """Make cells spike in the step after each that is given."""
    drivers = sim.Population(len(trains), sim.SpikeSourceArray(spike_times=times(trains)))
    synapse = sim.StaticSynapse(weight=CAUSE, delay=DT)
    sim.Projection(drivers, cells, sim.OneToOneConnector(), synapse, receptor_type="excitatory")


def spike_steps(cells, segment=-1):
    """Return the steps in which each cell spiked."""
    trains = cells.get_data("spikes").segments[segment].spiketrains
    order = sorted(trains, key=lambda train: train.annotations["source_index"])
    return [np.rint(train.magnitude / DT).astype(int).tolist() for train in order]


def potentials(cells, segment=-1):
    """Return v [mV], shape (n_steps + 1, n_cells)."""
    return cells.get_data("v").segments[segment].filter(name="v")[0].magnitude


def list_connector(synapses, **columns):
    """Return a connector of (source, target, weight, delay [steps]), and other columns."""
    rows = [
        (pre, post, weight, delay * DT, *(column[k] for column in columns.values()))
        for k, (pre, post, weight, delay) in enumerate(synapses)
    ]
    return sim.FromListConnector(rows, column_names=["weight", "delay", *columns])
