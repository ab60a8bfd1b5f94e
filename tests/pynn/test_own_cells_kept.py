"""Machine code of own cell types is found again, as long as nothing that it does has changed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

OWN = """
import helpers
import distsim as sim
from distsim.models import Parameter, State

SCALE = 2.0
TABLE = (1.0, 2.0)

def helper(x, more=0.5):
    return SCALE * x + more

def step_with(rate):
    def step(x, tau, dt):
        return helper(x) + helpers.shifted(x) + TABLE[1] - rate * dt * x / tau
    return step

Own = sim.cell_type(
    "Own", [Parameter("tau", "ms", 10.0)], [State("x", "")],
    step=step_with(1.0), is_spiking=lambda x: x >= 1e9, spike=lambda: 0.0,
    derive=lambda p, dt: {"unused": p["tau"]},
)
"""
HELPERS = """
SHIFT = 0.25

def inner(x):
    return x + SHIFT

def shifted(x):
    return 2.0 * inner(x)
"""
# what is changed in which file, and what a step then makes of x = 1
CHANGES = [
    ("as it was", "own", "", "", 2.5 + 2.5 + 2.0 - 0.01),
    ("the function", "own", "rate * dt * x", "rate * dt * x * 2.0", 2.5 + 2.5 + 2.0 - 0.02),
    ("its helper", "own", "SCALE * x", "SCALE * x - 1.0", 1.5 + 2.5 + 2.0 - 0.01),
    ("a number outside", "own", "SCALE = 2.0", "SCALE = 3.0", 3.5 + 2.5 + 2.0 - 0.01),
    ("a closure", "own", "step_with(1.0)", "step_with(3.0)", 2.5 + 2.5 + 2.0 - 0.03),
    ("a function of a module", "helpers", "2.0 * inner", "3.0 * inner", 2.5 + 3.75 + 2.0 - 0.01),
    ("a number of a module", "helpers", "SHIFT = 0.25", "SHIFT = 0.5", 2.5 + 3.0 + 2.0 - 0.01),
]
# what leaves the code as it is
NO_CHANGES = [
    ("a comment, and the place", "own", "SCALE = 2.0", "# more\n\nSCALE = 2.0  # than before"),
    ("a default", "own", '"ms", 10.0', '"ms", 20.0'),
    ("what is derived, and not used", "own", '{"unused": p["tau"]}', '{"unused": 2 * p["tau"]}'),
    ("what nobody calls", "helpers", "SHIFT = 0.25", "SHIFT = 0.25\nOTHER = 3.0"),
]

# makes two steps with each text of the files, in a process of its own
DRIVER = """
import json, os, sys
from pathlib import Path
import numpy as np
from numba import njit
from numba.core import event
import distsim
from distsim.kernels.arrays import Cells
from distsim.kernels.epoch import settle, update

class Compiled(event.Listener):
    names = []
    def on_start(self, started):
        self.names.append(started.data["dispatcher"].py_func.__name__)
    def on_end(self, ended):
        pass

@njit
def one_step(cells, c):
    update(cells, c)
    return settle(cells, c)

def outcome():
    from own import Own
    state = np.ones((1, 2))
    cells = Cells.of(state)
    with event.install_listener("numba:compile", Compiled()):
        one_step(cells, Own.record.coefficients({"tau": np.full(2, 10.0)}, 0.1))
    return state[0].tolist(), sorted({"advance_cells", "settle_cells"} & {*Compiled.names})

sys.path.insert(0, ".")
sys.dont_write_bytecode = True
# what does not depend on the texts is loaded once, and inherited
distsim.cell_type
njit(lambda x: x + 1.0)(1.0)
for texts in json.load(sys.stdin):
    for name, text in texts.items():
        Path(name + ".py").write_text(text)
    sys.stdout.flush()
    if os.fork() == 0:
        print(json.dumps(outcome()), flush=True)
        os._exit(0)
    os.wait()
"""

# a network on some ranks, each of which says what it has compiled
NETWORK = """
import sys
sys.path.insert(0, sys.argv[1])
import distsim as sim
from numba.core import event
from own_types import Quadratic

class Compiled(event.Listener):
    names = []
    def on_start(self, started):
        self.names.append(started.data["dispatcher"].py_func.__name__)
    def on_end(self, ended):
        pass

with event.install_listener("numba:compile", Compiled()):
    sim.setup(log=False, progress=False, seed=3)
    currents = sim.RandomDistribution("uniform", low=0.1, high=0.3)
    cells = sim.Population(5, Quadratic(i_offset=currents))
    sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1, delay=1.0))
    cells.record("spikes")
    sim.run(100.0)
    count = cells.mean_spike_count()
print(f"compiled {Compiled.names}, {count} spikes")
sim.end()
"""


def test_code_is_made_again_where_what_it_does_has_changed_and_only_then(tmp_path):
    files = {"own": OWN, "helpers": HELPERS}

    def changed(name, old, new):
        assert old in files[name]
        return files | {name: files[name].replace(old, new)}

    texts = [changed(*change[1:4]) for change in (*CHANGES, *NO_CHANGES)]
    done = subprocess.run(
        [sys.executable, "-P", "-c", DRIVER],
        # the first once more, when all others are there, too
        input=json.dumps([*texts, texts[0]]),
        cwd=tmp_path,
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "code")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(texts) + 1, done.stderr
    names = [change[0] for change in (*CHANGES, *NO_CHANGES, ("as it was again",))]
    values = [change[4] for change in CHANGES] + [CHANGES[0][4]] * (len(NO_CHANGES) + 1)
    for name, value, (x, compiled) in zip(names, values, found, strict=True):
        assert x == pytest.approx([value, value], rel=1e-12), name
        is_changed = name in [change[0] for change in CHANGES]
        assert compiled == (["advance_cells", "settle_cells"] if is_changed else []), name


def test_two_ranks_that_begin_at_once_find_it_and_compile_nothing(mpi_job, tmp_path):
    program = tmp_path / "network.py"
    program.write_text(NETWORK)
    folder = Path(__file__).parents[1] / "rank_invariance"
    jobs = [mpi_job(2, program, folder, timeout=300) for _ in range(2)]
    for job in jobs:
        assert job.returncode == 0, job.stdout
    lines = [line for line in jobs[1].stdout.splitlines() if "compiled" in line]
    assert len(lines) == 2
    assert all("compiled []" in line for line in lines), lines
    assert lines[0] == lines[1]
    assert not lines[0].endswith(" 0.0 spikes")
