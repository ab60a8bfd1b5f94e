"""HDF5, SONATA and Neo in and out; reading works without MPI."""

from distsim.io.connection_values import (
    ConnectionValues,
    read_connection_values,
    write_connection_values,
)
from distsim.io.reader import Recording, open, read_block  # noqa: A004
from distsim.io.recordings import (
    PopulationData,
    PopulationInfo,
    Provenance,
    RunInfo,
    SegmentData,
    SignalData,
    SpikeData,
)
from distsim.io.writer import write

__all__ = [
    "ConnectionValues",
    "PopulationData",
    "PopulationInfo",
    "Provenance",
    "Recording",
    "RunInfo",
    "SegmentData",
    "SignalData",
    "SpikeData",
    "open",
    "read_block",
    "read_connection_values",
    "write",
    "write_connection_values",
]
