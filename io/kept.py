"""The files in which `distsim validate` finds what a script has done on an engine."""

from pathlib import Path
from typing import Final

__all__ = ["KEEP_VARIABLE", "weights_path"]

# a file's name; set by `distsim validate` for the scripts that it runs
KEEP_VARIABLE: Final = "DISTSIM_KEEP"


def weights_path(path: Path) -> Path:
    """Return the file beside the one that is kept that has the weights of plastic synapses."""
    return path.with_suffix(".weights.npz")
