"""One file from the recordings of all ranks."""

import subprocess
import sys
from functools import partial
from textwrap import dedent

import h5py
import libsonata
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distsim.errors import DistsimError, FileWriteError, ParameterError
from distsim.io import (
    PopulationData,
    PopulationInfo,
    RunInfo,
    SegmentData,
    SignalData,
    SpikeData,
    layout,
    neo_blocks,
    read_block,
    reader,
    schema,
    spike_merge,
    transfer,
    write,
)

RUN = {"dt": 0.1, "seed": 12345, "distsim_version": "0.1.0", "simulator": "distsim"}
N_RANKS = [1, 2, 3, 4, 7]


def read_all(path):
    """Return what is known of the run, and all that was recorded, in memory."""
    with reader.open(path) as recording:
        return recording.run, [segment.load() for segment in recording.segments]


def assert_same(segments, others):
    assert len(segments) == len(others)
    for ours, theirs in zip(segments, others, strict=True):
        for name in ("index", "t_start", "t_stop", "annotations"):
            assert getattr(ours, name) == getattr(theirs, name)
        assert len(ours.populations) == len(theirs.populations)
        for (info, spikes, signals), other in zip(
            ours.populations, theirs.populations, strict=True
        ):
            assert info == other[0]
            assert_same_spikes(spikes, other[1])
            assert len(signals) == len(other[2])
            for signal, other_signal in zip(signals, other[2], strict=True):
                assert_same_signal(signal, other_signal)


def assert_same_spikes(spikes, other):
    if spikes is None:
        assert other is None
        return
    for name in ("node_ids", "times", "senders"):
        ours, theirs = getattr(spikes, name), getattr(other, name)
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


def assert_same_signal(signal, other):
    for name in ("variable", "units", "t_start", "sampling_interval"):
        assert getattr(signal, name) == getattr(other, name)
    np.testing.assert_array_equal(signal.node_ids, other.node_ids)
    assert signal.data.dtype == other.data.dtype
    np.testing.assert_array_equal(signal.data, other.data)


def content(block):
    """Return all that a block says, to be compared."""
    return [
        (block.name, block.description, block.annotations),
        *((segment.name, segment.annotations) for segment in block.segments),
        *(of_signal(signal) for segment in block.segments for signal in segment.analogsignals),
        *(of_train(train) for segment in block.segments for train in segment.spiketrains),
    ]


def of_signal(signal):
    arrays = (
        signal.magnitude,
        signal.annotations["channel_ids"],
        signal.array_annotations["channel_index"],
    )
    facts = signal.segment.name, signal.name, str(signal.units), float(signal.t_start)
    return (*facts, *(array.tolist() for array in arrays))


def of_train(train):
    times = float(train.t_start), float(train.t_stop), train.magnitude.tolist()
    return (train.segment.name, *times, train.annotations)


def write_on_ranks(run_on_ranks, split_segment, path, segments, n_ranks, seed=0):
    def act(comm):
        own = [split_segment(data, comm.Get_rank(), n_ranks, seed) for data in segments]
        write(path, own, RUN, comm)
        return comm.largest

    return run_on_ranks(n_ranks, act)


def raised(outcomes):
    """Return class and message, which must be those of every rank."""
    assert all(isinstance(outcome, DistsimError) for outcome in outcomes), outcomes
    kinds = {(type(outcome), str(outcome)) for outcome in outcomes}
    assert len(kinds) == 1
    return kinds.pop()


labels = st.text(max_size=5) | st.sampled_from(["exc", "a/b", "a.v", "~", "%", ".."])
variables = st.lists(st.sampled_from(["v", "gsyn_exc", "soma.v", "w/x"]), unique=True, max_size=3)


@st.composite
def populations(draw, make_spikes, make_signal, n_samples):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    size = draw(st.integers(1, 12))
    info = PopulationInfo(draw(labels), size, draw(st.integers(0, 2**40)), {"tag": draw(labels)})
    n_recorded = st.integers(0, size)
    spikes = None
    if draw(st.booleans()):
        spikes = make_spikes(rng, size, draw(n_recorded), draw(st.integers(0, 30)))
    signals = [
        make_signal(rng, variable, "mV", size, draw(n_recorded), n_samples)
        for variable in draw(variables)
    ]
    return PopulationData(info, spikes, signals)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), n_ranks=st.sampled_from(N_RANKS))
def test_what_is_written_is_read(
    data, n_ranks, tmp_path_factory, run_on_ranks, split_segment, make_spikes, make_signal
):
    path = tmp_path_factory.mktemp("round_trip") / "run.h5"
    one = populations(make_spikes, make_signal, data.draw(st.integers(0, 5)))
    segments = [
        SegmentData(index, 0.0, 11.0, {"trial": index, "note": None}, parts)
        for index, parts in enumerate(data.draw(st.lists(st.lists(one, max_size=3), max_size=3)))
    ]
    outcomes = write_on_ranks(run_on_ranks, split_segment, path, segments, n_ranks)
    assert not any(isinstance(outcome, Exception) for outcome in outcomes), outcomes
    run, restored = read_all(path)
    assert run.attributes == RUN
    assert_same(segments, restored)
    expected = content(neo_blocks.block(segments, RunInfo(RUN)))
    assert content(read_block(path)) == expected
    lazy = read_block(path, lazy=True)
    for segment in lazy.segments:
        segment.analogsignals = [signal.load() for signal in segment.analogsignals]
    assert content(lazy) == expected


@pytest.mark.parametrize("n_ranks", N_RANKS)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_file_does_not_depend_on_the_ranks(
    n_ranks, seed, tmp_path, segments, run_on_ranks, split_segment, datasets_of, monkeypatch
):
    write(tmp_path / "serial.h5", segments, RunInfo(RUN))
    # many small blocks
    monkeypatch.setattr(spike_merge, "_MIN_BLOCK", 16)
    monkeypatch.setattr(layout, "merge", partial(spike_merge.merge, n_held=16))
    monkeypatch.setattr(transfer, "MESSAGE_BYTES", 1024)
    monkeypatch.setattr(layout, "MESSAGE_BYTES", 1024)
    monkeypatch.setattr(layout, "_TILE_COLUMNS", schema.REPORT_CHUNK[1])
    path = tmp_path / "parallel.h5"
    outcomes = write_on_ranks(run_on_ranks, split_segment, path, segments, n_ranks, seed)
    assert max(outcomes) <= 1024
    assert datasets_of(path) == datasets_of(tmp_path / "serial.h5")


def test_no_message_is_larger_than_the_limit(tmp_path, run_on_ranks):
    data = np.random.default_rng(0).normal(size=(3000, 900))
    signal = SignalData("v", "mV", np.arange(900), data, 0.0, 0.1)
    nothing = SignalData("v", "mV", np.arange(0), np.empty((3000, 0)), 0.0, 0.1)

    def act(comm):
        own = [nothing, signal][comm.Get_rank()]
        info = PopulationInfo("exc", 900, 0)
        write(
            tmp_path / "run.h5", [SegmentData(0, 0.0, 300.0, {}, [(info, None, [own])])], {}, comm
        )
        return comm.largest

    largest = max(run_on_ranks(2, act))
    assert 2**20 < largest <= transfer.MESSAGE_BYTES < data.nbytes
    restored = read_all(tmp_path / "run.h5")[1][0].populations[0].signals[0]
    np.testing.assert_array_equal(restored.data, data)


def test_libsonata_reads_the_spikes(tmp_path, segments):
    write(tmp_path / "run.h5", segments, RUN)
    reader = libsonata.SpikeReader(str(tmp_path / "run.h5"))
    spikes = segments[0].populations[0].spikes
    assert set(reader.get_population_names()) == {"exc", "layer 2%2F3%2E%C3%BCnh"}
    population = reader["exc"]
    assert population.sorting == "by_time"
    ids, times = zip(*population.get(), strict=True)
    np.testing.assert_array_equal(ids, spikes.senders)
    np.testing.assert_array_equal(times, spikes.times)


def test_libsonata_reads_the_reports(tmp_path, segments):
    write(tmp_path / "run.h5", segments, RUN)
    reader = libsonata.ElementReportReader(str(tmp_path / "run.h5"))
    assert set(reader.get_population_names()) == {"exc", "layer 2%2F3%2E%C3%BCnh"}
    signal = segments[0].populations[0].signals[0]
    report = reader["exc"]
    assert (report.time_units, report.data_units, report.sorted) == ("ms", "mV", True)
    frames = report.get()
    np.testing.assert_array_equal(frames.data, signal.data.astype(np.float32))
    np.testing.assert_array_equal(frames.ids[:, 0], signal.node_ids)
    np.testing.assert_allclose(frames.times, np.arange(700) * 0.1, rtol=1e-12)


def test_libsonata_opens_populations_without_spikes_and_cells(tmp_path):
    none = np.empty(0, dtype=np.int64)
    spikes = SpikeData(none, np.empty(0), none)
    signal = SignalData("v", "mV", none, np.empty((5, 0)), 0.0, 0.1)
    info = PopulationInfo("exc", 3, 0)
    path = str(tmp_path / "run.h5")
    write(path, [SegmentData(0, 0.0, 0.5, {}, [(info, spikes, [signal])])], RUN)
    assert list(libsonata.SpikeReader(path)["exc"].get()) == []
    assert libsonata.ElementReportReader(path).get_population_names() == ["exc"]


def test_the_root_says_that_it_is_sonata(tmp_path, segments):
    write(tmp_path / "run.h5", segments, RUN)
    with h5py.File(tmp_path / "run.h5") as file:
        assert file.attrs["magic"] == 0x0A7A
        assert file.attrs["magic"].dtype == np.uint32
        assert file.attrs["version"].tolist() == [0, 1]
        assert file.attrs["n_segments"] == 2
        assert file.attrs["distsim_version"].decode() == "0.1.0"
        assert file["spikes/exc"].attrs["label"] == b"exc"
        assert file["spikes/exc"].attrs["annotation.layer"] == 4
        assert file["spikes/exc/timestamps"].attrs["units"] == b"ms"
        assert file["report/exc/values"].dtype == np.float64


def test_populations_of_one_label_are_kept_apart(tmp_path):
    cells = np.arange(2)
    populations = [
        (PopulationInfo("exc", 2, gid), SpikeData(cells, cells + 0.1 * gid, cells), [])
        for gid in (0, 2)
    ]
    segments = [SegmentData(0, 0.0, 5.0, {}, populations)]
    write(tmp_path / "run.h5", segments, RUN)
    assert_same(segments, read_all(tmp_path / "run.h5")[1])


@pytest.mark.parametrize("n_ranks", [1, 3])
def test_a_file_in_the_place_of_the_folder_is_one_error_on_all_ranks(
    n_ranks, tmp_path, segments, run_on_ranks, split_segment
):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "run.h5"
    outcomes = write_on_ranks(run_on_ranks, split_segment, path, segments, n_ranks)
    kind, message = raised(outcomes)
    assert kind is FileWriteError
    assert f"'{path}' cannot be written" in message


def test_a_missing_folder_is_made(tmp_path, segments):
    write(tmp_path / "new" / "folder" / "run.h5", segments, RUN)
    assert (tmp_path / "new" / "folder" / "run.h5").is_file()


@pytest.mark.parametrize("n_ranks", [1, 3])
@pytest.mark.parametrize("failing_tile", [0, 3])
def test_an_error_while_writing_is_raised_on_all_ranks_and_leaves_the_old_file(
    n_ranks, failing_tile, tmp_path, segments, run_on_ranks, split_segment, monkeypatch
):
    path = tmp_path / "run.h5"
    path.write_text("older")
    tiles = iter(range(failing_tile + 1))

    def fail_in_time(shape):
        if next(tiles) == failing_tile:
            raise OSError(28, "No space left on device")
        return []

    monkeypatch.setattr(layout, "_tiles", fail_in_time)
    outcomes = write_on_ranks(run_on_ranks, split_segment, path, segments, n_ranks)
    kind, message = raised(outcomes)
    assert kind is FileWriteError
    assert "No space left on device" in message
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.h5"]
    assert path.read_text() == "older"


def test_a_folder_in_the_place_of_the_file_is_an_error(tmp_path, segments):
    (tmp_path / "run.h5").mkdir()
    with pytest.raises(FileWriteError, match="cannot be written"):
        write(tmp_path / "run.h5", segments, RUN)
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.h5"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_full_disk_is_an_error_that_says_so(tmp_path):
    script = dedent(
        """
        import resource, sys
        import numpy as np
        from distsim.errors import FileWriteError
        from distsim.io import *

        signal = SignalData("v", "mV", np.arange(100), np.ones((10_000, 100)), 0.0, 0.1)
        data = SegmentData(0, 0.0, 1000.0, {}, [(PopulationInfo("exc", 100, 0), None, [signal])])
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
        try:
            write(sys.argv[1], [data], {})
        except FileWriteError as error:
            print("raised:", error)
        """
    )
    command = [sys.executable, "-c", script, str(tmp_path / "run.h5")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert "raised:" in done.stdout, done.stderr
    assert "free space" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_ranks_that_disagree_are_told_so(tmp_path, run_on_ranks):
    def act(comm):
        label = "exc" if comm.Get_rank() < 2 else "inh"
        population = (PopulationInfo(label, 3, 0), None, [])
        write(tmp_path / "run.h5", [SegmentData(0, 0.0, 1.0, {}, [population])], RUN, comm)

    kind, message = raised(run_on_ranks(4, act))
    assert kind is ParameterError
    assert message.startswith("rank 2 has ['population', 'inh'")


def test_a_cell_of_two_ranks_is_an_error(tmp_path, run_on_ranks):
    def act(comm):
        cells = np.array([comm.Get_rank() % 2])
        spikes = SpikeData(cells, np.array([0.1]), cells)
        population = (PopulationInfo("exc", 3, 0), spikes, [])
        write(tmp_path / "run.h5", [SegmentData(0, 0.0, 1.0, {}, [population])], RUN, comm)

    kind, message = raised(run_on_ranks(3, act))
    assert kind is ParameterError
    assert "spikes of 'exc': cell 0 is recorded on ranks [0, 2]" in message


def test_an_error_in_the_data_of_one_rank_is_raised_on_all(tmp_path, run_on_ranks):
    def act(comm):
        cells = np.array([comm.Get_rank()])
        spikes = SpikeData(cells, np.array([0.1]), np.array([0]))
        population = (PopulationInfo("exc", 3, 0), spikes, [])
        write(tmp_path / "run.h5", [SegmentData(0, 0.0, 1.0, {}, [population])], RUN, comm)

    kind, message = raised(run_on_ranks(3, act))
    assert kind is ParameterError
    assert message.startswith("rank 1: population 'exc' has spikes of cells")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["magic", "version", "segment.x"])
def test_a_fact_with_a_name_of_the_format_is_an_error(tmp_path, name):
    with pytest.raises(ParameterError, match="rename it"):
        write(tmp_path / "run.h5", [], {name: 1})


def test_an_annotation_that_cannot_be_stored_is_named_before_anything_is_written(tmp_path):
    info = PopulationInfo("exc", 3, 0, {"who": object()})
    with pytest.raises(ParameterError, match="'who' of population 'exc'"):
        write(tmp_path / "run.h5", [SegmentData(0, 0.0, 1.0, {}, [(info, None, [])])], RUN)
    assert list(tmp_path.iterdir()) == []
