"""Errors about connections that are distsim's and PyNN's at once."""

from collections.abc import Iterator
from contextlib import contextmanager

import pyNN.errors

from distsim.errors import ConnectivityError, DistsimError

__all__ = ["ProjectionError", "as_pynns_error"]


class ProjectionError(ConnectivityError, pyNN.errors.ConnectionError):
    """A projection that cannot be made."""


@contextmanager
def as_pynns_error() -> Iterator[None]:
    """Raise an error that is distsim's or PyNN's as one that is both."""
    try:
        yield
    except (ConnectivityError, pyNN.errors.ConnectionError) as error:
        if isinstance(error, ProjectionError):
            raise
        known = vars(error) if isinstance(error, DistsimError) else {}
        raise ProjectionError(str(error), **known) from error
