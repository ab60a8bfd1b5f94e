"""What a population has recorded between two resets: some of it, and that of all ranks."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.io.recordings import SignalData, SpikeData
from distsim.network.records import Samples
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
    spikes : SpikeData or None
    signals : list of SignalData
        Their data are `Samples` of the recorder.
    annotations : dict
    """

    index: int
    t_start: float
    t_stop: float
    began: datetime
    spikes: SpikeData | None
    signals: list[SignalData]
    annotations: dict[str, Any] = field(default_factory=dict)


def narrowed(segment: Segment, choice: Choice | None) -> Segment:
    """Return a segment with some variables of some cells only; None: with all."""
    if choice is None:
        return segment
    spikes = None
    if segment.spikes is not None and "spikes" in choice:
        spikes = _spikes_of(segment.spikes, choice["spikes"])
    signals = [_signal_of(s, choice[s.variable]) for s in segment.signals if s.variable in choice]
    return replace(segment, spikes=spikes, signals=signals)


def _spikes_of(spikes: SpikeData, wanted: Integers | None) -> SpikeData:
    if wanted is None:
        return spikes
    is_wanted, inside = np.isin(spikes.node_ids, wanted), np.isin(spikes.senders, wanted)
    since = None if spikes.since is None else spikes.since[is_wanted]
    return SpikeData(
        spikes.node_ids[is_wanted], spikes.times[inside], spikes.senders[inside], since
    )


def _signal_of(signal: SignalData, wanted: Integers | None) -> SignalData:
    if wanted is None:
        return signal
    columns = np.nonzero(np.isin(signal.node_ids, wanted))[0]
    samples: Samples = signal.data
    return replace(signal, node_ids=signal.node_ids[columns], data=samples.narrowed(columns))


def gathered(segment: Segment, audience: Audience) -> Segment:
    """Return a segment as arrays of its own, with the cells of all ranks where they are wanted.

    Collective, but for an audience of no rank. Signals without cells on any rank, or without
    samples, are left out; so every rank has the same signals.
    """
    spikes = segment.spikes
    if spikes is not None:
        spikes = _gathered_spikes(spikes, audience)
    signals = []
    for signal in segment.signals:
        nodes, data, n_columns = gather_columns(signal.node_ids, signal.data, audience)
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


def _gathered_spikes(spikes: SpikeData, audience: Audience) -> SpikeData:
    since = np.zeros(spikes.node_ids.size) if spikes.since is None else spikes.since
    nodes, since = gather_arrays(spikes.node_ids, since, audience=audience)
    order = np.argsort(nodes)
    times, senders = gather_arrays(spikes.times, spikes.senders, audience=audience)
    in_time = np.lexsort((senders, times))
    return SpikeData(nodes[order], times[in_time], senders[in_time], since[order])
