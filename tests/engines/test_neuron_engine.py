"""NEURON as engine, against the native one: same network and input, nearly the same spikes."""

import functools
import sys
from pathlib import Path

import numpy as np
import pytest
from networks import (
    QUIET,
    changed_between_runs,
    driven_cells,
    in_segments,
    inhibition,
    signal_of,
    trains_of,
    tutorial,
)
from neuron_marks import HAS_NEURON, needs_coreneuron

import distsim as native
from distsim.engines.neuron import models as neuron_models
from distsim.errors import EngineError, PortabilityWarning, SetupError
from distsim.models import IF_CURR_DELTA
from distsim.pynn.simulator import state

if not HAS_NEURON:
    pytest.skip("needs NEURON, make and a C++ compiler", allow_module_level=True)
import distsim.neuron as on_neuron

NETWORK = Path(__file__).parent / "parallel_network.py"


def test_a_network_is_the_same_and_does_nearly_the_same():
    durations = (20.0, 160.0, 3.3)
    connections, spikes, signals, isyn = tutorial(native, durations=durations)
    found = tutorial(on_neuron, durations=durations)
    assert found[0] == connections
    # the noise, to the step
    assert found[1][2] == spikes[2]
    for mine, theirs in zip(spikes[:2], found[1], strict=False):
        n = sum(map(len, mine))
        assert n > 300
        assert sum(map(len, theirs)) == pytest.approx(n, rel=0.03)
    n_steps = round(min(min(train) for train in spikes[0] + spikes[1] if train) / 0.1)
    assert n_steps > 40
    # first order: each time constant's own error, of excursions of some 10 mV and 5 nA
    for mine, theirs in zip(signals, found[2], strict=True):
        assert theirs.shape == mine.shape == (1834, 30)
        np.testing.assert_allclose(theirs[:n_steps], mine[:n_steps], atol=10 * 0.05 * (0.1 + 0.2))
    assert found[3].shape == isyn.shape
    # NEURON shows a current before what arrives at the very step, which native includes
    is_silent = np.abs(isyn[1:] - isyn[:-1] * np.exp(-0.1 / 5.0)) < 1e-12
    is_silent[n_steps:] = False
    assert is_silent.sum() > 500
    np.testing.assert_allclose(found[3][1:][is_silent], isyn[1:][is_silent], atol=1e-12)


def test_neuron_has_the_connections_that_the_front_end_shows():
    projection = inhibition(on_neuron)
    shown = np.array(projection.get(["weight", "delay"], "list"))
    simulation = state.simulation
    targets = {cell.synapses[1].hname(): gid for gid, cell in simulation._cell_of.items()}
    there = np.array(
        [
            (each.srcgid(), targets[each.syn().hname()] - 20, each.weight[0], each.delay)
            for each in simulation._connections
        ]
    )
    there = there[np.lexsort((there[:, 0], there[:, 1]))]
    np.testing.assert_array_equal(there[:, :2], shown[:, :2])
    # 32 bits, as on the native engine
    np.testing.assert_array_equal(there[:, 2], np.float64(np.float32(shown[:, 2])))
    np.testing.assert_allclose(there[:, 3], np.rint(shown[:, 3] / 0.1) * 0.1, atol=2e-6)


def response(sim, dt):
    """Return v of a cell at multiples of 0.4 ms; it hears three spikes and has an offset."""
    sim.setup(timestep=dt, **QUIET)
    cell = sim.Population(1, sim.IF_curr_exp(i_offset=0.2))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[0.0, 4.0, 12.0]))
    for weight, receptor in ((0.4, "excitatory"), (-0.2, "inhibitory")):
        synapse = sim.StaticSynapse(weight=weight, delay=0.8)
        sim.Projection(source, cell, sim.AllToAllConnector(), synapse, receptor_type=receptor)
    cell.record("v", sampling_interval=0.4)
    sim.run(40.0)
    return signal_of(cell, "v")[:, 0]


def test_the_error_shrinks_with_dt():
    steps = np.array([0.4, 0.2, 0.1, 0.05])
    exact = response(native, 0.1)
    errors = [np.abs(response(on_neuron, float(dt)) - exact).max() for dt in steps]
    order, _ = np.polyfit(np.log(steps), np.log(errors), 1)
    # implicit Euler
    assert order == pytest.approx(1.0, abs=0.1)
    assert errors[-1] < 0.01


def chain(sim, durations):
    """Run cells that spike in the step after an input, and a source; return their spikes."""
    sim.setup(timestep=0.1, **QUIET)
    cells = sim.Population(6, sim.IF_curr_exp(tau_refrac=np.array([0.1, 0.1, 0.25, 1.0, 1.0, 1.0])))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[0.0, 0.3, 1.0, 1.1, 1.2, 1.4]))
    # so much that a step is enough, and so short that nothing is left in the next
    cells.set(tau_syn_E=0.001)
    sim.Projection(
        source,
        cells[:4],
        sim.AllToAllConnector(),
        sim.StaticSynapse(weight=1e6, delay=0.1),
    )
    sim.Projection(
        cells[3:5],
        cells[4:],
        sim.OneToOneConnector(),
        sim.StaticSynapse(weight=1e6, delay=0.1),
    )
    cells.record("spikes")
    for duration in durations:
        sim.run(duration)
    return trains_of(cells)


def test_delays_and_refractory_periods_are_those_of_the_native_engine():
    spikes = chain(native, [5.0])
    assert min(map(len, spikes)) >= 1
    assert chain(on_neuron, [5.0]) == spikes


def test_a_run_in_pieces_records_every_spike_once():
    spikes = chain(native, [5.0])
    assert chain(on_neuron, [0.1] * 50) == spikes
    assert chain(on_neuron, [0.2, 0.2, 0.8, 0.7, 3.1]) == spikes


# strong enough that enough spikes are there to count
STRENGTHS = {
    "IF_curr_exp": 1.0,
    "IF_curr_alpha": 4.0,
    "IF_curr_delta": 3.0,
    "IF_cond_exp": 0.02,
    "IF_cond_alpha": 0.1,
}


@pytest.mark.parametrize(("model", "strength"), STRENGTHS.items())
def test_every_model_does_nearly_the_same(model, strength):
    variables = ["gsyn_inh" if "cond" in model else "isyn_inh"]
    if model == "IF_curr_delta":
        variables = []
    spikes, v = driven_cells(native, model, strength, variables=variables)
    found, v_found = driven_cells(on_neuron, model, strength, variables=variables)
    n = sum(map(len, spikes))
    assert n > 100
    assert sum(map(len, found)) == pytest.approx(n, rel=0.03)
    n_steps = round(min(min(train) for train in spikes if train) / 0.1)
    # first order: of excursions of some 20 mV, dt / 2 over the shortest time constant
    tau = {"alpha": 0.5, "exp": 5.0, "delta": 20.0}[model.split("_")[-1]]
    tolerance = 20 * 0.05 / tau
    if tau == 20.0:
        # a jump decays in its step already, for another dt
        tolerance *= 3
    np.testing.assert_allclose(v_found[:n_steps], v[:n_steps], atol=tolerance)


def jumping_cells(sim):
    """Let potentials jump, in refractory periods too; return spikes and v."""
    sim.setup(timestep=0.1, **QUIET)
    cells = sim.Population(4, sim.IF_curr_delta(tau_refrac=np.array([0.1, 0.35, 1.0, 2.0])))
    cells[3:].initialize(v=-58.0)
    arrivals = [1.0, 1.1, 1.4, 1.5, 2.0, 2.1, 3.0, 3.1, 3.2, 5.0, 5.5, 6.0]
    up = sim.Population(1, sim.SpikeSourceArray(spike_times=arrivals))
    down = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.5, 1.5, 2.1, 6.0]))
    for pre, post, weight, delay, receptor in (
        # a step, which no jump can come before
        (up, cells, 40.0, 0.1, "excitatory"),
        (down, cells, -30.0, 0.1, "inhibitory"),
        (cells[:1], cells[1:], 20.0, 0.2, "excitatory"),
    ):
        synapse = sim.StaticSynapse(weight=weight, delay=delay)
        sim.Projection(pre, post, sim.AllToAllConnector(), synapse, receptor_type=receptor)
    cells.record(["spikes", "v"])
    for duration in (1.2, 0.3, 6.5):
        sim.run(duration)
    return trains_of(cells), signal_of(cells, "v")


def test_jumps_are_added_and_those_of_refractory_cells_lost():
    (spikes, v), (found, v_found) = jumping_cells(native), jumping_cells(on_neuron)
    assert [len(train) for train in spikes] == [7, 5, 4, 3]
    assert found == spikes
    # at its spike NEURON shows a cell above threshold
    has_spiked = np.zeros(v.shape, bool)
    for column, train in enumerate(spikes):
        has_spiked[np.rint(np.array(train) / 0.1).astype(int), column] = True
    assert (v_found[has_spiked] > -50.0).all()
    # a jump decays in its step already, of some 40 mV
    np.testing.assert_allclose(v_found[~has_spiked], v[~has_spiked], atol=40 * 0.1 / 20.0)


def test_segments_and_changes_of_rates():
    for mine, theirs in zip(in_segments(native), in_segments(on_neuron), strict=True):
        n = sum(map(len, mine[0]))
        assert sum(map(len, theirs[0])) == pytest.approx(n, rel=0.03, abs=1)
        assert theirs[1] == mine[1]
        assert theirs[2].shape == mine[2].shape


def quiet_cells(sim):
    """Change cells that never spike in many ways between runs; return v."""
    sim.setup(timestep=0.1, **QUIET)
    cells = sim.Population(4, sim.IF_curr_exp(v_thresh=0.0, i_offset=np.linspace(0.1, 0.4, 4)))
    cells.initialize(v=-70.0, isyn_exc=0.5)
    current = sim.DCSource(amplitude=0.3, start=3.0, stop=12.0)
    current.inject_into(cells[1:3])
    sim.run(7.0)
    cells[:2].record("v", sampling_interval=0.7)
    sim.run(9.9)
    cells[2:].record("v")
    cells.set(v_rest=-60.0, tau_m=15.0)
    sim.run(5.0)
    cells[:1].initialize(v=-50.0)
    sim.run(15.0)
    return signal_of(cells, "v")


def test_currents_parameters_state_and_late_records():
    v, found = quiet_cells(native), quiet_cells(on_neuron)
    assert found.shape == v.shape
    np.testing.assert_array_equal(np.isnan(found), np.isnan(v))
    # first order, of excursions of 10 mV
    np.testing.assert_allclose(found, v, atol=10 * 0.05 * (1 / 15 + 1 / 5))


def own_noise(seed, duration=1100.0, **parameters):
    """Return 200 sources of NEURON's own after a run; a cell hears them."""
    on_neuron.setup(timestep=0.1, seed=seed, share_input=False, **QUIET)
    noise = on_neuron.Population(200, on_neuron.SpikeSourcePoisson(**parameters))
    cell = on_neuron.Population(1, on_neuron.IF_curr_delta(v_thresh=1e9, tau_m=1e12))
    synapse = on_neuron.StaticSynapse(weight=1.0, delay=0.3)
    on_neuron.Projection(noise, cell, on_neuron.AllToAllConnector(), synapse)
    noise.record("spikes")
    cell.record("v")
    on_neuron.run(duration)
    return noise, cell


def test_neurons_own_sources_are_poisson():
    noise, cell = own_noise(5, rate=100.0, start=100.0)
    trains = trains_of(noise)
    counts = np.array([len(train) for train in trains])
    # 200 sources for 1 s at 100 Hz; four standard deviations of sum, variance and CV
    assert abs(counts.sum() - 20_000) < 4 * np.sqrt(20_000)
    assert abs(counts.var(ddof=1) - 100.0) < 4 * 100.0 * np.sqrt(2 / 199)
    intervals = np.concatenate([np.diff(train) for train in trains])
    assert abs(intervals.std() / intervals.mean() - 1.0) < 4 / np.sqrt(intervals.size)
    assert min(train[0] for train in trains) > 100.0
    # all different, and different with another seed
    assert len({tuple(train) for train in trains}) == 200
    assert trains_of(own_noise(6, rate=100.0, start=100.0)[0]) != trains
    # every spike is heard, after the delay
    steps = np.rint(np.sort(np.concatenate(trains)) / 0.1)
    noise, cell = own_noise(5, rate=100.0, start=100.0)
    heard = np.searchsorted(steps, np.arange(11001) - 3, side="right")
    np.testing.assert_allclose(signal_of(cell, "v")[:, 0], -65.0 + heard, atol=1e-3)


def test_neurons_own_sources_change_between_runs():
    noise, _ = own_noise(5, 50.0, rate=0.0)
    noise.set(rate=500.0)
    on_neuron.run(100.0)
    noise.set(rate=1000.0)
    on_neuron.run(100.0)
    noise[:100].set(start=300.0, duration=25.0)
    on_neuron.run(100.0)
    noise.set(rate=0.0)
    on_neuron.run(50.0)
    first, second = (np.concatenate(trains_of(part)) for part in (noise[:100], noise[100:]))
    edges = [0.0, 50.05, 150.05, 250.05, 300.05, 325.05, 350.05, 400.05]
    for times, rates in (
        (first, [0, 500, 1000, 0, 1000, 0, 0]),
        (second, [0, 500, 1000, 1000, 1000, 1000, 0]),
    ):
        counts, _ = np.histogram(times, edges)
        expected = 100 * np.array(rates) * np.diff(edges) / 1000.0
        assert (np.abs(counts - expected) <= 4 * np.sqrt(expected)).all()


def test_neurons_own_sources_are_others_in_another_segment():
    noise, _ = own_noise(5, 50.0, rate=300.0)
    on_neuron.reset()
    on_neuron.run(50.0)
    first, second = (
        [train.magnitude.tolist() for train in segment.spiketrains]
        for segment in noise.get_data().segments
    )
    assert all(mine != theirs for mine, theirs in zip(first, second, strict=True))
    assert trains_of(own_noise(5, 50.0, rate=300.0)[0]) == first


@needs_coreneuron
def test_delays_that_coreneuron_cannot_exchange_are_an_error(neuron_job, tmp_path):
    job = neuron_job(2, NETWORK, tmp_path / "no.npz", "neuron", "coreneuron")
    assert job.returncode != 0
    assert "arrive 0.1 ms after it was sent; on several ranks CoreNEURON" in job.stdout


def test_ranks_that_neuron_does_not_see_are_an_error(neuron_job, tmp_path):
    job = neuron_job(
        2, NETWORK, tmp_path / "no.npz", "neuron", "hidden", MPI_LIB_NRN_PATH="/nowhere/libmpi.so"
    )
    assert job.returncode != 0
    assert "there are 2 ranks, but NEURON sees 1" in job.stdout
    assert "let MPI_LIB_NRN_PATH (now '/nowhere/libmpi.so')" in job.stdout
    assert not list(tmp_path.iterdir())


class OnCoreNeuron:
    """`distsim.neuron`, whose steps CoreNEURON makes."""

    def __getattr__(self, name):
        return getattr(on_neuron, name)

    @staticmethod
    def setup(**options):
        return on_neuron.setup(coreneuron=True, **options)


def assert_same(found, expected):
    """Check that two results are the same; numbers in arrays to rounding."""
    if isinstance(expected, np.ndarray):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    elif isinstance(expected, tuple) or (expected and isinstance(expected[0], tuple)):
        for mine, theirs in zip(found, expected, strict=True):
            assert_same(mine, theirs)
    else:
        assert found == expected


@needs_coreneuron
@pytest.mark.parametrize(
    "run",
    [
        *(
            functools.partial(driven_cells, model=model, strength=strength)
            for model, strength in STRENGTHS.items()
        ),
        jumping_cells,
        in_segments,
        quiet_cells,
        functools.partial(chain, durations=[0.1] * 50),
        functools.partial(chain, durations=[0.2, 0.2, 0.8, 0.7, 3.1]),
    ],
)
def test_coreneuron_does_what_neuron_does(run):
    assert_same(run(OnCoreNeuron()), run(on_neuron))


@needs_coreneuron
def test_coreneuron_takes_what_changes_between_runs():
    found, expected = (changed_between_runs(sim) for sim in (OnCoreNeuron(), on_neuron))
    assert_same(found, expected)


@needs_coreneuron
def test_coreneuron_counts_long_times_to_the_step():
    def run(sim):
        sim.setup(timestep=0.01, **QUIET)
        cells = sim.Population(1, sim.IF_curr_exp(i_offset=1.2))
        cells.record("spikes")
        # seven digits
        for duration in (1234.56, 0.01, 0.33, 20.0):
            sim.run(duration)
        cells.record("v")
        sim.run(0.02)
        return trains_of(cells), signal_of(cells, "v")

    assert_same(run(OnCoreNeuron()), run(on_neuron))


def test_what_cannot_be_is_told(monkeypatch):
    on_neuron.setup(timestep=0.1, **QUIET)
    with monkeypatch.context() as patch:
        patch.delitem(neuron_models.MODELS, IF_CURR_DELTA)
        with pytest.raises(EngineError, match=r"IF_curr_delta is not available on engine 'neuron'"):
            on_neuron.Population(2, on_neuron.IF_curr_delta())
    on_neuron.setup(timestep=0.1, **QUIET)
    cells = on_neuron.Population(2, on_neuron.IF_cond_alpha())
    on_neuron.run(1.0)
    with pytest.raises(EngineError, match="populations cannot be added after run"):
        on_neuron.Population(2, on_neuron.IF_curr_exp())
    cells.initialize(gsyn_exc=0.1)
    with pytest.raises(EngineError, match="no synaptic variable of IF_cond_alpha"):
        on_neuron.run(1.0)
    on_neuron.setup(timestep=0.1, **QUIET)
    on_neuron.Population(2, on_neuron.IF_curr_exp(tau_refrac=0.0))
    with pytest.raises(EngineError, match="give tau_refrac = dt or more"):
        on_neuron.run(1.0)
    with pytest.raises(SetupError, match="coreneuron=True: engine 'native' has no CoreNEURON"):
        native.setup(coreneuron=True)
    import neuron as simulator

    with monkeypatch.context() as patch:
        patch.setitem(simulator.config.arguments, "NRN_ENABLE_CORENEURON", False)
        with pytest.raises(EngineError, match="was built without CoreNEURON; leave the option"):
            on_neuron.setup(coreneuron=True)
    with pytest.warns(PortabilityWarning, match="threads=2: engine 'neuron'"):
        on_neuron.setup(threads=2)
    monkeypatch.setitem(sys.modules, "neuron", None)
    with pytest.raises(EngineError, match=r"pip install 'distsim\[neuron\]'"):
        on_neuron.setup(timestep=0.1)


def test_spikes_that_a_synapse_cannot_hold_are_an_error():
    on_neuron.setup(timestep=0.1, **QUIET)
    cells = on_neuron.Population(1, on_neuron.IF_curr_alpha(tau_syn_E=5.0))
    noise = on_neuron.Population(1, on_neuron.SpikeSourcePoisson(rate=20000.0))
    synapse = on_neuron.StaticSynapse(weight=1e-6, delay=1.0)
    on_neuron.Projection(noise, cells, on_neuron.AllToAllConnector(), synapse)
    with pytest.raises(EngineError, match="holds at most 999 spikes"):
        on_neuron.run(200.0)
