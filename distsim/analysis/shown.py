"""What of recordings is drawn: some cells of many, rates in bins, the outline of long traces."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distsim.io.recordings import PopulationData, SegmentData, SignalData, SpikeData

__all__ = ["Raster", "course_of_rate", "drawable", "outline", "raster", "spread", "unit_of"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

N_BINS = 150


class Raster(NamedTuple):
    """The spikes of some cells.

    Attributes
    ----------
    cells : ndarray of int64, shape (n_rows,)
        Index in the population of the cell in each row.
    times : ndarray of float64, shape (n_spikes,)
        [ms]
    rows : ndarray of int64, shape (n_spikes,)
    about : str
        Says how many cells of how many there are, and whether there are no spikes at all.
    """

    cells: Integers
    times: Floats
    rows: Integers
    about: str


def drawable(segment: SegmentData) -> list[PopulationData]:
    """Return of each population what is not empty, if there is something."""
    found = []
    for info, spikes, signals in segment.populations:
        some = spikes if spikes is not None and spikes.node_ids.size else None
        sampled = [signal for signal in signals if all(signal.data.shape)]
        if some is not None or sampled:
            found.append(PopulationData(info, some, sampled))
    return found


def raster(spikes: SpikeData, max_cells: int, max_spikes: int) -> Raster:
    """Return the spikes of all cells, or of some in equal distances where there are too many."""
    n_cells = n_shown = spikes.node_ids.size
    if n_cells > max_cells or spikes.times.size > max_spikes:
        share = min(1.0, max_spikes / max(spikes.times.size, 1))
        n_shown = max(1, min(max_cells, int(n_cells * share)))
    cells = spikes.node_ids[spread(n_cells, n_shown)]
    places = np.flatnonzero(np.isin(spikes.senders, cells))
    # some cells may spike far more than others do
    places = places[spread(places.size, min(places.size, max_spikes))]
    few = f"{n_shown:,}" if n_shown == n_cells else f"{n_shown:,} of {n_cells:,}"
    rows = np.searchsorted(cells, spikes.senders[places])
    silent = ", no spikes" if not spikes.times.size else ""
    return Raster(cells, spikes.times[places], rows, f"{few} cells{silent}")


def course_of_rate(spikes: SpikeData, segment: SegmentData, dt: float) -> tuple[Floats, Floats]:
    """Return the edges of bins [ms], and the mean rate of the recorded cells in each [Hz].

    Bins are of whole steps, with the times of spikes in their middles: each has as many of them.
    """
    n_steps = max(1, round((segment.t_stop - segment.t_start) / dt))
    per_bin = max(1, round(n_steps / N_BINS))
    edges = segment.t_start + dt * (0.5 + per_bin * np.arange(-(-n_steps // per_bin) + 1))
    # the last one may have fewer steps
    edges[-1] = segment.t_start + dt * (0.5 + n_steps)
    counts, _ = np.histogram(spikes.times, edges)
    per_cell = counts / max(spikes.node_ids.size, 1)
    rates: Floats = np.divide(1000.0 * per_cell, np.diff(edges), dtype=np.float64)
    return np.asarray(edges, np.float64), rates


def outline(values: Floats, max_samples: int) -> Integers:
    """Return which samples are drawn: all, or the least and largest of each stretch.

    Parameters
    ----------
    values : ndarray of float64, shape (n_samples,)
    max_samples : int

    Examples
    --------
    >>> outline(np.array([0.0, 9.0, 1.0, 2.0, -9.0, 0.0, 1.0, 1.0]), 4).tolist()
    [0, 1, 4, 6]
    """
    length = -(-2 * values.size // max_samples)
    if length <= 2:
        return np.arange(values.size)
    starts = np.arange(0, values.size, length)
    padded = np.pad(values, (0, starts.size * length - values.size), constant_values=np.nan)
    stretches = padded.reshape(-1, length)
    # a stretch of a cell that was not recorded yet has no least value
    low = np.where(np.isnan(stretches), np.inf, stretches).argmin(axis=1)
    high = np.where(np.isnan(stretches), -np.inf, stretches).argmax(axis=1)
    return np.unique(np.concatenate([starts + low, starts + high]))


def spread(n: int, n_chosen: int) -> Integers:
    """Return some of n places, in equal distances.

    Examples
    --------
    >>> spread(10, 3).tolist(), spread(2, 2).tolist()
    ([0, 4, 9], [0, 1])
    """
    return np.rint(np.linspace(0, max(n - 1, 0), n_chosen)).astype(np.int64)


def unit_of(signal: SignalData) -> str:
    """Return the unit of a signal for the label of an axis, with a space before it."""
    return "" if signal.units in ("unknown", "dimensionless") else f" ({signal.units})"
