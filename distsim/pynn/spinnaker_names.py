"""What scripts for SpiNNaker call, and has no meaning elsewhere."""

from typing import Any

from distsim.pynn import simulator
from distsim.pynn.notices import notice

__all__ = [
    "name",
    "set_allow_delay_extensions",
    "set_number_of_neurons_per_core",
    "set_number_of_synapse_cores",
]


def name() -> str:
    """Return the name of the back end."""
    return simulator.name


def set_number_of_neurons_per_core(neuron_type: Any, max_permitted: Any) -> None:
    """Change nothing, and warn once: cells are divided among ranks by `setup(partition=...)`."""
    notice(
        "set_number_of_neurons_per_core(): cells are divided among ranks, by setup(partition=...); "
        "on engine 'spinnaker' sPyNNaker divides them"
    )


def set_number_of_synapse_cores(neuron_type: Any, n_synapse_cores: int | None) -> None:
    """Change nothing, and warn once: synapses are where their targets are."""
    notice(
        "set_number_of_synapse_cores(): synapses are on the rank of their target; on engine "
        "'spinnaker' sPyNNaker divides them"
    )


def set_allow_delay_extensions(neuron_type: Any, enabled: bool) -> None:
    """Change nothing, and warn once: a delay may be of any length."""
    notice("set_allow_delay_extensions(): delays may be of any length in any case")
