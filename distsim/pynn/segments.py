"""What a population has recorded between two resets: some of it, and that of all ranks."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.io.keyed_spikes import KeyedSpikes
from distsim.io.recordings import SignalData
from distsim.network.pieces import Samples
from distsim.progress import Advance
from distsim.pynn.gather import Audience, gather_arrays, gather_columns

__all__ = ["Choice", "Segment", "gathered", "narrowed"]

Integers = NDArray[np.int64]

# for each variable the indices in the population of the cells meant, None for all
Choice = Mapping[str, Integers | None]


@dataclass(frozen=True)
class Segment:
    """The part on this rank of one recorded segment of a population.

    Attributes
    ----------
    index : int
    t_start, t_stop : float
        [ms]
    began : datetime
    spikes : KeyedSpikes or None
    signals : list of SignalData
        Their data are `Samples` of the recorder.
    annotations : dict
    """

    index: int
    t_start: float
    t_stop: float
    began: datetime
    spikes: KeyedSpikes | None
    signals: list[SignalData]
    annotations: dict[str, Any] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """What its spikes and samples take."""
        n_spikes = 0 if self.spikes is None else self.spikes.keys.shape[0]
        return 8 * (n_spikes + sum(math.prod(signal.data.shape) for signal in self.signals))


def narrowed(segment: Segment, choice: Choice | None) -> Segment:
    """Return a segment with some variables of some cells only; None: with all."""
    if choice is None:
        return segment
    spikes = None
    if segment.spikes is not None and "spikes" in choice:
        wanted = choice["spikes"]
        spikes = segment.spikes if wanted is None else segment.spikes.of(wanted)
    signals = [_signal_of(s, choice[s.variable]) for s in segment.signals if s.variable in choice]
    return replace(segment, spikes=spikes, signals=signals)


def _signal_of(signal: SignalData, wanted: Integers | None) -> SignalData:
    if wanted is None:
        return signal
    columns = np.nonzero(np.isin(signal.node_ids, wanted))[0]
    samples: Samples = signal.data
    return replace(signal, node_ids=signal.node_ids[columns], data=samples.narrowed(columns))


def gathered(segment: Segment, audience: Audience, advance: Advance) -> Segment:
    """Return a segment as arrays of its own, with the cells of all ranks where they are wanted.

    Collective, but for an audience of no rank. Signals without cells on any rank, or without
    samples, are left out; so every rank has the same signals. `advance` is called with the bytes
    gathered since.
    """
    spikes = segment.spikes
    if spikes is not None:
        spikes = _gathered_spikes(spikes, audience)
        advance(spikes.keys.nbytes)
    signals = []
    for signal in segment.signals:
        nodes, data, n_columns = gather_columns(signal.node_ids, signal.data, audience, advance)
        if n_columns and data.shape[0]:
            signals.append(replace(signal, node_ids=nodes, data=data))
    return replace(
        segment, began=_of_first_rank(segment.began, audience), spikes=spikes, signals=signals
    )


def _of_first_rank(began: datetime, audience: Audience) -> datetime:
    microseconds = np.array([np.datetime64(began, "us").astype(np.int64)])
    (everyone,) = gather_arrays(microseconds, audience=audience)
    first: datetime = everyone[0].astype("datetime64[us]").item()
    return first


def _gathered_spikes(spikes: KeyedSpikes, audience: Audience) -> KeyedSpikes:
    nodes, since = gather_arrays(spikes.node_ids, spikes.since, audience=audience)
    (keys,) = gather_arrays(spikes.keys[:], audience=audience)
    order = np.argsort(nodes)
    # those of each rank are in order
    if audience is not Audience.NONE:
        keys.sort()
    return replace(spikes, node_ids=nodes[order], keys=keys, since=since[order])
