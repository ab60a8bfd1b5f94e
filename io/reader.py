"""Read a file of recordings, without MPI, as plain arrays or as Neo's block."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import h5py
import neo
import numpy as np
from numpy.typing import NDArray

from distsim.errors import FileFormatError, did_you_mean
from distsim.io import neo_blocks, schema
from distsim.io.attributes import decode, without
from distsim.io.checksums import check, readable
from distsim.io.lazy_signal import LazySignal, StoredArray
from distsim.io.recordings import (
    PopulationData,
    PopulationInfo,
    RunInfo,
    SegmentData,
    SignalData,
    SpikeData,
)

__all__ = ["read_block", "read_segments"]


def read_block(
    path: str | os.PathLike[str], lazy: bool = False, population: str | None = None
) -> neo.Block:
    """Read a file of recordings as Neo's block.

    Parameters
    ----------
    path : str or path-like
        Name of the file.
    lazy : bool, optional
        Leave the signals in the file: `segment.analogsignals` then holds objects that look like
        them and return them from `load`. Spikes are always read.
    population : str, optional
        Label of the only population to read.

    Returns
    -------
    neo.Block
        One segment for each recorded one. The facts about the run are among its annotations.

    Raises
    ------
    FileFormatError
        If the file is not HDF5, was not written by distsim, lacks a dataset or the population.
    """
    run, segments = read_segments(path, lazy=lazy, population=population)
    build_signal = LazySignal if lazy else neo_blocks.analog_signal
    return neo_blocks.block(segments, run, build_signal=build_signal)


def read_segments(
    path: str | os.PathLike[str], lazy: bool = False, population: str | None = None
) -> tuple[RunInfo, list[SegmentData]]:
    """Read a file of recordings as plain arrays.

    Parameters
    ----------
    path : str or path-like
        Name of the file.
    lazy : bool, optional
        Leave the samples of signals in the file; they are then read where they are indexed.
    population : str, optional
        Label of the only population to read.

    Returns
    -------
    RunInfo
        Facts about the run.
    list of SegmentData
        The recordings of all ranks.

    Raises
    ------
    FileFormatError
        If the file is not HDF5, was not written by distsim, lacks a dataset or the population.
    """
    name = os.fspath(path)
    with _open(name) as file:
        attributes = _check_format(file, name)
        n_segments = attributes[schema.N_SEGMENTS_ATTR]
        homes = [_child(file, schema.segment_path(k), h5py.Group) for k in range(n_segments)]
        segments = [_segment(home, lazy, population) for home in homes]
        annotations = decode(file.attrs, schema.BLOCK_ANNOTATION)
    facts = without(attributes, schema.ROOT_ATTRS, (schema.SEGMENT_PREFIX, schema.BLOCK_PREFIX))
    texts = [attributes.get(name) for name in (schema.NAME_ATTR, schema.DESCRIPTION_ATTR)]
    return RunInfo(facts, annotations, *texts), segments


@contextmanager
def _open(path: str) -> Iterator[h5py.File]:
    """Open a file for reading; a missing one is Python's own error."""
    with open(path, "rb"):  # noqa: PTH123
        pass
    if not h5py.is_hdf5(path):
        raise FileFormatError(
            f"'{path}' is not an HDF5 file; give a file that distsim wrote", path=path
        )
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise FileFormatError(
            f"'{path}' cannot be opened as HDF5 ({error}); it may be cut short, "
            "or still be open in another program",
            path=path,
        ) from error
    with file, readable(path):
        yield file


def _check_format(file: h5py.File, path: str) -> dict[str, Any]:
    """Return the attributes of the root, or raise if the file is none of ours."""
    attributes = decode(file.attrs)
    has_magic = np.array_equal(attributes.get(schema.MAGIC_ATTR, 0), schema.MAGIC)
    if not has_magic or not set(schema.ROOT_ATTRS) <= set(attributes):
        raise FileFormatError(
            f"'{path}' is HDF5, but was not written by distsim: it lacks the attributes "
            f"'{schema.MAGIC_ATTR}' = {schema.MAGIC:#06x} and '{schema.FORMAT_ATTR}'; "
            "read it with the program that wrote it",
            path=path,
        )
    if attributes[schema.FORMAT_ATTR] > schema.FORMAT:
        raise FileFormatError(
            f"'{path}' has format {attributes[schema.FORMAT_ATTR]}, this version of distsim reads "
            f"up to {schema.FORMAT}; install a newer one",
            path=path,
        )
    return attributes


def _segment(home: h5py.Group, lazy: bool, only: str | None) -> SegmentData:
    """Read one segment."""
    attributes = decode(home.attrs)
    populations = []
    for name, group in _chosen(home, only):
        data = PopulationData(_info(group), _spikes(home, name), _signals(home, name, lazy))
        _check_presence(group, data)
        populations.append(data)
    return SegmentData(
        _value(attributes, schema.SEGMENT_INDEX_ATTR, home),
        _value(attributes, schema.T_START_ATTR, home),
        _value(attributes, schema.T_STOP_ATTR, home),
        decode(home.attrs, schema.SEGMENT_ANNOTATION),
        populations,
        _datetime(attributes.get(schema.REC_DATETIME_ATTR)),
    )


def _check_presence(group: h5py.Group, data: PopulationData) -> None:
    """Raise if something is missing that was written; files of an earlier format do not tell."""
    n_found = {
        schema.HAS_SPIKES_ATTR: int(data.spikes is not None),
        schema.N_REPORTS_ATTR: len(data.signals),
    }
    for name, found in n_found.items():
        noted = int(group.attrs.get(name, found))
        if found != noted:
            what = "spikes" if name == schema.HAS_SPIKES_ATTR else "reports"
            raise FileFormatError(
                f"'{group.file.filename}' has {found} of {noted} groups with {what} of "
                f"'{data.info.label}'; it is damaged or was changed by another program",
                path=group.file.filename,
            )


def _datetime(text: str | None) -> datetime | None:
    """Return the time that a segment began, which older files do not tell."""
    return None if text is None else datetime.fromisoformat(text)


def _chosen(home: h5py.Group, only: str | None) -> list[tuple[str, h5py.Group]]:
    """Return names and groups of the populations to read, in the order they were written."""
    described = _child(home, schema.POPULATIONS, h5py.Group)
    groups = sorted(described.items(), key=lambda item: _position(item[1]))
    if only is None:
        return groups
    labels = [_info(group).label for _, group in groups]
    if only not in labels:
        raise FileFormatError(
            f"'{home.file.filename}' has no population '{only}'; {did_you_mean(only, labels)}",
            path=home.file.filename,
            population=only,
        )
    return [item for item, label in zip(groups, labels, strict=True) if label == only]


def _info(group: h5py.Group) -> PopulationInfo:
    """Return what is known about a population."""
    attributes = decode(group.attrs)
    return PopulationInfo(
        _value(attributes, schema.LABEL_ATTR, group),
        _value(attributes, schema.SIZE_ATTR, group),
        _value(attributes, schema.FIRST_GID_ATTR, group),
        decode(group.attrs, schema.ANNOTATION),
        _value(attributes, schema.CELL_TYPE_ATTR, group),
    )


def _spikes(home: h5py.Group, name: str) -> SpikeData | None:
    """Read the spikes of a population, if they were recorded."""
    if f"{schema.SPIKES}/{name}" not in home:
        return None
    group = home[f"{schema.SPIKES}/{name}"]
    times = _array(group, schema.TIMESTAMPS, np.float64)
    senders = _array(group, schema.SPIKE_NODE_IDS, np.int64)
    _check_length(group, schema.SPIKE_NODE_IDS, senders.size, times.size)
    recorded = _array(group, schema.RECORDED_IDS, np.int64)
    if schema.RECORDED_SINCE not in group:
        return SpikeData(recorded, times, senders)
    since = _array(group, schema.RECORDED_SINCE, np.float64)
    _check_length(group, schema.RECORDED_SINCE, since.size, recorded.size)
    return SpikeData(recorded, times, senders, since)


def _signals(home: h5py.Group, name: str, lazy: bool) -> list[SignalData]:
    """Read the reports of a population, in the order they were written."""
    reports = home.get(schema.REPORT, {})
    # a dot: in files of an earlier format
    own = [group for report, group in reports.items() if report.partition(".")[0] == name]
    of_others = home.get(schema.OTHER_REPORTS, {}).values()
    own += [reports[name] for reports in of_others if name in reports]
    own.sort(key=_position)
    return [_signal(group, lazy) for group in own]


def _signal(group: h5py.Group, lazy: bool) -> SignalData:
    """Read one report."""
    attributes = decode(group.attrs)
    mapping = _child(group, schema.MAPPING, h5py.Group)
    node_ids = _array(mapping, schema.NODE_IDS, np.int64)
    time = _array(mapping, schema.TIME, np.float64)
    _check_length(mapping, schema.TIME, time.size, 3)
    data = _child(group, schema.VALUES, h5py.Dataset)
    _check_length(group, schema.VALUES, data.shape[-1], node_ids.size)
    stored = StoredArray(group.file.filename, data.name, data.shape)
    return SignalData(
        _value(attributes, schema.VARIABLE_ATTR, group),
        _value(attributes, schema.UNITS_ATTR, group),
        node_ids,
        stored if lazy else check(data, data[...]),
        float(time[0]),
        float(time[2]),
    )


def _child(group: h5py.Group, name: str, kind: type) -> Any:
    """Return a group or dataset, or raise."""
    child = group.get(name)
    if not isinstance(child, kind):
        full = f"{group.name.rstrip('/')}/{name.lstrip('/')}"
        raise FileFormatError(
            f"'{group.file.filename}' lacks the {kind.__name__.lower()} '{full}'; "
            "it is damaged or was changed by another program",
            path=group.file.filename,
            missing=full,
        )
    return child


def _array(group: h5py.Group, name: str, dtype: type) -> NDArray[Any]:
    """Read a dataset as a whole, or raise if there is none."""
    dataset = _child(group, name, h5py.Dataset)
    return np.asarray(check(dataset, dataset[...]), dtype=dtype)


def _position(group: h5py.Group) -> int:
    """Return the place of a population or report in the order they were written."""
    return int(_value(group.attrs, schema.POSITION_ATTR, group))


def _value(attributes: Mapping[str, Any], name: str, owner: h5py.Group) -> Any:
    """Return an attribute, or raise if there is none."""
    if name not in attributes:
        raise FileFormatError(
            f"'{owner.name}' in '{owner.file.filename}' lacks the attribute '{name}'; "
            "it is damaged or was changed by another program",
            path=owner.file.filename,
            missing=name,
        )
    return attributes[name]


def _check_length(group: h5py.Group, name: str, length: int, expected: int) -> None:
    """Raise unless a dataset is as long as what it belongs to."""
    if length != expected:
        raise FileFormatError(
            f"'{group.name}/{name}' in '{group.file.filename}' has length {length} instead of "
            f"{expected}; the file is damaged or was changed by another program",
            path=group.file.filename,
        )
