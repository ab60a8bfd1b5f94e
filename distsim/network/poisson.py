"""Poisson sources: spikes drawn anew on each rank that needs them, never sent."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from distsim.errors import ParameterError
from distsim.kernels.arrays import PoissonSources, PoissonTables, SpikeLog
from distsim.kernels.poisson import log_poisson
from distsim.network.blocks import SourceBlock
from distsim.partitioning.streams import Stream

__all__ = ["PoissonBlock", "build_tables", "draw_spikes", "is_source", "steps_of"]

Integers = NDArray[np.int64]
FOREVER = 2**62
LOG_SIZE = 2**16


class PoissonBlock(SourceBlock):
    """The local cells of a population of SpikeSourcePoisson.

    Attributes
    ----------
    parameters : dict
        `rate` [Hz], `start`, `duration` [ms].
    """

    def check(self) -> None:
        """Raise if a parameter has a value that it cannot take.

        Raises
        ------
        ParameterError
            If a rate or duration is negative, or a value is not a number.
        """
        for name, values in self.parameters.items():
            wrong = np.isnan(values) if name == "start" else ~(values >= 0)
            if name == "rate":
                wrong |= ~np.isfinite(values)
            if wrong.any():
                value = float(values[np.argmax(wrong)])
                allowed = "a number" if name == "start" else "0 or above"
                raise ParameterError(
                    f"{name} = {value:g} of SpikeSourcePoisson must be {allowed}",
                    name=name,
                    value=value,
                )

    def values(self) -> NDArray[np.float64]:
        """Return rate, start and duration of each cell, shape (n_local, 3)."""
        return np.column_stack([self.parameters[name] for name in ("rate", "start", "duration")])

    def record_between(self, first: int, last: int, stream: Stream, dt: float) -> None:
        """Record the spikes of the steps ``first <= step <= last``."""
        if not self.spikes.is_on:
            return
        recorded = self.spikes.recorded
        tables, sources = build_tables(self.gids[recorded], self.values()[recorded], dt)
        for keys in draw_spikes(first, last, stream, tables, sources):
            self.spikes.append(keys)


def draw_spikes(
    first: int, last: int, stream: Stream, tables: PoissonTables, sources: PoissonSources
) -> Iterator[Integers]:
    """Yield the spikes of Poisson sources in the steps ``first <= step <= last``, in pieces.

    Parameters
    ----------
    first, last : int
    stream : Stream
    tables : PoissonTables
    sources : PoissonSources

    Yields
    ------
    ndarray of int64
        ``step << 32 | gid``, valid until the next piece; a source with several spikes in a step is
        there as often.
    """
    log = SpikeLog(np.zeros(LOG_SIZE, np.int64), np.zeros(1, np.int64))
    position, is_done = np.array([first, 0], np.int64), False
    while not is_done:
        is_done = log_poisson(position, last, stream, sources, tables, log)
        yield log.keys[: log.filled[0]]
        log.filled[0] = 0


def build_tables(
    gids: Integers, values: NDArray[np.float64], dt: float
) -> tuple[PoissonTables, PoissonSources]:
    """Return the inverse distribution functions of some sources, and the sources without rows.

    Parameters
    ----------
    gids : ndarray of int64, shape (n,), ascending
    values : ndarray of float64, shape (n, 3)
        rate [Hz], start and duration [ms] of each.
    dt : float
        [ms]
    """
    means, table = np.unique(values[:, 0] * dt / 1000.0, return_inverse=True)
    cdfs = [_cdf(mean) for mean in means]
    start = np.concatenate([[0], np.cumsum([cdf.size for cdf in cdfs])]).astype(np.int64)
    tables = PoissonTables(np.concatenate([np.zeros(0, np.uint32), *cdfs]), start)
    begin = steps_of(values[:, 1], dt)
    none = np.zeros(gids.size, np.int64)
    end = steps_of(values[:, 1] + values[:, 2], dt)
    return tables, PoissonSources(gids, table.ravel().astype(np.int64), begin, end, none, none)


def _cdf(mean: float) -> NDArray[np.uint32]:
    """Return P(count <= k) times 2**32 for all k that a 32-bit word can tell apart."""
    # takes long to be loaded
    from scipy.special import pdtr

    k = np.arange(int(mean + 9.0 * np.sqrt(mean)) + 30)
    scaled = np.floor(pdtr(k, mean) * 2.0**32) if mean > 0 else np.full(1, 2.0**32)
    return scaled[scaled < 2.0**32].astype(np.uint32)


def steps_of(times: NDArray[np.float64], dt: float) -> Integers:
    """Return the steps nearest to some times [ms], as far as there can be steps."""
    return np.rint(np.clip(times / dt, -1.0, float(FOREVER))).astype(np.int64)


def is_source(gids: Integers, blocks: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """Return which gids lie in one of the ranges ``first <= gid < end``."""
    inside = np.zeros(gids.size, np.bool_)
    for first, end in blocks:
        inside |= (gids >= first) & (gids < end)
    return inside
