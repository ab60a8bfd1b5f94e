"""Connectors by index, displacement, connection set and example; seeded ones against PyNN's."""

import random

import csa
import numpy as np
import pyNN.connectors
import pytest
from flag_cases import ENDS, N, connections
from pyNN import mock
from pyNN.core import IndexBasedExpression

import distsim


class Diagonals(IndexBasedExpression):
    """A probability that depends on the indices."""

    def __call__(self, i, j):
        return np.where((i + j) % 3 == 0, 0.9, 0.0)


def displacement(d):
    return 0.8 * (np.abs(d[0]) < 3.5)


CONNECTORS = {
    "IndexBasedProbabilityConnector": Diagonals(),
    "DisplacementDependentProbabilityConnector": displacement,
}


def drawn(back_end, name, **flags):
    back_end.setup(timestep=0.1, min_delay=0.1)
    pre, post = (back_end.Population(n, back_end.IF_curr_exp()) for n in (9, 12))
    weight = back_end.random.RandomDistribution(
        "uniform", (0.0, 1.0), rng=back_end.random.NumpyRNG(seed=2)
    )
    connector = getattr(back_end, name)(CONNECTORS[name], **flags)
    synapse = back_end.StaticSynapse(weight=weight, delay=1.0)
    return sorted(back_end.Projection(pre, post, connector, synapse).get("weight", "list"))


@pytest.mark.parametrize("name", CONNECTORS)
def test_a_seeded_rng_gives_what_other_back_ends_give(name):
    ours = drawn(distsim, name, rng=distsim.NumpyRNG(seed=5))
    assert ours == drawn(mock, name, rng=distsim.NumpyRNG(seed=5))
    assert len(ours) > 5


@pytest.mark.parametrize("name", CONNECTORS)
@pytest.mark.parametrize("ends", sorted(ENDS))
def test_no_cell_connects_to_itself_where_it_must_not(sim, name, ends):
    p, q = (sim.Population(n, sim.IF_curr_exp()) for n in (N, 5))
    pre, post = ENDS[ends](p, q)
    connector = getattr(sim, name)(CONNECTORS[name], allow_self_connections=False)
    projection = sim.Projection(pre, post, connector)
    is_same = pre.gids()[:, None] == post.gids()[None, :]
    counts = connections(projection, is_same.shape)
    assert counts.any()
    assert counts[is_same].sum() == 0


@pytest.mark.parametrize("name", CONNECTORS)
def test_without_an_rng_the_seed_of_setup_decides(name):
    def made(seed):
        distsim.setup(seed=seed, log=False)
        cells = distsim.Population(15, distsim.IF_curr_exp())
        connector = getattr(distsim, name)(CONNECTORS[name])
        return [distsim.Projection(cells, cells, connector).get("weight", "list") for _ in range(2)]

    first, second = made(1)
    assert made(1) == [first, second]
    assert first != second
    assert made(2) != [first, second]


def test_a_clone_has_the_connections_of_its_reference(sim):
    p, q = (sim.Population(n, sim.IF_curr_exp()) for n in (7, 8))
    reference = sim.Projection(p, q, sim.FixedProbabilityConnector(0.4), label="reference")
    clone = sim.Projection(p, q, sim.CloneConnector(reference), sim.StaticSynapse(weight=0.5))
    np.testing.assert_array_equal(connections(clone, (7, 8)), connections(reference, (7, 8)))
    with pytest.raises(sim.errors.ConnectivityError, match="as projection 'reference', which"):
        sim.Projection(q, p, sim.CloneConnector(reference))


def test_a_clone_joins_pairs_once_whatever_has_its_weights_drawn(sim):
    p, q = (sim.Population(n, sim.IF_curr_exp()) for n in (7, 8))
    several = sim.Projection(p, q, sim.FixedNumberPreConnector(9, with_replacement=True))
    pairs = np.minimum(connections(several, (7, 8)), 1)
    for rng in (None, sim.NumpyRNG(seed=1)):
        weight = sim.RandomDistribution("uniform", (0.1, 1.0), rng=rng)
        clone = sim.Projection(p, q, sim.CloneConnector(several), sim.StaticSynapse(weight=weight))
        np.testing.assert_array_equal(connections(clone, (7, 8)), pairs)
        assert len(set(clone.get("weight", "list", with_address=False))) == pairs.sum()


def test_a_mask_of_the_connection_set_algebra_connects(sim):
    sim.Population(3, sim.IF_curr_exp())
    p, q = (sim.Population(n, sim.IF_curr_exp()) for n in (6, 8))
    projection = sim.Projection(p, q, sim.CSAConnector(csa.oneToOne), sim.StaticSynapse(weight=0.5))
    assert projection.get("weight", "list") == [(k, k, 0.5) for k in range(6)]


def test_a_connection_set_gives_weights_and_delays(sim):
    sim.Population(3, sim.IF_curr_exp())
    p, q = (sim.Population(n, sim.IF_curr_exp()) for n in (6, 8))
    projection = sim.Projection(p, q, sim.CSAConnector(csa.cset(csa.oneToOne, 0.25, 2.0)))
    assert projection.get(["weight", "delay"], "list") == [(k, k, 0.25, 2.0) for k in range(6)]


def test_a_connection_set_goes_with_other_values(sim):
    p = sim.Population(6, sim.IF_cond_exp())
    cset = csa.cset(csa.oneToOne, lambda i, j: -0.1 * (i + 1), 2.0)
    target = sim.Population(6, sim.IF_curr_exp())
    assert sim.Projection(p, target, sim.CSAConnector(cset)).receptor_type == "inhibitory"
    for rng in (None, sim.NumpyRNG(seed=4)):
        u = sim.RandomDistribution("uniform", (0.1, 0.9), rng=rng)
        synapse = sim.TsodyksMarkramSynapse(U=u, tau_rec=30.0)
        cset = csa.cset(csa.oneToOne, lambda i, j: 0.1 * (i + 1), 2.0)
        rows = sim.Projection(p, p, sim.CSAConnector(cset), synapse).get(["weight", "U"], "list")
        np.testing.assert_allclose([row[2] for row in rows], 0.1 * np.arange(1, 7), rtol=1e-6)
        assert len({row[3] for row in rows}) == 6


def test_a_random_mask_leaves_the_generators_as_they_were(sim):
    p = sim.Population(6, sim.IF_curr_exp())
    random.seed(3)
    mask = csa.random(0.5)
    expected = [random.random() for _ in range(2)]
    random.seed(3)
    first = sim.Projection(p, p, sim.CSAConnector(mask)).get("weight", "list")
    assert [random.random() for _ in range(2)] == expected
    assert 0 < len(first) < 36
    assert sim.Projection(p, p, sim.CSAConnector(mask)).get("weight", "list") == first


def test_a_connector_without_its_package_says_so(sim, monkeypatch):
    monkeypatch.setattr(pyNN.connectors, "haveCSA", False)
    with pytest.raises(sim.errors.MissingPackageError, match="needs the package 'csa'"):
        sim.CSAConnector(csa.oneToOne)


@pytest.mark.parametrize(
    ("name", "argument", "message"),
    [
        ("IndexBasedProbabilityConnector", lambda i, j: 1.0, "IndexBasedProbabilityConnector"),
        ("DisplacementDependentProbabilityConnector", "d[0] < 1", "disp_function = 'd"),
        ("CloneConnector", None, "reference_projection = None"),
    ],
)
def test_wrong_arguments_are_named(sim, name, argument, message):
    with pytest.raises(sim.errors.ParameterError, match=message):
        getattr(sim, name)(argument)
