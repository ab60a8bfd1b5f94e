"""The examples run as a newcomer runs them."""

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
    """Return the bytes of all datasets of a file."""
    found = {}

    def take(name, item):
        if isinstance(item, h5py.Dataset):
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
    assert done.stdout.count("spikes per cell") == 1
    assert done.stderr.count("real-time factor") == 1
    names = sorted(path.name for path in (folder / "results").iterdir())
    assert names == ["simple_network.h5", "simple_network.png"]
    picture = (folder / "results" / "simple_network.png").read_bytes()
    assert picture.startswith(b"\x89PNG")


def test_every_cell_of_population_1_fires_and_drives_population_2(results):
    with h5py.File(results[2][0] / "results" / "simple_network.h5") as file:
        first, second = (
            np.bincount(file[f"spikes/Population {k}/node_ids"][()].astype(int), minlength=100)
            for k in (1, 2)
        )
    assert (first > 0).all()
    assert second.mean() > first.mean()
