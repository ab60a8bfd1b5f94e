"""Run a script that describes a network, without building or simulating it."""

import contextlib
import os
import runpy
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from distsim.comm.world import claimed_ranks
from distsim.errors import LauncherError, NotAvailableError, ScriptError
from distsim.pynn.place import Place
from distsim.pynn.simulator import state

__all__ = ["Described", "describe"]


class Finished(BaseException):
    """Ends a script of which all is known that is wanted; no `except Exception` of it sees that."""


class Describing(Place):
    """Passes over all runs, and ends the script where it asks for what they would have given.

    Attributes
    ----------
    has_begun : bool
        Whether `setup()` was called.
    """

    describes_only = True

    def __init__(self, script: Path) -> None:
        super().__init__()
        self._script = script
        self.has_begun = False

    @property
    def is_passing(self) -> bool:
        """Always: no run is ever made."""
        return True

    def begins(self, engine: str) -> None:
        """End before a second network; raise if another simulator is to run the first.

        Raises
        ------
        NotAvailableError
        """
        if self.n_runs:
            raise Finished("its second setup()")
        if engine != "native":
            raise NotAvailableError(
                f"'{self._script}' is for engine '{engine}'; `distsim estimate` knows what engine "
                "'native' takes: `import distsim as sim`, and leave out setup(engine=...)"
            )
        self.has_begun = True

    def ends(self) -> bool:
        """End: what a script does after `end()` is with what it has simulated."""
        raise Finished("end()")

    def read(self, what: str) -> None:
        """End where something is read that was not simulated."""
        if self.n_runs:
            raise Finished(what)

    def passes(self, what: str) -> bool:
        """Return whether something is left out: always."""
        return True


@dataclass(frozen=True)
class Described:
    """What a script has described; the network itself is `distsim.pynn.simulator.state`.

    Attributes
    ----------
    script : Path
    n_runs, n_steps : int
        How often it has called `run`, and for how many steps.
    ended_by : str
        What was not followed any more.
    seconds : float
        Of the processor, that it took, imports included.
    """

    script: Path
    n_runs: int
    n_steps: int
    ended_by: str
    seconds: float


def describe(script: Path, args: Sequence[str]) -> Described:
    """Run a script up to where it asks for what it would have simulated.

    Parameters
    ----------
    script : Path
    args : sequence of str
        Of the script.

    Returns
    -------
    Described

    Raises
    ------
    ScriptError
        If it fails, sets up no simulation, or runs none.
    NotAvailableError
        If it is for another engine.
    LauncherError
        If this process is one of several ranks.
    """
    for name, n_claimed in claimed_ranks(os.environ):
        if n_claimed > 1:
            raise LauncherError(
                f"this process is one of {n_claimed} that a launcher started "
                f"({name}={os.environ[name]}); `distsim estimate` is one process: start it alone"
            )
    place = Describing(script)
    started = time.process_time()
    ended_by = _run(script, args, place)
    seconds = time.process_time() - started
    if not place.has_begun:
        raise ScriptError(
            f"'{script}' has set up no simulation of distsim; it must say `import distsim as sim`, "
            "and call sim.setup()"
        )
    if not place.n_runs:
        raise ScriptError(
            f"'{script}' has described {state.simulation.partition.n_cells} cells and called no "
            f"run() until {ended_by}; call run(simtime), or give the arguments with which it does"
        )
    return Described(script, place.n_runs, place.n_steps, ended_by, seconds)


def _run(script: Path, args: Sequence[str], place: Place) -> str:
    """Run a script to where it ends or is ended; return where that is."""
    state.passage = place
    with _as_main(script, args):
        try:
            runpy.run_path(str(script), run_name="__main__")
        except Finished as end:
            return str(end)
        except SystemExit as end:
            if end.code not in (None, 0):
                raise ScriptError(
                    f"'{script}' ended itself ({end.code}) while it was described; give its "
                    "arguments behind its name, and after -- where distsim has the same"
                ) from end
        except (NotAvailableError, ScriptError):
            raise
        except Exception as error:
            traceback.print_exc()
            raise ScriptError(
                f"'{script}' failed while it was described ({type(error).__name__}: {error}); if "
                "it does not when it runs, it needs what it has simulated: call end() before"
            ) from error
        finally:
            state.passage = Place()
    return "its end"


@contextlib.contextmanager
def _as_main(script: Path, args: Sequence[str]) -> Iterator[None]:
    """Let Python look as if it was started with a script; what that prints goes to stderr."""
    argv, path = sys.argv, sys.path
    sys.argv, sys.path = [str(script), *args], [str(script.resolve().parent), *path]
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        sys.argv, sys.path = argv, path
