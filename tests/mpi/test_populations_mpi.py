"""Populations that are spread over real ranks; to be started under mpiexec."""

import numpy as np
import pytest

import distsim
from distsim.errors import ParameterError


@pytest.fixture
def sim():
    """Return the back end, set up anew."""
    distsim.setup(timestep=0.1, log=False)
    return distsim


def assert_equal_on_all_ranks(comm, values):
    for other in comm.allgather(np.asarray(values)):
        np.testing.assert_array_equal(other, values)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 11])
def test_every_cell_is_on_one_rank(sim, comm, size):
    cells = sim.Population(size, sim.IF_curr_exp())
    local = [int(cell) for cell in cells]
    assert cells.local_size == len(local) == len(cells.local_cells)
    assert all(cells.is_local(cell) and cell.local for cell in cells)
    together = sorted(gid for part in comm.allgather(local) for gid in part)
    assert together == list(range(cells.first_id, cells.first_id + size))
    assert len(cells) == len(list(cells.all())) == size


@pytest.mark.parametrize("size", [1, 2, 5])
def test_gathered_parameters_are_those_of_all_cells_on_every_rank(sim, size):
    cells = sim.Population(size, sim.IF_cond_exp(tau_m=lambda i: 10.0 + i, cm=2.0))
    expected = 10.0 + np.arange(size)
    values, same = cells.get(["tau_m", "cm"], gather=True)
    np.testing.assert_array_equal(values, expected if size > 1 else 10.0)
    assert same == 2.0
    full = cells.get("tau_m", gather=True, simplify=False)
    np.testing.assert_array_equal(full, expected)
    np.testing.assert_array_equal(cells.get("tau_m", simplify=False), expected[cells._mask_local])
    view = cells[::2]
    np.testing.assert_array_equal(view.get("tau_m", gather=True, simplify=False), expected[::2])


def test_gathered_spike_times_are_those_of_all_cells(sim):
    times = [sim.Sequence(np.arange(k) + 0.5) for k in range(5)]
    cells = sim.Population(5, sim.SpikeSourceArray(spike_times=times))
    gathered = cells.get("spike_times", gather=True)
    assert [list(each.value) for each in gathered] == [list(each.value) for each in times]


@pytest.mark.parametrize("gather", [True, False])
def test_spike_times_are_one_sequence_per_cell_also_where_they_are_alike(sim, comm, gather):
    sources = sim.Population(5, sim.SpikeSourceArray(spike_times=[1.0, 2.0]))
    for cells in (sources, sources[1:4], sources[1:3] + sources[4:], sources[[0, 4]]):
        given = cells.get("spike_times", gather=gather)
        assert isinstance(given, np.ndarray)
        assert given.shape == (cells.size if gather else cells.local_size,)
        assert all(each == sim.Sequence([1.0, 2.0]) for each in given)
        (listed,) = cells.get(["spike_times"], gather=gather)
        assert listed.shape == given.shape
    assert sources[2:3].get("spike_times", gather=True) == sim.Sequence([1.0, 2.0])
    for source in sources:
        assert source.spike_times == sim.Sequence([1.0, 2.0])
        assert source.get_parameters() == {"spike_times": sim.Sequence([1.0, 2.0])}


def test_numbers_of_an_assembly_are_one_where_they_are_alike(sim):
    cells = sim.Population(5, sim.IF_curr_exp())
    both = cells[:2] + cells[4:]
    assert both.get("tau_m", gather=True) == 20.0
    assert both.get(["tau_m", "cm"], gather=True) == [20.0, 1.0]
    assert both.get("tau_m", gather=True, simplify=False).tolist() == [20.0] * 3


def test_random_parameters_do_not_depend_on_the_ranks(sim, comm):
    normal = sim.RandomDistribution("normal", mu=20.0, sigma=2.0)
    cells = sim.Population(7, sim.IF_curr_exp(tau_m=normal))
    drawn = cells.get("tau_m", gather=True)
    assert np.unique(drawn).size == 7
    assert_equal_on_all_ranks(comm, drawn)
    cells[2:5].set(tau_m=normal)
    changed = cells.get("tau_m", gather=True)
    assert_equal_on_all_ranks(comm, changed)
    np.testing.assert_array_equal(changed == drawn, [1, 1, 0, 0, 0, 1, 1])


def test_parameters_can_be_set_for_the_cells_of_a_rank_alone(sim):
    cells = sim.Population(5, sim.IF_curr_exp())
    for cell in cells:
        cell.i_offset = 0.1 * (cells.id_to_index(cell) + 1)
    np.testing.assert_allclose(cells.get("i_offset", gather=True), 0.1 * np.arange(1, 6))
    if cells.is_local(cells[3]):
        cells[3].i_offset = 7.0
    assert cells.get("i_offset", gather=True)[3] == 7.0


def test_parameters_of_a_cell_are_set_by_its_owner_wherever_the_cell_is_named(sim, comm):
    from pyNN.errors import NotLocalError

    cells = sim.Population(5, sim.IF_curr_exp(), initial_values={"v": -65.0})
    sources = sim.Population(5, sim.SpikeSourceArray())
    for k, (cell, source) in enumerate(zip(cells.all(), sources.all(), strict=True)):
        cell.i_offset = 0.1 * k
        cell.set_initial_value("v", -60.0 - k)
        source.spike_times = [1.0 + k]
    np.testing.assert_array_equal(cells.get("i_offset", gather=True), 0.1 * np.arange(5))
    times = sources.get("spike_times", gather=True)
    assert [train.value.tolist() for train in times] == [[1.0 + k] for k in range(5)]
    for k, cell in enumerate(cells.all()):
        if cell.local:
            assert (cell.i_offset, cell.get_initial_value("v")) == (0.1 * k, -60.0 - k)
        else:
            with pytest.raises(NotLocalError, match=r"get\(\.\.\., gather=True\) of 'population0'"):
                cell.tau_m  # noqa: B018
            with pytest.raises(NotLocalError, match="initial value of v"):
                cell.get_initial_value("v")


def test_the_rate_of_a_poisson_source_can_be_set_by_its_owner(sim, comm):
    sources = sim.Population(4, sim.SpikeSourcePoisson(rate=0.0))
    cells = sim.Population(4, sim.IF_curr_exp())
    sim.Projection(sources, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.1))
    cells.record("isyn_exc")
    sources.record("spikes")
    sim.run(20.0)
    for source in sources:
        if sources.id_to_index(source) == 2:
            source.rate = 1000.0
    sim.run(50.0)
    input_current = cells.get_data(gather="all").segments[0].analogsignals[0].magnitude
    np.testing.assert_array_equal(input_current.max(axis=0) > 0, [0, 0, 1, 0])
    counts = list(sources.get_spike_counts().values())
    assert counts[2] > 20
    assert sum(counts) == counts[2]
    assert_equal_on_all_ranks(comm, counts)


def test_samples_are_equal_on_all_ranks(sim, comm):
    cells = sim.Population(30, sim.IF_curr_exp())
    both = cells[:10] + sim.Population(4, sim.IF_cond_exp())
    for chosen in (
        cells.sample(5),
        cells[10:].sample(5),
        cells.sample(5, rng=sim.NumpyRNG(seed=3)),
        both.sample(6),
    ):
        assert_equal_on_all_ranks(comm, [int(gid) for gid in chosen.all_cells])
    assert not np.array_equal(cells.sample(15).all_cells, cells.sample(15).all_cells)


def test_random_positions_are_equal_on_all_ranks(sim, comm):
    for rng in (None, sim.NumpyRNG(seed=2), sim.NativeRNG(seed=2)):
        structure = sim.RandomStructure(sim.Sphere(10.0), rng=rng)
        cells = sim.Population(9, sim.IF_curr_exp(), structure=structure)
        assert_equal_on_all_ranks(comm, cells.positions)
        assert_equal_on_all_ranks(comm, int(cells.nearest((1.0, 2.0, 3.0))))
        assert_equal_on_all_ranks(comm, cells[3].position)


def test_initial_values_can_be_set_anywhere(sim, comm):
    cells = sim.Population(6, sim.IF_curr_exp())
    cells.initialize(v=sim.RandomDistribution("uniform", low=-70.0, high=-60.0))
    cells[4:].initialize(v=-50.5)
    for cell in cells:
        if cells.id_to_index(cell) == 1:
            cell.set_initial_value("v", -58.0)
    cells.record("v")
    sim.run(0.1)
    first = cells.get_data(gather="all").segments[0].analogsignals[0].magnitude[0]
    assert first[1] == -58.0
    assert (first[4:] == -50.5).all()
    assert_equal_on_all_ranks(comm, first)


def test_a_value_that_one_cell_cannot_take_is_the_same_error_on_every_rank(sim, comm):
    times = [[1.0], [2.0], [-3.0], [4.0]]
    with pytest.raises(ParameterError, match="-3 ms") as caught:
        sim.Population(4, sim.SpikeSourceArray(spike_times=[sim.Sequence(each) for each in times]))
    assert len(set(comm.allgather(str(caught.value)))) == 1


def test_a_rate_that_one_cell_cannot_take_is_the_same_error_on_every_rank(sim, comm):
    sources = sim.Population(3, sim.SpikeSourcePoisson(rate=10.0))
    for source in sources:
        if sources.id_to_index(source) == 2:
            source.rate = -1.0
    with pytest.raises(ParameterError, match="rate = -1") as caught:
        sim.run(1.0)
    assert len(set(comm.allgather(str(caught.value)))) == 1


def test_a_time_constant_that_one_cell_cannot_take_is_the_same_error_on_every_rank(sim, comm):
    cells = sim.Population(3, sim.IF_curr_exp(tau_m=[10.0, 10.0, -1.0]))
    with pytest.raises(ParameterError, match="tau_m") as caught:
        sim.run(1.0)
    assert len(set(comm.allgather(str(caught.value)))) == 1
    cells.set(tau_m=10.0)
    sim.run(1.0)
