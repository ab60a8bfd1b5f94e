"""Scripts for PyNN's NEST back end do the same on distsim, by another import or none."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "scripts" / "all_scripts.py"


@pytest.mark.skipif(find_spec("nest") is None, reason="needs NEST")
def test_scripts_find_the_same_as_on_pynns_nest(mpi_job, tmp_path):
    job = subprocess.run(
        [sys.executable, "-P", PROGRAM, "nest", tmp_path / "nest"],
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert job.returncode == 0, job.stderr
    job = mpi_job(2, PROGRAM, "distsim", tmp_path / "distsim", timeout=400)
    assert job.returncode == 0, job.stdout
    expected = json.loads((tmp_path / "nest.0").read_text())
    found = json.loads((tmp_path / "distsim.0").read_text())
    assert len(expected) == 3
    # times of spikes, v and weights are rounded to 1e-6
    for script, results in expected.items():
        assert sum(map(len, results["spikes"])) > 4
        assert found[script] == results, script
