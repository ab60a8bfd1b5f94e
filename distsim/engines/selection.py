"""Which simulator runs the network: `setup(engine=...)`, or the environment's DISTSIM_ENGINE."""

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from distsim.engine import Simulation
from distsim.engines.external import ExternalSimulation
from distsim.errors import SetupError, did_you_mean

__all__ = ["ENGINES", "VARIABLE", "Engine", "chosen_engine", "engine_class", "engines_with"]

Engine = Simulation | ExternalSimulation

VARIABLE = "DISTSIM_ENGINE"
CLASSES = {
    "nest": "NestSimulation",
    "neuron": "NeuronSimulation",
    "brian2": "Brian2Simulation",
    "spinnaker": "SpinnakerSimulation",
}
ENGINES = ("native", *CLASSES)


def chosen_engine(environ: Mapping[str, str] = os.environ) -> str:
    """Return the engine that the environment names; native if it names none."""
    return environ.get(VARIABLE, "native")


def engine_class(name: str) -> Any:
    """Return the class that simulates.

    Parameters
    ----------
    name : str
        One of `ENGINES`.

    Raises
    ------
    SetupError
        If there is no such engine.
    EngineError
        If its simulator is not installed; later, when the class is called.
    """
    if name == "native":
        return Simulation
    if name in CLASSES:
        # not above: only who uses another simulator needs what it needs
        module = import_module(f"distsim.engines.{name}")
        return getattr(module, CLASSES[name])
    raise SetupError(f"unknown engine '{name}'; {did_you_mean(name, ENGINES)}")


def engines_with(model: str) -> list[str]:
    """Return the engines that have a cell model, installed or not."""
    return [name for name in ENGINES if model in engine_class(name).models]
