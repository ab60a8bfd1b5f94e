"""Who simulates: by import, by option, by environment, by command."""

import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec

import pytest

import distsim as native
from distsim.engines.registry import ENGINES
from distsim.errors import EngineError, SetupError

needs_nest = pytest.mark.skipif(find_spec("nest") is None, reason="NEST is not installed")

SCRIPT = """
import distsim as sim
from distsim.pynn.simulator import state
sim.setup(log=False)
print("engine", getattr(state.simulation, "name", "native"), "of rank", sim.rank())
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "model.py"
    path.write_text(SCRIPT)
    return path


def test_a_nest_that_cannot_be_imported_says_why(tmp_path, monkeypatch):
    (tmp_path / "nest.py").write_text("raise ImportError('libgsl.so: cannot open')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "nest", raising=False)
    with pytest.raises(EngineError, match=r"installed and cannot be imported \(libgsl"):
        native.setup(engine="nest", log=False)


def distsim(*arguments, **variables):
    return subprocess.run(
        [sys.executable, "-P", "-m", "distsim", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@needs_nest
def test_a_script_runs_on_the_engine_of_the_command(script):
    assert "engine native of rank 0" in distsim("run", script).stdout
    assert "engine nest of rank 0" in distsim("run", "--engine", "nest", script).stdout


@needs_nest
def test_a_script_runs_on_the_engine_of_the_environment(script, monkeypatch):
    monkeypatch.setenv("DISTSIM_ENGINE", "nest")
    assert "engine nest of rank 0" in distsim("run", script).stdout


def test_an_unknown_engine_is_told_before_the_start(script):
    job = distsim("run", "--engine", "nests", script)
    assert job.returncode == 2
    assert job.stderr.strip() == "distsim: unknown engine 'nests'; did you mean 'nest'?"


@needs_nest
def test_nest_without_mpi_ends_all_ranks(mpi_job, script):
    job = mpi_job(2, script, timeout=60, DISTSIM_ENGINE="nest")
    assert job.returncode != 0
    assert job.stdout.count("there are 2 ranks, but this NEST") >= 1
    assert "rank 0 of 2: " in job.stdout
    assert "rank 1 of 2: " not in job.stdout
    assert "setup(threads=...)" in job.stdout
    assert "engine nest" not in job.stdout


@pytest.fixture(params=[name for name in ENGINES if name != "native"])
def sim(request):
    """Return the module of an engine, which loads without its simulator."""
    return import_module(f"distsim.{request.param}")


def test_names_of_an_engines_module_are_those_of_the_native_engine(sim):
    assert sim.__all__ == native.__all__
    assert set(native.__all__) <= set(dir(sim))
    for name in set(native.__all__) - {"setup"}:
        assert getattr(sim, name) is getattr(native, name)


def test_an_engines_module_sets_up_its_engine_only(sim, monkeypatch, caplog):
    told = []
    monkeypatch.setattr("distsim.pynn.control.state.start", told.append)
    monkeypatch.setenv("DISTSIM_ENGINE", "native")
    engine = sim.__name__.removeprefix("distsim.")
    with caplog.at_level("WARNING"):
        sim.setup(0.2, seed=3)
    assert f"engine '{engine}' runs, which the script names, not 'native'" in caplog.text
    sim.setup(timestep=0.2, seed=3, engine=engine)
    assert [(setup.engine, setup.timestep, setup.seed) for setup in told] == [(engine, 0.2, 3)] * 2
    with pytest.raises(SetupError, match=f"engine = 'native' .* is engine '{engine}'"):
        sim.setup(engine="native")
    assert len(told) == 2
