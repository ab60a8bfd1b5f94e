"""Rows and lists of rows that come to rank 0 in pieces, and go back to the ranks."""

from itertools import chain

import numpy as np
import pytest

from distsim.comm import rows
from distsim.comm.rows import HandOut, collect_lists, collect_rows, distinct_rows


@pytest.fixture
def small_pieces(monkeypatch):
    """Let a piece be of some thousand bytes."""
    monkeypatch.setattr(rows, "PIECE_BYTES", 4096)


def mine_of(comm, keys):
    """Return the keys of this rank, in an order of its own; most keys are near each other."""
    mine = keys[keys % comm.Get_size() == comm.Get_rank()]
    return mine[::-1].copy()


# a few far from all others: ranges of keys would make pieces of very different size
KEYS = np.concatenate([np.arange(3000), 10**9 * np.arange(1, 5)])


def test_rows_arrive_in_the_order_of_their_keys_in_pieces_of_bounded_size(comm, small_pieces):
    keys = np.repeat(mine_of(comm, KEYS), 2)
    pieces = []
    columns = {"twice": 2 * keys, "pair": np.stack([keys, np.arange(keys.size)], axis=1)}
    collect_rows(comm, keys, columns, lambda *piece: pieces.append(piece))
    if comm.Get_rank() > 0:
        assert pieces == []
        return
    found = np.concatenate([piece[0] for piece in pieces])
    np.testing.assert_array_equal(found, np.repeat(KEYS, 2))
    np.testing.assert_array_equal(np.concatenate([p["twice"] for _, p in pieces]), 2 * found)
    pairs = np.concatenate([p["pair"] for _, p in pieces])
    np.testing.assert_array_equal(pairs[:, 0], found)
    # those of one key keep their order
    assert (np.diff(pairs[:, 1])[::2] == 1).all()
    row_bytes = 8 + 8 + 16
    # a piece may have too much by what lies between two marks of each rank, and by one key
    assert max(piece[0].size for piece in pieces) * row_bytes <= 2 * 4096
    assert len(pieces) > 20


def test_lists_arrive_whole_and_in_the_order_of_their_keys(comm, small_pieces):
    keys = np.sort(mine_of(comm, KEYS))
    lengths = keys % 5
    values = np.repeat(keys, lengths) + 0.5
    pieces = []
    collect_lists(comm, keys, lengths, {"value": values}, lambda *piece: pieces.append(piece))
    if comm.Get_rank() == 0:
        found, counts = (np.concatenate([p[k] for p in pieces]) for k in (0, 1))
        np.testing.assert_array_equal(found, KEYS)
        np.testing.assert_array_equal(counts, KEYS % 5)
        every = np.concatenate([columns["value"] for *_, columns in pieces])
        np.testing.assert_array_equal(every, np.repeat(KEYS, KEYS % 5) + 0.5)
        assert all(c["value"].size == n.sum() for _, n, c in pieces)
        assert max(16 * k.size + 8 * n.sum() for k, n, _ in pieces) <= 2 * 4096


def test_nothing_at_all_arrives_as_one_empty_piece(comm):
    none, pieces = np.zeros(0, np.int64), []
    collect_rows(comm, none, {"x": np.zeros((0, 2))}, lambda *piece: pieces.append(piece))
    collect_lists(comm, none, none, {"x": np.zeros(0)}, lambda *piece: pieces.append(piece))
    assert [piece[-1]["x"].shape for piece in pieces] == ([(0, 2), (0,)] * (comm.Get_rank() == 0))


def test_a_row_that_several_ranks_have_stays_on_one(comm):
    keys = np.arange(comm.Get_rank() % 3, 100, 3)
    found, columns = distinct_rows(comm, keys, {"square": np.stack([keys, keys**2], axis=1)})
    np.testing.assert_array_equal(columns["square"], np.stack([found, found**2], axis=1))
    every = comm.allgather(found.tolist())
    starts = range(min(3, comm.Get_size()))
    assert sorted(chain(*every)) == sorted(k for s in starts for k in range(s, 100, 3))


@pytest.mark.parametrize("is_sorted", [False, True])
def test_each_rank_is_handed_out_its_rows_in_their_order(comm, is_sorted):
    owners = np.arange(50) * 7 % comm.Get_size()
    owners = np.sort(owners) if is_sorted else owners
    values = np.arange(100.0).reshape(50, 2)
    is_first = comm.Get_rank() == 0
    hand_out = HandOut(comm, owners if is_first else owners[:0])
    mine = hand_out.rows(values if is_first else values[:0])
    np.testing.assert_array_equal(mine, values[owners == comm.Get_rank()])
