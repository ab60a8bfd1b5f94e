"""What all tests share."""

import gc
import importlib.util
import logging
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# a test is not wrong because the machine is busy
settings.register_profile("any machine", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

ROOT = Path(__file__).parents[1]
# of this machine, for each of the processes among which pytest-xdist divides the tests
N_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))

# `python -m pytest` puts the root first, where `distsim` lacks its io/
sys.path[:] = [folder for folder in sys.path if Path(folder or ".").resolve() != ROOT]

from distsim.launch import (  # noqa: E402
    build_command,
    build_environment,
    count_cores,
    find_launcher,
    is_root,
)

# with importlib mode, pytest leaves sys.path alone, so what tests import is made importable here
for path in (
    "naive.py",
    "naive_synapses.py",
    "physics/relays.py",
    "engines/networks.py",
    "engines/model_networks.py",
    "engines/compartment_cells.py",
    "engines/neuron_marks.py",
    "pynn/flag_cases.py",
    "rank_invariance/own_types.py",
    "slurm/cluster.py",
):
    spec = importlib.util.spec_from_file_location(Path(path).stem, Path(__file__).parent / path)
    sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[spec.name])

# these are started by test_mpi.py on several ranks
collect_ignore = [] if "DISTSIM_TEST_N_RANKS" in os.environ else ["mpi"]

# before some module of tests imports NEST
DLOPEN_FLAGS = sys.getdlopenflags()
# what takes longest, in this order: with pytest-xdist, one of them at the end would be waited for
LONGEST = (
    "test_mpi.py",
    "slurm/test_scripts.py",
    "engines/test_validation.py",
    "test_gallery.py",
    "test_examples.py",
    # what both processes would compile beside each other, where nothing is compiled, comes later
    "test_rank_invariance.py",
    "engines/test_other_models.py",
    "engines/test_synapses.py",
    "test_lockstep.py",
    "models/test_one_cell.py",
    "engines/test_neuron_on_ranks.py",
    "pynn/test_interrupts.py",
    "io/test_whole_file.py",
    "test_resume.py",
    "pynn/test_own_cells_kept.py",
    "engines/test_spinnaker_engine.py",
)


def pytest_configure(config):
    """Let `--dist loadfile` take files in the order in which they are collected."""
    # else those with the fewest tests come last, and these are the longest
    config.option.loadscopereorder = False


def pytest_collectstart():
    """Have modules keep their symbols to themselves, also once one has imported NEST."""
    sys.setdlopenflags(DLOPEN_FLAGS)


def pytest_collection_modifyitems(items):
    """Put first what takes longest."""
    ranks = {ROOT / "tests" / name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))


def pytest_collection_finish():
    """Keep what is there before the first test from being looked through for garbage."""
    gc.freeze()


@pytest.fixture(autouse=True)
def log_is_left_as_found():
    """Undo what a test's `setup(log=...)` did to the log that all tests share."""
    logger = logging.getLogger("distsim")
    handlers, level = logger.handlers[:], logger.level
    yield
    logger.handlers = handlers
    logger.setLevel(level)


@pytest.fixture(autouse=True)
def process_is_left_as_found():
    """Undo what imports do: Brian 2 handles SIGINT, NEST has libraries share their symbols."""
    handler = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, handler)
    sys.setdlopenflags(DLOPEN_FLAGS)


@pytest.fixture(scope="session")
def launcher():
    """Return the launcher that belongs to this MPI."""
    return find_launcher()


@pytest.fixture(scope="session")
def mpi_job(launcher):
    """Return a function that runs a Python program on N ranks under a time limit."""

    def run(n_ranks, *program, timeout=120, **variables):
        command = build_command(launcher, n_ranks, [sys.executable, "-P", *map(str, program)])
        n_cores = count_cores() // N_WORKERS
        environ = build_environment(launcher, n_ranks, os.environ, n_cores, is_root())
        return run_in_time(command, environ | variables, timeout)

    return run


def run_in_time(command, environ, timeout):
    """Run a command; end it with all its descendants when its time is over.

    Its output, stdout and stderr in one, is not read through a pipe: a rank that outlives its
    launcher would hold that open.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        job = subprocess.Popen(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = job.wait(timeout)
        except subprocess.TimeoutExpired:
            _end_session(job)
            output.seek(0)
            pytest.fail(f"{command} took longer than {timeout} s:\n{output.read()}")
        output.seek(0)
        return subprocess.CompletedProcess(command, status, output.read())


def _end_session(job):
    """End a launcher gently, then what is left of its session."""
    job.terminate()
    try:
        job.wait(10)
    except subprocess.TimeoutExpired:
        job.kill()
        job.wait()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            # launchers put ranks into process groups of their own, within the same session
            if os.getsid(int(process.name)) == job.pid:
                os.kill(int(process.name), signal.SIGKILL)
        except ProcessLookupError:
            continue
