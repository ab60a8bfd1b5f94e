"""Groups of cells: common arrays, injected currents."""

import numpy as np

from distsim.engines.native.groups import CellGroup
from distsim.models import CELL_MODELS
from distsim.network.blocks import CellBlock

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
