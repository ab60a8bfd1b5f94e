"""What a projection is made from: checked, by name, before anything is connected."""

from typing import Any

from pyNN.connectors import Connector
from pyNN.models import BaseSynapseType
from pyNN.space import Space

from distsim.errors import did_you_mean
from distsim.pynn.assemblies import Assembly
from distsim.pynn.projection_errors import ProjectionError
from distsim.pynn.selection import Selection
from distsim.pynn.standardmodels import StaticSynapse

__all__ = ["check_ends", "check_kinds", "check_receptor"]


def check_kinds(connector: Any, synapse_type: Any, space: Any) -> None:
    """Raise if one of these is something else."""
    if not isinstance(connector, Connector):
        raise ProjectionError(f"{connector!r} is not a connector")
    if synapse_type is not None and not isinstance(synapse_type, BaseSynapseType):
        raise ProjectionError(
            f"synapse_type = {synapse_type!r}; give an instance, such as StaticSynapse(weight=0.1)"
        )
    if synapse_type is not None and not isinstance(synapse_type, StaticSynapse):
        raise NotImplementedError(
            f"'{type(synapse_type).__name__}' is not available in distsim's native engine yet"
        )
    if space is not None and not isinstance(space, Space):
        raise ProjectionError(f"space = {space!r}; give a Space")


def check_receptor(post: Any, name: Any) -> None:
    """Raise if the cells have no such receptor type."""
    known = list(post.receptor_types)
    if name not in (None, "default", *known):
        hint = did_you_mean(str(name), known)
        raise ProjectionError(f"receptor_type = '{name}' of the cells of '{post.label}'; {hint}")


def check_ends(pre: Any, post: Any) -> None:
    """Raise if an end is no group of present cells, or the targets have no synapses."""
    for side, cells in (("pre", pre), ("post", post)):
        if not isinstance(cells, Selection | Assembly):
            raise ProjectionError(
                f"{side}synaptic_population must be a Population, PopulationView or Assembly, "
                f"not a {type(cells).__name__}"
            )
        for part in cells.parts:
            part.root.check_present()
    if not list(post.receptor_types):
        raise ProjectionError(f"the cells of '{post.label}' are spike sources and have no synapses")
