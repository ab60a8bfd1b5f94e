"""Connectors on several ranks: flags and numbers hold, and are the same on all of them."""

import hashlib
import random

import csa
import numpy as np
import pytest
from flag_cases import ENDS, FIXED, OTHER, check_fixed_number, check_other
from pyNN.core import IndexBasedExpression

import distsim


@pytest.fixture
def sim():
    """Return the back end, set up anew."""
    distsim.setup(timestep=0.1, log=False)
    return distsim


def digest_of(lists):
    return hashlib.sha256(repr(lists).encode()).hexdigest()[:16]


@pytest.mark.parametrize("rng", ["none", "native", "numpy"])
@pytest.mark.parametrize("name", FIXED)
def test_fixed_numbers_and_flags_hold_on_several_ranks(sim, comm, name, rng):
    made = [
        check_fixed_number(sim, name, ENDS[ends], (3, 17)[k % 2], k > 8, bool(k % 3), rng)
        for k, ends in enumerate(sorted(ENDS))
    ]
    assert len(set(comm.allgather(digest_of(made)))) == 1


@pytest.mark.parametrize("rng", ["none", "native", "numpy"])
@pytest.mark.parametrize("name", sorted(OTHER))
def test_no_cell_connects_to_itself_on_several_ranks(sim, comm, name, rng):
    made = [check_other(sim, name, ENDS[ends], rng) for ends in sorted(ENDS)]
    assert len(set(comm.allgather(digest_of(made)))) == 1


def test_the_impossible_is_refused_on_every_rank(sim, comm):
    cells = sim.Population(4, sim.IF_curr_exp())
    for rng in (None, sim.NumpyRNG(seed=1)):
        connector = sim.FixedTotalNumberConnector(
            13, allow_self_connections=False, with_replacement=False, rng=rng
        )
        with pytest.raises(sim.errors.ConnectivityError, match=r"n = 13 .* 12 pairs") as caught:
            sim.Projection(cells, cells, connector)
        assert len(set(comm.allgather(str(caught.value)))) == 1


class Everywhere(IndexBasedExpression):
    """A probability of all pairs of cells."""

    def __call__(self, i, j):
        return np.full(np.shape(i), 0.5)


def test_connections_drawn_by_pynn_are_the_same_on_every_rank(sim, comm):
    p = sim.Population(9, sim.IF_curr_exp())
    # ranks of different states
    random.seed(comm.Get_rank())
    mask = csa.random(0.5)
    expected = [random.random() for _ in range(3)]
    random.seed(comm.Get_rank())
    first = sim.Projection(p, p, sim.CSAConnector(mask))
    connectors = [
        sim.IndexBasedProbabilityConnector(Everywhere(), allow_self_connections=False),
        sim.DisplacementDependentProbabilityConnector(lambda d: 0.7 * (d[0] > 0)),
        sim.CloneConnector(first),
        sim.CSAConnector(csa.cset(csa.oneToOne, 0.5, 2.0)),
        sim.SmallWorldConnector(3, 0.4, allow_self_connections=False),
    ]
    projections = [first, *(sim.Projection(p, p, connector) for connector in connectors)]
    lists = [each.get(["weight", "delay"], "list", gather="all") for each in projections]
    assert all(len(rows) > 5 for rows in lists)
    assert all(
        sum(comm.allgather(len(p))) == len(r) for p, r in zip(projections, lists, strict=True)
    )
    assert len(set(comm.allgather(digest_of(lists)))) == 1
    assert [row[:2] for row in lists[3]] == [row[:2] for row in lists[0]]
    assert lists[4] == [(k, k, 0.5, 2.0) for k in range(9)]
    assert [random.random() for _ in range(3)] == expected
    assert all(i != j for i, j, *_ in lists[5])


def test_seeded_weights_are_drawn_for_the_connections_of_all_ranks(sim, comm):
    p, q = sim.Population(11, sim.IF_curr_exp()), sim.Population(7, sim.IF_curr_exp())
    reference = sim.Projection(p, q, sim.FixedNumberPreConnector(4))
    random.seed(3)
    made = []
    for connector in (
        sim.CloneConnector(reference),
        sim.SmallWorldConnector(4, 0.5),
        sim.CSAConnector(csa.random(0.5)),
        sim.FromListConnector([(k, k % 7) for k in range(11)]),
    ):
        weight = sim.RandomDistribution("uniform", (0.0, 1.0), rng=sim.NumpyRNG(seed=6))
        rows = sim.Projection(p, q, connector, sim.StaticSynapse(weight=weight)).get(
            "weight", "list", gather="all"
        )
        # in PyNN's order: target after target
        drawn = sim.NumpyRNG(seed=6).next(len(rows), "uniform", {"low": 0.0, "high": 1.0})
        if not isinstance(connector, sim.FromListConnector):
            np.testing.assert_allclose([row[2] for row in rows], drawn, rtol=1e-6)
        made.append(rows)
    assert len(set(comm.allgather(digest_of(made)))) == 1
    assert len({len(rows) for rows in made}) > 1


def test_a_connection_set_that_fails_on_rank_0_fails_on_all(sim, comm):
    def fail(i, j):
        raise RuntimeError("no weight")

    p = sim.Population(3, sim.IF_curr_exp())
    with pytest.raises(Exception, match="no weight") as caught:
        sim.Projection(p, p, sim.CSAConnector(csa.cset(csa.oneToOne, fail, 1.0)))
    assert len(set(comm.allgather(type(caught.value).__name__))) == 1
