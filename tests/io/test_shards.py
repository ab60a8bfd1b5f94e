"""Shards: what was appended is read again, whatever happened to the rest of the file."""

import errno
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distsim.errors import FileFormatError
from distsim.io import shards
from distsim.io.shards import Shard, ShardFile, shard_path

FIRST = {"kind": "job", "job": 5}


def written(folder, n_frames, rank=0):
    """Return the path of a shard of some frames, and where each of them begins."""
    shard = Shard(shard_path(folder, rank), FIRST)
    begins = [shard.append({"kind": "samples", "set": k}, array(k)) for k in range(n_frames)]
    return shard.path, begins


def array(k):
    """Return what frame `k` holds; also nothing, and texts' and integers' neighbours."""
    values = np.random.default_rng(k).normal(size=(k, 3))
    return values if k % 2 else (values * 1e6).astype(np.int64)


def found(path):
    """Return the numbers of the frames that are read, whose arrays must be whole; and the file."""
    file = ShardFile(path)
    first, *frames = file.frames()
    assert first.facts == FIRST
    for frame in frames:
        expected = array(frame.facts["set"])
        assert frame.rows.dtype == expected.dtype
        np.testing.assert_array_equal(frame.rows[:], expected)
        np.testing.assert_array_equal(frame.rows[1:2], expected[1:2])
    file.close()
    return [frame.facts["set"] for frame in frames], file


def test_frames_are_read_as_they_were_appended(tmp_path):
    path, _ = written(tmp_path / "new", 6)
    numbers, file = found(path)
    assert numbers == list(range(6))
    assert (file.n_damaged, file.n_lost) == (0, 0)


def test_a_shard_without_frames_is_no_file(tmp_path):
    Shard(shard_path(tmp_path, 3), FIRST)
    assert not list(tmp_path.iterdir())


def test_a_shard_is_never_written_over(tmp_path):
    path, _ = written(tmp_path, 2)
    with pytest.raises(FileExistsError):
        written(tmp_path, 1)
    assert found(path)[0] == [0, 1]


def test_of_a_shard_cut_anywhere_all_whole_frames_are_read(tmp_path):
    path, begins = written(tmp_path, 4)
    whole = path.read_bytes()
    ends = [begin + array(k).nbytes for k, begin in enumerate(begins)]
    for size in range(ends[0], len(whole) + 1):
        path.write_bytes(whole[:size])
        numbers, file = found(path)
        n_whole = sum(end <= size for end in ends)
        assert numbers == list(range(n_whole))
        assert file.n_lost == size - ends[n_whole - 1]


@settings(deadline=None)
@given(st.data())
def test_damage_is_never_read_as_data(tmp_path_factory, data):
    path, begins = written(tmp_path_factory.mktemp("shards"), 5)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(begins[0], len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    numbers, file = found(path)
    assert len(numbers) < 5
    assert file.n_damaged == 1 or file.n_lost > 0


def test_what_the_disk_did_not_take_as_a_whole_is_not_there(tmp_path, monkeypatch):
    shard = Shard(shard_path(tmp_path, 0), FIRST)
    shard.append({"kind": "samples", "set": 3}, array(3))
    really, calls = os.pwrite, []

    def full(fd, view, offset):
        calls.append(offset)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return really(fd, view[:10], offset)

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(OSError, match="No space"):
        shard.append({"kind": "samples", "set": 4}, array(4))
    monkeypatch.undo()
    shard.append({"kind": "samples", "set": 5}, array(5))
    assert found(shard.path)[0] == [3, 5]


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "rank-00000.shard"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(FileFormatError, match="is no shard of distsim"):
        ShardFile(path)


def test_facts_hold_arrays_and_numbers_of_numpy():
    facts = {"axis": np.arange(3), "n": np.int32(4), "x": [1.5, None], "t": "é", "o": object}
    read = shards.from_text(shards.as_text(facts))
    np.testing.assert_array_equal(read.pop("axis"), np.arange(3))
    assert read == {"n": 4, "x": [1.5, None], "t": "é", "o": str(object)}
