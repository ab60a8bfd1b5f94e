"""Projections: looking at connections, setting and saving them, receptor types, errors."""

import numpy as np
import pyNN.errors
import pytest
from pyNN import mock
from pyNN.core import IndexBasedExpression
from pyNN.recording import files

import distsim
from distsim.errors import ConnectivityError, ParameterError
from distsim.pynn.projection_errors import ProjectionError


@pytest.fixture
def pre(sim):
    return sim.Population(3, sim.IF_curr_exp(), label="pre")


@pytest.fixture
def post(sim):
    return sim.Population(4, sim.IF_curr_exp(), label="post")


@pytest.fixture
def dense(sim, pre, post):
    return sim.Projection(
        pre, post, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.5, delay=1.5)
    )


def all_to_all(sim, pre, post, **options):
    """Return a projection with the given weight, delay and other options."""
    values = {name: options.pop(name) for name in ("weight", "delay") if name in options}
    synapse = sim.StaticSynapse(**values)
    return sim.Projection(pre, post, sim.AllToAllConnector(), synapse, **options)


# --- looking at connections -------------------------------------------------------------------


def test_a_projection_has_a_size_and_a_shape(dense):
    assert len(dense) == dense.size() == dense.size(gather=False) == 12
    assert dense.shape == (3, 4)


def test_lists_have_addresses_first(dense):
    rows = dense.get(["weight", "delay"], "list")
    assert rows[:4] == [(0, 0, 0.5, 1.5), (1, 0, 0.5, 1.5), (2, 0, 0.5, 1.5), (0, 1, 0.5, 1.5)]
    assert len(rows) == 12
    assert dense.get("delay", "list")[0] == (0, 0, 1.5)
    assert dense.get(["delay", "weight"], "list")[0] == (0, 0, 1.5, 0.5)
    assert dense.get("weight", "list", with_address=False) == [0.5] * 12
    assert dense.get(["weight", "delay"], "list", with_address=False) == [(0.5, 1.5)] * 12
    for gather in (True, False, "all"):
        assert dense.get(["weight", "delay"], "list", gather=gather) == rows


def test_arrays_hold_nan_where_there_is_no_connection(sim, pre, post):
    rows = [(0, 1, 0.1, 0.5), (2, 3, 0.2, 0.7)]
    sparse = sim.Projection(pre, post, sim.FromListConnector(rows))
    weights = np.full((3, 4), np.nan)
    weights[0, 1], weights[2, 3] = 0.1, 0.2
    np.testing.assert_array_equal(sparse.get("weight", "array"), weights)
    both = sparse.get(["weight", "delay"], "array")
    np.testing.assert_array_equal(both[0], weights)
    assert both[1][2, 3] == 0.7
    np.testing.assert_array_equal(sparse.get("weights", "array"), weights)


@pytest.mark.parametrize(
    ("rule", "expected"), [("sum", 0.9), ("min", 0.2), ("max", 0.4), ("first", 0.3), ("last", 0.2)]
)
def test_several_connections_of_two_cells_stand_as_one_number(sim, pre, post, rule, expected):
    rows = [(1, 2, 0.3, 1.0), (0, 0, 0.1, 1.0), (1, 2, 0.4, 1.0), (1, 2, 0.2, 1.0)]
    connections = sim.Projection(pre, post, sim.FromListConnector(rows))
    array = connections.get("weight", "array", multiple_synapses=rule)
    assert array[1, 2] == pytest.approx(expected, abs=1e-15)
    assert array[0, 0] == 0.1
    assert [row for row in connections.get("weight", "list") if row[:2] == (1, 2)] == [
        (1, 2, 0.3),
        (1, 2, 0.4),
        (1, 2, 0.2),
    ]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("weight", "lists"), "'list' or 'array'"),
        (("wieght", "list"), "did you mean 'weight'"),
        (("U", "array"), "unknown parameter 'U'"),
    ],
)
def test_what_cannot_be_shown_is_refused(dense, arguments, text):
    with pytest.raises((ProjectionError, ParameterError), match=text):
        dense.get(*arguments)


def test_an_unknown_rule_for_several_connections_is_refused(dense):
    with pytest.raises(ProjectionError, match="did you mean 'sum'"):
        dense.get("weight", "array", multiple_synapses="summ")


def test_connections_are_objects(dense, pre, post):
    connections = list(dense)
    assert len(connections) == len(dense.connections) == 12
    first = dense[0]
    assert (first.presynaptic_index, first.postsynaptic_index) == (0, 0)
    assert (first.presynaptic_cell, first.postsynaptic_cell) == (pre[0], post[0])
    assert (first.source, first.target) == (pre[0], post[0])
    assert (first.weight, first.delay) == (0.5, 1.5)
    last = dense[-1]
    assert last.as_tuple("presynaptic_index", "postsynaptic_index", "weight") == (2, 3, 0.5)
    assert [c.postsynaptic_index for c in dense[2:5]] == [0, 1, 1]
    for index in (12, -13):
        with pytest.raises(IndexError, match=f"connection {index}"):
            dense[index]


def test_weight_and_delay_of_one_connection_can_be_set(sim, dense):
    dense[5].weight = 2.5
    dense[5].delay = 0.7
    assert (dense[5].weight, dense[5].delay) == (2.5, 0.7)
    assert (dense[4].weight, dense[4].delay) == (0.5, 1.5)
    assert dense.get("weight", "array")[2, 1] == 2.5
    with pytest.raises(ProjectionError, match="0 or above"):
        dense[0].weight = -1.0
    with pytest.raises(ProjectionError, match=r"delay = 0.01 ms.*shorter than dt"):
        dense[0].delay = 0.01
    sim.run(1.0)
    assert (sim.get_min_delay(), sim.get_max_delay()) == (0.7, 1.5)


def test_many_weights_can_be_set_one_by_one_in_little_time(sim):
    cells = sim.Population(200, sim.IF_curr_exp())
    connections = all_to_all(sim, cells, cells, weight=0.0)
    for k, connection in enumerate(connections):
        connection.weight = k
    assert connections.get("weight", "list", with_address=False) == list(range(40_000))


# --- setting ----------------------------------------------------------------------------------


class Sum(IndexBasedExpression):
    """The sum of both indices."""

    def __call__(self, i, j):
        return 1.0 * (i + j)


BY_INDEX = np.add.outer(np.arange(3.0), np.arange(4.0))
BY_DISTANCE = np.abs(np.subtract.outer(np.arange(3.0), np.arange(4.0)))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.25, np.full((3, 4), 0.25)),
        (np.float32(0.25), np.full((3, 4), 0.25)),
        (2, np.full((3, 4), 2.0)),
        (BY_INDEX, BY_INDEX),
        (Sum(), BY_INDEX),
        ("2*d", 2 * BY_DISTANCE),
        (lambda d: 2 * d, 2 * BY_DISTANCE),
        ("exp(-d / 2)", np.exp(-BY_DISTANCE / 2)),
    ],
)
def test_weights_take_all_kinds_of_values(sim, pre, post, value, expected):
    made = all_to_all(sim, pre, post, weight=value)
    np.testing.assert_allclose(made.get("weight", "array"), expected, rtol=1e-15)
    later = all_to_all(sim, pre, post, weight=7.0)
    later.set(weight=value)
    np.testing.assert_allclose(later.get("weight", "array"), expected, rtol=1e-15)


def test_delays_are_rounded_to_steps(sim, pre, post):
    connections = all_to_all(sim, pre, post, delay="0.33 + 0.1 * d")
    expected = np.round(0.3 + 0.1 * BY_DISTANCE, 9)
    np.testing.assert_array_equal(connections.get("delay", "array"), expected)


def test_a_list_sets_one_value_for_each_connection(sim, pre, post):
    rows = [(2, 1, 0.1, 1.0), (0, 3, 0.1, 1.0), (0, 0, 0.1, 1.0)]
    connections = sim.Projection(pre, post, sim.FromListConnector(rows))
    connections.set(weight=[1.0, 2.0, 3.0], delay=[0.5, 0.6, 0.7])
    assert sorted(connections.get(["weight", "delay"], "list")) == [
        (0, 0, 1.0, 0.5),
        (0, 3, 2.0, 0.6),
        (2, 1, 3.0, 0.7),
    ]
    with pytest.raises(ValueError, match=r".+"):
        connections.set(weight=[1.0, 2.0])


def test_weights_can_be_initialized(sim, pre, post, dense):
    dense.initialize(weight=0.25)
    assert set(dense.get("weight", "list", with_address=False)) == {0.25}
    assert dense.initial_values == {"weight": 0.25}
    dynamic = sim.Projection(pre, post, sim.AllToAllConnector(), sim.TsodyksMarkramSynapse())
    for name in ("wieght", "z"):
        with pytest.raises(ParameterError, match=f"'{name}'"):
            dynamic.initialize(**{name: 0.5})


def test_synapses_begin_with_the_numbers_that_they_are_given(sim):
    spikes = sim.Population(2, sim.SpikeSourceArray(spike_times=[5.0, 15.0]))
    cells = sim.Population(3, sim.IF_cond_exp())
    quantal = sim.MultiQuantalSynapse(n=[[3, 4, 5], [6, 7, 8]], U=0.5, weight=0.01, delay=1.0)
    connections = sim.Projection(spikes, cells, sim.AllToAllConnector(), quantal)
    space = quantal.parameter_space
    connections.initialize(a=space["n"], u=space["U"])
    np.testing.assert_array_equal(connections.get("a", "array"), [[3, 4, 5], [6, 7, 8]])
    np.testing.assert_array_equal(connections.get("u", "array"), 0.5)


@pytest.mark.parametrize("kind", ["number", "array", "list", "random"])
def test_variables_of_a_source_can_begin_alike_or_not(sim, kind):
    """Facilitation that decays from one spike to the next, by the equations of the model."""
    spikes = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0]))
    cells = sim.Population(3, sim.IF_curr_exp())
    synapse = sim.TsodyksMarkramSynapse(U=0.2, tau_rec=50.0, tau_facil=40.0, weight=1.0, delay=1.0)
    connections = sim.Projection(spikes, cells, sim.AllToAllConnector(), synapse)
    sim.run(20.0)
    begins = {
        "number": 0.7,
        "array": np.array([[0.3, 0.4, 0.5]]),
        "list": [0.3, 0.4, 0.5],
        "random": sim.RandomDistribution("uniform", low=0.1, high=0.9),
    }
    connections.initialize(u=begins[kind])
    u = connections.get("u", "array")[0]
    assert np.unique(u).size == (1 if kind == "number" else 3)
    if kind != "random":
        np.testing.assert_array_equal(u, np.broadcast_to(np.ravel(begins[kind]), 3))
    spikes.set(spike_times=[30.0])
    sim.run(20.0)
    after = u * np.exp(-25.0 / 40.0)
    np.testing.assert_allclose(
        connections.get("u", "array")[0], after + 0.2 * (1.0 - after), rtol=1e-12
    )
    sim.reset()
    np.testing.assert_array_equal(connections.get("u", "array")[0], u)


def test_random_values_change_with_each_setting(sim, pre, post):
    uniform = sim.RandomDistribution("uniform", low=1.0, high=2.0)
    connections = all_to_all(sim, pre, post, weight=uniform, delay=uniform)
    first, delays = connections.get(["weight", "delay"], "array")
    assert ((first >= 1.0) & (first < 2.0)).all()
    assert np.unique(first).size == 12
    assert not np.isin(np.round(first, 1), delays).all()
    connections.set(weight=uniform)
    second = connections.get("weight", "array")
    assert not np.isin(first, second).any()
    np.testing.assert_array_equal(connections.get("delay", "array"), delays)
    np.testing.assert_array_equal(connections.get("weight", "array"), second)


def test_wrong_values_are_refused_when_set(sim, pre, post, dense):
    for wrong in ({"weights": 1.0}, {"U": 0.5}, {"tau_rec": 1.0}):
        with pytest.raises(pyNN.errors.NonExistentParameterError, match="unknown parameter"):
            dense.set(**wrong)
    with pytest.raises(ProjectionError, match="0 or above"):
        dense.set(weight=-1.0)
    with pytest.raises(ProjectionError, match="shorter than dt"):
        dense.set(delay=0.0)
    with pytest.raises(pyNN.errors.InvalidDimensionsError, match=r"shape \(2, 2\)"):
        dense.set(weight=np.ones((2, 2)))
    dense.set(weight=1.0, delay=1.0)
    sim.run(1.0)


def test_a_wrong_random_weight_can_be_set_right(sim, pre, post):
    normal = sim.RandomDistribution("normal", mu=0.1, sigma=1.0)
    connections = all_to_all(sim, pre, post, weight=normal)
    with pytest.raises(ProjectionError, match="0 or above"):
        sim.run(1.0)
    connections.set(weight=0.1)
    sim.run(1.0)
    assert connections.get("weight", "list", with_address=False) == [0.1] * 12


# --- saving -----------------------------------------------------------------------------------


def test_connections_are_saved_and_read_back(sim, pre, post, tmp_path):
    uniform = sim.RandomDistribution("uniform", low=0.5, high=2.0)
    original = sim.Projection(
        pre,
        post,
        sim.FixedProbabilityConnector(0.7),
        sim.StaticSynapse(weight=uniform, delay=uniform),
    )
    name = str(tmp_path / "connections.txt")
    expected = original.get(["weight", "delay"], "list")
    for attributes in ("all", "connections", ["weight", "delay"]):
        original.save(attributes, name)
        copy = sim.Projection(pre, post, sim.FromFileConnector(name))
        assert copy.get(["weight", "delay"], "list") == expected
    original.save("weight", name)
    copy = sim.Projection(pre, post, sim.FromFileConnector(name), sim.StaticSynapse(delay=0.5))
    assert copy.get("weight", "list") == original.get("weight", "list")
    assert (copy.get("delay", "array")[copy.get("weight", "array") > 0] == 0.5).all()


def test_connections_are_saved_as_an_array(dense, tmp_path):
    dense.save("weight", str(tmp_path / "weights.txt"), format="array")
    np.testing.assert_array_equal(np.loadtxt(tmp_path / "weights.txt"), np.full((3, 4), 0.5))


@pytest.mark.parametrize(
    ("kind", "binary"),
    [
        ("StandardTextFile", ""),
        ("PickleFile", "b"),
        ("NumpyBinaryFile", "b"),
        ("HDF5ArrayFile", ""),
    ],
)
@pytest.mark.parametrize("n", [0, 3])
def test_connections_are_saved_to_all_kinds_of_file(sim, pre, post, tmp_path, kind, binary, n):
    if kind == "HDF5ArrayFile":
        pytest.importorskip("tables")
    name = str(tmp_path / "connections")
    weight = sim.RandomDistribution("uniform", (0.25, 0.75))
    synapse = sim.TsodyksMarkramSynapse(weight=weight, delay=1.5, U=0.25)
    connector = sim.FixedNumberPreConnector(n)
    saved = sim.Projection(pre, post, connector, synapse)
    saved.save("all", getattr(files, kind)(name, mode="w" + binary))
    connector = sim.FromFileConnector(getattr(files, kind)(name, mode="r" + binary))
    names = synapse.get_parameter_names()
    for _ in range(2):
        copied = sim.Projection(pre, post, connector, sim.TsodyksMarkramSynapse(U=0.9))
        assert copied.get(names, "list") == saved.get(names, "list")
    assert len(copied) == 4 * n


# --- names and receptor types -----------------------------------------------------------------


def test_projections_have_labels_and_describe_themselves(sim, pre, post, dense):
    assert dense.label == "pre→post"
    assert "pre→post" in dense.describe()
    assert "pre→post" in repr(dense)
    named = all_to_all(sim, pre, post, label="mine")
    assert named.label == "mine"
    assert named.describe(template=None)["label"] == "mine"
    # one rank may ask alone: what takes all ranks is known only after they have counted
    assert "call size()" in named.describe(template=None)["size"]
    assert named.size() == 12
    assert named.describe(template=None)["size"] == 12


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        (0.5, "excitatory"),
        (0.0, "excitatory"),
        (-0.5, "inhibitory"),
        (np.full((3, 4), -0.1), "inhibitory"),
        ("-0.1*d", "inhibitory"),
        (lambda d: 0.1 + d, "excitatory"),
        (distsim.RandomDistribution("uniform", low=-2.0, high=-1.0), "inhibitory"),
        (distsim.RandomDistribution("gamma", k=2.0, theta=1.0), "excitatory"),
        (
            distsim.RandomDistribution("uniform", (-2.0, -1.0), rng=distsim.NumpyRNG(seed=1)),
            "inhibitory",
        ),
    ],
)
def test_the_receptor_type_is_guessed_by_the_sign_of_the_weights(sim, pre, post, weight, expected):
    connections = all_to_all(sim, pre, post, weight=weight)
    assert connections.receptor_type == expected
    sim.run(0.2)


def test_a_list_tells_the_receptor_type_too(sim, pre, post):
    connections = sim.Projection(pre, post, sim.FromListConnector([(0, 0, -0.5, 1.0)]))
    assert connections.receptor_type == "inhibitory"


def test_conductances_are_positive_for_both_receptor_types(sim, pre):
    cells = sim.Population(4, sim.IF_cond_exp())
    assert all_to_all(sim, pre, cells, weight=0.1).receptor_type == "excitatory"
    inhibitory = all_to_all(sim, pre, cells, weight=0.1, receptor_type="inhibitory")
    assert inhibitory.receptor_type == "inhibitory"
    for receptor_type in (None, "inhibitory", "excitatory"):
        with pytest.raises(ProjectionError, match=r"weight = -0.1.*conductance-based"):
            all_to_all(sim, pre, cells, weight=-0.1, receptor_type=receptor_type)


def test_a_weight_of_the_wrong_sign_is_refused(sim, pre, post):
    with pytest.raises(ProjectionError, match=r"weight = -0.5 .*'pre→post'.*0 or above"):
        all_to_all(sim, pre, post, weight=-0.5, receptor_type="excitatory")
    with pytest.raises(pyNN.errors.ConnectionError, match="0 or below"):
        all_to_all(sim, pre, post, weight=0.5, receptor_type="inhibitory")


def test_an_unknown_receptor_type_is_refused(sim, pre, post):
    with pytest.raises(ProjectionError, match=r"'?excitatory', 'inhibitory'"):
        all_to_all(sim, pre, post, receptor_type="AMPA")
    assert all_to_all(sim, pre, post, receptor_type="default").receptor_type == "excitatory"


# --- errors -----------------------------------------------------------------------------------


def test_sources_cannot_be_targets(sim, pre):
    for sources in (
        sim.Population(2, sim.SpikeSourceArray()),
        sim.Population(2, sim.SpikeSourcePoisson())[:1],
    ):
        with pytest.raises(ProjectionError, match="spike sources and have no synapses"):
            all_to_all(sim, pre, sources)


def test_only_cells_can_be_connected(sim, pre, post):
    with pytest.raises(ProjectionError, match=r"presynaptic_population must be .* not a list"):
        all_to_all(sim, [1, 2], post)
    with pytest.raises(ProjectionError, match="not a ID"):
        all_to_all(sim, pre, post[0])
    with pytest.raises(ProjectionError, match="not a connector"):
        sim.Projection(pre, post, 0.5)
    with pytest.raises(ProjectionError, match="not a connector"):
        sim.Projection(pre, post, sim.AllToAllConnector)


def test_models_of_different_synapses_cannot_be_targets_together(sim, pre, post):
    with pytest.raises(ProjectionError, match="homogeneous"):
        all_to_all(sim, pre, post + sim.Population(2, sim.IF_cond_exp()))


def test_synapse_types_of_other_back_ends_are_refused(sim, pre, post):
    mock.setup()
    with pytest.raises(ProjectionError, match=r"TsodyksMarkramSynapse.*none of this simulator's"):
        sim.Projection(pre, post, sim.AllToAllConnector(), mock.TsodyksMarkramSynapse())
    with pytest.raises(ProjectionError, match=r"synapse_type = 0.5; give an instance"):
        sim.Projection(pre, post, sim.AllToAllConnector(), 0.5)


@pytest.mark.parametrize("value", ["x + 1", "d +", "import os", ""])
def test_a_text_that_is_no_function_of_distance_is_refused(sim, value):
    with pytest.raises(ParameterError, match="not a function of distance"):
        sim.StaticSynapse(weight=value)


@pytest.mark.parametrize("delay", [0.0, 0.04, -1.0, np.nan])
def test_a_delay_shorter_than_a_step_is_refused(sim, pre, post, delay):
    with pytest.raises(ProjectionError, match=r"delay = .* ms .* shorter than dt = 0.1 ms"):
        all_to_all(sim, pre, post, delay=delay)


def test_delays_outside_of_what_setup_was_told_are_refused(sim):
    for bounds, delay, text in (
        ({"min_delay": 1.0}, 0.5, "delay = 0.5 ms is shorter than min_delay = 1 ms"),
        ({"max_delay": 2.0}, 2.5, "delay = 2.5 ms is longer than max_delay = 2 ms"),
    ):
        sim.setup(timestep=0.1, log=False, **bounds)
        cells = sim.Population(2, sim.IF_curr_exp())
        with pytest.raises(ConnectivityError, match=text):
            all_to_all(sim, cells, cells, delay=delay) and sim.run(1.0)


def test_the_default_delay_is_the_smallest(sim):
    sim.setup(timestep=0.1, min_delay=0.5, log=False)
    cells = sim.Population(2, sim.IF_curr_exp())
    assert (all_to_all(sim, cells, cells).get("delay", "array") == 0.5).all()
    sim.setup(timestep=0.2, log=False)
    cells = sim.Population(2, sim.IF_curr_exp())
    assert (all_to_all(sim, cells, cells).get("delay", "array") == 0.2).all()


def test_empty_ends_give_no_connections(sim, pre, post):
    none = sim.Population(0, sim.IF_curr_exp())
    for ends in ((none, post), (pre, none), (none, none), (pre[:0], post), (pre, post[:0])):
        connections = all_to_all(sim, *ends, weight=0.1)
        assert connections.size() == len(connections) == 0
        assert connections.get("weight", "list") == []
        assert connections.get("weight", "array").shape == (ends[0].size, ends[1].size)
        assert list(connections) == []
        connections.set(weight=2.0)
    sim.run(1.0)
