"""What all tests of engines share."""

import importlib
import warnings
from importlib.metadata import version
from importlib.util import find_spec

import pytest

from distsim.engines.neuron.mechanisms import compiled_mechanisms


@pytest.fixture(autouse=True)
def _brian2_without_compiler(monkeypatch):
    """Let Brian run numpy code, which needs no compiler and is there at once."""
    if find_spec("brian2"):
        with warnings.catch_warnings():
            # Brian calls other packages in ways that are to end
            warnings.simplefilter("ignore")
            brian2 = importlib.import_module("brian2")
        monkeypatch.setitem(brian2.prefs, "codegen.target", "numpy")


@pytest.fixture
def neuron_job(mpi_job):
    """Return `mpi_job` for NEURON, whose mechanisms are compiled before a job's time begins."""

    def run(n_ranks, *program, **named):
        compiled_mechanisms(version("neuron"), coreneuron="coreneuron" in program)
        return mpi_job(n_ranks, *program, **named)

    return run
