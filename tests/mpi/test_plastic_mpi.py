"""Synapses that learn on real ranks, against sums over pairs; to be started under mpiexec."""

import numpy as np
import pytest
from naive_synapses import Weight, dendritic_steps, pair_rule
from relays import DT, list_connector, relays, set_up, sources

import distsim as sim
from distsim.errors import DistsimError

N_PRE, N_POST = 4, 5
PAIR = {"A_plus": 0.11, "A_minus": 0.13}
BOUNDS = {"w_min": 0.05, "w_max": 0.95}
TAUS = {"tau_plus": 1.7, "tau_minus": 2.9}
FRACTION = 0.3
DEPENDENCE = "AdditiveWeightDependence"


class Network:
    """Sources and targets that spike in given steps, and synapses between all of them."""

    def __init__(self):
        rng = np.random.default_rng(5)
        set_up(seed=3)
        draw = [sorted(rng.choice(np.arange(1, 190), 40, replace=False).tolist()) for _ in range(9)]
        self.pre_trains = draw[:N_PRE]
        self.post_trains = [[step + 1 for step in train] for train in draw[N_PRE:]]
        self.pre, self.post = sources(draw[:N_PRE]), relays(draw[N_PRE:])
        self.synapses = [
            (i, j, float(rng.uniform(0.2, 0.8)), int(rng.integers(1, 25)))
            for j in range(N_POST)
            for i in range(N_PRE)
        ]

    def connect(self):
        """Return a new projection."""
        synapse = sim.STDPMechanism(
            sim.SpikePairRule(**PAIR, **TAUS),
            sim.AdditiveWeightDependence(**BOUNDS),
            dendritic_delay_fraction=FRACTION,
        )
        return sim.Projection(self.pre, self.post, list_connector(self.synapses), synapse)

    def expected(self, step, settings=()):
        """Return all weights after a step; `settings` are (step, weights)."""
        rule = pair_rule(DEPENDENCE, **PAIR, **BOUNDS)
        taus = TAUS["tau_plus"] / DT, TAUS["tau_minus"] / DT
        return [
            Weight(rule, taus, delay, dendritic_steps(FRACTION, delay), weight)
            .run(
                self.pre_trains[i],
                self.post_trains[j],
                [(set_at, weights[k]) for set_at, weights in settings],
            )
            .at(step)
            for k, (i, j, weight, delay) in enumerate(self.synapses)
        ]


def weights_of(projection, comm):
    """Return all weights, which are the same on every rank."""
    weights = projection.get("weight", "list", gather="all", with_address=False)
    assert all(other == weights for other in comm.allgather(weights))
    return weights


def close(weights):
    return pytest.approx(weights, 1e-12)


def test_weights_of_all_ranks_are_sums_over_pairs_through_runs_and_resets(comm):
    network = Network()
    projection = network.connect()
    for step in (37, 95, 150):
        sim.run_until(step * DT)
        assert weights_of(projection, comm) == close(network.expected(step))
    local = projection.get("weight", "list", gather=False)
    assert sum(comm.allgather(len(local))) == N_PRE * N_POST
    sim.reset()
    assert weights_of(projection, comm) == [weight for _, _, weight, _ in network.synapses]
    sim.run(12.0)
    assert weights_of(projection, comm) == close(network.expected(120))


def test_weights_are_set_as_lists_and_one_by_one_by_the_owner(comm):
    network = Network()
    projection = network.connect()
    sim.run(6.0)
    values = np.linspace(0.3, 0.7, N_PRE * N_POST)
    # a list is ordered by source, then by target
    projection.set(weight=values.reshape(N_POST, N_PRE).T.ravel().tolist())
    assert weights_of(projection, comm) == values.tolist()
    sim.run(3.0)
    found = weights_of(projection, comm)
    assert found == close(network.expected(90, [(60, values)]))
    for connection in projection:
        if connection.postsynaptic_index == 3:
            connection.weight = 0.45
    changed = [0.45 if j == 3 else w for w, (_, j, *_) in zip(found, network.synapses, strict=True)]
    assert weights_of(projection, comm) == changed
    sim.run(11.0)
    expected = network.expected(200, [(60, values), (90, changed)])
    assert weights_of(projection, comm) == close(expected)


def test_a_projection_that_is_added_leaves_the_others_alone(comm):
    network = Network()
    projection = network.connect()
    sim.run(6.0)
    late = network.connect()
    sim.run(14.0)
    assert weights_of(projection, comm) == close(network.expected(200))
    described = [weight for _, _, weight, _ in network.synapses]
    moved = np.abs(np.subtract(weights_of(late, comm), described))
    assert moved.max() > 0.05


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda weights: {"weight": np.where(weights == weights.max(), 2.0, weights)}, "w_max"),
        (lambda weights: {"weight": sim.RandomDistribution("uniform", low=0.9, high=2)}, "w_max"),
        (lambda weights: {"w_max": 0.01}, "w_m"),
        (lambda weights: {"tau_plus": 0.0}, "tau_plus"),
    ],
)
def test_what_cannot_be_is_the_same_error_on_every_rank(comm, make, text):
    network = Network()
    projection = network.connect()
    sim.run(2.0)
    with pytest.raises(DistsimError, match=text) as caught:
        projection.set(**make(projection.get("weight", "array", gather="all")))
    assert len(set(comm.allgather(str(caught.value)))) == 1
