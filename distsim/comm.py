"""The communicator handed around: launcher checks, failing together, rank-aware log."""

import functools
import logging
import os
import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from distsim.errors import DistsimError, LauncherError
from distsim.user_folders import with_home

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = [
    "agree",
    "check_launch",
    "claimed_ranks",
    "configure_log",
    "first_on_each_node",
    "gather",
    "leave_job_of_parent",
    "rank_environment",
    "world",
]

T = TypeVar("T")

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

# what one call of `gather` to MPI moves at most
GATHER_BYTES = 2**30


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
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise _no_mpi(str(error)) from error
    check_launch(MPI.COMM_WORLD.Get_size(), os.environ)
    if MPI.COMM_WORLD.Get_size() > 1:
        os.environ[RANK_VARIABLE] = f"{os.getpid()} {_told(os.environ)}"
    return MPI.COMM_WORLD.Dup()


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
                f"{_cause(name)}; start the job with `distsim run -n {n_claimed} script.py`, or "
                f"with the mpiexec beside that MPI's library (`distsim info` shows its path). A "
                f"program that is to run alone inside a job needs {name} unset",
                n_claimed=n_claimed,
                n_ranks=n_ranks,
                variable=name,
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


def agree(comm: "MPI.Intracomm", error: Exception | None) -> None:
    """Raise on every rank the error of the lowest rank that has one.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm
        The ranks that must agree.
    error : Exception or None
        What went wrong on this rank, if anything did.

    Raises
    ------
    Exception
        Of the class of the lowest failing rank's error, with its text behind ``on rank 2:``;
        without that prefix where all ranks failed.

    Notes
    -----
    Collective: every rank must call it. One reduction of two integers where nothing failed.
    """
    from mpi4py import MPI

    n_ranks = comm.Get_size()
    # the lowest rank that failed, and minus the highest that did not
    extremes = np.array([n_ranks, -comm.Get_rank()], dtype=np.int64)
    if error is not None:
        extremes[:] = comm.Get_rank(), 1
    comm.Allreduce(MPI.IN_PLACE, extremes, op=MPI.MIN)
    lowest = int(extremes[0])
    if lowest == n_ranks:
        return
    portable = _portable(error) if error is not None else None
    kind, text, values = comm.bcast(portable, root=lowest)
    # 1 is left only where no rank was without an error
    if extremes[1] < 1:
        text = f"on rank {lowest}: {text}"
    # all failed alike
    if error is not None and portable is not None and portable[:2] == (kind, text):
        raise error
    raise _rebuilt(kind, text, values) from error


@contextmanager
def together(comm: "MPI.Intracomm") -> Iterator[None]:
    """Raise an error of any rank on every rank; every rank must enter and leave."""
    failure: Exception | None = None
    try:
        yield
    except Exception as error:  # agreed on, then raised on each rank
        failure = error
    agree(comm, failure)


def gather(comm: "MPI.Intracomm", array: NDArray[Any], root: int | None = None) -> NDArray[Any]:
    """Return an array joined over all ranks, in rank order; every rank must call it.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm
    array : ndarray
        Of any numeric type, which must be the same on all ranks. It is joined along its first
        axis; the other axes must be the same on all ranks.
    root : int, optional
        The only rank that is given the joined array; default: every rank is.

    Returns
    -------
    ndarray
        The joined array; on the other ranks, and where there is only one, the array itself.
    """
    mine = np.ascontiguousarray(array)
    counts = np.empty(comm.Get_size(), np.int64)
    if counts.size == 1:
        return mine
    comm.Allgather(np.array([mine.shape[0]], np.int64), counts)
    # as bytes, so that every type can be sent, bool and uint64 too
    ends = np.cumsum(counts) * int(np.prod(mine.shape[1:])) * mine.itemsize
    rank = comm.Get_rank()
    if root is not None and rank != root:
        joined, receive = mine, None
    else:
        joined = np.empty((int(counts.sum()), *mine.shape[1:]), mine.dtype)
        receive = _bytes(joined)
    send, begins = _bytes(mine), ends - np.diff(ends, prepend=0)
    # a call of MPI takes less than 2 GiB, counted from the beginning of what it receives
    for first in range(0, int(ends[-1]), GATHER_BYTES):
        low, high = (
            np.clip(bounds, first, first + GATHER_BYTES) - first for bounds in (begins, ends)
        )
        piece = send[slice(*(np.array([low[rank], high[rank]]) + first - begins[rank]))]
        window = None if receive is None else receive[first : first + GATHER_BYTES]
        target = None if window is None else (window, high - low)
        if root is None:
            comm.Allgatherv(piece, target)
        else:
            comm.Gatherv(piece, target, root)
    return joined


def _bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    return array.reshape(-1).view(np.uint8)


def first_on_each_node(comm: "MPI.Intracomm", function: Callable[[], T]) -> T:
    """Call a function on the first rank of each node, then on the others.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm
        All ranks.
    function : callable without arguments
        What the others find done: compiled kernels in the cache, a file in a local folder.

    Returns
    -------
    object
        What `function` returned on this rank.

    Raises
    ------
    Exception
        The error of `function` on the lowest rank where it failed, on every rank.

    Notes
    -----
    Collective: every rank must call it.
    """
    from mpi4py import MPI

    node = comm.Split_type(MPI.COMM_TYPE_SHARED)
    is_first = node.Get_rank() == 0
    node.Free()
    results = []
    for turn_of_first in (True, False):
        error = None
        if is_first == turn_of_first:
            try:
                results.append(function())
            except Exception as caught:
                error = caught
        # agreeing is the barrier, too
        agree(comm, error)
    return results[0]


def configure_log(rank: int, level: int | str = logging.INFO) -> None:
    """Write the log to stderr, with the rank in each line.

    Parameters
    ----------
    rank : int
        Rank of this process.
    level : int or str
        Lowest level that rank 0 writes; the others write warnings and errors only.

    Notes
    -----
    Called again, it replaces its handler.

    Examples
    --------
    >>> configure_log(0)
    >>> configure_log(0, "WARNING")
    >>> sum(handler.get_name() == "distsim" for handler in logging.getLogger("distsim").handlers)
    1
    """
    logger = logging.getLogger("distsim")
    for old in [handler for handler in logger.handlers if handler.get_name() == "distsim"]:
        logger.removeHandler(old)
    handler = logging.StreamHandler()
    handler.set_name("distsim")
    handler.setFormatter(logging.Formatter(f"[rank {rank}] %(levelname)s %(name)s: %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(level)
    if rank > 0:
        logger.setLevel(max(logger.level, logging.WARNING))


def _no_mpi(reason: str) -> LauncherError:
    return LauncherError(
        f"no MPI library can be loaded ({' '.join(reason.split())}); `pip install 'distsim[mpi]'` "
        f"brings one, or load your cluster's MPI module",
        reason=reason,
    )


def _cause(name: str) -> str:
    if name == "SLURM_STEP_NUM_TASKS":
        return ", or srun without `--mpi=pmix` (`srun --mpi=list` shows what it has)"
    return ""


def _number(text: str) -> int:
    """Return the number that a launcher's variable holds, 0 if it holds none."""
    return int(text) if text.isdecimal() else 0


def _portable(error: Exception) -> tuple[type[Exception], str, dict[str, object]]:
    """Return class, text and attributes of an error, as far as they can be sent."""
    kind, text, values = type(error), str(error), dict(vars(error))
    try:
        pickle.loads(pickle.dumps((kind, values)))
    except Exception:
        return DistsimError, f"{kind.__name__}: {text}", {}
    return kind, text, values


def _rebuilt(kind: type[Exception], text: str, values: dict[str, object]) -> Exception:
    """Return an error of this class, or a DistsimError if the class wants more than a text."""
    try:
        error = kind(text)
    except TypeError:
        return DistsimError(f"{kind.__name__}: {text}")
    vars(error).update(values)
    return error
