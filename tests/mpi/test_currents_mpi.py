"""Sources of noise on several ranks: which have to be told alike, and which not."""

import numpy as np
import pytest

import distsim
from distsim.errors import CollectiveError


@pytest.fixture
def sim():
    """Return the back end, set up anew."""
    distsim.setup(timestep=0.1, seed=3, log=False)
    return distsim


@pytest.fixture
def cells(sim, comm):
    """Return two cells for each rank, of which v is recorded."""
    cells = sim.Population(2 * comm.size, sim.IF_curr_exp(v_thresh=1000.0))
    cells.record("v")
    return cells


def v_of(cells):
    return cells.get_data(gather="all").segments[-1].analogsignals[0].magnitude


def test_noise_into_a_population_is_the_same_on_every_rank(sim, cells):
    cells.inject(sim.NoisyCurrentSource(stdev=0.5))
    sim.run(5.0)
    v = v_of(cells)
    np.testing.assert_array_equal(v, v[:, :1].repeat(v.shape[1], axis=1))
    assert np.ptp(v) > 0.1


def test_owners_make_sources_for_their_cells_and_all_make_one_for_all_afterwards(sim, comm, cells):
    for cell in cells:
        for _ in range(1 + comm.rank):
            cell.inject(sim.NoisyCurrentSource(stdev=0.1))
    common = sim.NoisyCurrentSource(stdev=0.5)
    cells.inject(common)
    common.record()
    sim.run(5.0)
    assert np.unique(v_of(cells)[-1]).size == cells.size
    currents = comm.allgather(common.get_data().magnitude)
    for current in currents:
        np.testing.assert_array_equal(current, currents[0])


@pytest.mark.parametrize("way", ["list", "one by one", "view"])
def test_noise_into_several_cells_that_other_ranks_do_not_know_of_is_refused(sim, comm, cells, way):
    source = sim.NoisyCurrentSource(stdev=0.5)
    if way == "list":
        source.inject_into(list(cells))
    elif way == "view":
        cells[cells.local_positions].inject(source)
    else:
        for cell in cells:
            cell.inject(source)
    if comm.size == 1:
        sim.run(1.0)
    else:
        with pytest.raises(CollectiveError, match="inject"):
            sim.run(1.0)


def test_a_list_that_is_the_same_on_every_rank_is_as_good_as_a_view(sim, comm, cells):
    last = cells.size - 1
    sim.NoisyCurrentSource(stdev=0.5).inject_into([cells[0], cells[last]])
    sim.run(5.0)
    v = v_of(cells)
    np.testing.assert_array_equal(v[:, 0], v[:, last])
    assert np.ptp(v[:, 0]) > 0.1
