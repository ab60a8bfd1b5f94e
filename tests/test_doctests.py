"""Run the examples in docstrings (`pytest --doctest-modules` mistakes io/ for the standard one)."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import distsim.io
import distsim.partitioning

PACKAGES = [distsim, distsim.io, distsim.partitioning]
FOLDERS = [str(Path(package.__file__).parent) for package in PACKAGES]
MODULES = [package.__name__ for package in PACKAGES] + [
    module.name
    for package in PACKAGES
    for module in pkgutil.walk_packages(
        [str(Path(package.__file__).parent)], f"{package.__name__}."
    )
    if not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", sorted(set(MODULES)))
def test_examples_of_module_are_true(name):
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0
