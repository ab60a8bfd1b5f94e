"""The tutorial network on distsim and on PyNN's NEST back end, cell by cell.

Both are given the same parameters and the same list of connections. A weight of 0.5 nA is exact in
32 bits, so that nothing but rounding differs.
"""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

pytest.importorskip("nest")

NETWORK = """
import sys
import numpy as np

def simulate(sim, parameters, connections, **options):
    sim.setup(timestep=0.1, min_delay=0.1, max_delay=10.0, **options)
    fixed = dict(tau_refrac=1.0, tau_m=10.0, cm=1.0)
    first, second = [
        sim.Population(100, sim.IF_curr_exp(i_offset=bias, **fixed, **values))
        for bias, values in zip((1.5, 0.0), parameters)
    ]
    sim.Projection(first, second, sim.FromListConnector(connections), receptor_type="excitatory")
    results = []
    for population in (first, second):
        population.initialize(v=-65.0)
        population.record(["v", "spikes"])
    sim.run(100.0)
    for population in (first, second):
        segment = population.get_data().segments[0]
        trains = sorted(segment.spiketrains, key=lambda train: train.annotations["source_index"])
        results.append((trains, np.asarray(segment.filter(name="v")[0].magnitude)))
    return results

def save(path, results):
    arrays = {}
    for k, (trains, v) in enumerate(results):
        arrays[f"counts{k}"] = [len(train) for train in trains]
        arrays[f"times{k}"] = np.concatenate([np.asarray(train.magnitude) for train in trains])
        arrays[f"v{k}"] = v
    np.savez(path, **arrays)

given = np.load(sys.argv[1])
parameters = [
    {name: given[f"{name}{k}"] for name in ("v_rest", "v_thresh", "v_reset")} for k in range(2)
]
connections = [(int(i), int(j), w, d) for i, j, w, d in given["connections"]]
"""
ON_DISTSIM = "import distsim as sim\nsave(sys.argv[2], simulate(sim, parameters, connections))"
ON_NEST = """
import pyNN.nest as sim
save(sys.argv[2], simulate(sim, parameters, connections, spike_precision="on_grid"))
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return what each simulator gives for the same network."""
    folder = tmp_path_factory.mktemp("tutorial")
    rng = np.random.default_rng(3)
    pairs = np.argwhere(rng.random((100, 100)) < 0.5)
    values = np.tile([0.5, 0.5], (len(pairs), 1))
    given = {"connections": np.hstack([pairs, values])}
    for k in range(2):
        for name, mean in (("v_rest", -65.0), ("v_thresh", -55.0), ("v_reset", -65.0)):
            given[f"{name}{k}"] = rng.normal(mean, 1.0, 100)
    np.savez(folder / "given.npz", **given)
    return [
        run(folder, name, script) for name, script in (("distsim", ON_DISTSIM), ("nest", ON_NEST))
    ]


def run(folder: Path, name: str, script: str):
    """Return the arrays that a simulator saves."""
    program = folder / f"on_{name}.py"
    program.write_text(dedent(NETWORK) + script)
    path = folder / f"{name}.npz"
    command = [sys.executable, program, folder / "given.npz", path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return np.load(path)


@pytest.mark.parametrize("population", [0, 1])
def test_every_cell_spikes_as_often(results, population):
    ours, theirs = (result[f"counts{population}"] for result in results)
    assert ours.sum() > 500
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("population", [0, 1])
def test_spike_times_are_equal_to_within_a_step(results, population):
    ours, theirs = (result[f"times{population}"] for result in results)
    assert np.abs(ours - theirs).max() <= 0.1 + 1e-9


@pytest.mark.parametrize("population", [0, 1])
def test_voltages_before_the_first_spike_are_equal(results, population):
    ours, theirs = results
    first = min(result[f"times{k}"].min() for result in results for k in range(2))
    n_samples = int(first / 0.1)
    v_ours, v_theirs = (result[f"v{population}"][:n_samples] for result in (ours, theirs))
    assert n_samples > 10
    assert np.abs(v_ours - v_theirs).max() < 1e-5
