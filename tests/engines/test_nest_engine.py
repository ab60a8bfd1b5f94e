"""NEST as engine, against the native one: the same network, input, spikes and records."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from networks import (
    QUIET,
    STRENGTHS,
    assert_same_within_a_step,
    driven_cells,
    in_segments,
    inhibition,
    injected,
    own_noise,
    recorded_late,
    signal_of,
    trains_of,
    tutorial,
)

import distsim as native
from distsim.engines.nest.start import nest_abilities
from distsim.errors import EngineError, PortabilityWarning, SetupError

nest = pytest.importorskip("nest")
import distsim.nest as on_nest  # noqa: E402

NETWORK = Path(__file__).parent / "parallel_network.py"
ONLY_CELL = Path(__file__).parent / "only_cell.py"
ONE_RANK_CONNECTS = Path(__file__).parent / "one_rank_connects.py"
FAILING_RANK = Path(__file__).parent / "failing_rank.py"

on_ranks = pytest.mark.skipif(not nest_abilities()[0], reason="this NEST was built without MPI")


def test_what_is_loaded_after_nest_does_not_share_its_symbols():
    program = "import sys; before = sys.getdlopenflags(); import distsim.nest as sim; sim.setup(); "
    program += "assert 'nest' in sys.modules; print(sys.getdlopenflags() - before)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.endswith("\n0\n"), done.stderr


@pytest.mark.parametrize("threads", [1, 2])
def test_a_network_is_the_same_and_does_the_same(threads):
    connections, spikes, signals, isyn = tutorial(native, shortest_delay=0.3)
    found = tutorial(on_nest, shortest_delay=0.3, threads=threads)
    assert found[0] == connections
    assert found[1] == spikes
    assert min(sum(map(len, trains)) for trains in spikes) > 100
    for mine, theirs in zip(signals, found[2], strict=True):
        assert mine.shape == (834, 30)
        np.testing.assert_allclose(theirs, mine, atol=1e-10)
    # NEST shows a current only after another step
    np.testing.assert_allclose(found[3][:-1], isyn[:-1], atol=1e-10)
    assert np.isnan(found[3][-1]).all()


def test_nest_has_the_connections_that_the_front_end_shows():
    projection = inhibition(on_nest)
    shown = np.array(projection.get(["weight", "delay"], "list"))
    values = nest.GetConnections().get(["source", "target", "weight", "delay"])
    there = np.array([values[name] for name in ("source", "target", "weight", "delay")]).T
    there = there[np.lexsort((there[:, 0], there[:, 1]))]
    assert len(there) == 7 * 30
    np.testing.assert_array_equal(there[:, 0] - 1, shown[:, 0])
    np.testing.assert_array_equal(there[:, 1] - 21, shown[:, 1])
    # nS, negative for inhibition, and 32 bits as on the native engine
    np.testing.assert_array_equal(there[:, 2], -1000.0 * np.float64(np.float32(shown[:, 2])))
    np.testing.assert_allclose(there[:, 3], np.rint(shown[:, 3] / 0.1) * 0.1, atol=1e-9)


@pytest.mark.parametrize(("model", "strength"), STRENGTHS.items())
def test_every_model_does_the_same(model, strength):
    spikes, v = driven_cells(native, model, strength)
    found, v_found = driven_cells(on_nest, model, strength, threads=2)
    assert sum(map(len, spikes)) > 20
    if "cond" in model:
        # NEST integrates to a tolerance of its own, so that a spike may come a step off
        assert_same_within_a_step((found, v_found), (spikes, v))
    else:
        assert found == spikes
        np.testing.assert_allclose(v_found, v, atol=1e-9)


def test_currents_parameters_and_state_change_in_the_same_step():
    spikes, v = injected(native)
    found, v_found = injected(on_nest)
    assert found == spikes
    assert sum(map(len, spikes)) >= 3
    np.testing.assert_allclose(v_found, v, atol=1e-10)


def test_segments_and_changes_of_rates():
    for mine, theirs in zip(in_segments(native), in_segments(on_nest), strict=True):
        assert theirs[:2] == mine[:2]
        np.testing.assert_allclose(theirs[2], mine[2], atol=1e-10)


def test_recording_may_begin_late_and_with_any_interval():
    (spikes, v), (found, v_found) = recorded_late(native), recorded_late(on_nest)
    assert found == spikes
    np.testing.assert_allclose(v_found, v, atol=1e-10)


def test_nests_own_generators_have_the_rates_asked_for():
    noise = own_noise(on_nest)
    trains = trains_of(noise)
    n = sum(map(len, trains))
    # 200 sources for 1 s at 100 Hz: mean 20,000, four standard deviations
    assert abs(n - 20_000) < 4 * np.sqrt(20_000)
    noise.set(rate=0.0)
    on_nest.run(100.0)
    # what a generator has made arrives after a delay
    assert sum(map(len, trains_of(noise))) - n <= 200 * 0.1 * 2
    assert min(min(train) for train in trains) > 100.0


@on_ranks
@pytest.mark.parametrize("n_ranks", [1, 2, 3, 4])
def test_ranks_do_what_the_native_engine_does(mpi_job, tmp_path, n_ranks):
    results = []
    for n, engine in ((n_ranks, "nest"), (1, "native")):
        job = mpi_job(n, NETWORK, tmp_path / f"{engine}.npz", engine, "late")
        assert job.returncode == 0, job.stdout
        with np.load(tmp_path / f"{engine}.npz") as file:
            results.append(dict(file))
    found, expected = results
    assert found["n_hosts"] == n_ranks
    assert expected["keys"].size > 200
    np.testing.assert_array_equal(found["connections"], expected["connections"])
    # the two cells with conductances are NEST's own, and the others hear them
    np.testing.assert_allclose(found["n_few"], expected["n_few"], rtol=0.05)
    assert len(found["keys"]) == pytest.approx(len(expected["keys"]), rel=0.02)
    np.testing.assert_allclose(found["v"][:50], expected["v"][:50], atol=1e-9)
    job = mpi_job(n_ranks, ONLY_CELL, "nest")
    assert job.returncode == 0, job.stdout


@on_ranks
@pytest.mark.parametrize("n_ranks", [2, 3])
@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("state", "EngineError: on rank 1: NEST cannot set 'isyn_exc' of IF_curr_exp"),
        ("_create", "RuntimeError: on rank 1: on purpose"),
        ("_connect", "RuntimeError: on rank 1: on purpose"),
        # after which NEST on the other ranks waits for this one
        ("_advance", "RuntimeError: on purpose"),
    ],
)
def test_a_rank_that_fails_ends_all_with_one_message(mpi_job, n_ranks, where, message):
    job = mpi_job(n_ranks, FAILING_RANK, where, timeout=60)
    assert job.returncode != 0
    assert job.stdout.count(message) == 1, job.stdout
    assert job.stdout.count("Traceback") == 1
    assert "spikes per cell" not in job.stdout


@on_ranks
@pytest.mark.parametrize("n_ranks", [2, 3])
def test_another_network_can_follow_one_that_failed_on_a_rank(mpi_job, n_ranks):
    job = mpi_job(n_ranks, FAILING_RANK, "state", "caught", timeout=60)
    assert job.returncode == 0, job.stdout
    assert job.stdout.count("caught: on rank 1: NEST cannot set 'isyn_exc'") == n_ranks
    counts = re.findall(r"([\d.]+) spikes per cell", job.stdout)
    assert len(counts) == n_ranks
    assert len(set(counts)) == 1
    assert float(counts[0]) > 10.0


@on_ranks
@pytest.mark.parametrize("n_ranks", [2, 3])
@pytest.mark.parametrize("what", ["no connection", "project", "record"])
def test_one_rank_alone_connects_something(mpi_job, n_ranks, what):
    outputs = [
        mpi_job(n, ONE_RANK_CONNECTS, engine, what, timeout=60)
        for n, engine in ((n_ranks, "nest"), (1, "native"))
    ]
    found, expected = (re.findall(rf"{what}: (\S+) spikes", job.stdout) for job in outputs)
    assert found == n_ranks * expected, outputs[0].stdout
    assert len(expected) == 1
    assert (float(expected[0]) > 0) == (what != "no connection")


@on_ranks
def test_a_delay_that_nest_would_hang_for_is_told(mpi_job):
    job = mpi_job(2, ONE_RANK_CONNECTS, "nest", "longer delay", timeout=60)
    assert job.returncode != 0
    assert "delay = 7 ms: in NEST delays must stay between" in job.stdout


def test_delays_have_room_where_the_user_gives_bounds():
    for bounds, limit in (({}, r"0.1 and 0.1 ms"), ({"min_delay": 0.3, "max_delay": 9.0}, None)):
        on_nest.setup(timestep=0.1, **bounds, **QUIET)
        cells = on_nest.Population(2, on_nest.IF_curr_exp(i_offset=1.0))
        cells.record("spikes")
        on_nest.run(1.0)
        synapse = on_nest.StaticSynapse(weight=10.0, delay=9.0)
        projection = on_nest.Projection(cells, cells, on_nest.AllToAllConnector(), synapse)
        if limit:
            with pytest.raises(EngineError, match=f"delay = 9 ms: in NEST .*, {limit}; setup"):
                on_nest.run(1.0)
            continue
        on_nest.run(99.0)
        projection.set(delay=0.3)
        on_nest.run(1.0)
        assert sum(map(len, trains_of(cells))) > 10


@pytest.mark.parametrize("delay", [0.1, 0.7])
def test_sources_spike_at_0_and_in_the_half_step_after_it(delay):
    def run(sim):
        sim.setup(timestep=0.1, **QUIET)
        cells = sim.Population(3, sim.IF_curr_exp(), initial_values={"v": [-60.0, -64.0, -40.0]})
        times = [sim.Sequence([0.0, 3.0]), sim.Sequence([0.03, 2.0])]
        sources = sim.Population(2, sim.SpikeSourceArray(spike_times=times))
        sim.Projection(
            sources, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.6, delay=delay)
        )
        cells.record(["v", "isyn_exc", "spikes"])
        sources.record("spikes")
        found = []
        for _ in range(2):
            sim.run(3.3)
            sim.run(2.2)
            found += [signal_of(cells, "v"), signal_of(cells, "isyn_exc")[:-1]]
            found += [np.concatenate(trains_of(population)) for population in (cells, sources)]
            sim.reset()
        return found

    for mine, theirs in zip(run(native), run(on_nest), strict=True):
        np.testing.assert_allclose(theirs, mine, atol=1e-9)


def test_what_cannot_be_is_told(monkeypatch):
    on_nest.setup(timestep=0.1, **QUIET)
    on_nest.run(1.0)
    with pytest.raises(EngineError, match="populations cannot be added after run"):
        on_nest.Population(2, on_nest.IF_curr_exp())

    with pytest.raises(SetupError, match="unknown engine 'nset'; did you mean 'nest'"):
        native.setup(engine="nset")
    with pytest.warns(PortabilityWarning, match="threads=2: engine 'native' has one thread"):
        native.setup(threads=2, **QUIET)
    monkeypatch.setattr("distsim.engines.nest.start.find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"pip install 'distsim\[nest\]'"):
        on_nest.setup(timestep=0.1)
