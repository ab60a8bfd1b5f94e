"""What all tests of engines share."""

import functools
import importlib
import runpy
import warnings
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from distsim.engines.neuron.mechanisms import compiled_mechanisms

PROGRAM = Path(__file__).with_name("cases_on_ranks.py")


@pytest.fixture(autouse=True)
def _brian2_without_compiler(monkeypatch):
    """Let Brian run numpy code, which needs no compiler and is there at once."""
    if find_spec("brian2"):
        with warnings.catch_warnings():
            # Brian calls other packages in ways that are to end
            warnings.simplefilter("ignore")
            brian2 = importlib.import_module("brian2")
        monkeypatch.setitem(brian2.prefs, "codegen.target", "numpy")


@pytest.fixture(scope="session")
def neuron_job(mpi_job):
    """Return `mpi_job` for NEURON, whose mechanisms are compiled before a job's time begins."""

    def run(n_ranks, *program, **named):
        has_core = any("coreneuron" in str(word) for word in program)
        compiled_mechanisms(version("neuron"), coreneuron=has_core)
        return mpi_job(n_ranks, *program, **named)

    return run


@pytest.fixture(scope="session")
def cases_on_ranks(tmp_path_factory):
    """Return a function that has one job run cases of `cases_on_ranks.py`, and what they did."""

    def run(job_of, n_ranks, *cases, **named):
        folder = tmp_path_factory.mktemp("cases")
        program = PROGRAM, folder, *cases
        job = job_of(n_ranks, *program, PYTHONPATH=str(PROGRAM.parent), **named)
        assert job.returncode == 0, job.stdout
        found = {}
        for case in cases:
            with np.load(folder / f"{case}.npz") as file:
                found[case] = dict(file)
            assert found[case].pop("n_ranks") == n_ranks
        return found

    return run


@pytest.fixture(scope="session")
def on_one_rank():
    """Return a function that runs a case in this process, once, and returns what it did."""
    program = runpy.run_path(str(PROGRAM))

    @functools.cache
    def run(case):
        found = program["done"](case)
        assert found.pop("n_ranks") == 1
        return found

    return run
