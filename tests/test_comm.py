"""Launcher checks, abort on an uncaught error, and the log."""

import logging
import os
import subprocess
import sys

import pytest

from distsim.comm.agreement import agree
from distsim.comm.log import configure_log
from distsim.comm.world import check_launch, claimed_ranks, rank_environment, world
from distsim.errors import LauncherError, ParameterError

# a rank that failed waits for others only for seconds; a job that hangs takes the whole limit
LIMIT = 60

PREAMBLE = """
import sys, time
from distsim.comm.world import world
from distsim.lockstep import lockstep
comm = world()
lockstep()
rank = comm.Get_rank()
"""


@pytest.fixture
def run_ranks(mpi_job, tmp_path):
    """Return a function that runs a script on N ranks with the abort hook installed."""

    def run(n_ranks, body):
        script = tmp_path / "script.py"
        script.write_text(PREAMBLE + body)
        return mpi_job(n_ranks, script, timeout=LIMIT)

    return run


def run_alone(program, **variables):
    return subprocess.run(
        [sys.executable, "-c", program],
        env=rank_environment(os.environ) | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
    )


@pytest.mark.parametrize(
    "variable",
    [
        "DISTSIM_N_RANKS",
        "OMPI_COMM_WORLD_SIZE",
        "PMI_SIZE",
        "MV2_COMM_WORLD_SIZE",
        "JSM_NAMESPACE_SIZE",
        "MPI_LOCALNRANKS",
    ],
)
def test_launcher_that_started_more_ranks_is_refused(variable):
    with pytest.raises(LauncherError, match=rf"started 4 ranks \({variable}=4\).* has 1") as caught:
        check_launch(1, {variable: "4"})
    assert "distsim run -n 4" in str(caught.value)
    check_launch(4, {variable: "4"})


def test_slurm_counts_only_inside_a_step():
    batch_script = {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "8", "SLURM_PROCID": "0"}
    check_launch(1, batch_script)
    step = batch_script | {"SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "8"}
    with pytest.raises(LauncherError, match="--mpi=pmix"):
        check_launch(1, step)
    check_launch(8, step)


def test_slurm_step_of_helper_processes_does_not_count():
    # a rank that an mpiexec started through its helpers on three other nodes
    check_launch(
        2,
        {"SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "3", "OMPI_COMM_WORLD_SIZE": "2"},
    )


def test_variables_that_hold_no_number_claim_nothing():
    assert claimed_ranks({"PMI_SIZE": "", "OMPI_COMM_WORLD_SIZE": "two", "HOME": "/"}) == []


def test_world_refuses_a_process_that_should_be_two():
    result = run_alone("from distsim.comm.world import world; world()", DISTSIM_N_RANKS="2")
    assert result.returncode == 1
    assert "LauncherError: the launcher started 2 ranks (DISTSIM_N_RANKS=2)" in result.stderr


def test_missing_mpi_library_says_how_to_get_one():
    result = run_alone("from distsim.comm.world import world; world()", MPI4PY_LIBMPI="/nowhere")
    assert "LauncherError: no MPI library can be loaded" in result.stderr
    assert "pip install 'distsim[mpi]'" in result.stderr


def test_importing_distsim_does_not_start_mpi():
    program = (
        "import sys, distsim.comm.world, distsim.launch; sys.exit('mpi4py.MPI' in sys.modules)"
    )
    assert run_alone(program).returncode == 0


def test_agree_of_one_rank_raises_the_error_as_it_is():
    with pytest.raises(ParameterError, match=r"^bad$"):
        agree(world(), ParameterError("bad"))


def test_log_names_the_rank_once_however_often_configured(capsys):
    configure_log(3)
    configure_log(2)
    logging.getLogger("distsim.engine").info("epoch")
    logging.getLogger("distsim.engine").warning("slow")
    assert capsys.readouterr().err == "[rank 2] WARNING distsim.engine: slow\n"
    configure_log(0)
    logging.getLogger("distsim.engine").info("epoch")
    assert capsys.readouterr().err == "[rank 0] INFO distsim.engine: epoch\n"


@pytest.mark.parametrize("failing", [0, 2])
def test_error_on_one_rank_ends_the_job(run_ranks, failing):
    job = run_ranks(3, f"if rank == {failing}: 1 / 0\ncomm.Barrier()\n")
    assert job.returncode != 0
    assert f"distsim: rank {failing} of 3: Traceback" in job.stdout
    assert job.stdout.count("ZeroDivisionError: division by zero") == 1


def test_error_on_all_ranks_is_told_once(run_ranks):
    job = run_ranks(4, "1 / 0\n")
    assert job.returncode != 0
    assert "distsim: rank 0 of 4: Traceback" in job.stdout
    assert job.stdout.count("ZeroDivisionError: division by zero") == 1


def test_error_is_told_while_another_rank_computes(run_ranks):
    job = run_ranks(2, "if rank == 1: 1 / 0\ntime.sleep(1000)\n")
    assert job.returncode != 0
    assert job.stdout.count("ZeroDivisionError: division by zero") == 1


def test_interrupt_on_one_rank_ends_the_job_without_traceback(run_ranks):
    job = run_ranks(2, "if rank == 1: raise KeyboardInterrupt\ncomm.Barrier()\n")
    assert job.returncode != 0
    assert "distsim: rank 1 of 2: interrupted" in job.stdout
    assert "Traceback" not in job.stdout


def test_exit_status_of_one_rank_ends_the_job(run_ranks):
    job = run_ranks(3, "if rank == 1: sys.exit(3)\ncomm.Barrier()\n")
    assert job.returncode != 0
    assert "distsim: rank 1 of 3: left with exit status 3" in job.stdout


def test_exit_status_of_all_ranks_is_the_job_s(run_ranks):
    job = run_ranks(2, "sys.exit(3)\n")
    assert job.returncode == 3
    assert "left with" not in job.stdout


def test_normal_end_is_left_alone(run_ranks):
    job = run_ranks(3, "if rank == 1: sys.exit(0)\n")
    assert (job.returncode, job.stdout) == (0, "")
