"""What every run of a comparison is asked, and the row that it prints."""

import argparse
import json
import resource
from collections.abc import Sequence
from importlib.metadata import version

import numpy as np

PACKAGES = {
    "distsim": "distsim",
    "NEST": "nest-simulator",
    "NEURON": "neuron",
    "Brian 2": "brian2",
}


def parser(description: str, scale: float = 1.0, has_threads: bool = False):
    """Return a parser of the options that all runs have."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--scale", type=float, default=scale)
    options.add_argument("--warm-up", type=float, default=100.0, help="[ms], discarded")
    options.add_argument("--duration", type=float, default=1000.0, help="[ms], measured")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--spikes", help="where to keep the measured spikes (.npz)")
    if has_threads:
        options.add_argument("--threads", type=int, default=2)
    return options


def plastic_parser(description: str, has_threads: bool = False):
    """Return a parser of the options of networks that can be plastic."""
    options = parser(description, has_threads=has_threads)
    options.add_argument("--plastic", action="store_true")
    return options


def peak_memory() -> float:
    """Return the peak of this process's resident memory [MB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def by_population(senders, times, sizes, warm_up):
    """Split spikes of cells numbered through all populations, and drop the beginning.

    Parameters
    ----------
    senders : ndarray of int, shape (n_spikes,)
        From 0.
    times : ndarray of float, shape (n_spikes,)
        [ms]
    sizes : sequence of int
    warm_up : float
        What is not later than this is dropped [ms].

    Returns
    -------
    list of (ndarray of int, ndarray of float)
        Senders and times of each population.
    """
    senders, times = senders[times > warm_up], times[times > warm_up]
    populations = np.searchsorted(np.cumsum(sizes), senders, side="right")
    return [(senders[populations == k], times[populations == k]) for k in range(len(sizes))]


def mean_cv(senders, times) -> float | None:
    """Return the mean over cells of the coefficient of variation of their interspike intervals.

    Cells with fewer than three spikes do not count: one interval has no variation. With few
    intervals the coefficient is too small, but it is so for all simulators alike.

    Parameters
    ----------
    senders : ndarray of int, shape (n_spikes,)
    times : ndarray of float, shape (n_spikes,)
        In any order.

    Returns
    -------
    float or None
        None if no cell has three spikes.

    Examples
    --------
    >>> mean_cv(np.array([7, 5, 5, 5, 7]), np.array([1.0, 1.0, 2.0, 5.0, 9.0]))
    0.5
    """
    order = np.lexsort((times, senders))
    senders, times = senders[order], times[order]
    is_interval = senders[1:] == senders[:-1]
    intervals = np.diff(times)[is_interval]
    _, cells, counts = np.unique(senders[1:][is_interval], return_inverse=True, return_counts=True)
    means = np.bincount(cells, intervals) / counts
    variances = np.bincount(cells, (intervals - means[cells]) ** 2) / counts
    cvs = (np.sqrt(variances) / means)[counts >= 2]
    return float(cvs.mean()) if cvs.size else None


def print_row(simulator: str, options, network, spikes: Sequence, **measured):
    """Print one JSON row.

    Parameters
    ----------
    simulator : str
        One of `PACKAGES`.
    options : argparse.Namespace
        Of `parser`.
    network
        Its `sizes` are the cells of each population, its `outdegrees` the recurrent synapses that
        each of them has by expectation.
    spikes : sequence of (ndarray of int, ndarray of float)
        Senders and times [ms] of each population's spikes within the measured time.
    **measured
        ``run_s`` is the wall-clock time of the measured time [s], ``synapses`` the number of
        recurrent synapses; all the rest goes into the row.
    """
    counts = np.array([times.size for _, times in spikes])
    rates = counts / network.sizes / options.duration * 1000.0
    cvs = [mean_cv(*train) for train in spikes]
    run_s, synapses = measured.pop("run_s"), measured.pop("synapses")
    events = counts @ network.outdegrees * synapses / (network.sizes @ network.outdegrees)
    row = {
        "simulator": f"{simulator} {version(PACKAGES[simulator])}",
        "scale": options.scale,
        "seed": options.seed,
        "cells": int(network.sizes.sum()),
        "synapses": synapses,
        "warm_up_ms": options.warm_up,
        "duration_ms": options.duration,
        "real_time_factor": round(run_s / options.duration * 1000.0, 4),
        **{name: _rounded(value) for name, value in measured.items()},
        "events_per_s": round(float(events) / run_s),
        "rates_hz": [round(float(rate), 3) for rate in rates],
        "cv_isi": [cv if cv is None else round(cv, 4) for cv in cvs],
    }
    if options.spikes:
        arrays = {f"senders{k}": senders for k, (senders, _) in enumerate(spikes)}
        arrays |= {f"times{k}": times for k, (_, times) in enumerate(spikes)}
        np.savez(options.spikes, **arrays)
    print(json.dumps(row))


def _rounded(value):
    """Round seconds to hundredths and megabytes to whole ones alike."""
    if isinstance(value, list):
        return [_rounded(element) for element in value]
    return round(value, 2) if isinstance(value, float) else value
