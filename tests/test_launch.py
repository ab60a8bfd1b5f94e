"""The launcher found, its command and environment, and the job's end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from distsim.errors import LauncherError
from distsim.launch import (
    ALLOCATION_VARIABLES,
    Launcher,
    MPILibrary,
    build_command,
    build_environment,
    count_cores,
    find_launcher,
    find_library,
    identify_launcher,
    launch,
    rank_environment,
)

OPEN_MPI_5 = Launcher(Path("/mpi/bin/mpiexec"), "Open MPI", "5.0.11")
OPEN_MPI_4 = Launcher(Path("/usr/bin/mpiexec"), "Open MPI", "4.1.4")
HYDRA = Launcher(Path("/mpi/bin/mpiexec"), "MPICH", "5.0.0")


def fake_launcher(folder, answer, name="mpiexec"):
    """Write a program that answers `--version`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{answer}'\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("answer", "vendor", "version"),
    [
        ("mpiexec (Open MPI) 5.0.11", "Open MPI", "5.0.11"),
        ("mpiexec (OpenRTE) 4.1.4", "Open MPI", "4.1.4"),
        ("HYDRA build details:\n    Version:     4.3.0", "MPICH", "4.3.0"),
        ("Intel(R) MPI Library for Linux* OS, Version 2021.13 Build", "Intel MPI", "2021.13"),
        ("slurm 22.05.8", "Slurm", "22.05.8"),
        ("what?", "", ""),
    ],
)
def test_launcher_is_recognised_by_what_it_says(tmp_path, answer, vendor, version):
    path = fake_launcher(tmp_path, answer)
    assert identify_launcher(path) == Launcher(path, vendor, version)


def test_launcher_that_does_not_exist_is_named():
    with pytest.raises(LauncherError, match="'/nowhere/mpiexec' is not a program"):
        identify_launcher("/nowhere/mpiexec")


def test_launcher_beside_the_library_comes_before_path(tmp_path, monkeypatch):
    answer = "mpiexec (Open MPI) 5.0.11"
    beside = fake_launcher(tmp_path / "mpi" / "bin", answer)
    monkeypatch.setenv("PATH", str(fake_launcher(tmp_path / "path", answer).parent))
    library = MPILibrary("Open MPI", "5.0.9", "", tmp_path / "mpi" / "lib" / "libmpi.so.40")
    assert find_launcher(library).path == beside


def test_launcher_of_another_vendor_or_major_version_is_passed_over(tmp_path, monkeypatch):
    folders = [
        fake_launcher(tmp_path / "a", "HYDRA build details: Version: 4.3").parent,
        fake_launcher(tmp_path / "b", "mpiexec (OpenRTE) 4.1.4").parent,
        fake_launcher(tmp_path / "c", "mpiexec (Open MPI) 77.0").parent,
    ]
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, folders)))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    library = MPILibrary("Open MPI", "77.0.1", "", None)
    assert find_launcher(library).path == tmp_path / "c" / "mpiexec"
    with pytest.raises(LauncherError, match=r"no launcher of it is found \(only .*a/mpiexec"):
        find_launcher(library._replace(version="78.0"))


def test_installed_launcher_and_library_belong_together(launcher):
    library = find_library()
    assert library.vendor == launcher.vendor != ""
    assert library.version.split(".")[0] == launcher.version.split(".")[0]


def test_command_carries_all_arguments_of_the_program():
    program = ["python", "model.py", "-n", "3"]
    assert build_command(HYDRA, 2, program) == ["/mpi/bin/mpiexec", "-n", "2", *program]
    command = build_command(OPEN_MPI_5, 2, program)
    assert command == ["/mpi/bin/mpiexec", "-n", "2", "-x", "DISTSIM_N_RANKS", *program]


def test_open_mpi_runs_as_root_only_where_it_must():
    as_root = build_environment(OPEN_MPI_5, 2, {}, n_cores=2, is_root=True)
    assert as_root["OMPI_ALLOW_RUN_AS_ROOT"] == as_root["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] == "1"
    as_user = build_environment(OPEN_MPI_5, 2, {}, n_cores=2, is_root=False)
    assert "OMPI_ALLOW_RUN_AS_ROOT" not in as_user


@pytest.mark.parametrize(
    ("launcher", "oversubscribe", "unbound", "btl"),
    [
        (
            OPEN_MPI_4,
            "OMPI_MCA_rmaps_base_oversubscribe",
            "OMPI_MCA_hwloc_base_binding_policy",
            "self,vader",
        ),
        (
            OPEN_MPI_5,
            "PRTE_MCA_rmaps_default_mapping_policy",
            "PRTE_MCA_hwloc_default_binding_policy",
            "self,sm",
        ),
    ],
)
def test_more_ranks_than_cores_are_allowed_and_unbound(launcher, oversubscribe, unbound, btl):
    more = build_environment(launcher, 3, {}, n_cores=2, is_root=False)
    assert more[unbound] == "none"
    assert oversubscribe in more
    equal = build_environment(launcher, 2, {}, n_cores=2, is_root=False)
    assert oversubscribe not in equal
    assert unbound not in equal
    assert equal["OMPI_MCA_btl"] == more["OMPI_MCA_btl"] == btl


def test_placement_within_an_allocation_is_the_launcher_s():
    environ = build_environment(OPEN_MPI_5, 8, {"SLURM_JOB_ID": "1"}, n_cores=2, is_root=False)
    assert not [name for name in environ if "MCA" in name]


@pytest.mark.parametrize(
    ("tasks", "n_cores", "is_bound"),
    [("4", 4, True), ("4", 2, False), ("4", 8, False), ("4(x2)", 4, True), ("4,2", 4, False)],
)
def test_ranks_of_a_job_are_bound_only_where_each_has_a_core(tasks, n_cores, is_bound):
    job = {"SLURM_JOB_ID": "1", "SLURM_TASKS_PER_NODE": tasks}
    environ = build_environment(OPEN_MPI_5, 4, job, n_cores, is_root=False)
    assert environ.get("PRTE_MCA_hwloc_default_binding_policy") == (None if is_bound else "none")
    assert "OMPI_MCA_btl" not in environ


def test_settings_of_the_user_are_kept():
    user = {"OMPI_MCA_btl": "self,tcp", "OMP_NUM_THREADS": "7"}
    environ = build_environment(OPEN_MPI_5, 4, user, n_cores=2, is_root=False)
    assert user.items() <= environ.items()


def test_ranks_learn_how_many_they_are_and_share_the_cores():
    environ = build_environment(HYDRA, 3, {"DISTSIM_N_RANKS": "1"}, n_cores=8, is_root=False)
    assert environ["DISTSIM_N_RANKS"] == "3"
    assert environ["NUMBA_NUM_THREADS"] == "2"


def test_rank_of_a_job_passes_on_nothing_of_that_job():
    environ = {"PMIX_RANK": "0", "OMPI_COMM_WORLD_SIZE": "1", "PRTE_LAUNCHED": "1", "PATH": "/bin"}
    assert rank_environment(environ) == {"PATH": "/bin"}


def test_there_is_at_least_one_core():
    assert 1 <= count_cores() <= os.cpu_count()


@pytest.mark.parametrize(
    ("n_ranks", "environ", "told"),
    [
        (8, {}, "distsim: 8 ranks share 4 cores: the same results, but slower than `-n 4`\n"),
        (4, {}, ""),
        (8, {"SLURM_JOB_ID": "7"}, ""),
    ],
)
def test_more_ranks_than_cores_are_told(n_ranks, environ, told, monkeypatch, capsys):
    def start(*arguments, **options):
        raise InterruptedError

    for name in [*ALLOCATION_VARIABLES, "OMPI_COMM_WORLD_SIZE"]:
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("distsim.launch.count_cores", lambda: 4)
    monkeypatch.setattr("distsim.launch.check_room", lambda *arguments: None)
    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setattr("distsim.launch.find_launcher", lambda: OPEN_MPI_5)
    with pytest.raises(InterruptedError):
        launch(n_ranks, "model.py")
    assert capsys.readouterr().err == told


def test_one_of_many_ranks_cannot_start_a_job(monkeypatch):
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "4")
    with pytest.raises(LauncherError, match="this process is one of 4"):
        launch(1, "model.py")


@pytest.mark.parametrize("n_ranks", [1, 3])
def test_launch_returns_the_status_of_the_job(tmp_path, n_ranks):
    script = tmp_path / "script.py"
    script.write_text("import sys\nsys.exit(int(sys.argv[1]))\n")
    assert launch(n_ranks, script, ["0"]) == 0
    assert launch(n_ranks, script, ["5"]) == 5


@pytest.mark.parametrize(
    ("number", "texts"),
    [
        (signal.SIGTERM, ["distsim: SIGTERM"]),
        (signal.SIGINT, ["distsim: interrupted"]),
        (signal.SIGKILL, []),
    ],
)
@pytest.mark.parametrize("n_ranks", [1, 3])
def test_a_signal_to_distsim_run_ends_the_ranks(tmp_path, number, texts, n_ranks):
    script = tmp_path / "script.py"
    script.write_text(
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "Path(sys.argv[1], str(os.getpid())).touch()\n"
        "time.sleep(600)\n"
    )
    pids = tmp_path / "pids"
    pids.mkdir()
    job = subprocess.Popen(
        [sys.executable, "-m", "distsim", "run", "-n", str(n_ranks), script, pids],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    wait_until(lambda: len(list(pids.iterdir())) == n_ranks)
    job.send_signal(number)
    _, errors = job.communicate(timeout=30)
    assert job.returncode == (128 + number if texts else -number)
    said = [line for line in errors.splitlines() if line.startswith("distsim:")]
    # where cores are fewer
    assert [line for line in said if " ranks share " not in line] == texts
    wait_until(lambda: not any(is_running(int(pid.name)) for pid in pids.iterdir()))


def is_running(pid):
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition, limit=30):
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
