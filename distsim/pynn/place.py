"""Where in a script this process is, so that another that runs it can pass over what is done.

A script that resumes is run from its first line. What it describes is described again; its runs up
to a checkpoint are passed over, and the checkpoint is laid in where it was made: within a run, or
at a call of `checkpoint()`.
"""

import logging
from typing import Any

from distsim.errors import SnapshotError

__all__ = ["Place"]

logger = logging.getLogger(__name__)

RUN, CALL = "run", "checkpoint"


class Place:
    """Counts the calls of a script, and knows up to which of them they are passed over.

    Attributes
    ----------
    n_runs, n_calls : int
        Of `run` and its like, and of `checkpoint`, so far.
    n_steps : int
        That these runs were asked for.
    describes_only : bool
        Whether nothing is built, and no run ever made: what is described is all that is wanted.
    callbacks : list of (callable, int)
        Those of the run that is on, and the steps at which they are called next.
    is_within_callback : bool
    """

    describes_only = False

    def __init__(self) -> None:
        self.n_runs = self.n_calls = self.n_steps = 0
        self.callbacks: list[tuple[Any, int]] = []
        self.is_within_callback = False
        self._goal: tuple[str, int] | None = None
        # what the script has read first of what it simulated; empty: nothing
        self.first_read = ""
        # whether it was said how much of a checkpoint is what was recorded
        self.is_size_told = False

    def begins(self, engine: str) -> None:
        """Note that a script has called `setup()`."""

    def runs(self, n_steps: int) -> None:
        """Note that a script has called `run`, for so many steps."""
        self.n_runs += 1
        self.n_steps += n_steps

    # --- where a checkpoint is made ------------------------------------------------------------

    def position(self, kind: str) -> dict[str, Any]:
        """Return the present place, as JSON can hold it.

        Parameters
        ----------
        kind : {'run', 'checkpoint'}
            Whether this is within a run, or a call of `checkpoint`.
        """
        callbacks = [[step, _state_of(callback)] for callback, step in self.callbacks]
        return {
            "kind": kind,
            "number": self.n_runs if kind == RUN else self.n_calls,
            "callbacks": callbacks,
        }

    # --- passing over --------------------------------------------------------------------------

    @property
    def is_passing(self) -> bool:
        """Whether the checkpoint is still ahead."""
        return self._goal is not None

    def pass_to(self, position: dict[str, Any]) -> None:
        """Pass over all up to a place.

        Raises
        ------
        SnapshotError
            If it is behind already.
        """
        if not position:
            raise SnapshotError("the checkpoint does not tell where in a script it was made")
        self._goal = position["kind"], position["number"]

    def is_at(self, kind: str) -> bool:
        """Return whether the goal is this call, which was counted."""
        return self._goal == (kind, self.n_runs if kind == RUN else self.n_calls)

    def arrive(self) -> None:
        """Pass over nothing any more."""
        self._goal = None

    def read(self, what: str) -> None:
        """Note that a script reads what was simulated.

        Raises
        ------
        SnapshotError
            Where that is passed over: it is not there.
        """
        if self._goal is not None:
            raise SnapshotError(
                f"{what} asks for what was simulated before the checkpoint from which this run "
                "resumes, and is not simulated again. Do it after the last run(); or write it with "
                "write_data(), which is left out here, since it was done; or ask "
                "`if not sim.is_resuming():` first"
            )
        self.first_read = self.first_read or what

    def ends(self) -> bool:
        """Return whether `end()` is left out."""
        return self.passes("end()")

    def passes(self, what: str) -> bool:
        """Return whether something is left out, since it was done before the checkpoint."""
        if self._goal is not None:
            logger.info("%s is left out: it was done before the checkpoint", what)
        return self._goal is not None


def _state_of(callback: Any) -> Any:
    """Return what a callback offers of its own."""
    return callback.get_state() if hasattr(callback, "get_state") else None
