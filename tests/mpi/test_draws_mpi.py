"""Random numbers, positions and functions of the index: the same on any number of ranks.

What is expected is made anew, in a network where nothing was asked before, or from numpy alone.
"""

import numpy as np
import pytest

import distsim
from distsim.errors import ParameterError
from distsim.partitioning.distributions import quantile
from distsim.partitioning.streams import Purpose, Stream, uniforms

N = 11
UNIFORM = distsim.RandomDistribution("uniform", low=10.0, high=20.0)


@pytest.fixture
def sim():
    """Return the back end, set up anew."""
    distsim.setup(timestep=0.1, log=False)
    return distsim


def drawn(variable, revision, purpose=Purpose.PARAMETER, seed=1, number=0):
    """Return what the cells of a population draw from `UNIFORM`."""
    variant = distsim.IF_curr_exp.variable_names().index(variable)
    stream = Stream.of(seed, purpose, number, variant, revision)
    return quantile(UNIFORM.name, UNIFORM.parameters, uniforms(stream, np.arange(N)))


def initial_v(cells):
    """Return the initial values of v of all cells."""
    cells.record("v")
    distsim.run(0.0)
    return cells.get_data(gather="all").segments[0].analogsignals[0].magnitude[0]


def assert_equal_on_all_ranks(comm, values):
    for other in comm.allgather(np.asarray(values)):
        np.testing.assert_array_equal(other, values)


# --- random values ----------------------------------------------------------------------------


def test_random_values_do_not_depend_on_what_each_rank_has_set(sim):
    cells = sim.Population(N, sim.IF_curr_exp())
    for cell in cells:
        cell.tau_m = 15.0
        cell.set_initial_value("v", 3.0)
    if sim.rank() == 0:
        cells[:2].set(tau_m=3.0)
    cells.set(tau_m=UNIFORM)
    np.testing.assert_array_equal(cells.get("tau_m", gather=True), drawn("tau_m", 1))
    cells.initialize(v=UNIFORM)
    expected = drawn("v", 1, Purpose.INITIAL_VALUE)
    np.testing.assert_array_equal(initial_v(cells), expected)


def test_random_values_of_a_new_population_are_the_first(sim):
    cells = sim.Population(N, sim.IF_curr_exp(tau_m=UNIFORM), initial_values={"v": UNIFORM})
    np.testing.assert_array_equal(cells.get("tau_m", gather=True), drawn("tau_m", 0))
    np.testing.assert_array_equal(initial_v(cells), drawn("v", 0, Purpose.INITIAL_VALUE))


def test_a_random_value_is_the_next_of_its_cell_whoever_draws_it(sim):
    cells = sim.Population(N, sim.IF_curr_exp())
    for cell in cells:
        cell.tau_m = UNIFORM
    np.testing.assert_array_equal(cells.get("tau_m", gather=True), drawn("tau_m", 1))
    # on the owners of some cells alone, then everywhere
    if cells[2:5].local_size:
        cells[2:5].set(tau_m=UNIFORM)
    cells[4:7].set(tau_m=UNIFORM)
    revisions = np.array([1, 1, 2, 2, 3, 2, 2, 1, 1, 1, 1])
    expected = np.choose(revisions - 1, [drawn("tau_m", k) for k in (1, 2, 3)])
    np.testing.assert_array_equal(cells.get("tau_m", gather=True), expected)
    cells.set(tau_m=UNIFORM)
    expected = np.choose(revisions - 1, [drawn("tau_m", k) for k in (2, 3, 4)])
    np.testing.assert_array_equal(cells.get("tau_m", gather=True), expected)


def test_random_initial_values_are_counted_for_each_cell(sim):
    cells = sim.Population(N, sim.IF_curr_exp())
    for cell in cells:
        if cells.id_to_index(cell) % 2:
            cell.set_initial_value("v", UNIFORM)
    cells.initialize(v=UNIFORM)
    first, second = (drawn("v", k, Purpose.INITIAL_VALUE) for k in (1, 2))
    np.testing.assert_array_equal(initial_v(cells), np.where(np.arange(N) % 2, second, first))


def test_distributions_in_arithmetic_draw_numbers_of_their_own(sim):
    cells = sim.Population(N, sim.IF_curr_exp())
    sum_of_two = sim.LazyArray(UNIFORM, shape=(N,)) + sim.LazyArray(UNIFORM, shape=(N,))
    cells.set(tau_m=sum_of_two)
    expected = drawn("tau_m", 1) + drawn("tau_m", 2)
    np.testing.assert_array_equal(cells.get("tau_m", gather=True), expected)


def test_a_generator_that_is_not_parallel_safe_gives_the_same_on_any_number_of_ranks(sim):
    rng = sim.NumpyRNG(seed=7, parallel_safe=False)
    uniform = sim.RandomDistribution("uniform", low=10.0, high=20.0, rng=rng)
    cells = sim.Population(N, sim.IF_curr_exp(tau_m=uniform), initial_values={"v": uniform})
    np.testing.assert_array_equal(cells.get("tau_m", gather=True), drawn("tau_m", 0, seed=7))
    np.testing.assert_array_equal(initial_v(cells), drawn("v", 0, Purpose.INITIAL_VALUE, 7))
    connector = sim.FixedProbabilityConnector(0.3, rng=rng)
    projection = sim.Projection(cells, cells, connector, sim.StaticSynapse(weight=uniform))
    weights = [projection.get("weight", "array", gather="all")]
    projection.set(weight=uniform)
    weights.append(projection.get("weight", "array", gather="all"))
    for revision, matrix in enumerate(weights):
        stream = Stream.of(7, Purpose.WEIGHT, 0, revision=revision)
        for target, column in enumerate(matrix.T):
            given = column[~np.isnan(column)]
            u = uniforms(stream, np.array([target]), given.size)
            np.testing.assert_array_equal(given, quantile(UNIFORM.name, UNIFORM.parameters, u))


def test_a_single_cell_cannot_be_drawn_from_a_generator_that_all_ranks_share(sim, comm):
    rng = sim.NumpyRNG(seed=1)
    uniform = sim.RandomDistribution("uniform", low=10.0, high=20.0, rng=rng)
    cells = sim.Population(N, sim.IF_curr_exp())
    if comm.Get_size() > 1:
        for cell in cells:
            with pytest.raises(ParameterError, match="v of a single cell is drawn from NumpyRNG"):
                cell.set_initial_value("v", uniform)
            with pytest.raises(ParameterError, match=r"set all cells at once, cells\.set\(tau_m="):
                cell.tau_m = uniform


def test_a_seeded_generator_goes_on_from_object_to_object_on_any_number_of_ranks(sim):
    rng = sim.NumpyRNG(seed=1, parallel_safe=True)
    uniform = sim.RandomDistribution("uniform", low=10.0, high=20.0, rng=rng)
    expected = np.random.RandomState(1)
    cells = sim.Population(N, sim.IF_curr_exp(tau_m=uniform), initial_values={"v": uniform})
    first = expected.uniform(10.0, 20.0, N)
    np.testing.assert_array_equal(cells.get("tau_m", gather=True), first)
    np.testing.assert_array_equal(initial_v(cells), expected.uniform(10.0, 20.0, N))
    cells[3:].set(tau_m=uniform)
    first[3:] = expected.uniform(10.0, 20.0, N - 3)
    np.testing.assert_array_equal(cells.get("tau_m", gather=True), first)
    connector = sim.FixedProbabilityConnector(0.4, rng=rng)
    for _ in range(2):
        projection = sim.Projection(cells, cells, connector, sim.StaticSynapse(weight=uniform))
        matrix = projection.get("weight", "array", gather="all")
        is_made = expected.uniform(size=(N, N)).T < 0.4
        np.testing.assert_array_equal(~np.isnan(matrix), is_made)
        weights = expected.uniform(10.0, 20.0, int(is_made.sum()))
        np.testing.assert_allclose(matrix.T[is_made.T], weights, rtol=1e-7)
    assert rng.next() == expected.uniform()


def test_samples_do_not_depend_on_who_has_read_positions(sim, comm):
    cells = sim.Population(N, sim.IF_curr_exp(), structure=sim.RandomStructure(sim.Sphere(1.0)))
    if sim.rank() == 0:
        cells.positions  # noqa: B018
    assert_equal_on_all_ranks(comm, cells.sample(5).all_cells)


def test_weights_that_pynn_draws_beside_a_seeded_connector_are_those_of_the_projection(sim, comm):
    cells = sim.Population(N, sim.IF_curr_exp())
    weight = sim.RandomDistribution("uniform", low=0.0, high=1.0)

    def weights():
        connector = sim.FixedProbabilityConnector(0.5, rng=sim.NumpyRNG(seed=3))
        synapse = sim.StaticSynapse(weight=weight, delay=1.0)
        matrix = sim.Projection(cells, cells, connector, synapse).get(
            "weight", "array", gather="all"
        )
        return np.nan_to_num(matrix)

    first, second = weights(), weights()
    assert_equal_on_all_ranks(comm, first)
    assert not np.array_equal(first, second)
    assert np.array_equal(first > 0, second > 0)
    distsim.setup(timestep=0.1, log=False)
    cells = sim.Population(N, sim.IF_curr_exp())
    # what a rank alone has drawn of it does not matter
    if sim.rank() == 0:
        weight.next(5)
    np.testing.assert_array_equal(weights(), first)


# --- positions --------------------------------------------------------------------------------


def structures(sim):
    return [
        lambda: sim.RandomStructure(sim.Sphere(10.0)),
        lambda: sim.RandomStructure(sim.Cuboid(1.0, 2.0, 3.0), rng=sim.NativeRNG(seed=4)),
        lambda: sim.RandomStructure(sim.Sphere(10.0), rng=sim.NumpyRNG(seed=4)),
        lambda: sim.RandomStructure(sim.Sphere(10.0), rng=sim.NumpyRNG(4, parallel_safe=False)),
        lambda: sim.Grid2D(aspect_ratio=3.0, fill_order="random"),
        lambda: sim.Grid3D(1.0, 1.0 / 12.0, fill_order="random", rng=sim.NumpyRNG(seed=4)),
    ]


@pytest.mark.parametrize("kind", range(6))
@pytest.mark.parametrize("is_shared", [False, True])
def test_positions_do_not_depend_on_who_reads_them_when(sim, comm, kind, is_shared):
    def populations():
        distsim.setup(timestep=0.1, log=False)
        make = structures(sim)[kind]
        one = make()
        return [
            sim.Population(12, sim.IF_curr_exp(), structure=one if is_shared else make())
            for _ in range(2)
        ]

    expected = [cells.positions.copy() for cells in populations()]
    for positions in expected:
        assert_equal_on_all_ranks(comm, positions)
    a, b = populations()
    if sim.rank() == comm.Get_size() - 1:
        b.positions  # noqa: B018
    if sim.rank() == 0:
        a[3:5].positions  # noqa: B018
    np.testing.assert_array_equal(a.positions, expected[0])
    np.testing.assert_array_equal((a[1:3] + b).positions[:, 2:], expected[1])
    # two generators of one seed give the same, one generator goes on
    assert np.array_equal(*expected) == (kind in (2, 5) and not is_shared)


def test_distances_do_not_depend_on_which_rank_has_drawn_a_picture(sim, comm, shared_tmp_path):
    structure = sim.RandomStructure(sim.Sphere(10.0))
    a = sim.Population(5, sim.IF_curr_exp(), structure=structure, label="a")
    b = sim.Population(6, sim.IF_curr_exp(), structure=structure, label="b")
    b.save_positions(str(shared_tmp_path / "b.txt"))
    if sim.rank() == 0:
        a.positions  # noqa: B018
    projection = sim.Projection(
        a,
        b,
        sim.DistanceDependentProbabilityConnector("d < 15"),
        sim.StaticSynapse(weight="0.01 * d", delay="0.5 + 0.1 * d"),
    )
    distances = np.linalg.norm(a.positions[:, :, None] - b.positions[:, None, :], axis=0)
    expected = np.where(distances < 15, 0.01 * distances, np.nan)
    weights, delays = projection.get(["weight", "delay"], "array", gather="all")
    np.testing.assert_allclose(weights, expected, rtol=1e-12)
    # delays are rounded to steps of 0.1 ms
    assert np.nanmax(np.abs(delays - 0.5 - 10.0 * expected)) <= 0.05 + 1e-9
    assert_equal_on_all_ranks(comm, np.nan_to_num(delays))
    assert_equal_on_all_ranks(comm, b.positions)
    saved = np.loadtxt(shared_tmp_path / "b.txt")[:, 1:].T
    np.testing.assert_allclose(saved, b.positions, rtol=1e-5, atol=1e-5)


def test_cells_that_their_owners_move_are_there_for_all(sim, comm):
    a, b = sim.Population(5, sim.IF_curr_exp()), sim.Population(6, sim.IF_curr_exp())
    for cells in (a, b):
        for cell in cells:
            cell.position = np.array([3.0 * cells.id_to_index(cell), 1.0, 2.0])
    if sim.rank() == 0:
        b[5].position = (100.0, 1.0, 2.0)
    pairs = sim.AllToAllConnector()
    projection = sim.Projection(a[1:], b[:5], pairs, sim.StaticSynapse(weight="1.0 + d"))
    expected = 1.0 + 3.0 * np.abs(np.subtract.outer(np.arange(1, 5), np.arange(5)))
    np.testing.assert_array_equal(projection.get("weight", "array", gather="all"), expected)
    # of a cell that is elsewhere, its owner has the word
    for cells in (a, b):
        assert_equal_on_all_ranks(comm, cells.positions)


def test_the_generator_of_a_structure_stays_the_users(sim):
    rng = sim.NativeRNG(seed=3)
    structure = sim.RandomStructure(sim.Sphere(1.0), rng=rng)
    cells = sim.Population(4, sim.IF_curr_exp(), structure=structure)
    cells.positions  # noqa: B018
    assert structure.rng is rng
    assert cells.structure is structure


# --- functions of the index -------------------------------------------------------------------


@pytest.fixture
def calls():
    """Return the arguments that functions of the index were called with."""
    np.random.seed(1)  # noqa: NPY002
    return []


def test_functions_of_the_index_are_called_once_for_all_cells(sim, calls):
    def function(indices):
        calls.append(indices)
        return 10.0 + np.random.rand(len(indices))  # noqa: NPY002 - what scripts do

    cells = sim.Population(N, sim.IF_curr_exp(tau_m=function), initial_values={"v": function})
    cells.set(cm=function)
    cells[3:7].set(tau_m=function)
    cells[::3].initialize(v=function)
    sizes = [N, N, N, 4, 4]
    assert [list(indices) for indices in calls] == [list(range(n)) for n in sizes]
    numbers = np.random.RandomState(1).rand(sum(sizes))
    tau_m, v, cm, later_tau_m, later_v = np.split(10.0 + numbers, np.cumsum(sizes)[:-1])
    tau_m[3:7], v[::3] = later_tau_m, later_v
    np.testing.assert_array_equal(cells.get("tau_m", gather=True), tau_m)
    np.testing.assert_array_equal(cells.get("cm", gather=True), cm)
    np.testing.assert_array_equal(initial_v(cells), v)


def test_spike_times_by_a_function_are_those_of_one_rank(sim, calls):
    def times(indices):
        return [sim.Sequence(np.random.rand(1)) for _ in indices]  # noqa: NPY002

    sources = sim.Population(4, sim.SpikeSourceArray(spike_times=times))
    expected = np.random.RandomState(1).rand(4)
    given = [float(each.value[0]) for each in sources.get("spike_times", gather=True)]
    assert given == expected.tolist()


@pytest.mark.parametrize("size", [1, 4])
def test_a_function_that_gives_one_sequence_is_called_for_each_cell(sim, size):
    sources = sim.Population(
        size, sim.SpikeSourceArray(spike_times=lambda i: sim.Sequence([10.0 + i]))
    )
    given = sources.get("spike_times", gather=True, simplify=False)
    assert [each.value.tolist() for each in given] == [[10.0 + k] for k in range(size)]
    sources.set(spike_times=lambda i: sim.Sequence([1.0, 2.0]))
    given = sources.get("spike_times", gather=True, simplify=False)
    assert [each.value.tolist() for each in given] == [[1.0, 2.0]] * size
    sources[:1].set(spike_times=lambda i: sim.Sequence([20.0 + i]))
    assert sources.get("spike_times", gather=True, simplify=False)[0].value.tolist() == [20.0]


def test_assemblies_ask_functions_for_each_of_their_parts(sim, comm, calls):
    a, b = sim.Population(3, sim.IF_curr_exp()), sim.Population(5, sim.IF_curr_exp())
    (a + b[1:4]).set(tau_m=lambda i: 10.0 + np.random.rand(len(i)))  # noqa: NPY002
    numbers = 10.0 + np.random.RandomState(1).rand(6)
    np.testing.assert_array_equal(a.get("tau_m", gather=True), numbers[:3])
    np.testing.assert_array_equal(b.get("tau_m", gather=True)[1:4], numbers[3:])


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda i: [1.0, 2.0], r"shape \(2,\) for 11 cells"),
        (lambda i: np.ones((11, 2)), r"shape \(11, 2\) for 11 cells"),
        (lambda i: 5.0 if i > 2 else 6.0, "array of the indices of all cells"),
        (lambda i: None, "tau_m of IF_curr_exp = None is no real number"),
        (lambda i: "ten", "tau_m of IF_curr_exp = 'ten'"),
    ],
)
def test_what_is_neither_one_value_nor_one_per_cell_is_refused_on_all_ranks(
    sim, comm, function, text
):
    cells = sim.Population(N, sim.IF_curr_exp())
    for make in (
        lambda: cells.set(tau_m=function),
        lambda: sim.Population(N, sim.IF_curr_exp(tau_m=function)),
    ):
        with pytest.raises(ParameterError, match=text) as caught:
            make()
        assert len(set(comm.allgather(str(caught.value)))) == 1


@pytest.mark.parametrize("value", [lambda i: [1.0, 2.0], lambda i: np.ones((4, 2))])
def test_functions_give_one_sequence_per_cell(sim, value):
    sources = sim.Population(4, sim.SpikeSourceArray())
    with pytest.raises(ParameterError, match="give one Sequence per cell"):
        sources.set(spike_times=value)


def test_iterators_give_one_value_after_another(sim):
    cells = sim.Population(N, sim.IF_curr_exp())
    cells.set(tau_m=iter(range(1, 100)))
    np.testing.assert_array_equal(cells.get("tau_m", gather=True), np.arange(1.0, N + 1))
    with pytest.raises(ParameterError, match=r"shape \(3,\)"):
        cells.set(tau_m=iter(range(3)))
