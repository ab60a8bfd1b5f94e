"""Sources drawn with and without replacement: plain-Python versions, and evenness."""

import numpy as np
import pytest
from scipy import stats

from distsim.connectivity.rows import empty_rows
from distsim.connectivity.sampling import draw_with_replacement, draw_without_replacement
from distsim.partitioning.streams import Purpose, Stream, word_block

STREAM = Stream.of(5, Purpose.CONNECT, 1)


def naive_below(target, draw, bound, extra):
    """Return an unbiased number below `bound` from word `draw`, and the next spare word."""
    word = int(word_block(STREAM, target, draw // 4)[draw % 4])
    while word * bound % 2**32 < 2**32 % bound:
        word = int(word_block(STREAM, target, extra // 4)[extra % 4])
        extra += 1
    return word * bound >> 32, extra


def naive_row(target, n_draws, bound, own, with_replacement):
    """Return the sources of one target, number by number."""
    row, extra = [], -(-n_draws // 4) * 4
    for k in range(n_draws):
        limit = bound if with_replacement else bound - n_draws + k + 1
        number, extra = naive_below(target, k, limit, extra)
        row.append(limit - 1 if number in row and not with_replacement else number)
    return [source + (0 <= own <= source) for source in row]


# with 3 * 2**29 sources every fourth word is replaced
@pytest.mark.parametrize("n_pre", [30, 1000, 2**31 - 1, 3 * 2**29])
@pytest.mark.parametrize("n_draws", [0, 1, 5, 23])
def test_rows_are_those_of_plain_python(n_pre, n_draws):
    targets, own = np.array([3, 9, 70000]), np.array([-1, 0, 20])
    for kernel, with_replacement in (
        (draw_with_replacement, True),
        (draw_without_replacement, False),
    ):
        rows = empty_rows(np.full(3, n_draws))
        kernel(STREAM, targets, own, n_pre, rows.indptr, rows.sources)
        expected = [
            naive_row(int(target), n_draws, n_pre - (cell >= 0), int(cell), with_replacement)
            for target, cell in zip(targets, own, strict=True)
        ]
        assert rows.sources.reshape(3, n_draws).tolist() == expected


@pytest.mark.parametrize("kernel", [draw_with_replacement, draw_without_replacement])
@pytest.mark.parametrize("own", [-1, 4])
def test_every_source_is_as_probable_as_another(kernel, own):
    rows = empty_rows(np.full(20000, 6))
    kernel(STREAM, np.arange(20000), np.full(20000, own), 10, rows.indptr, rows.sources)
    counts = np.bincount(rows.sources, minlength=10)
    assert own < 0 or counts[own] == 0
    counts = counts[counts > 0]
    p = stats.chisquare(counts).pvalue
    # without replacement the counts vary less, so that only the upper tail is exact
    assert p > 1e-4
    assert counts.size == 10 - (own >= 0)


def test_every_set_is_as_probable_as_another():
    rows = empty_rows(np.full(30000, 3))
    draw_without_replacement(
        STREAM, np.arange(30000), np.full(30000, -1), 6, rows.indptr, rows.sources
    )
    sets = (1 << rows.sources.reshape(-1, 3)).sum(axis=1)
    counts = np.unique(sets, return_counts=True)[1]
    assert counts.size == 20
    assert stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("n_draws", [299, 300, 700])
def test_long_rows_have_every_candidate_equally_often(n_draws):
    rows = empty_rows(np.full(2, n_draws))
    own = np.array([-1, 7])
    draw_without_replacement(STREAM, np.array([0, 1]), own, 300, rows.indptr, rows.sources)
    for i in range(2):
        counts = np.bincount(rows.sources[rows.indptr[i] : rows.indptr[i + 1]], minlength=300)
        counts = np.delete(counts, own[i]) if own[i] >= 0 else counts
        assert counts.sum() == n_draws
        assert counts.max() - counts.min() <= 1
