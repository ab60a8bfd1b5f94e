"""HDF5, SONATA and Neo in and out; reading works without MPI."""

from distsim.io.reader import read_block, read_segments
from distsim.io.recordings import (
    PopulationData,
    PopulationInfo,
    RunInfo,
    SegmentData,
    SignalData,
    SpikeData,
)
from distsim.io.writer import write

__all__ = [
    "PopulationData",
    "PopulationInfo",
    "RunInfo",
    "SegmentData",
    "SignalData",
    "SpikeData",
    "read_block",
    "read_segments",
    "write",
]
