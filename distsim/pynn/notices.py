"""Warnings to scripts of PyNN's other back ends: what is done here instead of what they ask for."""

import warnings

from distsim.errors import PortabilityWarning
from distsim.lockstep import users_line
from distsim.pynn.simulator import state

__all__ = ["notice"]


def notice(text: str) -> None:
    """Warn on rank 0, at the line of the user's script; the same text once in a network.

    By Python's default filter it is shown once, however many networks that line sets up.

    Parameters
    ----------
    text : str
    """
    if text in state.notices:
        return
    state.notices.add(text)
    if state.rank == 0:
        file, line = users_line()
        warnings.warn_explicit(text, PortabilityWarning, file, line, registry=state.warnings)
