"""Connectors: who is connected, as PyNN means it, and what cannot be."""

import numpy as np
import pyNN.connectors
import pytest
from pyNN import mock
from pyNN.recording import files

import distsim
from distsim.errors import ConnectivityError, ParameterError
from distsim.pynn.projection_errors import ProjectionError

RANDOM = {
    "FixedProbabilityConnector": {"p_connect": 0.4},
    "FixedNumberPreConnector": {"n": 3},
    "FixedNumberPostConnector": {"n": 3},
    "FixedTotalNumberConnector": {"n": 20},
    "DistanceDependentProbabilityConnector": {"d_expression": "exp(-d / 3)"},
}


@pytest.fixture
def pre(sim):
    return sim.Population(6, sim.IF_curr_exp(), label="pre")


@pytest.fixture
def post(sim):
    return sim.Population(8, sim.IF_curr_exp(), label="post")


def matrix(projection):
    """Return the number of connections of each pair of cells."""
    counts = np.zeros(projection.shape, int)
    for i, j, _ in projection.get("weight", "list"):
        counts[i, j] += 1
    return counts


def connected(pre, post, connector, **options):
    """Return the number of connections of each pair of cells."""
    return matrix(distsim.Projection(pre, post, connector, **options))


# --- each rule --------------------------------------------------------------------------------


def test_all_are_connected_to_all(sim, pre, post):
    assert (connected(pre, post, sim.AllToAllConnector()) == 1).all()
    without = connected(pre, pre, sim.AllToAllConnector(allow_self_connections=False))
    np.testing.assert_array_equal(without, 1 - np.eye(6, dtype=int))


def test_self_connections_of_views_and_assemblies_are_left_out(sim, pre, post):
    connector = sim.AllToAllConnector(allow_self_connections=False)
    np.testing.assert_array_equal(
        connected(pre, pre[2:5], connector), 1 - np.eye(6, dtype=int)[:, 2:5]
    )
    np.testing.assert_array_equal(
        connected(pre[2:5], pre[3:], connector), 1 - np.eye(4, 3, -1, dtype=int)[:3]
    )
    both = post + pre
    np.testing.assert_array_equal(connected(both, pre, connector)[8:], 1 - np.eye(6, dtype=int))
    assert connected(both, pre, connector)[:8].all()


def test_one_is_connected_to_one(sim, pre, post):
    np.testing.assert_array_equal(
        connected(pre, post, sim.OneToOneConnector()), np.eye(6, 8, dtype=int)
    )
    np.testing.assert_array_equal(
        connected(post[2:], pre[1:3], sim.OneToOneConnector()), np.eye(6, 2, dtype=int)
    )


def test_probabilities_of_zero_and_one_are_exact(sim, pre, post):
    assert (connected(pre, post, sim.FixedProbabilityConnector(1)) == 1).all()
    assert not connected(pre, post, sim.FixedProbabilityConnector(0.0)).any()
    some = connected(pre, post, sim.FixedProbabilityConnector(0.5))
    assert some.max() == 1
    assert 5 < some.sum() < 43


def test_mutual_connections_can_be_left_out(sim, pre, post):
    connector = sim.FixedProbabilityConnector(0.9, allow_self_connections="NoMutual")
    counts = connected(pre, pre, connector)
    assert counts.sum() > 5
    assert not (counts * counts.T).any()
    assert connected(pre, post, connector).any()


def test_each_target_has_a_number_of_sources(sim, pre, post):
    counts = connected(pre, post, sim.FixedNumberPreConnector(4))
    assert (counts.sum(axis=0) == 4).all()
    assert counts.max() == 1
    numpys = connected(pre, post, sim.FixedNumberPreConnector(n=np.int64(2)))
    assert (numpys.sum(axis=0) == 2).all()
    many = connected(pre, post, sim.FixedNumberPreConnector(20, with_replacement=True))
    assert (many.sum(axis=0) == 20).all()
    assert many.max() > 1


def test_each_source_has_a_number_of_targets(sim, pre, post):
    counts = connected(pre, post, sim.FixedNumberPostConnector(4))
    assert (counts.sum(axis=1) == 4).all()
    assert counts.max() == 1
    many = connected(pre, post, sim.FixedNumberPostConnector(20, with_replacement=True))
    assert (many.sum(axis=1) == 20).all()


def test_there_is_a_number_of_connections_in_all(sim, pre, post):
    assert connected(pre, post, sim.FixedTotalNumberConnector(100)).sum() == 100
    once = connected(pre, post, sim.FixedTotalNumberConnector(30, with_replacement=False))
    assert once.sum() == 30
    assert once.max() == 1


@pytest.mark.parametrize("axis", [0, 1])
def test_the_number_can_be_random_for_each_cell(sim, axis):
    cells = sim.Population(40, sim.IF_curr_exp())
    for rng in (None, sim.NumpyRNG(seed=3)):
        numbers = sim.RandomDistribution("uniform_int", low=2, high=9, rng=rng)
        name = ["FixedNumberPreConnector", "FixedNumberPostConnector"][axis]
        degrees = connected(cells, cells, getattr(sim, name)(numbers)).sum(axis=axis)
        assert degrees.min() >= 2
        assert degrees.max() <= 9
        assert np.unique(degrees).size > 3


@pytest.mark.parametrize("probability", ["d < 2.5", "exp(-d / 2) > 0.3", lambda d: 1.0 * (d < 2.5)])
def test_the_probability_can_depend_on_the_distance(sim, pre, post, probability):
    counts = connected(pre, post, sim.DistanceDependentProbabilityConnector(probability))
    near = np.abs(np.subtract.outer(np.arange(6), np.arange(8))) < 2.5
    np.testing.assert_array_equal(counts, near)


def test_distances_are_those_of_the_space(sim, pre, post):
    ring = sim.Space(axes="x", periodic_boundaries=((0.0, 8.0), None, None))
    counts = connected(pre, post, sim.DistanceDependentProbabilityConnector("d < 1.5"), space=ring)
    assert counts[0].tolist() == [1, 1, 0, 0, 0, 0, 0, 1]
    shifted = sim.Space(axes="xy", offset=2.0, scale_factor=0.5)
    projection = sim.Projection(
        pre, post, sim.AllToAllConnector(), sim.StaticSynapse(weight="d"), space=shifted
    )
    expected = shifted.distances(pre.positions.T, post.positions.T).reshape(6, 8)
    np.testing.assert_allclose(projection.get("weight", "array"), expected, rtol=1e-12)


def test_an_array_names_the_pairs(sim, pre, post):
    mask = np.arange(48).reshape(6, 8) % 5 == 0
    np.testing.assert_array_equal(connected(pre, post, sim.ArrayConnector(mask)), mask)
    np.testing.assert_array_equal(connected(pre, post, sim.ArrayConnector(mask * 1)), mask)
    with pytest.raises(ConnectivityError, match=r"shape \(8, 6\).*needs \(6, 8\)"):
        connected(pre, post, sim.ArrayConnector(mask.T))


# --- lists and files --------------------------------------------------------------------------


def test_a_list_gives_pairs_weights_and_delays(sim, pre, post):
    rows = [(5, 7, 0.3, 1.5), (0, 0, 0.1, 0.5), (2, 7, 0.2, 1.0), (5, 7, 0.4, 2.0)]
    projection = sim.Projection(pre, post, sim.FromListConnector(rows))
    assert sorted(projection.get(["weight", "delay"], "list")) == sorted(rows)
    assert projection.size() == 4


def test_a_list_without_values_takes_them_from_the_synapse(sim, pre, post):
    synapse = sim.StaticSynapse(weight=0.7, delay="0.5 + d")
    projection = sim.Projection(pre, post, sim.FromListConnector([(0, 3), (5, 1)]), synapse)
    assert sorted(projection.get(["weight", "delay"], "list")) == [
        (0, 3, 0.7, 3.5),
        (5, 1, 0.7, 4.5),
    ]


def test_columns_of_a_list_can_be_named(sim, pre, post):
    rows = [(0, 3, 1.5, 0.2), (5, 1, 2.5, 0.3)]
    connector = sim.FromListConnector(rows, column_names=["delay", "weight"])
    projection = sim.Projection(pre, post, connector)
    assert sorted(projection.get(["weight", "delay"], "list")) == [
        (0, 3, 0.2, 1.5),
        (5, 1, 0.3, 2.5),
    ]
    connector = sim.FromListConnector([(0, 3, 1.5)], column_names=["delay"])
    projection = sim.Projection(pre, post, connector, sim.StaticSynapse(weight=0.5))
    assert projection.get(["weight", "delay"], "list") == [(0, 3, 0.5, 1.5)]
    connector = sim.FromListConnector([(0, 3, 1.5)], column_names=["wieght"])
    with pytest.raises(ConnectivityError, match=r"unknown column 'wieght'.*'weight'"):
        sim.Projection(pre, post, connector)


@pytest.mark.parametrize("rows", [[], np.zeros((0, 4)), ()])
def test_a_list_may_be_empty(sim, pre, post, rows):
    projection = sim.Projection(pre, post, sim.FromListConnector(rows))
    assert projection.size() == 0
    sim.run(0.5)


@pytest.mark.parametrize(
    "row", [(6, 0, 0.1, 1.0), (0, 8, 0.1, 1.0), (-1, 0, 0.1, 1.0), (0.5, 0, 0.1, 1.0)]
)
def test_indices_of_a_list_are_checked(sim, pre, post, row):
    with pytest.raises(ConnectivityError, match="index"):
        sim.Projection(pre, post, sim.FromListConnector([(0, 0, 0.1, 1.0), row]))


def test_values_of_a_list_are_checked(sim, pre, post):
    for row, text in (
        ((1, 1, -0.1, 1.0), "weight = -0.1"),
        ((1, 1, 0.1, 0.01), "delay = 0.01"),
        ((1, 1, np.nan, 1.0), "not a finite"),
    ):
        projection = sim.Projection(pre, post, sim.FromListConnector([(0, 0, 0.1, 1.0), row]))
        with pytest.raises(ProjectionError, match=text):
            projection.get("weight", "list")


def test_files_written_by_hand_can_be_read(sim, pre, post, tmp_path):
    name = str(tmp_path / "connections.txt")

    def rows_of(text, synapse=None):
        (tmp_path / "connections.txt").write_text(text)
        projection = sim.Projection(pre, post, sim.FromFileConnector(name), synapse)
        return sorted(projection.get(["weight", "delay"], "list"))

    assert rows_of("0 1 0.5 1.5\n2 3 0.25 2.5\n") == [(0, 1, 0.5, 1.5), (2, 3, 0.25, 2.5)]
    assert rows_of("0 1 0.5 1.5\n") == [(0, 1, 0.5, 1.5)]
    header = '# columns = ["i", "j", "delay", "weight"]\n'
    assert rows_of(header + "0 1 0.5 1.5\n2 3 0.25 2.5\n") == [(0, 1, 1.5, 0.5), (2, 3, 2.5, 0.2)]
    assert rows_of("# columns = ['weight']\n0 1 0.5\n", sim.StaticSynapse(delay=0.7)) == [
        (0, 1, 0.5, 0.7)
    ]
    assert rows_of("0 1\n2 3\n", sim.StaticSynapse(weight=0.5, delay=0.7)) == [
        (0, 1, 0.5, 0.7),
        (2, 3, 0.5, 0.7),
    ]
    assert rows_of("# a remark of the user\n0 1 0.5 1.5\n") == [(0, 1, 0.5, 1.5)]
    assert rows_of("") == []
    assert rows_of(header) == []


@pytest.mark.parametrize("text", ["0 1 0.5\n", "0 1 0.5 x\n", "0 1 0.5 1.0\n2 3\n"])
def test_files_that_hold_no_connections_are_refused(sim, pre, post, tmp_path, text):
    (tmp_path / "connections.txt").write_text(text)
    with pytest.raises(ConnectivityError, match=r"connections\.txt"):
        sim.Projection(pre, post, sim.FromFileConnector(str(tmp_path / "connections.txt")))


def test_a_missing_file_is_named(sim, pre, post):
    with pytest.raises(ConnectivityError, match=r"no/such/file\.txt"):
        sim.Projection(pre, post, sim.FromFileConnector("no/such/file.txt"))


def test_one_connector_can_make_several_projections(sim, pre, post, tmp_path):
    (tmp_path / "c.txt").write_text("# columns = ['delay', 'weight']\n0 1 0.5 1.5\n")
    connectors = [
        sim.FromFileConnector(str(tmp_path / "c.txt")),
        sim.FromFileConnector(files.StandardTextFile(str(tmp_path / "c.txt"), mode="r")),
        sim.FromListConnector([(0, 1, 0.5, 1.5)], column_names=("delay", "weight")),
    ]
    for connector in connectors:
        for _ in range(2):
            projection = sim.Projection(pre, post, connector)
            assert projection.get(["weight", "delay"], "list") == [(0, 1, 1.5, 0.5)]
    random = sim.FixedProbabilityConnector(0.5)
    first, second = (connected(pre, post, random) for _ in range(2))
    assert (first != second).any()


# --- random numbers ---------------------------------------------------------------------------


def drawn_by(back_end, name, arguments, is_self=False, weight=None):
    """Return connections with weights and delays that a back end makes with seeded generators.

    Each has one of its own: PyNN draws weights and delays from copies.
    """
    back_end.setup(timestep=0.1, min_delay=0.1)
    pre = back_end.Population(9, back_end.IF_curr_exp(), label="pre")
    post = pre if is_self else back_end.Population(12, back_end.IF_curr_exp(), label="post")
    rng = back_end.random.NumpyRNG(seed=42)
    if name in RANDOM:
        arguments = arguments | {"rng": rng}
    uniform = back_end.random.RandomDistribution
    synapse = back_end.StaticSynapse(
        weight=uniform("uniform", (0.1, 0.5), rng=back_end.random.NumpyRNG(seed=weight or 42)),
        delay=uniform(
            "normal_clipped", (1.0, 0.5, 0.1, 3.0), rng=back_end.random.NumpyRNG(seed=42)
        ),
    )
    connector = getattr(back_end, name)(**arguments)
    projection = back_end.Projection(pre, post, connector, synapse)
    rows = np.array(sorted(projection.get(["weight", "delay"], "list")))
    return rows.reshape(-1, 4), rng.next(5)


@pytest.mark.parametrize("is_self", [False, True])
@pytest.mark.parametrize("name", [*RANDOM, "AllToAllConnector", "OneToOneConnector"])
def test_a_seeded_rng_gives_what_other_back_ends_give(name, is_self):
    arguments = RANDOM.get(name, {})
    # of a number in all PyNN makes self-connections all the same
    if is_self and name not in ("OneToOneConnector", "FixedTotalNumberConnector"):
        arguments = arguments | {"allow_self_connections": False}
    ours, our_rng = drawn_by(distsim, name, arguments, is_self)
    theirs, their_rng = drawn_by(mock, name, arguments, is_self)
    assert ours.shape[0] > 5
    np.testing.assert_array_equal(ours[:, :3], theirs[:, :3])
    np.testing.assert_allclose(ours[:, 3], np.round(theirs[:, 3], 1), atol=1e-9)
    # where PyNN draws from a copy, ours goes on all the same
    assert np.array_equal(our_rng, their_rng) == ("Probability" not in name)


@pytest.mark.parametrize(
    ("name", "with_replacement"),
    [
        ("FixedNumberPreConnector", False),
        ("FixedNumberPreConnector", True),
        ("FixedNumberPostConnector", False),
        ("FixedNumberPostConnector", True),
        # PyNN takes no notice of the flag
        ("FixedTotalNumberConnector", True),
    ],
)
def test_a_seeded_rng_with_replacement_too(name, with_replacement):
    arguments = RANDOM[name] | {"with_replacement": with_replacement}
    np.testing.assert_array_equal(
        drawn_by(distsim, name, arguments)[0][:, :3], drawn_by(mock, name, arguments)[0][:, :3]
    )


@pytest.mark.parametrize("name", RANDOM)
def test_without_an_rng_the_seed_of_setup_alone_decides(name):
    def drawn(seed):
        distsim.setup(seed=seed, log=False)
        cells = distsim.Population(15, distsim.IF_curr_exp())
        return connected(cells, cells, getattr(distsim, name)(**RANDOM[name]))

    np.testing.assert_array_equal(drawn(1), drawn(1))
    assert (drawn(1) != drawn(2)).any()


@pytest.mark.parametrize("name", RANDOM)
def test_an_rng_without_a_seed_means_none(sim, pre, post, name):
    for rng in (sim.NumpyRNG(), sim.NativeRNG(), sim.NativeRNG(seed=4)):
        assert connected(pre, post, getattr(sim, name)(**RANDOM[name], rng=rng)).any()


def test_weights_of_a_seeded_rng_stay_the_same_when_looked_at_twice(sim, pre, post):
    weight = sim.RandomDistribution("uniform", (0.0, 1.0), rng=sim.NumpyRNG(seed=1))
    projection = sim.Projection(
        pre, post, sim.FixedProbabilityConnector(0.5), sim.StaticSynapse(weight=weight)
    )
    first = projection.get("weight", "list")
    sim.run(1.0)
    assert projection.get("weight", "list") == first


def test_connectors_of_pynn_itself_can_be_used(sim, pre, post):
    """A script that says `from pyNN.connectors import ...` works, too."""
    for connector in (
        pyNN.connectors.AllToAllConnector(),
        pyNN.connectors.FixedProbabilityConnector(0.5, rng=sim.NumpyRNG(seed=1)),
        pyNN.connectors.FixedNumberPreConnector(3, rng=sim.NumpyRNG(seed=1)),
    ):
        synapse = sim.StaticSynapse(weight=0.5, delay=1.0)
        counts = matrix(sim.Projection(pre, post, connector, synapse))
        assert counts.any()
    sim.run(0.5)


# --- wrong arguments --------------------------------------------------------------------------


def test_a_wrong_argument_names_the_right_one(sim):
    with pytest.raises(ParameterError, match=r"unknown argument 'p' .*'p_connect'"):
        sim.FixedProbabilityConnector(p=0.5)
    with pytest.raises(ParameterError, match="unknown argument 'num'"):
        sim.FixedNumberPreConnector(num=3)
    with pytest.raises(ParameterError, match="p_connect"):
        sim.FixedProbabilityConnector()


@pytest.mark.parametrize("p", [-0.1, 1.5, np.nan])
def test_a_probability_out_of_range_is_refused(sim, p):
    with pytest.raises(ParameterError, match="FixedProbabilityConnector"):
        sim.FixedProbabilityConnector(p)


def test_numbers_that_cannot_be_are_refused(sim):
    for make in (
        lambda: sim.FixedNumberPreConnector(-1),
        lambda: sim.FixedNumberPreConnector(2.5),
        lambda: sim.FixedTotalNumberConnector(-3),
    ):
        with pytest.raises((ConnectivityError, ParameterError, TypeError)):
            make()


def test_a_callback_is_told_how_far_the_connections_are(sim, pre, post):
    parts = []
    sim.Projection(pre, post, sim.AllToAllConnector(callback=parts.append))
    sim.run(0.1)
    assert parts[-1] == 1.0
    assert parts == sorted(parts)
    with pytest.raises(ParameterError, match="callback=3"):
        sim.AllToAllConnector(callback=3)


def test_unseeded_connectors_of_pynn_itself_share_no_numbers(sim, pre, post):
    made = [
        matrix(sim.Projection(pre, post, pyNN.connectors.FixedProbabilityConnector(0.5)))
        for _ in range(2)
    ]
    assert (made[0] != made[1]).any()


def test_locations_are_not_available(sim):
    with pytest.raises(NotImplementedError, match="location_selector"):
        sim.AllToAllConnector(location_selector="soma")


def test_connectors_describe_themselves(sim):
    assert sim.AllToAllConnector().describe(template=None)["name"] == "AllToAllConnector"


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: distsim.FixedProbabilityConnector(-0.1), "p_connect must be from 0 to 1"),
        (lambda: distsim.AllToAllConnector("x"), "allow_self_connections must be True, False or"),
        (lambda: distsim.FixedNumberPreConnector(n=-1), r"\(n=-1\): n must be 0 or above"),
        (lambda: distsim.SmallWorldConnector(2.0, 1.3), "rewiring must be from 0 to 1"),
        (lambda: distsim.AllToAllConnector(callback=3), "callback must be a function"),
        (
            lambda: distsim.FromListConnector([("a", 0, 0.1, 1.0)]),
            r"begins with \['a', '0', '0.1', '1.0'\]; give rows of numbers",
        ),
        (
            lambda: distsim.IndexBasedProbabilityConnector(lambda i, j: 0.5),
            "index_expression must be an IndexBasedExpression",
        ),
    ],
)
def test_an_argument_out_of_range_is_told_with_its_range(make, text):
    with pytest.raises(ParameterError, match=text):
        make()


@pytest.mark.parametrize("flag", [True, False, "NoMutual"])
def test_a_function_of_distance_is_taken_with_a_seeded_generator_too(sim, flag):
    cells = sim.Population(12, sim.IF_curr_exp())

    def made(expression):
        rng = sim.NumpyRNG(seed=3)
        connector = sim.DistanceDependentProbabilityConnector(expression, flag, rng=rng)
        synapse = sim.StaticSynapse(weight=0.1, delay=1.0)
        return sim.Projection(cells, cells, connector, synapse).get(["weight", "delay"], "list")

    expected = made("exp(-d / 3)")
    assert len(expected) > 10
    # as it sees distances of all pairs at once here, and those of one cell elsewhere
    assert made(lambda d: np.exp(-d / 3)) == expected
