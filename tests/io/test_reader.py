"""Files of recordings, and others."""

import subprocess
import sys

import h5py
import numpy as np
import pytest

from distsim.errors import FileFormatError
from distsim.io import read_block, read_segments, write

RUN = {"dt": 0.1, "simulator": "distsim", "mpi_processes": 3}


@pytest.fixture
def path(tmp_path, segments):
    write(tmp_path / "run.h5", segments, RUN)
    return tmp_path / "run.h5"


def test_a_block_has_all_populations_and_segments(path, segments):
    block = read_block(path)
    assert block.name == "exc+quiet+layer 2/3.ünh"
    assert block.annotations["mpi_processes"] == 3
    assert "magic" not in block.annotations
    assert [segment.name for segment in block.segments] == ["segment000", "segment001"]
    assert [segment.annotations["trial"] for segment in block.segments] == [0, 1]
    for segment, data in zip(block.segments, segments, strict=True):
        assert len(segment.spiketrains) == 275
        assert segment.spiketrains.multiplexed[1].size == 3040
        v, gsyn = segment.analogsignals
        assert (v.name, gsyn.name) == ("v", "gsyn_exc")
        np.testing.assert_array_equal(gsyn.magnitude, data.populations[0].signals[1].data)
        first, other = data.populations[0].signals[0], data.populations[2].signals[0]
        np.testing.assert_array_equal(v.magnitude, np.hstack([first.data, other.data]))
        expected = np.concatenate([first.node_ids, 305 + other.node_ids])
        np.testing.assert_array_equal(v.array_annotations["channel_index"], expected)


def test_files_of_earlier_versions_are_read(path, segments):
    with h5py.File(path, "a") as file:
        del file["spikes/exc/recorded_since"]
        file.move("reports/gsyn_exc/exc", "report/exc.gsyn_exc")
        assert "segment.rec_datetime" not in file.attrs
        assert "block.name" not in file.attrs
    segment = read_block(path).segments[0]
    assert {train.t_start.item() for train in segment.spiketrains} == {segments[0].t_start}
    assert segment.rec_datetime is None


def test_one_population_can_be_read_alone(path, segments):
    block = read_block(path, population="layer 2/3.ünh")
    assert block.name == "layer 2/3.ünh"
    assert (block.annotations["size"], block.annotations["layer"]) == (75, 5)
    (v,) = block.segments[1].analogsignals
    expected = segments[1].populations[2].signals[0].node_ids
    np.testing.assert_array_equal(v.array_annotations["channel_index"], expected)
    assert len(block.segments[1].spiketrains) == 75


def test_lazy_arrays_have_the_shape_and_read_what_is_indexed(path, segments):
    stored = read_segments(path, lazy=True)[1][1].populations[0].signals[0].data
    expected = segments[1].populations[0].signals[0].data
    assert stored.shape == expected.shape
    np.testing.assert_array_equal(stored[3:5], expected[3:5])


def test_reading_does_not_start_mpi(path):
    script = (
        "import sys; from distsim.io import read_block; "
        f"read_block({str(path)!r}); print('mpi4py.MPI' in sys.modules)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=path.parent)
    assert done.stdout.strip() == "False"


def test_an_unknown_population_is_named_with_the_nearest(path):
    with pytest.raises(FileFormatError, match=r"no population 'ecx'; did you mean 'exc'\?"):
        read_block(path, population="ecx")


def test_a_missing_file_is_pythons_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_block(tmp_path / "none.h5")


def test_a_file_that_is_not_hdf5_is_said_to_be_none(tmp_path):
    path = tmp_path / "run.h5"
    path.write_text("v, spikes")
    with pytest.raises(FileFormatError, match=r"run.h5' is not an HDF5 file"):
        read_block(path)


def test_a_file_that_was_cut_short_is_said_to_be_so(path):
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(FileFormatError, match="may be cut short"):
        read_block(path)


def test_the_hdf5_of_another_program_is_said_to_be_so(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
        file.attrs["magic"] = np.arange(3)
    with pytest.raises(FileFormatError, match=r"other.h5' is HDF5, but was not written by distsim"):
        read_block(tmp_path / "other.h5")


def test_a_later_format_asks_for_a_later_version(path):
    with h5py.File(path, "a") as file:
        file.attrs["distsim_format"] = 99
    with pytest.raises(FileFormatError, match=r"has format 99, .* reads up to 2"):
        read_block(path)


@pytest.mark.parametrize(
    "missing",
    [
        "/spikes/exc/timestamps",
        "/spikes/exc/node_ids",
        "/spikes/exc/recorded_ids",
        "/report/exc/values",
        "/report/exc/mapping",
        "/reports/gsyn_exc/exc/mapping/time",
        "/segments/1/report/exc/mapping/node_ids",
        "/segments/1",
        "/populations",
    ],
)
def test_what_is_missing_is_named(path, missing):
    with h5py.File(path, "a") as file:
        del file[missing]
    with pytest.raises(FileFormatError, match=f"run.h5' lacks the (dataset|group) '{missing}'"):
        read_block(path)


@pytest.mark.parametrize(
    ("owner", "attribute"),
    [
        ("/populations/exc", "size"),
        ("/populations/exc", "position"),
        ("/report/exc", "variable"),
        ("/report/exc", "position"),
        ("/", "segment.t_stop"),
    ],
)
def test_a_missing_attribute_is_named(path, owner, attribute):
    with h5py.File(path, "a") as file:
        del file[owner].attrs[attribute]
    with pytest.raises(FileFormatError, match=f"'{owner}' in .* lacks the attribute '{attribute}'"):
        read_block(path)


def test_datasets_that_do_not_fit_are_named(path):
    with h5py.File(path, "a") as file:
        del file["spikes/exc/node_ids"]
        file["spikes/exc/node_ids"] = np.arange(3)
    with pytest.raises(FileFormatError, match=r"/spikes/exc/node_ids' in .* has length 3 instead"):
        read_block(path)
