"""How much memory objects hold in arrays, and this process in all."""

import resource
import sys
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["array_bytes", "peak_bytes", "present_bytes"]


def array_bytes(roots: Iterable[Any], without: Iterable[Any] = ()) -> int:
    """Return the bytes of all arrays that can be reached from some objects, each counted once.

    Parameters
    ----------
    roots : iterable
    without : iterable
        What is not looked into.

    Examples
    --------
    >>> array_bytes([{"a": np.zeros(3), "b": [np.zeros(1)]}])
    32
    """
    seen = {id(thing) for thing in without}
    waiting, total = deque(roots), 0
    while waiting:
        thing = waiting.popleft()
        if id(thing) in seen or isinstance(thing, type):
            continue
        seen.add(id(thing))
        if isinstance(thing, np.ndarray):
            if thing.base is not None:
                waiting.append(thing.base)
            elif thing.dtype == object:
                total += thing.nbytes
                waiting.extend(thing.ravel())
            else:
                total += thing.nbytes
        elif isinstance(thing, dict):
            waiting.extend(thing.values())
        elif isinstance(thing, list | tuple | set | frozenset | deque):
            waiting.extend(thing)
        elif type(thing).__module__.partition(".")[0] in ("distsim", "pyNN", "lazyarray"):
            waiting.extend(getattr(thing, "__dict__", {}).values())
    return total


def present_bytes() -> int:
    """Return the memory of this process as it is now; where that is not told, its peak."""
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith("VmRSS:"):
                return 1024 * int(line.split()[1])
    return peak_bytes()


def peak_bytes() -> int:
    """Return the most memory that this process had."""
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
