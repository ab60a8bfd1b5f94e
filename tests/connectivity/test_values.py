"""Weights and delays for rows."""

import numpy as np
import pytest
from scipy import stats

from distsim.connectivity.dense import AllToAll
from distsim.connectivity.explicit import Listed
from distsim.connectivity.fixed_number import FixedNumberPre
from distsim.connectivity.values import (
    Constant,
    Drawn,
    DrawnOnGrid,
    Matrix,
    OfDistance,
    PerEntry,
)
from distsim.errors import ConnectivityError, ParameterError
from distsim.partitioning.streams import Purpose, Stream

RULE = FixedNumberPre(20, 30, lambda targets: targets % 5, True, Stream.of(1, Purpose.CONNECT, 0))
WEIGHT = Stream.of(1, Purpose.WEIGHT, 0)
TARGETS = np.arange(30)


def test_a_constant_stays_one_float():
    value = Constant(2).values(TARGETS, RULE.rows(TARGETS))
    assert isinstance(value, float)
    assert value == 2


def test_drawn_values_depend_on_the_target_alone():
    drawn = Drawn("normal", {"mu": 1.0, "sigma": 0.1}, WEIGHT)
    whole = RULE.rows(TARGETS)
    values = drawn.values(TARGETS, whole)
    assert values.shape == whole.sources.shape
    for target in TARGETS:
        alone = drawn.values(np.array([target]), RULE.rows(np.array([target])))
        assert alone.tolist() == values[whole.indptr[target] : whole.indptr[target + 1]].tolist()


def test_drawn_values_follow_the_distribution():
    rule = FixedNumberPre(20, 100, 100, True, WEIGHT)
    targets = np.arange(100)
    values = Drawn("gamma", {"k": 2.0, "theta": 3.0}, WEIGHT).values(targets, rule.rows(targets))
    assert stats.kstest(values, stats.gamma(2.0, scale=3.0).cdf).pvalue > 1e-4


def test_a_wrong_distribution_is_an_error_at_once():
    with pytest.raises(ParameterError, match="'sigma'"):
        Drawn("normal", {"mu": 1.0, "sigma": -1.0}, WEIGHT)


def test_a_matrix_is_read_at_source_and_target():
    table = np.arange(600.0).reshape(20, 30)
    wanted = np.array([3, 7, 29])
    rows = RULE.rows(wanted)
    values = Matrix(table).values(wanted, rows)
    expected = table[rows.sources, np.repeat(wanted, np.diff(rows.indptr))]
    assert values.tolist() == expected.tolist()
    with pytest.raises(ConnectivityError, match=r"shape \(3,\)"):
        Matrix([1.0, 2.0, 3.0])


def test_values_of_distance_are_the_functions_of_it():
    def distances(targets, indptr, sources):
        return np.abs(np.repeat(targets, np.diff(indptr)) - sources).astype(float)

    rows = RULE.rows(TARGETS)
    values = OfDistance(lambda d: 0.1 + 2 * d, distances).values(TARGETS, rows)
    assert values.tolist() == (0.1 + 2 * distances(TARGETS, rows.indptr, rows.sources)).tolist()
    constant = OfDistance(lambda d: 0.5, distances).values(TARGETS, rows)
    assert constant.tolist() == [0.5] * rows.sources.size


def test_values_by_entry_follow_the_list():
    rule = Listed(3, 2, [2, 1, 0], [1, 0, 1])
    rows = rule.rows(np.arange(2))
    assert PerEntry([10.0, 20.0, 30.0]).values(np.arange(2), rows).tolist() == [20.0, 10.0, 30.0]
    with pytest.raises(ConnectivityError, match="Listed"):
        PerEntry([1.0]).values(TARGETS, RULE.rows(TARGETS))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("normal_clipped", {"mu": 1.5, "sigma": 0.75, "low": 0.1, "high": np.inf}),
        ("uniform", {"low": 0.5, "high": 3.0}),
        ("exponential", {"beta": 2.0}),
        ("uniform_int", {"low": 1, "high": 4}),
        ("normal", {"mu": 2.0, "sigma": 0.0}),
        ("lognormal", {"mu": 5.0, "sigma": 3.0}),  # more multiples than are tabulated
    ],
)
def test_values_on_a_grid_are_the_rounded_values(name, parameters):
    stream = Stream.of(1, Purpose.DELAY, 0)
    targets = np.arange(50)
    rows = AllToAll(400, 50).rows(targets)
    exact = Drawn(name, parameters, stream).values(targets, rows)
    rounded = DrawnOnGrid(name, parameters, stream, 0.1).values(targets, rows)
    np.testing.assert_allclose(rounded, np.rint(exact / 0.1) * 0.1, rtol=1e-12)
