"""SpiNNaker as engine: messages where it cannot run, and what sPyNNaker is handed.

There is no machine: sPyNNaker lays networks out on its virtual board, which computes nothing.
"""

import atexit
import importlib
import json
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

import distsim as native
import distsim.spinnaker as on_spinnaker
from distsim.errors import EngineError
from distsim.pynn.simulator import state

QUIET = {"log": False, "progress": False}
VIRTUAL = "[Machine]\nvirtual_board = True\nversion = 5\n"
SCRIPT = """
import distsim.spinnaker as sim
sim.setup(timestep=1.0, log=False, progress=False)
cells = sim.Population(3, sim.IF_curr_exp(i_offset=1.0))
cells.record("spikes")
sim.run(10.0)
print("spikes", cells.get_data().segments[0].spiketrains)
"""

needs_spynnaker = pytest.mark.skipif(find_spec("spynnaker") is None, reason="no sPyNNaker")


# runs the script in each of some folders, which is home there; sPyNNaker is loaded once for all
DRIVER = """
import json, os, runpy, sys
import distsim.spinnaker
import spynnaker.pyNN

def become_script(folder):
    os.environ["HOME"] = folder
    os.chdir(folder)
    output = os.open("output", os.O_WRONLY | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = ["script.py"]

for folder in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        become_script(folder)
        runpy.run_path("script.py", run_name="__main__")
        break
    print(json.dumps([folder, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])]), flush=True)
"""
# of sPyNNaker, by what it lacks
CONFIGURATIONS = {
    "everything": None,
    "a machine": "[Machine]\nversion = 5\n",
    # nothing listens there
    "an answer": "[Machine]\nmachine_name = 127.0.0.2\nversion = 5\n",
    "cores": VIRTUAL,
}


def run_python(folder, *words):
    """Run Python where sPyNNaker is configured by nothing but files in a folder."""
    return subprocess.run(
        [sys.executable, "-P", *words],
        cwd=folder,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def jobs(tmp_path_factory):
    """Return status and output of the script, by what sPyNNaker lacks."""
    home = tmp_path_factory.mktemp("home")
    folders = {lacking: home / str(k) for k, lacking in enumerate(CONFIGURATIONS)}
    for lacking, folder in folders.items():
        folder.mkdir()
        (folder / "script.py").write_text(SCRIPT)
        if CONFIGURATIONS[lacking] is not None:
            (folder / ".spynnaker.cfg").write_text(CONFIGURATIONS[lacking])
    told = run_python(home, "-c", DRIVER, *map(str, folders.values())).stdout
    lines = [line for line in told.splitlines() if line.startswith("[")]
    assert len(lines) == len(folders), told
    statuses = dict(map(json.loads, lines))
    return {
        lacking: (statuses[str(folder)], (folder / "output").read_text())
        for lacking, folder in folders.items()
    }


def test_without_spynnaker_it_is_told_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "spynnaker", None)
    with pytest.raises(EngineError, match=r"pip install 'distsim\[spinnaker\]'"):
        on_spinnaker.setup(timestep=1.0, **QUIET)


def test_without_spynnaker_a_script_fails(tmp_path):
    job = run_python(tmp_path, "-c", "import sys\nsys.modules['spynnaker'] = None\n" + SCRIPT)
    assert job.returncode != 0
    assert "EngineError: engine 'spinnaker' needs sPyNNaker" in job.stdout


def test_several_ranks_are_refused(mpi_job, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    job = mpi_job(2, script)
    assert job.returncode != 0
    assert "there are 2 ranks, but engine 'spinnaker' has one process" in job.stdout
    assert "spikes" not in job.stdout


def test_names_are_those_of_the_native_engine():
    assert on_spinnaker.__all__ == native.__all__
    for name in native.__all__:
        assert hasattr(on_spinnaker, name)


@needs_spynnaker
@pytest.mark.parametrize(
    ("lacking", "message"),
    [
        ("everything", "sPyNNaker cannot begin (NoConfigFoundException: "),
        ("a machine", "sPyNNaker knows of no SpiNNaker machine; "),
    ],
)
def test_without_a_machine_it_is_told_where_to_name_one(jobs, lacking, message):
    status, output = jobs[lacking]
    assert status == 1
    assert f"EngineError: {message}" in output
    assert "write into ~/.spynnaker.cfg, section [Machine], 'machine_name'" in output
    assert "spikes" not in output


@needs_spynnaker
def test_a_machine_that_does_not_answer_ends_the_script(jobs):
    status, output = jobs["an answer"]
    assert status == 1
    assert "EngineError: sPyNNaker cannot run the network (SpinnmanIOException: " in output
    assert "spikes" not in output


@needs_spynnaker
def test_a_virtual_board_gives_no_results(jobs):
    status, output = jobs["cores"]
    assert status == 1
    assert "EngineError: the network was laid out on a virtual board" in output
    assert "spikes" not in output


@pytest.fixture
def virtual_board(tmp_path, monkeypatch):
    """Let sPyNNaker use its virtual board, and write its reports to a temporary folder."""
    pytest.importorskip("spynnaker.pyNN")
    log = importlib.import_module("spinn_utilities.log")
    (tmp_path / ".spynnaker.cfg").write_text(VIRTUAL)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    yield
    # at the end of the process it would tell of warnings, far from the test
    atexit.unregister(log.FormatAdapter.atexit_handler)
    if state._simulation is not None:
        state._simulation.close()
        state._simulation = None
        state._clear()


def network(sim, **options):
    """Describe cells, sources and connections of all kinds."""
    sim.setup(timestep=0.1, seed=42, **QUIET, **options)
    near = sim.RandomDistribution("normal", mu=-65.0, sigma=1.0)
    populations = [
        sim.Population(
            30, sim.IF_curr_exp(v_rest=near, tau_refrac=2.0), initial_values={"v": near}
        ),
        sim.Population(20, sim.IF_cond_exp()),
        sim.Population(5, sim.IF_curr_alpha()),
        sim.Population(6, sim.IF_curr_delta()),
        sim.Population(10, sim.SpikeSourcePoisson(rate=300.0)),
        sim.Population(3, sim.SpikeSourceArray(spike_times=[0.0, 1.0, 1.0, 7.0, 40.0])),
    ]
    excited, conducting, alpha, delta, noise, given = populations
    delay = sim.RandomDistribution("uniform", low=0.1, high=9.0)
    projections = [
        sim.Projection(
            pre,
            post,
            sim.FixedProbabilityConnector(0.4),
            sim.StaticSynapse(weight=sim.RandomDistribution("uniform", weights), delay=delay),
            receptor_type=receptor,
        )
        for pre, post, weights, receptor in (
            (excited, excited, (0.1, 0.2), "excitatory"),
            (excited, conducting, (0.01, 0.02), "inhibitory"),
            (noise, excited, (0.4, 0.5), "excitatory"),
            (given, alpha, (-0.4, -0.3), "inhibitory"),
            (alpha, delta, (1.0, 2.0), "excitatory"),
        )
    ]
    excited.record(["spikes", "v"])
    return populations, projections


def sorted_table(connections):
    """Return the connections as an array of source, target, weight, delay."""
    return np.array(sorted(map(tuple, connections)), np.float64)


def handed_over():
    """Return sPyNNaker's projections by the sizes of their populations."""
    from spynnaker.pyNN.data import SpynnakerDataView

    return {(p.pre.size, p.post.size): p for p in SpynnakerDataView.iterate_projections()}


def test_spynnaker_is_handed_the_connections_of_the_native_engine(virtual_board):
    _, projections = network(native)
    tables = [sorted_table(p.get(["weight", "delay"], "list")) for p in projections]
    network(on_spinnaker)
    state.build()
    found = handed_over()
    sizes = [(30, 30), (30, 20), (10, 30), (3, 5), (5, 6)]
    assert sorted(found) == sorted(sizes)
    for pair, table in zip(sizes, tables, strict=True):
        handed = sorted_table(found[pair]._synapse_information.connector.conn_list)
        assert handed.shape == table.shape
        np.testing.assert_array_equal(handed[:, :2], table[:, :2])
        np.testing.assert_array_equal(handed[:, 2], table[:, 2].astype(np.float32))
        np.testing.assert_allclose(handed[:, 3], table[:, 3], atol=1e-9)
    receptors = [found[pair]._synapse_information.receptor_type for pair in sizes]
    assert receptors == ["excitatory", "inhibitory", "excitatory", "inhibitory", "excitatory"]


def test_spynnaker_is_handed_parameters_and_initial_values(virtual_board):
    (excited, *_), _ = network(native)
    v_rest = excited.get("v_rest")
    excited.record("v")
    native.run(0.1)
    v = excited.get_data().segments[0].analogsignals[0].magnitude[0]
    network(on_spinnaker)
    state.build()
    found = handed_over()[30, 30].pre
    assert np.unique(v_rest).size == 30
    np.testing.assert_array_equal(np.ravel(found.get("v_rest")), v_rest)
    np.testing.assert_array_equal(np.ravel(found.get("tau_refrac")), 2.0)
    np.testing.assert_array_equal(np.ravel(found.initial_values["v"]), v)


@pytest.mark.parametrize("share_input", [True, False])
def test_spynnaker_is_handed_the_spikes_of_sources(virtual_board, share_input):
    (_, _, _, _, noise, _), _ = network(native)
    noise.record("spikes")
    native.run(20.0)
    trains = [t.magnitude for t in noise.get_data().segments[0].spiketrains]
    network(on_spinnaker, share_input=share_input)
    with pytest.raises(EngineError, match="laid out on a virtual board"):
        on_spinnaker.run(20.0)
    found = handed_over()
    given = found[3, 5].pre._vertex.send_buffer_times
    assert [list(train) for train in given] == [[0, 10, 10, 70]] * 3
    source = found[10, 30].pre._vertex
    if share_input:
        assert sum(train.size for train in trains) > 20
        for steps, times in zip(source.send_buffer_times, trains, strict=True):
            np.testing.assert_allclose(steps * 0.1, times)
    else:
        assert not hasattr(source, "send_buffer_times")
        assert set(np.ravel(source.get_parameter_values("rate"))) == {300.0}


def test_what_the_machine_makes_is_taken_with_the_run_that_makes_it(virtual_board, monkeypatch):
    """The virtual board runs; what a machine would give back, by sPyNNaker's format, is made up."""
    sim = on_spinnaker
    sim.setup(timestep=1.0, **QUIET)
    cells = sim.Population(2, sim.IF_curr_exp(), initial_values={"v": -60.0})
    given = sim.Population(1, sim.SpikeSourceArray(spike_times=[0.0, 10.0, 12.0]))
    sim.Projection(given, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0, delay=1.0))
    cells.record(["spikes", "v"])
    cells[1:].record("v", sampling_interval=1.0)
    state.build()
    engine = state.simulation
    engine._is_virtual = False

    def give_back(population, variable, as_matrix=False):
        n_made = round(engine.sim.get_current_time())
        if variable == "v":
            return 10.0 * np.arange(n_made)[:, None] + np.arange(2)
        return np.array([[0, 3], [1, 3], [1, 9], [0, 10]])[: 4 if n_made > 10 else 3] * 1.0

    monkeypatch.setattr(type(handed_over()[1, 2].post), "spinnaker_get_data", give_back)

    def recorded():
        segment = cells.get_data().segments[0]
        return [list(t.magnitude) for t in segment.spiketrains], segment.analogsignals[0].magnitude

    expected = 10.0 * np.arange(16)[:, None] + np.arange(2)
    expected[0] = -60.0
    sim.run(10.0)
    spikes, v = recorded()
    assert spikes == [[3.0], [3.0, 9.0]]
    np.testing.assert_array_equal(v[:10], expected[:10])
    assert v.shape == (11, 2)
    assert np.isnan(v[10]).all()
    source = handed_over()[1, 2].pre._vertex
    assert list(source.send_buffer_times[0]) == [0, 10]
    sim.run(5.0)
    spikes, v = recorded()
    assert spikes == [[3.0, 10.0], [3.0, 9.0]]
    np.testing.assert_array_equal(v[:15], expected[:15])
    assert list(source.send_buffer_times[0]) == [10, 12]

    cells.set(tau_m=10.0)
    with pytest.raises(EngineError, match=r"parameters cannot be changed after run\(\)"):
        sim.run(1.0)
    sim.Projection(given, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0, delay=1.0))
    with pytest.raises(EngineError, match=r"connections, weights or delays cannot be changed"):
        sim.run(1.0)


def test_what_cannot_be_is_told(virtual_board):
    sim = on_spinnaker
    sim.setup(timestep=1.0, **QUIET)
    cells = sim.Population(2, sim.IF_curr_exp())
    with pytest.raises(EngineError, match="current sources are not available"):
        sim.DCSource(amplitude=0.5).inject_into(cells)
    synapse = sim.StaticSynapse(weight=0.5, delay=1.0)
    unchecked = sim.AllToAllConnector(safe=False)
    sim.Projection(cells, cells, unchecked, synapse, receptor_type="inhibitory")
    with pytest.raises(EngineError, match=r"'inhibitory' on IF_curr_exp must not be above 0"):
        sim.run(1.0)

    sim.setup(timestep=1.0, **QUIET)
    with pytest.raises(EngineError, match="IF_cond_alpha is not available on engine 'spinnaker'"):
        sim.Population(2, sim.IF_cond_alpha())
    cells = sim.Population(2, sim.IF_curr_exp())
    cells.initialize(isyn_exc=0.1)
    with pytest.raises(EngineError, match="'isyn_exc' of IF_curr_exp cannot be set"):
        sim.run(1.0)

    sim.setup(timestep=1.0, **QUIET)
    sim.Population(2, sim.IF_curr_exp()).record("isyn_exc")
    with pytest.raises(EngineError, match="'isyn_exc' cannot be recorded"):
        sim.run(1.0)

    sim.setup(timestep=1.0, share_input=False, **QUIET)
    noise = sim.Population(2, sim.SpikeSourcePoisson(rate=10.0))
    state.build()
    noise.set(rate=20.0)
    with pytest.raises(EngineError, match="rates cannot be changed"):
        sim.run(1.0)

    with pytest.raises(EngineError, match="SpiNNaker counts whole microseconds"):
        sim.setup(timestep=0.0125, **QUIET)


def test_a_network_can_be_laid_out_again_after_reset(virtual_board):
    populations, _ = network(on_spinnaker)
    for _ in range(2):
        with pytest.raises(EngineError, match="laid out on a virtual board"):
            on_spinnaker.run(20.0)
        on_spinnaker.reset()
        populations[0].set(tau_m=15.0)
