"""Ranks that fail together, and that take turns."""

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from distsim.errors import DistsimError

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["agree", "first_on_each_node", "together"]

T = TypeVar("T")


def agree(comm: "MPI.Intracomm", error: Exception | None) -> None:
    """Raise on every rank the error of the lowest rank that has one.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm
        The ranks that must agree.
    error : Exception or None
        What went wrong on this rank, if anything did.

    Raises
    ------
    Exception
        Of the class of the lowest failing rank's error, with its text behind ``on rank 2:``;
        without that prefix where all ranks failed.

    Notes
    -----
    Collective: every rank must call it. One reduction of two integers where nothing failed.
    """
    from mpi4py import MPI

    n_ranks = comm.Get_size()
    # the lowest rank that failed, and minus the highest that did not
    extremes = np.array([n_ranks, -comm.Get_rank()], dtype=np.int64)
    if error is not None:
        extremes[:] = comm.Get_rank(), 1
    comm.Allreduce(MPI.IN_PLACE, extremes, op=MPI.MIN)
    lowest = int(extremes[0])
    if lowest == n_ranks:
        return
    portable = _portable(error) if error is not None else None
    kind, text, values = comm.bcast(portable, root=lowest)
    # 1 is left only where no rank was without an error
    if extremes[1] < 1:
        text = f"on rank {lowest}: {text}"
    # all failed alike
    if error is not None and portable is not None and portable[:2] == (kind, text):
        raise error
    raise _rebuilt(kind, text, values) from error


@contextmanager
def together(comm: "MPI.Intracomm") -> Iterator[None]:
    """Raise an error of any rank on every rank; every rank must enter and leave."""
    failure: Exception | None = None
    try:
        yield
    except Exception as error:  # agreed on, then raised on each rank
        failure = error
    agree(comm, failure)


def first_on_each_node(comm: "MPI.Intracomm", function: Callable[[], T]) -> T:
    """Call a function on the first rank of each node, then on the others.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm
        All ranks.
    function : callable without arguments
        What the others find done: compiled kernels in the cache, a file in a local folder.

    Returns
    -------
    object
        What `function` returned on this rank.

    Raises
    ------
    Exception
        The error of `function` on the lowest rank where it failed, on every rank.

    Notes
    -----
    Collective: every rank must call it.
    """
    from mpi4py import MPI

    node = comm.Split_type(MPI.COMM_TYPE_SHARED)
    is_first = node.Get_rank() == 0
    node.Free()
    results = []
    for turn_of_first in (True, False):
        error = None
        if is_first == turn_of_first:
            try:
                results.append(function())
            except Exception as caught:
                error = caught
        # agreeing is the barrier, too
        agree(comm, error)
    return results[0]


def _portable(error: Exception) -> tuple[type[Exception], str, dict[str, object]]:
    """Return class, text and attributes of an error, as far as they can be sent."""
    kind, text, values = type(error), str(error), dict(vars(error))
    try:
        pickle.loads(pickle.dumps((kind, values)))
    except Exception:
        return DistsimError, f"{kind.__name__}: {text}", {}
    return kind, text, values


def _rebuilt(kind: type[Exception], text: str, values: dict[str, object]) -> Exception:
    """Return an error of this class, or a DistsimError if the class wants more than a text."""
    try:
        error = kind(text)
    except TypeError:
        return DistsimError(f"{kind.__name__}: {text}")
    vars(error).update(values)
    return error
