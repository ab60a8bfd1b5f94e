"""All to all, one to one."""

import numpy as np

from distsim.connectivity.dense import AllToAll, OneToOne, dense_rows


def test_all_to_all_connects_every_pair():
    rows = AllToAll(3, 2).rows(np.arange(2))
    assert rows.sources.tolist() == [0, 1, 2, 0, 1, 2]
    assert rows.indptr.tolist() == [0, 3, 6]


def test_all_to_all_leaves_out_the_cell_itself():
    rows = AllToAll(3, 3, own=lambda targets: np.where(targets == 2, -1, targets)).rows(
        np.arange(3)
    )
    assert rows.sources.tolist() == [1, 2, 0, 2, 0, 1, 2]


def test_one_to_one_ends_with_the_smaller_population():
    assert OneToOne(2, 4).rows(np.arange(4)).indptr.tolist() == [0, 1, 2, 2, 2]
    assert OneToOne(4, 2).rows(np.array([1])).sources.tolist() == [1]


def test_dense_rows_can_keep_larger_sources_only():
    rows = dense_rows(3, np.arange(4), np.array([2, 0, -1, -1]), lower=True)
    assert rows.sources.tolist() == [1, 2]
    assert rows.indptr.tolist() == [0, 1, 2, 2, 2]
