"""The communicator of all ranks, and whether the launcher meant the same ranks."""

import atexit
import functools
import os
from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING

from distsim.errors import LauncherError
from distsim.user_folders import with_home

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = [
    "check_launch",
    "claimed_ranks",
    "is_node_named",
    "leave_job_of_parent",
    "library_version",
    "rank_environment",
    "world",
]

# what launchers tell the processes that they start, the surest first
LAUNCHER_VARIABLES = (
    "DISTSIM_N_RANKS",  # distsim run
    "OMPI_COMM_WORLD_SIZE",  # Open MPI
    "PMI_SIZE",  # MPICH, Intel MPI, srun --mpi=pmi2
    "MV2_COMM_WORLD_SIZE",  # MVAPICH2
    "JSM_NAMESPACE_SIZE",  # jsrun
    "MPI_LOCALNRANKS",  # hydra; the ranks of this node only
)

# by which launchers name job and rank: Open MPI; MPICH, Intel MPI, srun; hydra; Slurm
IDENTITY_VARIABLES = (
    "PMIX_NAMESPACE",
    "PMIX_RANK",
    "OMPI_COMM_WORLD_RANK",
    "PMI_RANK",
    "PMI_FD",
    "PMI_PORT",
    "HYDI_CONTROL_FD",
    "SLURM_STEP_ID",
)

# says to a rank's children who it is: its process, and a checksum of how it was named
RANK_VARIABLE = "DISTSIM_RANK_PID"

# variables by which a launcher speaks to its ranks; a launcher within a job must not hear them
RANK_PREFIXES = (
    "DISTSIM_N_RANKS",
    "DISTSIM_RANK_PID",
    "HYDI_",
    "MPI_LOCAL",
    "OMPI_",
    "ORTE_",
    "PMIX_",
    "PMI_",
    "PRTE_",
)


@functools.cache
def world() -> "MPI.Intracomm":
    """Return this process's private duplicate of COMM_WORLD; start MPI on the first call.

    Returns
    -------
    mpi4py.MPI.Intracomm
        The same object on every call.

    Raises
    ------
    LauncherError
        If no MPI library can be loaded, or the ranks came up apart from each other.

    Notes
    -----
    Collective on the first call: every rank must call it.
    """
    leave_job_of_parent()
    os.environ.update(with_home(os.environ))
    try:
        import mpi4py

        if not is_node_named(os.environ):
            # it is asked what it is before it starts
            mpi4py.rc.initialize = False
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise _no_mpi(str(error)) from error
    if not is_node_named(os.environ) and not MPI.Is_initialized():
        _check_vendor(*MPI.get_vendor())
        MPI.Init_thread()
        atexit.register(MPI.Finalize)
    check_launch(MPI.COMM_WORLD.Get_size(), os.environ)
    if MPI.COMM_WORLD.Get_size() > 1:
        os.environ[RANK_VARIABLE] = f"{os.getpid()} {_told(os.environ)}"
    return MPI.COMM_WORLD.Dup()


def library_version() -> str:
    """Return name and version of the MPI library, which must have been started."""
    from mpi4py import MPI

    return MPI.Get_library_version().partition("\n")[0].partition(",")[0].rstrip("\0 ")


def leave_job_of_parent() -> None:
    """Forget what a launcher told the rank that started this process, if one did.

    Else MPI would take this process for that rank. It is a simulation of one rank; a process that
    a launcher has started is left alone, also where that launcher was started by a rank.
    """
    pid, _, told = os.environ.get(RANK_VARIABLE, "").partition(" ")
    if not pid or pid == str(os.getpid()):
        return
    if told == _told(os.environ):
        kept = rank_environment(os.environ)
        for name in [name for name in os.environ if name not in kept]:
            del os.environ[name]
    else:
        del os.environ[RANK_VARIABLE]


def _told(environ: Mapping[str, str]) -> str:
    """Return a checksum of how a launcher has named this process."""
    told = [environ.get(name) for name in IDENTITY_VARIABLES]
    return blake2b(repr(told).encode(), digest_size=8).hexdigest()


def check_launch(n_ranks: int, environ: Mapping[str, str]) -> None:
    """Refuse to run as N separate simulations where a launcher meant one of N ranks.

    Parameters
    ----------
    n_ranks : int
        Size of the communicator that came up.
    environ : mapping of str to str
        The environment of this process.

    Raises
    ------
    LauncherError
        If the launcher started more ranks than the communicator has.

    Examples
    --------
    >>> check_launch(2, {"OMPI_COMM_WORLD_SIZE": "2"})
    >>> check_launch(1, {"SLURM_NTASKS": "64"})  # the body of a batch script
    """
    for name, n_claimed in claimed_ranks(environ):
        if n_claimed > n_ranks:
            raise LauncherError(
                f"the launcher started {n_claimed} ranks ({name}={environ[name]}), but the MPI "
                f"communicator has {n_ranks}: they would run as separate simulations. The "
                f"likely cause is a launcher of another MPI than the one that mpi4py loads"
                f"{_cause(name, environ)}; start the job with `distsim run -n {n_claimed} "
                f"script.py`, or with the mpiexec beside that MPI's library (`distsim info` shows "
                f"its path). A program that is to run alone inside a job needs {name} unset",
                n_claimed=n_claimed,
                n_ranks=n_ranks,
                variable=name,
            )


def is_node_named(environ: Mapping[str, str]) -> bool:
    """Tell whether the node of a task of srun has the name that Slurm has for it.

    Parameters
    ----------
    environ : mapping of str to str
        The environment of this process.

    Returns
    -------
    bool
        True where this is no such task.

    Examples
    --------
    >>> step = {"PMIX_NAMESPACE": "slurm.pmix.7.0", "SLURMD_NODENAME": "n1"}
    >>> is_node_named(step | {"PMIX_HOSTNAME": "n1.cluster"})
    True
    >>> is_node_named(step | {"PMIX_HOSTNAME": "login"})
    False
    """
    names = [environ.get(name, "") for name in ("PMIX_HOSTNAME", "SLURMD_NODENAME")]
    is_task = environ.get("PMIX_NAMESPACE", "").startswith("slurm.pmix.") and all(names)
    host, node = (name.partition(".")[0] for name in names)
    return not is_task or host == node


def _check_vendor(vendor: str, version: tuple[int, ...]) -> None:
    """Refuse an MPI that would abort, without a reason, where a node has two names.

    Open MPI from version 5 on asks PMIx which ranks share its node by the name that this gives
    itself, and Slurm has told PMIx by its own.
    """
    if vendor != "Open MPI" or version[0] < 5:
        return
    host, node = os.environ["PMIX_HOSTNAME"], os.environ["SLURMD_NODENAME"]
    n_tasks = os.environ.get("SLURM_STEP_NUM_TASKS", "N")
    raise LauncherError(
        f"this node is called '{host}', and '{node}' by Slurm: Open MPI {version[0]} started by "
        f"`srun --mpi=pmix` would abort without a reason from 3 ranks on a node on. Start the "
        f"ranks by `distsim run -n {n_tasks} script.py` in the batch script, without srun, or use "
        "the cluster's own MPI",
        host=host,
        node=node,
    )


def claimed_ranks(environ: Mapping[str, str]) -> list[tuple[str, int]]:
    """List what launchers say in the environment about the number of ranks.

    Parameters
    ----------
    environ : mapping of str to str
        The environment of a process.

    Returns
    -------
    list of (str, int)
        Variable and number of ranks, the surest first; empty for a process started by hand.

    Notes
    -----
    Slurm's word counts only inside an srun step, and only where no MPI launcher spoke: a batch
    script has SLURM_NTASKS and is one process, and the ranks of an mpiexec on other nodes stand
    in a step that counts Slurm's helper processes.
    """
    claims = [(name, _number(environ[name])) for name in LAUNCHER_VARIABLES if name in environ]
    if not claims and "SLURM_STEP_ID" in environ and "SLURM_STEP_NUM_TASKS" in environ:
        claims = [("SLURM_STEP_NUM_TASKS", _number(environ["SLURM_STEP_NUM_TASKS"]))]
    return [(name, n_claimed) for name, n_claimed in claims if n_claimed > 0]


def rank_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what a launcher told this process as one of its ranks.

    Parameters
    ----------
    environ : mapping of str to str
        The environment of this process.

    Returns
    -------
    dict of str to str
        The same, unless this process is a rank of a job, or the child of one.

    Examples
    --------
    >>> rank_environment({"OMPI_MCA_btl": "self,sm"})  # the user's own setting
    {'OMPI_MCA_btl': 'self,sm'}
    >>> rank_environment({"OMPI_COMM_WORLD_SIZE": "1", "OMPI_MCA_ess": "pmi", "HOME": "/root"})
    {'HOME': '/root'}
    """
    # Open MPI 4 leaves such traces even in the environment of a process that was started by hand
    if not claimed_ranks(environ) and "PMIX_NAMESPACE" not in environ:
        return dict(environ)
    return {name: text for name, text in environ.items() if not name.startswith(RANK_PREFIXES)}


def _no_mpi(reason: str) -> LauncherError:
    return LauncherError(
        f"no MPI library can be loaded ({' '.join(reason.split())}); `pip install 'distsim[mpi]'` "
        f"brings one, or load your cluster's MPI module",
        reason=reason,
    )


def _cause(name: str, environ: Mapping[str, str]) -> str:
    if "SLURM_STEP_ID" in environ and name in ("SLURM_STEP_NUM_TASKS", "PMI_SIZE"):
        return ", or srun without `--mpi=pmix` (`srun --mpi=list` shows what it has)"
    return ""


def _number(text: str) -> int:
    """Return the number that a launcher's variable holds, 0 if it holds none."""
    return int(text) if text.isdecimal() else 0
