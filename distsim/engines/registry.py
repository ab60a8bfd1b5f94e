"""Which simulator runs the network: `setup(engine=...)`, or the environment's DISTSIM_ENGINE."""

import os
from collections.abc import Mapping

from distsim.engines import brian2, native, nest, neuron, spinnaker
from distsim.engines.entry import Entry, Option
from distsim.errors import SetupError, did_you_mean
from distsim.models import CellModel
from distsim.models.synapse_model import SynapseModel

__all__ = [
    "ENGINES",
    "OPTIONS",
    "VARIABLE",
    "chosen_engine",
    "engine_entry",
    "engines_with",
    "engines_with_synapse",
]

VARIABLE = "DISTSIM_ENGINE"
ENGINES: dict[str, Entry] = {
    entry.name: entry
    for entry in (native.ENTRY, nest.ENTRY, neuron.ENTRY, brian2.ENTRY, spinnaker.ENTRY)
}
# of all engines, by name
OPTIONS: dict[str, Option] = {
    option.name: option for entry in ENGINES.values() for option in entry.options
}


def chosen_engine(environ: Mapping[str, str] = os.environ) -> str:
    """Return the engine that the environment names; native if it names none."""
    return environ.get(VARIABLE, "native")


def engine_entry(name: str) -> Entry:
    """Return what is known of an engine.

    Parameters
    ----------
    name : str
        One of `ENGINES`.

    Raises
    ------
    SetupError
        If there is no such engine.
    """
    if not (isinstance(name, str) and name in ENGINES):
        raise SetupError(f"unknown engine '{name}'; {did_you_mean(name, tuple(ENGINES))}")
    return ENGINES[name]


def engines_with(model: CellModel) -> list[str]:
    """Return the engines that have a cell model, installed or not."""
    return [name for name, entry in ENGINES.items() if entry.load().has(model)]


def engines_with_synapse(model: SynapseModel, dendritic_fraction: float = 1.0) -> list[str]:
    """Return the engines that have a synapse model, installed or not.

    Parameters
    ----------
    model : SynapseModel
    dendritic_fraction : float
        What part of each delay is after the synapse.
    """
    loaded = {name: entry.load() for name, entry in ENGINES.items()}
    return [name for name, e in loaded.items() if e.has_synapse(model, dendritic_fraction)]
