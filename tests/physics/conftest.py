"""What the tests of whole simulations share: one driven cell, and bounds on its error."""

from typing import NamedTuple

import numpy as np
import pytest

import distsim as sim


class Input(NamedTuple):
    """Spikes that reach the cell through one synapse; a weight below 0 or 'inhibitory'."""

    times: list
    weight: float
    delay: float = 1.0
    receptor: str = "excitatory"


class Course(NamedTuple):
    """What a cell did: v [mV] at every step, and the steps at which it spiked."""

    times: np.ndarray
    v: np.ndarray
    spike_steps: np.ndarray


def _drive_cell(model, parameters, duration, inputs=(), currents=(), dt=0.1, v_init=None):
    sim.setup(timestep=dt, log=False, progress=False)
    v_init = parameters["v_rest"] if v_init is None else v_init
    cell = sim.Population(
        1, getattr(sim, model)(**parameters), initial_values={"v": v_init}, label="cell"
    )
    for spikes in inputs:
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=list(spikes.times)))
        synapse = sim.StaticSynapse(weight=spikes.weight, delay=spikes.delay)
        sim.Projection(
            source, cell, sim.OneToOneConnector(), synapse, receptor_type=spikes.receptor
        )
    for current in currents:
        cell.inject(current())
    cell.record(["v", "spikes"])
    sim.run(duration)
    segment = cell.get_data().segments[0]
    v = segment.filter(name="v")[0].magnitude[:, 0]
    steps = np.rint(segment.spiketrains[0].magnitude / dt).astype(int)
    return Course(np.arange(v.size) * dt, v, steps)


@pytest.fixture(scope="session")
def drive_cell():
    """Return a function that simulates one cell; `currents` are callables without arguments."""
    return _drive_cell


@pytest.fixture(scope="session")
def spikes_through():
    """Return the class of a cell's inputs."""
    return Input
