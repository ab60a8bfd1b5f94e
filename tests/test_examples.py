"""The examples run as a newcomer runs them."""

import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(folder, n_ranks, *arguments):
    """Run the tutorial network; return what it printed."""
    command = [sys.executable, "-P", "-m", "distsim", "run", "-n", str(n_ranks)]
    command += [str(EXAMPLES / "simple_network.py"), *arguments]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def datasets(path):
    """Return the bytes of all datasets of a file, but for what each rank has done."""
    found = {}

    def take(name, item):
        if isinstance(item, h5py.Dataset) and not name.startswith("provenance/"):
            found[name] = item.dtype.str, item.shape, item[()].tobytes()

    with h5py.File(path) as file:
        file.visititems(take)
    return found


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return folder and output of the tutorial network on 1, 2 and 4 ranks."""
    folders = {n_ranks: tmp_path_factory.mktemp(f"ranks{n_ranks}") for n_ranks in (1, 2, 4)}
    return {n_ranks: (folder, run(folder, n_ranks)) for n_ranks, folder in folders.items()}


def test_the_tutorial_writes_the_same_file_on_any_number_of_ranks(results):
    files = [datasets(f / "results" / "simple_network.h5") for f, _ in results.values()]
    assert len(files[0]) > 10
    assert files[1] == files[0]
    assert files[2] == files[0]


@pytest.mark.parametrize("n_ranks", [1, 2, 4])
def test_only_rank_0_draws_and_prints(results, n_ranks):
    folder, done = results[n_ranks]
    assert done.stdout.count("spikes per cell") == 2
    assert done.stderr.count("real-time factor") == 1
    names = sorted(path.name for path in (folder / "results").iterdir())
    assert names == ["simple_network.h5", "simple_network.png"]
    picture = (folder / "results" / "simple_network.png").read_bytes()
    assert picture.startswith(b"\x89PNG")


def test_population_1_fires_and_population_2_answers_without_saturating(results):
    with h5py.File(results[2][0] / "results" / "simple_network.h5") as file:
        first, second = (
            np.bincount(file[f"spikes/Population {k}/node_ids"][()].astype(int), minlength=100)
            for k in (1, 2)
        )
    assert (first > 0).all()
    # in 100 ms
    assert 0.5 < second.mean() < 6.0
    assert second.max() < first.max() * 2
    # what is drawn shows some spikes of each cell
    assert (second[:5] > 0).all()


# what each picture shows, of a script that is run with each of some options
PICTURES = """
import json, runpy, sys
from pyNN.utility import plotting

kept = []
plotting.Figure.save = lambda figure, name: kept.append((figure.fig, name))
script, *steps = sys.argv[1:]
for step in steps:
    sys.argv = [script, "--step", step]
    runpy.run_path(script, run_name="__main__")
    ((figure, name),) = kept
    kept.clear()
    panels = []
    for axes in figure.axes:
        lines = axes.get_lines()
        dotted = [line for line in lines if line.get_marker() == "."]
        spikes = [{float(y) for y in line.get_ydata()} for line in dotted]
        cells = sorted(set().union(*spikes))
        panels.append([axes.get_ylabel(), cells, len(lines), axes.get_xlim()])
    heading = [*(text.get_text() for text in figure.texts), name]
    print("shown:", json.dumps([step, heading, panels]))
    plotting.plt.close("all")
"""
STEPS = {
    "one_cell": ("Response of one cell", 1, 1),
    "five_alike": ("Response of five cells that are alike", 5, 1),
    "five_different": ("Response of five cells that differ", 5, 1),
    "network": ("Response of simple network", 5, 2),
}


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Return heading and panels of the picture of each step of the tutorial."""
    command = [sys.executable, "-P", "-c", PICTURES, EXAMPLES / "simple_network.py", *STEPS]
    folder = tmp_path_factory.mktemp("pictures")
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("shown: ")]
    found = [json.loads(line.removeprefix("shown: ")) for line in lines]
    return {step: (heading, panels) for step, heading, panels in found}


@pytest.mark.parametrize("step", STEPS)
def test_a_picture_shows_v_of_five_cells_and_below_it_their_spikes(shown, step):
    heading, panels = shown[step]
    title, n_cells, n_populations = STEPS[step]
    name = "simple_network" if step == "network" else step
    assert heading == [title, "Simulated with NATIVE", f"results/{name}.png"]
    spikes = [float(cell) for cell in range(n_cells)]
    expected = []
    for k in range(1, n_populations + 1):
        expected += [[f"Population {k}: v (mV)", []], ["Neuron index", spikes]]
    assert [[label, cells] for label, cells, _, _ in panels] == expected
    assert all(n == n_cells and limits == panels[0][3] for _, _, n, limits in panels)


@pytest.mark.parametrize("n_ranks", [1, 2])
def test_a_cell_type_of_ones_own_does_what_the_built_in_one_does(tmp_path, n_ranks):
    command = [sys.executable, "-P", "-m", "distsim", "run", "-n", str(n_ranks)]
    command += [str(EXAMPLES / "own_cell.py"), "--cells", "60", "--duration", "100"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[:2] == ["spikes: equal to the bit", "v: equal to the bit"]
    assert int(lines[2].split(" spikes of 60 cells")[0]) > 100
    # the cell adapts
    (line,) = [line for line in lines if line.startswith("AdaptingCell: ")]
    first, last = (float(word) for word in line.split()[3:6:2])
    assert last > 1.5 * first
    assert (tmp_path / "results" / "own_cell.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """Return what the example of plasticity printed, and its folder, on 1 and 3 ranks."""
    found = {}
    for n_ranks in (1, 3):
        folder = tmp_path_factory.mktemp(f"stdp{n_ranks}")
        command = [sys.executable, "-P", "-m", "distsim", "run", "-n", str(n_ranks)]
        command += [str(EXAMPLES / "stdp.py"), "--cells", "4", "--duration", "2000"]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=400, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found[n_ranks] = done.stdout, folder / "results"
    return found


def test_weights_of_the_example_of_plasticity_do_not_depend_on_ranks(learned):
    files = [datasets(folder / "stdp.h5") for _, folder in learned.values()]
    assert files[0] == files[1]
    # 400 synapses onto each of 4 cells, at 101 times
    assert files[0]["connections/learning/segment_0/weight"][1] == (101, 1600)


def test_in_the_example_of_plasticity_weights_fall_and_part(learned):
    printed, folder = learned[3]
    assert printed.count("rate: ") == 1
    with h5py.File(folder / "stdp.h5") as file:
        weights = file["connections/learning/segment_0/weight"][()]
    assert weights[0].std() == 0.0
    assert weights[-1].mean() < 0.98 * weights[0].mean()
    assert weights[-1].std() > 0.05 * weights.max()
    assert (folder / "stdp.png").read_bytes().startswith(b"\x89PNG")
