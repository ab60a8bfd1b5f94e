"""How often something is done: by the time of the simulation, or by the clock on the wall."""

import re
from typing import Any

from distsim.errors import SetupError

__all__ = ["read_interval"]

UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0}


def read_interval(given: Any, name: str) -> tuple[float, float]:
    """Return an interval of the simulation's time [ms], and of the clock's [s]; one of them is 0.

    Parameters
    ----------
    given : float or str
        Such as 500, '500 ms', '10 min'.
    name : str
        Of the option, for an error.

    Raises
    ------
    SetupError
        If it is none.

    Examples
    --------
    >>> read_interval("10 min", "--checkpoint-every"), read_interval(500, "checkpoint_every")
    ((0.0, 600.0), (500.0, 0.0))
    """
    match = re.fullmatch(r"\s*([0-9.eE+-]+)\s*(ms|s|min|h)?\s*", str(given))
    try:
        number = float(match[1]) if match else 0.0
    except ValueError:
        number = 0.0
    if match is None or isinstance(given, bool) or not 0.0 < number < float("inf"):
        raise SetupError(
            f"{name} = {given!r}; give a time of the simulation in ms, such as "
            "500.0, or one of the clock on the wall, such as '10 min', in s, min or h"
        )
    return (0.0, number * UNITS[match[2]]) if match[2] in UNITS else (number, 0.0)
