"""NEURON itself: found, joined to the MPI that runs, and given its mechanisms."""

import contextlib
import ctypes
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from distsim.comm.agreement import first_on_each_node, together
from distsim.engines.neuron.mechanisms import compiled_mechanisms
from distsim.errors import EngineError

__all__ = ["import_neuron"]

# NEURON's name for where its library of MPI is
LIBRARY_VARIABLE = "MPI_LIB_NRN_PATH"
# and for where CoreNEURON's mechanisms are
CORENEURON_VARIABLE = "CORENEURONLIB"
# of Open MPI, MPICH, Intel MPI and Cray MPICH
LIBRARY_NAME = re.compile(r"/libmpi(ch|_cray\w*)?\.(so|\d)")


def import_neuron(comm: Any, coreneuron: bool = False) -> Any:
    """Return NEURON's interpreter, with MPI and mechanisms; every rank must call it.

    Parameters
    ----------
    comm : communicator
    coreneuron : bool
        Whether CoreNEURON has to have the mechanisms, too.

    Raises
    ------
    EngineError
        On every rank, if NEURON or CoreNEURON is not installed, it does not see all ranks, or its
        mechanisms cannot be compiled or loaded.
    """
    with together(comm):
        neuron = _import()
    if comm.Get_size() > 1:
        with together(comm):
            _join_ranks(neuron, comm)
    if coreneuron:
        with together(comm):
            _check_coreneuron(neuron)
    if coreneuron or not hasattr(neuron.h, "SpikeRelay"):
        (folder,) = first_on_each_node(
            comm, lambda: compiled_mechanisms(neuron.__version__, coreneuron=coreneuron)
        )
        with together(comm):
            _load(neuron, folder, coreneuron)
    return neuron.h


def _import() -> Any:
    """Import NEURON, and let it find the MPI that runs already."""
    library = _mpi_library()
    if library is not None:
        # NEURON takes what it sees in the process, and only else looks for a library
        ctypes.CDLL(str(library), ctypes.RTLD_GLOBAL)
        os.environ.setdefault(LIBRARY_VARIABLE, str(library))
    # else it looks for a display, and says on stderr that there is none
    os.environ.setdefault("NEURON_MODULE_OPTIONS", "-nogui")
    try:
        with _stdout_on_stderr():
            import neuron
    except ImportError as error:
        raise EngineError(
            f"engine 'neuron' needs NEURON, which cannot be imported ({error}); "
            "`pip install 'distsim[neuron]'`"
        ) from error
    return neuron


def _mpi_library() -> Path | None:
    """Return the MPI library that this process has loaded, or the one beside this Python."""
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        lines = []
    loaded = [line.split(maxsplit=5)[-1] for line in lines if LIBRARY_NAME.search(line)]
    beside = [Path(sys.prefix, "lib", name) for name in ("libmpi.so.40", "libmpi.dylib")]
    paths = [Path(path) for path in loaded] + beside
    return next((path for path in paths if path.is_file()), None)


@contextlib.contextmanager
def _stdout_on_stderr() -> Iterator[None]:
    """Send to stderr what a library in C writes to stdout, as NEURON does when it starts."""
    flush = ctypes.CDLL(None).fflush
    sys.stdout.flush()
    flush(None)
    stdout = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        flush(None)
        os.dup2(stdout, 1)
        os.close(stdout)


def _join_ranks(neuron: Any, comm: Any) -> None:
    """Let NEURON take part in MPI, which runs already."""
    with _stdout_on_stderr():
        neuron.h.nrnmpi_init()
    n_hosts, n_ranks = int(neuron.h.ParallelContext().nhost()), comm.Get_size()
    if n_hosts != n_ranks:
        raise EngineError(
            f"there are {n_ranks} ranks, but NEURON sees {n_hosts}: they would run as separate "
            f"simulations. It did not find the MPI that mpi4py has loaded; let {LIBRARY_VARIABLE} "
            f"(now '{os.environ.get(LIBRARY_VARIABLE, '')}') be the path of that library, which "
            "`distsim info` shows, or unset it; a NEURON built without MPI runs on one rank only"
        )


def _check_coreneuron(neuron: Any) -> None:
    """Raise if this NEURON has no CoreNEURON."""
    if not neuron.config.arguments.get("NRN_ENABLE_CORENEURON", False):
        raise EngineError(
            f"coreneuron=True: this NEURON ({neuron.__version__}) was built without CoreNEURON; "
            "leave the option out, or `pip install 'distsim[neuron]'`, whose NEURON has it"
        )


def _load(neuron: Any, folder: Path, coreneuron: bool) -> None:
    """Load compiled mechanisms, and tell CoreNEURON where its own are."""
    if coreneuron:
        library = next(folder.glob("*/libcorenrnmech.*"), None)
        if library is None:
            raise EngineError(f"CoreNEURON finds no mechanisms in {folder}; delete that folder")
        os.environ[CORENEURON_VARIABLE] = str(library)
    if hasattr(neuron.h, "SpikeRelay"):
        return
    if hasattr(neuron.h, "ResetRefrac"):
        raise EngineError(
            "NEURON has loaded PyNN's mechanisms already, from the present folder or by "
            "`import pyNN.neuron`; start distsim elsewhere, or without that import"
        )
    if not neuron.load_mechanisms(str(folder)):
        raise EngineError(f"NEURON finds no mechanisms in {folder}; delete that folder")
