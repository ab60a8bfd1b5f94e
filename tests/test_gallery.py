"""Each example of the gallery runs on 1 and 2 ranks, and draws the same to the bit."""

import json
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[1] / "examples" / "gallery").glob("plot_*.py"))
# what is on one rank only: NEST, which has no MPI when it comes from its wheel
PARTS = {"plot_18_engines"}

PROGRAM = """
import hashlib, json, runpy, sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import distsim as sim


def arrays(axes):
    for line in axes.get_lines():
        yield line.get_xydata()
    for drawn in axes.collections:
        yield drawn.get_offsets()
        yield from (path.vertices for path in drawn.get_paths())
    for patch in axes.patches:
        yield patch.get_path().vertices
    for image in axes.images:
        yield image.get_array()


def digest(figures):
    told = hashlib.sha256()
    for figure in figures:
        for axes in figure.axes:
            for array in arrays(axes):
                told.update(np.ascontiguousarray(array, dtype=float).tobytes())
    return told.hexdigest()


plt.show = lambda: None
found = {}
for script in sys.argv[1:]:
    runpy.run_path(script, run_name="__main__")
    figures = [plt.figure(number) for number in plt.get_fignums()]
    found[Path(script).stem] = len(figures), digest(figures)
    plt.close("all")
if sim.rank() == 0:
    Path("found.json").write_text(json.dumps(found))
assert sim.rank() == 0 or not any(number for number, _ in found.values())
"""


@pytest.fixture(scope="module")
def drawn(mpi_job, tmp_path_factory):
    """Return how many figures each example draws, and a checksum, on 1 and 2 ranks."""
    found = {}
    for n_ranks in (1, 2):
        folder = tmp_path_factory.mktemp(f"gallery{n_ranks}")
        program = f"import os; os.chdir({str(folder)!r})\n{PROGRAM}"
        job = mpi_job(n_ranks, "-c", program, *SCRIPTS, timeout=580)
        assert job.returncode == 0, job.stdout
        found[n_ranks] = json.loads((folder / "found.json").read_text())
    return found


def test_every_example_draws_one_figure(drawn):
    assert len(SCRIPTS) > 15
    assert drawn[1].keys() == {script.stem for script in SCRIPTS}
    assert {number for number, _ in drawn[1].values()} == {1}


def test_examples_draw_the_same_on_two_ranks(drawn):
    one, two = ({n: d for n, d in drawn[k].items() if n not in PARTS} for k in (1, 2))
    assert one == two
