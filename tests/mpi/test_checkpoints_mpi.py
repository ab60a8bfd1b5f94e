"""Checkpoints on real ranks: whatever asks for one on any of them, and what fails on the way."""

import os
import resource
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress

import numpy as np
import pytest

import distsim
from distsim.errors import ParameterError
from distsim.io.snapshot_file import previous
from distsim.pynn import triggers
from distsim.pynn.simulator import state
from distsim.pynn.triggers import STOPPED


@pytest.fixture
def sim():
    """Return the back end; no signals are noted when the test is over."""
    yield distsim
    distsim.setup(log=False)


def build(path, **options):
    """Return a network that learns, and drives itself, whose checkpoints go to a file."""
    distsim.setup(timestep=0.1, seed=3, log=False, checkpoint=path, **options)
    offset = distsim.RandomDistribution("uniform", low=0.9, high=1.3)
    cells = distsim.Population(20, distsim.IF_curr_exp(i_offset=offset))
    noise = distsim.Population(5, distsim.SpikeSourcePoisson(rate=300.0))
    delay = distsim.RandomDistribution("uniform", low=0.3, high=3.0)
    learning = distsim.STDPMechanism(
        distsim.SpikePairRule(),
        distsim.AdditiveWeightDependence(w_max=0.5),
        weight=0.2,
        delay=delay,
    )
    plastic = distsim.Projection(cells, cells, distsim.FixedProbabilityConnector(0.5), learning)
    static = distsim.StaticSynapse(weight=0.3, delay=1.5)
    distsim.Projection(noise, cells, distsim.FixedProbabilityConnector(0.5), static)
    cells.record(["spikes", "v"])
    return cells, plastic


def everything(cells, plastic):
    (segment,) = cells.get_data(gather="all").segments
    spikes = [time for train in segment.spiketrains for time in train.magnitude]
    weights = plastic.get("weight", "array", gather="all")
    return [np.array(spikes), segment.analogsignals[0].magnitude, np.nan_to_num(weights)]


def assert_equal(ours, expected):
    for one, other in zip(ours, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def is_last(comm):
    return comm.Get_rank() == comm.Get_size() - 1


def at(time, action):
    """Return a callback that does something once, at a time within a run."""

    def call(t):
        if t == time:
            action()
        return time if t < time else float("inf")

    return call


def names_in(comm, folder):
    comm.Barrier()
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGTERM])
def test_a_signal_to_one_rank_makes_one_checkpoint_of_all(sim, comm, shared_tmp_path, number):
    path = shared_tmp_path / "run.h5"
    build(path)

    def send():
        if is_last(comm):
            os.kill(os.getpid(), number)

    if number == signal.SIGUSR1:
        sim.run(10.0, callbacks=[at(2.0, send)])
    else:
        with pytest.raises(SystemExit) as stopped:
            sim.run(1e6, callbacks=[at(2.0, send)])
        assert stopped.value.code == STOPPED
    assert names_in(comm, shared_tmp_path) == ["run.h5"]


@pytest.mark.parametrize("moment", ["restore", "next network"])
def test_a_signal_outside_of_a_run_waits_for_the_next_one(sim, comm, shared_tmp_path, moment):
    path = shared_tmp_path / "run.h5"

    build(path)
    if moment == "restore":
        sim.checkpoint(shared_tmp_path / "own.h5")
    if is_last(comm):
        signal.raise_signal(signal.SIGUSR1)
    build(path)
    if moment == "restore":
        sim.restore(shared_tmp_path / "own.h5")
    assert not path.exists()
    comm.Barrier()
    sim.run(1.0)
    assert path.exists()
    comm.Barrier()
    # and for that one alone
    sim.run(1.0)
    assert not previous(path).exists()


def test_an_interrupt_waits_until_a_checkpoint_is_whole(sim, comm, shared_tmp_path, monkeypatch):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    build(None)
    sim.run(1.0)
    build_anew = state.build

    def interrupt():
        if is_last(comm):
            signal.raise_signal(signal.SIGINT)
        build_anew()

    monkeypatch.setattr(state, "build", interrupt)
    with pytest.raises(KeyboardInterrupt):
        sim.checkpoint(shared_tmp_path / "run.h5")
    monkeypatch.undo()
    signal.signal(signal.SIGINT, before)
    assert names_in(comm, shared_tmp_path) == ["run.h5"]
    build(None)
    sim.restore(shared_tmp_path / "run.h5")
    assert sim.get_current_time() == 1.0


def test_a_file_that_appears_makes_a_checkpoint_and_goes(sim, comm, shared_tmp_path, monkeypatch):
    monkeypatch.setattr(triggers, "LOOK_SECONDS", 0.0)
    path = shared_tmp_path / "run.h5"
    build(path)

    def touch():
        if is_last(comm):
            (shared_tmp_path / "run.h5.now").touch()
        comm.Barrier()

    sim.run(1.0)
    assert names_in(comm, shared_tmp_path) == []
    sim.run(2.0, callbacks=[at(2.0, touch)])
    assert names_in(comm, shared_tmp_path) == ["run.h5"]


def test_the_clock_of_the_first_rank_makes_checkpoints(sim, comm, shared_tmp_path):
    path = shared_tmp_path / "run.h5"
    build(path, checkpoint_every="0.001 s")
    sim.run(0.1)
    sim.run(0.1)
    assert names_in(comm, shared_tmp_path) == ["run.h5", "run.h5.previous"]


@contextmanager
def full_disk(comm, folder):
    """Let the disk of a folder be full: one that is mounted there, or by a limit of files."""
    filler = folder / "filler"
    if os.path.ismount(folder):
        if comm.Get_rank() == 0:
            with filler.open("wb", buffering=0) as file, suppress(OSError):
                while file.write(bytes(4096)):
                    pass
        comm.Barrier()
        yield
        comm.Barrier()
        if comm.Get_rank() == 0:
            filler.unlink()
    else:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
        yield
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    comm.Barrier()


@pytest.fixture
def small_disk(comm, shared_tmp_path):
    """Return a folder, on a disk of its own of 4 MB where this process may mount one."""
    folder = shared_tmp_path / "disk"
    is_mounted = False
    if comm.Get_rank() == 0:
        folder.mkdir()
        if sys.platform == "linux" and os.geteuid() == 0:
            command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
            is_mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0
    comm.Barrier()
    yield folder
    comm.Barrier()
    if is_mounted:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_run_goes_on_where_a_full_disk_takes_no_checkpoint(
    sim, comm, shared_tmp_path, small_disk, caplog
):
    network = build(shared_tmp_path / "whole.h5")
    sim.run(25.0)
    expected = everything(*network)
    path = small_disk / "run.h5"
    network = build(path, checkpoint_every=5.0)
    sim.run(5.0)
    before = path.read_bytes()
    with full_disk(comm, small_disk):
        sim.run(10.0)
        assert path.read_bytes() == before
        assert names_in(comm, small_disk) in (["run.h5"], ["filler", "run.h5"])
        if comm.Get_rank() == 0:
            assert caplog.text.count("no checkpoint at t = ") == 2
            assert "an older one is kept" in caplog.text
    sim.run(10.0)
    assert_equal(everything(*network), expected)
    assert names_in(comm, small_disk) == ["run.h5", "run.h5.previous"]
    # and what is there then is whole
    network = build(path)
    sim.restore(previous(path))
    assert sim.get_current_time() == 20.0
    sim.run(5.0)
    assert_equal(everything(*network), expected)


class Offering:
    """A callback that offers something of its own; on the last rank, what cannot be."""

    def __init__(self, comm, fault):
        self.fault, self.is_last = fault, is_last(comm)

    def __call__(self, t):
        return t + 1.0

    def get_state(self):
        if self.is_last and self.fault == "fails":
            raise ZeroDivisionError("of the user's own")
        return {1.0, 2.0} if self.is_last else [1.0, 2.0]


@pytest.mark.parametrize("fault", ["fails", "no json"])
def test_what_one_rank_cannot_store_ends_the_run_on_all(sim, comm, shared_tmp_path, fault):
    build(shared_tmp_path / "run.h5", checkpoint_every=5.0)
    kind, text = (
        (ZeroDivisionError, "of the user's own")
        if fault == "fails"
        else (ParameterError, "'position' cannot be stored")
    )
    with pytest.raises(kind, match=text):
        sim.run(20.0, callbacks=[Offering(comm, fault)])
    assert names_in(comm, shared_tmp_path) == []
    assert state.t == 5.0
