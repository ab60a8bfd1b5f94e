"""How a run came about, for the files that are written of it: what each rank did, and with what."""

import os
import platform
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.allocation import job_number
from distsim.comm.world import library_version
from distsim.io.recordings import Provenance
from distsim.pynn.gather import Audience, gather_arrays
from distsim.pynn.simulator import state

__all__ = ["Known", "cell_parameters", "collected", "known_here", "timed", "version_of"]

PACKAGES = ("numpy", "numba", "neo", "h5py", "mpi4py")
# of what an engine counts as 'build' and 'run', these are parts
PHASES = ("build", "compile", "run", "exchange")
# what no engine has a part in
OWN_PHASES = ("gather", "write")


@contextmanager
def timed(phase: str) -> Iterator[None]:
    """Count the time spent within as a phase of the present run."""
    begun = time.perf_counter()
    try:
        yield
    finally:
        seconds = state.simulation.seconds
        seconds[phase] = seconds.get(phase, 0.0) + time.perf_counter() - begun


class Known(NamedTuple):
    """What one rank knows of a run.

    Attributes
    ----------
    facts : dict
        The same on all ranks.
    account : dict of str to float
        What this rank did, by name and unit.
    """

    facts: dict[str, Any]
    account: dict[str, float]


def known_here() -> Known:
    """Return what this rank knows of the present run."""
    return Known(_facts(), _account())


def collected(mine: Known, audience: Audience) -> Provenance:
    """Return how a run came about; with an audience of several ranks, each must call it.

    Parameters
    ----------
    mine : Known
        Of this rank.
    audience : Audience
        Who is given the accounts of all ranks.
    """
    facts, account = mine
    (table,) = gather_arrays(np.array([list(account.values())]), audience=audience)
    return Provenance(facts, dict(zip(account, table.T, strict=True)))


def _account() -> dict[str, float]:
    simulation = state.simulation
    # of getrusage
    unit = 1 if sys.platform == "darwin" else 1024
    # of spikes; other engines do not tell
    traffic = getattr(getattr(simulation, "exchange", None), "traffic", None)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    counted = {
        "cells": sum(population.local_size for population in state.populations),
        "synapses": simulation.n_synapses,
        "spikes": simulation.counters["spikes"],
        "events": simulation.counters["events"],
        "sent [MiB]": np.nan if traffic is None else traffic.n_bytes / 2**20,
        "peak memory [MiB]": memory / 2**20,
        "wall time [s]": time.perf_counter() - state.started,
    }
    # nan: a phase that the engine does not tell
    seconds = {**dict.fromkeys(PHASES, np.nan), **dict.fromkeys(OWN_PHASES, 0.0)}
    phases = {f"{name} [s]": simulation.seconds.get(name, each) for name, each in seconds.items()}
    return {name: float(value) for name, value in {**counted, **phases}.items()}


def _facts() -> dict[str, Any]:
    setup, partition = state.setup, state.setup.partition
    facts = {
        **state.script,
        "n_ranks": state.n_ranks,
        "partition": partition if isinstance(partition, str) else _name_of(partition),
        "options": setup.engine_options,
        # of another simulator
        "engine_version": getattr(sys.modules.get(setup.engine), "__version__", None),
        "python_version": platform.python_version(),
        **{f"{package}_version": version_of(package) for package in PACKAGES},
        "mpi_library": library_version(),
        "slurm_job": job_number(os.environ) or None,
        "system": f"{platform.system()} {platform.machine()}",
    }
    return {name: value for name, value in facts.items() if value is not None}


def _name_of(function: Any) -> str:
    return f"function {getattr(function, '__qualname__', type(function).__qualname__)}"


@cache
def version_of(package: str) -> str | None:
    """Return the version of a package, None if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def cell_parameters(population: Any) -> dict[str, float | NDArray[np.float64]]:
    """Return parameters of all cells of a population, on rank 0; every rank must call it.

    One number where all cells have the same, else an array. Parameters that are lists, as spike
    times, are left out.
    """
    columns = {
        name: np.asarray(population.block_values(name), np.float64)
        for name, default in population.celltype.default_parameters.items()
        if isinstance(default, bool | int | float)
    }
    if not columns or not population.size:
        return {}
    names, mine = list(columns), np.column_stack(list(columns.values()))
    # smallest and largest of each rank that has cells
    ends = np.stack([mine.min(0), mine.max(0)]) if len(mine) else np.zeros((0, len(names)))
    (ends,) = gather_arrays(ends)
    are_alike = (ends == ends[0]).all(axis=0)
    result: dict[str, float | NDArray[np.float64]] = {
        names[k]: float(ends[0, k]) for k in np.flatnonzero(are_alike)
    }
    different = np.flatnonzero(~are_alike)
    nodes, values = gather_arrays(
        population.local_positions, mine[:, different], audience=Audience.FIRST
    )
    order = np.argsort(nodes)
    result |= {names[k]: values[order, j] for j, k in enumerate(different)}
    return {name: result[name] for name in names}
