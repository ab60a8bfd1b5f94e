"""What Slurm says of a job, and what is refused within one."""

import time

import pytest

from distsim.allocation import check_room, default_ranks, end_of_job, tasks_of_nodes
from distsim.errors import LauncherError

JOB = {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "6", "SLURM_TASKS_PER_NODE": "2(x2),1(x2)"}


def test_a_job_has_as_many_ranks_as_tasks():
    assert default_ranks(JOB) == 6
    assert default_ranks({"SLURM_JOB_ID": "7"}) == 1
    # what a shell has kept of a job that it is not in
    assert default_ranks({"SLURM_NTASKS": "6"}) == 1


@pytest.mark.parametrize(
    ("text", "tasks"), [("4", (4,)), ("2(x2),1", (2, 2, 1)), ("", ()), ("many", ())]
)
def test_tasks_of_nodes_are_read(text, tasks):
    assert tasks_of_nodes({"SLURM_JOB_ID": "7", "SLURM_TASKS_PER_NODE": text}) == tasks


def test_more_ranks_than_tasks_are_refused():
    check_room(6, JOB)
    check_room(64, {})
    with pytest.raises(LauncherError, match=r"-n 8: the job has 6 tasks .* --ntasks=8"):
        check_room(8, JOB)


def test_ranks_within_a_step_are_refused():
    with pytest.raises(
        LauncherError, match=r"leave out srun .* `srun --mpi=pmix -n 2 python m.py`"
    ):
        check_room(2, JOB | {"SLURM_STEP_ID": "0"}, "m.py")
    check_room(1, JOB | {"SLURM_STEP_ID": "0"})
    # the shell of salloc is a step, too, but holds nothing
    check_room(2, JOB | {"SLURM_STEP_ID": "4294967290"})


def test_the_end_of_a_job_is_asked_of_slurm_where_it_does_not_say(tmp_path):
    assert end_of_job({}) is None
    assert end_of_job(JOB | {"SLURM_JOB_END_TIME": "1234"}) == "1234"
    squeue = tmp_path / "squeue"
    end = int(time.time()) + 1000
    for answer, expected in [(str(end), str(end)), ("NONE", None), ("1234", None)]:
        squeue.write_text(f'#!/bin/sh\n[ "$SLURM_TIME_FORMAT" = %s ] && echo {answer}\n')
        squeue.chmod(0o755)
        assert end_of_job(JOB | {"PATH": f"{tmp_path}:/bin:/usr/bin"}) == expected
