"""Sources with given spike times."""

import numpy as np
import pytest

from distsim.errors import ParameterError
from distsim.kernels.spike_keys import LAST_STEP
from distsim.network.spike_arrays import ArrayBlock


def block_of(*times):
    block = ArrayBlock(10, np.arange(len(times)))
    block.set("spike_times", np.arange(len(times)), [np.array(each) for each in times])
    block.refresh(0.1, 0)
    return block


def change(block, step, *times):
    block.set("spike_times", np.arange(len(times)), [np.array(each) for each in times])
    block.refresh(0.1, step)


def spikes(block, last):
    return [(key >> 32, key & 0xFFFFFFFF) for key in block.take(last).tolist()]


def test_spikes_come_in_the_order_of_step_and_gid():
    block = block_of([0.5, 0.1], [], [0.1, 0.5, 2.0])
    assert spikes(block, 100) == [(1, 10), (1, 12), (5, 10), (5, 12), (20, 12)]


def test_each_spike_is_taken_once():
    block = block_of([0.0, 0.1, 0.2, 0.3])
    assert spikes(block, 0) == [(0, 10)]
    assert spikes(block, 2) == [(1, 10), (2, 10)]
    assert spikes(block, 2) == []
    assert spikes(block, 9) == [(3, 10)]


def test_what_is_new_in_the_present_step_is_taken_and_nothing_twice(caplog):
    block = block_of([1.0, 2.0], [])
    assert spikes(block, 10) == [(10, 10)]
    change(block, 10, [1.0, 2.0], [1.0])
    change(block, 10, [1.0, 1.04, 2.0], [1.0])
    assert spikes(block, 10) == [(10, 10), (10, 11)]
    change(block, 10, [1.0, 1.04, 3.0], [1.0, 1.1])
    assert spikes(block, 40) == [(11, 11), (30, 10)]
    assert not caplog.records


def test_spikes_of_the_first_step_wait_for_a_run():
    block = block_of([0.0, 2.0])
    change(block, 0, [0.04, 3.0])
    assert spikes(block, 0) == [(0, 10)]
    block.restart()
    block.refresh(0.1, 0)
    assert spikes(block, 100) == [(0, 10), (30, 10)]


def test_what_is_new_in_the_past_is_said(caplog):
    block = block_of([1.0, 2.0])
    spikes(block, 50)
    change(block, 50, [1.0, 2.0, 3.0, 4.0, 6.0])
    assert spikes(block, 100) == [(60, 10)]
    assert "2 spike(s)" in caplog.text
    assert "cell 10 hold 3 ms" in caplog.text
    caplog.clear()
    change(block, 100, [1.0, 2.0, 3.0, 4.0, 6.0, 12.0])
    assert not caplog.records


def test_times_go_to_the_nearest_step_and_equal_ones_stay_apart():
    block = block_of([0.96, 1.04, 1.06])
    assert spikes(block, 20) == [(10, 10), (10, 10), (11, 10)]


def test_new_times_replace_the_old_ones_of_these_cells():
    block = block_of([1.0], [2.0])
    block.set("spike_times", np.array([1]), [np.array([3.0])])
    assert block.is_changed
    block.refresh(0.1, 0)
    assert spikes(block, 100) == [(10, 10), (30, 11)]


def test_a_spike_after_the_last_step_never_comes():
    block = block_of([1.0, 429496734.6, 1e300], [LAST_STEP * 0.1])
    assert spikes(block, LAST_STEP) == [(10, 10), (LAST_STEP, 11)]


@pytest.mark.parametrize("times", [[-0.1, 1.0], [np.nan], [1.0, np.inf]])
def test_times_that_cannot_be_are_refused(times):
    block = ArrayBlock(0, np.arange(1))
    with pytest.raises(ParameterError) as caught:
        block.set("spike_times", np.arange(1), [np.array(times)])
    assert caught.value.name == "spike_times"
