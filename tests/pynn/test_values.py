"""Evaluating PyNN's lazy arrays for some cells only."""

import numpy as np
import pytest
from pyNN.parameters import LazyArray

from distsim.errors import ParameterError
from distsim.partitioning.streams import Purpose
from distsim.pynn.gather import gather_arrays, gather_sequences
from distsim.pynn.random_numbers import values_of_cells
from distsim.pynn.values import as_function, evaluate

ADDRESS = (Purpose.PARAMETER, 0, 0)


def evaluated(value, positions, cells=None, size=10, dtype=float):
    lazy = value if isinstance(value, LazyArray) else LazyArray(value, shape=(size,), dtype=dtype)
    positions = np.array(positions, np.int64)
    cells = positions if cells is None else np.array(cells)

    def draw(distribution):
        return values_of_cells(distribution, 1, ADDRESS, cells, 0)

    return evaluate(lazy, positions, draw, "x", lambda values: None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3.0, [3.0, 3.0]),
        (np.arange(10.0), [2.0, 7.0]),
        (list(range(10)), [2.0, 7.0]),
        (lambda i: 10.0 * i, [20.0, 70.0]),
        (2.0 + 3.0 * LazyArray(np.arange(10.0), shape=(10,), dtype=float), [8.0, 23.0]),
    ],
)
def test_only_the_wanted_elements_are_given(value, expected):
    assert evaluated(value, [2, 7]).tolist() == expected
    assert evaluated(value, []).size == 0


def test_a_random_value_depends_on_the_cell_alone(sim):
    uniform = sim.RandomDistribution("uniform", low=0.0, high=1.0)
    every = evaluated(uniform, range(10))
    np.testing.assert_array_equal(evaluated(uniform, [2, 7]), every[[2, 7]])
    np.testing.assert_array_equal(evaluated(uniform, [0, 1], cells=[4, 5]), every[4:6])
    doubled = 2.0 * LazyArray(uniform, shape=(10,), dtype=float)
    np.testing.assert_array_equal(evaluated(doubled, [2, 7]), 2.0 * every[[2, 7]])


def test_a_seeded_generator_draws_for_all_cells(sim):
    rng = sim.NumpyRNG(seed=1)
    uniform = sim.RandomDistribution("uniform", low=0.0, high=1.0, rng=rng)
    expected = sim.NumpyRNG(seed=1).next(10, "uniform", {"low": 0.0, "high": 1.0})
    np.testing.assert_array_equal(evaluated(uniform, [2, 7]), expected[[2, 7]])


def test_texts_are_functions_of_distance():
    distance = np.array([0.0, 2.0])
    np.testing.assert_array_equal(as_function("exp(-d / 2) + np.sqrt(d)")(distance)[0], 1.0)
    assert as_function(3.0) == 3.0
    with pytest.raises(ParameterError, match="is not a function of distance"):
        as_function("0.1 * x")


def test_arrays_of_one_rank_are_gathered_as_they_are(sim):
    numbers, flags, rows = gather_arrays(
        np.arange(3), np.array([True, False]), np.ones((2, 3), np.float32)
    )
    assert numbers.tolist() == [0, 1, 2]
    assert flags.tolist() == [True, False]
    assert (rows.shape, rows.dtype) == ((2, 3), np.float32)
    (none,) = gather_arrays(np.zeros((0, 4)))
    assert none.shape == (0, 4)


def test_sequences_are_gathered_in_the_order_of_their_positions(sim):
    sequences = gather_sequences(np.array([2, 0, 1]), [np.arange(3.0), np.zeros(0), np.ones(1)])
    assert [s.tolist() for s in sequences] == [[], [1.0], [0.0, 1.0, 2.0]]


def test_spike_times_are_not_drawn_one_number_for_each_cell(sim):
    cells = sim.Population(2, sim.SpikeSourceArray())
    times = sim.RandomDistribution("uniform", low=0.0, high=1.0)
    with pytest.raises(ParameterError, match=r"spike_times .* RandomDistribution; give one Seq"):
        cells.set(spike_times=times)
