"""Brian 2 as engine, against the native one: the same network, input, spikes and records."""

import sys

import numpy as np
import pytest
from networks import (
    QUIET,
    STRENGTHS,
    assert_same_within_a_step,
    driven_cells,
    in_segments,
    injected,
    own_noise,
    recorded_late,
    signal_of,
    trains_of,
    tutorial,
)

import distsim as native
from distsim.errors import EngineError, PortabilityWarning

brian2 = pytest.importorskip("brian2")
import distsim.brian2 as on_brian2  # noqa: E402

# Brian calls other packages in ways that are to end
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.mark.parametrize(
    ("target", "chosen", "is_told"),
    [("auto", "cython", True), ("auto", "numpy", False), ("numpy", "cython", False)],
)
def test_that_brian_compiles_is_in_the_log(target, chosen, is_told, monkeypatch, caplog):
    monkeypatch.setattr("distsim.engines.brian2.engine.auto_target", lambda: chosen)
    before = brian2.prefs.codegen.target
    brian2.prefs.codegen.target = target
    try:
        with caplog.at_level("INFO"):
            on_brian2.setup(log=False)
    finally:
        brian2.prefs.codegen.target = before
    assert ("Brian 2 compiles what of this network" in caplog.text) is is_told


def test_which_target_brian_chooses_is_known():
    from distsim.engines.brian2.engine import auto_target

    assert auto_target() in ("cython", "numpy")


def test_a_network_is_the_same_and_does_the_same():
    connections, spikes, signals, isyn = tutorial(native)
    found = tutorial(on_brian2)
    assert found[0] == connections
    assert found[1] == spikes
    assert min(sum(map(len, trains)) for trains in spikes) > 100
    for mine, theirs in zip([*signals, isyn], [*found[2], found[3]], strict=True):
        assert mine.shape == (834, 30)
        np.testing.assert_allclose(theirs, mine, atol=1e-9)


# with the shortest delays, a spike at 0 ms, and a second run
TO_THE_STEP = {
    "spike_times": [0.0, 1.0, 1.0, 7.5, 80.0],
    "shortest_delay": 0.1,
    "durations": (80.0, 70.0),
}


@pytest.mark.parametrize(("model", "strength"), STRENGTHS.items())
def test_every_model_does_the_same(model, strength):
    spikes, v = driven_cells(native, model, strength, **TO_THE_STEP)
    found, v_found = driven_cells(on_brian2, model, strength, **TO_THE_STEP)
    assert sum(map(len, spikes)) > 20
    if "cond" in model:
        # two methods of fourth order, so that a spike may come a step earlier or later
        assert_same_within_a_step((found, v_found), (spikes, v))
    else:
        assert found == spikes
        np.testing.assert_allclose(v_found, v, atol=1e-9)


@pytest.mark.parametrize("model", ["IF_curr_exp", "IF_curr_alpha"])
def test_time_constants_may_be_equal(model):
    taus = {"tau_m": 10.0, "tau_syn_E": 10.0, "tau_syn_I": np.linspace(5.0, 12.0, 20)}
    options = {"parameters": taus, **TO_THE_STEP}
    spikes, v = driven_cells(native, model, STRENGTHS[model], **options)
    found, v_found = driven_cells(on_brian2, model, STRENGTHS[model], **options)
    assert found == spikes
    # the local error of Runge-Kutta, (dt / tau)**5 / 120 = 3e-11 of v, over some time constants
    np.testing.assert_allclose(v_found, v, atol=1e-6)


def ring_of_models(sim):
    """Run populations of several models that excite one another, with delays from one step on."""
    sim.setup(timestep=0.1, seed=9, **QUIET)
    first = sim.Population(12, sim.IF_curr_exp(i_offset=1.2, tau_refrac=0.0))
    second = sim.Population(9, sim.IF_curr_delta(tau_refrac=1.0))
    third = sim.Population(5, sim.IF_curr_exp())
    given = sim.Population(3, sim.SpikeSourceArray(spike_times=[0.0, 0.0, 5.0, 5.0, 5.0, 20.0]))
    delay = sim.RandomDistribution("uniform", low=0.1, high=0.6)
    for pre, post, weight in (
        (first, second, 4.0),
        (given, second, 6.0),
        (second, third, 3.0),
        (third, first, 0.5),
    ):
        connector = sim.FixedNumberPreConnector(3, with_replacement=True)
        sim.Projection(pre, post, connector, sim.StaticSynapse(weight=weight, delay=delay))
    populations = (first, second, third)
    for population in populations:
        population.record(["spikes", "v"])
    for duration in (0.0, 0.1, 40.0, 3.7):
        sim.run(duration)
    return [trains_of(p) for p in populations], [signal_of(p, "v") for p in populations]


def test_models_excite_one_another_from_run_to_run():
    (spikes, signals), (found, signals_found) = ring_of_models(native), ring_of_models(on_brian2)
    assert found == spikes
    assert min(sum(map(len, trains)) for trains in spikes) > 0
    for mine, theirs in zip(signals, signals_found, strict=True):
        np.testing.assert_allclose(theirs, mine, atol=1e-9)


def test_currents_parameters_and_state_change_in_the_same_step():
    spikes, v = injected(native)
    found, v_found = injected(on_brian2)
    assert found == spikes
    assert sum(map(len, spikes)) >= 3
    np.testing.assert_allclose(v_found, v, atol=1e-9)


def test_segments_and_changes_of_rates():
    for mine, theirs in zip(in_segments(native), in_segments(on_brian2), strict=True):
        assert theirs[:2] == mine[:2]
        np.testing.assert_allclose(theirs[2], mine[2], atol=1e-9)


def test_recording_may_begin_late_and_with_any_interval():
    (spikes, v), (found, v_found) = recorded_late(native), recorded_late(on_brian2)
    assert found == spikes
    np.testing.assert_allclose(v_found, v, atol=1e-9)


def test_brians_own_sources_have_the_rates_asked_for():
    noise = own_noise(on_brian2)
    trains = trains_of(noise)
    n = sum(map(len, trains))
    # 200 sources for 1 s at 100 Hz: mean 20,000, four standard deviations
    assert abs(n - 20_000) < 4 * np.sqrt(20_000)
    assert min(min(train) for train in trains) > 100.0

    noise.set(rate=5000.0)
    with pytest.raises(EngineError, match="rate = 5000 Hz: Brian's Poisson sources"):
        on_brian2.run(1.0)


def test_what_cannot_be_is_told(monkeypatch):
    on_brian2.setup(timestep=0.1, **QUIET)
    cells = on_brian2.Population(2, on_brian2.IF_curr_exp())
    on_brian2.run(1.0)
    with pytest.raises(EngineError, match="populations cannot be added after run"):
        on_brian2.Population(2, on_brian2.IF_curr_exp())
    cells.set(tau_m=5.0)
    with pytest.raises(EngineError, match="has come near 'tau_m'"):
        on_brian2.run(1.0)
    with pytest.warns(PortabilityWarning, match="threads=2: engine 'brian2'"):
        on_brian2.setup(threads=2, **QUIET)
    monkeypatch.setitem(sys.modules, "brian2", None)
    with pytest.raises(EngineError, match=r"pip install 'distsim\[brian2\]'"):
        on_brian2.setup(timestep=0.1, **QUIET)


def test_several_ranks_are_refused(mpi_job, tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import distsim.brian2 as sim\nsim.setup(timestep=0.1)\n")
    job = mpi_job(2, script)
    assert job.returncode != 0
    assert "there are 2 ranks, but engine 'brian2' has one process" in job.stdout


def pulled(sim, model, weight, dt=0.1, **parameters):
    """Return v of a cell that one spike pulls towards 0 mV, without a threshold on its way."""
    sim.setup(timestep=dt, **QUIET)
    cells = sim.Population(2, getattr(sim, model)(v_thresh=100.0, **parameters))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[2.0]))
    sim.Projection(
        source, cells[:1], sim.AllToAllConnector(), sim.StaticSynapse(weight=weight, delay=1.0)
    )
    cells.record("v")
    sim.run(10.0)
    return signal_of(cells, "v")


@pytest.mark.parametrize("model", ["IF_cond_exp", "IF_cond_alpha", "IF_cond_exp_gsfa_grr"])
def test_conductances_that_steps_cannot_follow_are_refused(model):
    # 1 nF, tau_m 20 ms, steps of 0.1 ms: 2.785 / 0.1 - 1 / 20 = 27.8 uS
    v = pulled(on_brian2, model, 20.0, cm=1.0, tau_m=20.0)
    assert v.min() >= -66.0
    assert -10.0 < v.max() <= 0.0
    for weight in (40.0, 1000.0):
        with pytest.raises(EngineError, match=r"conductance of .* uS at .* ms: .*above 27\.8 uS"):
            pulled(on_brian2, model, weight, cm=1.0, tau_m=20.0)


def test_where_the_method_is_stable_nothing_is_refused():
    mine, theirs = (pulled(sim, "IF_cond_exp", 0.1) for sim in (native, on_brian2))
    np.testing.assert_allclose(theirs, mine, atol=1e-3)


def test_time_constants_that_steps_cannot_follow_are_refused():
    for name in ("tau_m", "tau_syn_E", "tau_syn_I"):
        with pytest.raises(EngineError, match=f"{name} = 0.3 ms of IF_cond_exp: .*below 0.359 ms"):
            pulled(on_brian2, "IF_cond_exp", 0.001, dt=1.0, **{name: 0.3})
