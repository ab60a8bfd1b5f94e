"""Tests on several ranks: they pass or fail together.

Started by test_mpi.py. By hand: `DISTSIM_TEST_N_RANKS=2 mpiexec -n 2 python -m pytest tests/mpi`.
"""

import os
import sys
from pathlib import Path

import pytest

from distsim.comm.world import world

OUTCOMES = world().Dup()


# when there is a reporter to be taken away
@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    asked = int(os.environ["DISTSIM_TEST_N_RANKS"])
    assert OUTCOMES.Get_size() == asked, f"{asked} ranks asked for, {OUTCOMES.Get_size()} came"
    # one report is enough
    if OUTCOMES.Get_rank() > 0:
        config.pluginmanager.unregister(name="terminalreporter")


def pytest_collection_modifyitems(items):
    """Refuse to start where ranks found different tests: they would wait for each other."""
    names = OUTCOMES.allgather([item.nodeid for item in items])
    assert all(other == names[0] for other in names), "ranks collected different tests"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Make a phase of a test fail on all ranks where it failed on one."""
    report = yield
    rank = OUTCOMES.Get_rank()
    if report.failed:
        # at once: the ranks that did not fail may hang, and the gathering below with them
        print(f"rank {rank}: {item.nodeid}: {report.longreprtext}", file=sys.__stderr__, flush=True)
    outcomes = OUTCOMES.allgather(report.outcome)
    if len(set(outcomes)) > 1 and not report.failed:
        report.outcome = "failed"
        report.longrepr = f"ranks differ: {dict(enumerate(outcomes))}"
    return report


@pytest.fixture(scope="session")
def comm():
    """Return the communicator of all ranks."""
    return world()


@pytest.fixture
def shared_tmp_path(tmp_path_factory):
    """Return one empty temporary folder, the same on every rank."""
    rank = OUTCOMES.Get_rank()
    path = str(tmp_path_factory.mktemp("shared")) if rank == 0 else None
    yield Path(OUTCOMES.bcast(path, root=0))
    OUTCOMES.Barrier()
