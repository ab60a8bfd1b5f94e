"""NEURON as engine: ``import distsim.neuron as sim``. All names are those of `distsim`."""

from functools import partial
from typing import Any

import distsim

__all__ = list(distsim.__all__)

setup = partial(distsim.setup, engine="neuron")


def __getattr__(name: str) -> Any:
    return getattr(distsim, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
