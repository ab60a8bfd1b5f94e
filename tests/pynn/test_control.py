"""Setting up, running, resetting and ending a simulation."""

import logging

import numpy as np
import pytest

import distsim
from distsim.errors import ParameterError, PartitionError, SetupError
from distsim.kernels.spike_keys import LAST_STEP
from distsim.pynn import simulator


def test_setup_tells_what_was_asked_for(sim):
    assert sim.setup(timestep=0.2, min_delay=0.4, max_delay=3.0, log=False) == 0
    assert sim.get_time_step() == 0.2
    assert sim.get_min_delay() == 0.4
    assert sim.get_max_delay() == 3.0
    assert sim.get_current_time() == 0.0
    assert (sim.rank(), sim.num_processes()) == (0, 1)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"dt": 0.1}, "unknown option 'dt'.*'timestep'"),
        ({"time_step": 0.1}, "'timestep'"),
        ({"seeed": 3}, "did you mean 'seed'"),
        ({"verbositi": "all"}, "did you mean 'verbosity'"),
        ({"timestep": 0.0}, "above 0"),
        ({"timestep": -0.1}, "above 0"),
        ({"timestep": "0.1"}, "timestep"),
        ({"min_delay": 0.01}, "min_delay = 0.01 ms is shorter"),
        ({"min_delay": "small"}, "'auto'"),
        ({"min_delay": 2.0, "max_delay": 1.0}, "longer than max_delay"),
        ({"seed": -1}, "seed = -1"),
        ({"seed": 0.5}, "seed = 0.5"),
        ({"timestep": float("nan")}, "above 0"),
        ({"min_delay": float("nan")}, "min_delay"),
        ({"max_delay": None}, "max_delay"),
        ({"timestep": True}, "timestep = True"),
        ({"min_delay": True}, "min_delay = True"),
        ({"seed": True}, "seed = True"),
        ({"log": "debug"}, "log = 'debug'.*'WARNING'"),
        ({"log": 5}, "log = 5"),
        ({"progress": "yes"}, "progress = 'yes'; it must be True, False or None"),
        ({"summary": 1}, "summary = 1; it must be True or False"),
        ({"engine": 3}, "unknown engine '3'"),
    ],
)
def test_what_setup_does_not_know_is_refused(options, text):
    with pytest.raises(SetupError, match=text):
        distsim.setup(**options)


@pytest.mark.parametrize(
    ("partition", "text"),
    [
        ("blocks", "did you mean 'block'"),
        (None, "unknown partition 'None'"),
        (lambda gid: 0, r"cannot be called as partition\(first_gid, n_cells, n_ranks\)"),
    ],
)
def test_a_partition_that_cannot_be_is_refused_at_once(sim, partition, text):
    cells = sim.Population(2, sim.IF_curr_exp())
    with pytest.raises(PartitionError, match=text):
        sim.setup(partition=partition, log=False)
    # the network before is still there
    assert cells.get("tau_m") == 20.0


def test_nothing_works_before_setup(monkeypatch):
    monkeypatch.setattr(simulator.state, "_simulation", None)
    for use in (
        lambda: distsim.run(1.0),
        lambda: distsim.run_until(1.0),
        distsim.reset,
        distsim.end,
        distsim.get_current_time,
        distsim.get_time_step,
        distsim.get_min_delay,
        lambda: distsim.Population(1, distsim.IF_curr_exp()),
    ):
        with pytest.raises(SetupError, match="call setup"):
            use()


def test_setup_begins_anew(sim):
    sim.Population(3, sim.IF_curr_exp())
    sim.run(5.0)
    sim.setup(log=False)
    assert sim.get_current_time() == 0.0
    assert sim.Population(1, sim.IF_curr_exp()).first_id == 0


def test_runs_add_up(sim):
    sim.Population(2, sim.IF_curr_exp())
    assert sim.run(1.0) == 1.0
    assert sim.run_for(0.5) == 1.5
    assert sim.run_until(3.0) == 3.0
    assert sim.run(0.0) == sim.run_until(3.0) == 3.0
    assert sim.get_current_time() == 3.0
    for _ in range(10):
        sim.run(0.1)
    assert sim.get_current_time() == 4.0


def test_the_past_cannot_be_reached(sim):
    sim.run(3.0)
    with pytest.raises(ValueError, match=r"in the past"):
        sim.run_until(2.0)
    with pytest.raises(ValueError, match=r"in the past"):
        sim.run(-1.0)
    assert sim.get_current_time() == 3.0


@pytest.mark.parametrize("time", [float("nan"), float("inf"), -float("inf"), "10", None, [1, 2]])
def test_a_time_that_never_comes_is_refused(sim, time):
    for run, name in ((sim.run, "simtime"), (sim.run_until, "time_point")):
        with pytest.raises(ParameterError, match=f"{name} = .* give a finite time"):
            run(time)
    assert sim.get_current_time() == 0.0


@pytest.mark.parametrize(
    ("dt", "times", "end"),
    [
        (0.1, [0.25] * 10, 2.5),
        (1.0, [0.5] * 6, 3.0),
        (0.1, [1000 / 3] * 3, 1000.0),
        (0.1, [0.1] * 1000, 100.0),
        (0.1, [0.04, 0.04, 0.04], 0.1),
        (0.1, [0.04, 0.04, 2.92], 3.0),
        (1 / 3, [0.1] * 30, 3.0),
        (0.025, [0.01] * 250, 2.5),
        (0.1, [np.float32(0.5), np.int64(3), np.float64(0.25), 0.25], 4.0),
    ],
)
def test_runs_end_at_the_step_nearest_to_their_sum(sim, dt, times, end):
    sim.setup(timestep=dt, log=False)
    sim.Population(1, sim.IF_curr_exp())
    for time in times:
        reached = sim.run(time)
        assert reached == sim.get_current_time()
    assert reached == pytest.approx(end, abs=1e-9)


def test_run_until_and_reset_set_what_was_asked_for(sim):
    sim.run(0.24)
    sim.run(0.24)
    assert sim.get_current_time() == 0.5
    assert sim.run_until(1.04) == 1.0
    assert sim.run(0.04) == 1.1
    assert sim.run_until(1.1) == 1.1
    assert sim.run(0.04) == 1.1
    sim.reset()
    assert sim.run(0.04) == 0.0
    assert sim.run(0.04) == 0.1
    assert sim.run(2.5 - sim.get_current_time()) == pytest.approx(2.5, abs=0.1)


def test_what_rounding_leaves_below_0_is_no_time_in_the_past(sim):
    sim.run(0.3)
    assert sim.run(0.3 - (0.1 + 0.2)) == 0.3


def test_a_run_longer_than_the_clock_counts_is_refused_with_what_is_possible():
    distsim.setup(timestep=0.001, log=False)
    for run in (distsim.run, distsim.run_until):
        with pytest.raises(ParameterError, match=r"0\.001 ms.*2147483\.646 ms.*reset"):
            run(2147484.0)
    assert distsim.get_current_time() == 0.0
    distsim.run(1.0)
    with pytest.raises(ParameterError, match=r"2147483\.646"):
        distsim.run(2147483.0)


def test_the_last_step_that_the_clock_counts_can_be_made(sim, monkeypatch):
    cells = sim.Population(3, sim.IF_curr_exp(tau_refrac=0.1, i_offset=50.0))
    source = sim.Population(1, sim.SpikeSourcePoisson(rate=5000.0))
    sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0, delay=0.3))
    sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1, delay=0.3))
    for population in (cells, source):
        population.record("spikes")
    simulator.state.build()
    simulator.state.simulation.step = LAST_STEP - 100
    sim.run(10.0)
    end = 214748364.6
    assert sim.get_current_time() == pytest.approx(end, abs=1e-3)
    for population in (cells, source):
        for train in population.get_data().segments[0].spiketrains:
            assert len(train) > 5
            assert train.magnitude.min() > end - 10.1
            assert train.magnitude.max() <= end + 1e-3
    with pytest.raises(ParameterError, match="reset"):
        sim.run(0.1)


def test_callbacks_are_called_when_they_ask_to_be(sim):
    cells = sim.Population(1, sim.IF_curr_exp())
    cells.record("v")
    times = {"fast": [], "slow": []}

    def every(name, interval):
        def note(t):
            times[name].append(t)
            cells.set(i_offset=0.1 * len(times["fast"]))
            return t + interval

        return note

    sim.run(10.0, callbacks=[every("fast", 2.0), every("slow", 5.0)])
    assert times["fast"] == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    assert times["slow"] == [0.0, 5.0, 10.0]
    assert cells.get_data().segments[0].analogsignals[0].shape == (101, 1)
    assert cells.get("i_offset") == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("interval", "times"),
    [
        (10.0, np.append(np.arange(0.0, 333.0, 10.0), 333.3)),
        (0.04, np.arange(0.0, 333.35, 0.1)),
        (0.0, np.arange(0.0, 333.35, 0.1)),
        (150.06, [0.0, 150.1, 300.2, 333.3]),
        (float("inf"), [0.0, 333.3]),
    ],
)
def test_callbacks_are_called_at_the_nearest_step_but_not_twice_in_one(sim, interval, times):
    sim.Population(1, sim.IF_curr_exp())
    called = []

    def note(t):
        called.append(t)
        return t + interval

    assert sim.run(1000 / 3, callbacks=[note]) == 333.3
    np.testing.assert_allclose(called, times, atol=1e-6)


def test_callbacks_due_in_the_same_step_are_called_in_their_order(sim):
    called = []

    def every(name, interval):
        return lambda t: called.append((name, t)) or t + interval

    sim.run(0.6, callbacks=[every("a", 0.2), every("b", 0.3), every("c", 0.22)])
    assert called == [
        *(("a", 0.0), ("b", 0.0), ("c", 0.0)),
        *(("a", 0.2), ("c", 0.2)),
        ("b", 0.3),
        *(("a", 0.4), ("c", 0.4)),
        *(("a", 0.6), ("b", 0.6), ("c", 0.6)),
    ]


def test_one_function_is_no_list_of_callbacks(sim):
    with pytest.raises(ParameterError, match=r"callbacks is one function; give a list"):
        sim.run(10.0, callbacks=lambda t: t + 1.0)


@pytest.mark.parametrize("callbacks", [3, [3], "ab"])
def test_what_is_no_callback_is_named(sim, callbacks):
    with pytest.raises(ParameterError, match=r"callbacks = .*3|callbacks = 'ab'"):
        sim.run(10.0, callbacks=callbacks)


@pytest.mark.parametrize("name", ["reset", "setup"])
def test_a_run_that_would_never_end_is_refused(sim, name):
    # time would go back, or be another network's, whenever the callback is called
    cells = sim.Population(2, sim.IF_curr_exp())

    def back(t):
        # a run of its own within the callback changes nothing of that
        sim.run(0.5, callbacks=[lambda t: t + 0.2])
        if t > 2.0:
            getattr(sim, name)()
        return t + 1.0

    with pytest.raises(SetupError, match=rf"{name}\(\) within a callback of a run"):
        sim.run(10.0, callbacks=[back])
    sim.reset()
    assert sim.run(1.0) == 1.0
    assert cells.get("tau_m") == 20.0


@pytest.mark.parametrize("answer", [None, "later", float("nan"), [1.0, 2.0]])
def test_a_callback_that_returns_no_time_is_named(sim, answer):
    def forgetful(t):
        return answer

    with pytest.raises(ParameterError, match=r"forgetful.*at t = 0 ms.*give a finite time"):
        sim.run(10.0, callbacks=[forgetful])


def test_a_callback_that_returns_a_time_in_the_past_is_named(sim):
    class Backwards:
        def __call__(self, t):
            return t - 1.0 if t > 2.0 else t + 1.5

    with pytest.raises(ParameterError, match=r"Backwards.*t = 3 ms.*2 ms.*in the past"):
        sim.run(10.0, callbacks=[Backwards()])
    assert sim.get_current_time() == 3.0
    assert sim.run(7.0) == 10.0


def test_a_reset_goes_back_to_the_initial_values(sim):
    cells = sim.Population(2, sim.IF_cond_exp(i_offset=1.0), initial_values={"v": -60.0})
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0, 4.9]))
    sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1, delay=2.0))
    cells.record(["v", "gsyn_exc"])
    sim.run(5.0)
    sim.reset()
    assert sim.get_current_time() == 0.0
    cells.set(i_offset=1.0)
    sim.run(5.0)
    first, second = cells.get_data().segments
    for name in ("v", "gsyn_exc"):
        np.testing.assert_array_equal(
            first.filter(name=name)[0].magnitude, second.filter(name=name)[0].magnitude
        )


def test_parameters_stay_over_a_reset(sim):
    cells = sim.Population(2, sim.IF_curr_exp())
    sim.run(1.0)
    cells.set(i_offset=2.0)
    sim.reset()
    assert cells.get("i_offset") == 2.0
    cells.record("spikes")
    sim.run(50.0)
    assert cells.mean_spike_count() > 0


def test_poisson_spikes_differ_between_segments(sim):
    sources = sim.Population(4, sim.SpikeSourcePoisson(rate=200.0))
    sources.record("spikes")
    trains = []
    for _ in range(2):
        sim.run(50.0)
        trains.append([t.magnitude.tolist() for t in sources.get_data().segments[-1].spiketrains])
        sim.reset()
    assert trains[0] != trains[1]


def test_the_network_can_grow_between_runs(sim):
    first = sim.Population(2, sim.IF_curr_exp(i_offset=2.0))
    first.record(["v", "spikes"])
    sim.run(20.0)
    second = sim.Population(3, sim.IF_curr_exp())
    second.record(["v", "spikes"])
    sim.Projection(
        first, second, sim.AllToAllConnector(), sim.StaticSynapse(weight=50.0, delay=1.0)
    )
    sim.run(20.0)
    assert first.get_data().segments[0].analogsignals[0].shape == (401, 2)
    signal = second.get_data().segments[0].analogsignals[0]
    assert signal.shape == (201, 3)
    assert float(signal.t_start) == 20.0
    assert second.mean_spike_count() > 0


def test_delays_are_found_from_the_connections(sim):
    assert sim.get_min_delay() == sim.get_max_delay() == 0.1
    cells = sim.Population(2, sim.IF_curr_exp())
    sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(delay="0.5 + d"))
    sim.run(0.0)
    assert (sim.get_min_delay(), sim.get_max_delay()) == (0.5, 1.5)


def test_the_end_is_logged_in_one_line(caplog):
    distsim.setup(timestep=0.1, log=True)
    cells = distsim.Population(3, distsim.IF_curr_exp(i_offset=2.0))
    distsim.Projection(cells, cells, distsim.AllToAllConnector())
    distsim.run(20.0)
    with caplog.at_level(logging.INFO, "distsim"):
        distsim.end()
    (line,) = [record.getMessage() for record in caplog.records]
    assert "3 cells, 9 synapses" in line
    assert "real-time factor" in line
    assert "\n" not in line


def test_the_progress_bar_is_shown_when_asked_for(capsys):
    distsim.setup(timestep=0.1, progress=True, log=False)
    distsim.Population(3, distsim.IF_curr_exp())
    distsim.run(20.0)
    assert "run" in capsys.readouterr().err
    distsim.setup(timestep=0.1, log=False)
    distsim.Population(3, distsim.IF_curr_exp())
    distsim.run(20.0)
    captured = capsys.readouterr()
    assert captured.err == captured.out == ""


@pytest.mark.filterwarnings("ignore:initialize")
def test_initialize_works_on_several_groups(sim):
    a, b = (sim.Population(2, sim.IF_curr_exp()) for _ in range(2))
    sim.initialize(a + b, v=-61.0)
    sim.initialize(a[:1], v=-62.0)
    assert a[:].initial_values["v"].tolist() == [-62.0, -61.0]
    assert b[:].initial_values["v"].tolist() == [-61.0, -61.0]


def test_a_solution_that_is_lost_is_told_once(sim, caplog):
    sim.setup(timestep=0.1)
    sim.Population(3, sim.EIF_cond_exp_isfa_ista(), label="sound")
    lost = sim.Population(3, sim.EIF_cond_exp_isfa_ista(), label="unsound")
    lost[2:3].set(a=1e300)
    for _ in range(2):
        sim.run(5.0)
    (line,) = [record.getMessage() for record in caplog.records if "nan" in record.getMessage()]
    assert line.startswith("at t = 5 ms state variables of cells of 'unsound' are nan")
