"""The spikes on their way that owners keep."""

import numpy as np

from distsim.engines.native.history import SpikeHistory


def keys_at(*steps):
    return np.array([step << 32 | 5 for step in steps])


def test_spikes_younger_than_the_largest_delay_are_on_their_way():
    history = SpikeHistory()
    history.change(0, 10)
    for step in (4, 8, 12, 16, 20):
        history.append(step, keys_at(step, step - 3, step - 1))
    assert sorted(history.change(22, 3) >> 32) == [13, 15, 16, 17, 19, 20]
    # the largest delay is now 3 steps, and what had gone before does not come back
    assert sorted(history.change(22, 100) >> 32) == [20]
    assert sorted(history.change(22, 100) >> 32) == [20]


def test_older_spikes_are_forgotten_and_the_array_may_be_used_again():
    history = SpikeHistory()
    history.change(0, 5)
    keys = keys_at(1)
    for step in range(1, 100):
        keys[:] = keys_at(step)
        history.append(step, keys)
        assert len(history._epochs) <= 5
    assert (history.change(99, 5) >> 32).tolist() == [95, 96, 97, 98, 99]


def test_without_connections_nothing_is_on_its_way():
    history = SpikeHistory()
    history.append(3, keys_at(1, 2, 3))
    assert not history.change(3, 7).size
    history.append(4, keys_at(4))
    history.clear()
    assert not history.change(4, 7).size
