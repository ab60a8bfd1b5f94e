"""Sources of spikes in NEURON: relays of given spikes, and Poisson generators."""

from typing import Any

import numpy as np

from distsim.engines.neuron.models import FOREVER
from distsim.network.poisson import PoissonBlock

__all__ = ["Source", "make_generators", "set_rates"]


class Source:
    """A source of spikes, and the way to it.

    Parameters
    ----------
    h : NEURON's interpreter
    mechanism : SpikeRelay or PoissonSource
    """

    __slots__ = ("entrance", "mechanism")

    def __init__(self, h: Any, mechanism: Any) -> None:
        self.mechanism = mechanism
        self.entrance = h.NetCon(None, mechanism)
        # events are put behind it; a short delay would only make NEURON exchange often
        self.entrance.delay = 1e9


def make_generators(h: Any, block: PoissonBlock, segment: Any, seed: int) -> list[Source]:
    """Return a generator for each source of a block, with a random stream of its own."""
    sources = [Source(h, h.PoissonSource(segment)) for _ in range(block.n_local)]
    for gid, source in zip(block.gids.tolist(), sources, strict=True):
        source.mechanism.numbers.set_ids(gid, seed & 0xFFFFFFFF, seed >> 32)
        source.mechanism.numbers.set_seq(0)
    return sources


def set_rates(block: PoissonBlock, sources: list[Source], now: float) -> None:
    """Let generators begin anew with the present parameters of their block, at a time [ms]."""
    rate, start, duration = (block.parameters[p] for p in ("rate", "start", "duration"))
    columns = rate / 1000.0, start, np.minimum(start + duration, FOREVER)
    for source, *values in zip(sources, *(x.tolist() for x in columns), strict=True):
        process = source.mechanism
        process.rate, process.start, process.stop = values
        source.entrance.event(now)
