"""Build and advance pieces of a network here, and tell from them what a rank of a job takes."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.estimate.files import Checkpoint
from distsim.estimate.held import array_bytes, present_bytes
from distsim.estimate.memory import CellBytes
from distsim.estimate.pieces import Piece
from distsim.estimate.shares import Network, Share
from distsim.models import CellModel
from distsim.network.blocks import CellBlock

__all__ = ["Calibration", "Pace", "Rates", "calibrate"]

Floats = NDArray[np.float64]

# a piece has at most so many synapses and cells; of two, the second is so much smaller
MAX_SYNAPSES, MAX_CELLS, SMALLER = 10_000_000, 500_000, 4
# how often rates are looked at, and over how long a time they are averaged [ms]
WINDOW, MEMORY = 5.0, 100.0
# until rates are known: of the model [ms], of the clock [s]
LONGEST, PATIENCE = 1000.0, 6.0
# of the windows in which steps are timed: how long [ms], how many, for how long in all [s]
TIMED, FEWEST, MOST, LONG_ENOUGH = 50.0, 4, 20, 1.5


@dataclass(frozen=True)
class Rates:
    """At which rates populations spike.

    Attributes
    ----------
    mean : ndarray of float64, shape (n_populations,)
        Over all runs of the script [Hz]; nan of sources whose spikes are known.
    late : ndarray of float64, shape (n_populations,)
        After the beginning [Hz].
    error : ndarray of float64, shape (n_populations,)
        Twice the standard error of the mean, by how it varies [Hz]; 0 where it was given.
    is_given : bool
    part : float
        Of the network that was looked at; 0 where the rate was given.
    duration : float
        For how long [ms].
    """

    mean: Floats
    late: Floats
    error: Floats
    is_given: bool = False
    part: float = 0.0
    duration: float = 0.0


@dataclass(frozen=True)
class Pace:
    """What was measured of one piece.

    Attributes
    ----------
    n_ranks : int
        Of the job of which it is a rank's share.
    build : float
        [s]
    step, fastest, slowest : float
        For one step: the median, smallest and largest of several windows [s].
    n_heard, n_heard_ranks : int
        Cells of other ranks that it hears, and these ranks.
    counted : mapping of CellModel to (int, int)
        Its rows and runs; empty if it was not built.
    """

    n_ranks: int
    build: float
    step: float
    fastest: float
    slowest: float
    n_heard: int
    n_heard_ranks: int
    counted: Mapping[CellModel, tuple[int, int]]


@dataclass
class Calibration:
    """What pieces have told.

    Attributes
    ----------
    rates : Rates
    epoch_steps : int
        From one exchange to the next.
    base : float
        Memory of this process without what is described and built [bytes].
    loading : float
        What it takes to load kernels [s].
    cell_bytes : CellBytes
    checkpoint : Checkpoint
    paces : dict of int to Pace
        By number of ranks.
    """

    rates: Rates
    epoch_steps: int
    base: float
    loading: float
    cell_bytes: CellBytes
    checkpoint: Checkpoint
    paces: dict[int, Pace] = field(default_factory=dict)

    def take(self, piece: Piece) -> None:
        """Measure a piece, and close it."""
        self.paces[piece.share.n_ranks] = _pace(piece, self.rates.late)
        piece.close()

    def pace(self, n_ranks: int) -> Pace:
        """Return the pace of a rank of so many, extrapolated where its share was too large.

        Time is taken to be linear in the share, through two that were measured.
        """
        if n_ranks in self.paces:
            return self.paces[n_ranks]
        large, small = (self.paces[n] for n in sorted(self.paces)[:2])
        reach = (1 / n_ranks - 1 / large.n_ranks) / (1 / large.n_ranks - 1 / small.n_ranks)

        def further(of_large: float, of_small: float) -> float:
            return of_large + reach * max(of_large - of_small, 0.0)

        step = further(large.step, small.step)
        return Pace(
            n_ranks,
            further(large.build, small.build),
            step,
            min(step * large.fastest / large.step, further(large.fastest, small.slowest)),
            max(step * large.slowest / large.step, further(large.slowest, small.fastest)),
            large.n_heard,
            n_ranks - 1,
            {},
        )


def calibrate(
    network: Network, state: Any, n_steps: int, ranks: Iterable[int], rate: float | None
) -> Calibration:
    """Measure what a rank of a job takes, for some numbers of ranks.

    Parameters
    ----------
    network : Network
    state : State
        Of the front end.
    n_steps : int
        Of all runs.
    ranks : iterable of int
    rate : float or None
        At which all model neurons spike [Hz]; None: it is found.
    """
    fewest = _fewest_ranks(network)
    wanted = sorted({n for n in ranks if n >= fewest})
    if len(wanted) < len(set(ranks)):
        wanted = [fewest, SMALLER * fewest, *wanted]
    first, *others = sorted({*wanted, fewest})
    base, loading = _load(network, state)
    piece = _piece(network, state, first)
    rates = _rates(piece, n_steps * network.dt, rate)
    found = Calibration(
        rates,
        piece.simulation.epoch_steps,
        base,
        loading,
        CellBytes.measured(network, piece),
        _checkpoint(piece, network),
    )
    found.take(piece)
    for n_ranks in others:
        piece = _piece(network, state, n_ranks)
        found.take(piece)
    return found


def _load(network: Network, state: Any) -> tuple[float, float]:
    """Load kernels with the smallest piece there is; return memory without it, and time."""
    begun = time.process_time()
    piece = _piece(network, state, max(network.n_cells, 1))
    piece.advance(WINDOW, np.zeros(len(network.populations)))
    seconds = time.process_time() - begun
    held = array_bytes([*network.populations, piece.simulation])
    piece.close()
    return float(present_bytes() - held), seconds


def _piece(network: Network, state: Any, n_ranks: int) -> Piece:
    return Piece(network.share(n_ranks), state.simulation, state.setup.recording_memory)


def _fewest_ranks(network: Network) -> int:
    """Return how many ranks a job has at least of which a rank's share can be built here."""

    def fits(share: Share) -> bool:
        return share.n_synapses <= MAX_SYNAPSES and share.n_updated <= MAX_CELLS

    n_ranks = 1
    while not fits(share := network.share(n_ranks)):
        excess = max(share.n_synapses / MAX_SYNAPSES, share.n_updated / MAX_CELLS)
        n_ranks = max(n_ranks + 1, int(np.ceil(n_ranks * excess)))
        if n_ranks > network.n_cells:
            return network.n_cells
    return n_ranks


def _rates(piece: Piece, duration: float, given: float | None) -> Rates:
    """Return at which rates populations spike in runs of a duration [ms]."""
    is_spiking = np.array(
        [isinstance(piece.blocks[p.block], CellBlock) for p in piece.share.network.populations]
    )
    if given is not None:
        rates = np.where(is_spiking, given, np.nan)
        return Rates(rates, np.where(is_spiking, given, 0.0), np.zeros(rates.size), is_given=True)
    seen: list[Floats] = []
    begun, rates = time.perf_counter(), np.zeros(is_spiking.size)
    n_windows = max(1, round(min(duration, LONGEST) / WINDOW))
    while len(seen) < n_windows and time.perf_counter() - begun < PATIENCE:
        found = piece.advance(min(WINDOW, duration), rates).rates
        seen.append(np.where(np.isnan(found) & is_spiking, np.nanmean(found[is_spiking]), found))
        # cells elsewhere come slowly nearer to what those here do, lest both swing
        part = max(WINDOW / MEMORY, 1.0 / len(seen))
        rates = rates + part * (np.nan_to_num(seen[-1]) - rates)
    every = np.array(seen)
    late = every[len(seen) // 2 :]
    length = min(duration, len(seen) * WINDOW)
    mean = (every.mean(0) * length + late.mean(0) * (duration - length)) / duration
    # windows in a row are not independent: ten of them count as one
    n_apart = max(len(late) // 10, 1)
    blocks = np.array([part.mean(0) for part in np.array_split(late, n_apart)])
    error = 2 * blocks.std(0, ddof=1) / np.sqrt(n_apart) if n_apart > 1 else mean
    settled = np.nan_to_num(late.mean(0), nan=0.0)
    part = 1.0 / piece.share.n_ranks
    return Rates(mean, settled, np.nan_to_num(error), False, part, length)


def _pace(piece: Piece, rates: Floats) -> Pace:
    """Return what a piece takes for a step, at some rates of the cells elsewhere."""
    piece.advance(TIMED, rates)
    windows: list[float] = []
    begun = time.perf_counter()
    while len(windows) < MOST:
        made = piece.advance(TIMED, rates)
        windows.append(made.seconds / made.n_steps)
        if len(windows) >= FEWEST and time.perf_counter() - begun > LONG_ENOUGH:
            break
    return Pace(
        piece.share.n_ranks,
        piece.seconds,
        float(np.median(windows)),
        min(windows),
        max(windows),
        piece.n_heard,
        piece.heard_ranks(),
        piece.counted,
    )


def _checkpoint(piece: Piece, network: Network) -> Checkpoint:
    whole = network.share(1)
    n_plastic = sum(each.n_plastic for each in whole.footprints())
    return Checkpoint.of(piece, n_plastic, whole.n_updated)
