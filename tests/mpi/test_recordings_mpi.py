"""What was recorded, when it is read and written; to be started under mpiexec."""

from datetime import datetime, timedelta

import numpy as np
import pytest
import quantities as pq

import distsim
from distsim import io
from distsim.comm import gathering
from distsim.errors import FileWriteError, ParameterError, SetupError
from distsim.io import read_block
from distsim.pynn import gather

DRIVES = [0.0, 1.2, 1.6, 2.0, 2.4]


@pytest.fixture
def sim():
    """Return the back end, set up anew."""
    distsim.setup(timestep=0.1, log=False)
    return distsim


@pytest.fixture
def cells(sim):
    """Return five cells, of which the last four fire."""
    return sim.Population(5, sim.IF_curr_exp(i_offset=DRIVES), label="cells")


def assert_equal_on_all_ranks(comm, values):
    for other in comm.allgather(values):
        assert other == values


def content(block):
    """Return all that a block says, to be compared."""
    return {
        "name": block.name,
        "annotations": block.annotations,
        "rec_datetime": block.rec_datetime,
        "segments": [
            {
                "annotations": segment.annotations,
                "signals": [
                    (
                        signal.name,
                        float(signal.t_start),
                        float(signal.sampling_period.rescale("ms")),
                        signal.magnitude.tolist(),
                        signal.annotations["channel_ids"].tolist(),
                        signal.array_annotations["channel_index"].tolist(),
                        signal.annotations["source_population"],
                    )
                    for signal in segment.analogsignals
                ],
                "trains": [
                    (
                        float(train.t_start),
                        float(train.t_stop),
                        train.magnitude.tolist(),
                        train.annotations["channel_id"],
                        train.annotations["source_population"],
                        train.annotations["source_index"],
                    )
                    for train in segment.spiketrains
                ],
            }
            for segment in block.segments
        ],
    }


def written(selection, path, comm):
    """Write what a selection has recorded, and return what is read of it."""
    selection.write_data(str(path))
    comm.Barrier()
    return read_block(path)


# --- the past -----------------------------------------------------------------------------------


def test_what_was_recorded_does_not_change_with_the_next_network(sim, comm, shared_tmp_path):
    cells = sim.Population(5, sim.IF_curr_exp(i_offset=DRIVES), label="cells")
    other = sim.Population(2, sim.IF_cond_exp(i_offset=2.0), label="other")
    sim.Projection(cells, other, sim.AllToAllConnector(), sim.StaticSynapse(delay=0.7))
    current = sim.DCSource(amplitude=0.5, start=5.0, stop=20.0)
    other.inject(current)
    current.record()
    both = cells + other
    both.record(["v", "spikes"])
    sim.run(30.0)
    sim.reset(annotations={"part": 1})
    sim.run(30.0)

    def everything(name):
        selections = cells, cells[1:3], both
        paths = [shared_tmp_path / f"{name}{k}.h5" for k in range(len(selections))]
        return [
            [content(selection.get_data(gather="all")) for selection in selections],
            [content(written(s, path, comm)) for s, path in zip(selections, paths, strict=True)],
            [{int(c): n for c, n in s.get_spike_counts().items()} for s in selections],
            current.get_data().magnitude.tolist(),
            float(current.get_data().sampling_period),
        ]

    before = everything("before")
    assert before[0][0]["annotations"]["min_delay"] == pytest.approx(0.7)
    assert before[2][0][4] > 1
    sim.setup(timestep=0.25, seed=99, min_delay=0.25, log=False)
    assert everything("after") == before
    sim.Population(3, sim.IF_curr_exp()).record("v")
    sim.run(10.0)
    sim.reset()
    assert everything("later") == before
    with pytest.raises(SetupError, match="'cells'"):
        cells.record("v")
    cells.get_data(clear=True)
    assert set(cells.get_spike_counts().values()) == {0}


def test_what_is_read_is_not_what_is_kept(cells, sim):
    cells.record("v")
    sim.run(1.0)
    for audience in (True, False, "all"):
        for signal in cells.get_data(gather=audience).segments[0].analogsignals:
            signal[:] = 0 * pq.mV
    for signal in cells.get_data(gather="all").segments[0].analogsignals:
        assert (signal.magnitude < -1).all()


# --- currents -----------------------------------------------------------------------------------


def current_at(source, *times):
    signal = source.get_data()
    samples = np.rint((np.array(times) - float(signal.t_start)) / 0.1).astype(int)
    return signal.magnitude.ravel()[samples].tolist()


def test_a_recorded_current_is_what_flowed(sim, comm, cells):
    source = sim.DCSource(amplitude=0.5, start=20.0, stop=60.0)
    cells.inject(source)
    source.record()
    sim.run(40.0)
    before = source.get_data().magnitude
    source.set_parameters(amplitude=1.0)
    sim.run(40.0)
    assert current_at(source, 10.0, 30.0, 50.0, 70.0) == [0.0, 0.5, 1.0, 0.0]
    np.testing.assert_array_equal(source.get_data().magnitude[: len(before)], before)
    source.amplitude = 2.0
    source.stop = 90.0
    sim.run(20.0)
    times = (19.9, 20.0, 40.0, 40.1, 59.9, 60.0, 80.0, 80.1, 89.9, 90.0)
    values = [0.0, 0.5, 0.5, 1.0, 1.0, 0.0, 0.0, 2.0, 2.0, 0.0]
    assert current_at(source, *times) == values
    assert_equal_on_all_ranks(comm, source.get_data().magnitude.tolist())


def test_a_reset_begins_the_record_of_a_current_anew(sim, cells):
    source = sim.StepCurrentSource(times=[2.0, 4.0], amplitudes=[0.1, 0.2])
    cells.inject(source)
    source.record()
    sim.run(3.0)
    source.set_parameters(times=[1.0], amplitudes=[0.7])
    sim.run(2.0)
    expected = [0.0, 0.1, 0.1, 0.7, 0.7]
    assert current_at(source, 1.5, 2.5, 3.0, 3.1, 5.0) == expected
    sim.reset()
    # the segment that was run last, until another is
    assert current_at(source, 1.5, 2.5, 3.0, 3.1, 5.0) == expected
    sim.run(2.0)
    assert current_at(source, 0.9, 1.0, 2.0) == [0.0, 0.7, 0.7]
    assert len(source.get_data()) == 21


def test_a_current_injected_late_has_not_flowed_before(sim, cells):
    source = sim.DCSource(amplitude=0.3)
    source.record()
    sim.run(2.0)
    cells[:2].inject(source)
    sim.run(2.0)
    cells[2:].inject(source)
    sim.run(2.0)
    assert current_at(source, 1.0, 2.0, 2.1, 4.0, 4.1, 6.0) == [0.0, 0.0, 0.3, 0.3, 0.3, 0.3]


def test_a_current_recorded_late_begins_then(sim, cells):
    source = sim.DCSource(amplitude=0.3, start=1.0)
    cells.inject(source)
    sim.run(2.0)
    source.record()
    sim.run(2.0)
    assert source.get_data().t_start == 2.0 * pq.ms
    assert source.get_data().magnitude.ravel().tolist() == [0.3] * 21


# --- where trains begin -------------------------------------------------------------------------


def spans(block, segment=-1):
    trains = block.segments[segment].spiketrains
    return [(float(train.t_start), float(train.t_stop)) for train in trains]


def test_trains_begin_where_recording_began(sim, comm, cells, shared_tmp_path):
    sim.run(50.0)
    cells.record(["spikes", "v"])
    sim.run(50.0)
    block = cells.get_data(gather="all")
    assert spans(block) == [(50.0, 100.0)] * 5
    assert block.segments[0].analogsignals[0].t_start == 50.0 * pq.ms
    assert all(train.size for train in block.segments[0].spiketrains[1:])
    assert spans(written(cells, shared_tmp_path / "run.h5", comm)) == [(50.0, 100.0)] * 5
    sim.reset()
    sim.run(20.0)
    assert spans(cells.get_data(gather="all"), 0) == [(50.0, 100.0)] * 5
    assert spans(cells.get_data(gather="all"), 1) == [(0.0, 20.0)] * 5


def test_each_train_begins_where_its_recording_began(sim, comm, cells, shared_tmp_path):
    late = sim.Population(2, sim.IF_curr_exp(i_offset=2.0), label="late")
    cells[1:3].record("spikes")
    sim.run(30.0)
    cells[2:].record("spikes")
    late.record("spikes")
    sim.run(40.0)
    begins = [0.0, 0.0, 30.0, 30.0]
    for selection, expected in (
        (cells, begins),
        (cells[2:4], begins[1:3]),
        (late, [30.0, 30.0]),
        (cells + late, [*begins, 30.0, 30.0]),
    ):
        block = selection.get_data(gather="all")
        assert spans(block) == [(begin, 70.0) for begin in expected]
        trains = block.segments[0].spiketrains
        assert all(begin <= train.min() for begin, train in zip(expected, trains, strict=True))
        read = written(selection, shared_tmp_path / "run.h5", comm)
        assert content(read)["segments"] == content(block)["segments"]
        assert trains.multiplexed[0].size == sum(map(len, trains))
        comm.Barrier()
    cells.get_data(clear=True)
    sim.run(5.0)
    assert spans((cells + late).get_data(gather="all")) == [(70.0, 75.0)] * 4 + [(30.0, 75.0)] * 2


def test_what_is_recorded_after_data_were_cleared_outlives_a_reset(sim, cells):
    cells.record("spikes")
    sim.run(20.0)
    cells.get_data(clear=True)
    sim.reset()
    sim.run(20.0)
    cells.get_data(clear=True)
    sim.run(30.0)
    sim.reset()
    assert [spans(cells.get_data(gather="all"), k) for k in range(1)] == [[(20.0, 50.0)] * 5]


def test_spikes_of_before_a_stop_do_not_come_back(sim, comm, cells, shared_tmp_path):
    cells.record("spikes")
    sim.run(40.0)
    cells.record(None)
    sim.run(10.0)
    cells[:3].record("spikes")
    sim.run(40.0)
    block = cells.get_data(gather="all")
    assert spans(block) == [(50.0, 90.0)] * 3
    assert spans(written(cells, shared_tmp_path / "run.h5", comm)) == [(50.0, 90.0)] * 3


# --- which file holds what ----------------------------------------------------------------------


def test_each_file_holds_what_was_asked_for(sim, comm, cells, shared_tmp_path):
    other = sim.Population(3, sim.IF_cond_exp(i_offset=2.0), label="other")
    a, b, c, d, e = (str(shared_tmp_path / f"{name}.h5") for name in "abcde")
    cells[0:1].record("v", to_file=a)
    cells[1:3].record("v", to_file=b)
    cells.record("spikes", to_file=c)
    # several calls that name one file add up
    cells[3:].record("v", to_file=d)
    cells[[0]].record("v", to_file=d)
    cells[1:3].record("spikes", to_file=d)
    (cells[:1] + other).record("spikes", to_file=d)
    other.record("all", to_file=e)
    sim.run(30.0)
    sim.end()
    comm.Barrier()
    held = {}
    for path in (a, b, c, d, e):
        (segment,) = read_block(path).segments
        held[path] = (
            {s.name: s.annotations["channel_ids"].tolist() for s in segment.analogsignals},
            [train.annotations["channel_id"] for train in segment.spiketrains],
        )
    gids = list(range(5, 8))
    assert held[a] == ({"v": [0]}, [])
    assert held[b] == ({"v": [1, 2]}, [])
    assert held[c] == ({}, [0, 1, 2, 3, 4])
    assert held[d] == ({"v": [0, 3, 4]}, [0, 1, 2, *gids])
    assert held[e] == (dict.fromkeys(("v", "gsyn_exc", "gsyn_inh"), gids), gids)
    whole = cells.get_data("v", gather="all").segments[0].analogsignals[0].magnitude
    (v,) = read_block(d).segments[0].analogsignals
    np.testing.assert_array_equal(v.magnitude, whole[:, [0, 3, 4]])


# --- annotations --------------------------------------------------------------------------------


def test_block_and_file_have_the_same_annotations(sim, comm, shared_tmp_path):
    a = sim.Population(2, sim.IF_curr_exp(), label="a")
    b = sim.Population(3, sim.IF_curr_exp(), label="b")
    a.annotate(region="V1", layer=4)
    b.annotate(region="V2", layer=4, side="left", depths=[1.5, 2.5])
    view = b[1:]
    view.annotate(part="upper", layer=5)
    view[:1].annotate(part="none")
    both = a + b
    both.annotations["area"] = "visual"
    (a + b).record(["v", "spikes"])
    sim.run(1.0)
    sim.reset(annotations={"trial": 1})
    sim.run(1.0)
    sim.reset(annotations={"trial": 2})

    def of(selection, **more):
        block = selection.get_data(gather="all", annotations=more)
        path = str(shared_tmp_path / "run.h5")
        comm.Barrier()
        selection.write_data(path, annotations=more)
        comm.Barrier()
        assert content(read_block(path)) == content(block)
        assert [segment.annotations for segment in block.segments] == [{"trial": 1}, {"trial": 2}]
        return block.annotations

    assert of(a)["region"] == "V1"
    whole = of(both, note="mine", label="ours")
    assert whole["region"] == ["V1", "V2"]
    assert whole["layer"] == 4
    assert whole["side"] == [None, "left"]
    assert whole["area"] == "visual"
    assert (whole["note"], whole["label"]) == ("mine", "ours")
    part = of(view)
    assert (part["region"], part["layer"], part["part"]) == ("V2", 5, "upper")
    mixed = of(a + view)
    assert (mixed["layer"], mixed["part"]) == ([4, 5], [None, "upper"])
    assert "area" not in mixed


def test_a_file_named_when_recording_has_the_annotations(sim, comm, cells, shared_tmp_path):
    path = str(shared_tmp_path / "run.h5")
    cells.annotate(region="V1")
    view = cells[1:3]
    view.annotate(part="upper")
    view.record("v", to_file=path)
    sim.run(1.0)
    sim.end()
    comm.Barrier()
    annotations = read_block(path).annotations
    assert (annotations["region"], annotations["part"]) == ("V1", "upper")


# --- assemblies ---------------------------------------------------------------------------------


@pytest.mark.parametrize("lazy", [False, True])
def test_signals_of_an_assembly_are_one(sim, comm, cells, shared_tmp_path, lazy):
    other = sim.Population(3, sim.IF_cond_exp(i_offset=1.5), label="other")
    sources = sim.Population(2, sim.SpikeSourceArray(spike_times=[0.5]), label="sources")
    # one rank's own, of which the others need not know
    if comm.Get_rank() == comm.Get_size() - 1:
        assert (other + cells).size == 8
    every = other + sources + cells
    assert every.label == "other + sources + " + cells.label
    every.record("spikes")
    (cells + other).record("v")
    other.record("gsyn_exc")
    sim.run(2.0)
    block = every.get_data(gather="all")
    alone = [p.get_data("v", gather="all").segments[0].analogsignals[0] for p in (other, cells)]
    v, gsyn = block.segments[0].analogsignals
    assert (v.name, gsyn.name) == ("v", "gsyn_exc")
    np.testing.assert_array_equal(v.magnitude, np.hstack([s.magnitude for s in alone]))
    assert v.annotations["channel_ids"].tolist() == [5, 6, 7, 0, 1, 2, 3, 4]
    assert v.array_annotations["channel_index"].tolist() == [0, 1, 2, 5, 6, 7, 8, 9]
    assert v.annotations["source_population"] == "other;cells"
    assert all(label in block.description for label in ("other", "sources", "cells"))
    assert block.name == every.label
    assert_equal_on_all_ranks(comm, content(block)["segments"])
    path = shared_tmp_path / "run.h5"
    every.write_data(str(path))
    comm.Barrier()
    read = read_block(path, lazy=lazy)
    if lazy:
        signals = read.segments[0].analogsignals
        assert [signal.shape for signal in signals] == [(21, 8), (21, 3)]
        read.segments[0].analogsignals = [signal.load() for signal in signals]
    assert content(read) == content(block)
    # SONATA's layout has a report for each population
    with io.open(path) as recording:
        (segment,) = recording.segments
    assert [len(p.signals) for p in segment.populations] == [2, 0, 1]


def test_signals_of_different_times_stay_apart(sim, cells):
    coarse = sim.Population(2, sim.IF_curr_exp(), label="coarse")
    late = sim.Population(2, sim.IF_curr_exp(), label="late")
    cells.record("v")
    coarse.record("v", sampling_interval=0.5)
    sim.run(1.0)
    late.record("v")
    sim.run(1.0)
    signals = (cells + coarse + late).get_data(gather="all").segments[0].analogsignals
    assert [signal.shape for signal in signals] == [(21, 5), (5, 2), (11, 2)]
    assert [int(s.array_annotations["channel_index"][0]) for s in signals] == [0, 5, 7]


def test_blocks_say_when_they_were_recorded(sim, comm, shared_tmp_path):
    begin = datetime.now()
    cells = sim.Population(2, sim.IF_curr_exp(), label="cells")
    cells.record("v")
    sim.run(1.0)
    block = cells.get_data(gather="all")
    # clocks of several nodes may differ a little
    assert begin - timedelta(minutes=1) < block.rec_datetime < datetime.now()
    assert written(cells, shared_tmp_path / "a.h5", comm).rec_datetime == block.rec_datetime
    assert block.segments[0].rec_datetime == block.rec_datetime
    sim.reset()
    sim.run(1.0)
    first, second = cells.get_data().segments
    assert first.rec_datetime < second.rec_datetime
    assert_equal_on_all_ranks(comm, block.rec_datetime)


# --- where data are gathered --------------------------------------------------------------------


def test_data_are_gathered_where_they_are_asked_for(sim, comm, cells):
    cells[1:].record(["v", "spikes"])
    sim.run(40.0)
    rank, owned = comm.Get_rank(), np.intersect1d(cells.local_positions, np.arange(1, 5))
    for selection in (cells, cells + sim.Population(1, sim.IF_cond_exp())):
        everything = content(selection.get_data(gather="all"))
        assert_equal_on_all_ranks(comm, everything["segments"])
        assert everything["segments"][0]["signals"][0][4] == [1, 2, 3, 4]
        first = selection.get_data()
        own = selection.get_data(gather=False)
        if rank == 0:
            assert content(first) == everything
        else:
            # every rank has the same signals, with no column where it has no cell
            (signal,) = first.segments[0].analogsignals
            assert signal.shape == (401, owned.size)
            assert content(first)["segments"][0]["trains"] == content(own)["segments"][0]["trains"]
        trains = own.segments[0].spiketrains
        assert [train.annotations["channel_id"] for train in trains] == owned.tolist()
        assert [s.shape for s in own.segments[0].analogsignals] == [(401, owned.size)] * bool(
            owned.size
        )
        counts = selection.get_spike_counts()
        trains = everything["segments"][0]["trains"]
        assert list(counts.values()) == [len(train[2]) for train in trains]
        assert selection.mean_spike_count() == sum(counts.values()) / 4
    with pytest.raises(ParameterError, match="'all'"):
        cells.get_data(gather="every")


@pytest.mark.parametrize("n_bytes", [1, 7, 64, 1000])
def test_data_are_gathered_in_pieces(sim, comm, cells, monkeypatch, n_bytes):
    cells[1:].record("v")
    cells.record(["spikes", "isyn_exc"])
    sim.run(8.3)
    whole = {how: content(cells.get_data(gather=how)) for how in (True, "all", False)}
    i_offset = cells.get("i_offset", gather=True)
    monkeypatch.setattr(gathering, "GATHER_BYTES", n_bytes)
    monkeypatch.setattr(gather, "BLOCK_BYTES", n_bytes)
    assert {how: content(cells.get_data(gather=how)) for how in whole} == whole
    np.testing.assert_array_equal(cells.get("i_offset", gather=True), i_offset)
    assert_equal_on_all_ranks(comm, i_offset.tolist())


def test_a_file_that_cannot_be_written_takes_no_other_with_it(sim, comm, cells, shared_tmp_path):
    files = [shared_tmp_path / name for name in ("a.pkl", "b.h5", "c.pkl")]
    for file in files:
        cells.record(["v", "spikes"], to_file=file)
    sim.run(20.0)
    if comm.Get_rank() == 0:
        files[0].mkdir()
    with pytest.raises(FileWriteError, match=r"a.pkl' is a folder") as caught:
        sim.end()
    assert_equal_on_all_ranks(comm, str(caught.value))
    comm.Barrier()
    assert [file.is_file() for file in files] == [False, True, True]
    (segment,) = read_block(files[1]).segments
    assert segment.analogsignals[0].shape == (201, 5)


def test_nwb_holds_the_cells_of_all_ranks(sim, comm, cells, shared_tmp_path):
    pytest.importorskip("pynwb")
    neo = pytest.importorskip("neo")
    cells.record(["v", "spikes"], to_file=shared_tmp_path / "run.nwb")
    sim.run(20.0)
    sim.end()
    comm.Barrier()
    expected = cells.get_data(gather="all").segments[0]
    (block,) = neo.io.NWBIO(str(shared_tmp_path / "run.nwb"), "r").read_all_blocks()
    (signal,) = block.segments[0].analogsignals
    np.testing.assert_array_equal(signal.magnitude, expected.analogsignals[0].magnitude)
    assert [len(t) for t in block.segments[0].spiketrains] == [len(t) for t in expected.spiketrains]
