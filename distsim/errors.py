"""Every exception of distsim, one class per kind of mistake; and PyNN's, found when asked for."""

import difflib
from collections.abc import Iterable
from importlib import import_module
from typing import Any

__all__ = [
    "CollectiveError",
    "ConnectivityError",
    "DistsimError",
    "EngineError",
    "ExchangeError",
    "FileFormatError",
    "FileWriteError",
    "LauncherError",
    "MissingPackageError",
    "NotAvailableError",
    "ParameterError",
    "PartitionError",
    "PortabilityWarning",
    "ScriptError",
    "SetupError",
    "SnapshotError",
    "did_you_mean",
]


class DistsimError(Exception):
    """Base class of all errors that distsim raises.

    Parameters
    ----------
    message : str
        What was given, what is allowed, what to do.
    **values
        The offending values; each becomes an attribute.
    """

    def __init__(self, message: str, **values: Any) -> None:
        # not super(): some of PyNN's errors, which subclasses are too, want other arguments
        Exception.__init__(self, message)
        self.__dict__.update(values)

    def __str__(self) -> str:  # KeyError, a base of some subclasses, would print the repr
        return str(self.args[0])


class ParameterError(DistsimError, ValueError):
    """An unknown parameter, or a value that a parameter cannot take."""


class SetupError(DistsimError, ValueError):
    """An option of `setup()` that is unknown or cannot be."""


class SnapshotError(DistsimError, ValueError):
    """A snapshot of another network than the one that is described, or of another moment."""


class PartitionError(DistsimError, ValueError):
    """An assignment of cells to ranks that is not a partition."""


class ConnectivityError(DistsimError, ValueError):
    """A connection that cannot be made: index, weight or delay out of range."""


class FileFormatError(DistsimError, ValueError):
    """A file that is not what its name or content claims."""


class FileWriteError(DistsimError, OSError):
    """A file could not be written: folder missing or read-only, disk full."""


class ExchangeError(DistsimError, RuntimeError):
    """The exchange of spikes between ranks failed."""


class EngineError(DistsimError, RuntimeError):
    """An engine that is not installed, cannot run like this, or cannot do what was asked."""


class ScriptError(DistsimError, RuntimeError):
    """A script that cannot be described: it fails, sets up nothing, or runs nothing."""


class CollectiveError(DistsimError, RuntimeError):
    """Ranks that are at different calls, or describe different things."""


class MissingPackageError(DistsimError, ImportError):
    """A package that is not installed, and needed for what was asked."""


class NotAvailableError(DistsimError, NotImplementedError):
    """Something that PyNN has, and distsim has not."""


class LauncherError(DistsimError, RuntimeError):
    """MPI is missing, or the ranks came up apart from each other."""


class PortabilityWarning(UserWarning):
    """What a script asks of another back end of PyNN, and is done otherwise here."""


def __getattr__(name: str) -> Any:
    """Return an exception of PyNN: ``sim.errors`` of a back end has them all."""
    # not above: partitioning, kernels and io need distsim's own, and no PyNN
    known = {} if name.startswith("_") else vars(import_module("pyNN.errors"))
    if name not in known:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return known[name]


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return a hint at the known name nearest to `name`, or at all of them.

    Parameters
    ----------
    name : str
        What was given; anything else is compared by its text.
    known : iterable of str
        What is allowed.

    Returns
    -------
    str
        ``"did you mean 'tau_refrac'?"``, or ``"known are: 'a', 'b'"``.

    Examples
    --------
    >>> did_you_mean("t_refrac", ["tau_m", "tau_refrac"])
    "did you mean 'tau_refrac'?"
    """
    given, names = str(name), list(known)
    close = difflib.get_close_matches(given, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    prefixed = [other for other in names if other.startswith(given) or given.startswith(other)]
    if len(prefixed) == 1:
        return f"did you mean '{prefixed[0]}'?"
    return "known are: " + ", ".join(f"'{other}'" for other in names)
