"""Recording: what is kept, and the Neo objects and files that come of it."""

import pickle

import neo
import numpy as np
import pyNN.errors
import pytest
import quantities as pq
from pyNN import mock

import distsim
from distsim.errors import FileWriteError, ParameterError
from distsim.io import read_block
from distsim.pynn.recording import RecordingError


@pytest.fixture
def cells(sim):
    """Return five cells, of which the last three fire."""
    return sim.Population(5, sim.IF_curr_exp(i_offset=[0.0, 0.5, 1.5, 2.0, 2.5]), label="cells")


def signal_of(cells, name, segment=-1, **options):
    (signal,) = cells.get_data(**options).segments[segment].filter(name=name)
    return signal


def trains_of(cells, segment=-1, **options):
    return [t.magnitude.tolist() for t in cells.get_data(**options).segments[segment].spiketrains]


# --- the Neo objects --------------------------------------------------------------------------


def structure(block):
    """Return what a script may rely on: names, units, shapes, times and annotations."""
    return {
        "name": block.name,
        "annotations": sorted(block.annotations),
        "segments": [
            {
                "name": segment.name,
                "annotations": segment.annotations,
                "signals": sorted(
                    (
                        signal.name,
                        signal.shape,
                        str(signal.units.dimensionality),
                        float(signal.t_start),
                        float(signal.t_stop.rescale("ms")),
                        float(signal.sampling_period.rescale("ms")),
                        sorted(signal.annotations),
                        signal.annotations["source_population"],
                        list(np.asarray(signal.annotations["channel_ids"]) - 0),
                        list(signal.array_annotations["channel_index"]),
                    )
                    for signal in segment.analogsignals
                ),
                "trains": [
                    (
                        float(train.t_start),
                        float(train.t_stop),
                        str(train.units.dimensionality),
                        train.annotations["source_population"],
                        int(train.annotations["channel_id"]),
                        int(train.annotations["source_index"]),
                    )
                    for train in segment.spiketrains
                ],
            }
            for segment in block.segments
        ],
    }


def recorded_by(back_end, model):
    """Return a block of two segments that a back end gives."""
    back_end.setup(timestep=0.1, min_delay=0.1)
    cells = back_end.Population(6, getattr(back_end, model)(), label="cells")
    cells.annotate(layer=4)
    cells.record("spikes")
    cells[1:5].record("v")
    if "gsyn_exc" in cells.celltype.recordable:
        cells[[0, 5]].record(["gsyn_exc", "gsyn_inh"])
    back_end.run(10.0)
    back_end.reset(annotations={"part": "first"})
    back_end.run(7.0)
    return cells.get_data(), cells


def assert_same_structure(ours, theirs, first_id):
    """Compare structures; gids of other back ends begin at another number."""
    ours, theirs = structure(ours), structure(theirs)
    for found, expected in zip(ours["segments"], theirs["segments"], strict=True):
        assert found["name"] == expected["name"]
        assert found["annotations"] == expected["annotations"]
        for signal, other in zip(found["signals"], expected["signals"], strict=True):
            assert signal[:3] == other[:3]
            assert signal[3:6] == pytest.approx(other[3:6])
            assert signal[6:8] == other[6:8]
            assert [int(k) for k in signal[8]] == [int(k) - first_id for k in other[8]]
            assert signal[9] == other[9]
        for train, other in zip(found["trains"], expected["trains"], strict=True):
            assert train[:4] == other[:4]
            assert (train[4], train[5]) == (other[4] - first_id, other[5])
    assert ours["name"] == theirs["name"]
    assert set(theirs["annotations"]) <= set(ours["annotations"])


@pytest.mark.parametrize("model", ["IF_curr_exp", "IF_cond_exp", "IF_cond_alpha"])
def test_the_block_is_like_that_of_pynn_mock(model):
    ours, our_cells = recorded_by(distsim, model)
    theirs, cells = recorded_by(mock, model)
    assert our_cells.first_id == 0
    assert_same_structure(ours, theirs, int(cells.first_id))
    assert ours.annotations["layer"] == 4
    assert our_cells.get_data(annotations={"mine": 1}).annotations["mine"] == 1
    assert ours.annotations["simulator"] == "distsim"


def test_cells_know_their_data(sim, cells):
    cells.record(["spikes", "v"])
    sim.run(50.0)
    block = cells.get_data()
    (segment,) = block.segments
    assert segment.block is block
    (signal,) = segment.analogsignals
    assert signal.segment is segment
    assert signal.units == pq.mV
    assert signal.shape == (501, 5)
    assert signal.t_start == 0 * pq.ms
    assert [train.annotations["channel_id"] for train in segment.spiketrains] == list(
        cells.all_cells
    )
    counts = [len(train) for train in segment.spiketrains]
    assert counts[:2] == [0, 0]
    assert min(counts[2:]) > 0
    assert counts == list(cells.get_spike_counts().values())
    assert cells.mean_spike_count() == sum(counts) / 5
    fired = np.round(segment.spiketrains[4].magnitude / 0.1).astype(int)
    np.testing.assert_array_equal(signal.magnitude[fired, 4], -65.0)


@pytest.mark.parametrize(
    ("model", "variable", "units"),
    [
        ("IF_curr_exp", "isyn_exc", "nA"),
        ("IF_curr_alpha", "isyn_inh", "nA"),
        ("IF_cond_exp", "gsyn_exc", "uS"),
        ("IF_cond_alpha", "gsyn_inh", "uS"),
        ("IF_curr_delta", "v", "mV"),
    ],
)
def test_each_model_has_its_variables(sim, model, variable, units):
    cells = sim.Population(2, getattr(sim, model)())
    assert cells.can_record(variable)
    cells.record(variable)
    sim.run(1.0)
    signal = signal_of(cells, variable)
    assert str(signal.units.dimensionality) in (units, units.replace("u", "µ"))
    assert cells.find_units(variable) == units


def test_all_stands_for_all_variables(sim, cells):
    cells.record("all")
    sim.run(1.0)
    names = {signal.name for signal in cells.get_data().segments[0].analogsignals}
    assert names == set(cells.celltype.recordable) - {"spikes"}
    only = cells.get_data(["v"]).segments[0]
    assert [signal.name for signal in only.analogsignals] == ["v"]
    assert len(only.spiketrains) == 0
    assert len(cells.get_data("spikes").segments[0].spiketrains) == 5
    assert not cells.get_data("spikes").segments[0].analogsignals


def test_what_cannot_be_recorded_is_refused(sim, cells):
    with pytest.raises(RecordingError, match=r"cannot record 'gsyn_exc' from IF_curr_exp"):
        cells.record("gsyn_exc")
    with pytest.raises(pyNN.errors.RecordingError, match="did you mean 'spikes'"):
        cells.record(["v", "spike"])
    with pytest.raises(RecordingError, match="SpikeSourcePoisson"):
        sim.Population(1, sim.SpikeSourcePoisson()).record("v")
    with pytest.raises(RecordingError):
        cells.get_data("vm")


def test_nothing_is_recorded_that_was_not_asked_for(sim, cells):
    sim.run(5.0)
    (segment,) = cells.get_data().segments
    assert not segment.analogsignals
    assert len(segment.spiketrains) == 0
    assert cells.get_spike_counts() == {}
    assert cells.mean_spike_count() == 0


def test_recording_can_be_stopped(sim, cells):
    cells.record(["v", "spikes"])
    sim.run(1.0)
    cells.record(None)
    sim.run(1.0)
    (segment,) = cells.get_data().segments
    assert not segment.analogsignals
    assert len(segment.spiketrains) == 0
    cells.record("v", sampling_interval=0.5)
    sim.run(1.0)
    signal = signal_of(cells, "v")
    assert signal.t_start == 2.0 * pq.ms
    assert signal.shape == (3, 5)


# --- subsets and sampling ---------------------------------------------------------------------


def test_subsets_add_up(sim, cells):
    cells[3:].record("v")
    cells[[0]].record(["v", "spikes"])
    cells[4:].record("spikes")
    sim.run(2.0)
    signal = signal_of(cells, "v")
    assert signal.array_annotations["channel_index"].tolist() == [0, 3, 4]
    assert [t.annotations["source_index"] for t in cells.get_data().segments[0].spiketrains] == [
        0,
        4,
    ]
    assert [cells.id_to_index(cell) for cell in cells.get_spike_counts()] == [0, 4]


def test_a_view_gives_the_data_of_its_cells(sim, cells):
    cells.record(["v", "spikes"])
    sim.run(30.0)
    whole = signal_of(cells, "v")
    view = cells[1:4]
    part = signal_of(view, "v")
    np.testing.assert_array_equal(part.magnitude, whole.magnitude[:, 1:4])
    assert part.array_annotations["channel_index"].tolist() == [1, 2, 3]
    assert trains_of(view) == trains_of(cells)[1:4]
    assert list(view.get_spike_counts()) == list(view.all_cells)
    assert view.mean_spike_count() == np.mean([len(t) for t in trains_of(view)])
    sim.reset()
    sim.run(1.0)
    assert trains_of(view, segment=0) == trains_of(cells, segment=0)[1:4]
    assert not cells[:0].get_data().segments[0].analogsignals


@pytest.mark.parametrize("interval", [0.1, 0.3, 1.0, 2.5])
def test_samples_are_taken_at_multiples_of_the_interval(sim, interval):
    every = sim.Population(2, sim.IF_curr_exp(i_offset=1.0))
    some = sim.Population(2, sim.IF_curr_exp(i_offset=1.0))
    every.record("v")
    some.record("v", sampling_interval=interval)
    sim.run(4.2)
    sim.run(5.8)
    signal = signal_of(some, "v")
    step = round(interval / 0.1)
    np.testing.assert_array_equal(signal.magnitude, signal_of(every, "v").magnitude[::step])
    assert float(signal.sampling_period.rescale("ms")) == pytest.approx(interval)


@pytest.mark.parametrize("interval", [0.05, 0.15, 0.0, -1.0, np.nan, np.inf, "1.0"])
def test_an_interval_that_is_no_multiple_of_the_step_is_refused(cells, interval):
    with pytest.raises(ParameterError, match="multiple of the time step"):
        cells.record("v", sampling_interval=interval)


def test_a_population_has_one_sampling_interval(cells):
    cells.record("spikes", sampling_interval=5.0)
    cells.record("v", sampling_interval=0.5)
    cells[:2].record("isyn_exc", sampling_interval=0.5)
    cells[2:].record("v")
    with pytest.raises(ParameterError, match="one population has one"):
        cells.record("isyn_exc", sampling_interval=0.2)


def test_cells_can_be_added_between_runs(sim, cells):
    cells[1:3].record("v")
    sim.run(2.0)
    cells[2:5].record("v")
    cells[4:].record("isyn_exc")
    sim.run(1.0)
    v = signal_of(cells, "v").magnitude
    assert v.shape == (31, 4)
    assert np.isfinite(v[:, :2]).all()
    assert np.isnan(v[:21, 2:]).all()
    assert np.isfinite(v[21:]).all()
    late = signal_of(cells, "isyn_exc")
    assert late.t_start == 2.0 * pq.ms
    assert late.shape == (11, 1)


# --- segments ---------------------------------------------------------------------------------


def test_each_reset_begins_a_segment(sim, cells):
    cells.record(["v", "spikes"])
    sim.run(30.0)
    sim.reset(annotations={"k": 0})
    sim.run(20.0)
    sim.reset(annotations={"k": 1})
    block = cells.get_data()
    assert [segment.name for segment in block.segments] == ["segment000", "segment001"]
    assert [segment.annotations["k"] for segment in block.segments] == [0, 1]
    sim.run(10.0)
    segments = cells.get_data().segments
    assert [segment.analogsignals[0].shape for segment in segments] == [
        (301, 5),
        (201, 5),
        (101, 5),
    ]
    longest = segments[0].analogsignals[0].magnitude
    for segment in segments[1:]:
        v = segment.analogsignals[0].magnitude
        np.testing.assert_array_equal(v, longest[: len(v)])
    assert list(cells.get_spike_counts().values()) == [len(t) for t in trains_of(cells)]


def test_two_resets_in_a_row_are_one(sim, cells):
    cells.record("v")
    sim.run(1.0)
    sim.reset()
    sim.reset()
    sim.run(2.0)
    assert [s.analogsignals[0].shape[0] for s in cells.get_data().segments] == [11, 21]


def test_data_are_cleared(sim, cells):
    cells.record(["v", "spikes"])
    sim.run(30.0)
    before = cells.get_data(clear=True).segments[0]
    assert before.analogsignals[0].shape == (301, 5)
    sim.run(20.0)
    (after,) = cells.get_data().segments
    (signal,) = after.analogsignals
    assert signal.t_start in (30.0 * pq.ms, 30.1 * pq.ms)
    assert float(signal.t_stop.rescale("ms")) == pytest.approx(50.1)
    assert all(train.t_start == 30.0 * pq.ms for train in after.spiketrains)
    assert all((train.magnitude > 30.0).all() for train in after.spiketrains)
    sim.reset()
    sim.run(5.0)
    assert cells.get_data().segments[-1].analogsignals[0].shape == (51, 5)


def test_spikes_and_samples_are_the_same_in_one_run_or_many(sim, cells):
    cells.record(["v", "spikes"])
    sim.run(40.0)
    once = (signal_of(cells, "v").magnitude, trains_of(cells))
    sim.reset()
    for part in (0.1, 0.0, 12.3, 7.6, 20.0):
        sim.run(part)
    np.testing.assert_array_equal(signal_of(cells, "v").magnitude, once[0])
    assert trains_of(cells) == once[1]


# --- sources and assemblies -------------------------------------------------------------------


def test_sources_are_recorded(sim):
    arrays = sim.Population(3, sim.SpikeSourceArray(spike_times=[0.0, 0.1, 1.0, 5.0, 20.0]))
    poisson = sim.Population(3, sim.SpikeSourcePoisson(rate=500.0, start=2.0, duration=5.0))
    for sources in (arrays, poisson):
        sources.record("spikes")
    sim.run(5.0)
    assert trains_of(arrays) == [[0.0, 0.1, 1.0, 5.0]] * 3
    sim.run(5.0)
    times = np.concatenate(trains_of(poisson))
    assert times.size > 0
    assert times.min() > 2.0 - 1e-9
    assert times.max() < 7.1


def test_an_assembly_gives_the_data_of_its_parts(sim, cells):
    other = sim.Population(3, sim.IF_cond_exp(i_offset=1.5), label="other")
    both = cells[2:] + other
    both.record(["v", "spikes"])
    other.record("gsyn_exc")
    sim.run(30.0)
    block = both.get_data()
    (segment,) = block.segments
    assert len(segment.spiketrains) == 6
    (v,) = segment.filter(name="v")
    parts = [part.get_data().segments[0].filter(name="v")[0].magnitude for part in both.parts]
    np.testing.assert_array_equal(v.magnitude, np.hstack(parts))
    assert v.array_annotations["channel_index"].tolist() == [2, 3, 4, 5, 6, 7]
    assert v.annotations["channel_ids"].tolist() == list(both.all_cells)
    assert v.annotations["source_population"] == "cells;other"
    counts = both.get_spike_counts()
    assert list(counts) == list(both.all_cells)
    assert both.mean_spike_count() == sum(counts.values()) / 6
    assert len(both.get_data("spikes").segments[0].spiketrains) == 6
    assert len(both.get_data(["gsyn_exc"]).segments[0].analogsignals) == 1


# --- files ------------------------------------------------------------------------------------


def test_a_population_is_written_and_read_back(sim, cells, tmp_path):
    cells.record(["v", "spikes"])
    sim.run(20.0)
    sim.reset(annotations={"k": 3})
    sim.run(30.0)
    for name in ("run.h5", "run.hdf5"):
        cells.write_data(str(tmp_path / name), annotations={"note": "mine"})
        block = read_block(tmp_path / name)
        assert len(block.segments) == 2
        for k in range(2):
            read = block.segments[k]
            assert [t.magnitude.tolist() for t in read.spiketrains] == trains_of(cells, k)
            np.testing.assert_array_equal(
                read.analogsignals[0].magnitude, signal_of(cells, "v", k).magnitude
            )
        assert block.segments[0].annotations["k"] == 3
        assert block.annotations["note"] == "mine"


def test_a_path_is_as_good_as_a_name(sim, cells, tmp_path):
    cells.record("spikes")
    sim.run(10.0)
    for name in ("run.h5", "run.pkl"):
        cells.write_data(tmp_path / name, "spikes")
        assert (tmp_path / name).exists()


def test_neo_formats_are_written(sim, cells, tmp_path):
    cells.record(["v", "spikes"])
    sim.run(20.0)
    cells.write_data(str(tmp_path / "run.pkl"), ["v"])
    block = pickle.loads((tmp_path / "run.pkl").read_bytes())
    assert block.segments[0].analogsignals[0].shape == (201, 5)
    assert len(block.segments[0].spiketrains) == 0
    pytest.importorskip("nixio")
    cells.write_data(str(tmp_path / "run.nix"))
    assert (tmp_path / "run.nix").stat().st_size > 0


def test_written_data_can_be_cleared(sim, cells, tmp_path):
    cells.record("v")
    sim.run(2.0)
    cells.write_data(str(tmp_path / "a.h5"), clear=True)
    sim.run(1.0)
    cells.write_data(str(tmp_path / "b.h5"))
    first, second = (
        read_block(tmp_path / name).segments[0].analogsignals[0] for name in ("a.h5", "b.h5")
    )
    assert first.shape == (21, 5)
    assert second.shape[0] in (10, 11)


def test_an_unknown_format_is_refused(sim, cells, tmp_path):
    cells.record("v")
    sim.run(1.0)
    for name in ("run.txt", "run.xyz", "run"):
        with pytest.raises((ParameterError, OSError), match=r"\.h5"):
            cells.write_data(str(tmp_path / name))


def test_files_named_when_recording_are_written_at_the_end(sim, cells, tmp_path):
    other = sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0]), label="other")
    cells.record("v", to_file=str(tmp_path / "both.h5"))
    cells.record("spikes", to_file=str(tmp_path / "both.h5"))
    other.record("spikes", to_file=str(tmp_path / "both.h5"))
    cells[:1].record("spikes", to_file=str(tmp_path / "one.pkl"))
    sim.run(20.0)
    sim.end()
    segment = read_block(tmp_path / "both.h5").segments[0]
    assert len(segment.spiketrains) == 7
    assert len(segment.analogsignals) == 1
    assert (tmp_path / "one.pkl").exists()
    (tmp_path / "both.h5").unlink()
    sim.end()
    assert not (tmp_path / "both.h5").exists()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_pynns_deprecated_functions_record_without_a_file(sim, cells):
    cells.record_v()
    sim.run(1.0)
    assert cells.get_v().segments[0].analogsignals[0].shape == (11, 5)
    sim.end()


def test_an_assembly_is_written(sim, cells, tmp_path):
    other = sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0]), label="other")
    both = cells + other
    both.record("spikes")
    sim.run(10.0)
    for name in ("both.h5", "both.pkl"):
        both.write_data(str(tmp_path / name))
    assert len(read_block(tmp_path / "both.h5").segments[0].spiketrains) == 7


def test_two_populations_of_one_label_go_into_one_file(sim, tmp_path):
    path = str(tmp_path / "same.h5")
    for _ in range(2):
        sim.Population(2, sim.IF_curr_exp(), label="same").record("spikes", to_file=path)
    sim.run(1.0)
    sim.end()
    assert len(read_block(path).segments[0].spiketrains) == 4


def test_a_file_has_names_and_descriptions(sim, cells, tmp_path):
    view = cells[1:3]
    view.label = "few"
    cells.record("v")
    sim.run(1.0)
    for number, selection in enumerate((cells, view, sim.Assembly(view, cells[3:], label="both"))):
        selection.write_data(str(tmp_path / f"{number}.h5"))
        written, held = read_block(tmp_path / f"{number}.h5"), selection.get_data()
        assert (written.name, written.description) == (held.name, held.description)
        assert selection.label in written.description


def test_what_cannot_be_kept_is_refused_when_it_is_noted(cells):
    cells.annotate(layer=np.str_("four"), depths=[1.0, 2.0])
    assert type(cells.annotations["layer"]) is str
    with pytest.raises(ParameterError, match=r"'who' of 'view of 'cells' .* is of type"):
        cells[1:].annotate(layer=5, who=object())


def test_a_file_that_cannot_be_written_is_refused_when_it_is_named(cells, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder.h5").mkdir()
    older = tmp_path / "older.h5"
    older.write_text("older")
    for path in (tmp_path / "file" / "run.h5", tmp_path / "folder.h5"):
        with pytest.raises(FileWriteError, match="cannot be written"):
            cells.record("v", to_file=path)
    with pytest.raises(
        ParameterError, match=r"cannot write .*run.xyz'.* '.h5' gives distsim's own"
    ):
        cells.record("v", to_file=tmp_path / "run.xyz")
    cells.record("v", to_file=older)
    assert older.read_text() == "older"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "folder.h5", "older.h5"]


@pytest.mark.parametrize("method", ["record", "get_data"])
def test_what_is_no_name_of_a_variable_is_told_so(cells, method):
    with pytest.raises(ParameterError, match=r"variables = 3; give a name, or a list of names"):
        getattr(cells, method)(3)
    with pytest.raises(ParameterError, match=r"variables = 3; give a name"):
        getattr(cells[:2] + cells[3:], method)(3)


@pytest.mark.parametrize(
    ("io", "text"),
    [
        (None, "recordings to None; give a file's name"),
        ("", "recordings to None; give a file's name"),
        (3, "recordings to 3; give a file's name"),
        ("run", "cannot write 'run': the end of its name says no format.*'.h5'"),
    ],
)
def test_what_is_no_file_is_told_so(sim, cells, io, text):
    cells.record("v")
    sim.run(1.0)
    with pytest.raises(ParameterError, match=text):
        cells.write_data(io)


def test_what_cannot_be_written_later_is_told_at_once(cells):
    with pytest.raises(ParameterError, match="recordings to 3"):
        cells.record("v", to_file=3)
    with pytest.raises(ParameterError, match="'run': the end of its name says no format"):
        cells.record("v", to_file="run")


def test_nwb_is_written_as_asked(sim, cells, tmp_path):
    pytest.importorskip("pynwb")
    cells.record(["v", "spikes"], to_file=str(tmp_path / "end.nwb"))
    sim.run(20.0)
    cells.write_data(str(tmp_path / "now.nwb"), annotations={"session_description": "mine"})
    sim.end()
    (expected,) = cells.get_data().segments
    for name in ("end", "now"):
        reader = neo.io.NWBIO(str(tmp_path / f"{name}.nwb"), "r")
        (block,) = reader.read_all_blocks()
        (segment,) = block.segments
        (signal,) = segment.analogsignals
        np.testing.assert_array_equal(signal.magnitude, expected.analogsignals[0].magnitude)
        for train, other in zip(segment.spiketrains, expected.spiketrains, strict=True):
            np.testing.assert_allclose(train.rescale("ms").magnitude, other.magnitude)
        described = reader._file.session_description
        assert (described == "mine") == (name == "now")


def test_what_neo_cannot_write_is_told_with_the_file(sim, cells, tmp_path, monkeypatch):
    def fail(*_):
        raise KeyError("no such thing")

    cells.record("v")
    sim.run(1.0)
    monkeypatch.setattr(neo.io.PickleIO, "write_block", fail)
    with pytest.raises(FileWriteError, match=r"run.pkl' cannot be written: KeyError.*'.h5'"):
        cells.write_data(str(tmp_path / "run.pkl"))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_takes_no_other_with_it(sim, cells, tmp_path, caplog):
    first, second, third, fourth = (tmp_path / n for n in ("a.pkl", "b.h5", "c.pkl", "d.pkl"))
    for file in (first, second, third, fourth):
        cells.record("v", to_file=file)
    sim.run(1.0)
    first.mkdir()
    third.mkdir()
    with pytest.raises(FileWriteError, match=r"a.pkl' is a folder"):
        sim.end()
    assert "c.pkl' is a folder" in caplog.text
    for file in (second, fourth):
        block = read_block(file) if file.suffix == ".h5" else neo.io.PickleIO(file).read_block()
        assert block.segments[0].analogsignals[0].shape == (11, 5)
    first.rmdir()
    third.rmdir()
    sim.end()
    assert first.is_file()
    assert third.is_file()


def test_positions_that_cannot_be_written_are_told_so(cells, tmp_path):
    with pytest.raises(FileWriteError, match="cannot be written"):
        cells.save_positions(str(tmp_path))
