"""What is recorded for a file outlives the job while it runs, and is the file's content."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import distsim as sim
from distsim import io as sim_io
from distsim.analysis.comparison import compare_files
from distsim.cli import main
from distsim.errors import FileFormatError, FileWriteError, SetupError
from distsim.io import read_block
from distsim.io.merging import merge
from distsim.network import spool

SCRIPTS = Path(__file__).parent / "scripts"


@pytest.fixture
def always_due(monkeypatch):
    """Let each pause of a run write what was recorded."""
    monkeypatch.setattr(spool, "FLUSH_SECONDS", 0.0)


def described(path, has_current=False):
    """Describe a network that records for a file in several ways; return its populations."""
    sim.setup(timestep=0.1, seed=3, log=False, progress=False)
    if has_current:
        # the first that records something is no population
        sim.DCSource(amplitude=0.1).record()
    cells = sim.Population(20, sim.IF_curr_exp(i_offset=np.linspace(0.5, 2.0, 20)), label="a/b é")
    noise = sim.Population(5, sim.SpikeSourcePoisson(rate=80.0), label="")
    silent = sim.Population(2, sim.IF_curr_exp(), label="a/b é")
    weights = sim.StaticSynapse(weight=0.3, delay=1.0)
    sim.Projection(noise, cells, sim.AllToAllConnector(), weights)
    for population in (cells, noise, silent):
        population.record("spikes", to_file=path)
    cells.annotate(layer=4, axis=np.arange(3))
    return cells, noise, silent


def run_all(cells):
    """Run two segments; more cells are recorded on the way."""
    cells[::2].record("v", sampling_interval=0.5)
    sim.run(20.0)
    cells[1:4].record(["v", "isyn_exc"])
    sim.run(30.0)
    sim.reset(annotations={"trial": 1})
    sim.run(15.3)


def test_what_is_merged_is_what_end_writes(tmp_path, always_due):
    path = tmp_path / "run.h5"
    cells, _, _ = described(path, has_current=True)
    cells.record("v", to_file=path, sampling_interval=0.5)
    cells.record("v", to_file=path)
    run_all(cells)
    shutil.copytree(tmp_path / "run.h5.parts", tmp_path / "killed.parts")
    sim.end()
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith("run")] == ["run.h5"]
    found = merge(tmp_path / "killed.parts", tmp_path / "merged.h5")
    assert not (tmp_path / "killed.parts").exists()
    assert found.losses == []
    assert found.complete_until == found.last == 15.3
    # which has all variables, also those that the file did not ask for
    origins = [sim_io.open(each).run.provenance for each in (path, tmp_path / "merged.h5")]
    assert origins[0].facts.keys() == origins[1].facts.keys()
    assert origins[0].ranks["spikes"] == origins[1].ranks["spikes"]
    whole, merged = read_block(path), read_block(tmp_path / "merged.h5")
    assert [s.annotations for s in whole.segments] == [s.annotations for s in merged.segments]
    assert merged.annotations["axis"][0].tolist() == [0, 1, 2]
    for one, other in zip(whole.segments, merged.segments, strict=True):
        assert one.rec_datetime == other.rec_datetime
        for ours, its in zip(
            one.spiketrains.multiplexed, other.spiketrains.multiplexed, strict=True
        ):
            np.testing.assert_array_equal(ours, its)
        assert one.t_stop == other.t_stop
        signals = {signal.name: signal for signal in other.analogsignals}
        np.testing.assert_array_equal(one.analogsignals[0], signals["v"])
        assert signals["isyn_exc"].shape[1] == 3


def test_what_was_recorded_before_a_checkpoint_is_in_the_shards_after_it(tmp_path, always_due):
    path = tmp_path / "run.h5"
    cells, _, _ = described(path)
    cells.record("v", to_file=path)
    sim.run(10.0)
    sim.reset(annotations={"trial": 1})
    sim.run(10.0)
    sim.checkpoint(tmp_path / "here")
    sim.run(5.0)
    sim.end()
    cells, _, _ = described(tmp_path / "resumed.h5")
    cells.record("v", to_file=tmp_path / "resumed.h5")
    sim.restore(tmp_path / "here")
    sim.run(5.0)
    shutil.copytree(tmp_path / "resumed.h5.parts", tmp_path / "killed.parts")
    sim.end()
    found = merge(tmp_path / "killed.parts", tmp_path / "merged.h5")
    assert found.losses == []
    for other in ("resumed.h5", "merged.h5"):
        assert compare_files(path, tmp_path / other).are_same


def test_what_was_cleared_is_not_merged(tmp_path, always_due):
    path = tmp_path / "run.h5"
    cells, _, _ = described(path)
    cells.record("v", to_file=path)
    sim.run(10.0)
    cells.get_data(clear=True)
    sim.run(10.0)
    sim.reset()
    sim.run(5.0)
    held = cells.get_data()
    assert [float(s.analogsignals[0].t_start) for s in held.segments] == [10.1, 0.0]
    shutil.copytree(tmp_path / "run.h5.parts", tmp_path / "killed.parts")
    sim.end()
    merge(tmp_path / "killed.parts", tmp_path / "merged.h5")
    assert compare_files(path, tmp_path / "merged.h5").are_same


def test_a_short_run_leaves_nothing_without_end(tmp_path):
    cells, _, _ = described(tmp_path / "run.h5")
    run_all(cells)
    sim.setup(log=False)
    assert not list(tmp_path.iterdir())


def test_a_run_that_was_left_can_be_merged_but_not_begun_again(tmp_path, capsys, always_due):
    path = tmp_path / "run.h5"
    cells, _, _ = described(path)
    run_all(cells)
    sim.setup(log=False)  # without end()
    assert [each.name for each in tmp_path.iterdir()] == ["run.h5.parts"]
    with pytest.raises(FileWriteError, match=r"did not come to its end.*distsim merge"):
        described(path)
    path.write_text("mine")
    folder = str(tmp_path / "run.h5.parts")
    assert main(["merge", folder]) == 2
    assert "there is a file" in capsys.readouterr().err
    assert main(["merge", folder, "--overwrite", "--compression", "gzip"]) == 0
    out = capsys.readouterr().out
    assert "complete until t = 15.3 ms\n" in out
    assert "shards of 1 of 1 ranks" in out
    assert [each.name for each in tmp_path.iterdir()] == ["run.h5"]
    assert len(read_block(path).segments) == 2
    with pytest.raises(FileFormatError, match="no shards"):
        merge(tmp_path)


def test_what_is_damaged_is_named_and_left_out(tmp_path, always_due):
    path = tmp_path / "run.h5"
    cells, _, _ = described(path)
    cells.record("v", to_file=path)
    for _ in range(3):
        sim.run(10.0)
    folder = tmp_path / "killed.parts"
    shutil.copytree(tmp_path / "run.h5.parts", folder)
    expected = cells.get_data().segments[0].analogsignals[0].magnitude
    sim.end()
    (shard,) = folder.iterdir()
    content = shard.read_bytes()
    place = content.index(expected[150].tobytes())
    shard.write_bytes(content[:place] + b"\x00" + content[place + 1 : -3])
    found = merge(folder, tmp_path / "merged.h5")
    assert len(found.losses) == 2
    assert "rank-00000.shard: 1 pieces are damaged" in found.losses[0]
    assert "bytes at the end were not written as a whole" in found.losses[1]
    samples = read_block(tmp_path / "merged.h5").segments[0].analogsignals[0].magnitude
    is_lost = np.isnan(samples).all(axis=1)
    assert is_lost[150]
    assert not is_lost[:100].any()
    assert not is_lost[201:].any()
    np.testing.assert_array_equal(samples[~is_lost], expected[~is_lost])


def test_shards_of_different_jobs_are_not_merged(tmp_path, always_due):
    for name in ("one", "other"):
        described(tmp_path / f"{name}.h5")
        sim.run(1.0)
        sim.setup(log=False)
    shard = tmp_path / "other.h5.parts" / "rank-00000.shard"
    shard.rename(tmp_path / "one.h5.parts" / "rank-00001.shard")
    with pytest.raises(FileFormatError, match="of different jobs"):
        merge(tmp_path / "one.h5.parts")
    assert (tmp_path / "one.h5.parts" / "rank-00001.shard").exists()


def test_a_file_is_replaced_unless_setup_forbids_it(tmp_path):
    path = tmp_path / "run.h5"
    path.write_text("mine")
    sim.setup(timestep=0.1, log=False, overwrite=False)
    cells = sim.Population(1, sim.IF_curr_exp(), label="cells")
    with pytest.raises(FileWriteError, match=r"there is a file .* overwrite = False"):
        cells.record("v", to_file=path)
    cells.record("v")
    sim.run(1.0)
    with pytest.raises(FileWriteError, match="there is a file"):
        cells.write_data(path)
    assert path.read_text() == "mine"
    sim.setup(timestep=0.1, log=False)
    cells = sim.Population(1, sim.IF_curr_exp(), label="cells")
    cells.record("v")
    sim.run(1.0)
    cells.write_data(path)
    assert read_block(path).segments[0].analogsignals[0].shape == (11, 1)


def test_compressed_files_hold_the_same(tmp_path):
    for compression in (None, "gzip"):
        sim.setup(timestep=0.1, log=False, seed=3, compression=compression)
        cells = sim.Population(50, sim.IF_curr_exp(i_offset=1.5), label="cells")
        cells.record(["v", "spikes"])
        sim.run(200.0)
        cells.write_data(tmp_path / f"{compression}.h5")
    plain, small = tmp_path / "None.h5", tmp_path / "gzip.h5"
    assert compare_files(plain, small).are_same
    assert small.stat().st_size < plain.stat().st_size / 3
    with pytest.raises(SetupError, match="compression = 'zip'"):
        sim.setup(compression="zip")


@pytest.fixture(scope="module")
def whole(mpi_job, tmp_path_factory):
    """Return the file of a job that nobody has killed."""
    path = tmp_path_factory.mktemp("whole") / "run.h5"
    job = mpi_job(1, SCRIPTS / "killed.py", path, "none")
    assert job.returncode == 0, job.stdout
    assert [each.name for each in path.parent.iterdir()] == ["run.h5"]
    with sim_io.open(path) as recording:
        yield recording.segments[0]


@pytest.mark.parametrize(("n_ranks", "who"), [(2, "1"), (3, "all")])
def test_what_a_killed_job_has_recorded_is_recovered(n_ranks, who, whole, mpi_job, tmp_path):
    path = tmp_path / "run.h5"
    job = mpi_job(n_ranks, SCRIPTS / "killed.py", path, who, DISTSIM_TEST_N_RANKS=str(n_ranks))
    assert job.returncode != 0
    found = merge(tmp_path / "run.h5.parts")
    assert found.n_shards == n_ranks
    # what is not on the disk is younger than some pauses of the run
    assert 1000.0 <= found.complete_until <= 12_500.0
    until = found.complete_until
    with sim_io.open(path) as recording:
        compare(recording.segments[0], whole, until)


def compare(segment, whole, until):
    """Compare what two segments hold until a time [ms]."""
    for (_, ours, signals), (_, its, expected) in zip(
        segment.populations, whole.populations, strict=True
    ):
        n, m = (np.searchsorted(spikes.times, until, "right") for spikes in (ours, its))
        assert n == m > 0
        np.testing.assert_array_equal(ours.times[:n], its.times[:n])
        np.testing.assert_array_equal(ours.senders[:n], its.senders[:n])
        for signal, whole_signal in zip(signals, expected, strict=True):
            n_rows = int(until) + 1
            np.testing.assert_array_equal(signal.data[:n_rows], whole_signal.data[:n_rows])
