"""Positions that are computed from indices are those of PyNN's structures; distances, too."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyNN import space
from scipy import stats

from distsim.connectivity import Ball, Box, Coordinates, Distances
from distsim.partitioning.streams import Purpose, Stream
from distsim.pynn.positions import computed_places, metric_of

STREAM = Stream.of(3, Purpose.POSITION, 0)
numbers = st.floats(-100, 100)


@st.composite
def grids(draw):
    """Return a structure, and a size that it can have."""
    a, b, c = (draw(st.integers(1, 6)) for _ in range(3))
    dx, dy, dz, x, y, z = (draw(numbers) for _ in range(6))
    return draw(
        st.sampled_from(
            [
                (space.Line(dx, x, y, z), a * b),
                (space.Grid2D(a / b, dx, dy, x, y, z), a * b),
                (space.Grid3D(1, 1, dx, dy, dz, x, y, z), a**3),
                (space.Grid3D(2, 1, dx, dy, dz, x, y, z), 4 * c**3),
            ]
        )
    )


@settings(max_examples=200, deadline=None)
@given(grids(), st.data())
def test_any_cell_of_a_grid_is_where_pynn_has_it(grid, data):
    structure, size = grid
    chosen = np.array(data.draw(st.lists(st.integers(0, size - 1))), np.int64)
    places = computed_places(structure, size, seed=1, number=0)
    assert places is not None
    np.testing.assert_array_equal(places.at(chosen), structure.generate_positions(size)[:, chosen])


def test_what_does_not_follow_from_the_index_is_not_computed():
    class Own(space.Line):
        pass

    class Rounded(space.Cuboid):
        pass

    rng = space.NumpyRNG(seed=1)
    for structure in (
        space.Grid2D(fill_order="random"),
        Own(),
        space.RandomStructure(space.Sphere(1.0), rng=rng),
        space.RandomStructure(Rounded(1, 1, 1)),
    ):
        assert computed_places(structure, 4, 1, 0) is None


def test_cells_fill_a_cuboid_evenly():
    n, origin = 20_000, np.array([1.0, -5.0, 0.0])
    x = Box((2.0, 4.0, 0.0), tuple(origin), STREAM).at(np.arange(n)) - origin[:, None]
    assert not x[2].any()
    for axis, extent in ((0, 2.0), (1, 4.0)):
        assert stats.kstest(x[axis], stats.uniform(-extent / 2, extent).cdf).pvalue > 1e-4
    assert abs(stats.pearsonr(x[0], x[1])[0]) < 4 / np.sqrt(n)


def test_cells_fill_a_sphere_evenly():
    n, origin = 20_000, np.array([1.0, -5.0, 2.0])
    x = (Ball(3.0, tuple(origin), STREAM).at(np.arange(n)) - origin[:, None]) / 3.0
    distance = np.sqrt((x**2).sum(axis=0))
    assert stats.kstest(distance**3, "uniform").pvalue > 1e-4
    for axis in x:
        # of a point on a sphere each coordinate is evenly distributed
        assert stats.kstest(axis / distance, stats.uniform(-1, 2).cdf).pvalue > 1e-4
    assert (np.abs(np.corrcoef(x) - np.eye(3)) < 4 / np.sqrt(n)).all()


def test_a_cell_is_where_it_is_whoever_asks():
    for places in (Box((2.0, 4.0, 1.0), (0, 0, 0), STREAM), Ball(3.0, (0, 0, 0), STREAM)):
        chosen = np.array([7, 3, 90, 3])
        np.testing.assert_array_equal(places.at(chosen), places.at(np.arange(100))[:, chosen])


@settings(max_examples=100, deadline=None)
@given(
    axes=st.sampled_from([None, *(axes for axes in space.Space.AXES if axes)]),
    scale=st.sampled_from([1.0, 0.25]),
    offset=st.sampled_from([0.0, 3.0, np.array([1.0, 0.0, -2.0])]),
    boundaries=st.sampled_from([None, ((0, 10), None, (-5, 5)), ((0, 4), (0, 4), (0, 4))]),
    seed=st.integers(0, 2**32),
)
def test_distances_are_those_of_pynns_space(axes, scale, offset, boundaries, seed):
    measured = space.Space(axes, scale, offset, boundaries)
    rng = np.random.default_rng(seed)
    pre, post = rng.uniform(0, 4, (3, 5)), rng.uniform(0, 4, (3, 7))
    expected = measured.distances(pre.T, post.T).reshape(5, 7)
    cells = [
        Coordinates((x[:, :2], x[:, 2:]), (2, x.shape[1] - 2), (None, None)) for x in (pre, post)
    ]
    distances = Distances(metric_of(measured), *cells)
    np.testing.assert_array_equal(distances.to(np.arange(7)).T, expected)
    rows = distances.of(np.array([2, 6]), np.array([0, 1, 3]), np.array([4, 0, 1]))
    np.testing.assert_array_equal(rows, expected[[4, 0, 1], [2, 6, 6]])


@pytest.mark.parametrize("kind", ["line", "grid", "cube"])
def test_no_rank_holds_positions_that_it_can_compute(sim, kind):
    structure = {
        "line": sim.Line(dx=2.0),
        "grid": sim.Grid2D(),
        "cube": sim.RandomStructure(sim.Cuboid(1, 1, 1)),
    }[kind]
    cells = sim.Population(25, sim.IF_curr_exp(), structure=structure)
    near = sim.DistanceDependentProbabilityConnector("exp(-d)")
    synapse = sim.StaticSynapse(weight="0.1 * d", delay="0.1 + d")
    made = sim.Projection(cells[3:] + cells[:3], cells, near, synapse)
    sim.run(0.1)
    rows = made.get("weight", "list")
    assert cells._positions is None
    np.testing.assert_array_equal(cells[7].position, cells.positions[:, 7])
    where = cells.positions[:, [*range(3, 25), *range(3)]]
    for i, j, weight in rows:
        distance = np.linalg.norm(where[:, i] - cells.positions[:, j])
        assert weight == pytest.approx(0.1 * distance, rel=1e-6)
    # as they were: cells that move later do not change what is connected
    cells.positions = cells.positions + np.arange(25)
    np.testing.assert_array_equal(made.get("weight", "list"), rows)
