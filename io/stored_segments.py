"""Read what a segment of a file holds; spikes and samples stay there until they are asked for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import h5py
import numpy as np

from distsim.errors import FileFormatError
from distsim.io import schema
from distsim.io.attributes import decode
from distsim.io.cell_parameters import read_parameters
from distsim.io.recordings import (
    PopulationData,
    PopulationInfo,
    SegmentData,
    SignalData,
    SpikeData,
)
from distsim.io.stored import Source, StoredArray, StoredSpikes, read_array

__all__ = ["child", "read_segment"]


def read_segment(home: h5py.Group, source: Source) -> SegmentData:
    """Return a segment, whose spikes and samples are read from its file when asked for.

    Parameters
    ----------
    home : h5py.Group
        Of the segment.
    source : Source
        The file.

    Raises
    ------
    FileFormatError
        If something is missing.
    """
    attributes = decode(home.attrs)
    populations = []
    described = child(home, schema.POPULATIONS, h5py.Group)
    for name, group in sorted(described.items(), key=lambda item: _position(item[1])):
        spikes, signals = _spikes(home, name, source), _signals(home, name, source)
        populations.append(PopulationData(_info(group), spikes, signals))
        _check_presence(group, populations[-1])
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


def _info(group: h5py.Group) -> PopulationInfo:
    """Return what is known about a population."""
    attributes = decode(group.attrs)
    return PopulationInfo(
        _value(attributes, schema.LABEL_ATTR, group),
        _value(attributes, schema.SIZE_ATTR, group),
        _value(attributes, schema.FIRST_GID_ATTR, group),
        decode(group.attrs, schema.ANNOTATION),
        _value(attributes, schema.CELL_TYPE_ATTR, group),
        read_parameters(group),
    )


def _spikes(home: h5py.Group, name: str, source: Source) -> SpikeData | None:
    """Return the spikes of a population, if they were recorded."""
    if f"{schema.SPIKES}/{name}" not in home:
        return None
    group = home[f"{schema.SPIKES}/{name}"]
    lengths = {each: _length(group, each) for each in (schema.TIMESTAMPS, schema.RECORDED_IDS)}
    _check_length(group, schema.SPIKE_NODE_IDS, lengths[schema.TIMESTAMPS])
    # files of an earlier format do not tell
    has_since = schema.RECORDED_SINCE in group
    if has_since:
        _check_length(group, schema.RECORDED_SINCE, lengths[schema.RECORDED_IDS])
    n_cells, n_spikes = lengths[schema.RECORDED_IDS], lengths[schema.TIMESTAMPS]
    return StoredSpikes(source, group.name, has_since, n_cells, n_spikes)


def _signals(home: h5py.Group, name: str, source: Source) -> list[SignalData]:
    """Return the reports of a population, in the order they were written."""
    reports = home.get(schema.REPORT, {})
    # a dot: in files of an earlier format
    own = [group for report, group in reports.items() if report.partition(".")[0] == name]
    of_others = home.get(schema.OTHER_REPORTS, {}).values()
    own += [reports[name] for reports in of_others if name in reports]
    own.sort(key=_position)
    return [_signal(group, source) for group in own]


def _signal(group: h5py.Group, source: Source) -> SignalData:
    """Return one report."""
    attributes = decode(group.attrs)
    mapping = child(group, schema.MAPPING, h5py.Group)
    node_ids = read_array(child(mapping, schema.NODE_IDS, h5py.Dataset), np.int64)
    _check_length(mapping, schema.TIME, 3)
    time = read_array(mapping[schema.TIME], np.float64)
    data = child(group, schema.VALUES, h5py.Dataset)
    if data.shape[1:] != node_ids.shape:
        raise _wrong_length(group, schema.VALUES, data.shape[-1], node_ids.size)
    return SignalData(
        _value(attributes, schema.VARIABLE_ATTR, group),
        _value(attributes, schema.UNITS_ATTR, group),
        node_ids,
        StoredArray(source, data.name, data.shape),
        float(time[0]),
        float(time[2]),
    )


def child(group: h5py.Group, name: str, kind: type) -> Any:
    """Return a group or dataset, or raise if there is none of that name."""
    found = group.get(name)
    if not isinstance(found, kind):
        full = f"{group.name.rstrip('/')}/{name.lstrip('/')}"
        raise FileFormatError(
            f"'{group.file.filename}' lacks the {kind.__name__.lower()} '{full}'; "
            "it is damaged or was changed by another program",
            path=group.file.filename,
            missing=full,
        )
    return found


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


def _length(group: h5py.Group, name: str) -> int:
    """Return how long a list is, or raise if there is none."""
    return int(child(group, name, h5py.Dataset).shape[0])


def _check_length(group: h5py.Group, name: str, expected: int) -> None:
    """Raise unless a list is as long as what it belongs to."""
    if _length(group, name) != expected:
        raise _wrong_length(group, name, _length(group, name), expected)


def _wrong_length(group: h5py.Group, name: str, length: int, expected: int) -> FileFormatError:
    return FileFormatError(
        f"'{group.name}/{name}' in '{group.file.filename}' has length {length} instead of "
        f"{expected}; the file is damaged or was changed by another program",
        path=group.file.filename,
    )
