"""Connection rules: for a rank's own targets the sources, weights and delays, from the streams."""

import distsim.compiled  # noqa: F401 - keeps machine code
from distsim.connectivity.bounds import Bounds
from distsim.connectivity.connections import Chunk, Connections
from distsim.connectivity.counts import Sample, sampled
from distsim.connectivity.dense import AllToAll, OneToOne
from distsim.connectivity.distances import (
    Coordinates,
    DistanceExpression,
    Distances,
    Metric,
)
from distsim.connectivity.explicit import Listed, Masked
from distsim.connectivity.filters import OneWay, PairsOnce
from distsim.connectivity.fixed_number import FixedNumberPost, FixedNumberPre, FixedTotalNumber
from distsim.connectivity.neighbours import Neighbours
from distsim.connectivity.pair_functions import (
    ProbabilityOfDisplacement,
    ProbabilityOfDistance,
    ProbabilityOfIndices,
)
from distsim.connectivity.places import Ball, Box, Lattice, Places
from distsim.connectivity.probability import DistanceProbability, FixedProbability
from distsim.connectivity.rows import DrawnNumbers, Rows, Rule
from distsim.connectivity.small_world import SmallWorld
from distsim.connectivity.values import (
    Constant,
    Derived,
    Drawn,
    DrawnOnGrid,
    Matrix,
    OfDistance,
    OfIndices,
    PerEntry,
    Values,
)

__all__ = [
    "AllToAll",
    "Ball",
    "Bounds",
    "Box",
    "Chunk",
    "Connections",
    "Constant",
    "Coordinates",
    "Derived",
    "DistanceExpression",
    "DistanceProbability",
    "Distances",
    "Drawn",
    "DrawnNumbers",
    "DrawnOnGrid",
    "FixedNumberPost",
    "FixedNumberPre",
    "FixedProbability",
    "FixedTotalNumber",
    "Lattice",
    "Listed",
    "Masked",
    "Matrix",
    "Metric",
    "Neighbours",
    "OfDistance",
    "OfIndices",
    "OneToOne",
    "OneWay",
    "PairsOnce",
    "PerEntry",
    "Places",
    "ProbabilityOfDisplacement",
    "ProbabilityOfDistance",
    "ProbabilityOfIndices",
    "Rows",
    "Rule",
    "Sample",
    "SmallWorld",
    "Values",
    "sampled",
]
