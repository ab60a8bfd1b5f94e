"""PyNN's connectors: each turns into a rule of `distsim.connectivity`."""

from typing import Any

from pyNN.connectors import Connector

from distsim.pynn.fixed_connectors import (
    AllToAllConnector,
    FixedNumberPostConnector,
    FixedNumberPreConnector,
    FixedProbabilityConnector,
    FixedTotalNumberConnector,
    OneToOneConnector,
)
from distsim.pynn.given_connectors import (
    ArrayConnector,
    CloneConnector,
    CSAConnector,
    FromFileConnector,
    FromListConnector,
)
from distsim.pynn.pair_connectors import (
    DisplacementDependentProbabilityConnector,
    DistanceDependentProbabilityConnector,
    IndexBasedProbabilityConnector,
)
from distsim.pynn.small_world_connector import (
    SmallWorldConnector,
)

__all__ = [
    "AllToAllConnector",
    "ArrayConnector",
    "CSAConnector",
    "CloneConnector",
    "Connector",
    "DisplacementDependentProbabilityConnector",
    "DistanceDependentProbabilityConnector",
    "FixedNumberPostConnector",
    "FixedNumberPreConnector",
    "FixedProbabilityConnector",
    "FixedTotalNumberConnector",
    "FromFileConnector",
    "FromListConnector",
    "IndexBasedProbabilityConnector",
    "OneToOneConnector",
    "SmallWorldConnector",
    "own_connector",
]


def own_connector(connector: Any) -> Any:
    """Return distsim's connector in the place of one of PyNN's own, another as it is."""
    if type(connector).__module__ != "pyNN.connectors":
        return connector
    name = type(connector).__name__
    kind = globals().get(name)
    return kind.adopted(connector) if kind else connector
