"""Files of recordings in other formats, as their own readers read them."""

import csv

import libsonata
import neo
import numpy as np
import pytest

from distsim.cli import main
from distsim.errors import FileWriteError, ParameterError
from distsim.io import PopulationInfo, SegmentData, SignalData, SpikeData, write
from distsim.io.conversion import convert

RUN = {"simulator": "distsim", "dt": 0.1, "seed": 4}


@pytest.fixture
def segments():
    rng = np.random.default_rng(2)
    populations = []
    for first, label in ((0, "exc"), (6, "layer 2/3")):
        times, senders = np.sort(np.round(rng.uniform(0.1, 20, 30), 1)), rng.integers(6, size=30)
        order = np.lexsort((senders, times))
        spikes = SpikeData(np.arange(6), times[order], senders[order], np.zeros(6))
        signals = [
            SignalData(name, unit, np.array([1, 4]), rng.normal(size=(200, 2)), 0.0, 0.1)
            for name, unit in (("v", "mV"), ("gsyn_exc", "uS"))
        ]
        info = PopulationInfo(label, 6, first, {"layer": 4}, "IF_cond_exp")
        populations.append((info, spikes, signals))
    return [SegmentData(k, 0.0, 20.0, {"trial": k}, populations) for k in (0, 1)]


@pytest.fixture
def path(tmp_path, segments):
    write(tmp_path / "run.h5", segments, RUN)
    return tmp_path / "run.h5"


def test_a_sonata_folder_is_opened_by_libsonata(path, tmp_path, segments, capsys):
    assert main(["convert", str(path), str(tmp_path / "sonata")]) == 0
    assert f"written: {tmp_path}/sonata/circuit_config.json" in capsys.readouterr().out
    circuit = libsonata.CircuitConfig.from_file(str(tmp_path / "sonata/circuit_config.json"))
    assert circuit.node_populations == {"exc", "layer 2%2F3"}
    nodes = circuit.node_population("exc")
    assert nodes.size == 6
    assert nodes.get_attribute("model_name", nodes.select_all()).tolist() == ["IF_cond_exp"] * 6
    home = tmp_path / "sonata/segment_1"
    config = libsonata.SimulationConfig.from_file(str(home / "simulation_config.json"))
    assert (config.run.tstop, config.run.dt, config.run.random_seed) == (20.0, 0.1, 4)
    assert config.list_report_names == {"v", "gsyn_exc"}
    _, spikes, signals = segments[1].populations[1]
    for signal in signals:
        file = config.report(signal.variable).file_name
        reports = libsonata.ElementReportReader(file)
        assert set(reports.get_population_names()) == {"exc", "layer 2%2F3"}
        frames = reports["layer 2%2F3"].get()
        np.testing.assert_array_equal(frames.data, signal.data.astype(np.float32))
        np.testing.assert_array_equal(frames.ids[:, 0], [1, 4])
        assert reports["exc"].data_units == signal.units
    reader = libsonata.SpikeReader(str(home / "spikes.h5"))
    ids, times = zip(*reader["layer 2%2F3"].get(), strict=True)
    np.testing.assert_array_equal(times, spikes.times)
    np.testing.assert_array_equal(ids, spikes.senders)


def test_csv_has_a_line_for_each_spike_and_a_file_for_each_signal(path, tmp_path, segments):
    written = convert(path, tmp_path / "out.csv")
    assert [file.name for file in written][:3] == [
        "out.csv",
        "out.0.0.v.csv",
        "out.0.0.gsyn_exc.csv",
    ]
    assert len(written) == 9
    with written[0].open(newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["segment", "population", "cell", "time (ms)"]
    assert len(lines) == 1 + 4 * 30
    spikes = segments[1].populations[1][1]
    assert lines[-1] == ["1", "layer 2/3", str(spikes.senders[-1]), str(spikes.times[-1])]
    with (tmp_path / "out.1.1.gsyn_exc.csv").open(newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["time (ms)", *(f"layer 2/3 {k}: gsyn_exc (uS)" for k in (1, 4))]
    found = np.array(lines[1:], float)
    np.testing.assert_array_equal(found[:, 0], np.round(0.1 * np.arange(200), 9))
    np.testing.assert_array_equal(found[:, 1:], segments[1].populations[1][2][1].data)


@pytest.mark.parametrize("target", ["out.nix", "out.nwb", "out.csv"])
def test_the_command_says_what_was_written_and_nothing_else(path, tmp_path, target, capsys, caplog):
    assert main(["convert", str(path), str(tmp_path / target)]) == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"written: {tmp_path / target}\n")
    assert said.err == caplog.text == ""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", [".nix", ".nwb"])
def test_neos_formats_are_read_back_by_neo(path, tmp_path, segments, suffix):
    target = tmp_path / f"out{suffix}"
    assert convert(path, target) == [target]
    kind = {".nix": neo.io.NixIO, ".nwb": neo.io.NWBIO}[suffix]
    io = kind(str(target), "ro" if suffix == ".nix" else "r")
    (block,) = io.read_all_blocks()
    (segment, other) = block.segments
    assert len(segment.spiketrains) == len(other.spiketrains) == 12
    trains = segment.spiketrains
    times = np.sort(np.concatenate([train.rescale("ms").magnitude for train in trains]))
    expected = np.concatenate([spikes.times for _, spikes, _ in segments[0].populations])
    np.testing.assert_allclose(times, np.sort(expected), rtol=1e-12)
    if suffix == ".nix":
        v = next(signal for signal in other.analogsignals if signal.name == "v")
        data = np.hstack([signals[0].data for *_, signals in segments[1].populations])
        np.testing.assert_array_equal(v.magnitude, data)


def test_what_cannot_be_is_refused(path, tmp_path):
    with pytest.raises(ParameterError, match=r"ends in '.xyz'; it must end in one of .nix, .nwb"):
        convert(path, tmp_path / "out.xyz")
    with pytest.raises(FileWriteError, match="is not empty"):
        convert(path, tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(FileWriteError, match="cannot be written"):
        convert(path, tmp_path / "file" / "out.csv")
