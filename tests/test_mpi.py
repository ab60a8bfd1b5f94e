"""Run tests/mpi under the launcher, with several numbers of ranks."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# seconds; a test that hangs is ended, with its stack shown, before the job is
TEST_LIMIT = 180
JOB_LIMIT = 600


@pytest.mark.parametrize("n_ranks", [1, 2, 3, 4])
def test_mpi_tests_pass(n_ranks, mpi_job, tmp_path):
    job = mpi_job(
        n_ranks,
        *("-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider"),
        # what a failing rank writes must come out although another one hangs
        *("--capture=sys", "-o", f"faulthandler_timeout={TEST_LIMIT}"),
        *("-c", ROOT / "pyproject.toml", "--rootdir", ROOT, "--basetemp", tmp_path / "ranks"),
        ROOT / "tests" / "mpi",
        timeout=JOB_LIMIT,
        DISTSIM_TEST_N_RANKS=str(n_ranks),
    )
    assert job.returncode == 0, job.stdout
    # no tests found is a status of its own, but a job of silent ranks is not
    assert " passed" in job.stdout, job.stdout
