"""Lay out one segment in the file, asking the ranks for what goes into it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from distsim.errors import ParameterError
from distsim.io import schema
from distsim.io.attributes import encode, fixed
from distsim.io.cell_parameters import write_parameters
from distsim.io.checksums import Checksum
from distsim.io.datasets import create, mark_order, store
from distsim.io.recordings import PopulationInfo, SegmentData, SignalData
from distsim.io.spike_merge import SPIKE_DTYPE, SpikeStream, merge
from distsim.io.transfer import MESSAGE_BYTES, Kind, Part, Request, collect

__all__ = ["SegmentWriter", "write_mapping"]

_IDS = np.dtype(np.int64)
_SAMPLES = np.dtype(np.float64)

# columns of a report that are put together at once; a multiple of the chunk's width
_TILE_COLUMNS = 32 * schema.REPORT_CHUNK[1]


class SegmentWriter:
    """Write one segment; what cannot be stored is found when it is made.

    Parameters
    ----------
    position : int
        Position of the segment in the file.
    segment : SegmentData
        The recording of rank 0, which gives the structure.
    compression : str, optional
        Of spikes and samples.

    Raises
    ------
    ParameterError
        If an annotation cannot be stored.
    """

    def __init__(self, position: int, segment: SegmentData, compression: str | None = None) -> None:
        self._compression = compression
        self._position = position
        self._segment = segment
        infos = [info for info, _, _ in segment.populations]
        self._names = schema.distinct([schema.escape(info.label) for info in infos])
        self._attributes = [_population_attributes(info) for info in infos]
        self._segment_attributes = _segment_attributes(segment)
        self._shown_variable = schema.report_variable(
            signal.variable for _, _, signals in segment.populations for signal in signals
        )

    def write(self, file: h5py.File, parts: Sequence[Part], check: Callable[[int], None]) -> None:
        """Write the segment with the data of all parts.

        Parameters
        ----------
        file : h5py.File
            Open for writing.
        parts : sequence of Part
            All ranks, rank 0 first.
        check : callable
            Called with the number of bytes written since; raises if something was not written.
        """
        home = file.require_group(schema.segment_path(self._position))
        home.attrs.update(self._segment_attributes)
        described = home.create_group(schema.POPULATIONS)
        for position, (info, spikes, signals) in enumerate(self._segment.populations):
            name = self._names[position]
            group = described.create_group(name)
            write_parameters(group, info.parameters)
            group.attrs.update(self._attributes[position])
            group.attrs[schema.POSITION_ATTR] = position
            group.attrs[schema.HAS_SPIKES_ATTR] = spikes is not None
            group.attrs[schema.N_REPORTS_ATTR] = len(signals)
            request = Request(0, segment=self._position, population=position)
            if spikes is not None:
                spike_group = home.create_group(f"{schema.SPIKES}/{name}")
                spike_group.attrs.update(self._attributes[position])
                self._write_spikes(spike_group, request, parts, check)
            self._write_signals(home, request, signals, parts, check)

    def _write_spikes(
        self,
        group: h5py.Group,
        request: Request,
        parts: Sequence[Part],
        check: Callable[[int], None],
    ) -> None:
        """Write the spikes of one population."""
        label = self._segment.populations[request.population][0].label
        cells = _cells(parts, request._replace(kind=Kind.SPIKE_CELLS), f"spikes of '{label}'")
        node_ids, owned = cells
        store(group, schema.RECORDED_IDS, schema.NODE_ID_DTYPE, node_ids)
        starts = np.empty(node_ids.size)
        asked = [request._replace(kind=Kind.SPIKE_STARTS)] * len(parts)
        for places, answer in zip(owned, collect(parts, asked, _SAMPLES), strict=True):
            starts[places] = answer
        since = store(group, schema.RECORDED_SINCE, schema.TIME_DTYPE, starts)
        since.attrs[schema.UNITS_ATTR] = fixed(schema.TIME_UNITS)
        mark_order(group)

        # the datasets get their final size before the first spike is written
        requests = [request._replace(kind=Kind.N_SPIKES)] * len(parts)
        counts = [int(answer[0]) for answer in collect(parts, requests, _IDS)]
        shape = (sum(counts),)
        times = create(group, schema.TIMESTAMPS, schema.TIME_DTYPE, shape, self._compression)
        times.attrs[schema.UNITS_ATTR] = fixed(schema.TIME_UNITS)
        senders = create(
            group, schema.SPIKE_NODE_IDS, schema.NODE_ID_DTYPE, shape, self._compression
        )

        start = 0
        sums = Checksum(), Checksum()
        for spikes in merge(_streams(parts, request, counts)):
            stop = start + spikes.size
            for dataset, checksum, name in zip(
                (times, senders), sums, ("time", "node_id"), strict=True
            ):
                values = spikes[name].astype(dataset.dtype)
                dataset[start:stop] = values
                checksum.add(values)
            start = stop
            check(spikes.nbytes)
        for dataset, checksum in zip((times, senders), sums, strict=True):
            checksum.seal(dataset)

    def _write_signals(
        self,
        home: h5py.Group,
        request: Request,
        signals: Sequence[SignalData],
        parts: Sequence[Part],
        check: Callable[[int], None],
    ) -> None:
        """Write the reports of one population."""
        info = self._segment.populations[request.population][0]
        population_name = self._names[request.population]
        for position, signal in enumerate(signals):
            shown = self._shown_variable
            group = home.create_group(schema.report_path(population_name, signal.variable, shown))
            group.attrs.update(_report_attributes(info, signal))
            group.attrs[schema.POSITION_ATTR] = position
            of_signal = request._replace(signal=position)
            self._write_report(group, of_signal, info, signal, parts, check)

    def _write_report(
        self,
        group: h5py.Group,
        request: Request,
        info: PopulationInfo,
        signal: SignalData,
        parts: Sequence[Part],
        check: Callable[[int], None],
    ) -> None:
        """Write the samples and the mapping of one variable."""
        what = f"'{signal.variable}' of '{info.label}'"
        node_ids, owned = _cells(parts, request._replace(kind=Kind.SIGNAL_CELLS), what)
        shape = (signal.data.shape[0], node_ids.size)
        write_mapping(group.create_group(schema.MAPPING), node_ids, signal)
        values = create(group, schema.VALUES, schema.VALUE_DTYPE, shape, self._compression)
        values.attrs[schema.UNITS_ATTR] = fixed(signal.units)
        checksum = Checksum()
        for rows, columns in _tiles(shape):
            tile = _tile(rows, columns, request, parts, owned)
            values[rows, columns] = tile
            checksum.add_tile(tile, rows.start, columns.start)
            check(tile.nbytes)
        checksum.seal(values)
        _view(group, values).attrs[schema.UNITS_ATTR] = fixed(signal.units)


def _view(group: h5py.Group, values: h5py.Dataset) -> h5py.Dataset:
    """Create the dataset that SONATA's readers look for; its samples are those of `values`."""
    if not all(values.shape):
        return create(group, schema.DATA, schema.VIEW_DTYPE, values.shape)
    # "." is the file itself, whatever its name; a percent sign starts a printf format
    name = values.name.replace("%", "%%")
    layout = h5py.VirtualLayout(values.shape, schema.VIEW_DTYPE)
    layout[...] = h5py.VirtualSource(".", name, values.shape, values.dtype)
    return group.create_virtual_dataset(schema.DATA, layout)


def write_mapping(group: h5py.Group, node_ids: NDArray[np.int64], signal: SignalData) -> None:
    """Write which column belongs to which cell, and the times of the samples."""
    n_cells = node_ids.size
    cells = store(group, schema.NODE_IDS, schema.NODE_ID_DTYPE, node_ids)
    # SONATA's text has the attribute at the group, libsonata looks for it at the dataset
    for described in (group, cells):
        described.attrs[schema.SORTED_ATTR] = np.uint8(True)
    store(group, schema.INDEX_POINTERS, schema.POINTER_DTYPE, np.arange(n_cells + 1))
    store(group, schema.ELEMENT_IDS, schema.ELEMENT_DTYPE, np.zeros(n_cells))
    # SONATA's end is that of the last sampling interval
    t_stop = signal.t_start + signal.data.shape[0] * signal.sampling_interval
    times = np.array([signal.t_start, t_stop, signal.sampling_interval])
    time = store(group, schema.TIME, schema.TIME_DTYPE, times)
    time.attrs[schema.UNITS_ATTR] = fixed(schema.TIME_UNITS)


def _cells(
    parts: Sequence[Part], request: Request, what: str
) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    """Return the recorded cells of all ranks, ascending, and each rank's columns among them."""
    per_part = list(collect(parts, [request] * len(parts), _IDS))
    node_ids = np.sort(np.concatenate(per_part))
    twice = node_ids[1:][node_ids[1:] == node_ids[:-1]]
    if twice.size:
        owners = [p.rank for p, ids in zip(parts, per_part, strict=True) if twice[0] in ids]
        raise ParameterError(
            f"{what}: cell {twice[0]} is recorded on ranks {owners}; "
            "give each cell on one rank only",
            node_id=int(twice[0]),
            ranks=owners,
        )
    return node_ids, [np.searchsorted(node_ids, ids) for ids in per_part]


def _streams(parts: Sequence[Part], request: Request, counts: Sequence[int]) -> list[SpikeStream]:
    """Return the spikes of each rank, to be fetched in blocks."""

    def stream(part: Part, n_spikes: int) -> SpikeStream:
        def fetch(start: int, stop: int) -> NDArray[Any]:
            part.ask(request._replace(kind=Kind.SPIKES, start=start, stop=stop))
            return part.receive(SPIKE_DTYPE)

        return SpikeStream(n_spikes, fetch)

    return [stream(part, n_spikes) for part, n_spikes in zip(parts, counts, strict=True)]


def _tiles(shape: tuple[int, int]) -> Iterator[tuple[slice, slice]]:
    """Yield the rows and columns of tiles of bounded size that are made of whole chunks."""
    n_samples, n_cells = shape
    n_columns = min(n_cells, _TILE_COLUMNS)
    chunk_rows = schema.REPORT_CHUNK[0]
    row_bytes = max(1, n_columns) * schema.VALUE_DTYPE.itemsize
    n_rows = max(1, MESSAGE_BYTES // (row_bytes * chunk_rows)) * chunk_rows
    for row in range(0, n_samples, n_rows):
        for column in range(0, n_cells, _TILE_COLUMNS):
            rows = slice(row, min(row + n_rows, n_samples))
            yield rows, slice(column, min(column + _TILE_COLUMNS, n_cells))


def _tile(
    rows: slice,
    columns: slice,
    request: Request,
    parts: Sequence[Part],
    owned: Sequence[NDArray[np.int64]],
) -> NDArray[np.float64]:
    """Return one tile, put together from the ranks that own some of its columns."""
    tile = np.empty((rows.stop - rows.start, columns.stop - columns.start), dtype=_SAMPLES)
    askable, requests, targets = [], [], []
    for part, places in zip(parts, owned, strict=True):
        first, last = np.searchsorted(places, [columns.start, columns.stop])
        if first < last:
            askable.append(part)
            targets.append(places[first:last] - columns.start)
            wanted = {"start": rows.start, "stop": rows.stop, "first": first, "last": last}
            requests.append(request._replace(kind=Kind.SIGNAL, **wanted))
    blocks = collect(askable, requests, _SAMPLES)
    for target, block in zip(targets, blocks, strict=True):
        tile[:, target] = block.reshape(tile.shape[0], target.size)
    return tile


def _population_attributes(info: PopulationInfo) -> dict[str, Any]:
    """Return the attributes of a population's groups."""
    owner = f"population '{info.label}'"
    facts = {
        schema.LABEL_ATTR: info.label,
        schema.SIZE_ATTR: int(info.size),
        schema.FIRST_GID_ATTR: int(info.first_gid),
        schema.CELL_TYPE_ATTR: info.cell_type,
    }
    return {**encode(facts, owner), **encode(info.annotations, owner, schema.ANNOTATION)}


def _segment_attributes(segment: SegmentData) -> dict[str, Any]:
    """Return the attributes of a segment's group."""
    return {
        schema.SEGMENT_INDEX_ATTR: int(segment.index),
        schema.T_START_ATTR: float(segment.t_start),
        schema.T_STOP_ATTR: float(segment.t_stop),
        **_rec_datetime(segment),
        **encode(segment.annotations, f"segment {segment.index}", schema.SEGMENT_ANNOTATION),
    }


def _rec_datetime(segment: SegmentData) -> dict[str, Any]:
    """Return the attribute that tells when a segment began, where that is known."""
    if segment.rec_datetime is None:
        return {}
    return {schema.REC_DATETIME_ATTR: fixed(segment.rec_datetime.isoformat())}


def _report_attributes(info: PopulationInfo, signal: SignalData) -> dict[str, Any]:
    """Return the attributes of a report's group."""
    facts = {
        schema.VARIABLE_ATTR: signal.variable,
        schema.UNITS_ATTR: signal.units,
        schema.POPULATION_ATTR: info.label,
    }
    return encode(facts, f"'{signal.variable}' of population '{info.label}'")
