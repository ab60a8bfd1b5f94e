"""Checkpoints: what is stored is all there is; scripts resume; what cannot be right is refused."""

import json
import os
import shutil
import signal
from functools import partial

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import distsim
from distsim.errors import FileFormatError, FileWriteError, SetupError, SnapshotError
from distsim.io.snapshot_file import previous
from distsim.pynn import checkpoints
from distsim.pynn.place import Place
from distsim.pynn.simulator import state
from distsim.pynn.triggers import Plan, Triggers


def describe(n=8, seed=5, **options):
    """Return a small network with noise, plastic synapses, and Poisson sources; all recorded."""
    sim = distsim
    sim.setup(timestep=0.1, seed=seed, log=False, **options)
    sim.Population(0, sim.IF_curr_exp(), label="empty").record(["spikes", "v"])
    offset = sim.RandomDistribution("uniform", low=0.9, high=1.2)
    p = sim.Population(n, sim.IF_curr_exp(i_offset=offset), label="cells")
    noise = sim.Population(6, sim.SpikeSourcePoisson(rate=200.0), label="noise")
    p.initialize(v=sim.RandomDistribution("uniform", low=-65.0, high=-51.0))
    delay = sim.RandomDistribution("uniform", low=0.2, high=3.0)
    rule = sim.SpikePairRule(A_plus=0.1, A_minus=0.12)
    dependence = sim.AdditiveWeightDependence(w_max=0.5)
    learning = sim.STDPMechanism(rule, dependence, weight=0.2, delay=delay)
    plastic = sim.Projection(p, p, sim.FixedProbabilityConnector(0.5), learning, label="plastic")
    static = sim.StaticSynapse(weight=0.4, delay=1.5)
    driven = sim.Projection(noise, p, sim.FixedProbabilityConnector(0.5), static, label="driven")
    current = sim.NoisyCurrentSource(stdev=0.2, dt=0.5)
    current.inject_into(p[:5])
    p.record(["spikes", "v"])
    noise.record("spikes")
    return p, noise, plastic, driven, current


def outcome(p, noise, plastic, *others):
    """Return all that was recorded and learned."""
    spikes = [
        train.magnitude
        for population in (p, noise)
        for train in population.get_data("spikes").segments[-1].spiketrains
    ]
    (v,) = p.get_data("v").segments[-1].analogsignals
    return [*spikes, v.magnitude, np.array(plastic.get(["weight", "delay"], "list"))]


def assert_equal(ours, expected):
    assert len(ours) == len(expected)
    for one, other in zip(ours, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def change(p, noise, plastic, driven, current):
    """Set what can be set between two runs."""
    p.set(i_offset=distsim.RandomDistribution("uniform", low=0.9, high=1.3))
    p.initialize(v=distsim.RandomDistribution("uniform", low=-65.0, high=-55.0))
    noise.set(rate=400.0)
    driven.set(weight=distsim.RandomDistribution("uniform", low=0.0, high=0.8))
    current.mean = 0.1
    plastic[0].weight = 0.3


@pytest.fixture(scope="module")
def uninterrupted():
    network = describe()
    distsim.run(30.0)
    change(*network)
    distsim.run(20.0)
    distsim.run(30.0)
    change(*network)
    distsim.run(10.0)
    return outcome(*network)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Return a checkpoint of the same run, made before its third piece."""
    path = tmp_path_factory.mktemp("checkpoint") / "run.h5"
    network = describe()
    distsim.run(30.0)
    change(*network)
    distsim.run(20.0)
    distsim.checkpoint(path)
    return path


def test_a_restored_simulation_goes_on_as_if_it_had_never_ended(stored, uninterrupted):
    network = describe()
    distsim.restore(stored)
    assert distsim.get_current_time() == 50.0
    distsim.run(30.0)
    change(*network)
    distsim.run(10.0)
    assert_equal(outcome(*network), uninterrupted)


def test_a_checkpoint_of_what_was_restored_is_the_same(stored, tmp_path):
    describe()
    distsim.restore(stored)
    distsim.checkpoint(tmp_path / "again.h5")
    assert contents(tmp_path / "again.h5") == contents(stored)


def contents(path):
    """Return names and bytes of all datasets; the call of checkpoint() is not the same one."""
    found = {}

    def keep(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = item[()].tobytes()

    with h5py.File(path) as file:
        file.visititems(keep)
    found["document"] = json.loads(found["document"]) | {"position": None}
    return found


@given(first=st.integers(0, 400), second=st.integers(0, 300), rest=st.integers(1, 100))
@settings(max_examples=5, deadline=None)
def test_any_moments_do(tmp_path_factory, first, second, rest):
    path = tmp_path_factory.mktemp("moments") / "run.h5"
    times = [0.1 * first, 0.1 * second, 0.1 * rest]
    network = describe()
    for time in times:
        distsim.run(time)
    expected = outcome(*network)
    describe()
    distsim.run(times[0])
    distsim.checkpoint(path)
    describe()
    distsim.restore(path)
    distsim.run(times[1])
    distsim.checkpoint(path)
    network = describe()
    distsim.restore(path)
    distsim.run(times[2])
    assert_equal(outcome(*network), expected)


def test_a_segment_that_has_ended_is_stored_too(tmp_path):
    network = describe()
    distsim.run(12.0)
    distsim.reset(annotations={"part": "first", "gains": np.array([0.5, 2.0])})
    distsim.run(8.0)
    distsim.checkpoint(tmp_path / "run.h5")
    distsim.run(5.0)
    expected = [segment_values(segment) for segment in network[0].get_data().segments]
    network = describe()
    distsim.restore(tmp_path / "run.h5")
    distsim.run(5.0)
    segments = network[0].get_data().segments
    assert segments[0].annotations["part"] == "first"
    np.testing.assert_array_equal(segments[0].annotations["gains"], [0.5, 2.0])
    for ours, values in zip(map(segment_values, segments), expected, strict=True):
        assert_equal(ours, values)


def segment_values(segment):
    spikes = [train.magnitude for train in segment.spiketrains]
    return [*spikes, *(signal.magnitude for signal in segment.analogsignals)]


def test_a_seed_begins_another_branch(stored):
    branches = []
    for seed in (7, 7, 8):
        network = describe()
        distsim.restore(stored, seed=seed)
        distsim.run(20.0)
        branches.append(outcome(*network))
    assert_equal(branches[0], branches[1])
    n_before = round(50.0 / 0.1)
    v = [branch[-2] for branch in branches]
    np.testing.assert_array_equal(v[2][:n_before], v[0][:n_before])
    assert (v[2][n_before + 1 :] != v[0][n_before + 1 :]).any()


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"n": 9}, "population 'cells': size"),
        ({"seed": 6}, "seed = 6, and 5"),
        ({"min_delay": 0.1}, "min_delay"),
    ],
)
def test_another_network_is_refused_with_what_differs(stored, other, named):
    describe(**other)
    with pytest.raises(SnapshotError, match=named):
        distsim.restore(stored)


def test_other_cells_connections_or_currents_are_refused(stored):
    network = describe()
    network[0].set(tau_m=15.0)
    with pytest.raises(SnapshotError, match="'cells': tau_m"):
        distsim.restore(stored)
    describe()
    pair = network_of(state.populations)
    distsim.Projection(*pair, distsim.OneToOneConnector(), distsim.StaticSynapse())
    with pytest.raises(SnapshotError, match="projections: "):
        distsim.restore(stored)
    describe()[-1].inject_into(state.populations[1][6:])
    with pytest.raises(SnapshotError, match="currents"):
        distsim.restore(stored)


def network_of(populations):
    return populations[1], populations[1]


def test_what_is_set_after_the_first_run_is_no_other_network_but_refused_where_it_is_lost(
    tmp_path,
):
    describe()
    distsim.run(1.0)
    distsim.checkpoint(tmp_path / "run.h5")
    network = describe()
    distsim.run(1.0)
    network[0].set(tau_m=15.0)
    with pytest.raises(SnapshotError, match="tau_m of 'cells' were set after the first run"):
        distsim.restore(tmp_path / "run.h5")


def test_cells_that_are_moved_after_the_first_run_are_where_they_were(tmp_path):
    p, noise, *_ = describe()
    distsim.run(1.0)
    p[2].position = (1.0, 2.0, 3.0)
    noise.positions = np.arange(18.0).reshape(3, 6)
    distsim.checkpoint(tmp_path / "run.h5")
    expected = p.positions.copy(), noise.positions.copy()
    p, noise, *_ = describe()
    distsim.restore(tmp_path / "run.h5")
    assert_equal((p.positions, noise.positions), expected)
    assert tuple(p[2].position) == (1.0, 2.0, 3.0)


def test_a_weight_or_a_place_that_is_set_before_the_first_run_is_part_of_the_network(tmp_path):
    def describe_with(weight, place):
        network = describe()
        network[3][1].weight = weight
        network[0][2].position = place
        return network

    places = (1.0, 2.0, 3.0), (1.0, 2.0, 4.0)
    describe_with(0.25, places[0])
    distsim.run(1.0)
    distsim.checkpoint(tmp_path / "run.h5")
    for others, named in (((0.3, places[0]), "'driven': set"), ((0.25, places[1]), "positions")):
        describe_with(*others)
        with pytest.raises(SnapshotError, match=named):
            distsim.restore(tmp_path / "run.h5")
    network = describe_with(0.25, places[0])
    distsim.restore(tmp_path / "run.h5")
    network[3][1].weight = 0.5
    distsim.checkpoint(tmp_path / "run.h5")
    network = describe_with(0.25, places[0])
    distsim.restore(tmp_path / "run.h5")
    assert network[3][1].weight == 0.5


@pytest.mark.parametrize("fault", ["cut", "byte", "format", "other", "none"])
def test_a_damaged_file_is_refused(stored, tmp_path, fault):
    path = tmp_path / "run.h5"
    if fault != "none":
        shutil.copy(stored, path)
    data = bytearray(stored.read_bytes())
    if fault == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif fault == "byte":
        with h5py.File(path) as file:
            dataset = file["cells/0.1/state"]
            place = dataset.id.get_chunk_info(0).byte_offset
        data[place + 3] ^= 1
        path.write_bytes(data)
    elif fault == "format":
        with h5py.File(path, "a") as file:
            file.attrs["snapshot_format"] = 99
    elif fault == "other":
        path.write_text("no snapshot")
    describe()
    kind = SnapshotError if fault == "none" else FileFormatError
    with pytest.raises(kind, match=r"run\.h5"):
        distsim.restore(path)


def test_the_one_before_is_kept(tmp_path):
    describe()
    path = tmp_path / "run.h5"
    distsim.checkpoint(path)
    first = path.read_bytes()
    distsim.run(1.0)
    distsim.checkpoint(path)
    assert previous(path).read_bytes() == first
    assert path.read_bytes() != first
    assert sorted(file.name for file in tmp_path.iterdir()) == ["run.h5", "run.h5.previous"]


@pytest.mark.parametrize("n_bytes", [1000, 0])
def test_a_damaged_file_says_that_there_is_one_before_it(tmp_path, n_bytes):
    describe()
    path = tmp_path / "run.h5"
    for _ in range(2):
        distsim.checkpoint(path)
    path.write_bytes(path.read_bytes()[:n_bytes])
    describe()
    with pytest.raises(FileFormatError, match=r"the one before is '.*run\.h5\.previous'"):
        distsim.restore(path)


def test_what_a_process_has_left_that_ended_while_it_wrote_is_removed(tmp_path):
    describe()
    others = [".run.4321.part.h5x", ".run2.4321.part.h5", "run.4321.part.h5"]
    for name in [".run.4321.part.h5", *others]:
        (tmp_path / name).write_text("half")
    distsim.checkpoint(tmp_path / "run.h5")
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(["run.h5", *others])


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    describe()
    (tmp_path / "file").write_text("")
    with pytest.raises(FileWriteError, match="file"):
        distsim.checkpoint(tmp_path / "file" / "run.h5")


# --- scripts that resume -------------------------------------------------------------------------


class StoppedError(Exception):
    """In place of the end of the process."""


def played(monkeypatch, script, path, resume=False, **options):
    """Run a script as a new process would, resumed or not."""
    monkeypatch.setenv("DISTSIM_RESUME", "1" if resume else "")
    monkeypatch.setattr(state, "passage", Place())
    monkeypatch.setattr(state, "has_resumed", False)
    return script(path, **options)


@pytest.fixture
def play(monkeypatch):
    """Return `played`; afterwards all is as before."""
    yield partial(played, monkeypatch)
    monkeypatch.undo()
    distsim.setup(log=False)


def in_pieces(path, stop_after=None):
    """Run in pieces, with changes between them."""
    network = describe(checkpoint=path, checkpoint_every=7.0)
    for k in range(4):
        distsim.run(10.0)
        change(*network)
        if k == stop_after:
            raise StoppedError
    return outcome(*network)


@pytest.fixture(scope="module")
def in_one_go(tmp_path_factory):
    """Return what `in_pieces` gives where nothing has stopped it."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        return played(monkeypatch, in_pieces, tmp_path_factory.mktemp("whole") / "run.h5")


@pytest.mark.parametrize("stop_after", [0, 1, 2])
def test_a_script_resumes_within_a_run_after_changes(play, in_one_go, tmp_path, stop_after):
    with pytest.raises(StoppedError):
        play(in_pieces, tmp_path / "run.h5", stop_after=stop_after)
    assert_equal(play(in_pieces, tmp_path / "run.h5", resume=True), in_one_go)


def test_a_script_resumes_from_the_one_before_where_a_process_ended_between_the_two(
    play, in_one_go, tmp_path
):
    path = tmp_path / "run.h5"
    with pytest.raises(StoppedError):
        play(in_pieces, path, stop_after=1)
    # as on a file system without hard links
    path.replace(previous(path))
    assert_equal(play(in_pieces, path, resume=True), in_one_go)


def test_a_script_without_a_checkpoint_yet_begins_at_the_beginning(play, in_one_go, tmp_path):
    assert_equal(play(in_pieces, tmp_path / "run.h5", resume=True), in_one_go)


def with_calls(path, stop=False):
    """Call checkpoint() between two runs, and change the network on both sides of it."""
    network = describe(checkpoint=path)
    distsim.run(5.0)
    change(*network)
    distsim.checkpoint(path)
    if stop:
        raise StoppedError
    change(*network)
    distsim.run(5.0)
    return outcome(*network)


def test_a_script_resumes_at_its_call_of_checkpoint(play, tmp_path):
    expected = play(with_calls, tmp_path / "whole.h5")
    with pytest.raises(StoppedError):
        play(with_calls, tmp_path / "run.h5", stop=True)
    assert_equal(play(with_calls, tmp_path / "run.h5", resume=True), expected)


class Raising:
    """A callback with something of its own, which changes the network."""

    def __init__(self, noise, interval, stop_at):
        self.noise, self.interval, self.stop_at = noise, interval, stop_at
        self.rate, self.times = 100.0, []

    def __call__(self, t):
        if t >= self.stop_at:
            raise StoppedError
        self.times.append(t)
        self.rate += 50.0
        self.noise.set(rate=self.rate)
        return t + self.interval

    def get_state(self):
        return {"rate": self.rate, "times": self.times}

    def set_state(self, own):
        self.rate, self.times = own["rate"], own["times"]


def with_callbacks(path, stop_at=1e9, every=5.0):
    """Run with callbacks, and with samples of weights."""
    network = describe(checkpoint=path, checkpoint_every=every)
    network[2].record("weight", sampling_interval=4.0)
    distsim.run(3.0)
    callbacks = [Raising(network[1], 5.0, stop_at), Raising(network[1], 3.3, stop_at)]
    distsim.run(22.0, callbacks=callbacks)
    (signal,) = network[2].get_data().segments[0].analogsignals
    assert callbacks[0].times == [3.0, 8.0, 13.0, 18.0, 23.0]
    return [*outcome(*network), signal.magnitude, np.array(callbacks[1].times)]


@pytest.mark.parametrize(("stop_at", "every"), [(13.0, 5.0), (25.0, 12.5), (16.0, 8.0)])
def test_callbacks_go_on_with_what_they_offer(play, tmp_path, stop_at, every):
    expected = play(with_callbacks, tmp_path / "whole.h5", every=every)
    with pytest.raises(StoppedError):
        play(with_callbacks, tmp_path / "run.h5", stop_at=stop_at, every=every)
    assert_equal(play(with_callbacks, tmp_path / "run.h5", resume=True, every=every), expected)


def reading(path, stop=False, asks=False):
    """Write, and read, what was recorded, after each of some runs."""
    network = describe(checkpoint=path, checkpoint_every=10.0)
    counts = []
    for k in range(3):
        distsim.run(10.0)
        network[0].write_data(str(path.with_name(f"part{k}.h5")), clear=True)
        if not asks or not distsim.is_resuming():
            counts.append(network[1].mean_spike_count())
        if stop and k == 1:
            raise StoppedError
    return counts


def test_what_was_written_is_left_and_what_was_read_is_refused(play, tmp_path):
    expected = play(reading, tmp_path / "whole.h5")
    with pytest.raises(StoppedError):
        play(reading, tmp_path / "run.h5", stop=True)
    for k in range(2):
        (tmp_path / f"part{k}.h5").write_text("as it was")
    with pytest.raises(SnapshotError, match=r"get_spike_counts\(\) of 'noise' asks for"):
        play(reading, tmp_path / "run.h5", resume=True)
    assert play(reading, tmp_path / "run.h5", resume=True, asks=True) == expected[1:]
    assert (tmp_path / "part0.h5").read_text() == "as it was"


def test_it_is_said_once_when_much_was_recorded(play, tmp_path, monkeypatch, caplog):
    # 8 bytes for each value of v and each spike
    monkeypatch.setattr(checkpoints, "LARGE_BYTES", 8 * 8 * 101)
    play(in_pieces, tmp_path / "run.h5")
    told = [record for record in caplog.records if "written anew with each" in record.message]
    assert len(told) == 1
    assert "MB of this checkpoint" in told[0].message


def test_a_checkpoint_within_a_callback_is_refused(sim, tmp_path):
    describe()

    def call(t):
        distsim.checkpoint(tmp_path / "run.h5")
        return t + 1.0

    with pytest.raises(SnapshotError, match="within a callback"):
        distsim.run(2.0, callbacks=[call])


def test_a_full_disk_does_not_end_a_run(play, tmp_path, monkeypatch, caplog):
    expected = play(in_pieces, tmp_path / "whole.h5")
    path, n_writes = tmp_path / "run.h5", 0
    write = os.pwrite

    def full(fd, data, offset):
        nonlocal n_writes
        n_writes += 1
        if n_writes > 60:
            raise OSError(28, "No space left on device")
        return write(fd, data, offset)

    monkeypatch.setattr(os, "pwrite", full)
    found = play(in_pieces, path)
    assert "No space left" in caplog.text
    assert_equal(found, expected)
    monkeypatch.undo()
    left = sorted(file.name for file in tmp_path.iterdir())
    assert [name for name in left if "part" in name] == []


# --- when ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every", "ms", "seconds"),
    [(500, 500.0, 0.0), ("10 min", 0.0, 600.0), ("90s", 0.0, 90.0), ("2.5 ms", 2.5, 0.0)],
)
def test_times_are_understood(every, ms, seconds):
    assert Plan.of("run.h5", every)[1:] == (ms, seconds)


@pytest.mark.parametrize("every", [0, -1.0, "soon", "10 years", True, float("nan")])
def test_what_is_no_time_is_refused(every):
    with pytest.raises(SetupError, match="checkpoint_every"):
        Plan.of("run.h5", every)


def test_signals_and_a_file_ask_for_checkpoints(tmp_path):
    triggers, path = Triggers(), tmp_path / "run.h5"
    handler = signal.getsignal(signal.SIGTERM)
    triggers.begin(Plan.of(path, None), is_first=True)
    assert triggers.take() == (False, False)
    signal.raise_signal(signal.SIGUSR1)
    assert triggers.is_noted()
    assert triggers.take() == (True, False)
    assert not triggers.is_noted()
    (tmp_path / "run.h5.now").touch()
    triggers._looked = 0.0
    assert triggers.take() == (True, False)
    assert not (tmp_path / "run.h5.now").exists()
    for number in (signal.SIGUSR2, signal.SIGTERM):
        signal.raise_signal(number)
        # what comes while a checkpoint is written is for the next one
        triggers.done(3, 0)
        assert triggers.take() == (True, True)
        assert triggers.take() == (False, False)
    # what comes between two networks is not lost
    signal.raise_signal(signal.SIGTERM)
    triggers.begin(Plan.of(path, None), is_first=True)
    assert triggers.take() == (True, True)
    signal.raise_signal(signal.SIGTERM)
    triggers.begin(Plan.of(None, None), is_first=True)
    assert triggers.take() == (False, False)
    assert signal.getsignal(signal.SIGTERM) == handler
