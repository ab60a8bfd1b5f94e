"""Lattices whose connections are moved: invariants, and the statistics of Watts and Strogatz."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import shortest_path

from distsim.connectivity import Coordinates, Distances, Metric, Neighbours, SmallWorld
from distsim.partitioning.streams import Purpose, Stream


def itself(sources):
    return sources


def placed(coordinates):
    coordinates = np.asarray(coordinates, float)
    return Coordinates((coordinates,), (coordinates.shape[1],), (None,))


def ring(n, k, rewiring, seed=1, **options):
    """Return Watts and Strogatz's ring of n cells, each with k neighbours."""
    cells = placed([np.arange(n), np.zeros(n), np.zeros(n)])
    metric = Metric(axes=(0,), periodic_boundaries=((0, n), None, None))
    near = Neighbours(Distances(metric, cells, cells), k / 2 + 1)
    stream = Stream.of(seed, Purpose.CONNECT, 0)
    return SmallWorld(n, near, rewiring, stream, **options)


def matrix(world, n):
    indptr, targets = world.targets_of(np.arange(n))
    made = np.zeros((n, world.n_post), int)
    np.add.at(made, (np.repeat(np.arange(n), np.diff(indptr)), targets), 1)
    return made


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_neighbours_are_those_that_distances_say(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    n_pre, n_post = data.draw(st.integers(0, 30)), data.draw(st.integers(0, 30))
    # on a grid, where distances equal the radius, and beyond the boundaries
    pre, post = (
        rng.integers(-12, 12, (3, n)) * data.draw(st.sampled_from([0.1, 0.3, 1]))
        for n in (n_pre, n_post)
    )
    boundaries = data.draw(st.sampled_from([None, ((0, 3), None, None), ((-2, 2), (0, 1.2), None)]))
    axes = data.draw(st.sampled_from([(0,), (0, 1), (1, 2), (0, 1, 2)]))
    scale, offset = data.draw(st.sampled_from([(1.0, 0.0), (0.5, [0.1, 0, 2])]))
    distances = Distances(Metric(axes, scale, offset, boundaries), placed(pre), placed(post))
    radius = data.draw(st.sampled_from([0.0, 0.1, 0.3, 1.0, 2.5]))
    indptr, targets = Neighbours(distances, radius).of(np.arange(n_pre))
    is_near = np.less(distances.to(np.arange(n_post)).T, radius)
    assert np.diff(indptr).tolist() == is_near.sum(axis=1).tolist()
    assert targets.tolist() == np.nonzero(is_near)[1].tolist()


@settings(max_examples=150, deadline=None)
@given(
    n=st.integers(1, 30),
    k=st.integers(0, 15),
    rewiring=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    kind=st.sampled_from(["all", "others", "one way"]),
    most=st.sampled_from([None, 0, 3]),
    seed=st.integers(0, 2**64 - 1),
)
def test_each_source_keeps_its_number_of_different_targets(n, k, rewiring, kind, most, seed):
    options = {
        "all": {},
        "others": {"own": itself},
        "one way": {"own": itself, "is_one_way": True},
    }[kind]
    lattice = matrix(ring(n, 2 * k, 0.0, **options), n)
    made = matrix(ring(n, 2 * k, rewiring, seed, n_connections=most, **options), n)
    n_near = lattice.sum(axis=1)
    assert made.sum(axis=1).tolist() == (n_near if most is None else n_near.clip(max=most)).tolist()
    assert made.max() <= 1
    if kind != "all":
        assert not made.diagonal().any()
    if kind == "one way":
        assert not (made * made.T).any()
    if rewiring == 0:
        assert (made <= lattice).all()
    distance = np.abs(np.arange(n)[:, None] - np.arange(n))
    is_near = np.minimum(distance, n - distance) <= k
    expected = is_near if kind == "all" else is_near & (distance > 0)
    assert ((lattice | lattice.T if kind == "one way" else lattice) == expected).all()


def test_parts_of_the_sources_make_the_whole():
    world = ring(60, 6, 0.3, own=itself)
    whole = matrix(world, 60)
    for part in (np.arange(0, 60, 7), np.arange(13, 40)):
        indptr, targets = world.targets_of(part)
        for i, source in enumerate(part):
            row = targets[indptr[i] : indptr[i + 1]]
            assert sorted(row) == np.flatnonzero(whole[source]).tolist()


@pytest.mark.parametrize("rewiring", [0.05, 0.4, 1.0])
def test_connections_are_moved_with_their_probability(rewiring):
    n, k = 2000, 10
    made = matrix(ring(n, k, rewiring, own=itself), n)
    lattice = matrix(ring(n, k, 0.0, own=itself), n)
    # m of k are moved, and m of the n - 1 - k + m free places are places that were left
    m = np.arange(k + 1)
    probabilities = stats.binom.pmf(m, k, rewiring)
    share = m / (n - 1 - k + m)
    mean = (probabilities * (k - m + m * share)).sum()
    square = (probabilities * ((k - m + m * share) ** 2 + m * share * (1 - share))).sum()
    n_near = (made * lattice).sum()
    assert abs(n_near - n * mean) < 4 * np.sqrt(n * max(square - mean**2, mean / n))
    # those moved arrive anywhere
    far = (made * (1 - lattice)).sum(axis=0)
    far_mean = far.sum() / n
    assert stats.chi2.sf(((far - far_mean) ** 2 / far_mean).sum(), n - 1) > 1e-4


def undirected(n, k, rewiring, seed):
    made = matrix(ring(n, k, rewiring, seed, own=itself, is_one_way=True), n)
    return made | made.T


def clustering(graph):
    linked = graph.astype(np.float32)
    degree = graph.sum(axis=1)
    triangles = ((linked @ linked) * linked).sum(axis=1)
    return (triangles / np.maximum(degree * (degree - 1), 1)).mean()


def path_length(graph, n_from=40):
    paths = shortest_path(csr_matrix(graph), unweighted=True, indices=np.arange(n_from))
    return paths.sum() / (n_from * (graph.shape[0] - 1))


def test_worlds_are_small_as_watts_and_strogatz_found():
    n, k = 1000, 10
    lattice = undirected(n, k, 0.0, 1)
    assert (lattice.sum(axis=1) == k).all()
    # closed forms of the ring
    assert clustering(lattice) == pytest.approx(3 * (k - 2) / (4 * (k - 1)))
    steps = np.ceil(np.arange(1, n // 2 + 1) / (k / 2))
    length = (2 * steps.sum() - steps[-1]) / (n - 1)
    assert path_length(lattice) == pytest.approx(length)
    for rewiring in (0.01, 0.1, 0.3):
        graphs = [undirected(n, k, rewiring, seed) for seed in range(4)]
        ratios = [clustering(graph) / clustering(lattice) for graph in graphs]
        # a triangle stays if none of its three edges is moved; corrections are of order k / n
        spread = np.std(ratios, ddof=1) / 2
        assert abs(np.mean(ratios) - (1 - rewiring) ** 3) < 4 * spread + 2 * k / n
        # their figure 2: short paths while the clustering is that of the lattice
        assert path_length(graphs[0]) < length / 3
    assert path_length(graphs[0]) == pytest.approx(np.log(n) / np.log(k), rel=0.25)


def test_all_connections_moved_give_a_random_graph():
    made = sum(matrix(ring(11, 4, 1.0, seed, own=itself), 11) for seed in range(2000))
    expected = 2000 * 4 / 10
    counts = made[~np.eye(11, dtype=bool)]
    # each is binomial; those of a source add up to a constant
    variance = expected * (1 - 4 / 10)
    assert stats.chi2.sf(((counts - expected) ** 2 / variance).sum() * 10 / 11, 11 * 9) > 1e-4
    assert counts.min() > expected - 5 * np.sqrt(variance)
