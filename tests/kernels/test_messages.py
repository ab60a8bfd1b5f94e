"""Messages that come from several ranks are joined in order."""

import numpy as np
import pytest

from distsim.kernels.messages import join, sort


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 40, 1000])
def test_keys_are_sorted_up_to_where_they_end(n):
    rng = np.random.default_rng(n)
    runs = np.concatenate([np.sort(rng.integers(0, 2**40, n - n // 3)), np.arange(n // 3)])
    for keys in (runs, runs[::-1].copy(), rng.permutation(runs)):
        longer = np.append(keys, [-2, -1])
        sort(longer, n)
        np.testing.assert_array_equal(longer, [*np.sort(keys), -2, -1])


def test_messages_are_joined_in_order_if_all_are_whole():
    start, largest = np.array([10, 14, 18, 22]), np.zeros(3, np.int64)
    words = np.array([3, 5, 7, 9, 0, -1, -1, -1, 2, 6, 7, -1])
    joined = np.full(9, -1)
    assert join(words, start, largest, joined) == 5
    np.testing.assert_array_equal(joined[:5], [5, 6, 7, 7, 9])
    np.testing.assert_array_equal(largest, [3, 0, 2])
    words[4] = 4
    assert join(words, start, largest, joined) == -1
    np.testing.assert_array_equal(largest, [3, 4, 2])
