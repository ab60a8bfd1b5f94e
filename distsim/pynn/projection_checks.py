"""What a projection is made from: checked, by name, before anything is connected."""

from typing import Any

from pyNN.connectors import Connector
from pyNN.models import BaseSynapseType
from pyNN.space import Space

from distsim.engines.base import Engine
from distsim.engines.registry import engines_with_synapse
from distsim.errors import EngineError, did_you_mean
from distsim.pynn.assemblies import Assembly
from distsim.pynn.projection_errors import ProjectionError
from distsim.pynn.selection import Selection
from distsim.pynn.synapse_types import SynapseType

__all__ = [
    "GAP",
    "check_ends",
    "check_kinds",
    "check_membranes",
    "check_receptor",
    "check_receptors",
    "check_synapse",
]

# PyNN's name of what electrical synapses are made at
GAP = "source_section.gap"


def check_kinds(connector: Any, synapse_type: Any, space: Any) -> None:
    """Raise if one of these is something else."""
    if not isinstance(connector, Connector):
        raise ProjectionError(f"{connector!r} is not a connector")
    if synapse_type is not None and not isinstance(synapse_type, BaseSynapseType):
        raise ProjectionError(
            f"synapse_type = {synapse_type!r}; give an instance, such as StaticSynapse(weight=0.1)"
        )
    if synapse_type is not None and not isinstance(synapse_type, SynapseType):
        raise ProjectionError(
            f"synapse_type = {synapse_type!r} is none of this simulator's; use sim.StaticSynapse, "
            "sim.STDPMechanism and so on"
        )
    if space is not None and not isinstance(space, Space):
        raise ProjectionError(f"space = {space!r}; give a Space")


def check_synapse(synapse_type: SynapseType, simulation: Engine) -> None:
    """Raise if the engine has no such synapses."""
    record, fraction = synapse_type.record, synapse_type.dendritic_delay_fraction
    if not simulation.has_synapse(record, fraction):
        name = type(synapse_type).__name__
        if record.name != name:
            name += f" ({record.name})"
        if record.is_learning and fraction != 1.0:
            name += f" with dendritic_delay_fraction = {fraction:g}"
        others = " or ".join(f"'{engine}'" for engine in engines_with_synapse(record, fraction))
        raise EngineError(
            f"{name} is not available on engine '{simulation.name}'; choose one that has it: "
            f"setup(engine={others})"
        )


def check_receptor(post: Any, name: Any) -> None:
    """Raise if the cells have no such receptor type."""
    known = list(post.receptor_types)
    if name not in (None, "default", *known):
        hint = did_you_mean(name, known)
        raise ProjectionError(f"receptor_type = '{name}' of the cells of '{post.label}'; {hint}")


def check_ends(pre: Any, post: Any) -> None:
    """Raise if an end is no group of present cells."""
    for side, cells in (("pre", pre), ("post", post)):
        if not isinstance(cells, Selection | Assembly):
            raise ProjectionError(
                f"{side}synaptic_population must be a Population, PopulationView or Assembly, "
                f"not a {type(cells).__name__}"
            )
        for part in cells.parts:
            part.root.check_present()


def check_receptors(post: Any) -> None:
    """Raise if the targets have no synapses."""
    if not list(post.receptor_types):
        raise ProjectionError(f"the cells of '{post.label}' are spike sources and have no synapses")


def check_membranes(pre: Any, post: Any, receptor_type: Any) -> None:
    """Raise if some cell cannot have an electrical synapse: it needs v, and takes a current."""
    for part in (*pre.parts, *post.parts):
        kind = part.celltype
        record = getattr(kind, "record", None)
        states = [] if record is None else [(s.name, s.unit) for s in record.states]
        lacks = "no membrane potential 'v' [mV]" if ("v", "mV") not in states else ""
        if not lacks and not kind.injectable:
            lacks = "no use for an injected current"
        if lacks:
            raise ProjectionError(
                f"an ElectricalSynapse cannot join the cells of '{part.label}': "
                f"{type(kind).__name__} has {lacks}; connect cells that have both"
            )
    if receptor_type not in (None, "default", GAP):
        raise ProjectionError(
            f"receptor_type = '{receptor_type}' of an ElectricalSynapse onto '{post.label}': it "
            f"joins membranes; leave it out, or give '{GAP}'"
        )
