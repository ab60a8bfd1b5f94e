"""PyNN finds distsim among its back ends."""

import importlib.util
import subprocess
import sys
import tomllib
from importlib.machinery import PathFinder
from pathlib import Path

import _distsim_backend

ROOT = Path(__file__).parents[1]

SCRIPT = """
from pyNN.utility import get_simulator, init_logging

sim, options = get_simulator(("--n", "number of cells", {"type": int}))
import pyNN.distsim
from pyNN.distsim import *
import distsim

assert sim is pyNN.distsim is not distsim
assert sim.__all__ == distsim.__all__
assert all(getattr(sim, name) is getattr(distsim, name) for name in distsim.__all__)
setup(timestep=0.5)
init_logging("model.log", num_processes=num_processes(), rank=rank())
assert distsim.get_time_step() == 0.5
cells = Population(options.n, IF_curr_exp(i_offset=1.0))
cells.record("spikes")
run(100.0)
print(sim.__name__, cells.mean_spike_count())
end()
"""


def test_scripts_get_it_from_the_command_line_and_by_import(tmp_path):
    script = tmp_path / "model.py"
    script.write_text(SCRIPT)
    job = subprocess.run(
        [sys.executable, "-P", script, "distsim", "--n", "3"],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
    )
    assert job.returncode == 0, job.stderr
    name, count = job.stdout.split()
    assert name == "pyNN.distsim"
    assert float(count) > 0
    assert "3 cells" in (tmp_path / "model.log").read_text()


def test_others_in_pynns_package_are_found_as_ever():
    finders = sys.meta_path
    assert finders.index(_distsim_backend.BackEnd) > finders.index(PathFinder)
    for name in ("pyNN", "pyNN.mock", "pyNN.distsim.nest", "distsim"):
        assert _distsim_backend.BackEnd.find_spec(name) is None
    assert importlib.util.find_spec("pyNN.mock").origin.endswith("__init__.py")
    assert importlib.util.find_spec("pyNN.distsim").origin == "distsim"


def test_an_install_brings_the_finder_and_what_imports_it():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["scikit-build"]
    pth, finder = build["generate"]
    assert (pth["path"], pth["template"]) == ("distsim.pth", "import _distsim_backend\n")
    assert finder["path"] == "_distsim_backend.py"
    # what is installed is made from the file as from a template
    assert "$" not in (ROOT / finder["template-path"]).read_text()
