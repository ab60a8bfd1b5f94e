"""Ranks that fail together, and that take turns."""

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from distsim.errors import DistsimError

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["agree", "first_on_each_node", "place_on_node", "together"]

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


def first_on_each_node(comm: "MPI.Intracomm", *functions: Callable[[], T]) -> list[T]:
    """Call each function on one rank of each node, then on the others.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm
        All ranks.
    *functions : callables without arguments
        What others find done: compiled kernels in the cache, a file in a local folder. The ranks of
        a node do the first of it side by side, function k on number k of them, or k minus so many.

    Returns
    -------
    list
        What the functions returned on this rank.

    Raises
    ------
    Exception
        The error of a function on the lowest rank where one failed, on every rank.

    Notes
    -----
    Collective: every rank must call it.
    """
    rank, n_ranks = place_on_node(comm)
    mine = set(range(rank, len(functions), n_ranks))
    results = {}
    for is_first in (True, False):
        # agreeing is the barrier, too
        with together(comm):
            for k, function in enumerate(functions):
                if (k in mine) is is_first:
                    results[k] = function()
    return [results[k] for k in range(len(functions))]


def place_on_node(comm: "MPI.Intracomm") -> tuple[int, int]:
    """Return the number of this rank among those of its node, and how many these are.

    Notes
    -----
    Collective: every rank must call it.
    """
    from mpi4py import MPI

    node = comm.Split_type(MPI.COMM_TYPE_SHARED)
    place = node.Get_rank(), node.Get_size()
    node.Free()
    return place


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
