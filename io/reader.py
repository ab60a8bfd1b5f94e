"""Read a file of recordings, without MPI, as plain arrays or as Neo's block."""

import os
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import h5py

from distsim.errors import FileFormatError
from distsim.io import frames, schema
from distsim.io.attributes import decode, without
from distsim.io.html_tables import recording_html
from distsim.io.kinds import Kind, kind_of
from distsim.io.provenance import read_provenance
from distsim.io.recordings import RunInfo, SegmentData
from distsim.io.stored import Source
from distsim.io.stored_segments import child, read_segment

if TYPE_CHECKING:
    import neo

__all__ = ["Recording", "open", "read_block"]

# what reads what else distsim has written
READ_OTHERWISE = {
    Kind.SNAPSHOT: (
        "is a checkpoint; `distsim run --resume --checkpoint '{path}' SCRIPT` goes on from it"
    ),
    Kind.CONNECTION_VALUES: (
        "has values of connections; distsim.io.read_connection_values() reads it"
    ),
}


class Recording:
    """A file of recordings; a context manager that closes it at the end.

    Attributes
    ----------
    path : Path
    run : RunInfo
        Facts about the run.
    segments : list of SegmentData
        What was recorded, from all ranks, between two resets each. Spikes are read when they are
        asked for, and kept; samples are read where they are indexed, each time.

    Notes
    -----
    Without ``with``, or `close`, the file is open as long as this object or one of its arrays is.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.path = Path(source.path)
        with source.reading() as file:
            attributes = _check_format(file, source.path)
            self.run = _run_info(file, attributes)
            homes = [
                child(file, schema.segment_path(k), h5py.Group)
                for k in range(attributes[schema.N_SEGMENTS_ATTR])
            ]
            self.segments = [read_segment(home, source) for home in homes]

    def close(self) -> None:
        """Close the file; spikes that were asked for stay, others cannot be read any more."""
        self._source.close()

    def __enter__(self) -> "Recording":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        labels = {data.info.label: None for each in self.segments for data in each.populations}
        return f"<Recording '{self.path}', {len(self.segments)} segments of {', '.join(labels)}>"

    def _repr_html_(self) -> str:
        """Return what notebooks show; nothing is read for it, the file may be closed."""
        return recording_html(self.path, self.run, self.segments)

    def to_dataframe(self) -> Any:
        """Return all spikes as a table of pandas'.

        Returns
        -------
        pandas.DataFrame
            Columns `segment`, `population` (its position in the segment), `label`, `cell` (its
            index in the population) and `time` [ms], a row for each spike, in the order of the
            file.

        Raises
        ------
        MissingPackageError
            If pandas is not installed.
        """
        return frames.all_spikes(self.segments)


def open(path: str | os.PathLike[str]) -> Recording:  # noqa: A001
    """Open a file of recordings for reading.

    Parameters
    ----------
    path : str or path-like
        Name of the file.

    Returns
    -------
    Recording

    Raises
    ------
    FileNotFoundError
    FileFormatError
        If the file is not HDF5, was not written by distsim, or something is missing in it. What
        is damaged is found when it is read.

    Examples
    --------
    ::

        with distsim.io.open("run.h5") as recording:
            exc = recording.segments[0].population("exc")
            times, senders = exc.spikes.times, exc.spikes.senders
            v = exc.signal("v").data[1000:2000, :5]
    """
    source = Source(os.fspath(path), is_kept_open=True)
    try:
        return Recording(source)
    except BaseException:
        source.close()
        raise


def read_block(
    path: str | os.PathLike[str], lazy: bool = False, population: str | None = None
) -> "neo.Block":
    """Read a file of recordings as Neo's block.

    Parameters
    ----------
    path : str or path-like
        Name of the file.
    lazy : bool, optional
        Leave the signals in the file: `segment.analogsignals` then holds objects that look like
        them and return them from `load`. Spikes are read when they are asked for.
    population : str, optional
        Label of the only population to read, or of several.

    Returns
    -------
    neo.Block
        One segment for each recorded one. The facts about the run are among its annotations.

    Raises
    ------
    FileNotFoundError
    FileFormatError
        If the file is not HDF5, was not written by distsim, lacks a dataset or is damaged.
    ParameterError
        If it lacks the population.
    """
    # with Neo, which not every reader of a file needs
    from distsim.io import neo_blocks
    from distsim.io.lazy_signal import LazySignal

    if lazy:
        # each signal opens the file for itself
        recording = Recording(Source(os.fspath(path), is_kept_open=False))
        segments = [_only(segment, population) for segment in recording.segments]
        return neo_blocks.block(segments, recording.run, build_signal=LazySignal)
    with open(path) as recording:
        segments = [_only(segment, population).load() for segment in recording.segments]
    return neo_blocks.block(segments, recording.run)


def _only(segment: SegmentData, label: str | None) -> SegmentData:
    """Return a segment with the populations of one label; None: with all."""
    if label is None:
        return segment
    chosen = [data for data in segment.populations if data.info.label == label]
    # raises where there is none
    return replace(segment, populations=chosen or [segment.population(label)])


def _run_info(file: h5py.File, attributes: dict[str, Any]) -> RunInfo:
    """Return what is known of the run."""
    prefixes = (schema.SEGMENT_PREFIX, schema.BLOCK_PREFIX)
    facts = without(attributes, schema.ROOT_ATTRS, prefixes)
    noted = decode(file.attrs, schema.BLOCK_ANNOTATION)
    name, description = map(attributes.get, (schema.NAME_ATTR, schema.DESCRIPTION_ATTR))
    return RunInfo(facts, noted, name, description, read_provenance(file))


def _check_format(file: h5py.File, path: str) -> dict[str, Any]:
    """Return the attributes of the root, or raise if the file is none of ours."""
    kind = kind_of(file)
    if kind in READ_OTHERWISE:
        otherwise = READ_OTHERWISE[kind].format(path=path)
        raise FileFormatError(f"'{path}' has no recordings: it {otherwise}", path=path)
    if kind is not Kind.RECORDINGS:
        raise FileFormatError(
            f"'{path}' is HDF5, but was not written by distsim: it lacks the attributes "
            f"'{schema.MAGIC_ATTR}' = {schema.MAGIC:#06x} and '{schema.FORMAT_ATTR}'; "
            "read it with the program that wrote it",
            path=path,
        )
    attributes = decode(file.attrs)
    if attributes[schema.FORMAT_ATTR] > schema.FORMAT:
        raise FileFormatError(
            f"'{path}' has format {attributes[schema.FORMAT_ATTR]}, this version of distsim reads "
            f"up to {schema.FORMAT}; install a newer one",
            path=path,
        )
    return attributes
