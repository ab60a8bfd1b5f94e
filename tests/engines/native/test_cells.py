"""Groups of cells: common arrays, injected currents."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distsim.engines.native.groups import CellGroup
from distsim.models import CELL_MODELS
from distsim.network.blocks import CellBlock
from distsim.network.currents import Injection

MODEL = CELL_MODELS["IF_curr_delta"]
VALUES = {
    "v_rest": 0.0,
    "cm": 1.0,
    "tau_m": 10.0,
    "tau_refrac": 0.0,
    "i_offset": 0.0,
    "v_reset": 0.0,
    "v_thresh": 1.0,
}


def group_of(*sizes):
    group = CellGroup(MODEL, 0.1)
    for k, size in enumerate(sizes):
        block = CellBlock(MODEL, 100 * k, np.arange(size))
        block.parameters = {name: np.full(size, value) for name, value in VALUES.items()}
        group.blocks.append(block)
    return group


def test_blocks_are_views_of_the_groups_arrays():
    group = group_of(2, 0, 3)
    for k, block in enumerate(group.blocks):
        block.state[0] = k + 1.0
    group.build()
    assert group.cells.state[0].tolist() == [1.0, 1.0, 3.0, 3.0, 3.0]
    assert group.cells.gids.tolist() == [0, 1, 200, 201, 202]
    assert [block.first_lid for block in group.blocks] == [0, 2, 2]
    group.blocks[2].state[0, 1] = 9.0
    group.blocks[2].refractory[2] = 4
    assert group.cells.state[0, 3] == 9.0
    assert group.cells.refractory[4] == 4


def test_a_rebuild_keeps_state_and_takes_new_blocks():
    group = group_of(2)
    group.build()
    group.blocks[0].state[0] = 5.0, 6.0
    group.blocks[0].refractory[:] = 1, 2
    group.blocks.append(group_of(1).blocks[0])
    group.build()
    assert group.cells.state[0].tolist() == [5.0, 6.0, 0.0]
    assert group.cells.refractory.tolist() == [1, 2, 0]


def test_a_group_without_cells_can_be_built():
    group = group_of(0)
    group.build()
    group.refresh()
    assert group.n_local == 0
    assert group.cells.state.shape == (3, 0)


@pytest.mark.parametrize("n_spikes", [0, 1, 5])
def test_spikes_are_taken_once(n_spikes):
    group = group_of(5)
    group.build()
    keys = np.arange(n_spikes) + (3 << 32)
    group.log.keys[:n_spikes] = keys
    group.log.filled[0] = n_spikes
    assert group.take_spikes().tolist() == keys.tolist()
    assert group.take_spikes().size == 0


SOURCES = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sets(st.integers(0, 2), min_size=1),
        st.lists(st.tuples(st.integers(-3, 12), st.integers(-8, 8)), max_size=4),
    ),
    max_size=5,
)


@settings(deadline=None)
@given(SOURCES)
def test_the_schedule_is_the_sum_of_all_sources(sources):
    """Amplitudes are small whole numbers, so that sums do not depend on their order."""
    group = group_of(3, 3)
    group.build()
    for k, (block, positions, course) in enumerate(sources):
        course = sorted(course, key=lambda change: change[0])
        group.injections[k, 0] = Injection(
            group.blocks[block],
            np.array(sorted(positions), np.int64),
            np.array([step for step, _ in course], np.int64),
            np.array([amplitude for _, amplitude in course], np.float64),
        )
    group.refresh()
    currents = group.currents
    assert (np.diff(currents.step) >= 0).all()
    for step in range(-4, 14):
        total = np.zeros(6)
        for injection in group.injections.values():
            reached = injection.steps <= step
            if reached.any():
                lids = injection.block.first_lid + injection.positions
                total[lids] += injection.amplitudes[reached][-1]
        found = np.zeros(6)
        for at, lid, value in zip(currents.step, currents.lid, currents.value, strict=True):
            if at <= step:
                found[lid] = value
        np.testing.assert_array_equal(found, total)
