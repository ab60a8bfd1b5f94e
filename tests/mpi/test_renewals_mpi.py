"""Renewal sources on several ranks: drawn where they are heard, never sent; errors on all ranks."""

import numpy as np
import pytest

import distsim as sim
from distsim.errors import ParameterError
from distsim.pynn.simulator import state


def sources_of():
    """Return a population of each kind of renewal source."""
    return [
        sim.Population(3, sim.SpikeSourcePoissonRefractory(rate=300.0, tau_refrac=2.0)),
        sim.Population(4, sim.SpikeSourceGamma(alpha=[0.5, 1.0, 3.0, 20.0], beta=1000.0)),
        sim.Population(
            2, sim.SpikeSourceInhGamma(a=[2.0, 5.0], b=[0.002, 0.001], tbins=[0.0, 20.0])
        ),
    ]


@pytest.mark.parametrize("exchange", ["allgather", "directed"])
def test_spikes_of_renewal_sources_are_never_sent(comm, exchange):
    sim.setup(timestep=0.1, log=False, exchange=exchange)
    sources = sources_of()
    model = sim.IF_curr_delta(v_rest=0.0, v_thresh=1e6, v_reset=-1.0, tau_m=1e9)
    cells, others = (sim.Population(n, model, initial_values={"v": 0.0}) for n in (5, 3))
    synapse = sim.StaticSynapse(weight=1.0, delay=2.0)
    for source in sources:
        sim.Projection(source, cells, sim.AllToAllConnector(), synapse)
        source.record("spikes")
    for population in (cells, others):
        population.record("v")
    sim.run(33.3)
    # no delay of theirs bounds an epoch
    assert state.simulation.epoch_steps == 100
    sources[0].set(rate=200.0)
    sources[1][2:].set(beta=3000.0)
    # ranks that did not hear of the sources so far do from now on
    for source in sources:
        sim.Projection(source, others, sim.AllToAllConnector(), synapse)
    sim.run(33.4)
    assert comm.allreduce(state.simulation.counters["spikes"]) == 0
    counts = np.zeros(668)
    for source in sources:
        for train in source.get_data(gather="all").segments[0].spiketrains:
            counts += np.bincount(np.rint(train.magnitude / 0.1).astype(int), minlength=668)
    assert counts.sum() > 150
    for population, first in ((cells, 0), (others, 333)):
        v = population.get_data(gather="all").segments[0].filter(name="v")[0].magnitude
        # what the owners have recorded arrives; what was on its way, by new connections, too
        arrived = np.diff(v, axis=0)[max(first, 20) :]
        sent = counts[max(first, 20) - 19 : 668 - 20]
        np.testing.assert_allclose(arrived[:, 0], sent, atol=1e-5)
        np.testing.assert_array_equal(arrived, np.repeat(arrived[:, :1], arrived.shape[1], axis=1))


def test_a_value_that_cannot_be_is_told_on_every_rank():
    sim.setup(timestep=0.1, log=False)
    source = sim.Population(5, sim.SpikeSourcePoissonRefractory(rate=50.0, tau_refrac=5.0))
    if source.is_local(source[3]):
        source[3].rate = 250.0
    with pytest.raises(ParameterError, match="rate = 250 Hz with tau_refrac = 5 ms"):
        sim.run(1.0)
    if source.is_local(source[3]):
        source[3].rate = 150.0
    assert sim.run(1.0) > 0.0


def test_parameters_are_gathered_as_they_were_set():
    sim.setup(timestep=0.1, log=False)
    source = sources_of()[2]
    source[1:].set(a=[3.0, 4.0])
    a, b = source.get(["a", "b"], gather=True)
    assert [each.value.tolist() for each in a] == [[2.0, 5.0], [3.0, 4.0]]
    assert [each.value.tolist() for each in b] == [[0.002, 0.001]] * 2
