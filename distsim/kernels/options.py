"""How the kernels that run within an epoch are compiled: ``@njit(**KERNEL)``."""

from typing import Any

from distsim.compiled import KEPT

__all__ = ["KERNEL"]

# Without numba's runtime (_nrt) a function can make no arrays, and does not count references of
# those that it looks up in what it was given: some seventy in an epoch, 2 us.
KERNEL: dict[str, Any] = {**KEPT, "nogil": True, "_nrt": False}
