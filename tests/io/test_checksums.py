"""Damage to a file is found when it is read."""

import re

import h5py
import numpy as np
import pytest

from distsim import io
from distsim.errors import FileFormatError
from distsim.io import (
    ConnectionValues,
    PopulationInfo,
    SegmentData,
    SignalData,
    SpikeData,
    read_connection_values,
    write,
    write_connection_values,
)
from tests.io.test_writer import RUN, assert_same, read_all


@pytest.fixture
def recorded():
    rng = np.random.default_rng(3)
    cells = np.arange(20)
    times = np.sort(rng.uniform(0, 50, 400))
    spikes = SpikeData(cells, times, rng.integers(20, size=400), np.zeros(20))
    v = SignalData("v", "mV", cells[:7], rng.normal(size=(500, 7)), 0.0, 0.1)
    # whole chunks of zeros, which HDF5's checksum takes for any zeros
    g = SignalData("gsyn_exc", "uS", cells[:2], np.zeros((500, 2)), 0.0, 0.1)
    info = PopulationInfo("exc", 20, 0, {"layer": "four", "trial": 3})
    return [SegmentData(0, 0.0, 50.0, {"note": "first"}, [(info, spikes, [v, g])])]


def changed(path, data, position, size, value):
    damaged = bytearray(data)
    damaged[position : position + size] = value
    path.write_bytes(damaged)


def test_a_flipped_bit_is_found_or_changes_nothing(tmp_path, recorded):
    path = tmp_path / "run.h5"
    write(path, recorded, RUN)
    data = path.read_bytes()
    rng = np.random.default_rng(1)
    n_found = 0
    for position, bit in zip(
        rng.integers(len(data), size=400), rng.integers(8, size=400), strict=True
    ):
        changed(path, data, position, 1, bytes([data[position] ^ (1 << bit)]))
        try:
            run, segments = read_all(path)
        except FileFormatError:
            n_found += 1
            continue
        assert run.attributes == RUN
        assert_same(segments, recorded)
    assert n_found > 100


def test_a_zeroed_block_is_found_or_changes_nothing(tmp_path, recorded):
    path = tmp_path / "run.h5"
    write(path, recorded, RUN)
    data = path.read_bytes()
    n_found = 0
    for position in range(0, len(data), 509):
        changed(path, data, position, 512, bytes(min(512, len(data) - position)))
        try:
            run, segments = read_all(path)
        except FileFormatError:
            n_found += 1
            continue
        assert run.attributes == RUN
        assert_same(segments, recorded)
    assert n_found > 25


def test_a_damaged_chunk_is_found_where_signals_are_read_piece_by_piece(tmp_path, recorded):
    path = tmp_path / "run.h5"
    write(path, recorded, RUN)
    with h5py.File(path) as file:
        chunk = file["report/exc/values"].id.get_chunk_info(1)
    data = path.read_bytes()
    changed(path, data, chunk.byte_offset + 100, 8, b"\7" * 8)
    with io.open(path) as recording:
        signal = recording.segments[0].population("exc").signal("v").data
        signal[:256]
        with pytest.raises(FileFormatError, match="is damaged"):
            signal[256:300]


def test_the_error_names_what_is_damaged(tmp_path, recorded):
    path = tmp_path / "run.h5"
    write(path, recorded, RUN)
    with h5py.File(path, "a") as file:
        file["spikes/exc/timestamps"][3] = 7.0
    with pytest.raises(FileFormatError, match=re.escape("'/spikes/exc/timestamps' in")):
        read_all(path)


def test_what_a_user_adds_is_no_damage(tmp_path, recorded):
    path = tmp_path / "run.h5"
    write(path, recorded, RUN)
    with h5py.File(path, "a") as file:
        file.attrs["seen by"] = "me"
        file["analysis/rates"] = np.arange(3.0)
    assert_same(read_all(path)[1], recorded)


def test_damaged_values_of_connections_are_found(tmp_path):
    path = tmp_path / "weights.h5"
    columns = {"weight": np.random.default_rng(2).normal(size=(30, 40))}
    values = ConnectionValues(
        "a/b", np.arange(40), np.arange(40), {"weight": "nA"}, [(np.arange(30.0), columns)]
    )
    write_connection_values(path, values)
    (found,) = read_connection_values(path)
    assert found.label == "a/b"
    np.testing.assert_array_equal(found.segments[0][1]["weight"], columns["weight"])
    data = path.read_bytes()
    with h5py.File(path) as file:
        position = file["connections"].visititems(
            lambda name, item: (
                item.id.get_chunk_info(0).byte_offset if name.endswith("weight") else None
            )
        )
    changed(path, data, position, 64, bytes(64))
    with pytest.raises(FileFormatError, match="is damaged"):
        read_connection_values(path)
