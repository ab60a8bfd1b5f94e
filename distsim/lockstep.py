"""Ranks in step: each says what it calls before it does, and all compare.

A script runs on every rank. What it describes is noted on each, and at every call that all ranks
must make, one small reduction tells whether they have described, and now call, the same.
"""

import functools
import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from distsim.comm.agreement import agree
from distsim.comm.world import world
from distsim.errors import CollectiveError
from distsim.leaving import EXIT_DELAY, Leaving

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["Lockstep", "Step", "lockstep", "users_line"]

logger = logging.getLogger(__name__)

# what a rank says at a meeting, below all digests
DONE, FAILED, LEAVING, FIRST_DIGEST = 0, 1, 2, 16
# so often a rank asks at once whether all others are there, before it sleeps between
N_SPINS = 100
# longest sleep [s]
LONGEST_PAUSE = 0.002
# a rank that has waited so long says so, and again each time it has waited twice as long [s]
FIRST_WARNING = 5.0
# how long a rank that failed within a call waits for the others to come to its end [s]
FAILURE_DELAY = 20.0
# modules whose frames are not the user's
LIBRARIES = ("distsim", "pyNN", "contextlib", "functools")
# longest text of a step in an error
LONGEST_TEXT = 300


class Step(NamedTuple):
    """What a rank did, or is about to do.

    Attributes
    ----------
    name : str
        Of the function or class, as users know it.
    label : str
        Of the object; empty if there is none.
    values : tuple of (str, str)
        What was given, by name.
    file, line
        Of the user's script.
    is_call : bool
        Whether every rank must call it.
    """

    name: str
    label: str
    values: tuple[tuple[str, str], ...]
    file: str = ""
    line: int = 0
    is_call: bool = True

    @property
    def essence(self) -> bytes:
        """What must be alike on all ranks."""
        return repr((self.is_call, self.name, self.label, self.values)).encode()

    @property
    def where(self) -> str:
        """What it was, and in which line of the script."""
        what = f"{self.name}()" + (f" of '{self.label}'" if self.label else "")
        return f"{what} ({Path(self.file).name}, line {self.line})" if self.file else what


class _Report(NamedTuple):
    """What a rank tells the others where they are not in step."""

    said: int
    hashes: list[bytes]
    here: Step
    status: int


START = Step("start of the script", "", ())


class Lockstep:
    """The place of this rank among all.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm
        All ranks; used for nothing else.
    """

    def __init__(self, comm: "MPI.Intracomm") -> None:
        self._comm = comm
        self._here = START
        # since all ranks last agreed
        self._steps: list[Step] = []
        self._digest = blake2b(digest_size=7)
        self._is_inside = False
        self._lost_in: Step | None = None
        self._is_torn = False
        self._leaving = Leaving(comm, self._leave)

    @property
    def rank(self) -> int:
        """Rank of this process."""
        return self._comm.Get_rank()

    @property
    def n_ranks(self) -> int:
        """Number of ranks."""
        return self._comm.Get_size()

    @property
    def is_inside(self) -> bool:
        """Whether this rank is within a call that every rank must make."""
        return self._is_inside

    def note(self, name: str, label: str, values: Mapping[str, str], is_call: bool = False) -> Step:
        """Note something that must be alike on all ranks; it is compared at the next call.

        Parameters
        ----------
        name, label : str
        values : mapping of str to str
            Without addresses of objects, and in an order that does not depend on them.
        is_call : bool
            See `Step`.
        """
        if self._leaving.is_forked:
            raise CollectiveError(
                f"{name}() in a process that was forked from rank {self._comm.Get_rank()}: it is "
                "no rank, and cannot take part; start a new Python instead"
            )
        step = Step(name, label, tuple(values.items()), *users_line(), is_call)
        self._steps.append(step)
        self._digest.update(step.essence)
        return step

    @contextmanager
    def call(self, name: str, label: str, values: Mapping[str, str]) -> Iterator[None]:
        """Make sure that all ranks are here, and fail together; every rank must call it.

        Parameters
        ----------
        name, label, values
            As for `note`.

        Raises
        ------
        CollectiveError
            On every rank, if ranks are elsewhere, or have described something else before.
        Exception
            On every rank, the error of the lowest rank on which the body raised one.
        """
        self._here = self.note(name, label, values, is_call=True)
        self._is_torn = False
        reports = self._meet(FIRST_DIGEST + int.from_bytes(self._digest.digest()))
        steps, self._steps = self._steps, []
        self._digest = blake2b(digest_size=7)
        if reports is not None:
            raise _difference(self._first_difference(steps, reports))
        failure: Exception | None = None
        self._is_inside = True
        try:
            yield
        except Exception as error:  # agreed on, then raised on each rank
            failure = error
        except SystemExit:
            self._is_torn = True
            raise
        finally:
            self._is_inside = False
        self._end(failure)

    def _end(self, failure: Exception | None) -> None:
        """End a call on every rank with the same error, if any rank has one."""
        if failure is None:
            if self._meet(DONE) is None:
                return
        else:
            try:
                self._meet(FAILED, patience=FAILURE_DELAY)
            except TimeoutError:
                # the others are in the middle of the call, and wait for this rank there
                self._leaving(type(failure), failure, failure.__traceback__)
        agree(self._comm, failure)

    # --- meeting -------------------------------------------------------------------------------

    def _meet(
        self, said: int, patience: float | None = None, status: int = 0
    ) -> list[_Report] | None:
        """Wait for all ranks; return None if all say the same, else what each reports.

        Does not return where a rank leaves and another does not: the job is ended.
        """
        from mpi4py import MPI

        if self._lost_in is not None:
            raise CollectiveError(
                f"this rank was interrupted while it waited in {self._lost_in.where}, and is no "
                "longer in step with the others; end the job"
            )
        mine = np.array([said, -said], np.int64)
        least = np.empty_like(mine)
        request = self._comm.Iallreduce(mine, least, op=MPI.MIN)
        try:
            self._wait(request.Test, patience, is_told=said >= FIRST_DIGEST)
        except BaseException:
            if self._comm.Get_size() > 1:
                self._lost_in = self._here
            raise
        if least[0] == -least[1]:
            return None
        hashes = [_hash(step) for step in self._steps]
        reports = self._comm.allgather(_Report(said, hashes, self._here, status))
        leavers = [rank for rank, report in enumerate(reports) if report.said == LEAVING]
        if leavers:
            self._end_job(reports, leavers)
        return reports

    def _wait(self, is_there: Callable[[], bool], patience: float | None, is_told: bool) -> None:
        """Wait until all ranks are there, leaving the core to others after a moment."""
        for _ in range(N_SPINS):
            if is_there():
                return
        started = time.monotonic()
        warning = FIRST_WARNING
        while not is_there():
            waited = time.monotonic() - started
            if patience is not None and waited > patience:
                raise TimeoutError
            if is_told and waited > warning:
                warning *= 2
                logger.warning("waiting for other ranks for %.0f s in %s", waited, self._here.where)
            time.sleep(min(1e-5 + waited / 8, LONGEST_PAUSE))

    def _first_difference(self, steps: list[Step], reports: list[_Report]) -> list[Step]:
        """Return what each rank did at the first step that is not alike; every rank calls it."""
        # the last step of each is a call, at which all compare; so none is the beginning of another
        each = zip(*(report.hashes for report in reports), strict=False)
        first = next(k for k, hashes in enumerate(each) if len(set(hashes)) > 1)
        return self._comm.allgather(steps[first])

    # --- leaving -------------------------------------------------------------------------------

    def _leave(self, status: int, patience: float | None) -> bool:
        """Wait for all ranks to end their scripts; return whether they did in time."""
        self._here = Step("end of the script", "", ())
        if self._is_torn:
            # the others may be in the middle of a call that this rank has left
            patience = EXIT_DELAY
        try:
            self._meet(LEAVING, patience, status)
        except (TimeoutError, CollectiveError):
            return False
        return True

    def _end_job(self, reports: list[_Report], leavers: list[int]) -> None:
        """End all ranks, since some leave and others do not; every rank must call it."""
        speaker = min([rank for rank in leavers if reports[rank].status] or leavers)
        status = reports[speaker].status
        where = _by_ranks({k: r.here.where for k, r in enumerate(reports) if k not in leavers})
        self._leaving.end_job(
            speaker, f"left with exit status {status}, while others did not:{where}", status
        )


@functools.cache
def lockstep() -> Lockstep:
    """Return this process's place among all ranks; every rank must call it the first time."""
    return Lockstep(world().Dup())


def _hash(step: Step) -> bytes:
    return blake2b(step.essence, digest_size=8).digest()


def users_line() -> tuple[str, int]:
    """Return file and line of the user's script that is running."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] not in LIBRARIES:
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return "", 0


def _difference(steps: Sequence[Step]) -> CollectiveError:
    """Return the error about the first step that is not the same on all ranks."""
    if len({(step.name, step.label) for step in steps}) > 1:
        where = _by_ranks({rank: step.where for rank, step in enumerate(steps)})
        return CollectiveError(
            f"ranks are not in step:{where}\nEvery rank must make the same calls in one order: "
            "take them out of `if sim.rank() == 0:`, or a loop over a rank's own cells",
            places=[step.where for step in steps],
        )
    given = [dict(step.values) for step in steps]
    names = [name for name in _all_names(given) if len({g.get(name) for g in given}) > 1]
    texts = {
        rank: ", ".join(f"{name} = {_cut(g.get(name, 'not given'), given, name)}" for name in names)
        for rank, g in enumerate(given)
    }
    return CollectiveError(
        f"the script is not the same on all ranks; the first difference is in {steps[0].where}:"
        f"{_by_ranks(texts)}\nWhat is described must not depend on the rank",
        places=[step.where for step in steps],
    )


def _all_names(given: Sequence[Mapping[str, str]]) -> list[str]:
    return list(dict.fromkeys(name for values in given for name in values))


def _cut(text: str, given: Sequence[Mapping[str, str]], name: str) -> str:
    """Return a text of readable length, with what is not the same on all ranks."""
    if len(text) <= LONGEST_TEXT:
        return text
    letters = zip(*(g.get(name, "") for g in given), strict=False)
    same = next((k for k, several in enumerate(letters) if len(set(several)) > 1), 0)
    begin = max(0, same - LONGEST_TEXT // 2)
    piece = text[begin : begin + LONGEST_TEXT]
    return ("... " if begin else "") + piece + ("" if text.endswith(piece) else " ...")


def _by_ranks(texts: Mapping[int, str]) -> str:
    """Return lines of texts, each once, behind the ranks that have it."""
    ranks: dict[str, list[int]] = {}
    for rank, text in texts.items():
        ranks.setdefault(text, []).append(rank)
    return "".join(f"\n  {_range_text(some)}: {text}" for text, some in ranks.items())


def _range_text(ranks: Sequence[int]) -> str:
    """Return ranks as a text.

    Examples
    --------
    >>> _range_text([3]), _range_text([0, 2, 3, 4, 7])
    ('rank 3', 'ranks 0, 2-4, 7')
    """
    runs: list[list[int]] = []
    for rank in ranks:
        if runs and runs[-1][1] == rank - 1:
            runs[-1][1] = rank
        else:
            runs.append([rank, rank])
    texts = [str(low) if low == high else f"{low}-{high}" for low, high in runs]
    return ("rank " if len(ranks) == 1 else "ranks ") + ", ".join(texts)
