"""Both ways to exchange spikes, on real ranks; to be started under mpiexec."""

from functools import partial

import numpy as np
import pytest

import distsim
from distsim.engines.native import choice
from distsim.engines.native.directed import DirectedExchange
from distsim.engines.native.exchange import NO_GATHERING, SpikeExchange
from distsim.engines.native.routes import find_routes
from distsim.partitioning import Partition
from distsim.partitioning.placement import RoundRobin
from distsim.pynn.simulator import state

N_CELLS = 30
# silence, bursts of all cells, and little in between
SIZES = [0, 1, 3, N_CELLS, 0, 5, 9, 2, 0, 1, N_CELLS, 12]


@pytest.mark.parametrize("density", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("capacity", [1, 4, 64])
def test_each_rank_has_the_spikes_of_its_sources_in_order(comm, density, capacity):
    rng = np.random.default_rng(5)  # the same numbers on every rank
    n_ranks, rank = comm.Get_size(), comm.Get_rank()
    partition = Partition().with_population(RoundRobin(N_CELLS, n_ranks))
    wants = rng.random((n_ranks, N_CELLS)) < density
    routes = find_routes(comm, partition, np.flatnonzero(wants[rank]))
    directed, to_all = DirectedExchange(comm, routes, capacity), SpikeExchange(comm, capacity)
    for step, size in enumerate(SIZES):
        keys = step << 32 | rng.permutation(N_CELLS)[:size]
        mine = keys[partition.rank_of(keys & 0xFFFFFFFF) == rank]
        expected = np.sort(keys)
        np.testing.assert_array_equal(to_all.exchange(mine), expected)
        is_wanted = wants[rank][expected & 0xFFFFFFFF]
        np.testing.assert_array_equal(directed.exchange(mine), expected[is_wanted])
    directed.free()


@pytest.mark.parametrize("exchange", ["allgather", "directed"])
def test_connections_added_in_mid_run_carry_the_spikes_on_their_way(comm, exchange):
    distsim.setup(timestep=0.1, log=False, exchange=exchange)
    source = distsim.Population(3, distsim.SpikeSourceArray(spike_times=[1.0, 4.5]))
    cells = distsim.Population(
        4,
        distsim.IF_curr_delta(v_rest=0.0, v_thresh=1e9, tau_m=1e300),
        initial_values={"v": 0.0},
    )
    first = distsim.FromListConnector([(0, 0, 1.0, 3.0)])
    distsim.Projection(source, cells, first, distsim.StaticSynapse())
    cells.record("v")
    distsim.run(5.0)
    # no target of source 1 was known when it spiked at 4.5 ms
    later = distsim.FromListConnector([(1, k, 1.0, 2.0 + k) for k in range(4)])
    distsim.Projection(source, cells, later, distsim.StaticSynapse())
    distsim.run(10.0)
    v = cells.get_data(gather="all").segments[0].filter(name="v")[0].magnitude
    np.testing.assert_array_equal(v[-1], [3.0, 1.0, 1.0, 1.0])


@pytest.mark.parametrize("n_models", [1, 3])
def test_stretches_with_messages_of_any_size_give_what_single_epochs_give(monkeypatch, n_models):
    def run(capacity):
        monkeypatch.setattr(choice, "SpikeExchange", partial(SpikeExchange, capacity=capacity))
        distsim.setup(timestep=0.1, log=False, exchange="allgather")
        models = [distsim.IF_curr_exp, distsim.IF_cond_exp, distsim.IF_curr_alpha][:n_models]
        groups = [
            distsim.Population(40, model(i_offset=np.linspace(0.5, 40, 40), tau_refrac=0.5))
            for model in models
        ]
        times = [np.arange(1.0 + k, 55.0, 0.4) for k in range(5)]
        arrays = distsim.Population(5, distsim.SpikeSourceArray(spike_times=times))
        connector = distsim.FixedProbabilityConnector(0.3)
        for pre in (*groups, arrays):
            for post in groups:
                weight = 0.02 if post.celltype.conductance_based else -0.2
                synapse = distsim.StaticSynapse(weight=weight, delay=0.3)
                distsim.Projection(pre, post, connector, synapse, receptor_type="inhibitory")
        for population in (*groups, arrays):
            population.record("spikes")
        distsim.run(50.1)
        distsim.run(9.9)
        # messages became larger, and smaller again
        assert state.simulation.counters["epochs"] == 200
        segments = [p.get_data(gather="all").segments[0] for p in (*groups, arrays)]
        return [train.magnitude.tolist() for each in segments for train in each.spiketrains]

    found = [run(capacity) for capacity in (1, 64)]
    monkeypatch.setattr(SpikeExchange, "gathering", NO_GATHERING)
    assert [run(1)] * 2 == found
    assert sum(map(len, found[0])) > 1000 * n_models


def test_an_unknown_exchange_is_an_error_on_every_rank(comm):
    with pytest.raises(distsim.errors.SetupError, match="'auto', 'allgather', 'directed'"):
        distsim.setup(exchange="broadcast")
