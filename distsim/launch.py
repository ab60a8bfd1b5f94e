"""Start a script on N ranks with the launcher of the MPI that mpi4py loads."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from distsim.allocation import (
    END_VARIABLE,
    check_room,
    end_of_job,
    tasks_of_nodes,
)
from distsim.comm.world import claimed_ranks, rank_environment
from distsim.errors import LauncherError
from distsim.passing import (
    end_session,
    end_with_parent,
    has_terminal,
    say_what_ended,
    signals_passed_to,
)
from distsim.user_folders import with_home

__all__ = [
    "Launcher",
    "MPILibrary",
    "build_command",
    "build_environment",
    "count_cores",
    "find_launcher",
    "find_library",
    "identify_launcher",
    "launch",
]

# run in a process of its own: loads MPI without starting it
PROBE = """
import json, mpi4py
mpi4py.rc.initialize = False
from mpi4py import MPI
try:
    with open("/proc/self/maps") as maps:
        paths = [line.split(maxsplit=5)[-1].strip() for line in maps if "/libmpi" in line]
except OSError:
    paths = []
print(json.dumps([MPI.Get_library_version().strip("\\0 \\n"), paths[0] if paths else None]))
"""

# seconds until a program that should only print its version is given up
PROBE_TIMEOUT = 30

# how a vendor calls itself in `mpiexec --version` and in MPI_Get_library_version
VENDOR_WORDS = {
    "Open MPI": ("Open MPI", "OpenRTE", "open-mpi"),
    "Intel MPI": ("Intel(R) MPI",),
    "MPICH": ("MPICH", "HYDRA"),
    "Slurm": ("slurm",),
}

# what a user may set for all ranks, beside what the launcher takes with it itself
EXPORTED = (
    "DISTSIM_CHECKPOINT",
    "DISTSIM_CHECKPOINT_EVERY",
    "DISTSIM_ENGINE",
    "DISTSIM_KEEP",
    "DISTSIM_RESUME",
    "MPI_LIB_NRN_PATH",
    END_VARIABLE,
)

# variables that say that a resource manager has given this job its nodes
ALLOCATION_VARIABLES = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "FLUX_JOB_ID", "PE_HOSTFILE")


class MPILibrary(NamedTuple):
    """The MPI that mpi4py loads: vendor, version, its own description, path of the library."""

    vendor: str
    version: str
    description: str
    path: Path | None


class Launcher(NamedTuple):
    """An mpiexec or its like: path, vendor, version; both empty if not recognised."""

    path: Path
    vendor: str
    version: str

    def __str__(self) -> str:
        return f"{self.path} ({self.vendor or 'unknown'} {self.version})"


def launch(
    n_ranks: int,
    script: Path | str,
    args: Sequence[str] = (),
    launcher: Path | str | None = None,
    has_checkpoints: bool = False,
) -> int:
    """Run a Python script on N ranks and wait for its end.

    Parameters
    ----------
    n_ranks : int
        Number of ranks, on this node or, within an allocation, where the launcher puts them.
    script : path
        Python script that every rank runs.
    args : sequence of str
        Its arguments.
    launcher : path, optional
        Launcher to use instead of the one that is found.
    has_checkpoints : bool
        Whether the script makes checkpoints when a signal asks for them; see Notes.

    Returns
    -------
    int
        Exit status of the job; 128 + the signal's number if a signal ended it.

    Raises
    ------
    LauncherError
        If there is no MPI or no launcher for it, if this process is itself one of many ranks, or
        the job of Slurm's in which it runs has no room for so many.

    Notes
    -----
    SIGTERM, SIGHUP and SIGINT are passed on to the launcher, which ends the ranks; one line on
    stderr says so. With checkpoints, SIGUSR1 and SIGUSR2 are passed on, too, and the latter
    instead of SIGTERM: a launcher that gets that leaves ranks a second, which is not enough to
    write one. What a launcher has left then, as one does that gets a signal twice, is killed. On
    Linux the launcher ends them, too, when this process is gone without a word.
    """
    for name, n_claimed in claimed_ranks(os.environ):
        if n_claimed > 1:
            raise LauncherError(
                f"this process is one of {n_claimed} that a launcher started "
                f"({name}={os.environ[name]}); a job is started once: either by "
                f"`distsim run -n {n_claimed} {script}`, or by the other launcher with "
                f"`python {script}` behind it",
                variable=name,
                n_claimed=n_claimed,
            )
    check_room(n_ranks, os.environ, script)
    found = identify_launcher(launcher) if launcher is not None else find_launcher()
    program = [sys.executable, str(script), *args]
    n_cores = count_cores()
    _tell_if_crowded(n_ranks, n_cores, os.environ)
    environ = build_environment(found, n_ranks, os.environ, n_cores, is_root())
    end = end_of_job() if has_checkpoints else None
    if end is not None:
        environ[END_VARIABLE] = end
    exported = ["DISTSIM_N_RANKS", *(name for name in EXPORTED if name in environ)]
    command = build_command(found, n_ranks, program, exported)
    # without a terminal, its own session tells its ranks from all other processes
    has_session = not has_terminal()
    job = subprocess.Popen(
        command, env=environ, preexec_fn=end_with_parent(), start_new_session=has_session
    )
    with signals_passed_to(job, has_session, has_checkpoints) as passed:
        status = job.wait()
    if passed and has_session:
        end_session(job.pid)
    if passed and status != 0 and not (has_checkpoints and 0 < status < 128):
        return say_what_ended(passed[0], status)
    return status if status >= 0 else 128 - status


def find_library() -> MPILibrary:
    """Find the MPI library that mpi4py loads, in a process of its own.

    Returns
    -------
    MPILibrary

    Raises
    ------
    LauncherError
        If none can be loaded.
    """
    probe = subprocess.run(
        [sys.executable, "-c", PROBE],
        capture_output=True,
        text=True,
        check=False,
        timeout=PROBE_TIMEOUT,
        stdin=subprocess.DEVNULL,
        env=rank_environment(os.environ),
    )
    if probe.returncode != 0:
        reason = (probe.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise LauncherError(
            f"no MPI library can be loaded ({reason}); `pip install 'distsim[mpi]'` brings one, "
            f"or load your cluster's MPI module",
            reason=reason,
        )
    description, path = json.loads(probe.stdout)
    vendor, version = _vendor_and_version(description)
    first_line = description.splitlines()[0]
    return MPILibrary(vendor, version, first_line, Path(path) if path is not None else None)


def find_launcher(library: MPILibrary | None = None) -> Launcher:
    """Find the launcher that belongs to the MPI that mpi4py loads.

    Parameters
    ----------
    library : MPILibrary, optional
        That MPI, if already known.

    Returns
    -------
    Launcher
        The first of the same vendor and major version: beside the library, in this Python's
        environment, on PATH.

    Raises
    ------
    LauncherError
        If there is none.
    """
    library = library or find_library()
    others = []
    for path in _candidates(library):
        found = identify_launcher(path)
        if found.vendor == library.vendor and _major(found) in (_major(library), ""):
            return found
        others.append(str(found))
    raise LauncherError(
        f"mpi4py loads {library.vendor} {library.version}, and no launcher of it is found"
        f"{' (only ' + ', '.join(others) + ')' if others else ''}; give its path with "
        f"`distsim run --launcher PATH`, or put its folder first in PATH",
        library=library,
    )


def identify_launcher(path: Path | str) -> Launcher:
    """Ask a launcher for its vendor and version.

    Parameters
    ----------
    path : path
        The launcher: a path, or a name to be found on PATH.

    Returns
    -------
    Launcher

    Raises
    ------
    LauncherError
        If it is not a program.
    """
    found = shutil.which(path)
    if found is None:
        raise LauncherError(
            f"the launcher '{path}' is not a program; give the path of an mpiexec", launcher=path
        )
    try:
        answer = subprocess.run(
            [found, "--version"],
            capture_output=True,
            text=True,
            check=False,
            timeout=PROBE_TIMEOUT,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return Launcher(Path(found), "", "")
    return Launcher(Path(found), *_vendor_and_version(answer.stdout + answer.stderr))


def build_command(
    launcher: Launcher,
    n_ranks: int,
    program: Sequence[str],
    exported: Sequence[str] = ("DISTSIM_N_RANKS",),
) -> list[str]:
    """Return the command that starts a program on N ranks.

    Parameters
    ----------
    launcher : Launcher
        What starts the ranks.
    n_ranks : int
        Number of ranks.
    program : sequence of str
        What each rank runs.
    exported : sequence of str
        Names of variables that ranks on other nodes are to have, too.

    Returns
    -------
    list of str

    Examples
    --------
    >>> build_command(Launcher(Path("mpiexec"), "MPICH", "5.0"), 2, ["python", "model.py"])
    ['mpiexec', '-n', '2', 'python', 'model.py']
    """
    is_open_mpi = launcher.vendor == "Open MPI"
    exports = [word for name in exported for word in ("-x", name)] if is_open_mpi else []
    return [str(launcher.path), "-n", str(n_ranks), *exports, *program]


def build_environment(
    launcher: Launcher,
    n_ranks: int,
    environ: Mapping[str, str],
    n_cores: int,
    is_root: bool,
) -> dict[str, str]:
    """Return the environment in which a launcher starts N ranks.

    Parameters
    ----------
    launcher : Launcher
        What starts the ranks.
    n_ranks : int
        Number of ranks.
    environ : mapping of str to str
        The environment of this process; a setting that stands there is left as it is.
    n_cores : int
        Cores that this process may use.
    is_root : bool
        Whether the ranks run as root, which Open MPI refuses if not told otherwise.

    Returns
    -------
    dict of str to str

    Notes
    -----
    Within an allocation of a resource manager, placement and transport are the launcher's. Ranks
    are bound to cores only where each core gets one: a second job on the node would be bound to the
    same cores, and hardware threads, which Slurm may count as CPUs, are none.
    """
    settings = {}
    # each rank computes with one thread; the libraries below numpy would take all cores
    for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        settings[threads] = str(max(1, n_cores // n_ranks))
    if launcher.vendor == "Open MPI":
        settings |= _open_mpi_settings(launcher, n_ranks, environ, n_cores, is_root)
    settings |= rank_environment(environ) | {"DISTSIM_N_RANKS": str(n_ranks)}
    return with_home(settings)


def count_cores() -> int:
    """Count the physical cores that this process may use.

    Returns
    -------
    int
        At least 1; where the machine does not tell cores from hardware threads, the latter.
    """
    try:
        threads = os.sched_getaffinity(0)
    except AttributeError:
        return os.cpu_count() or 1
    siblings = set()
    for thread in threads:
        topology = Path(f"/sys/devices/system/cpu/cpu{thread}/topology/thread_siblings_list")
        try:
            siblings.add(topology.read_text())
        except OSError:
            siblings.add(str(thread))
    return len(siblings)


def is_root() -> bool:
    """Tell whether this process runs as root."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _tell_if_crowded(n_ranks: int, n_cores: int, environ: Mapping[str, str]) -> None:
    """Write that ranks are more than cores, where no resource manager has placed them."""
    if n_ranks > n_cores and not any(name in environ for name in ALLOCATION_VARIABLES):
        sys.stderr.write(
            f"distsim: {n_ranks} ranks share {n_cores} core{'s' if n_cores > 1 else ''}: "
            f"the same results, but slower than `-n {n_cores}`\n"
        )


def _open_mpi_settings(
    launcher: Launcher,
    n_ranks: int,
    environ: Mapping[str, str],
    n_cores: int,
    is_root: bool,
) -> dict[str, str]:
    settings = {}
    is_4 = _major(launcher) in ("3", "4")
    unbound = (
        "OMPI_MCA_hwloc_base_binding_policy" if is_4 else "PRTE_MCA_hwloc_default_binding_policy"
    )
    if is_root:
        settings["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
        settings["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    if any(name in environ for name in ALLOCATION_VARIABLES):
        n_ranks_of_nodes = {min(n_ranks, n_tasks) for n_tasks in tasks_of_nodes(environ)}
        if n_ranks_of_nodes and n_ranks_of_nodes != {n_cores}:
            settings[unbound] = "none"
        return settings
    # all ranks on this node: shared memory only, which also starts faster
    settings["OMPI_MCA_pml"] = "ob1"
    settings["OMPI_MCA_btl"] = "self,vader" if is_4 else "self,sm"
    if n_ranks != n_cores:
        settings[unbound] = "none"
    if n_ranks > n_cores:
        if is_4:
            settings["OMPI_MCA_rmaps_base_oversubscribe"] = "1"
        else:
            settings["PRTE_MCA_rmaps_default_mapping_policy"] = ":oversubscribe"
        # a rank that waits leaves the core to the others
        settings["OMPI_MCA_mpi_yield_when_idle"] = "1"
    return settings


def _candidates(library: MPILibrary) -> Iterator[Path]:
    """Yield the launchers there are: beside the library, beside Python, on PATH."""
    names = {"Open MPI": ["mpiexec.openmpi"], "MPICH": ["mpiexec.mpich"]}.get(library.vendor, [])
    folders = []
    if library.path is not None:
        # as the loader found it, and where the link leads; the folder bin of each one above
        for path in (library.path, library.path.resolve()):
            folders += [parent / "bin" for parent in path.parent.parents]
    folders.append(Path(sys.executable).parent)
    folders += [Path(folder) for folder in os.environ.get("PATH", os.defpath).split(os.pathsep)]
    for folder in dict.fromkeys(folders):
        for name in (*names, "mpiexec", "mpirun"):
            if os.access(folder / name, os.X_OK):
                yield folder / name


def _vendor_and_version(text: str) -> tuple[str, str]:
    """Recognise a vendor in what its program or library says of itself."""
    number = re.search(r"\d+(\.\d+)+", text)
    for vendor, words in VENDOR_WORDS.items():
        if any(word in text for word in words):
            return vendor, number.group() if number else ""
    return "", ""


def _major(of: Launcher | MPILibrary) -> str:
    return of.version.partition(".")[0]
