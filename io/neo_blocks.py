"""Neo objects from plain arrays, with the names and annotations of PyNN's other back ends."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import neo
import numpy as np
import quantities as pq
from numpy.typing import NDArray

from distsim.io.attributes import joined
from distsim.io.recordings import PopulationInfo, RunInfo, SegmentData, SignalData, SpikeData
from distsim.io.train_list import TrainList

__all__ = ["Channels", "analog_signal", "block", "segment", "spike_trains"]

_UNKNOWN_UNITS = "unknown"
_NO_UNITS = "dimensionless"


class Channels(NamedTuple):
    """What the columns of a signal are.

    Parameters
    ----------
    ids : ndarray of int64, shape (n_columns,)
        The gids of the cells.
    indices : ndarray of int64, shape (n_columns,)
        Indices of the cells in their population, or in their assembly.
    source : str
        Label of the population; of several, joined by ``;``.
    """

    ids: NDArray[np.int64]
    indices: NDArray[np.int64]
    source: str

    @classmethod
    def of(cls, info: PopulationInfo, signal: SignalData, index_offset: int = 0) -> "Channels":
        """Return those of a signal of one population."""
        node_ids = np.asarray(signal.node_ids, dtype=np.int64)
        return cls(info.first_gid + node_ids, index_offset + node_ids, info.label)


SignalBuilder = Callable[[Channels, SignalData], Any]


def spike_trains(
    info: PopulationInfo, spikes: SpikeData, t_start: float, t_stop: float
) -> TrainList:
    """Return the spikes of one population as Neo's list of spike trains.

    Parameters
    ----------
    info : PopulationInfo
        The population.
    spikes : SpikeData
        One train for each of its recorded cells.
    t_start, t_stop : float
        When recording began, where the spikes do not say it, and ended [ms].

    Returns
    -------
    TrainList
        Annotated with `channel_id` (the gid), `source_population` and `source_index`.
    """
    source_index = np.asarray(spikes.node_ids, dtype=np.int64)
    return TrainList.of(
        lambda: spikes.times[:],
        lambda: _gids(info, spikes),
        info.first_gid + source_index,
        _since(spikes, t_start),
        t_stop,
        [info.label] * source_index.size,
        source_index,
    )


def analog_signal(channels: Channels, signal: SignalData) -> neo.AnalogSignal:
    """Return one recorded variable as Neo's signal.

    Parameters
    ----------
    channels : Channels
        What its columns are.
    signal : SignalData
        Samples of the variable; they are not copied.

    Returns
    -------
    neo.AnalogSignal
        Annotated with `channel_ids` (the gids), `source_population` and, as an array annotation,
        `channel_index`.
    """
    return neo.AnalogSignal(
        signal.data,
        units=neo_units(signal.units),
        t_start=signal.t_start * pq.ms,
        sampling_period=signal.sampling_interval * pq.ms,
        name=signal.variable,
        channel_ids=channels.ids,
        source_population=channels.source,
        array_annotations={"channel_index": channels.indices},
    )


def neo_units(units: str) -> str:
    """Return the units that Neo takes for those that PyNN gives.

    Parameters
    ----------
    units : str
        Units of a variable as PyNN writes them.

    Returns
    -------
    str
        The same, or ``"dimensionless"`` where PyNN does not know.

    Examples
    --------
    >>> neo_units("mV"), neo_units("unknown")
    ('mV', 'dimensionless')
    """
    return _NO_UNITS if units == _UNKNOWN_UNITS else units


def segment(
    data: SegmentData, build_signal: SignalBuilder = analog_signal, keep_empty: bool = False
) -> neo.Segment:
    """Return what was recorded between two resets as Neo's segment.

    Parameters
    ----------
    data : SegmentData
        Recordings of one population, or of several in the order of their assembly.
    build_signal : callable, optional
        Makes the signals; called as `analog_signal` is.
    keep_empty : bool, optional
        Do not leave out signals without cells or samples.

    Returns
    -------
    neo.Segment
        Named ``"segment000"`` and so on. Signals of several populations are one, where variable,
        units and times of the samples agree. Channel indices count through all the populations,
        as those of PyNN's assemblies do.
    """
    built = neo.Segment(name=f"segment{data.index:03d}", rec_datetime=data.rec_datetime)
    built.annotate(**data.annotations)
    trains = _trains_of_all(data)
    if trains is not None:
        built.spiketrains = trains
        trains.segment = built
    for parts in _alike(data, keep_empty):
        built.analogsignals.append(build_signal(*_side_by_side(parts)))
    return built


def block(
    segments: Sequence[SegmentData],
    run: RunInfo,
    build_signal: SignalBuilder = analog_signal,
    keep_empty: bool = False,
) -> neo.Block:
    """Return the recordings of a run as Neo's block.

    Parameters
    ----------
    segments : sequence of SegmentData
        The segments; each has the same populations.
    run : RunInfo
        Facts about the run (`simulator`, `dt`, `mpi_processes` and others) and what the user has
        noted, which are annotations of the block; its name and description.
    build_signal : callable, optional
        Makes the signals; called as `analog_signal` is.
    keep_empty : bool, optional
        Do not leave out signals without cells or samples.

    Returns
    -------
    neo.Block
        Annotated as PyNN's recorders do it. Where populations differ in an annotation, it is the
        list of their values, in the order of the populations, with None where there is none.
        Annotations of `run` take precedence over those of populations.
    """
    infos = [population[0] for population in segments[0].populations] if segments else []
    default_name = "+".join(info.label for info in infos)
    built = neo.Block(
        name=default_name if run.name is None else run.name,
        description=run.description,
        rec_datetime=segments[0].rec_datetime if segments else None,
    )
    built.annotate(**run.attributes)
    built.annotate(**joined([_metadata(info) for info in infos]))
    built.annotate(**run.annotations)
    for data in segments:
        built.segments.append(segment(data, build_signal, keep_empty))
    return built


def _metadata(info: PopulationInfo) -> dict[str, Any]:
    """Return the annotations that PyNN's recorder makes of a population."""
    return {
        "size": info.size,
        "first_index": 0,
        "last_index": info.size,
        "first_id": info.first_gid,
        "last_id": info.first_gid + info.size - 1,
        "label": info.label,
        **info.annotations,
    }


Columns = tuple[Channels, SignalData]


def _alike(data: SegmentData, keep_empty: bool) -> list[list[Columns]]:
    """Return the signals, those that can be one together."""
    groups: dict[tuple[Any, ...], list[Columns]] = {}
    index_offset = 0
    for info, _, signals in data.populations:
        for s in signals:
            if keep_empty or all(s.data.shape):
                n_samples = s.data.shape[0]
                key = s.variable, s.units, s.t_start, s.sampling_interval, n_samples
                groups.setdefault(key, []).append((Channels.of(info, s, index_offset), s))
        index_offset += info.size
    return list(groups.values())


def _side_by_side(parts: list[Columns]) -> Columns:
    """Return signals of several populations as one."""
    if len(parts) == 1:
        return parts[0]
    channels = [part for part, _ in parts]
    signals = [signal for _, signal in parts]
    widths = [signal.data.shape[1] for signal in signals]
    all_read = all(isinstance(signal.data, np.ndarray) for signal in signals)
    join = np.hstack if all_read else SideBySide
    return (
        Channels(
            np.concatenate([part.ids for part in channels]),
            np.concatenate([part.indices for part in channels]),
            ";".join(dict.fromkeys(part.source for part in channels)),
        ),
        replace(
            signals[0],
            node_ids=np.arange(sum(widths)),
            data=join([signal.data for signal in signals]),
        ),
    )


class SideBySide:
    """Arrays of as many rows each, seen as one; read where they are indexed.

    Parameters
    ----------
    arrays : sequence of object
        Each has a shape, and gives a range of rows when indexed by it.
    """

    def __init__(self, arrays: Sequence[Any]) -> None:
        self._arrays = arrays
        self.shape = (arrays[0].shape[0], sum(array.shape[1] for array in arrays))

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        """Return a range of rows of all arrays."""
        return np.hstack([array[rows] for array in self._arrays])


def _gids(info: PopulationInfo, spikes: SpikeData) -> NDArray[np.int64]:
    """Return the gid of the cell of each spike."""
    senders = np.asarray(spikes.senders[:], dtype=np.int64)
    return senders + info.first_gid if info.first_gid else senders


def _since(spikes: SpikeData, t_start: float) -> NDArray[np.float64]:
    """Return when the recording of each cell began."""
    if spikes.since is None:
        return np.full(len(spikes.node_ids), float(t_start))
    return np.asarray(spikes.since, np.float64)


def _trains_of_all(data: SegmentData) -> TrainList | None:
    """Return the trains of all populations as one list, or None if spikes were not recorded."""
    recorded = [(info, spikes) for info, spikes, _ in data.populations if spikes is not None]
    if not recorded:
        return None
    if len(recorded) == 1:
        return spike_trains(*recorded[0], data.t_start, data.t_stop)
    return TrainList.of(
        lambda: np.concatenate([spikes.times[:] for _, spikes in recorded]),
        lambda: np.concatenate([_gids(info, spikes) for info, spikes in recorded]),
        np.concatenate([info.first_gid + spikes.node_ids for info, spikes in recorded]),
        np.concatenate([_since(spikes, data.t_start) for _, spikes in recorded]),
        data.t_stop,
        [info.label for info, spikes in recorded for _ in spikes.node_ids],
        np.concatenate([spikes.node_ids for _, spikes in recorded]),
    )
