"""Neo objects from plain arrays, with the names and annotations of PyNN's other back ends."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import neo
import numpy as np
import quantities as pq
from neo.core.spiketrainlist import SpikeTrainList
from numpy.typing import NDArray

from distsim.io import schema
from distsim.io.recordings import PopulationInfo, SegmentData, SignalData

__all__ = ["analog_signal", "block", "segment", "spike_trains"]

SignalBuilder = Callable[[PopulationInfo, SignalData, int], Any]

_UNKNOWN_UNITS = "unknown"
_NO_UNITS = "dimensionless"


def spike_trains(
    info: PopulationInfo,
    node_ids: NDArray[np.int64],
    times: NDArray[np.float64],
    senders: NDArray[np.int64],
    t_start: float,
    t_stop: float,
) -> SpikeTrainList:
    """Return the spikes of one population as Neo's list of spike trains.

    Parameters
    ----------
    info : PopulationInfo
        The population.
    node_ids : ndarray of int64, shape (n_recorded,)
        Indices of the recorded cells within the population; one train each.
    times : ndarray of float64, shape (n_spikes,)
        Spike times [ms].
    senders : ndarray of int64, shape (n_spikes,)
        Index within the population of the cell that fired.
    t_start, t_stop : float
        When recording began and ended [ms].

    Returns
    -------
    neo.core.spiketrainlist.SpikeTrainList
        Annotated with `channel_id` (the gid), `source_population` and `source_index`.
    """
    source_index = np.asarray(node_ids, dtype=np.int64)
    return _train_list(
        times,
        info.first_gid + np.asarray(senders, dtype=np.int64),
        info.first_gid + source_index,
        t_start,
        t_stop,
        source_population=info.label,
        source_index=source_index,
    )


def analog_signal(
    info: PopulationInfo, signal: SignalData, index_offset: int = 0
) -> neo.AnalogSignal:
    """Return one recorded variable of a population as Neo's signal.

    Parameters
    ----------
    info : PopulationInfo
        The population.
    signal : SignalData
        Samples of the variable; they are not copied.
    index_offset : int, optional
        Added to the channel indices: the cells before the population in its assembly.

    Returns
    -------
    neo.AnalogSignal
        Annotated with `channel_ids` (the gids), `source_population` and, as an array annotation,
        `channel_index`.
    """
    node_ids = np.asarray(signal.node_ids, dtype=np.int64)
    return neo.AnalogSignal(
        signal.data,
        units=neo_units(signal.units),
        t_start=signal.t_start * pq.ms,
        sampling_period=signal.sampling_interval * pq.ms,
        name=signal.variable,
        channel_ids=info.first_gid + node_ids,
        source_population=info.label,
        array_annotations={"channel_index": index_offset + node_ids},
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


def segment(data: SegmentData, build_signal: SignalBuilder = analog_signal) -> neo.Segment:
    """Return what was recorded between two resets as Neo's segment.

    Parameters
    ----------
    data : SegmentData
        Recordings of one population, or of several in the order of their assembly.
    build_signal : callable, optional
        Makes the signals; called as `analog_signal` is.

    Returns
    -------
    neo.Segment
        Named ``"segment000"`` and so on. Signals without cells or samples are left out. Channel
        indices count through all the populations, as those of PyNN's assemblies do.
    """
    built = neo.Segment(name=f"segment{data.index:03d}")
    built.annotate(**data.annotations)
    trains = _trains_of_all(data)
    if trains is not None:
        built.spiketrains = trains
        trains.segment = built
    index_offset = 0
    for info, _, signals in data.populations:
        for signal in signals:
            if all(signal.data.shape):
                built.analogsignals.append(build_signal(info, signal, index_offset))
        index_offset += info.size
    return built


def block(
    segments: Sequence[SegmentData],
    run: Mapping[str, Any],
    name: str | None = None,
    annotations: Mapping[str, Any] | None = None,
    build_signal: SignalBuilder = analog_signal,
) -> neo.Block:
    """Return the recordings of a run as Neo's block.

    Parameters
    ----------
    segments : sequence of SegmentData
        The segments; each has the same populations.
    run : mapping of str to object
        Facts about the run (`simulator`, `dt`, `mpi_processes` and others): annotations of the
        block.
    name : str, optional
        Name of the block; by default the populations' labels, joined by ``+``.
    annotations : mapping of str to object, optional
        More annotations of the block.
    build_signal : callable, optional
        Makes the signals; called as `analog_signal` is.

    Returns
    -------
    neo.Block
        Annotated as PyNN's recorders do it. Where populations differ in an annotation, it is the
        list of their values.
    """
    infos = [population[0] for population in segments[0].populations] if segments else []
    default_name = "+".join(info.label for info in infos)
    built = neo.Block(name=default_name if name is None else name)
    built.annotate(**run)
    built.annotate(**_joined([_metadata(info) for info in infos]))
    built.annotate(**(annotations or {}))
    for data in segments:
        built.segments.append(segment(data, build_signal))
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


def _joined(metadata: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one value per key where all agree, else the list of the values."""
    keys = dict.fromkeys(key for values in metadata for key in values)
    joined = {}
    for key in keys:
        values = [single.get(key) for single in metadata]
        agree = all(_are_equal(values[0], value) for value in values[1:])
        joined[key] = values[0] if agree else values
    return joined


def _are_equal(first: Any, second: Any) -> bool:
    """Return whether two annotations are equal, arrays included."""
    if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
        return type(first) is type(second) and np.array_equal(first, second)
    return bool(first == second)


def _trains_of_all(data: SegmentData) -> SpikeTrainList | None:
    """Return the trains of all populations as one list, or None if spikes were not recorded."""
    recorded = [(info, spikes) for info, spikes, _ in data.populations if spikes is not None]
    if not recorded:
        return None
    times = (data.t_start, data.t_stop)
    if len(recorded) == 1:
        info, spikes = recorded[0]
        return spike_trains(info, spikes.node_ids, spikes.times, spikes.senders, *times)
    return _train_list(
        np.concatenate([spikes.times for _, spikes in recorded]),
        np.concatenate([info.first_gid + spikes.senders for info, spikes in recorded]),
        np.concatenate([info.first_gid + spikes.node_ids for info, spikes in recorded]),
        *times,
        source_population=[info.label for info, spikes in recorded for _ in spikes.node_ids],
        source_index=np.concatenate([spikes.node_ids for _, spikes in recorded]),
    )


def _train_list(
    times: NDArray[np.float64],
    channel_ids: NDArray[np.int64],
    all_channel_ids: NDArray[np.int64],
    t_start: float,
    t_stop: float,
    **annotations: Any,
) -> SpikeTrainList:
    """Return Neo's list; its channel ids are Python's integers, which Neo relies on."""
    return SpikeTrainList.from_spike_time_array(
        times,
        channel_ids,
        all_channel_ids.tolist(),
        t_stop=t_stop * pq.ms,
        units=schema.TIME_UNITS,
        t_start=t_start * pq.ms,
        **annotations,
    )
