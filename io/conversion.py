"""Files of recordings in other formats: NIX and NWB by Neo's writers, CSV, and SONATA's folder."""

import csv
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import neo
import numpy as np

from distsim.errors import DistsimError, ParameterError
from distsim.io import reader
from distsim.io.reader import Recording, read_block
from distsim.io.sonata import write_sonata
from distsim.io.whole_file import Told, new_file, write_error

__all__ = ["convert"]


def convert(path: Path, target: Path, progress: Told | None = None) -> list[Path]:
    """Write what a file of recordings holds in another format.

    Parameters
    ----------
    path : Path
        File that distsim wrote.
    target : Path
        Its end says the format: ``.nix``, ``.nwb``, ``.csv``; without one it is a folder, in which
        SONATA's tools find spikes and reports of each segment, nodes and configurations.
    progress : callable, optional
        Called with bytes that were written to a file.

    Returns
    -------
    list of Path
        What was written. Of ``run.csv`` with signals these are ``run.csv`` for the spikes and a
        file for each signal.

    Raises
    ------
    ParameterError
        If no format has that end, or the package that writes it is missing.
    FileFormatError
        If the file is none of distsim's, or damaged.
    FileWriteError
        If the target cannot be written.
    """
    if target.suffix not in WRITERS:
        raise ParameterError(
            f"'{target}' ends in '{target.suffix}'; it must end in one of "
            f"{', '.join(filter(None, WRITERS))}, or in none for a folder of SONATA's"
        )
    try:
        return WRITERS[target.suffix](path, target, progress)
    except ImportError as error:
        raise ParameterError(
            f"'{target}' needs the package '{error.name}', which is not installed: "
            "`pip install 'distsim[convert]'`"
        ) from error
    except DistsimError:
        raise
    except OSError as error:
        raise write_error(error, target) from error


def _write_nix(path: Path, target: Path, told: Told | None) -> list[Path]:
    # Neo's own import hides what is missing
    import nixio  # noqa: F401

    block = read_block(path)
    with new_file(target, told) as temporary:
        io = neo.io.NixIO(str(temporary), "ow")
        io.write_block(block)
        io.close()
    return [target]


def _write_nwb(path: Path, target: Path, told: Told | None) -> list[Path]:
    import pynwb  # noqa: F401

    block = read_block(path)
    began = block.rec_datetime or datetime.fromtimestamp(path.stat().st_mtime)
    annotate_session(block, began)
    with new_file(target, told) as temporary, quiet():
        neo.io.NWBIO(str(temporary), "w").write_all_blocks([block])
    return [target]


def annotate_session(block: neo.Block, began: datetime) -> None:
    """Annotate a block with what a NWB file must have, and it has not.

    Parameters
    ----------
    block : neo.Block
    began : datetime
        When it was recorded, in UTC.
    """
    facts = {
        "session_start_time": began.replace(tzinfo=UTC),
        "session_description": block.description or block.name or "simulation",
        "identifier": str(uuid4()),
    }
    block.annotations.update({k: v for k, v in facts.items() if k not in block.annotations})


@contextmanager
def quiet() -> Iterator[None]:
    """Keep back warnings of Neo's writer, which has one for each signal, and of what it calls."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.WARNING))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _write_folder(path: Path, target: Path, _told: Told | None) -> list[Path]:
    return write_sonata(path, target)


def _write_csv(path: Path, target: Path, told: Told | None) -> list[Path]:
    """Write the spikes of all populations to one file, each signal to one of its own."""
    with reader.open(path) as recording:
        return _write_tables(recording, target, told)


def _write_tables(recording: Recording, target: Path, told: Told | None) -> list[Path]:
    segments = recording.segments
    written = [target]
    with new_file(target, told) as temporary, temporary.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["segment", "population", "cell", "time (ms)"])
        for segment in segments:
            for info, spikes, _ in segment.populations:
                if spikes is not None:
                    lines.writerows(
                        (segment.index, info.label, cell, time)
                        for time, cell in zip(
                            spikes.times.tolist(), spikes.senders.tolist(), strict=True
                        )
                    )
    for segment in segments:
        for place, (info, _, signals) in enumerate(segment.populations):
            for signal in signals:
                name = f"{target.stem}.{segment.index}.{place}.{signal.variable}.csv"
                written.append(target.with_name(name.replace("/", "_")))
                _write_signal(written[-1], info.label, signal, told)
    return written


def _write_signal(
    path: Path, label: str, signal: Any, told: Told | None, n_rows: int = 4096
) -> None:
    with new_file(path, told) as temporary, temporary.open("w", newline="") as file:
        lines = csv.writer(file)
        unit = f"{signal.variable} ({signal.units})"
        lines.writerow(["time (ms)", *(f"{label} {k}: {unit}" for k in signal.node_ids.tolist())])
        times = signal.times
        for first in range(0, times.size, n_rows):
            some = slice(first, first + n_rows)
            lines.writerows(np.column_stack([times[some], signal.data[some]]).tolist())


WRITERS: dict[str, Callable[[Path, Path, Told | None], list[Path]]] = {
    ".nix": _write_nix,
    ".nwb": _write_nwb,
    ".csv": _write_csv,
    "": _write_folder,
}
