"""Which of distsim's files an HDF5 file is."""

from enum import Enum

import h5py
import numpy as np

from distsim.io import schema
from distsim.io.attributes import fixed

__all__ = ["Kind", "kind_of"]


class Kind(Enum):
    """What is in a file."""

    RECORDINGS = "recordings"
    SNAPSHOT = "a checkpoint"
    CONNECTION_VALUES = "values of connections"
    OTHER = "what another program has written"


def kind_of(file: h5py.File) -> Kind:
    """Return what is in a file, as far as its root tells."""
    # SONATA files of other programs have the magic number, too
    has_magic = np.array_equal(file.attrs.get(schema.MAGIC_ATTR, 0), schema.MAGIC)
    if has_magic and set(schema.ROOT_ATTRS) <= set(file.attrs):
        return Kind.RECORDINGS
    if np.array_equal(file.attrs.get(schema.KIND_ATTR, b""), fixed(schema.SNAPSHOT)):
        return Kind.SNAPSHOT
    return Kind.CONNECTION_VALUES if "connections" in file else Kind.OTHER
