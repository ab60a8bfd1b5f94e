"""Renewal sources: spikes drawn anew on each rank that needs them, never sent."""

from abc import abstractmethod
from collections.abc import Iterator
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from distsim.declared import declares
from distsim.errors import ParameterError
from distsim.kernels.arrays import RenewalSources, RenewalTables, SpikeLog
from distsim.kernels.renewal import begin_renewals, carry_over, find_next_spikes, log_renewals
from distsim.network.blocks import SourceBlock
from distsim.network.poisson import LOG_SIZE, steps_of
from distsim.partitioning.streams import Stream

__all__ = [
    "N_COLUMNS",
    "RenewalBlock",
    "draw_renewals",
    "fetched_sources",
    "no_renewals",
]

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
# columns of a piece of a process, as ranks tell each other: begin, scale, dead time in [ms]
TIME, SHAPE, SCALE, DEAD = range(4)
# of a source in one step, in the mean
MAX_SPIKES = 100_000.0
# columns of `RenewalBlock.rows`: two of the digest of the process, window, state
N_COLUMNS = 8


@declares(stored="sources step", remade="_processes")
class RenewalBlock(SourceBlock):
    """The local cells of a population of renewal sources: gamma processes with a dead time.

    Attributes
    ----------
    model : str
        PyNN's name of the cell type.
    sources : RenewalSources or None
        The cells, drawn up to `step`; None before the first `refresh`.
    step : int
    """

    model: str

    def __init__(self, first_gid: int, indices: Integers) -> None:
        super().__init__(first_gid, indices)
        self.sources: RenewalSources | None = None
        self.step = 0
        self._processes: list[Floats] = []

    # --- parameters ----------------------------------------------------------------------------

    def check(self, dt: float) -> None:
        """Raise if a parameter has a value that it cannot take.

        Parameters
        ----------
        dt : float
            [ms]

        Raises
        ------
        ParameterError
        """
        start, duration = self.parameters["start"], self.parameters["duration"]
        self.require("start", start, ~np.isnan(start), "a number", " ms")
        self.require("duration", duration, duration >= 0, "0 or above", " ms")
        self.check_process()
        for pieces in self.processes()[0]:
            mean = pieces[:, DEAD] + pieces[:, SHAPE] * pieces[:, SCALE]
            if (mean * MAX_SPIKES < dt).any():
                raise ParameterError(
                    f"a mean interval of {mean.min():g} ms of {self.model}; it must be at least "
                    f"{dt / MAX_SPIKES:g} ms, {MAX_SPIKES:g} spikes in a step of {dt:g} ms"
                )

    @abstractmethod
    def check_process(self) -> None:
        """Raise if a parameter of the process has a value that it cannot take."""

    @abstractmethod
    def processes(self) -> tuple[list[Floats], Integers]:
        """Return the different processes, and which of them each cell is.

        Returns
        -------
        list of ndarray of float64, shape (n_pieces, 4)
            Of each piece: when it begins [ms], shape, scale [ms], dead time [ms].
        ndarray of int64, shape (n_local,)
        """

    def require(
        self, name: str, values: Floats, is_good: NDArray[np.bool_], allowed: str, unit: str = ""
    ) -> None:
        """Raise if some value of a parameter is not good.

        Raises
        ------
        ParameterError
        """
        if not is_good.all():
            value = float(values[np.argmin(is_good)])
            raise ParameterError(
                f"{name} = {value:g}{unit} of {self.model} must be {allowed}",
                name=name,
                value=value,
            )

    # --- spikes --------------------------------------------------------------------------------

    def refresh(self, step: int, stream: Stream, dt: float) -> RenewalSources:
        """Take changed parameters, which hold after `step`, and return the sources then.

        All was drawn up to that step.

        The age since the last spike is kept. New processes begin in equilibrium.
        """
        self._processes, table = self.processes()
        begin = steps_of(self.parameters["start"], dt)
        end = steps_of(self.parameters["start"] + self.parameters["duration"], dt)
        new = _sources(stream, self._processes, dt, self.gids, table, begin, end)
        if self.sources is None:
            begin_renewals(step, new)
        else:
            carry_over(step, self.sources, new)
        self.sources, self.step = new, step
        self.is_changed = False
        return new

    def lay_in(self, step: int, stream: Stream, dt: float, rows: Floats) -> None:
        """Take sources that were drawn up to a step, with the present parameters.

        Parameters
        ----------
        step : int
        stream : Stream
        dt : float
            [ms]
        rows : ndarray of float64, shape (n_local, 4)
            As from `progress`.
        """
        self.check(dt)
        self.sources = None
        _take_progress(step, self.refresh(step, stream, dt), rows)

    def progress(self) -> Floats:
        """Return how far the cells are: interval, last spike, what is left of it, and since when.

        Returns
        -------
        ndarray of float64, shape (n_local, 4)
        """
        sources = self.sources
        if sources is None:
            return np.zeros((self.n_local, 4))
        columns = sources.interval.astype(np.float64), sources.last, sources.left, sources.since
        return np.column_stack(columns)

    def draw_until(self, last: int) -> Iterator[Integers]:
        """Draw up to the step `last`; yield the spikes in pieces, as `draw_renewals` does."""
        if self.sources is not None and last > self.step:
            yield from draw_renewals(self.step, last, self.sources)
        self.step = max(self.step, last)

    def restart(self) -> None:
        """Begin again at step 0."""
        self.sources, self.step = None, 0
        self.touch()

    # --- what other ranks want to know ---------------------------------------------------------

    def rows(self, gids: Integers) -> Floats:
        """Return what `fetched_sources` wants of some cells, one row each."""
        sources, positions = self.sources, np.searchsorted(self.gids, gids)
        if sources is None or not gids.size:
            return np.zeros((gids.size, N_COLUMNS))
        digests = np.array([_digest(pieces) for pieces in self._processes], np.float64)
        window = [column.astype(np.float64) for column in (sources.begin, sources.end)]
        rows = np.column_stack([*window, self.progress()])[positions]
        return np.column_stack([digests[sources.table[positions]], rows])

    def pieces(self, gids: Integers) -> list[Floats]:
        """Return the processes of some cells, as from `processes`."""
        if self.sources is None:
            return [np.zeros((0, 4))] * gids.size
        tables = self.sources.table[np.searchsorted(self.gids, gids)]
        return [self._processes[table] for table in tables]


def draw_renewals(first: int, last: int, sources: RenewalSources) -> Iterator[Integers]:
    """Yield the spikes of renewal sources in the steps ``first < step <= last``, in pieces.

    Parameters
    ----------
    first, last : int
        The sources were drawn up to `first`.
    sources : RenewalSources
        In place.

    Yields
    ------
    ndarray of int64
        ``step << 32 | gid``, valid until the next piece; a source with several spikes in a step is
        there as often.
    """
    log = SpikeLog(np.zeros(LOG_SIZE, np.int64), np.zeros(1, np.int64))
    position, is_done = np.array([first + 1], np.int64), not sources.gid.size
    while not is_done:
        is_done = log_renewals(position, last, sources, log)
        yield log.keys[: log.filled[0]]
        log.filled[0] = 0


def fetched_sources(
    gids: Integers,
    rows: Floats,
    processes: list[Floats],
    table: Integers,
    step: int,
    stream: Stream,
    dt: float,
) -> RenewalSources:
    """Return the sources that other ranks have told of.

    Parameters
    ----------
    gids : ndarray of int64, shape (n,), ascending
    rows : ndarray of float64, shape (n, N_COLUMNS)
        As from `RenewalBlock.rows`.
    processes : list of ndarray
    table : ndarray of int64, shape (n,)
        As from `RenewalBlock.processes`.
    step : int
        Up to which the sources were drawn.
    stream : Stream
    dt : float
        [ms]
    """
    begin, end = (rows[:, k].astype(np.int64) for k in (2, 3))
    sources = _sources(stream, processes, dt, gids, table, begin, end)
    _take_progress(step, sources, rows[:, 4:])
    return sources


def _take_progress(step: int, sources: RenewalSources, rows: Floats) -> None:
    """Let sources be as far as `RenewalBlock.progress` says, at a step."""
    sources.interval[:] = rows[:, 0].astype(np.int64)
    sources.last[:], sources.left[:], sources.since[:] = rows[:, 1:].T
    # not compiled where there are none
    if rows.size:
        find_next_spikes(step, sources)


def no_renewals() -> RenewalSources:
    """Return no sources."""
    none = np.zeros(0, np.int64)
    return _sources(Stream(0, 0, 0), [], 1.0, none, none, none, none)


def _sources(
    stream: Stream,
    processes: list[Floats],
    dt: float,
    gids: Integers,
    table: Integers,
    begin: Integers,
    end: Integers,
) -> RenewalSources:
    """Return sources without rows or state."""
    n = gids.size
    pieces = np.concatenate([np.zeros((0, 4)), *processes])
    tables = RenewalTables(
        first=np.cumsum([0, *(len(process) for process in processes)]).astype(np.int64),
        time=pieces[:, TIME] / dt,
        shape=pieces[:, SHAPE].copy(),
        scale=pieces[:, SCALE] / dt,
        dead=pieces[:, DEAD] / dt,
        log_gamma=_log_gamma(pieces[:, SHAPE].copy()),
    )
    rows = np.zeros(n, np.int64)
    return RenewalSources(
        stream=np.array(stream, np.int64),
        tables=tables,
        gid=gids,
        table=table.astype(np.int64),
        begin=begin,
        end=end,
        first_row=rows,
        end_row=rows,
        interval=np.zeros(n, np.int64),
        last=np.zeros(n),
        left=np.zeros(n),
        since=np.zeros(n),
        next=np.zeros(n),
        next_step=np.zeros(n, np.int64),
    )


def _log_gamma(values: Floats) -> Floats:
    # takes long to be loaded, which most networks have no need of
    if not values.size:
        return values
    from scipy.special import gammaln

    return gammaln(values)


def _digest(pieces: Floats) -> list[int]:
    """Return two numbers of 32 bits that tell processes apart."""
    digest = blake2b(np.ascontiguousarray(pieces).tobytes(), digest_size=8).digest()
    return np.frombuffer(digest, np.uint32).tolist()
