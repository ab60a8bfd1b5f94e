"""What all rules have in common: a target's row depends on the target alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distsim.connectivity import (
    AllToAll,
    DistanceProbability,
    FixedNumberPost,
    FixedNumberPre,
    FixedProbability,
    FixedTotalNumber,
    Listed,
    Masked,
    OneToOne,
    OneWay,
    PairsOnce,
)
from distsim.connectivity.rows import check_sizes, counts_of, mean_count
from distsim.errors import ConnectivityError
from distsim.partitioning.streams import Purpose, Stream


def same_index(indices):
    return indices


def first_half_only(indices):
    return np.where(indices % 2 == 0, indices // 2, -1)


def probabilities(n_pre):
    def of(targets):
        return 1 / (1 + np.abs(np.arange(n_pre) - targets[:, None]) / 3)

    return of


@st.composite
def rules(draw):
    n_pre, n_post = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    stream = Stream.of(draw(st.integers(0, 2**64 - 1)), Purpose.CONNECT, draw(st.integers(0, 9)))
    own = draw(st.sampled_from([None, same_index, first_half_only]))
    if own is not None:
        n_pre = n_post = max(n_pre, 2)
    lower, again = draw(st.booleans()), draw(st.booleans())
    p, n = draw(st.sampled_from([0.0, 0.02, 0.3, 0.9, 1.0])), draw(st.integers(0, 100))
    n_pairs = n_pre * n_post - (0 if own is None else n_pre)  # no rule leaves out more than these
    total = 10 * n if again else min(10 * n, n_pairs)
    listed = np.random.default_rng(n)
    return draw(
        st.sampled_from(
            [
                AllToAll(n_pre, n_post, own, lower),
                OneWay(AllToAll(n_pre, n_post), first_half_only, lambda sources: 2 * sources),
                PairsOnce(FixedNumberPre(n_pre, n_post, n, again, stream, own)),
                OneToOne(n_pre, n_post),
                FixedProbability(n_pre, n_post, p, stream, own, lower),
                DistanceProbability(n_pre, n_post, probabilities(n_pre), stream, own, lower),
                FixedNumberPre(n_pre, n_post, n, again, stream, own),
                FixedNumberPre(n_pre, n_post, lambda cells: cells % 7, again, stream, own),
                FixedNumberPost(n_pre, n_post, n, again, stream, own),
                FixedNumberPost(n_pre, n_post, lambda cells: cells % 7, again, stream, own),
                FixedTotalNumber(n_pre, n_post, total, again, stream, own),
                Listed(
                    n_pre, n_post, listed.integers(n_pre, size=n), listed.integers(n_post, size=n)
                ),
                Masked(listed.random((n_pre, n_post)) < 0.3),
            ]
        )
    )


def row_list(rows):
    entries = rows.sources if rows.entries is None else rows.entries
    return [
        list(zip(row.tolist(), numbers.tolist(), strict=True))
        for row, numbers in zip(
            np.split(rows.sources, rows.indptr[1:-1]),
            np.split(entries, rows.indptr[1:-1]),
            strict=True,
        )
    ]


@settings(max_examples=300, deadline=None)
@given(rules(), st.data())
def test_rows_of_some_targets_are_those_of_all(rule, data):
    everything = row_list(rule.rows(np.arange(rule.n_post)))
    wanted = np.flatnonzero(
        data.draw(st.lists(st.booleans(), min_size=rule.n_post, max_size=rule.n_post))
    )
    if wanted.size:
        assert row_list(rule.rows(wanted)) == [everything[target] for target in wanted]


@settings(max_examples=100, deadline=None)
@given(rules())
def test_rows_are_well_formed(rule):
    rows = rule.rows(np.arange(rule.n_post))
    assert rows.indptr.dtype == np.int64
    assert rows.indptr[0] == 0
    assert rows.indptr[-1] == rows.sources.size
    assert rows.indptr.size == rule.n_post + 1
    assert (np.diff(rows.indptr) >= 0).all()
    assert ((rows.sources >= 0) & (rows.sources < rule.n_pre)).all()
    assert rule.mean_indegree >= 0


@settings(max_examples=50, deadline=None)
@given(rules())
def test_no_targets_give_no_rows(rule):
    rows = rule.rows(np.empty(0, np.int64))
    assert rows.indptr.tolist() == [0]
    assert rows.sources.size == 0


@settings(max_examples=200, deadline=None)
@given(rules())
def test_nobody_connects_to_itself_where_that_is_left_out(rule):
    own = getattr(rule, "own", None)
    own_source = getattr(rule, "own_source", None)
    rows = rule.rows(np.arange(rule.n_post))
    targets = np.repeat(np.arange(rule.n_post), np.diff(rows.indptr))
    if own is not None:
        assert not (own(targets) == rows.sources).any()
    if own_source is not None:
        assert not (own_source(rows.sources.astype(np.int64)) == targets).any()


@settings(max_examples=100, deadline=None)
@given(rules())
def test_only_larger_sources_where_that_is_asked(rule):
    rows = rule.rows(np.arange(rule.n_post))
    targets = np.repeat(np.arange(rule.n_post), np.diff(rows.indptr))
    if getattr(rule, "lower", False):
        assert (rows.sources > targets).all()


def test_sizes_are_checked():
    with pytest.raises(ConnectivityError, match="n_post = 2147483648"):
        check_sizes(1, 2**31)
    with pytest.raises(ConnectivityError, match="n_pre = -1"):
        check_sizes(-1, 0)


def test_counts_are_one_for_all_or_one_each():
    cells = np.array([2, 5])
    assert counts_of(3, cells).tolist() == [3, 3]
    assert counts_of(lambda cells: cells * 2.0, cells).tolist() == [4, 10]
    with pytest.raises(ConnectivityError, match="n = -1 connections for cell 5"):
        counts_of(lambda cells: np.array([0, -1]), cells)


def test_mean_counts_are_estimated_from_a_sample():
    assert mean_count(7, 10) == 7
    assert mean_count(lambda cells: cells, 5) == 2
    assert mean_count(lambda cells: cells % 2, 10**9) == pytest.approx(0.5, abs=0.1)
    assert mean_count(lambda cells: cells, 0) == 0
