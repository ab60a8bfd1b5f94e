"""Interrupts on real ranks: all stop at one step, and go on as if nothing had been."""

import signal

import numpy as np
import pytest

import distsim
from distsim.engines.native import group_network as network
from distsim.engines.pace import Pace
from distsim.io import open as open_file
from distsim.pynn import output


@pytest.fixture(autouse=True)
def _default_handler():
    """Let SIGINT raise KeyboardInterrupt, also where the tests were started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def build(kind, **options):
    """Return the recorded populations of a network that drives itself."""
    sim = distsim
    sim.setup(timestep=0.1, log=False, progress=False, seed=5, **options)
    cells = sim.Population(7, sim.IF_curr_exp(tau_refrac=1.0, i_offset=np.linspace(0.5, 2.0, 7)))
    synapse = sim.StaticSynapse(weight=0.5, delay=sim.RandomDistribution("uniform", (0.3, 3.0)))
    sim.Projection(cells, cells, sim.FixedProbabilityConnector(0.6), synapse)
    noise = sim.Population(3, sim.SpikeSourcePoisson(rate=800.0))
    sim.Projection(noise, cells, sim.AllToAllConnector(), synapse)
    populations = [cells, noise]
    if kind != "one model":
        others = sim.Population(4, sim.IF_cond_exp(i_offset=0.8))
        sim.Projection(
            cells, others, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.01, delay=0.4)
        )
        populations.append(others)
    if kind == "given times":
        given = sim.Population(2, sim.SpikeSourceArray(spike_times=np.arange(0.0, 80.0, 1.7)))
        sim.Projection(given, cells, sim.AllToAllConnector(), synapse)
        populations.append(given)
    for population in populations:
        population.record("spikes")
    cells.record("v")
    return populations


def everything(populations):
    segments = [population.get_data(gather="all").segments[0] for population in populations]
    trains = [train.magnitude.tolist() for each in segments for train in each.spiketrains]
    return trains, segments[0].filter(name="v")[0].magnitude


def strike_at(monkeypatch, ranks, rank, pauses):
    """Let SIGINT come to some ranks before some pauses of the runs that follow."""
    pause, count = Pace.pause, iter(range(10**6))

    def struck(self, n_epochs, is_noted):
        if next(count) in pauses and rank in ranks:
            signal.raise_signal(signal.SIGINT)
            is_noted = True
        return pause(self, n_epochs, is_noted)

    monkeypatch.setattr(Pace, "pause", struck)


@pytest.mark.parametrize(
    ("kind", "exchange", "who"),
    [
        ("one model", "allgather", "last"),
        ("one model", "directed", "all"),
        ("two models", "allgather", "all"),
        ("two models", "directed", "first"),
        ("given times", "allgather", "first"),
    ],
)
def test_a_run_that_was_interrupted_goes_on_to_the_bit(comm, monkeypatch, kind, exchange, who):
    rank, n_ranks = comm.Get_rank(), comm.Get_size()
    populations = build(kind, exchange=exchange)
    distsim.run(80.0)
    expected = everything(populations)
    ranks = {"first": [0], "last": [n_ranks - 1], "all": range(n_ranks)}[who]
    populations = build(kind, exchange=exchange)
    strike_at(monkeypatch, ranks, rank, {0, 1, 3, 4})
    times = []
    while distsim.get_current_time() < 80.0:
        try:
            distsim.run(80.0 - distsim.get_current_time())
        except KeyboardInterrupt:
            times.append(distsim.get_current_time())
            _, v = everything(populations)
            assert v.shape == (round(times[-1] / 0.1) + 1, 7)
            assert np.isfinite(v).all()
    assert len(times) == 4
    assert comm.allgather(times) == [times] * n_ranks
    trains, v = everything(populations)
    assert trains == expected[0]
    np.testing.assert_array_equal(v, expected[1])


def test_what_was_recorded_before_an_interrupt_can_be_read(comm, monkeypatch):
    populations = build("two models")
    distsim.run(80.0)
    trains, v = everything(populations)
    populations = build("two models")
    strike_at(monkeypatch, [0], comm.Get_rank(), {3})
    with pytest.raises(KeyboardInterrupt):
        distsim.run(80.0)
    t = distsim.get_current_time()
    assert 0.0 < t < 80.0
    some_trains, some_v = everything(populations)
    assert some_trains == [[time for time in train if time <= t] for train in trains]
    np.testing.assert_array_equal(some_v, v[: round(t / 0.1) + 1])


def test_each_rank_s_own_handler_is_called_and_may_let_the_run_go_on(comm, monkeypatch):
    calls = []
    signal.signal(signal.SIGINT, lambda *_: calls.append(distsim.get_current_time()))
    build("two models")
    strike_at(monkeypatch, [comm.Get_size() - 1], comm.Get_rank(), {1, 2})
    assert distsim.run(40.0) == 40.0
    assert len(calls) == 2
    assert comm.allgather(calls) == [calls] * comm.Get_size()
    assert signal.getsignal(signal.SIGINT).__name__ == "<lambda>"


def test_what_a_handler_of_one_rank_raises_ends_the_run_on_all(comm, monkeypatch):
    class StopError(Exception):
        """Of the script."""

    def stop(*_):
        raise StopError

    last = comm.Get_size() - 1
    if comm.Get_rank() == last:
        signal.signal(signal.SIGINT, stop)
    build("two models")
    strike_at(monkeypatch, [0], comm.Get_rank(), {1})
    with pytest.raises(KeyboardInterrupt if last else StopError):
        distsim.run(40.0)
    times = comm.allgather(distsim.get_current_time())
    assert times == [times[0]] * (last + 1)
    assert distsim.run_until(40.0) == 40.0


def test_an_error_that_all_handlers_raise_ends_the_run(comm, monkeypatch):
    def stop(*_):
        raise OSError("stop here")

    signal.signal(signal.SIGINT, stop)
    build("two models")
    strike_at(monkeypatch, [0], comm.Get_rank(), {1})
    with pytest.raises(OSError, match="stop here"):
        distsim.run(40.0)
    times = comm.allgather(distsim.get_current_time())
    assert times == [times[0]] * comm.Get_size()
    assert distsim.run_until(40.0) == 40.0


@pytest.mark.parametrize("does_go_on", [False, True])
def test_a_build_that_was_interrupted_is_brought_to_its_end(comm, monkeypatch, does_go_on):
    populations = build("two models")
    distsim.run(10.0)
    expected = everything(populations)
    calls, builds, make = [], [], network.build_connectome

    def struck(*arguments):
        builds.append(None)
        if len(builds) == 2 and comm.Get_rank() == comm.Get_size() - 1:
            signal.raise_signal(signal.SIGINT)
        return make(*arguments)

    monkeypatch.setattr(network, "build_connectome", struck)
    if does_go_on:
        signal.signal(signal.SIGINT, lambda *_: calls.append(None))
    populations = build("two models")
    if not does_go_on:
        with pytest.raises(KeyboardInterrupt):
            distsim.run(10.0)
        assert distsim.get_current_time() == 0.0
    distsim.run(10.0)
    assert len(calls) == does_go_on
    # what was whole stays
    assert len(builds) in (2, 3)
    trains, v = everything(populations)
    assert trains == expected[0]
    np.testing.assert_array_equal(v, expected[1])


@pytest.mark.parametrize("who", ["first", "last"])
def test_an_interrupt_waits_until_a_file_is_whole_and_happens_on_all(
    comm, monkeypatch, shared_tmp_path, who
):
    cells, *_ = build("two models")
    distsim.run(20.0)
    write = output.write_file

    def struck(*arguments):
        if comm.Get_rank() == (0 if who == "first" else comm.Get_size() - 1):
            signal.raise_signal(signal.SIGINT)
        write(*arguments)

    monkeypatch.setattr(output, "write_file", struck)
    with pytest.raises(KeyboardInterrupt):
        cells.write_data(shared_tmp_path / f"{who}.h5")
    comm.Barrier()
    with open_file(shared_tmp_path / f"{who}.h5") as recording:
        assert recording.segments[0].population(cells.label).signal("v").data.shape == (201, 7)
    assert distsim.run(5.0) == 25.0
