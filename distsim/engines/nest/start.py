"""Import NEST, where it can run on these ranks, and ask what it was built with."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

from distsim.comm.world import rank_environment
from distsim.errors import EngineError

__all__ = ["import_nest", "nest_abilities"]

# run in a process of its own, since importing NEST starts it
PROBE = """
import json, nest
print()
print(json.dumps([nest.build_info[key] for key in ("have_mpi", "have_threads")]))
"""
# seconds until it is given up
PROBE_TIMEOUT = 20


def import_nest(comm: Any) -> Any:
    """Return PyNEST; every rank must call it.

    Raises
    ------
    EngineError
        If NEST is not installed, or has no MPI and there are several ranks.
    """
    if find_spec("nest") is None:
        raise EngineError(
            "engine 'nest' needs NEST, which is not installed; `pip install 'distsim[nest]'`"
        )
    n_ranks = comm.Get_size()
    # a NEST without MPI ends a process that a launcher has started
    has_mpi = n_ranks == 1 or comm.bcast(_has_mpi() if comm.Get_rank() == 0 else None)
    if not has_mpi:
        raise EngineError(
            f"there are {n_ranks} ranks, but this NEST was built without MPI, as the one that pip "
            "installs is. Run on one rank with setup(threads=...), or build NEST with MPI as "
            "docs/engines.md says"
        )
    flags = sys.getdlopenflags()
    try:
        import nest
    except ImportError as error:
        raise EngineError(
            f"engine 'nest' needs NEST, which is installed and cannot be imported ({error}); "
            "`pip install --force-reinstall 'distsim[nest]'`, or load what it was built with"
        ) from error
    finally:
        # NEST leaves all that is loaded later to share its symbols: PyTables then calls the HDF5
        # that MorphIO brings, of another version, and crashes
        sys.setdlopenflags(flags)

    n_processes = int(nest.num_processes)
    if n_processes != n_ranks:
        raise EngineError(
            f"NEST counts {n_processes} processes, and there are {n_ranks} ranks: it was built "
            "with another MPI than the one that mpi4py loads; build both with the same"
        )
    return nest


def _has_mpi() -> bool:
    try:
        return nest_abilities()[0]
    except EngineError:
        return False


def nest_abilities() -> tuple[bool, bool]:
    """Ask NEST, in a process of its own, whether it was built with MPI, and with threads.

    Raises
    ------
    EngineError
        If it cannot be imported.
    """
    try:
        probe = subprocess.run(
            [sys.executable, "-c", PROBE],
            capture_output=True,
            text=True,
            check=True,
            timeout=PROBE_TIMEOUT,
            stdin=subprocess.DEVNULL,
            env=rank_environment(os.environ),
        )
        has_mpi, has_threads = json.loads(probe.stdout.strip().splitlines()[-1])
    except (subprocess.SubprocessError, ValueError, IndexError) as error:
        raise EngineError(f"cannot be imported ({type(error).__name__})") from error
    return bool(has_mpi), bool(has_threads)
