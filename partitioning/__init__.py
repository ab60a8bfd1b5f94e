"""Who owns which cells, and which random numbers they draw."""

import distsim.compiled  # noqa: F401 - keeps machine code
from distsim.partitioning.distributions import quantile
from distsim.partitioning.partition import Partition
from distsim.partitioning.placement import Block, Given, Placement, RoundRobin, place
from distsim.partitioning.streams import Purpose, Stream, uniforms

__all__ = [
    "Block",
    "Given",
    "Partition",
    "Placement",
    "Purpose",
    "RoundRobin",
    "Stream",
    "place",
    "quantile",
    "uniforms",
]
