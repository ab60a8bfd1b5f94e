"""Files that are written as a whole or not at all."""

import os
import resource
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from distsim import io
from distsim.errors import FileWriteError
from distsim.io import PopulationInfo, SegmentData, SignalData, whole_file, write
from distsim.io.whole_file import FailSafeFile

CELLS = np.arange(40)
SIGNAL = SignalData("v", "mV", CELLS, np.random.default_rng(2).normal(size=(900, 40)), 0.0, 0.1)
SEGMENTS = [SegmentData(0, 0.0, 90.0, {}, [(PopulationInfo("exc", 40, 0), None, [SIGNAL])])]


@contextmanager
def largest_file(size):
    """Let no file become larger than some bytes, the one that pytest may write to included."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_on_a_disk_that_fails_can_be_written_and_read(tmp_path):
    disk = FailSafeFile(tmp_path / "file")
    rng = np.random.default_rng(1)
    expected = bytearray()
    with largest_file(100):
        for _ in range(300):
            begin, data = int(rng.integers(0, 200)), rng.bytes(int(rng.integers(0, 30)))
            expected.extend(bytes(max(0, begin + len(data) - len(expected))))
            expected[begin : begin + len(data)] = data
            disk.seek(begin)
            assert disk.write(data) == len(data)
            assert disk.tell() == begin + len(data)
    assert disk.seek(0, os.SEEK_END) == len(expected)
    found = bytearray(len(expected))
    disk.seek(0)
    assert disk.readinto(found) == len(expected)
    assert found == expected
    with pytest.raises(OSError, match="too large"):
        disk.check()
    disk.close()


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.999, 1.0])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, share):
    path = tmp_path / "run.h5"
    write(path, SEGMENTS, {"k": 1})
    old, size = path.read_bytes(), path.stat().st_size
    limit = int(share * size) - (share == 1.0)
    refused = pytest.raises(FileWriteError, match=r"run\.h5' cannot be written: .*too large")
    with largest_file(limit), refused:
        write(path, SEGMENTS, {"k": 2})
    assert h5py.h5f.get_obj_count(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE) == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.h5"]
    assert path.read_bytes() == old
    with largest_file(size):
        write(path, SEGMENTS, {"k": 2})
    with io.open(path) as recording:
        assert recording.run.attributes["k"] == 2
        v = recording.segments[0].populations[0].signals[0].data[:]
    np.testing.assert_array_equal(v, SIGNAL.data)


def test_free_space_is_looked_at_first(tmp_path, monkeypatch):
    path = tmp_path / "run.h5"
    free = SIGNAL.data.nbytes - 1
    disk = SimpleNamespace(f_bavail=free, f_frsize=1, f_blocks=1)
    monkeypatch.setattr(whole_file.os, "statvfs", lambda folder: disk)
    monkeypatch.setattr(FailSafeFile, "__init__", lambda *_: pytest.fail("it was begun"))
    with pytest.raises(FileWriteError, match=r"needs 0\.288 MB, and its folder has 0\.288 MB left"):
        write(path, SEGMENTS, {})
    assert not list(tmp_path.iterdir())


def test_a_folder_is_not_replaced(tmp_path):
    (tmp_path / "run.h5").mkdir()
    with pytest.raises(FileWriteError, match="is a folder"):
        write(tmp_path / "run.h5", SEGMENTS, {})
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.h5"]


@pytest.mark.parametrize("n_ranks", [1, 2, 3])
def test_a_script_goes_on_when_a_disk_is_full(n_ranks, mpi_job, tmp_path):
    (tmp_path / "disk").mkdir()
    job = mpi_job(n_ranks, Path(__file__).parent / "full_disk.py", tmp_path / "disk")
    assert job.returncode == 0, job.stdout
    assert job.stdout.endswith("went on\n")
    assert "`distsim merge` makes a file of it" in job.stdout
