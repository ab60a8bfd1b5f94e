"""Flags of connectors hold whatever draws; where PyNN's draws keep them, they are PyNN's."""

import itertools
import logging

import numpy as np
import pyNN.connectors
import pytest
from flag_cases import ENDS, FIXED, OTHER, check_fixed_number, check_other, connections
from hypothesis import given, settings
from hypothesis import strategies as st
from pyNN import mock
from pyNN.core import IndexBasedExpression

import distsim


@settings(deadline=None, max_examples=150)
@given(
    name=st.sampled_from(FIXED),
    ends=st.sampled_from(sorted(ENDS)),
    n=st.integers(0, 40),
    self_connections=st.booleans(),
    with_replacement=st.booleans(),
    rng=st.sampled_from(["none", "native", "numpy"]),
)
def test_fixed_numbers_and_flags_hold(name, ends, n, self_connections, with_replacement, rng):
    distsim.setup(log=False)
    check_fixed_number(distsim, name, ENDS[ends], n, self_connections, with_replacement, rng)


@pytest.mark.parametrize("rng", ["none", "native", "numpy"])
@pytest.mark.parametrize("name", sorted(OTHER))
@pytest.mark.parametrize("ends", sorted(ENDS))
def test_no_cell_connects_to_itself_where_it_must_not(sim, name, ends, rng):
    check_other(sim, name, ENDS[ends], rng)


def drawn(back_end, name, seed, n, **flags):
    back_end.setup(timestep=0.1, min_delay=0.1)
    cells = back_end.Population(10, back_end.IF_curr_exp())
    weight = back_end.random.RandomDistribution(
        "uniform", (0.0, 1.0), rng=back_end.random.NumpyRNG(seed=1)
    )
    connector = getattr(back_end, name)(n, **flags, rng=back_end.random.NumpyRNG(seed=seed))
    projection = back_end.Projection(
        cells, cells, connector, back_end.StaticSynapse(weight=weight, delay=1.0)
    )
    return projection.get("weight", "list")


def test_what_the_flags_allow_stays_what_pynn_draws(caplog):
    """Of few connections in all PyNN's draws keep the flags for some seeds, for others not."""
    outcomes = set()
    flags = {"allow_self_connections": False, "with_replacement": False}
    for seed in range(12):
        theirs = drawn(mock, "FixedTotalNumberConnector", seed, 6, **flags)
        caplog.clear()
        ours = drawn(distsim, "FixedTotalNumberConnector", seed, 6, **flags)
        said = [r for r in caplog.records if "differ from PyNN's" in r.getMessage()]
        pairs = [row[:2] for row in theirs]
        is_kept = all(i != j for i, j in pairs) and len(set(pairs)) == len(pairs)
        outcomes.add(is_kept)
        assert len(said) == (not is_kept)
        if is_kept:
            assert sorted(ours) == sorted(theirs)
        else:
            # those that are allowed stay
            assert {p for p in pairs if p[0] != p[1]} <= {row[:2] for row in ours}
    assert outcomes == {True, False}


@pytest.mark.parametrize("name", ["FixedNumberPreConnector", "FixedNumberPostConnector"])
def test_cells_redrawn_more_than_once_are_pynns_where_it_finds_them(name):
    """With replacement PyNN's own loop ends with an IndexError for most seeds."""
    n_equal = 0
    for seed in range(10):
        flags = {"allow_self_connections": False, "with_replacement": True}
        ours = drawn(distsim, name, seed, 12, **flags)
        assert all(i != j for i, j, _ in ours)
        try:
            theirs = drawn(mock, name, seed, 12, **flags)
        except IndexError:
            continue
        assert sorted(ours) == sorted(theirs)
        n_equal += 1
    assert n_equal > 0


def test_the_log_says_once_that_draws_differ(sim, caplog):
    cells = sim.Population(10, sim.IF_curr_exp())
    with caplog.at_level(logging.INFO):
        projection = sim.Projection(
            cells,
            cells,
            sim.FixedTotalNumberConnector(
                20, allow_self_connections=False, with_replacement=False, rng=sim.NumpyRNG(seed=7)
            ),
            label="twenty",
        )
        projection.get("weight", "list")
    (message,) = [r.getMessage() for r in caplog.records if "drawn anew" in r.getMessage()]
    assert "FixedTotalNumberConnector of projection 'twenty'" in message
    counts = connections(projection, (10, 10))
    assert (counts.sum(), counts.max(), counts.trace()) == (20, 1, 0)


@pytest.mark.parametrize("seeded", [False, True])
@pytest.mark.parametrize(
    ("name", "size", "n", "flags", "message"),
    [
        ("FixedNumberPreConnector", 1, 2, {}, "n = 2 connections for target 0"),
        ("FixedNumberPostConnector", 1, 2, {}, "n = 2 connections for source 0"),
        ("FixedNumberPreConnector", 1, 1, {"with_replacement": True}, "n = 1 connections for tar"),
        ("FixedNumberPostConnector", 1, 1, {"with_replacement": True}, "n = 1 connections for so"),
        ("FixedTotalNumberConnector", 1, 3, {}, "n = 3 .* 0 pairs"),
        ("FixedTotalNumberConnector", 4, 13, {"with_replacement": False}, "n = 13 .* 12 pairs"),
    ],
)
def test_the_impossible_is_refused_by_name(sim, name, size, n, flags, message, seeded):
    cells = sim.Population(size, sim.IF_curr_exp())
    rng = sim.NumpyRNG(seed=1) if seeded else None
    connector = getattr(sim, name)(n, allow_self_connections=False, **flags, rng=rng)
    with pytest.raises(sim.errors.ConnectivityError, match=message):
        sim.Projection(cells, cells, connector).size()


def test_all_pairs_can_be_taken_without_replacement(sim):
    cells = sim.Population(6, sim.IF_curr_exp())
    for rng in (None, sim.NumpyRNG(seed=3)):
        connector = sim.FixedTotalNumberConnector(
            30, allow_self_connections=False, with_replacement=False, rng=rng
        )
        counts = connections(sim.Projection(cells, cells, connector), (6, 6))
        np.testing.assert_array_equal(counts, 1 - np.eye(6))


@pytest.mark.parametrize("name", FIXED)
def test_the_number_can_be_drawn_from_a_seeded_generator_too(sim, name):
    cells = sim.Population(9, sim.IF_curr_exp())
    n = sim.RandomDistribution("uniform_int", (0, 3), rng=sim.NumpyRNG(seed=2))
    connector = getattr(sim, name)(
        n, allow_self_connections=False, with_replacement=False, rng=sim.NumpyRNG(seed=3)
    )
    counts = connections(sim.Projection(cells, cells, connector), (9, 9))
    assert counts.trace() == 0
    assert counts.max() <= 1


class Often(IndexBasedExpression):
    """A probability that depends on the indices."""

    def __call__(self, i, j):
        return 0.7 + 0.02 * np.abs(i - j)


KINDS = {
    "AllToAllConnector": (),
    "FixedProbabilityConnector": (0.7,),
    "DistanceDependentProbabilityConnector": ("1.0 * (d < 5)",),
    "IndexBasedProbabilityConnector": (Often(),),
    "DisplacementDependentProbabilityConnector": (lambda d: 0.9 * (np.abs(d[0]) < 5),),
}


@pytest.mark.parametrize("rng", [None, 4])
def test_no_mutual_connections_hold_or_are_refused(sim, rng):
    def connector(name, *args):
        flags = {"allow_self_connections": "NoMutual"}
        if args:
            flags["rng"] = sim.NumpyRNG(seed=rng) if rng else None
        return getattr(sim, name)(*args, **flags)

    p, q = sim.Population(8, sim.IF_curr_exp()), sim.Population(8, sim.IF_curr_exp())
    # weights of a seeded generator make all ranks draw all numbers
    weight = sim.RandomDistribution("uniform", (0, 1), rng=sim.NumpyRNG(seed=rng)) if rng else 1.0
    for name, values in KINDS.items():
        for pre, post in [(p, p), (p[2:7],) * 2, (p[0:3] + q,) * 2, (p, p[1:4]), (p[2:6] + q, p)]:
            made = sim.Projection(
                pre, post, connector(name, *values), sim.StaticSynapse(weight=weight)
            )
            rows = made.get("weight", "list")
            pairs = {(pre[row[0]], post[row[1]]) for row in rows}
            assert len(pairs) == len(rows) > 3
            assert not pairs & {(target, source) for source, target in pairs}
            if name == "AllToAllConnector":
                every = {frozenset((a, b)) for a in pre for b in post if a != b}
                assert {frozenset(pair) for pair in pairs} == every
        # no pair can be mutual
        counts = connections(sim.Projection(p, q, connector(name, *values)), (8, 8))
        assert counts.sum() > counts.size / 3
    for name in FIXED:
        with pytest.raises(NotImplementedError, match=f"'NoMutual' of {name}"):
            connector(name, 3)


def test_a_cell_that_is_in_an_assembly_twice_cannot_be_left_out(sim):
    p = sim.Population(5, sim.IF_curr_exp())
    twice = sim.Assembly(p[0:2], p)
    assert twice.size == 7
    for rng, name in itertools.product((None, sim.NumpyRNG(seed=1)), FIXED):
        connector = getattr(sim, name)(2, allow_self_connections=False, rng=rng)
        with pytest.raises(sim.errors.ConnectivityError, match="twice"):
            sim.Projection(twice, twice, connector)


@pytest.mark.parametrize("name", FIXED)
def test_flags_of_connectors_of_pynn_itself_hold(sim, name):
    cells = sim.Population(10, sim.IF_curr_exp())
    kind = getattr(pyNN.connectors, name)
    for rng in (None, sim.NumpyRNG(seed=7)):
        connector = kind(4, allow_self_connections=False, with_replacement=False, rng=rng)
        counts = connections(sim.Projection(cells, cells[2:9], connector), (10, 7))
        assert counts.max() == 1
        assert counts[range(2, 9), range(7)].sum() == 0
