"""Populations, views and assemblies."""

import numpy as np
import pyNN.errors
import pyNN.space
import pytest

import distsim
from distsim.errors import ParameterError, PartitionError, SetupError
from distsim.pynn import simulator


@pytest.fixture
def ten(sim):
    return sim.Population(10, sim.IF_curr_exp(tau_m=lambda i: 10.0 + i), label="ten")


def indices_of(cells):
    """Return the indices in the population of the cells of a view."""
    return [int(gid) - cells.grandparent.first_id for gid in cells.all_cells]


# --- making -----------------------------------------------------------------------------------


def test_sizes_and_ids_follow_each_other(sim):
    a = sim.Population(3, sim.IF_curr_exp())
    b = sim.Population(4, sim.IF_cond_exp)
    assert (len(a), a.size, a.local_size) == (3, 3, 3)
    assert b.first_id == a.last_id + 1
    assert list(b.all_cells) == list(b.local_cells) == list(range(b.first_id, b.last_id + 1))
    assert a.all_cells[0] == a[0] == a[-3]


def test_numpy_integers_are_sizes(sim):
    assert sim.Population(np.int64(3), sim.IF_curr_exp()).size == 3


def test_a_class_takes_its_parameters_as_a_dict(sim):
    cells = sim.Population(2, sim.IF_curr_exp, {"tau_m": 12.0}, label="by class")
    assert cells.get("tau_m") == 12.0
    assert sim.Population(2, sim.IF_curr_exp, cellparams={}).get("tau_m") == 20.0


def test_tuples_are_sizes_of_grids(sim):
    grid = sim.Population((2, 3), sim.IF_curr_exp())
    assert grid.size == 6
    assert isinstance(grid.structure, pyNN.space.Grid2D)
    assert np.unique(grid.positions[0]).size == 2
    assert np.unique(grid.positions[1]).size == 3
    cube = sim.Population((2, 3, 4), sim.IF_curr_exp())
    assert cube.size == 24
    assert isinstance(cube.structure, pyNN.space.Grid3D)
    assert sim.Population((5,), sim.IF_curr_exp()).size == 5


@pytest.mark.parametrize("size", [-1, 2.5, "3", (2, 0), (2, 1.5), (1, 2, 3, 4), None, True])
def test_other_sizes_are_refused(sim, size):
    with pytest.raises(ParameterError, match="size"):
        sim.Population(size, sim.IF_curr_exp())


def test_a_grid_size_and_a_structure_contradict_each_other(sim):
    with pytest.raises(ParameterError, match="leave out 'structure'"):
        sim.Population((2, 3), sim.IF_curr_exp(), structure=sim.Line())


def test_parameters_with_an_instance_are_refused(sim):
    with pytest.raises(ParameterError, match="give them to its class"):
        sim.Population(2, sim.IF_curr_exp(), {"tau_m": 10.0})


@pytest.mark.parametrize("kind", [3, "IF_curr_exp", dict, None])
def test_what_is_no_cell_type_is_refused(sim, kind):
    with pytest.raises(ParameterError, match="not a cell type"):
        sim.Population(2, kind)


def test_a_cell_type_of_another_back_end_is_refused(sim):
    from pyNN import mock

    with pytest.raises(ParameterError, match="not a cell type of distsim"):
        sim.Population(2, mock.IF_curr_exp())


def test_there_is_no_population_before_setup(monkeypatch):
    monkeypatch.setattr(simulator.state, "_simulation", None)
    with pytest.raises(SetupError, match="call setup"):
        distsim.Population(2, distsim.IF_curr_exp())


def test_labels_have_a_default_and_are_kept(sim, ten):
    assert ten.label == "ten"
    other = sim.Population(1, sim.IF_curr_exp())
    assert other.label.startswith("population")
    assert sim.Population(1, sim.IF_curr_exp()).label != other.label
    assert "ten" in ten[2:4].label
    assert ten[2:4]._get_view([0], label="mine").label == "mine"


def test_annotations_are_kept(ten):
    ten.annotate(layer=4, kind="exc")
    assert ten.annotations == {"layer": 4, "kind": "exc"}
    view = ten[:2]
    view.annotate(part=1)
    assert view.annotations == {"part": 1}


@pytest.mark.parametrize("size", [0, 1, 10])
def test_populations_describe_themselves(sim, size):
    cells = sim.Population(size, sim.IF_cond_exp(), label="some cells")
    assert "some cells" in cells.describe()
    assert cells.describe(template=None)["size"] == size
    assert "some cells" in repr(cells)
    assert "some cells" in cells[:1].describe()
    assert (cells + sim.Population(1, sim.IF_curr_exp(), label="one")).describe()


def test_an_empty_population_can_do_all_that_others_can(sim):
    none = sim.Population(0, sim.IF_curr_exp(tau_m=sim.RandomDistribution("uniform", (1.0, 2.0))))
    assert list(none) == list(none.all()) == list(none.all_cells) == []
    assert none.positions.shape == (3, 0)
    assert none.get("tau_m", gather=True).size == 0
    none.set(tau_m=3.0, v_rest=lambda i: i)
    none.initialize(v=-60.0)
    none.record(["v", "spikes"])
    none.inject(sim.DCSource())
    assert none[:].size == 0
    assert none.sample(0).size == 0
    sim.run(1.0)
    assert none.get_spike_counts() == {}
    assert none.mean_spike_count() == 0
    assert not none.get_data().segments[0].spiketrains
    with pytest.raises(IndexError):
        none[0]


# --- selecting --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (slice(2, 5), [2, 3, 4]),
        (slice(None, None, 3), [0, 3, 6, 9]),
        (slice(-3, None), [7, 8, 9]),
        (slice(7, 100), [7, 8, 9]),
        (slice(5, 5), []),
        ([8, 1, 3], [1, 3, 8]),
        ([-1, 0], [0, 9]),
        ([3, 3, 3], [3]),
        ([], []),
        ((2, 4), [2, 4]),
        (np.array([2, 9]), [2, 9]),
        (np.arange(10) % 4 == 1, [1, 5, 9]),
        ([True, False] * 5, [0, 2, 4, 6, 8]),
        (np.zeros(10, bool), []),
    ],
)
def test_views_hold_what_was_selected(ten, selector, expected):
    view = ten[selector]
    assert indices_of(view) == expected
    assert view.size == len(view) == len(expected)
    assert view.get("tau_m", simplify=False).tolist() == [10.0 + k for k in expected]
    assert view.parent is view.grandparent is ten
    np.testing.assert_array_equal(view.positions, ten.positions[:, expected])


def test_views_of_views_select_within_the_view(ten):
    view = ten[2:9:2]
    assert indices_of(view) == [2, 4, 6, 8]
    inner = view[1:][[-1, 0]]
    assert indices_of(inner) == [4, 8]
    assert inner.grandparent is ten
    assert indices_of(view[np.array([True, False, False, True])]) == [2, 8]
    assert inner.index_in_grandparent([0, 1]).tolist() == [4, 8]
    assert inner[0] == ten[4]
    assert view.id_to_index(ten[6]) == 2


@pytest.mark.parametrize("index", [10, -11, [0, 10], [-11], np.array([3, 99])])
def test_an_index_out_of_range_is_refused(ten, index):
    with pytest.raises(IndexError, match="out of range for 'ten' of 10"):
        ten[index]


def test_a_mask_of_another_size_is_refused(ten):
    with pytest.raises(ParameterError, match=r"mask of 3 values.*'ten'"):
        ten[np.array([True, False, True])]


@pytest.mark.parametrize("index", ["a", 2.0, None, {1}])
def test_other_indices_are_refused(ten, index):
    with pytest.raises(TypeError, match="indices must be"):
        ten[index]


@pytest.mark.parametrize(
    "index", [[1.5, 2.0], np.array([0.5]), ["a"], [[0, 1], [2, 3]], np.ones((2, 5), bool)]
)
def test_arrays_that_hold_no_indices_are_refused(ten, index):
    with pytest.raises(TypeError, match="whole numbers or a mask"):
        ten[index]


def test_a_cell_elsewhere_has_no_index(sim, ten):
    other = sim.Population(3, sim.IF_curr_exp())
    with pytest.raises(IndexError, match="not in 'ten'"):
        ten.id_to_index(other[0])
    with pytest.raises(IndexError):
        ten[:5].id_to_index(ten[7])


def test_views_are_equal_where_their_cells_are(ten):
    assert ten[2:4] == ten[[2, 3]]
    assert ten[2:4] != ten[2:5]
    assert len({ten[2:4], ten[[2, 3]]}) == 1


def test_samples_have_the_size_asked_for(sim, ten):
    assert len(set(indices_of(ten.sample(7)))) == 7
    assert indices_of(ten.sample(10)) == list(range(10))
    first = indices_of(ten.sample(4, rng=sim.NumpyRNG(seed=3)))
    assert first == indices_of(ten.sample(4, rng=sim.NumpyRNG(seed=3)))
    assert set(indices_of(ten[5:].sample(3))) <= {5, 6, 7, 8, 9}
    with pytest.raises(ParameterError, match="cannot sample 11"):
        ten.sample(11)


def test_a_sample_with_a_seeded_rng_is_that_of_other_back_ends(sim, ten):
    from pyNN import mock

    mock.setup()
    theirs = mock.Population(10, mock.IF_curr_exp())
    chosen = theirs.sample(4, rng=mock.random.NumpyRNG(seed=9))
    expected = [theirs.id_to_index(cell) for cell in chosen.all_cells]
    assert indices_of(ten.sample(4, rng=sim.NumpyRNG(seed=9))) == sorted(expected)


# --- parameters -------------------------------------------------------------------------------


def test_equal_values_are_given_as_one_number(ten):
    assert ten.get("v_rest") == -65.0
    assert ten.get("v_rest", simplify=False).tolist() == [-65.0] * 10
    tau_m, cm = ten.get(["tau_m", "cm"])
    assert tau_m.tolist() == [10.0 + k for k in range(10)]
    assert cm == 1.0


@pytest.mark.parametrize(
    "value",
    [
        5.0 + np.arange(10),
        list(5.0 + np.arange(10)),
        lambda i: 5.0 + i,
        distsim.Sequence(5.0 + np.arange(10)).value,
    ],
)
def test_parameters_are_set_by_arrays_lists_and_functions(ten, value):
    ten.set(cm=value)
    assert ten.get("cm").tolist() == [5.0 + k for k in range(10)]


def test_a_function_of_the_index_counts_within_the_view(ten):
    ten[4:7].set(cm=lambda i: 10.0 * (i + 1))
    assert ten.get("cm").tolist() == [1, 1, 1, 1, 10, 20, 30, 1, 1, 1]
    ten[::5].set(cm=[7.0, 8.0])
    assert ten.get("cm")[[0, 5]].tolist() == [7.0, 8.0]


def test_random_values_without_an_rng_depend_on_the_seed_alone(sim):
    def drawn(seed):
        sim.setup(seed=seed, log=False)
        normal = sim.RandomDistribution("normal", mu=20.0, sigma=1.0)
        return sim.Population(50, sim.IF_curr_exp(tau_m=normal, cm=normal)).get(["tau_m", "cm"])

    first, again, other = drawn(1), drawn(1), drawn(2)
    np.testing.assert_array_equal(first, again)
    assert not np.isin(first, other).any()
    assert not np.isin(first[0], first[1]).any()


def test_random_values_of_a_seeded_rng_are_those_of_other_back_ends(sim):
    from pyNN import mock

    mock.setup()
    values = []
    for back_end in (sim, mock):
        first, second = (
            back_end.random.RandomDistribution("uniform", (10.0, 20.0), rng=sim.NumpyRNG(seed=7))
            for _ in range(2)
        )
        cells = back_end.Population(9, back_end.IF_curr_exp(tau_m=first))
        cells[2:6].set(cm=second)
        values.append(cells.get(["tau_m", "cm"], simplify=False))
    np.testing.assert_array_equal(*values)


def test_a_wrong_parameter_names_the_right_one(sim, ten):
    for use in (
        lambda: ten.set(t_refrac=1.0),
        lambda: ten.get("t_refrac"),
        lambda: ten[:3].get(["tau_m", "t_refrac"]),
        lambda: sim.IF_curr_exp(t_refrac=1.0),
        lambda: sim.Population(3, sim.IF_curr_exp, {"t_refrac": 1.0}),
    ):
        with pytest.raises(pyNN.errors.NonExistentParameterError, match="'tau_refrac'"):
            use()


@pytest.mark.parametrize("value", [[1.0, 2.0], np.ones(9), "abc", {"a": 1}, None, np.ones((2, 5))])
def test_values_that_do_not_fit_are_refused(ten, value):
    with pytest.raises((ParameterError, pyNN.errors.InvalidParameterValueError, ValueError)):
        ten.set(cm=value)
    assert ten.get("cm") == 1.0


def test_lists_of_spike_times_go_to_single_cells(sim):
    sources = sim.Population(3, sim.SpikeSourceArray(spike_times=[1.0, 2.0]))
    assert [s.value.tolist() for s in sources.get("spike_times")] == [[1.0, 2.0]] * 3
    sources.set(spike_times=[sim.Sequence([k]) for k in (1.0, 2.0, 3.0)])
    assert [s.value.tolist() for s in sources.get("spike_times")] == [[1.0], [2.0], [3.0]]
    sources[1].spike_times = [4.0, 5.0]
    assert sources[1].spike_times.value.tolist() == [4.0, 5.0]
    with pytest.raises(ParameterError, match="-1 ms"):
        sources.set(spike_times=[-1.0])


# --- initial values ---------------------------------------------------------------------------


def first_v(sim, cells):
    cells.record("v")
    sim.run(0.0)
    return cells.get_data().segments[0].analogsignals[0].magnitude[0].tolist()


@pytest.mark.parametrize("value", [-60.0, np.full(10, -60.0), [-60.0] * 10, lambda i: -60.0])
def test_initial_values_take_all_kinds(sim, ten, value):
    ten.initialize(v=value)
    assert first_v(sim, ten) == [-60.0] * 10


def test_initial_values_of_views_do_not_touch_other_cells(sim, ten):
    ten[2:4].initialize(v=[-50.5, -51.5])
    expected = [-65.0] * 10
    expected[2:4] = [-50.5, -51.5]
    assert ten[1:4].initial_values["v"].tolist() == expected[1:4]
    assert first_v(sim, ten) == expected
    sim.run(3.0)
    sim.reset()
    sim.run(0.0)
    again = ten.get_data().segments[-1].analogsignals[0].magnitude[0]
    assert again.tolist() == expected


def test_initial_values_are_given_when_a_population_is_made(sim):
    cells = sim.Population(3, sim.IF_cond_exp(), initial_values={"v": -61.0, "gsyn_exc": 0.1})
    assert cells.initial_values["v"].evaluate(simplify=True) == -61.0
    assert set(cells.initial_values) == {"v", "gsyn_exc", "gsyn_inh"}
    assert first_v(sim, cells) == [-61.0] * 3


def test_random_initial_values_of_a_view_and_of_its_population_differ(sim, ten):
    uniform = sim.RandomDistribution("uniform", low=-70.0, high=-60.0)
    ten.initialize(v=uniform)
    before = ten[:].initial_values["v"]
    ten[:5].initialize(v=uniform)
    after = ten[:].initial_values["v"]
    assert (before[:5] != after[:5]).all()
    assert (before[5:] == after[5:]).all()
    assert np.unique(np.concatenate([before, after])).size == 15


def test_an_unknown_variable_is_refused(sim, ten):
    with pytest.raises(ParameterError, match=r"unknown state variable 'vm'.*IF_curr_exp"):
        ten.initialize(vm=-60.0)
    with pytest.raises(ParameterError, match="it has none"):
        sim.Population(2, sim.SpikeSourcePoisson()).initialize(v=-60.0)


def test_cells_can_be_initialized_between_runs(sim, ten):
    ten.record("v")
    sim.run(1.0)
    ten.initialize(v=-55.0)
    sim.run(1.0)
    v = ten.get_data().segments[0].analogsignals[0].magnitude
    np.testing.assert_allclose(v[:10], -65.0, rtol=1e-12)
    # the sample of the moment between the runs is that of before
    assert (v[11:] > -56.0).all()


# --- space ------------------------------------------------------------------------------------


def test_positions_are_those_of_the_structure(sim):
    line = sim.Population(4, sim.IF_curr_exp(), structure=sim.Line(dx=2.0, x0=1.0, y=3.0))
    assert line.positions.tolist() == [[1.0, 3.0, 5.0, 7.0], [3.0] * 4, [0.0] * 4]
    default = sim.Population(3, sim.IF_curr_exp())
    assert default.positions.tolist() == [[0.0, 1.0, 2.0], [0.0] * 3, [0.0] * 3]
    inside = sim.RandomStructure(sim.Cuboid(2.0, 4.0, 6.0), origin=(1.0, 2.0, 3.0))
    cells = sim.Population(40, sim.IF_curr_exp(), structure=inside)
    assert (np.abs(cells.positions - [[1.0], [2.0], [3.0]]) <= [[1.0], [2.0], [3.0]]).all()
    np.testing.assert_array_equal(cells.positions, cells.positions)


def test_random_positions_of_a_seeded_rng_are_those_of_other_back_ends(sim):
    from pyNN import mock

    mock.setup()
    positions = [
        back_end.Population(
            5,
            back_end.IF_curr_exp(),
            structure=sim.RandomStructure(sim.Sphere(3.0), rng=sim.NumpyRNG(seed=2)),
        ).positions
        for back_end in (sim, mock)
    ]
    np.testing.assert_array_equal(*positions)


def test_positions_can_be_given(ten):
    positions = np.arange(30.0).reshape(3, 10)
    ten.positions = positions
    np.testing.assert_array_equal(ten.positions, positions)
    assert ten.structure is None
    assert ten.position_generator(2).tolist() == [2.0, 12.0, 22.0]
    with pytest.raises(ParameterError, match=r"shape \(3, 10\)"):
        ten.positions = np.zeros((10, 3))


def test_nearest_gives_the_cell_closest_to_a_place(ten):
    assert ten.nearest((3.2, 0.0, 0.0)) == ten[3]
    assert ten[5:].nearest((0.0, 0.0, 0.0)) == ten[5]


def test_positions_are_saved(ten, tmp_path):
    ten.save_positions(str(tmp_path / "positions.txt"))
    saved = np.loadtxt(tmp_path / "positions.txt")
    np.testing.assert_array_equal(saved[:, 0], np.arange(10))
    np.testing.assert_array_equal(saved[:, 1:].T, ten.positions)


# --- assemblies -------------------------------------------------------------------------------


@pytest.fixture
def both(sim, ten):
    other = sim.Population(4, sim.IF_cond_exp(tau_m=5.0), label="other")
    return ten[6:] + other


def test_populations_and_views_add_up_to_assemblies(sim, ten):
    other = sim.Population(4, sim.IF_curr_exp(), label="other")
    both = ten + other
    assert isinstance(both, sim.Assembly)
    assert both.size == len(both) == 14
    assert list(both.all_cells) == [*ten.all_cells, *other.all_cells]
    three = both + sim.Population(1, sim.IF_curr_exp())
    assert (both.size, three.size) == (14, 15)
    both += sim.Population(2, sim.IF_curr_exp())
    assert both.size == 16
    named = sim.Assembly(ten[:2], other, label="named")
    assert named.label == "named"
    assert named.get_population("other") is other
    with pytest.raises(KeyError):
        named.get_population("none")
    with pytest.raises(TypeError):
        both + 3


def test_assemblies_are_indexed_across_their_parts(sim, ten, both):
    assert both[3] == ten[9]
    assert both[4].tau_m == 5.0
    assert both[-1] == both.populations[1][3]
    part = both[2:6]
    assert [p.size for p in part.populations] == [2, 2]
    assert [int(cell) for cell in part.all_cells] == [int(both[k]) for k in range(2, 6)]
    assert both[[0, 7]].size == 2
    assert both[np.arange(8) > 5].size == 2
    assert both.id_to_index(both[5]) == 5
    assert [cell.tau_m for cell in both] == [16.0, 17.0, 18.0, 19.0, 5.0, 5.0, 5.0, 5.0]
    for index in (8, -9):
        with pytest.raises(IndexError):
            both[index]


def test_parameters_of_an_assembly_are_those_of_its_parts(both):
    assert both.get("tau_m").tolist() == [16.0, 17.0, 18.0, 19.0, 5.0, 5.0, 5.0, 5.0]
    both.set(v_rest=-70.0)
    assert both.get("v_rest") == -70.0
    tau_m, cm = both.get(["tau_m", "cm"], gather=True)
    assert tau_m.size == 8
    assert cm == 1.0
    both.initialize(v=-66.0)


def test_positions_of_an_assembly_are_those_of_its_parts(both, tmp_path):
    assert both.positions.shape == (3, 8)
    assert both.positions[0].tolist() == [6.0, 7.0, 8.0, 9.0, 0.0, 1.0, 2.0, 3.0]
    both.save_positions(str(tmp_path / "positions.txt"))
    assert np.loadtxt(tmp_path / "positions.txt").shape == (8, 4)
    assert both.sample(3).size == 3


def test_receptor_types_of_an_assembly_are_those_of_all_parts(sim, both):
    assert both.receptor_types == ["excitatory", "inhibitory"]
    assert not both._homogeneous_synapses
    sources = both + sim.Population(2, sim.SpikeSourceArray())
    assert sources.receptor_types == []


# --- partition --------------------------------------------------------------------------------


def test_a_partition_that_is_none_is_refused(sim):
    for wrong in (
        lambda first, n, n_ranks: np.full(n, n_ranks),
        lambda first, n, n_ranks: np.zeros(n + 1, int),
    ):
        sim.setup(partition=wrong, log=False)
        with pytest.raises(PartitionError):
            sim.Population(3, sim.IF_curr_exp())
    with pytest.raises(PartitionError, match="did you mean 'round_robin'"):
        sim.setup(partition="roundrobin", log=False)


def test_a_view_that_would_be_in_another_order_is_refused(sim):
    # with PyNN a projection onto such a view connects its last cell first
    cells = sim.Population(4, sim.IF_curr_exp(), label="four")
    for view in (cells, cells[:]):
        with pytest.raises(ParameterError, match=r"step -1 cannot reverse the cells of .*four"):
            view[::-1]
    assert [int(cell) for cell in cells[2:1:-1].all()] == [int(cells[2])]
    # PyNN orders lists, too, and what is taken from an assembly
    assert [int(c) for c in cells[[3, 0]].all()] == [int(cells[0]), int(cells[3])]
    assert (cells + sim.Population(1, sim.IF_curr_exp()))[::-1].size == 5


def test_an_empty_assembly_has_no_values(sim):
    assert sim.Assembly().get("tau_m").size == 0
    assert [values.size for values in sim.Assembly().get(["tau_m", "cm"])] == [0, 0]


@pytest.mark.parametrize("structure", ["Line", 3, distsim.Line])
def test_what_is_no_structure_is_told_so(sim, structure):
    with pytest.raises(ParameterError, match=r"structure = .*give an instance, such as Line\(\)"):
        sim.Population(2, sim.IF_curr_exp(), structure=structure)
    cells = sim.Population(2, sim.IF_curr_exp())
    with pytest.raises(ParameterError, match=r"structure = .*give an instance"):
        cells.structure = structure


@pytest.mark.parametrize("names", [3, None])
def test_what_is_no_name_of_a_parameter_is_told_so(sim, names):
    cells = sim.Population(2, sim.IF_curr_exp())
    for asked in (cells, cells[:1] + cells[1:]):
        with pytest.raises(ParameterError, match=rf"parameter_names = {names}; give a name"):
            asked.get(names)
    with pytest.raises(ParameterError, match="unknown parameter '3'"):
        cells.get([3])
