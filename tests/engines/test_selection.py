"""Who simulates: by import, by option, by environment, by command."""

import subprocess
import sys

import pytest

pytest.importorskip("nest")

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


def distsim(*arguments, **variables):
    return subprocess.run(
        [sys.executable, "-P", "-m", "distsim", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_script_runs_on_the_engine_of_the_command(script):
    assert "engine native of rank 0" in distsim("run", script).stdout
    assert "engine nest of rank 0" in distsim("run", "--engine", "nest", script).stdout


def test_a_script_runs_on_the_engine_of_the_environment(script, monkeypatch):
    monkeypatch.setenv("DISTSIM_ENGINE", "nest")
    assert "engine nest of rank 0" in distsim("run", script).stdout


def test_an_unknown_engine_is_told_before_the_start(script):
    job = distsim("run", "--engine", "nests", script)
    assert job.returncode == 2
    assert job.stderr.strip() == "distsim: unknown engine 'nests'; did you mean 'nest'?"


def test_nest_without_mpi_ends_all_ranks(mpi_job, script):
    job = mpi_job(2, script, timeout=60, DISTSIM_ENGINE="nest")
    assert job.returncode != 0
    assert job.stdout.count("there are 2 ranks, but this NEST") >= 1
    assert "rank 0 of 2: " in job.stdout
    assert "rank 1 of 2: " not in job.stdout
    assert "setup(threads=...)" in job.stdout
    assert "engine nest" not in job.stdout
