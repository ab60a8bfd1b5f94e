"""One file of what the shards of a job hold that did not come to its end."""

import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from distsim.errors import FileFormatError
from distsim.io.checksums import check_file
from distsim.io.keyed_spikes import KeyedSpikes
from distsim.io.recordings import (
    PopulationData,
    Provenance,
    RunInfo,
    SegmentData,
    SignalData,
)
from distsim.io.shard_content import ShardContent, gap
from distsim.io.shards import SUFFIX, ShardFile, from_text
from distsim.io.whole_file import check_new
from distsim.io.writer import Progress, write_parts
from distsim.network.pieces import Samples

__all__ = ["Merged", "merge"]

# of the first frames' facts, what must be the same in all shards
OF_JOB = ("job", "n_ranks", "dt")
NOTHING = np.zeros(0, np.int64)


@dataclass
class Merged:
    """What was found and written.

    Attributes
    ----------
    path : Path
        The file.
    n_shards, n_ranks : int
        How many ranks there were, and how many of them left a shard.
    n_spikes, n_values : int
        In the file.
    complete_until : float
        All ranks' recordings of the last segment are there until then [ms].
    last : float
        Some rank's are until then [ms].
    losses : list of str
        What was damaged, or not written as a whole.
    """

    path: Path
    n_shards: int = 0
    n_ranks: int = 0
    n_spikes: int = 0
    n_values: int = 0
    complete_until: float = 0.0
    last: float = 0.0
    losses: list[str] = field(default_factory=list)


def merge(
    folder: Path,
    target: Path | None = None,
    overwrite: bool = False,
    compression: str | None = None,
    progress: Progress = lambda n, total: None,
) -> Merged:
    """Make one file of the shards of a job that did not come to its end, then remove these.

    Samples that a rank has not written are nan, where others have; of spikes there is what was
    written, and the file's annotation `complete_until` says until when that is all.

    Parameters
    ----------
    folder : Path
        With the shards.
    target : Path, optional
        The file; default: the one that the script named.
    overwrite : bool
        Whether a file of that name is replaced.
    compression, progress
        As of `write`.

    Returns
    -------
    Merged

    Raises
    ------
    FileFormatError
        If there are no shards, or they are of several jobs.
    FileWriteError
        If there is a file of that name, or it cannot be written; the shards are kept.
    """
    with _opened(folder) as files:
        shards = [ShardContent(file) for file in files]
        _check_one_job(folder, shards)
        job = shards[0].job
        path = target or folder.parent / Path(str(job["file"])).with_suffix(".h5").name
        if not overwrite:
            check_new(path, "; name another one, or say --overwrite")
        merged = _Job(shards).written(path, compression, progress)
        check_file(path)
    for shard in shards:
        shard.file.path.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()
    return merged


@contextmanager
def _opened(folder: Path) -> Iterator[list[ShardFile]]:
    """Open all shards of a folder."""
    paths = sorted(folder.glob(f"*{SUFFIX}"))
    if not paths:
        what = f"has no shards ('*{SUFFIX}')" if folder.is_dir() else "is not a folder"
        raise FileFormatError(
            f"'{folder}' {what}; give the folder that a killed job has left, which has the name of "
            "its file and '.parts' behind it"
        )
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with ExitStack() as stack:
        files = []
        for path in paths:
            files.append(ShardFile(path))
            stack.callback(files[-1].close)
        yield files


def _check_one_job(folder: Path, shards: list[ShardContent]) -> None:
    for shard in shards:
        if not shard.job:
            raise FileFormatError(f"'{shard.file.path}' does not begin as a shard does")
        if any(shard.job[name] != shards[0].job[name] for name in OF_JOB):
            raise FileFormatError(
                f"'{shards[0].file.path.name}' and '{shard.file.path.name}' in '{folder}' are of "
                "different jobs; put those of one job into a folder of their own"
            )


class _Job:
    """The shards of all ranks, as what each rank would have written itself."""

    def __init__(self, shards: list[ShardContent]) -> None:
        self._shards = shards
        self._dt = float(shards[0].job["dt"])
        known = sorted({key[0] for shard in shards for key in shard.began})
        # a reset begins a segment, of which there may be nothing yet
        self._segments = [k for k in known if any(s.last_step(k) for s in shards)] or known[:1]
        self._populations = sorted({n for shard in shards for n in shard.populations})
        self._last = {k: max(shard.last_step(k) for shard in shards) for k in self._segments}

    def written(self, path: Path, compression: str | None, progress: Progress) -> Merged:
        """Write the file."""
        shards, last = self._shards, self._segments[-1]
        complete = min(shard.complete.get(last, 0) for shard in shards)
        merged = Merged(
            path,
            n_shards=len(shards),
            n_ranks=shards[0].job["n_ranks"],
            complete_until=self._time(complete),
            last=self._time(self._last[last]),
            losses=self._losses(),
        )
        parts = [self._of_rank(shard) for shard in shards]
        for segments in parts:
            for segment in segments:
                for _, spikes, signals in segment.populations:
                    merged.n_spikes += 0 if spikes is None else spikes.times.size
                    merged.n_values += sum(s.data.shape[0] * s.data.shape[1] for s in signals)
        facts = {key: value for shard in shards for key, value in shard.facts.items()}
        facts["complete_until"] = merged.complete_until
        run = RunInfo(facts, description="", provenance=self._provenance())
        write_parts(path, parts, run, progress, compression)
        return merged

    def _provenance(self) -> Provenance:
        accounts = [shard.account for shard in self._shards]
        names = dict.fromkeys(name for account in accounts for name in account)
        table = {n: np.array([account.get(n, np.nan) for account in accounts]) for n in names}
        known = [shard.known for shard in self._shards if shard.known]
        return Provenance(known[0] if known else {}, table)

    def _losses(self) -> list[str]:
        found = []
        n_missing = self._shards[0].job["n_ranks"] - len(self._shards)
        if n_missing:
            found.append(f"{n_missing} ranks have left no shard")
        for shard in self._shards:
            name, file = shard.file.path.name, shard.file
            if file.n_damaged:
                found.append(f"{name}: {file.n_damaged} pieces are damaged and left out")
            if shard.n_unknown:
                found.append(f"{name}: {shard.n_unknown} pieces are of unknown cells and left out")
            if file.n_lost:
                found.append(f"{name}: {file.n_lost} bytes at the end were not written as a whole")
        return found

    def _time(self, step: int) -> float:
        return round(step * self._dt, 9)

    def _of_rank(self, shard: ShardContent) -> list[SegmentData]:
        """Return all segments with what one rank has recorded."""
        return [self._segment(k, shard) for k in self._segments]

    def _segment(self, k: int, shard: ShardContent) -> SegmentData:
        began = [each for s in self._shards for p in self._populations for each in s.began[k, p]]
        populations = [
            self._population(k, number, shard)
            for number in self._populations
            if any(s.variables(k, number) for s in self._shards)
        ]
        annotations = {}
        for other in self._shards:
            annotations.update(from_text(other.resets.get(k, {}).get("annotations", "{}")))
        return SegmentData(
            index=k,
            t_start=self._time(min(step for step, _ in began)),
            t_stop=self._time(self._last[k]),
            annotations=annotations,
            populations=populations,
            rec_datetime=min(datetime.fromisoformat(text) for _, text in began),
        )

    def _population(self, k: int, number: int, shard: ShardContent) -> PopulationData:
        """Return what one rank has recorded of a population; of any other's variables nothing."""
        infos = [s.populations[number] for s in self._shards if number in s.populations]
        info = infos[0]
        variables: dict[str, dict[str, Any]] = {}
        for other in self._shards:
            for name, numbers in other.variables(k, number).items():
                variables.setdefault(name, other.sets[numbers[0]].facts)
        mine = shard.variables(k, number)
        spikes, signals = None, []
        for name, facts in variables.items():
            if name == "spikes":
                none = KeyedSpikes(NOTHING, NOTHING, NOTHING, info.first_gid, self._dt)
                found = shard.spikes(mine[name], info.first_gid, self._dt) if name in mine else none
                spikes = found.data()
                continue
            first = facts["step"]
            n_rows = self._n_rows(k, number, name, first)
            nodes, data = NOTHING, Samples([gap(n_rows)], 0)
            if name in mine:
                nodes, data = shard.samples(mine[name], first, n_rows)
            times = self._time(first), round(facts["interval"] * self._dt, 9)
            signals.append(SignalData(name, facts["units"], nodes, data, *times))
        return PopulationData(info, spikes, signals)

    def _n_rows(self, k: int, number: int, name: str, first: int) -> int:
        """Return how many samples of a variable some rank has."""
        most = 0
        for shard in self._shards:
            for each in shard.variables(k, number).get(name, []):
                interval = shard.sets[each].facts["interval"]
                for frame in shard.pieces[each]:
                    row = (frame.facts["step"] - first) // interval
                    most = max(most, row + frame.rows.shape[0])
        return most
