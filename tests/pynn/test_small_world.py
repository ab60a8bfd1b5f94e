"""Small worlds as a connector: its arguments, ends and generators."""

import numpy as np
import pyNN.connectors
import pytest
from flag_cases import ENDS, N, connections

N_RING = 20


def ring(sim, degree, rewiring, size=N_RING, **options):
    cells = sim.Population(size, sim.IF_curr_exp())
    space = sim.Space("x", periodic_boundaries=((0, size), None, None))
    connector = sim.SmallWorldConnector(degree, rewiring, **options)
    return connections(sim.Projection(cells, cells, connector, space=space), (size, size))


def test_without_rewiring_it_is_the_ring(sim):
    steps = np.abs(np.arange(N_RING)[:, None] - np.arange(N_RING))
    steps = np.minimum(steps, N_RING - steps)
    assert (ring(sim, 3, 0) == (steps < 3)).all()
    assert (ring(sim, 3, 0, allow_self_connections=False) == ((steps < 3) & (steps > 0))).all()
    one_way = ring(sim, 3, 0, allow_self_connections="NoMutual")
    assert (one_way + one_way.T == ((steps < 3) & (steps > 0))).all()
    assert (np.abs(one_way.sum(axis=1) - 2) <= 1).all()


def test_a_grid_gives_a_lattice_of_two_dimensions(sim):
    cells = sim.Population((5, 4), sim.IF_curr_exp())
    space = sim.Space("xy", periodic_boundaries=((0, 5), (0, 4), None))
    connector = sim.SmallWorldConnector(1.1, 0.0, allow_self_connections=False)
    made = connections(sim.Projection(cells, cells, connector, space=space), (20, 20))
    assert (made.sum(axis=0) == 4).all()
    assert (made == made.T).all()
    assert np.flatnonzero(made[0]).tolist() == [1, 3, 4, 16]


@pytest.mark.parametrize("ends", sorted(ENDS))
def test_no_cell_connects_to_itself_where_it_must_not(sim, ends):
    p, q = (sim.Population(n, sim.IF_curr_exp()) for n in (N, 5))
    pre, post = ENDS[ends](p, q)
    made = [
        connections(
            sim.Projection(
                pre, post, sim.SmallWorldConnector(3, rewiring, allow_self_connections=False)
            ),
            (pre.size, post.size),
        )
        for rewiring in (0.0, 0.9)
    ]
    is_same = pre.gids()[:, None] == post.gids()[None, :]
    assert made[1].max() == 1
    assert made[1][is_same].sum() == 0
    assert (made[1].sum(axis=1) == made[0].sum(axis=1)).all()
    assert (made[1] != made[0]).any()


def test_the_seed_decides_and_seeded_weights_change_no_connection(sim):
    cells = sim.Population(30, sim.IF_curr_exp())

    def made(rng, weight=1.0):
        connector = sim.SmallWorldConnector(4, 0.5, rng=rng, n_connections=4)
        synapse = sim.StaticSynapse(weight=weight)
        return connections(sim.Projection(cells, cells, connector, synapse), (30, 30))

    first = made(sim.NumpyRNG(seed=3))
    # each projection has numbers of its own
    assert (made(sim.NumpyRNG(seed=3)) != first).any()
    weight = sim.RandomDistribution("uniform", (0.0, 1.0), rng=sim.NumpyRNG(seed=1))
    results = []
    for rng, value in ((sim.NativeRNG(3), 1.0), (sim.NumpyRNG(seed=3), weight), (None, 1.0)):
        sim.setup(log=False)
        cells = sim.Population(30, sim.IF_curr_exp())
        results.append(made(rng, value))
    assert (results[0] == first).all()
    assert (results[1] == first).all()
    assert (results[2] != first).any()
    assert (first.sum(axis=1) <= 4).all()


def test_pynns_own_connector_is_taken(sim):
    p = sim.Population(9, sim.IF_curr_exp())
    made = sim.Projection(p, p, pyNN.connectors.SmallWorldConnector(2.5, 0.0))
    assert (connections(made, (9, 9)) == (np.abs(np.subtract.outer(range(9), range(9))) < 3)).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"degree": -1, "rewiring": 0.1}, "degree = -1"),
        ({"degree": np.nan, "rewiring": 0.1}, "degree = nan"),
        ({"degree": 2, "rewiring": 1.5}, "rewiring=1.5"),
        ({"degree": 2, "rewiring": 0.1, "n_connections": 2.5}, "n_connections = 2.5"),
        ({"degree": 2, "rewire": 0.1}, "unknown argument 'rewire'.*'rewiring'"),
    ],
)
def test_wrong_arguments_are_named(sim, arguments, message):
    with pytest.raises(sim.errors.ParameterError, match=message):
        sim.SmallWorldConnector(**arguments)
    with pytest.raises(NotImplementedError, match="location_selector"):
        sim.SmallWorldConnector(2, 0.1, location_selector="soma")
    p, q = sim.Population(3, sim.IF_curr_exp()), sim.Population(3, sim.IF_curr_exp())
    with pytest.raises(NotImplementedError, match="itself"):
        sim.Projection(p, q, sim.SmallWorldConnector(2, 0.1, allow_self_connections="NoMutual"))
