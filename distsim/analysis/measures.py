"""Measures of the spikes of a population."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.io.recordings import SpikeData

__all__ = ["Intervals", "counts", "intervals", "mean_cv", "mean_rate"]

# a coefficient of variation is taken of cells with so many intervals or more
MIN_INTERVALS = 3


class Intervals(NamedTuple):
    """Intervals between spikes of the same cell.

    Attributes
    ----------
    cells : ndarray of int64, shape (n,)
        Place of the cell among those recorded, ascending.
    lengths : ndarray of float64, shape (n,)
        [ms]
    """

    cells: NDArray[np.int64]
    lengths: NDArray[np.float64]


def counts(spikes: SpikeData) -> NDArray[np.int64]:
    """Return the number of spikes of each recorded cell, shape (n_recorded,)."""
    places = np.searchsorted(spikes.node_ids, spikes.senders)
    return np.bincount(places, minlength=spikes.node_ids.size)


def intervals(spikes: SpikeData) -> Intervals:
    """Return the intervals between spikes of all recorded cells."""
    places = np.searchsorted(spikes.node_ids, spikes.senders)
    order = np.lexsort((spikes.times, places))
    cells, times = places[order], spikes.times[order]
    is_same = cells[1:] == cells[:-1]
    return Intervals(cells[1:][is_same], np.diff(times)[is_same])


def mean_rate(spikes: SpikeData, t_start: float, t_stop: float) -> float:
    """Return the mean rate of the recorded cells, each since its recording began [Hz].

    nan where nothing was recorded, or no time has passed.
    """
    begin = np.full(spikes.node_ids.size, t_start) if spikes.since is None else spikes.since
    durations = t_stop - begin
    if not durations.size or not (durations > 0).all():
        return float("nan")
    return float(np.mean(counts(spikes) / durations) * 1000.0)


def mean_cv(spikes: SpikeData) -> float:
    """Return the mean coefficient of variation of the intervals of cells with three or more.

    nan where there is no such cell.
    """
    cells, lengths = intervals(spikes)
    n = np.bincount(cells, minlength=1)
    many = n >= MIN_INTERVALS
    if not many.any():
        return float("nan")
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(cells, lengths, n.size) / n
        deviation = np.bincount(cells, (lengths - mean[cells]) ** 2, n.size) / n
        return float(np.mean(np.sqrt(deviation[many]) / mean[many]))
