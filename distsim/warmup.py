"""Compile all kernels, so that later runs find them ready."""

import time
from collections.abc import Callable, Iterator

import numpy as np

import distsim as sim
from distsim.compiled import forget_other_versions
from distsim.models import CELL_MODELS
from distsim.pynn.standardmodels import NeuronType

__all__ = ["warm_up"]

N_CELLS = 12
# one cell for each kernel that composed cells have
COMPOSED: dict[str, Callable[[], NeuronType]] = {
    "PointNeuron of LIF, currents": lambda: sim.PointNeuron(sim.LIF(), excitatory=sim.CurrExp()),
    "PointNeuron of LIF, conductances": lambda: sim.PointNeuron(
        sim.LIF(), excitatory=sim.CondExp()
    ),
    "PointNeuron of AdExp": lambda: sim.PointNeuron(sim.AdExp(), excitatory=sim.CondExp()),
}


def warm_up() -> Iterator[tuple[str, float]]:
    """Run a small network of each kind, and delete long unused kernels of other versions.

    Yields
    ------
    str
        What was compiled.
    float
        Seconds that it took.
    """
    forget_other_versions()
    models = {name: getattr(sim, name) for name in CELL_MODELS}
    for name, model in (models | COMPOSED).items():
        for alike in (True, False):
            started = time.perf_counter()
            _run_cells(model, alike)
            kind = "all cells alike" if alike else "cells that differ"
            yield f"{name}, {kind}", time.perf_counter() - started
    started = time.perf_counter()
    _run_connectors()
    yield "connectors", time.perf_counter() - started


def _run_cells(model: Callable[[], NeuronType], alike: bool) -> None:
    """Run cells that are driven, hear each other, and are recorded."""
    sim.setup(timestep=0.1, log=False, progress=False)
    cells = sim.Population(N_CELLS, model())
    if not alike:
        first = cells.celltype.record.parameters[0]
        cells.set(**{first.name: first.default * np.linspace(0.9, 1.1, N_CELLS)})
    noise = sim.Population(N_CELLS, sim.SpikeSourcePoisson(rate=100.0))
    arrays = sim.Population(N_CELLS, sim.SpikeSourceArray(spike_times=[1.0, 2.0]))
    synapse = sim.StaticSynapse(weight=0.001, delay=1.0)
    for source, connector in (
        (noise, sim.OneToOneConnector()),
        (noise, sim.FixedProbabilityConnector(0.5)),
        (arrays, sim.AllToAllConnector()),
        (cells, sim.FixedProbabilityConnector(0.5)),
    ):
        sim.Projection(source, cells, connector, synapse, receptor_type="excitatory")
    if not alike:
        sim.DCSource(amplitude=0.1).inject_into(cells)
    cells.record(["spikes", "v"])
    noise.record("spikes")
    sim.run(3.0)
    cells.get_data()
    noise.get_data()


def _run_connectors() -> None:
    """Build projections of each family, with drawn weights and delays."""
    sim.setup(timestep=0.1, log=False, progress=False)
    cells = sim.Population(N_CELLS, sim.IF_curr_exp(), structure=sim.Line())
    weight = sim.RandomDistribution("normal", mu=0.001, sigma=0.0001)
    delay = sim.RandomDistribution("uniform", low=0.5, high=2.0)
    for connector in (
        sim.FixedNumberPreConnector(3),
        sim.FixedNumberPreConnector(3, with_replacement=True),
        sim.FixedNumberPostConnector(3),
        sim.FixedNumberPostConnector(3, with_replacement=True),
        sim.FixedTotalNumberConnector(20, with_replacement=True),
        sim.FixedTotalNumberConnector(20),
        sim.DistanceDependentProbabilityConnector("d < 3"),
        sim.FromListConnector([(0, 1)]),
    ):
        synapse = sim.StaticSynapse(weight=weight, delay=delay)
        sim.Projection(cells, cells, connector, synapse, receptor_type="excitatory")
    sim.run(1.0)
