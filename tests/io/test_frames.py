"""Recordings as tables of pandas'."""

import sys

import numpy as np
import pytest

from distsim import io
from distsim.errors import MissingPackageError
from distsim.io import SegmentData, write


@pytest.fixture
def path(tmp_path, segments):
    write(tmp_path / "run.h5", segments, {})
    return tmp_path / "run.h5"


def test_all_spikes_are_rows_of_one_table(path, segments):
    with io.open(path) as recording:
        table = recording.to_dataframe()
    assert list(table.columns) == ["segment", "population", "label", "cell", "time"]
    assert len(table) == 2 * 3040
    for segment in segments:
        for place, (info, spikes, _) in enumerate(segment.populations):
            rows = table[(table.segment == segment.index) & (table.population == place)]
            assert set(rows.label) == ({info.label} if spikes else set())
            assert rows.time.tolist() == (spikes.times.tolist() if spikes else [])
            assert rows.cell.tolist() == (spikes.senders.tolist() if spikes else [])


def test_spikes_and_samples_of_a_population_are_tables(path, segments):
    exc = segments[1].populations[0]
    with io.open(path) as recording:
        data = recording.segments[1].population("exc")
        spikes, v = data.spikes.to_dataframe(), data.signal("v").to_dataframe()
    assert spikes.time.tolist() == exc.spikes.times.tolist()
    assert spikes.groupby("cell").size().sum() == exc.spikes.times.size
    np.testing.assert_array_equal(v.to_numpy(), exc.signals[0].data)
    assert (v.index.name, v.columns.name) == ("time", "cell")
    assert v.columns.tolist() == exc.signals[0].node_ids.tolist()
    assert v.index[:4].tolist() == [0.0, 0.1, 0.2, 0.3]


def test_a_file_without_spikes_has_an_empty_table(tmp_path):
    write(tmp_path / "run.h5", [SegmentData(0, 0.0, 1.0)], {})
    with io.open(tmp_path / "run.h5") as recording:
        table = recording.to_dataframe()
    assert (len(table), table.time.dtype, table.cell.dtype) == (0, float, int)


def test_without_pandas_the_error_says_what_to_install(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with (
        io.open(path) as recording,
        pytest.raises(MissingPackageError, match=r"pip install 'distsim\[pandas\]'"),
    ):
        recording.to_dataframe()
