"""Connection rules: for a rank's own targets the sources, weights and delays, from the streams."""

from distsim.connectivity.bounds import Bounds
from distsim.connectivity.connections import Chunk, Connections
from distsim.connectivity.dense import AllToAll, OneToOne
from distsim.connectivity.distances import (
    Coordinates,
    DistanceExpression,
    Distances,
    Metric,
    ProbabilityOfDistance,
)
from distsim.connectivity.explicit import Listed, Masked
from distsim.connectivity.fixed_number import FixedNumberPost, FixedNumberPre, FixedTotalNumber
from distsim.connectivity.probability import DistanceProbability, FixedProbability
from distsim.connectivity.rows import DrawnNumbers, Rows, Rule
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
    "Bounds",
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
    "Listed",
    "Masked",
    "Matrix",
    "Metric",
    "OfDistance",
    "OfIndices",
    "OneToOne",
    "PerEntry",
    "ProbabilityOfDistance",
    "Rows",
    "Rule",
    "Values",
]
