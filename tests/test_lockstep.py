"""How a job ends when a rank leaves, and what its children are: each a script on several ranks."""

import os
import subprocess
import sys

import pytest

PREAMBLE = """
import multiprocessing, os, subprocess, sys, threading, time
import distsim as sim
from distsim.errors import CollectiveError
sim.setup(log=False)
rank, n_ranks = sim.rank(), sim.num_processes()
is_last = rank == n_ranks - 1
cells = sim.Population(5, sim.IF_curr_exp(), label="p")
cells.record("v")
sim.run(1.0)
"""


@pytest.fixture
def run_ranks(mpi_job, tmp_path):
    """Return a function that runs the rest of a script on N ranks."""

    def run(n_ranks, body):
        script = tmp_path / "script.py"
        script.write_text(PREAMBLE + body)
        return mpi_job(n_ranks, script)

    return run


@pytest.mark.parametrize(
    ("n_ranks", "leave", "call", "said", "status"),
    [
        (2, "exit(6)", "cells.get_data()", 6, 6),
        (3, "raise SystemExit(4)", "sim.run(1.0)", 4, 4),
        (3, "sys.exit(0)", "sim.Population(3, sim.IF_curr_exp())", 0, 1),
        (2, "quit()", "sim.end()", 0, 1),
    ],
)
def test_rank_that_leaves_ends_the_job_with_its_status(
    run_ranks, n_ranks, leave, call, said, status
):
    job = run_ranks(n_ranks, f"if is_last: {leave}\n{call}\n")
    assert job.returncode == status, job.stdout
    text = f"distsim: rank {n_ranks - 1} of {n_ranks}: left with exit status {said}, while others"
    assert job.stdout.count("left with exit status") == 1
    assert text in job.stdout
    assert "(script.py, line" in job.stdout


def test_rank_that_exits_in_a_callback_ends_the_job_with_its_status(run_ranks):
    callback = (
        "def leave(t):\n    if is_last and t > 1.5: raise SystemExit(7)\n    return t + 0.3\n"
    )
    job = run_ranks(2, f"{callback}sim.run(2.0, callbacks=[leave])\n")
    assert job.returncode == 7, job.stdout
    assert "left with exit status 7" in job.stdout


def test_rank_that_exits_within_a_call_ends_the_job(run_ranks):
    body = """
if is_last:
    cells.recorder.segments = lambda *given, **named: sys.exit(0)
cells.get_data()
"""
    job = run_ranks(2, body)
    assert job.returncode == 1, job.stdout
    assert "left with exit status 0" in job.stdout


def test_rank_that_exits_before_setup_ends_the_job_with_its_status(mpi_job, tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import distsim as sim\nif sim.rank() == 1: exit(6)\nsim.setup(log=False)\n")
    job = mpi_job(2, script)
    assert job.returncode == 6, job.stdout
    assert "rank 0: setup() (script.py, line 3)" in job.stdout


def test_calls_out_of_step_end_the_job_with_one_message(run_ranks):
    job = run_ranks(3, "if rank == 0:\n    cells.write_data('x.h5')\nsim.end()\n")
    assert job.returncode == 1, job.stdout
    assert job.stdout.count("CollectiveError: ranks are not in step:") == 1
    assert "rank 0: write_data() of 'p' (script.py, line 12)" in job.stdout
    assert "ranks 1-2: end() (script.py, line 13)" in job.stdout


def test_error_in_the_middle_of_a_call_ends_the_job(run_ranks):
    body = """
import distsim.lockstep
distsim.lockstep.FAILURE_DELAY = 0.5
if is_last:
    cells.recorder.segments = lambda *given, **named: 1 / 0
try: cells.get_data()
except ZeroDivisionError: pass
"""
    job = run_ranks(2, body)
    assert job.returncode == 1, job.stdout
    assert job.stdout.count("ZeroDivisionError: division by zero") == 1


# what leaves the other ranks alone, and at its end an exit of them all
UNHARMED = """
for fork_ends, status in ((lambda: sys.exit(5), 5), (lambda: 1 / 0, 1), (lambda: None, 0)):
    child = os.fork() if is_last else None
    if child == 0:
        fork_ends()
        break
    if is_last:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == status
else:
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.map(abs, [-1]) == [1]
    if is_last:
        for target in (lambda: 1 / 0, sys.exit):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
    cells.get_data()
    print("children and threads have ended", flush=True)

    if is_last or rank == 0:
        code = "import distsim as sim; sim.NumpyRNG(1); sim.setup(log=False)"
        words = [sys.executable, "-c", f"{code}; print(sim.num_processes())"]
        child = subprocess.run(words, capture_output=True, text=True, timeout=90)
        print(f"a python of rank {rank} ran on {child.stdout.split()} {child.stderr}", flush=True)
    cells.get_data()

    try: sim.Population(3 + rank, sim.IF_curr_exp())
    except CollectiveError: exit(3)
"""


@pytest.fixture(scope="module")
def unharmed(mpi_job, tmp_path_factory):
    """Return what a job of three ranks printed, and its status."""
    script = tmp_path_factory.mktemp("unharmed") / "script.py"
    script.write_text(PREAMBLE + UNHARMED)
    return mpi_job(3, script)


def test_children_and_threads_of_a_rank_end_for_themselves(unharmed):
    assert unharmed.stdout.count("children and threads have ended") == 3, unharmed.stdout


def test_python_started_by_a_rank_runs_alone(unharmed):
    for rank in (0, 2):
        assert f"a python of rank {rank} ran on ['1']" in unharmed.stdout, unharmed.stdout


def test_exit_of_all_ranks_after_a_caught_error_has_their_status(unharmed):
    assert unharmed.returncode == 3, unharmed.stdout
    assert "distsim:" not in unharmed.stdout


def test_forked_process_without_a_launcher_ends_for_itself():
    body = "child = os.fork()\nif child == 0: sys.exit(5)\n"
    check = "assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5\n"
    job = subprocess.run(
        [sys.executable, "-c", f"{PREAMBLE}{body}{check}cells.get_data()\n"],
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert job.returncode == 0, job.stderr
