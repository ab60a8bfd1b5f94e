"""Parameters of the cells of a population in a file: one number each, or one for each cell."""

from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from distsim.io import schema
from distsim.io.datasets import store
from distsim.io.stored import read_array

__all__ = ["read_parameters", "write_parameters"]


def write_parameters(population: h5py.Group, parameters: Mapping[str, Any]) -> None:
    """Write parameters to the group of a population.

    Parameters
    ----------
    population : h5py.Group
    parameters : mapping of str to float, or ndarray of float64, shape (size,)
    """
    if not parameters:
        return
    group = population.create_group(schema.PARAMETERS)
    for name, value in parameters.items():
        if np.ndim(value):
            store(group, schema.escape(name), schema.VALUE_DTYPE, value)
        else:
            group.attrs[name] = float(value)


def read_parameters(population: h5py.Group) -> dict[str, Any]:
    """Return the parameters in the group of a population; none where it has none."""
    group = population.get(schema.PARAMETERS)
    if group is None:
        return {}
    arrays = {
        schema.unescape(name): read_array(dataset, np.float64) for name, dataset in group.items()
    }
    return {**{name: float(value) for name, value in group.attrs.items()}, **arrays}
