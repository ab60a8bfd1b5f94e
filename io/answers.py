"""Check the recordings of one rank, and answer the writing rank's requests from them."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distsim.errors import ParameterError
from distsim.io import schema
from distsim.io.recordings import PopulationInfo, SegmentData, SignalData, SpikeData
from distsim.io.spike_merge import pack
from distsim.io.transfer import Kind, Request

__all__ = ["Answers", "structure"]

# spikes that are checked at once
_BLOCK = 2**20


class Answers:
    """The recordings of one rank, as answers to requests.

    Parameters
    ----------
    segments : sequence of SegmentData
        What this rank has recorded.
    """

    def __init__(self, segments: Sequence[SegmentData]) -> None:
        self._segments = segments
        self._handlers: dict[int, Callable[[Request], NDArray[Any]]] = {
            Kind.STRUCTURE: self._structure,
            Kind.N_BYTES: self._n_bytes,
            Kind.N_SPIKES: self._n_spikes,
            Kind.SPIKE_CELLS: self._spike_cells,
            Kind.SPIKE_STARTS: self._spike_starts,
            Kind.SPIKES: self._some_spikes,
            Kind.SIGNAL_CELLS: self._signal_cells,
            Kind.SIGNAL: self._some_samples,
        }

    def __call__(self, request: Request) -> NDArray[Any]:
        """Return the array that is asked for."""
        return self._handlers[request.kind](request)

    def _structure(self, _: Request) -> NDArray[Any]:
        """Check everything, and return what must be the same on all ranks, as JSON."""
        for segment in self._segments:
            for info, spikes, signals in segment.populations:
                if spikes is not None:
                    _check_spikes(info, spikes)
                for signal in signals:
                    _check_signal(info, signal)
                _check_variables(info, signals)
        return np.frombuffer(json.dumps(structure(self._segments)).encode(), dtype=np.uint8)

    def _n_bytes(self, _: Request) -> NDArray[Any]:
        """Return how many bytes the times and samples take at least."""
        n_values = 0
        for segment in self._segments:
            for _info, spikes, signals in segment.populations:
                n_values += 0 if spikes is None else 2 * spikes.times.size
                n_values += sum(int(np.prod(signal.data.shape)) for signal in signals)
        return np.array([n_values * schema.VALUE_DTYPE.itemsize], dtype=np.int64)

    def _spikes(self, request: Request) -> SpikeData:
        """Return the spikes of the population that is asked about."""
        spikes = self._segments[request.segment].populations[request.population][1]
        if spikes is None:
            raise ParameterError("spikes were recorded on other ranks, but not here")
        return spikes

    def _signal(self, request: Request) -> SignalData:
        """Return the signal that is asked about."""
        return self._segments[request.segment].populations[request.population][2][request.signal]

    def _n_spikes(self, request: Request) -> NDArray[Any]:
        """Return how many spikes there are."""
        return np.array([self._spikes(request).times.size], dtype=np.int64)

    def _spike_cells(self, request: Request) -> NDArray[Any]:
        """Return the cells whose spikes were recorded."""
        return np.asarray(self._spikes(request).node_ids, dtype=np.int64)

    def _spike_starts(self, request: Request) -> NDArray[Any]:
        """Return when the recording of the spikes of each of these cells began."""
        spikes = self._spikes(request)
        if spikes.since is None:
            return np.full(spikes.node_ids.size, self._segments[request.segment].t_start, float)
        return np.asarray(spikes.since, dtype=np.float64)

    def _some_spikes(self, request: Request) -> NDArray[Any]:
        """Return a range of the spikes."""
        spikes = self._spikes(request)
        wanted = slice(request.start, request.stop)
        return pack(spikes.times[wanted], spikes.senders[wanted])

    def _signal_cells(self, request: Request) -> NDArray[Any]:
        """Return the cells that a signal was recorded from."""
        return np.asarray(self._signal(request).node_ids, dtype=np.int64)

    def _some_samples(self, request: Request) -> NDArray[Any]:
        """Return a block of a signal."""
        signal = self._signal(request)
        block = signal.data[request.start : request.stop, request.first : request.last]
        return np.ascontiguousarray(block, dtype=np.float64)


def structure(segments: Sequence[SegmentData]) -> list[list[Any]]:
    """Return what the ranks must agree in, one line per thing, as JSON can hold it.

    Parameters
    ----------
    segments : sequence of SegmentData
        What a rank has recorded.

    Returns
    -------
    list of list
        Kind of the thing, its name, its facts.
    """
    lines: list[list[Any]] = [["segments", len(segments)]]
    for segment in segments:
        times = [float(segment.t_start), float(segment.t_stop)]
        lines.append(["segment", int(segment.index), *times, len(segment.populations)])
        for info, spikes, signals in segment.populations:
            facts = [info.label, int(info.size), int(info.first_gid), info.cell_type]
            lines.append(["population", *facts, spikes is not None, len(signals)])
            lines.extend(_signal_line(info, signal) for signal in signals)
    return lines


def _signal_line(info: PopulationInfo, signal: SignalData) -> list[Any]:
    """Return what the ranks must agree in about a signal."""
    times = [float(signal.t_start), float(signal.sampling_interval)]
    name = [info.label, signal.variable, signal.units]
    return ["signal", *name, int(signal.data.shape[0]), *times]


def _check_cells(info: PopulationInfo, what: str, node_ids: NDArray[Any]) -> None:
    """Raise unless the recorded cells are ascending indices within the population."""
    is_ascending = bool(np.all(np.diff(node_ids) > 0))
    is_inside = node_ids.size == 0 or (node_ids[0] >= 0 and node_ids[-1] < info.size)
    if node_ids.ndim != 1 or not is_ascending or not is_inside:
        raise ParameterError(
            f"the node ids of {what} of population '{info.label}' are not ascending indices "
            f"below its size, {info.size}; sort them and count from the population's first cell",
            population=info.label,
            node_ids=node_ids,
        )


def _check_spikes(info: PopulationInfo, spikes: SpikeData) -> None:
    """Raise unless the spikes are in order and from recorded cells."""
    _check_cells(info, "the spikes", spikes.node_ids)
    if spikes.since is not None and spikes.since.shape != spikes.node_ids.shape:
        raise ParameterError(
            f"population '{info.label}' has {spikes.since.size} times at which recording began, "
            f"but {spikes.node_ids.size} recorded cells; give one time for each",
            population=info.label,
        )
    times, senders = spikes.times, spikes.senders
    if times.shape != senders.shape or len(times.shape) != 1:
        raise ParameterError(
            f"population '{info.label}' has spike times of shape {times.shape}, but senders of "
            f"shape {senders.shape}; give one sender for each time",
            population=info.label,
        )
    for start in range(0, times.size, _BLOCK):
        _check_some_spikes(info, spikes, max(start - 1, 0), start + _BLOCK)


def _check_some_spikes(info: PopulationInfo, spikes: SpikeData, start: int, stop: int) -> None:
    """Raise unless a range of the spikes is in order and from recorded cells."""
    times, senders = spikes.times[start:stop], spikes.senders[start:stop]
    later, same = times[1:] > times[:-1], times[1:] == times[:-1]
    is_ordered = later | (same & (senders[1:] >= senders[:-1]))
    if not (np.all(np.isfinite(times)) and np.all(is_ordered)):
        raise ParameterError(
            f"the spikes of population '{info.label}' are not in the order of (time, sender), "
            "or a time is not finite; sort them first",
            population=info.label,
        )
    if not np.all(np.isin(senders, spikes.node_ids)):
        raise ParameterError(
            f"population '{info.label}' has spikes of cells that are not among its recorded "
            "cells; add these to node_ids, or drop their spikes",
            population=info.label,
        )


def _check_variables(info: PopulationInfo, signals: Sequence[SignalData]) -> None:
    """Raise if a variable occurs twice."""
    variables = [signal.variable for signal in signals]
    for variable in variables:
        if variables.count(variable) > 1:
            raise ParameterError(
                f"'{variable}' of population '{info.label}' is given {variables.count(variable)} "
                "times; give one signal that has all its cells",
                population=info.label,
                variable=variable,
            )


def _check_signal(info: PopulationInfo, signal: SignalData) -> None:
    """Raise unless there is one column per recorded cell."""
    _check_cells(info, f"'{signal.variable}'", signal.node_ids)
    if len(signal.data.shape) != 2 or signal.data.shape[1] != signal.node_ids.size:
        raise ParameterError(
            f"'{signal.variable}' of population '{info.label}' has data of shape "
            f"{signal.data.shape} for {signal.node_ids.size} recorded cells; "
            "give one row per sample and one column per cell",
            population=info.label,
            variable=signal.variable,
        )
    if not signal.sampling_interval > 0:
        raise ParameterError(
            f"'{signal.variable}' of population '{info.label}' has a sampling interval of "
            f"{signal.sampling_interval} ms; it must be positive",
            population=info.label,
            variable=signal.variable,
        )
