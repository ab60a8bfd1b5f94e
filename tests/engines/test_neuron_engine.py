"""NEURON as engine, against the native one: same network and input, nearly the same spikes."""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import distsim as native
from distsim.errors import EngineError, SetupError
from distsim.pynn.simulator import state

# not by importing it, which would load an MPI of its own before mpi4py has loaded one
if find_spec("neuron") is None:
    pytest.skip("NEURON is not installed", allow_module_level=True)
if not (shutil.which("make") and shutil.which("c++")):
    pytest.skip("NEURON's mechanisms need make and a C++ compiler", allow_module_level=True)
import distsim.neuron as on_neuron

QUIET = {"log": False, "progress": False}
ONLY_CELL = Path(__file__).parent / "only_cell.py"
NETWORK = Path(__file__).parent / "parallel_network.py"


def trains_of(population):
    """Return the spike times of all cells, in their order."""
    return [train.magnitude.tolist() for train in population.get_data().segments[-1].spiketrains]


def signal_of(population, name):
    return population.get_data().segments[-1].filter(name=name)[0].magnitude


def tutorial(sim):
    """Run two populations, the second with noise; return connections, spikes, v, isyn."""
    sim.setup(timestep=0.1, seed=42, **QUIET)
    near = sim.RandomDistribution("normal", mu=-65.0, sigma=1.0)
    cell_type = sim.IF_curr_exp(
        v_rest=near,
        v_reset=near,
        v_thresh=sim.RandomDistribution("normal", mu=-55.0, sigma=1.0),
        tau_refrac=1.0,
        tau_m=10.0,
        i_offset=1.7,
    )
    first, second = sim.Population(30, cell_type), sim.Population(30, cell_type)
    second.set(i_offset=0.0)
    sim.Population(0, cell_type)
    noise = sim.Population(10, sim.SpikeSourcePoisson(rate=300.0))
    delay = sim.RandomDistribution("uniform", low=0.1, high=2.0)
    projections = [
        sim.Projection(
            pre,
            second,
            sim.FixedProbabilityConnector(0.5),
            sim.StaticSynapse(weight=sim.RandomDistribution("uniform", (0.2, 1.0)), delay=delay),
        )
        for pre in (first, noise)
    ]
    first.record(["spikes", "v"])
    second.record(["spikes", "v", "isyn_exc"])
    noise.record("spikes")
    for duration in (20.0, 160.0, 3.3):
        sim.run(duration)
    connections = [p.get(["weight", "delay"], "list") for p in projections]
    spikes = [trains_of(p) for p in (first, second, noise)]
    signals = [signal_of(p, "v") for p in (first, second)]
    return connections, spikes, signals, signal_of(second, "isyn_exc")


def test_a_network_is_the_same_and_does_nearly_the_same():
    connections, spikes, signals, isyn = tutorial(native)
    found = tutorial(on_neuron)
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
    on_neuron.setup(timestep=0.1, seed=7, **QUIET)
    pre, post = (on_neuron.Population(n, on_neuron.IF_cond_exp()) for n in (20, 30))
    projection = on_neuron.Projection(
        pre,
        post,
        on_neuron.FixedNumberPreConnector(7),
        on_neuron.StaticSynapse(
            weight=on_neuron.RandomDistribution("uniform", low=0.01, high=0.05),
            delay=on_neuron.RandomDistribution("uniform", low=0.1, high=3.0),
        ),
        receptor_type="inhibitory",
    )
    on_neuron.run(0.1)
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


STRENGTHS = {"IF_curr_exp": 1.0, "IF_curr_alpha": 4.0, "IF_cond_exp": 0.02, "IF_cond_alpha": 0.1}


def driven_cells(sim, model):
    """Run cells of a model that are excited and inhibited by noise and given spikes."""
    sim.setup(timestep=0.1, seed=3, **QUIET)
    cells = sim.Population(20, getattr(sim, model)(tau_refrac=2.05))
    noise = sim.Population(
        20, sim.SpikeSourcePoisson(rate=sim.RandomDistribution("uniform", (500, 900)))
    )
    given = sim.Population(3, sim.SpikeSourceArray(spike_times=[1.0, 1.0, 7.5, 80.0]))
    strength = STRENGTHS[model]
    inhibition = strength if "cond" in model else -strength
    for pre, connector, weight, receptor in (
        (noise, sim.OneToOneConnector(), strength, "excitatory"),
        (given, sim.AllToAllConnector(), inhibition, "inhibitory"),
        (cells, sim.FixedNumberPreConnector(4), inhibition, "inhibitory"),
    ):
        synapse = sim.StaticSynapse(weight=weight, delay=1.5)
        sim.Projection(pre, cells, connector, synapse, receptor_type=receptor)
    cells.record(["spikes", "v"])
    cells.record("gsyn_inh" if "cond" in model else "isyn_inh")
    sim.run(150.0)
    return trains_of(cells), signal_of(cells, "v")


@pytest.mark.parametrize("model", STRENGTHS)
def test_every_model_does_nearly_the_same(model):
    spikes, v = driven_cells(native, model)
    found, v_found = driven_cells(on_neuron, model)
    n = sum(map(len, spikes))
    assert n > 100
    assert sum(map(len, found)) == pytest.approx(n, rel=0.03)
    n_steps = round(min(min(train) for train in spikes if train) / 0.1)
    # first order: of excursions of some 20 mV, dt / 2 over the shortest time constant
    tolerance = 20 * 0.05 / (0.5 if "alpha" in model else 5.0)
    np.testing.assert_allclose(v_found[:n_steps], v[:n_steps], atol=tolerance)


def in_segments(sim):
    sim.setup(timestep=0.1, seed=8, **QUIET)
    cells = sim.Population(5, sim.IF_curr_exp(), initial_values={"v": -60.0})
    noise = sim.Population(5, sim.SpikeSourcePoisson(rate=1000.0))
    sim.Projection(noise, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=1.0, delay=0.5))
    cells.record(["spikes", "v"])
    noise.record("spikes")
    for _ in range(2):
        sim.run(50.0)
        noise.set(rate=2000.0)
        sim.run(50.0)
        sim.reset()
    sim.run(10.0)
    segments = cells.get_data().segments
    shapes = [segment.analogsignals[0].shape for segment in segments]
    counts = [sum(map(len, segment.spiketrains)) for segment in segments]
    noises = [[t.magnitude.tolist() for t in s.spiketrains] for s in noise.get_data().segments]
    return shapes, counts, noises


def test_segments_and_changes_of_rates():
    (shapes, counts, noises), found = in_segments(native), in_segments(on_neuron)
    assert found[0] == shapes
    assert found[1] == pytest.approx(counts, rel=0.03, abs=1)
    assert found[2] == noises


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


@pytest.mark.parametrize("n_many", [2, 3])
def test_many_ranks_do_what_one_does(mpi_job, tmp_path, n_many):
    results = []
    for n_ranks in (1, n_many):
        path = tmp_path / f"{n_ranks}.npz"
        job = mpi_job(n_ranks, NETWORK, path, "neuron")
        assert job.returncode == 0, job.stdout
        with np.load(path) as file:
            results.append(dict(file))
    alone, together = results
    assert (alone["n_hosts"], together["n_hosts"]) == (1, n_many)
    assert alone["keys"].size > 200
    assert alone["n_few"] > 10
    for name in ("keys", "n_few", "v", "connections"):
        np.testing.assert_array_equal(together[name], alone[name], err_msg=name)


@pytest.mark.parametrize("n_ranks", [2, 4])
def test_a_cell_alone_and_ranks_without_any(mpi_job, n_ranks):
    job = mpi_job(n_ranks, ONLY_CELL, "neuron")
    assert job.returncode == 0, job.stdout


def test_ranks_that_neuron_does_not_see_are_an_error(mpi_job, tmp_path):
    job = mpi_job(
        2, NETWORK, tmp_path / "no.npz", "neuron", "hidden", MPI_LIB_NRN_PATH="/nowhere/libmpi.so"
    )
    assert job.returncode != 0
    assert "there are 2 ranks, but NEURON sees 1" in job.stdout
    assert "let MPI_LIB_NRN_PATH (now '/nowhere/libmpi.so')" in job.stdout
    assert not list(tmp_path.iterdir())


def test_names_are_those_of_the_native_engine():
    for name in native.__all__:
        assert hasattr(on_neuron, name)
    assert on_neuron.__all__ == native.__all__


def test_what_cannot_be_is_told(monkeypatch):
    on_neuron.setup(timestep=0.1, **QUIET)
    with pytest.raises(EngineError, match=r"IF_curr_delta is not available .*'native' or 'nest'"):
        on_neuron.Population(2, on_neuron.IF_curr_delta())
    on_neuron.setup(timestep=0.1, **QUIET)
    cells = on_neuron.Population(2, on_neuron.IF_cond_alpha())
    on_neuron.run(1.0)
    with pytest.raises(EngineError, match=r"populations cannot be added .* after run"):
        on_neuron.Population(2, on_neuron.IF_curr_exp())
    cells.initialize(gsyn_exc=0.1)
    with pytest.raises(EngineError, match="no synaptic variable of IF_cond_alpha"):
        on_neuron.run(1.0)
    on_neuron.setup(timestep=0.1, **QUIET)
    on_neuron.Population(2, on_neuron.IF_curr_exp(tau_refrac=0.0))
    with pytest.raises(EngineError, match="give tau_refrac = dt or more"):
        on_neuron.run(1.0)
    with pytest.raises(EngineError, match="share_input=False is not available with NEURON"):
        on_neuron.setup(timestep=0.1, share_input=False, **QUIET)
    with pytest.raises(SetupError, match="threads = 2: engine 'neuron'"):
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
