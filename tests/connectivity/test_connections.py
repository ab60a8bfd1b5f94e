"""Connections in chunks, made by a rule or given as arrays."""

import numpy as np
import pytest

from distsim.connectivity.connections import Connections
from distsim.connectivity.dense import AllToAll
from distsim.connectivity.fixed_number import FixedNumberPost, FixedNumberPre
from distsim.connectivity.values import Constant, Drawn
from distsim.partitioning.streams import Purpose, Stream

CONNECT = Stream.of(1, Purpose.CONNECT, 0)
WEIGHT = Drawn("normal", {"mu": 1.0, "sigma": 0.1}, CONNECT.for_purpose(Purpose.WEIGHT))
DELAY = Drawn("uniform", {"low": 1.0, "high": 2.0}, CONNECT.for_purpose(Purpose.DELAY))
RULE = FixedNumberPre(50, 200, 10, False, CONNECT)
TARGETS = np.arange(1, 200, 3)


def joined(chunks):
    parts = list(chunks)
    assert all(part.sources.size for part in parts)
    return [np.concatenate([part[i] for part in parts]).tolist() for i in range(4)], len(parts)


@pytest.mark.parametrize("chunk_size", [1, 30, 10**6])
def test_chunks_do_not_change_the_connections(chunk_size):
    rows = RULE.rows(TARGETS)
    connections = Connections(RULE, WEIGHT, DELAY, chunk_size)
    (positions, sources, weights, delays), n_chunks = joined(connections.chunks(TARGETS))
    assert positions == np.repeat(np.arange(TARGETS.size), 10).tolist()
    assert sources == rows.sources.tolist()
    assert weights == WEIGHT.values(TARGETS, rows).tolist()
    assert delays == DELAY.values(TARGETS, rows).tolist()
    assert n_chunks == {1: 67, 30: 23, 10**6: 1}[chunk_size]


def test_the_same_connections_come_each_time():
    connections = Connections(RULE, WEIGHT, DELAY, 100)
    assert joined(connections.chunks(TARGETS)) == joined(connections.chunks(TARGETS))


def test_weights_are_made_only_if_wanted():
    chunk = next(Connections(RULE, WEIGHT, Constant(1.5)).chunks(TARGETS, want_weights=False))
    assert chunk.weights is None
    assert chunk.delays == 1.5


def test_rules_with_a_cost_for_each_call_get_larger_chunks():
    rule = FixedNumberPost(50, 200, 10, True, CONNECT)
    chunks = list(Connections(rule, Constant(1), Constant(1), 1).chunks(np.arange(200)))
    assert len(chunks) == 1


def test_no_targets_and_no_synapses_give_no_chunks():
    assert list(Connections(RULE, WEIGHT, DELAY).chunks(TARGETS[:0])) == []
    assert list(Connections(AllToAll(0, 9), WEIGHT, DELAY).chunks(np.arange(9))) == []
