"""Rules that leave out connections of others."""

import numpy as np

from distsim.connectivity import AllToAll, FixedNumberPre, Listed, OneWay, PairsOnce
from distsim.partitioning.streams import Purpose, Stream


def matrix(rule):
    rows = rule.rows(np.arange(rule.n_post))
    made = np.zeros((rule.n_pre, rule.n_post), int)
    np.add.at(made, (rows.sources, np.repeat(np.arange(rule.n_post), np.diff(rows.indptr))), 1)
    return made


def test_of_cells_on_both_sides_one_connects_to_the_other():
    # sources 2, 3, 4 are targets 0, 1, 2
    made = matrix(
        OneWay(
            AllToAll(6, 5),
            lambda targets: np.where(targets < 3, targets + 2, -1),
            lambda sources: np.where((sources >= 2) & (sources < 5), sources - 2, -1),
        )
    )
    shared = made[2:5, :3]
    assert shared.tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0]]
    assert made.sum() == 30 - 6


def test_pairs_are_connected_once():
    several = Listed(3, 2, [2, 0, 2, 1, 0, 2], [0, 0, 0, 1, 1, 1])
    rows = PairsOnce(several).rows(np.array([0, 1]))
    assert rows.sources.tolist() == [0, 2, 0, 1, 2]
    assert rows.indptr.tolist() == [0, 2, 5]
    drawn = FixedNumberPre(9, 40, 12, True, Stream.of(1, Purpose.CONNECT, 0))
    assert (matrix(PairsOnce(drawn)) == (matrix(drawn) > 0)).all()


def test_a_list_holds_what_will_be_asked_for():
    sources, targets = np.arange(8), np.array([3, 1, 3, 0, 2, 1, 0, 3])
    whole, part = (
        Listed(8, 4, sources, targets),
        Listed(8, 4, sources, targets, only=np.array([1, 3])),
    )
    wanted = np.array([1, 3])
    for expected, found in zip(whole.rows(wanted), part.rows(wanted), strict=True):
        assert found.tolist() == expected.tolist()
    assert part.rows(np.array([0, 2])).sources.size == 0
    assert part.mean_indegree == 5 / 2
