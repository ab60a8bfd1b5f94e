"""Sources with given spike times."""

import numpy as np
import pytest

from distsim.engine.spike_arrays import ArrayBlock
from distsim.errors import ParameterError


def block_of(*times):
    block = ArrayBlock(10, np.arange(len(times)))
    block.set_times(np.arange(len(times)), [np.array(each) for each in times])
    block.refresh(0.1)
    return block


def spikes(block, first, last):
    return [(key >> 32, key & 0xFFFFFFFF) for key in block.spikes_between(first, last).tolist()]


def test_spikes_come_in_the_order_of_step_and_gid():
    block = block_of([0.5, 0.1], [], [0.1, 0.5, 2.0])
    assert spikes(block, 0, 100) == [(1, 10), (1, 12), (5, 10), (5, 12), (20, 12)]


def test_both_ends_of_a_window_are_in_it():
    block = block_of([0.0, 0.1, 0.2, 0.3])
    assert spikes(block, 0, 0) == [(0, 10)]
    assert spikes(block, 1, 2) == [(1, 10), (2, 10)]
    assert spikes(block, 4, 9) == []


def test_times_go_to_the_nearest_step_and_equal_ones_stay_apart():
    block = block_of([0.96, 1.04, 1.06])
    assert spikes(block, 0, 20) == [(10, 10), (10, 10), (11, 10)]


def test_new_times_replace_the_old_ones_of_these_cells():
    block = block_of([1.0], [2.0])
    block.set_times(np.array([1]), [np.array([3.0])])
    assert block.is_changed
    block.refresh(0.1)
    assert spikes(block, 0, 100) == [(10, 10), (30, 11)]


@pytest.mark.parametrize("times", [[-0.1, 1.0], [np.nan], [1.0, np.inf]])
def test_times_that_cannot_be_are_refused(times):
    block = ArrayBlock(0, np.arange(1))
    with pytest.raises(ParameterError) as caught:
        block.set_times(np.arange(1), [np.array(times)])
    assert caught.value.name == "spike_times"
