"""Write what the ranks have recorded to one HDF5 file in SONATA's layout.

Rank 0 alone opens the file and asks the other ranks for blocks of bounded size (see `transfer`).
What is in the datasets, and how they are cut into chunks, depends neither on the number of ranks
nor on which rank owns a cell.
"""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from distsim.errors import DistsimError, ParameterError
from distsim.io import schema
from distsim.io.answers import Answers
from distsim.io.attributes import encode
from distsim.io.datasets import mark_sonata, new_hdf5_file
from distsim.io.layout import SegmentWriter
from distsim.io.provenance import write_provenance
from distsim.io.recordings import RunInfo, SegmentData
from distsim.io.transfer import (
    Communicator,
    Kind,
    LocalPart,
    Part,
    RemotePart,
    Request,
    collect,
    serve,
)
from distsim.io.whole_file import write_error

__all__ = ["Progress", "write", "write_parts"]

# gets the number of bytes written since, and that of all
Progress = Callable[[int, int], object]


def write(
    path: str | os.PathLike[str],
    segments: Sequence[SegmentData],
    info: Mapping[str, Any] | RunInfo,
    comm: Communicator | None = None,
    compression: str | None = None,
    progress: Progress = lambda n, total: None,
) -> None:
    """Write the recordings of all ranks to one HDF5 file in SONATA's layout.

    The file appears under its name when it is complete; an older one of that name is replaced.

    Parameters
    ----------
    path : str or path-like
        Name of the file; its folder must exist.
    segments : sequence of SegmentData
        What this rank has recorded. Segments, populations and signals are the same on every
        rank, each cell is recorded on one rank only.
    info : mapping of str to object, or RunInfo
        Facts about the run, which become attributes of the file. Those of rank 0 count.
    comm : mpi4py communicator, optional
        The ranks that take part; without it only this process does. Only point-to-point calls
        on buffers are made.
    compression : str, optional
        ``"gzip"``: of spikes and samples.
    progress : callable, optional
        Called on rank 0 with the number of bytes written since, and that of all, now and then.

    Raises
    ------
    ParameterError
        If a rank's recordings contradict themselves or those of the others, if a cell is
        recorded twice, or if an annotation or fact cannot be stored.
    FileWriteError
        If the file cannot be written: folder missing or read-only, disk full.

    Notes
    -----
    With a communicator every rank must call it; an error is raised on all of them, as the same
    class with the same message. Rank 0 holds blocks of a few megabytes, and the node ids of the
    recorded cells of one population: O(n_neurons).
    """
    answers = Answers(segments)
    rank, n_ranks = (0, 1) if comm is None else (comm.Get_rank(), comm.Get_size())
    if comm is not None and rank > 0:
        serve(comm, answers)
        return
    parts: list[Part] = [LocalPart(answers)]
    parts.extend(RemotePart(comm, other) for other in range(1, n_ranks) if comm is not None)
    run = info if isinstance(info, RunInfo) else RunInfo(dict(info))
    file = Path(path)
    _lead(parts, lambda: _write_file(file, segments, run, parts, progress, compression), file)


def write_parts(
    path: Path,
    ranks: Sequence[Sequence[SegmentData]],
    run: RunInfo,
    progress: Progress,
    compression: str | None = None,
) -> None:
    """Write what several ranks have recorded, which is all here, as `write` does.

    Parameters
    ----------
    path : Path
    ranks : sequence of sequence of SegmentData
        What each has recorded.
    run : RunInfo
    progress, compression
        As of `write`.

    Raises
    ------
    ParameterError, FileWriteError
        As of `write`.
    """
    parts = [LocalPart(Answers(segments), rank) for rank, segments in enumerate(ranks)]
    _lead(parts, lambda: _write_file(path, ranks[0], run, parts, progress, compression), path)


def _lead(parts: Sequence[Part], action: Callable[[], None], path: Path) -> None:
    """Act on rank 0, then tell the other ranks how it ended."""
    try:
        action()
    except Exception as cause:
        error = _as_shared(cause, path)
        for part in parts:
            part.dismiss(error)
        if error is cause:
            raise
        raise error from cause
    for part in parts:
        part.dismiss(None)


def _as_shared(cause: Exception, path: Path) -> DistsimError:
    """Return the error that every rank raises."""
    if isinstance(cause, DistsimError):
        return cause
    # HDF5 reports what it cannot write as OSError or, when it closes the file, as RuntimeError
    if isinstance(cause, OSError | RuntimeError):
        return write_error(cause, path)
    reason = f"{type(cause).__name__}: {cause}"
    return DistsimError(f"'{path}' was not written: {reason}", path=str(path))


def _write_file(
    path: Path,
    segments: Sequence[SegmentData],
    run: RunInfo,
    parts: Sequence[Part],
    progress: Progress,
    compression: str | None,
) -> None:
    """Check everything that can be checked before, then write the file."""
    _check_agreement(parts)
    root_attributes = _root_attributes(run, len(segments))
    writers = [SegmentWriter(k, data, compression) for k, data in enumerate(segments)]
    asked = [Request(Kind.N_BYTES)] * len(parts)
    n_bytes = sum(int(answer[0]) for answer in collect(parts, asked, np.dtype(np.int64)))
    with new_hdf5_file(path, n_bytes) as (file, check):
        mark_sonata(file)
        file.attrs.update(root_attributes)
        started = time.perf_counter()

        def report(n_written: int) -> None:
            check()
            progress(n_written, n_bytes)

        for writer in writers:
            writer.write(file, parts, report)
        write_provenance(file, run.provenance, time.perf_counter() - started)


def _check_agreement(parts: Sequence[Part]) -> None:
    """Raise if a rank's recordings are wrong in themselves or laid out unlike those of rank 0."""
    requests = [Request(Kind.STRUCTURE)] * len(parts)
    answers = collect(parts, requests, np.dtype(np.uint8))
    expected = json.loads(next(answers).tobytes())
    for part, answer in zip(parts[1:], answers, strict=True):
        for ours, theirs in zip_longest(expected, json.loads(answer.tobytes())):
            if ours != theirs:
                raise ParameterError(
                    f"rank {part.rank} has {theirs} where rank 0 has {ours}; "
                    "give the same segments, populations and signals on every rank",
                    rank=part.rank,
                )


def _root_attributes(run: RunInfo, n_segments: int) -> dict[str, Any]:
    """Return the attributes of the file, beside those of SONATA."""
    for name in run.attributes:
        prefixes = (schema.SEGMENT_PREFIX, schema.BLOCK_PREFIX)
        if name in schema.ROOT_ATTRS or str(name).startswith(prefixes):
            raise ParameterError(
                f"'{name}' of the run's facts is a name of the file format; rename it", name=name
            )
    texts = {schema.NAME_ATTR: run.name, schema.DESCRIPTION_ATTR: run.description}
    return {
        schema.FORMAT_ATTR: schema.FORMAT,
        schema.N_SEGMENTS_ATTR: n_segments,
        **encode({name: text for name, text in texts.items() if text is not None}, "the block"),
        **encode(run.attributes, "the run's facts"),
        **encode(run.annotations, "the block", schema.BLOCK_ANNOTATION),
    }
