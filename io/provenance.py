"""What a file says of how it came about; nothing of it is compared between runs.

It depends on the ranks, on the machine and on how busy that was, unlike all else in a file, and so
has a group of its own.
"""

import json

import h5py
import numpy as np
from numpy.typing import NDArray

from distsim.io import schema
from distsim.io.attributes import decode, encode, fixed
from distsim.io.datasets import store
from distsim.io.recordings import Provenance
from distsim.io.stored import read_array

__all__ = ["read_provenance", "write_provenance"]


def write_provenance(file: h5py.File, provenance: Provenance, write_seconds: float) -> None:
    """Write how a file came about, if it is known, as the last thing that is written to it.

    Parameters
    ----------
    file : h5py.File
    provenance : Provenance
    write_seconds : float
        That it took to write all else.

    Raises
    ------
    ParameterError
        If a fact cannot be stored.
    """
    if not provenance.facts:
        return
    group = file.create_group(schema.PROVENANCE)
    facts = {**provenance.facts, schema.WRITE_SECONDS_ATTR: round(write_seconds, 6)}
    group.attrs.update(encode(facts, "the run's provenance"))
    columns = [np.asarray(values, np.float64) for values in provenance.ranks.values()]
    if columns:
        table = store(group, schema.RANKS, schema.VALUE_DTYPE, np.column_stack(columns))
        table.attrs[schema.COLUMNS_ATTR] = fixed(json.dumps(list(provenance.ranks)))


def read_provenance(file: h5py.File) -> Provenance:
    """Return how a file came about; nothing where it does not say so."""
    group = file.get(schema.PROVENANCE)
    if group is None:
        return Provenance()
    ranks: dict[str, NDArray[np.float64]] = {}
    if schema.RANKS in group:
        table = group[schema.RANKS]
        names = json.loads(table.attrs[schema.COLUMNS_ATTR])
        ranks = dict(zip(names, read_array(table, np.float64).T, strict=True))
    return Provenance(decode(group.attrs), ranks)
