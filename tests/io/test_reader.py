"""Files of recordings, and others."""

import subprocess
import sys

import h5py
import numpy as np
import pytest

from distsim import io
from distsim.errors import FileFormatError, ParameterError
from distsim.io import PopulationInfo, SegmentData, SpikeData, read_block, stored, write

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


INDICES = [
    (slice(3, 5),),
    (slice(None), 0),
    (..., slice(5, 1, -2)),
    (-1,),
    (7, [4, 2, 2]),
    (slice(680, 20, -7), slice(2, None, 3)),
    ([699, 0, 256, 255], slice(None)),
    (np.arange(700) % 2 == 0, -3),
    (slice(10, 3),),
    ([],),
    (),
]


@pytest.mark.parametrize("index", INDICES, ids=str)
@pytest.mark.parametrize("n_rows", [100, 4096])
def test_samples_are_indexed_like_an_array(path, segments, index, n_rows, monkeypatch):
    monkeypatch.setattr(stored, "N_ROWS", n_rows)
    expected = segments[1].populations[0].signals[0].data
    with io.open(path) as recording:
        data = recording.segments[1].population("exc").signal("v").data
        assert (data.shape, data.dtype, data.ndim, len(data)) == ((700, 250), float, 2, 700)
        found = data[index]
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected[index])


def test_samples_that_are_not_there_are_no_damage(path):
    with io.open(path) as recording:
        data = recording.segments[0].population("exc").signal("v").data
        for index in (700, (0, 250), (0, 0, 0), ([1, 2], [3, 4])):
            with pytest.raises(IndexError):
                data[index]


def test_only_the_chunks_that_are_wanted_are_read(path):
    with h5py.File(path) as file:
        values = file["report/exc/values"]
        chunks = {
            values.id.get_chunk_info(k).chunk_offset: values.id.get_chunk_info(k).byte_offset
            for k in range(values.id.get_num_chunks())
        }
    data = bytearray(path.read_bytes())
    data[chunks[256, 0] + 8] ^= 1
    path.write_bytes(data)
    with io.open(path) as recording:
        v = recording.segments[0].population("exc").signal("v").data
        assert v[:256].shape == (256, 250)
        assert v[:, 128:].shape == (700, 122)
        with pytest.raises(FileFormatError, match="is damaged"):
            v[256:257, 0]


def test_spikes_are_read_when_asked_for_and_kept(path, segments):
    expected = segments[0].populations[0].spikes
    with io.open(path) as recording:
        exc, inh = (
            recording.segments[0].population(label).spikes for label in ("exc", "layer 2/3.ünh")
        )
        assert exc.times is exc.times
        np.testing.assert_array_equal(exc.times, expected.times)
        np.testing.assert_array_equal(exc.senders, expected.senders)
    np.testing.assert_array_equal(exc.times, expected.times)
    with pytest.raises(ParameterError, match=r"run\.h5' was closed; read within the `with`"):
        inh.times  # noqa: B018


def test_populations_are_found_by_label_and_signals_by_variable(tmp_path):
    cells = np.arange(2)
    labels = ["exc", "", "a/b ☃", "exc"]
    populations = [
        (PopulationInfo(label, 2, 2 * k), SpikeData(cells, cells + k, cells), [])
        for k, label in enumerate(labels)
    ]
    write(tmp_path / "run.h5", [SegmentData(0, 0.0, 5.0, {}, populations)], RUN)
    with io.open(tmp_path / "run.h5") as recording:
        (segment,) = recording.segments
        assert [data.info.label for data in segment.populations] == labels
        assert segment.population("").info.first_gid == 2
        assert segment.population("a/b ☃").spikes.times.tolist() == [2, 3]
        assert [segment.population("exc", k).info.first_gid for k in (0, 1)] == [0, 6]
        with pytest.raises(ParameterError, match=r"has 2 populations 'exc'; .* from 0 to 1"):
            segment.population("exc")
        with pytest.raises(ParameterError, match=r"no population 'ecx'; did you mean 'exc'\?"):
            segment.population("ecx")
        with pytest.raises(ParameterError, match="'v' of population 'exc' was not recorded"):
            segment.population("exc", 1).signal("v")


def test_a_file_that_is_open_says_what_it_is(path):
    with io.open(path) as recording:
        assert recording.path == path
        assert recording.run.attributes == RUN
        labels = "exc, quiet, layer 2/3.ünh"
        assert repr(recording) == f"<Recording '{path}', 2 segments of {labels}>"


def test_a_notebook_shows_what_is_in_a_file_without_reading_it(tmp_path, segments, monkeypatch):
    path = tmp_path / "<i>☃.h5"
    write(path, segments, RUN)
    with io.open(path) as recording:
        monkeypatch.setattr(stored, "read_array", None)
    html = recording._repr_html_()
    assert "&lt;i&gt;☃.h5" in html
    assert "<i>" not in html
    assert "<th>dt</th><td>0.1</td>" in html
    assert html.count("<table>") == html.count("</table>") == 1 + len(segments)
    info, spikes, _ = segments[0].population("exc")
    cells = [info.cell_type, info.size, spikes.node_ids.size, spikes.times.size]
    assert f"<th>exc</th>{''.join(f'<td>{each}</td>' for each in cells)}" in html


def test_reading_loads_no_mpi_and_no_simulator(path):
    script = (
        "import sys, distsim.io\n"
        f"with distsim.io.open({str(path)!r}) as recording:\n"
        "    recording.segments[0].population('exc').spikes.times\n"
        "assert 'neo' not in sys.modules\n"
        f"distsim.io.read_block({str(path)!r})\n"
        "print({'mpi4py', 'numba', 'pyNN', 'pandas', 'matplotlib'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=path.parent)
    assert done.stdout.strip() == "set()"


def test_an_unknown_population_is_named_with_the_nearest(path):
    with pytest.raises(ParameterError, match=r"no population 'ecx'; did you mean 'exc'\?"):
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
