"""What a job would take on some numbers of ranks: memory, files, time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from distsim.compiled import n_kept
from distsim.errors import ParameterError
from distsim.estimate.calibration import Calibration, Rates, calibrate
from distsim.estimate.exchange import Exchange, exchange_of
from distsim.estimate.files import Checkpoint, Recorded, recorded
from distsim.estimate.memory import Memory, memory_of
from distsim.estimate.script import Described, describe
from distsim.estimate.shares import Network, Share
from distsim.network.blocks import CellBlock
from distsim.pynn.simulator import state

__all__ = ["Estimate", "Job", "estimate", "parsed_ranks"]


@dataclass(frozen=True)
class Job:
    """What a job of some ranks would take.

    Attributes
    ----------
    n_ranks : int
    share : Share
        Of the rank with the most synapses and cells.
    memory : Memory
        Of that rank.
    build, run, fastest, slowest : float
        [s]; to load kernels is in `build`, and the last two bound `run`.
    exchange : Exchange
        One of them; what all take is in `run`.
    exchanging : float
        What all take [s].
    is_extrapolated : bool
        Whether the rank's share was too large to be built here.
    """

    n_ranks: int
    share: Share
    memory: Memory
    build: float
    run: float
    fastest: float
    slowest: float
    exchange: Exchange
    exchanging: float
    is_extrapolated: bool


@dataclass(frozen=True)
class Estimate:
    """What a script was found to describe, and what jobs with it would take.

    Attributes
    ----------
    described : Described
    network : Network
    calibration : Calibration
    recorded, least, most : Recorded
        At the rates that were found, and at the lowest and highest that they may be.
    jobs : list of Job
    has_compiled : bool
        Whether kernels were compiled, which takes memory and time, and were not only loaded.
    """

    described: Described
    network: Network
    calibration: Calibration
    recorded: Recorded
    least: Recorded
    most: Recorded
    jobs: list[Job]
    has_compiled: bool

    @property
    def rates(self) -> Rates:
        """At which rates cells spike."""
        return self.calibration.rates

    @property
    def checkpoint(self) -> Checkpoint:
        """What a checkpoint takes."""
        return self.calibration.checkpoint

    @property
    def n_updated(self) -> int:
        """Model neurons."""
        return sum(p.size for p in self.network.populations if isinstance(p.block, CellBlock))

    @property
    def seconds(self) -> float:
        """How long the runs are in the model's time [s]."""
        return self.described.n_steps * self.network.dt / 1000.0

    def mean_rate(self, shift: float = 0.0) -> float:
        """Return the mean rate of all model neurons [Hz], by so many errors more."""
        sizes, sums = 0, 0.0
        every = zip(self.network.populations, self.rates.mean, self.rates.error, strict=True)
        for population, rate, error in every:
            if isinstance(population.block, CellBlock):
                sizes += population.size
                sums += population.size * max(rate + shift * error, 0.0)
        return float(sums / max(sizes, 1))


def parsed_ranks(text: str) -> list[int]:
    """Return numbers of ranks from a list with commas.

    Raises
    ------
    ParameterError
        If one is no whole number above 0.

    Examples
    --------
    >>> parsed_ranks("1,64,1024")
    [1, 64, 1024]
    """
    ranks = []
    for word in text.split(","):
        if not word.strip().isdecimal() or int(word) < 1:
            raise ParameterError(
                f"--ranks {text}: '{word}' is not a number of ranks; give whole numbers from 1 on, "
                "as in --ranks 1,64,1024",
                ranks=text,
            )
        ranks.append(int(word))
    return list(dict.fromkeys(ranks))


def estimate(
    script: Path, args: Sequence[str], ranks: Sequence[int], rate: float | None = None
) -> Estimate:
    """Describe a network by its script, and tell what it would take to run it.

    Parameters
    ----------
    script : Path
    args : sequence of str
        Of the script.
    ranks : sequence of int
        Numbers of ranks.
    rate : float, optional
        At which all model neurons spike [Hz]; default: it is found by running a piece.

    Returns
    -------
    Estimate

    Raises
    ------
    ParameterError
        If the rate is no rate, or there are more ranks than cells.
    ScriptError, NotAvailableError
        As of `describe`.
    """
    if rate is not None and not (math.isfinite(rate) and rate >= 0):
        raise ParameterError(f"--rate {rate:g}: give a rate of 0 Hz or more", rate=rate)
    n_kept_before = n_kept()
    described = describe(script, args)
    network = Network.of(state)
    found = calibrate(network, state, described.n_steps, ranks, rate)
    at_rates = recorded(network, found.rates.mean)
    low = recorded(network, np.maximum(found.rates.mean - found.rates.error, 0.0))
    high = recorded(network, found.rates.mean + found.rates.error)
    jobs = [_job(network, n, described.n_steps, found, at_rates) for n in ranks]
    has_compiled = n_kept() > n_kept_before
    return Estimate(described, network, found, at_rates, low, high, jobs, has_compiled)


def _job(
    network: Network, n_ranks: int, n_steps: int, found: Calibration, at_rates: Recorded
) -> Job:
    share, pace = network.share(n_ranks), found.pace(n_ranks)
    spikes = _spikes_per_epoch(network, found)
    received = spikes * min(1.0, pace.n_heard / max(_n_updated(network), 1))
    cost = exchange_of(n_ranks, pace.n_heard_ranks, spikes, spikes / n_ranks, received)
    exchanging = cost.seconds * n_steps / found.epoch_steps
    return Job(
        n_ranks,
        share,
        memory_of(
            share,
            found.base,
            found.cell_bytes,
            at_rates,
            state.setup.recording_memory * 2**20,
            spikes,
            pace.counted,
        ),
        found.loading + pace.build,
        pace.step * n_steps + exchanging,
        pace.fastest * n_steps + exchanging,
        pace.slowest * n_steps + exchanging,
        cost,
        exchanging,
        n_ranks not in found.paces,
    )


def _n_updated(network: Network) -> int:
    return sum(p.size for p in network.populations if isinstance(p.block, CellBlock))


def _spikes_per_epoch(network: Network, found: Calibration) -> float:
    """Return the spikes that all ranks exchange after an epoch."""
    sizes = np.array([p.size * isinstance(p.block, CellBlock) for p in network.populations])
    epoch = found.epoch_steps * network.dt / 1000.0
    return float((sizes * np.nan_to_num(found.rates.late)).sum() * epoch)
